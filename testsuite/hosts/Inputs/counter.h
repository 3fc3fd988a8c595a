/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* A service of several versions: -DMINOR=N -DVERSION=N. */
#include <farcall/annotate.h>
far_service(counter, 1, MINOR);
far_op far_fails(-1) long counter_next(void);
far_op far_fails(-1) int counter_version(void);
far_op far_fails(-1) int counter_slow(int ms);
far_op far_fails(-1) int counter_text(const char *__null_terminated text);
far_op int counter_branch(void);
struct box;
far_op far_fails(0) struct box *far_handle counter_open(void);
far_op far_fails(0) struct box *far_handle counter_open_slow(int ms);
far_op far_fails(-1) int counter_use(struct box *far_handle box);
far_op far_fails(-1) int counter_close(struct box *far_release box);
#if MINOR > 0
far_op far_fails(-1) int counter_added(void);
#endif
