/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* A service that writes down the order in which it is called. */
#ifndef ROW_H
#define ROW_H

#include <farcall/annotate.h>
#include <stddef.h>

#ifndef ROW_MINOR
#define ROW_MINOR 0
#endif
far_service(row, 1, ROW_MINOR);

struct row_node {
    int value;
    struct row_node *next;
};
struct row_shelf;

far_op far_fails(-1) int row_count(void);
far_op far_fails(-1) int row_at(int i);
far_op void row_clear(void);
/* row_wait() waits until this was called with something else than 0. */
far_op void row_open(int open);
far_op far_fails(-1) int row_gave_up(void);
far_op far_fails(-1) int row_begun(void);

/* Each appends `n`, and returns its place. A negative one is refused with EDOM. */
far_op far_async far_fails(-1) int row_put(int n);
far_op far_oneway void row_say(int n);
far_op far_oneway void row_spell(const char *__null_terminated text);
far_op far_async far_fails(-1) int row_wait(int n);
far_op far_async far_fails(-1) far_deadline(300) int row_hurry(int n);

far_op far_async far_fails(-1) long row_nothing(void);
far_op far_async far_fails(-1) double row_mix(int a, double b, long c, float d, int e, int f, int g, int h, double i);
far_op far_async far_fails(-1) int row_copy(void *__sized_by(n) far_out to, const void *__sized_by(n) from, size_t n);
far_op far_async far_fails(-1) int row_sum(const struct row_node *far_in far_deep list);
far_op far_async far_fails(-1) int row_upper(char *__null_terminated far_lifetime(released) * far_out to,
                                             const char *__null_terminated from);
far_op void row_free(void *far_handle far_release text);
far_op far_async far_fails(-1) int row_each(int n, int (*far_callback f)(int));
far_op far_async far_fails(0) struct row_shelf *far_handle row_shelf_new(int n);
far_op far_async far_fails(-1) int row_shelf_free(struct row_shelf *far_handle far_release shelf);

/* Calls f until it returns something else than 0, or the caller has given up, or for ten seconds. */
far_op far_fails(-1) far_deadline(300) int row_ask(int (*far_callback f)(int));
/* The same without a pause, whoever has given up. */
far_op far_fails(-1) far_deadline(300) int row_press(int (*far_callback f)(int));
/* Calls f, and keeps others out meanwhile. */
far_op far_fails(-1) far_deadline(20000) int row_alone(int (*far_callback f)(int));

/* What an operation should not do. */
far_op far_async far_fails(-1) int row_jump(void);
far_op far_async far_fails(-1) int row_end_thread(void);
far_op far_async far_fails(-1) int row_die(void);

#endif
