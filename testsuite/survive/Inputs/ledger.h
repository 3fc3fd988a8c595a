/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* A service whose data has an invariant that is easy to break and easy to check: money moves, and none is made or lost. */
#ifndef LEDGER_H
#define LEDGER_H

#include <farcall/annotate.h>

/* clang-format off */
far_service(ledger, 1, 0);

#define LEDGER_ACCOUNTS 64
#define LEDGER_OPENING  1000

/* Moves one from an account to another. 0; -1 and errno EHOSTDOWN: it may have been done, or not, never half. */
far_op far_data_shipped far_fails(-1)
    int ledger_move(int from, int to);
far_op far_function_shipped far_fails(-1)
    int ledger_move_there(int from, int to);

/* The sum of all accounts, of which nothing is under way. */
far_op far_data_shipped far_fails(-1)
    long ledger_sum(void);

/* Puts a note of so many bytes into the service's heap, or takes the oldest out when there are many. 0, or -1. */
far_op far_data_shipped far_fails(-1)
    int ledger_note(int bytes);
far_op far_function_shipped far_fails(-1)
    int ledger_note_there(int bytes);

/* Are the notes as they were written? How many there are; -2: they are not. */
far_op far_data_shipped far_fails(-1)
    int ledger_check_notes(void);

/* How often the service's constructors have run on its data: 1. */
far_op far_data_shipped far_fails(-1)
    int ledger_openings(void);

/* How many moves have completed, ever. */
far_op far_data_shipped far_fails(-1)
    long ledger_moves(void);

/* Waits in the host, holding nothing. 0. */
far_op far_function_shipped far_fails(-1)
    int ledger_wait(int milliseconds);

/* Keeps the lock that all the others take, and does not come back from it. Runs in whoever may run it. */
far_op far_data_shipped far_fails(-1)
    int ledger_seize(void);

/* The same, inside what pthread_once runs; if it is not to stay there, returns how often that was begun. */
far_op far_data_shipped far_fails(-1)
    int ledger_once(int stay);

#endif
