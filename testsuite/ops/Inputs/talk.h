/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include <farcall/annotate.h>
far_service(talk, 1, 0);
far_op far_function_shipped far_fails(-1) int talk_say(const char *__null_terminated text);
far_op far_function_shipped far_fails(-1) int talk_much(int lines);
far_op far_function_shipped far_fails(-1) int talk_null(void);
