/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * A channel between two nodes (runtime/lib/away.h, runtime/host/away.h) as a Spin model: one client, one worker, a connection that is lost at any
 * moment, with what is on it, and a host that dies at any moment, with another after it that has the A-stack: the numbers of the last
 * call that had come and of the last that was answered, and how.
 *
 * Checked over all interleavings: no call is executed twice; the client comes to its end; it hears of each call what became of it,
 * and of one that was answered the answer: that the host died it hears of no call that a host had answered.
 *
 * Variants that must fail, so that it is known that the model can:
 *   -DRESEND_UNASKED  on a new connection the client sends its call again whatever the host says, and the host knows no number
 *   -DEXECUTE_FIRST   the worker says that a call has come after it has executed it
 *   -DBEGIN_AGAIN     a host after one that died executes what that had received
 *   -DNO_JOURNAL      an answer is known to its host alone
 *   -DANSWER_ONCE     what was sent once is not sent again on the next connection
 */
#define CALLS  3
#define LOSSES 2
#define DEATHS 2

mtype = {HELLO, CALL, ANSWER, DONE, DIED};
chan to_host = [4] of {mtype, byte};
chan to_client = [4] of {mtype, byte, byte, mtype}; /* HELLO: received, sent. ANSWER: number, 0, what */

byte connection = 0; /* which one there is; 0: none */
byte connections = 0, losses = 0, deaths = 0;

/* In the A-stack. */
byte called = 0, answered = 0;
mtype answer = DONE;

byte executed[CALLS + 1];
bool was_answered[CALLS + 1];

inline forget_messages()
{
    do
    :: nempty(to_host) -> to_host?_, _
    :: nempty(to_client) -> to_client?_, _, _, _
    :: empty(to_host) && empty(to_client) -> break
    od
}

inline lose_connection()
{
    atomic {
        connection = 0;
        forget_messages()
    }
}

/* What is sent when there is no connection goes nowhere. */
inline say_call(number)
{
    if
    :: connection != 0 -> to_host!CALL, number
    :: connection == 0
    fi
}

inline say_client(type, number, other, status)
{
    if
    :: connection == mine && mine != 0 -> to_client!type, number, other, status
    :: else
    fi
}

active proctype client()
{
    byte n, received = 0, theirs, last;
    mtype what;
    for (n : 1 .. CALLS) {
        atomic { say_call(n) };
        do
        :: atomic { connection == 0 ->
                connections++;
                connection = connections;
                to_host!HELLO, received }
        :: atomic { to_client?HELLO, theirs, last, _ ->
                if
#ifdef RESEND_UNASKED
                :: say_call(n)
#else
                :: theirs == n
                :: theirs == received -> say_call(n)
                :: else -> assert(false)
#endif
                fi }
        :: atomic { to_client?ANSWER, theirs, _, what ->
                if
                :: theirs == n -> received = n; break
                :: theirs == received
                :: else -> assert(false)
                fi }
        od;
        assert(what != DIED || !was_answered[n]);
        assert(what != DONE || executed[n] == 1)
    }
    for (n : 1 .. CALLS) {
        assert(executed[n] <= 1)
    }
}

active proctype loss()
{
end:
    do
    :: losses < LOSSES && connection != 0 -> atomic { losses++; lose_connection() }
    :: losses == LOSSES -> break
    od
}

#define MAY_DIE if :: deaths < DEATHS -> atomic { deaths++; lose_connection() }; goto anew :: skip fi

active proctype host()
{
    byte n, mine = 0, known = 0, serving;
    mtype mine_answer = DONE;
anew:
    mine = 0;
    known = answered;
    mine_answer = answer;
    if
    :: called != answered -> /* received by the host before, and nobody knows how far it had come */
#ifdef BEGIN_AGAIN
        executed[called]++;
        answer = DONE;
#else
        answer = DIED;
#endif
        mine_answer = answer;
        known = called;
        answered = called
    :: else
    fi;
end:
    do
    :: to_host?HELLO, n ->
        atomic {
            mine = connection;
            say_client(HELLO, called, known, DONE)
        };
#ifndef ANSWER_ONCE
        if
        :: n != known -> atomic { say_client(ANSWER, known, 0, mine_answer) }
        :: else
        fi
#endif
    :: to_host?CALL, n ->
        if
#ifndef RESEND_UNASKED
        :: n == known -> atomic { say_client(ANSWER, known, 0, mine_answer) }
        :: n != known ->
#else
        :: true ->
#endif
            serving = n;
#ifndef EXECUTE_FIRST
            called = serving;
            MAY_DIE;
#endif
            executed[serving]++;
            MAY_DIE;
#ifdef EXECUTE_FIRST
            called = serving;
#endif
            mine_answer = DONE;
            known = serving;
#ifndef NO_JOURNAL
            d_step {
                answer = DONE;
                answered = serving;
            };
#endif
            was_answered[serving] = true;
            MAY_DIE;
            atomic { say_client(ANSWER, known, 0, mine_answer) }
        fi
    :: deaths < DEATHS -> atomic { deaths++; lose_connection() }; goto anew
    od
}
