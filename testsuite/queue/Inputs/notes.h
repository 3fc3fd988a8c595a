/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* A service with operations that can be queued. */
#ifndef NOTES_H
#define NOTES_H

#include <farcall/annotate.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

far_service(notes, 1, 0);

/* How many there are then. EDOM: it is negative. */
far_op far_queued far_async far_fails(-1) long notes_add(long note);
/* The sum of all that it is given, each parameter in a place of its own kind. */
far_op far_queued double notes_sum(const char *__null_terminated digits, const void *far_nullable __sized_by(n) bytes,
                                   size_t n, short a, double b, float c, unsigned char d, int e, int f, int g, long h);
/* Waits until the gate is open. */
far_op far_queued far_fails(-1) int notes_wait(int what);
far_op far_queued far_idempotent far_fails(-1) int notes_wait_again(int what);
far_op far_queued void notes_nothing(void);
#ifdef NOTES_CHANGED
far_op far_queued far_fails(-1) int notes_change(long what);
#else
far_op far_queued far_fails(-1) int notes_change(int what);
#endif

far_op far_fails(-1) long notes_count(void);
/* 1: each is higher than the one before. */
far_op far_fails(-1) int notes_in_order(void);
/* How many calls of notes_wait() were begun. */
far_op far_fails(-1) int notes_begun(void);
far_op void notes_open(int open);

#ifdef __cplusplus
}
#endif

#endif
