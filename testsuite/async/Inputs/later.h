/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* A service with operations that may take long. */
#ifndef LATER_H
#define LATER_H

#include <farcall/annotate.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef LATER_MINOR
#define LATER_MINOR 0
#endif
far_service(later, 1, LATER_MINOR);

struct later_node {
    int value;
    struct later_node *next;
};

far_op far_fails(-1) int later_set(int value);
far_op far_fails(-1) int later_get(void);
/* After far_cancelled() has been seen, if it is, how often it was. */
far_op far_fails(-1) int later_gave_up(void);
far_op far_fails(-1) int later_begun(void);

/* Waits until the gate is open; `mark` is where later_get() sees it from then on. */
far_op far_oneway void later_hint(int mark);
far_op far_oneway void later_note(const char *__null_terminated text, const void *__sized_by(n) bytes, size_t n);
far_op far_fails(-1) long later_noted(void);
far_op void later_open(int open);

far_op far_async far_fails(-1) long later_add(int a, long b, short c, unsigned char d, int e, int f, int g, long h);
far_op far_async far_fails(-1) double later_mean(double a, float b);
far_op far_async far_fails(-1) int later_fill(void *__sized_by(n) far_out to, size_t n, int with);
far_op far_async far_fails(-1) int later_sum(const struct later_node *far_in far_deep list);
far_op far_async far_fails(-1) int later_each(int n, int (*far_callback f)(int));
far_op far_async far_fails(-1) int later_wait(int what);
far_op far_async far_fails(-1) far_deadline(300) int later_soon(int what);
far_op far_fails(-1) far_deadline(300) int later_now(int what);
far_op far_async far_fails(-1) int later_error(int error);
far_op far_async void later_nothing(void);
far_op far_fails(-1) int later_most(void);

#ifdef __cplusplus
}
#endif

#endif
