/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What gate_pku_x86_64.S shares with C: places and values. gate.h makes drift fatal. docs/pku.md explains what for. */
#ifndef FARCALL_PKU_LAYOUT_H
#define FARCALL_PKU_LAYOUT_H

#define PKU_KEYS         16    /* that x86 has; key 0 is everybody's memory */
#define PKU_CONTROL_SIZE 4096  /* bytes, one page a key */
#define PKU_STACK_WORDS  64    /* of arguments */
#define PKU_SIGNAL_STACK 65536 /* bytes: what the kernel writes of a fault in a domain, with the widest registers */

/* PKRU has two bits a key, the lower ones: 1, no access; 2, no writing. */
#define PKU_RIGHTS_AT_START 0x55555554 /* what the kernel gives to new programs and handlers: key 0, no other */
#define PKU_RIGHTS_NONE     0x55555555

#define PKU_CONTEXTS 8 /* calls that have begun in one domain and are not over */

/* struct pku_control: of the domain that has this key now, and only it may read that. */
#define PKU_CONTROL_RIGHTS        0 /* what PKRU holds while the domain runs */
#define PKU_CONTROL_VECTORS       4 /* 0 xmm, 1 ymm, 2 zmm */
#define PKU_CONTROL_ENTRIES       8 /* functions by slot */
#define PKU_CONTROL_SLOT_COUNT    16
#define PKU_CONTROL_CONTEXT_COUNT 20
#define PKU_CONTROL_CONTEXTS      32 /* struct pku_place, by number */

/* struct pku_place: what one call in the domain has for itself. */
#define PKU_PLACE_STACK  0
#define PKU_PLACE_AREA   8
#define PKU_PLACE_THREAD 16
#define PKU_PLACE_SHIFT  5 /* 32 bytes */

#define PKU_THUNKS 256 /* functions of its caller's that a domain knows */

/* Slot 0 is no operation's: who asked for something goes on (far_pku_ask). */
#define PKU_SLOT_GO_ON 0

/* struct pku_thread: what the domain's code finds at %fs, as far as it may know of a thread. */
#define PKU_THREAD_LEAVING 0x20
#define PKU_THREAD_CANARY  0x28
#define PKU_THREAD_ERRNO   0x40
#define PKU_THREAD_ASKING  0x48 /* the stack of who asked */

/* struct pku_state: the process's, which no domain may read. */
#define PKU_STATE_RUNNING      0
#define PKU_STATE_SIGNAL       4
#define PKU_STATE_RIGHTS       8
#define PKU_STATE_VECTORS      12
#define PKU_STATE_STACK        16
#define PKU_STATE_FS           24
#define PKU_STATE_GS           32
#define PKU_STATE_SIGNAL_STACK 40
#define PKU_STATE_SELECTOR     48
#define PKU_STATE_RESULT       56
#define PKU_STATE_FLOAT_RESULT 64
#define PKU_STATE_ERROR        72
#define PKU_STATE_OPENING      76
#define PKU_STATE_OPENED       80

/* struct pku_arguments, at the start of a domain's area. */
#define PKU_ARGUMENT_INTEGERS 0
#define PKU_ARGUMENT_FLOATS   48
#define PKU_ARGUMENT_TICKET   112
#define PKU_ARGUMENT_COUNT    120
#define PKU_ARGUMENT_STACK    128

#endif
