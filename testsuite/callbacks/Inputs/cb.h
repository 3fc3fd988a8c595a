/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* A service that calls its clients back: in the call that brings the function, in a later one, in recursion, and never. */
#include <farcall/annotate.h>
#include <stddef.h>

far_service(cb, 1, 0);

struct cb_session;
struct cb_pair {
    int left;
    const char *__null_terminated name;
};

/* clang-format off */
far_op far_fails(-1) int cb_each(int n, int (*far_callback visit)(void *far_opaque user, int i, const char *__null_terminated name),
                                 void *far_opaque user);
far_op far_fails(-1) int cb_sort(int *far_inout __counted_by(n) list, int n,
                                 int (*far_callback compare)(const int *far_in a, const int *far_in b));
far_op far_fails(-1) double cb_sum(double (*far_callback f)(double x, float scale, long a, long b, long c, long d, long e, long g),
                                   double upto);
far_op far_fails(-1) long cb_pull(int (*far_callback more)(void *far_opaque user, char *far_out __sized_by(room) to, int room),
                                  void *far_opaque user);
far_op far_fails(-1) int cb_pairs(int (*far_callback take)(const struct cb_pair *far_in __counted_by(n) pairs, int n,
                                                           const char *__null_terminated *far_in __counted_by(n) names));
far_op far_fails(-1) int cb_keep(int (*far_callback far_nullable later)(void *far_opaque user, int i), void *far_opaque user);
far_op far_fails(-1) int cb_fire(int i);
far_op far_fails(-1) int cb_fire_elsewhere(int i);
far_op far_fails(NULL) struct cb_session *far_handle cb_open(void);
far_op far_fails(-1) int cb_with(struct cb_session *far_handle s, int (*far_callback f)(struct cb_session *far_handle s, int depth), int depth);
far_op far_fails(-1) int cb_close(struct cb_session *far_release s);
far_op far_fails(-1) int cb_locked(int (*far_callback f)(void *far_opaque user), void *far_opaque user);
/* clang-format on */
