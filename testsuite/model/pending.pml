/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Linking a pending range (runtime/lib/pending.c) as a Spin model: threads call through one pending address while one of them
 * links it, another answer of fard makes the range longer, and a fork may leave a child in the middle of linking.
 *
 * The range is two pages: jumps, which fault until they are mapped, and words, which the jumps read. Each mmap replaces a page
 * in one step. A call is: fetch the jump; if that faults, the handler sends the thread to far_link_pending; else read the
 * word and go there. linked says that the words can be read.
 *
 * Checked over all interleavings: nobody reads a word that is not mapped or has no target, every call ends at the operation
 * or at its twin, which is linked again, and everybody comes to an end.
 *
 * Variants that must fail, so that it is known that the model can:
 *   -DJUMPS_FIRST    the jumps are mapped before the words
 *   -DLINKED_FIRST   linked is set before the words are mapped
 *   -DNO_LOCK_RESET  the child of a fork finds its parent's lock
 *
 *     spin -a pending.pml && cc -O2 -DSAFETY -o pan pan.c && ./pan
 */
#define CALLERS 3

/* What a page of words holds. */
mtype = { nothing, twin, stub };

mtype words = nothing; /* PROT_NONE */
bool jumps = false;    /* mapped: executable */
bool linked = false;
bool locked = false;
bool fits = false; /* what is registered is what the process was linked against */
byte done = 0;

#ifdef JUMPS_FIRST
#define MAP(to) jumps = true; words = to; linked = true
#elif defined(LINKED_FIRST)
#define MAP(to) linked = true; words = to; jumps = true
#else
#define MAP(to) words = to; jumps = true; linked = true
#endif

/* far_link_pending, with fard's answer at this moment. Returns in `target`. */
inline link_pending(target)
{
    atomic { !locked -> locked = true };
    target = twin;
    if
    :: linked -> assert(words != nothing); target = words
    :: else
    fi;
    if
    :: target == stub -> skip /* another thread was faster */
    :: else ->
        if
        :: fits -> MAP(stub); target = words
        :: else -> MAP(twin); target = words
        fi
    fi;
    locked = false
}

active [CALLERS] proctype caller()
{
    mtype target;
    bool fetched;
    do
    :: fetched = jumps; /* the instruction fetch */
        if
        :: fetched -> assert(words != nothing); target = words /* the jump reads its word */
        :: else -> link_pending(target)                        /* SIGSEGV → far_link_on_fault */
        fi;
        if
        :: target == stub -> break /* the operation */
        :: else -> link_pending(target) /* a twin faults, always */
        fi;
        if
        :: target == stub -> break
        :: else -> fits /* the call has failed; the program calls again when the right service is there */
        fi
    od;
    done++
}

active proctype registrar()
{
    fits = true
}

/* A thread that links and is gone in the middle, as the parent's are in a child of fork: there the lock is a new one. */
active proctype parent()
{
    if
    :: skip
    :: atomic { !locked -> locked = true };
        if
        :: linked -> skip
        :: else -> words = twin
        fi;
#ifndef NO_LOCK_RESET
        locked = false
#endif
    fi
}

active proctype end()
{
    done == CALLERS
}
