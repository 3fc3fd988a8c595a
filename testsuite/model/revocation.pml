/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Taking a right away (runtime/fard/revoke.c, revoke_scan.c, runtime/lib/revoked.c) as a Spin model: one capability that three
 * processes have the token of, a host that answers calls, fard that revokes it and answers whoever asked for that.
 *
 *     polite   presents, binds, calls; when it is told it unmaps, then says so. It may as well be stopped in between, or
 *              connect anew and present the token again at any time
 *     liar     says that it has let go at once, and keeps the mapping
 *     child    of a fork of the liar's: it inherits the mapping, never talks to fard, and can fork again until it is killed
 *
 * fard serves one message at a time, in any order; while it waits for answers, or its scan is under way, it goes on serving.
 * The scan looks at one process after the other, and passes are made until one finds nobody.
 *
 * Checked over all interleavings. Once the revocation has been answered:
 *   - nobody who had the right by the capability alone has the memory mapped, and nobody ever has it again
 *   - no call of theirs is answered any more
 * and it is answered, whatever they do; who lets go as it is told is not killed.
 *
 * Variants that must fail, so that it is known that the model can:
 *   -DTABLE_LAST       holders are told before the capability is out of the table: one presents it anew under way
 *   -DBELIEVE          who says that it has let go is not looked at
 *   -DONE_PASS         one pass over the processes: who was forked behind it is missed
 *   -DDONE_FIRST       the library says that it has let go before it has
 *   -DKEEP_CHANNELS    channels stay: calls go on being answered
 *   -DNO_DEADLINE      fard waits for an answer from everybody
 *
 *     spin -a revocation.pml && cc -O2 -DSAFETY -o pan pan.c && ./pan
 */
#define POLITE  0
#define LIAR    1
#define CHILD   2 /* and one that it may fork itself */
#define COUNT   4
#define CLIENTS 2 /* who has a connection */

bool valid = true;      /* in fard's table */
bool stored = true;     /* in the store */
bool mapped[COUNT];     /* the memory, in this process */
bool bound[CLIENTS];    /* fard's: has the memory by the capability, and channels */
bool told[CLIENTS];     /* FAR_MSG_REVOKED is on its way, or has arrived */
bool done[CLIENTS];     /* FAR_MSG_REVOKE_DONE has arrived */
bool dead[COUNT];
bool alive[COUNT];      /* born, by fork */
bool answered = false;  /* the revocation, to whoever asked */
bool deadline = false;
byte delivered_after = 0;

inline kill_it(who)
{
    assert(!(who == POLITE && done[POLITE]));
    dead[who] = true;
    mapped[who] = false
}

inline unmap(who)
{
    atomic { if :: !dead[who] -> mapped[who] = false :: dead[who] fi }
}

inline say_done(who)
{
    atomic { if :: !dead[who] -> done[who] = true :: dead[who] fi }
}

/* PRESENT and BIND: one turn of fard's loop, and the client's mmap. */
inline bind_by(who)
{
    atomic {
        if
        :: valid && !dead[who] -> bound[who] = true; mapped[who] = true
        :: else -> skip
        fi
    }
}

/* A call: the host answers where there is a channel. */
inline call(who)
{
    atomic {
        if
        :: bound[who] && !dead[who] ->
            if
            :: answered -> delivered_after++
            :: else -> skip
            fi
        :: else -> skip
        fi
    }
}

active proctype polite()
{
    bool let_go = false;
    alive[POLITE] = true;
    do
    :: !dead[POLITE] -> bind_by(POLITE)
    :: !dead[POLITE] -> call(POLITE)
    :: !dead[POLITE] && told[POLITE] && !let_go ->
        /* the watching thread; the process may be stopped, or killed, between any two steps */
#ifdef DONE_FIRST
        say_done(POLITE);
        unmap(POLITE);
#else
        unmap(POLITE);
        say_done(POLITE);
#endif
        let_go = true
    :: break /* it does nothing any more: it is stopped, or computes */
    od
}

active proctype liar()
{
    alive[LIAR] = true;
    do
    :: !dead[LIAR] -> bind_by(LIAR)
    :: !dead[LIAR] -> call(LIAR)
    :: told[LIAR] && !done[LIAR] -> say_done(LIAR)
    :: atomic { !dead[LIAR] && !alive[CHILD] -> alive[CHILD] = true; mapped[CHILD] = mapped[LIAR] } /* fork */
    :: break
    od
}

/* It never talks to fard; all it can do is fork, once. */
active proctype child()
{
    do
    :: atomic { alive[CHILD] && !dead[CHILD] && !alive[CHILD + 1] ->
            alive[CHILD + 1] = true; mapped[CHILD + 1] = mapped[CHILD] }
    :: break
    od
}

inline tell(who)
{
    atomic {
        if
        :: bound[who] -> told[who] = true;
#ifndef KEEP_CHANNELS
            bound[who] = false
#endif
        :: else -> skip
        fi
    }
}

/* Processes are looked at one after the other: each look and its kill is one step, the pidfd sees to that. */
inline look(who)
{
    atomic {
        if
#ifdef BELIEVE
        :: mapped[who] && (who >= CLIENTS || !done[who]) -> kill_it(who); any = true
#else
        :: mapped[who] -> kill_it(who); any = true
#endif
        :: else -> skip
        fi
    }
}

active proctype fard()
{
    bool any;
    byte at;
    stored = false;
#ifdef TABLE_LAST
    tell(POLITE);
    tell(LIAR);
    valid = false;
#else
    /* One turn of the loop: nobody is served between. */
    atomic { valid = false; tell(POLITE); tell(LIAR) };
#endif
    do
    :: (!told[POLITE] || done[POLITE] || dead[POLITE]) && (!told[LIAR] || done[LIAR] || dead[LIAR]) -> break
#ifndef NO_DEADLINE
    :: deadline -> break
#endif
    od;
    /* who has not said so is killed without a look */
    atomic { if :: told[POLITE] && !done[POLITE] && !dead[POLITE] -> kill_it(POLITE) :: else fi };
    atomic { if :: told[LIAR] && !done[LIAR] && !dead[LIAR] -> kill_it(LIAR) :: else fi };
    do
    :: any = false;
        look(3); look(2); look(1); look(0); /* whichever order: a fork can go behind it */
#ifdef ONE_PASS
        break
#else
        if
        :: any -> skip
        :: else -> break
        fi
#endif
    od;
    answered = true;
    assert(!stored && !valid)
}

active proctype clock()
{
    deadline = true
}

/* After the answer nothing comes back. */
active proctype nobody_has_it()
{
    answered;
    assert(!mapped[0] && !mapped[1] && !mapped[2] && !mapped[3]);
    assert(delivered_after == 0)
}


active proctype later()
{
    do
    :: answered && (mapped[0] || mapped[1] || mapped[2] || mapped[3] || delivered_after) -> assert(false)
    :: break
    od
}
