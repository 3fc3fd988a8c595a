/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * A service is upgraded while it is called (runtime/astack.h, FAR_FATE_MOVED) as a Spin model: one client, the worker of the old
 * version, fard, which marks the channel as moved and has the worker retire, at any moment. What the client calls over a
 * new channel the new version serves at once.
 *
 * Checked over all interleavings: every call is served once, by one version or the other; the client comes to its end, and so
 * does the worker. Sleeping and waking are astack.pml's; here whoever waits sees the word when it changes.
 *
 * Variants that must fail, so that it is known that the model can:
 *   -DNO_SERVED     a client takes DEAD for "not served": what was served just before the worker left is made twice
 *   -DSERVED_LATE   the worker says what it has served after it says that it is gone
 *   -DMOVED_IS_DEAD a client that waits gives up when it sees the mark
 */
#define CALLS 3
#define DEAD 255

byte call_sequence = 0, reply_sequence = 0; /* the client's and the worker's words */
byte reply_served = 0;
bool reply_retired = false, fate_moved = false, retire = false;
byte by_old[4], by_new[4]; /* how often each call was served */

inline over_a_new_channel(n)
{
    by_new[n]++;
    moved = true
}

active proctype client()
{
    byte n, now;
    bool moved = false;
    for (n : 1 .. CALLS) {
        if
        :: moved || fate_moved || reply_sequence == DEAD -> over_a_new_channel(n)
        :: else ->
            call_sequence = n;
#ifdef MOVED_IS_DEAD
            (reply_sequence != n - 1 || fate_moved);
#else
            (reply_sequence != n - 1);
#endif
            now = reply_sequence;
            if
            :: now == n
            :: now != n ->
#ifdef NO_SERVED
                over_a_new_channel(n)
#else
#ifndef MOVED_IS_DEAD
                assert(reply_retired);
#endif
                if
                :: reply_served == n
                :: reply_served != n -> over_a_new_channel(n)
                fi
#endif
            fi
        fi
    }
    /* What the old worker still does with the last call is done when it has left. */
    (reply_retired);
    for (n : 1 .. CALLS) {
        assert(by_old[n] + by_new[n] == 1)
    }
}

active proctype worker()
{
    byte last = 0;
    do
    :: call_sequence != last && call_sequence != DEAD ->
        last = call_sequence;
        by_old[last]++;
        reply_sequence = last
    :: retire && call_sequence == last ->
        atomic {
            if
            :: call_sequence == last -> call_sequence = DEAD
            :: else -> goto again
            fi
        };
#ifdef SERVED_LATE
        reply_sequence = DEAD;
#endif
        reply_served = last;
        reply_retired = true;
        reply_sequence = DEAD;
        break;
again: skip
    od
}

active proctype fard()
{
    fate_moved = true;
    retire = true
}
