/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* A service whose versions differ in their variables: -DMINOR=N -DVERSION=N, and what grown.c asks for. */
#include <farcall/annotate.h>
far_service(grown, 1, MINOR);
far_op far_fails(-1) long grown_next(void);
far_op far_fails(-1) int grown_version(void);
#if MINOR > 0
far_op far_fails(-1) int grown_doubled(int n);
far_op far_fails(-1) long grown_look(int which);
#endif
