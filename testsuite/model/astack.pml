/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The A-stack's protocol (runtime/astack.h, runtime/lib/wait.h) as a Spin model: one client, one worker of the host, and
 * fard, which marks the A-stack dead when either has died or the service is unregistered, at any moment.
 *
 * Checked over all interleavings: every process comes to its end (Spin's invalid end states), so no wake-up is lost, and
 * death ends every wait; and every call is answered once, with its own answer (assertions).
 *
 * Left out are the slices of the real sleeps: they are for the case that fard dies as well, and would hide here every
 * wake-up that is lost. Spinning is left out, too: it is looking again, which the loops do.
 *
 * Variants that must fail, so that it is known that the model can:
 *   -DNO_FENCE_PUBLISH   far_publish's load of `sleeping` overtakes its store (a store buffer does that)
 *   -DNO_FENCE_WAIT      far_sleep_while's last look overtakes its store of `sleeping`
 *   -DNO_DEATH_WAKE      fard marks the A-stack dead, but wakes nobody
 *
 *     spin -a astack.pml && cc -O2 -DSAFETY -o pan pan.c && ./pan
 */
#define CALLS 3
#define DEAD 255

byte call_sequence = 0;
byte reply_sequence = 0;
bool client_sleeping = false; /* call.sleeping */
bool host_sleeping = false;   /* reply.sleeping */
bool client_in_futex = false;
bool host_in_futex = false;
bool fate_dead = false;
bool host_alive = true;
bool client_here = true;
bool registered = true;
byte served = 0;

/* FUTEX_WAKE: whoever waits goes on. */
#define WAKE(futex) futex = false

/* far_publish: seq_cst store, seq_cst load. */
#ifdef NO_FENCE_PUBLISH
#define PUBLISH(word, value, partner_sleeping, partner_futex) \
    seen = partner_sleeping;                                  \
    word = value;                                             \
    if :: seen -> WAKE(partner_futex) :: else fi
#else
#define PUBLISH(word, value, partner_sleeping, partner_futex) \
    word = value;                                             \
    seen = partner_sleeping;                                  \
    if :: seen -> WAKE(partner_futex) :: else fi
#endif

/* far_sleep_while. The kernel compares the word and puts the caller to sleep in one step; `ends` may end that as well. */
#ifdef NO_FENCE_WAIT
#define SLEEP_WHILE(word, old, sleeping, futex, ends)                                  \
    seen = (word == old);                                                              \
    sleeping = true;                                                                   \
    if :: seen -> futex = true; (!futex || ends); futex = false :: else fi;            \
    sleeping = false
#else
#define SLEEP_WHILE(word, old, sleeping, futex, ends)                                  \
    sleeping = true;                                                                   \
    if                                                                                 \
    :: atomic { word == old -> futex = true }; (!futex || ends); futex = false         \
    :: word != old                                                                     \
    fi;                                                                                \
    sleeping = false
#endif

active proctype client()
{
    byte n = 0, now;
    bool seen;
    do
    :: n == CALLS || fate_dead -> break /* a real client would open another channel */
    :: n < CALLS && !fate_dead ->
        n++;
        PUBLISH(call_sequence, n, host_sleeping, host_in_futex);
        do
        :: now = reply_sequence;
            if
            :: now == n -> break
            :: now != n && (now == DEAD || fate_dead) -> goto ended
            :: else -> assert(now == n - 1) /* from an honest host: anything else ends the call with EPROTO */
            fi;
            SLEEP_WHILE(reply_sequence, now, client_sleeping, client_in_futex, false)
        od;
        assert(served == n) /* answered, and once */
    :: true -> break /* dies, or closes the channel */
    od;
ended:
    client_here = false
}

active proctype host()
{
    byte last = 0, now;
    bool seen;
    do
    :: now = call_sequence;
        if
        :: !host_alive || now == DEAD || fate_dead -> break
        :: else
        fi;
        if
        :: now == last -> SLEEP_WHILE(call_sequence, last, host_sleeping, host_in_futex, !host_alive)
        :: now != last ->
            assert(now == last + 1); /* no call is skipped, none comes twice */
            last = now;
            if
            :: !host_alive -> break /* killed in the middle of the operation */
            :: host_alive ->
                served++;
                PUBLISH(reply_sequence, now, client_sleeping, client_in_futex)
            fi
        fi
    od
}

/* Perhaps somebody kills the host, or unregisters the service; if not, nobody comes to the help of those who sleep. */
active proctype world()
{
    if
    :: host_alive = false
    :: registered = false
    :: skip
    fi
}

/* channel_end() in runtime/fard/channel.c. */
active proctype fard()
{
    !host_alive || !client_here || !registered;
    fate_dead = true;
    call_sequence = DEAD;
#ifndef NO_DEATH_WAKE
    WAKE(host_in_futex);
#endif
    reply_sequence = DEAD;
#ifndef NO_DEATH_WAKE
    WAKE(client_in_futex)
#endif
}
