/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* clang-format off */
/* Operations whose values the ABI lowers, calls back, or that are never called. */
#include <farcall/annotate.h>

far_service(values, 1, 0);

typedef float four __attribute__((vector_size(16)));
struct small { int a, b; };
struct large { long list[6]; };
struct mixed { double d; int *far_opaque p; };

far_op far_fails(-1) int values_small(int before, struct small small, int after);
far_op struct large values_large(long before, struct large large);
far_op struct mixed values_mixed(struct mixed mixed);
far_op long double values_wide(__int128 i, long double x, _Complex double z, four v);
far_op far_fails(-1) int values_call(int (*far_callback visit)(void *far_opaque user, int n), void *far_opaque user);
far_op far_fails(-1) int far_fd values_file(int far_fd file, _Bool keep);
far_op const char *__null_terminated far_lifetime(service) values_name(void);
far_op far_absent far_fails(-1) int values_print(const char *format, ...);
