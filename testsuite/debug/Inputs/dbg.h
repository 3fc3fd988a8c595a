/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* A service whose operations leave in every way there is. */
#include <farcall/annotate.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* clang-format off */
far_service(dbg, 1, 0);

far_op far_data_shipped far_fails(-1)
    int dbg_twice(int value);
/* Calls visit(1) … visit(n), from the inside of another function of the service. By branch only. */
far_op far_data_shipped far_fails(-1)
    int dbg_each(int n, int (*far_callback visit)(void *far_opaque user, int value), void *far_opaque user);
/* Not neutral: always in the host. */
far_op far_function_shipped far_fails(-1)
    int dbg_pid(int value);
far_op far_function_shipped far_fails(-1)
    int dbg_wait(int ms);

/* longjmp inside one call, however deep: the depth. */
far_op far_data_shipped far_fails(-1)
    int dbg_inside(int depth);
/* setjmp in one call, longjmp in another. */
far_op far_function_shipped far_fails(-1)
    int dbg_set(void);
far_op far_function_shipped far_fails(-1)
    int dbg_jump(void);
far_op far_function_shipped far_fails(-1)
    int dbg_jump_with(const char *far_in __null_terminated text);

/* Calls the function `throw_it` of a library, which throws. */
far_op far_function_shipped far_fails(-1)
    int dbg_throw(const char *far_in __null_terminated library);
far_op far_function_shipped far_fails(-1)
    int dbg_throw_plain(int number);
far_op far_function_shipped far_fails(-1)
    int dbg_exit(int code);
far_op far_function_shipped far_fails(-1)
    int dbg_end_thread(int by_cancel);
/* clang-format on */

#ifdef __cplusplus
}
#endif
