/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/host/guard.h"
#include "runtime/host/grant.h"

#include "runtime/astack.h"
#include "runtime/host/cancel.h"

#include <string.h>
#include <unwind.h>

struct guard {
    jmp_buf back;
    volatile unsigned status;
    const uint32_t *call;
    struct guard *outer;
};

/* A jump or an exception brings nothing along that could say which thread's guard it meets. */
static __thread struct guard *innermost;
static __thread uint32_t thread_number; /* 0: it serves nothing */

static uint32_t new_thread_number(void)
{
    static uint32_t last;
    return __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED);
}

unsigned guard_run(void (*body)(void *), void *argument, const uint32_t *call)
{
    struct guard guard = {.status = FAR_CALL_DONE, .call = call, .outer = innermost};
    if (!thread_number)
        thread_number = new_thread_number();
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

_Noreturn void guard_leave(unsigned status)
{
    leave(status);
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

/*
 * Which call is being served, of all that this process ever serves. 0: none. It is left in jmp_bufs, in that part of the
 * saved signal mask that has no signals: a jmp_buf without it, or with another, is not of this call.
 */
static uint64_t this_call(void)
{
    return innermost ? (uint64_t)thread_number << 32 | *innermost->call : 0;
}

#define LAST_OF_MASK (sizeof(__sigset_t) / sizeof(unsigned long) - 1)

void guard_mark(struct __jmp_buf_tag *target)
{
    target->__saved_mask.__val[LAST_OF_MASK] = this_call();
}

_Noreturn void guard_longjmp(struct __jmp_buf_tag *target, int value)
{
    if (innermost && target->__saved_mask.__val[LAST_OF_MASK] != this_call())
        leave(FAR_CALL_JUMPED);
    siglongjmp(target, value);
}

static void *guarded_function(const char *service, const char *name, struct far_error *error)
{
    static const struct {
        const char *name;
        void *function;
    } jumps[] = {
        {"_setjmp", (void *)guard__setjmp},          {"setjmp", (void *)guard_setjmp},
        {"__sigsetjmp", (void *)guard___sigsetjmp},  {"longjmp", (void *)guard_longjmp},
        {"_longjmp", (void *)guard_longjmp},         {"siglongjmp", (void *)guard_longjmp},
        {"__longjmp_chk", (void *)guard_longjmp},    {"far_cancelled", (void *)cancel_is_wished},
        {"far_was_granted", (void *)grant_is_there},
    };
    for (size_t i = 0; i < sizeof jumps / sizeof *jumps; i++)
        if (strcmp(name, jumps[i].name) == 0)
            return jumps[i].function;
    return far_host_linker.function(service, name, error);
}

static void *host_object(const char *service, const char *name, struct far_error *error)
{
    return far_host_linker.object(service, name, error);
}

const struct far_linker guard_linker = {guarded_function, host_object, NULL, false};
