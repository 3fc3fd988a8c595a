/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* A service of several versions: -DMINOR=N -DVERSION=N. */
#include <farcall/annotate.h>
far_service(counter, 1, MINOR);
far_op far_fails(-1) long counter_next(void);
far_op far_fails(-1) int counter_version(void);
far_op far_fails(-1) int counter_slow(int ms);
far_op far_fails(-1) int counter_text(const char *__null_terminated text);
far_op int counter_branch(void);
#if MINOR > 0
far_op far_fails(-1) int counter_added(void);
#endif
