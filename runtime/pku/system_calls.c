/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * No system calls from within a domain. The kernel looks at one byte at each system call of a thread that asked for that
 * (Linux 5.11, Documentation/admin-guide/syscall-user-dispatch.rst); if it is 1, the thread gets SIGSYS instead, whatever the
 * call and wherever the instruction is. The gate writes 1 before it enters and 0 after it has left. Domains can read the byte, as the
 * kernel must be able to with a domain's rights, but cannot write it.
 *
 * Outside of domains the thread does without: the kernel would read the byte in signal handlers too, which have not
 * the right to.
 */
#include "runtime/pku/domain.h"
#include "runtime/pku/support.h"

#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SET_DISPATCH 59 /* PR_SET_SYSCALL_USER_DISPATCH */
#define DISPATCH_OFF 0UL
#define DISPATCH_ON  1UL

/* It worked in pku_missing(), and nothing can be wrong with these arguments. */
void pku_calls_forbid(void)
{
    if (prctl(SET_DISPATCH, DISPATCH_ON, 0UL, 0UL, pku_process.selector_inside) != 0)
        abort();
}

void pku_calls_allow(void)
{
    if (prctl(SET_DISPATCH, DISPATCH_OFF, 0UL, 0UL, 0UL) != 0)
        abort();
}

/*
 * The kernel writes the processor's number into the thread's memory whenever it is scheduled, with whatever rights the thread
 * has then; with a domain's it cannot, and kills the process. So the thread does without from now on: sched_getcpu() asks the
 * kernel instead. Somebody else's registration cannot be taken back; that there is none, only a registration of one's own tells.
 */
static bool restartable_sequences_end(void)
{
    struct rseq own __attribute__((aligned(32))) = {0};
    char *area = (char *)__builtin_thread_pointer() + __rseq_offset;
    if (__rseq_size)
        syscall(SYS_rseq, area, sizeof own, RSEQ_FLAG_UNREGISTER, RSEQ_SIG);
    if (syscall(SYS_rseq, &own, sizeof own, 0, RSEQ_SIG) != 0)
        return false;
    return syscall(SYS_rseq, &own, sizeof own, RSEQ_FLAG_UNREGISTER, RSEQ_SIG) == 0;
}

/* A program that has keys of its own has other rights, which the way out would not restore. */
static bool has_usual_rights(void)
{
    uint32_t rights = pku_rights_now();
    return rights == PKU_RIGHTS_AT_START || rights == far_pku_state.rights;
}

bool pku_thread_prepare(void)
{
    static _Thread_local enum { UNKNOWN, FIT, UNFIT } thread;
    if (thread == UNKNOWN)
        thread = restartable_sequences_end() ? FIT : UNFIT;
    return thread == FIT && has_usual_rights();
}
