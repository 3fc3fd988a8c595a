/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/host/guard.h"

#include "runtime/astack.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <unwind.h>

struct guard {
    jmp_buf back;
    volatile unsigned status;
    uintptr_t stack_low; /* of this thread */
    uintptr_t limit;     /* frames of what is guarded lie below */
    struct guard *outer;
};

/* A jump or an exception brings nothing along that could say which thread's guard it meets. */
static __thread struct guard *innermost;

static uintptr_t lowest_of_stack(void)
{
    pthread_attr_t attributes;
    void *low = NULL;
    size_t size;
    if (pthread_getattr_np(pthread_self(), &attributes) != 0)
        return 0;
    pthread_attr_getstack(&attributes, &low, &size);
    pthread_attr_destroy(&attributes);
    return (uintptr_t)low;
}

unsigned guard_run(void (*body)(void *), void *argument)
{
    struct guard guard = {.status = FAR_CALL_DONE,
                          .stack_low = innermost ? innermost->stack_low : lowest_of_stack(),
                          .limit = (uintptr_t)__builtin_frame_address(0),
                          .outer = innermost};
    if (_setjmp(guard.back) == 0) {
        innermost = &guard;
        guard_call(body, argument);
    }
    innermost = guard.outer;
    return guard.status;
}

static _Noreturn void leave(unsigned status)
{
    struct guard *guard = innermost;
    guard->status = status;
    longjmp(guard->back, 1);
}

_Unwind_Reason_Code guard_personality(int version, _Unwind_Action actions, _Unwind_Exception_Class class,
                                      struct _Unwind_Exception *exception, struct _Unwind_Context *context);

/*
 * The personality of guard_call's frame: it catches whatever comes, in whatever language it was thrown. A forced unwind
 * is a thread that ends (pthread_exit, cancellation); it goes on to worker.c's cleanup.
 */
_Unwind_Reason_Code guard_personality(int version, _Unwind_Action actions, _Unwind_Exception_Class class,
                                      struct _Unwind_Exception *exception, struct _Unwind_Context *context)
{
    (void)version;
    (void)class;
    (void)context;
    if (actions & _UA_FORCE_UNWIND || !innermost)
        return _URC_CONTINUE_UNWIND;
    if (actions & _UA_SEARCH_PHASE)
        return _URC_HANDLER_FOUND;
    if (exception->exception_cleanup)
        exception->exception_cleanup(_URC_FOREIGN_EXCEPTION_CAUGHT, exception);
    leave(FAR_CALL_THREW);
}

/* A handler on an alternate signal stack may jump to any frame of the call that it interrupted. */
static bool jump_stays_inside(const struct guard *guard, uintptr_t here, uintptr_t target)
{
    bool on_own_stack = here >= guard->stack_low && here < guard->limit;
    return target < guard->limit && target > (on_own_stack ? here : guard->stack_low);
}

_Noreturn void guard_longjmp(struct __jmp_buf_tag *target, int value)
{
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    if (innermost && !jump_stays_inside(innermost, here, guard_stack_of(target)))
        leave(FAR_CALL_JUMPED);
    siglongjmp(target, value);
}

static void *guarded_function(const char *service, const char *name, struct far_error *error)
{
    static const char *const jumps[] = {"longjmp", "_longjmp", "siglongjmp", "__longjmp_chk"};
    for (size_t i = 0; i < sizeof jumps / sizeof *jumps; i++)
        if (strcmp(name, jumps[i]) == 0)
            return (void *)guard_longjmp;
    return far_host_linker.function(service, name, error);
}

static void *host_object(const char *service, const char *name, struct far_error *error)
{
    return far_host_linker.object(service, name, error);
}

const struct far_linker guard_linker = {guarded_function, host_object};
