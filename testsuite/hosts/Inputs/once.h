/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include <farcall/annotate.h>
far_service(once, 1, 0);
far_op far_fails(-1) int once_begun(void);
far_op far_fails(-1) int once_completed(void);
far_op far_fails(-1) int once_wrong(void);
far_op far_fails(-1) int once_count(void);
