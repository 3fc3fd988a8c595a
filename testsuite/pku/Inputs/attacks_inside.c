/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Code in a domain reaches for its caller: its memory, the kernel, the gate, other domains. */
#include "attacks.h"

#include "runtime/pku/signals.h"
#include "runtime/pku/sweep.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- the domain attacks its caller ---- */

void reads_caller(struct service *service)
{
    attack(service, CALL(service, inside_read, (uint64_t)&secret));
}

void writes_caller(struct service *service)
{
    attack(service, CALL(service, inside_write, (uint64_t)&secret, 1));
}

void writes_caller_stack(struct service *service)
{
    uint64_t local = 3;
    attack(service, CALL(service, inside_write, (uint64_t)&local, 1));
}

void writes_state(struct service *service)
{
    attack(service, CALL(service, inside_write, (uint64_t)&far_pku_state, 0));
}

void writes_selector(struct service *service)
{
    attack(service, CALL(service, inside_write, (uint64_t)pku_process.selector_inside, 0));
}

void reads_selector(struct service *service)
{
    printf("%s", say(CALL(service, inside_read, (uint64_t)pku_process.selector_inside)));
}

void reads_code(struct service *service)
{
    attack(service, CALL(service, inside_read, (uint64_t)(uintptr_t)far_pku_site_leave));
}

void calls_write(struct service *service)
{
    attack(service, CALL(service, inside_call, SYS_write, 1, (uint64_t)service->data, 8));
}

void calls_mprotect(struct service *service)
{
    attack(service, CALL(service, inside_call, SYS_pkey_mprotect, (uint64_t)&secret & ~4095ull, 4096, 3,
                         (uint64_t)service->domain->keyed.key));
}

void calls_dispatch_off(struct service *service)
{
    attack(service, CALL(service, inside_call, SYS_prctl, 59, 0, 0, 0));
}

void calls_sigreturn(struct service *service)
{
    attack(service, CALL(service, inside_call, SYS_rt_sigreturn));
}

void calls_writev(struct service *service)
{
    attack(service, CALL(service, inside_call, SYS_process_vm_writev, (uint64_t)getpid(), (uint64_t)service->data, 1,
                         (uint64_t)service->data, 1));
}

void calls_the_old_way(struct service *service)
{
    attack(service, CALL(service, inside_call_the_old_way, 0));
}

void calls_libc(struct service *service)
{
    attack(service, CALL(service, inside_jump, (uint64_t)(uintptr_t)dlsym(RTLD_DEFAULT, "getppid"), 0));
}

void recurses(struct service *service)
{
    attack(service, CALL(service, inside_recurse, 0));
}

void loses_stack(struct service *service)
{
    attack(service, CALL(service, inside_lose_stack, 0));
}

void stack_in_signal_stack(struct service *service)
{
    attack(service, CALL(service, inside_stack_in_signal_stack, service->domain->context[0].signal_stack));
}

void loses_fs(struct service *service)
{
    attack(service, CALL(service, inside_lose_fs, 0x1000));
}

void divides(struct service *service)
{
    attack(service, CALL(service, inside_divide, 1, 0));
}

void breaks(struct service *service)
{
    attack(service, CALL(service, inside_breakpoint, 0));
}

void no_instruction(struct service *service)
{
    attack(service, CALL(service, inside_no_instruction, 0));
}

void unmasks(struct service *service)
{
    printf("%s", say(CALL(service, inside_unmask, 0)));
    still_here(service);
}

static uint64_t at(const void *place)
{
    return (uint64_t)(uintptr_t)place;
}

void jumps_enter_all(struct service *service)
{
    attack(service, CALL(service, inside_jump, at(far_pku_site_enter), 0));
}

/* Another domain's rights: what it could have entered by asking nicely, but for its slot checked by nobody. */
void jumps_enter_other(struct service *service)
{
    struct service other = make_service();
    CALL(&other, inside_keep, at(other.data), 1);
    uint64_t rights = far_pku_state.rights | 1; /* no key 0 */
    rights &=
        ~(3ull << 2 * other.domain->keyed.key); /* well formed: the other domain's operation runs, on its own memory */
    attack(service, CALL(service, inside_jump, at(far_pku_site_enter), rights));
}

void jumps_enter_none(struct service *service)
{
    attack(service, CALL(service, inside_jump, at(far_pku_site_enter), ~0u));
}

/* Its own rights are what it has anyway. With reading everybody's memory besides, they are refused. */
static enum pku_end reenter(struct service *service, uint64_t more, uint64_t less)
{
    CALL(service, inside_keep, (uint64_t)service->data, 1);
    uint64_t own = ((far_pku_state.rights | 1) & ~(3ull << 2 * service->domain->keyed.key));
    return CALL(service, inside_reenter, at(far_pku_site_enter), (own | more) & ~less,
                area_inside(service) + offsetof(struct pku_arguments, ticket));
}

void reenters_reading(struct service *service)
{
    attack(service, reenter(service, 2, 1));
}

void reenters(struct service *service)
{
    printf("%s", say(reenter(service, 0, 0)));
    still_here(service);
}

void jumps_leave_none(struct service *service)
{
    attack(service, CALL(service, inside_jump, at(far_pku_site_leave), ~0u));
}

void jumps_leave_start(struct service *service)
{
    attack(service, CALL(service, inside_jump, at(far_pku_site_leave), PKU_RIGHTS_AT_START));
}

void jumps_leave_all(struct service *service)
{
    attack(service, CALL(service, inside_jump, at(far_pku_site_leave), 0));
}

void jumps_leave_more(struct service *service)
{
    CALL(service, inside_keep, (uint64_t)service->data, 1);
    uint64_t rights = far_pku_state.rights & ~(3u << 2 * service->domain->keyed.key);
    attack(service, CALL(service, inside_jump, at(far_pku_site_leave), rights));
}

/* That is the way out, and whoever takes it comes out where the gate says. */
void jumps_leave(struct service *service)
{
    printf("%s", say(CALL(service, inside_jump, at(far_pku_site_leave), far_pku_state.rights)));
    still_here(service);
}

void jumps_on_fault(struct service *service)
{
    attack(service, CALL(service, inside_jump, at((const void *)(uintptr_t)far_pku_on_fault), 0));
}

void jumps_pkey_set(struct service *service)
{
    const uint8_t *code = dlsym(RTLD_DEFAULT, "pkey_set");
    while (memcmp(code, "\x0f\x0b\x90", 3) != 0)
        code++;
    attack(service, CALL(service, inside_jump, at(code), 0));
}

void restores(struct service *service)
{
    struct pku_arguments *arguments = area_of(service);
    uint8_t *image = (uint8_t *)arguments + 4096;
    memset(image, 0, 8192);
    image[512 + 1] = 2; /* XSTATE_BV: PKRU is in it, and is 0 */
    attack(service, CALL(service, inside_restore, at(far_pku_restore_begin), area_inside(service) + 4096));
}
