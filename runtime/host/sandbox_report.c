/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * A system call that the filter did not let through: the host tells fard what was tried, in which operation, and ends.
 * All of this runs in a signal handler, anywhere in the service's code: no allocation, no stdio, no locks.
 */
#include "runtime/host/sandbox.h"
#include "runtime/host/sandbox_calls.h"

#include "runtime/lib/error.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

struct reported_call {
    int number;
    const char *name;
    const char *option; /* "": none allows it */
};

static const struct reported_call reported[] = {
#define X(name, option) {SYS_##name, #name, option},
    CALLS_REPORTED(X) REPORTED_OF_MACHINE(X)
#undef X
};

struct report {
    struct far_message message;
    struct far_error error;
};

static const struct host *reporting;
static __thread const struct worker *this_worker __attribute__((tls_model("initial-exec")));

void sandbox_this_worker(const struct worker *worker)
{
    this_worker = worker;
}

static void append(struct far_error *error, const char *text)
{
    size_t length = strlen(error->text);
    for (; *text && length + 1 < sizeof error->text; text++)
        error->text[length++] = *text;
    error->text[length] = '\0';
}

static void append_number(struct far_error *error, unsigned number)
{
    char digits[16];
    size_t at = sizeof digits - 1;
    digits[at] = '\0';
    do
        digits[--at] = (char)('0' + number % 10);
    while ((number /= 10) != 0);
    append(error, digits + at);
}

/* The call line is the client's to write: the slot is checked, and used for a name and nothing else. */
static void append_place(struct far_error *error)
{
    const struct worker *worker = this_worker;
    if (!worker) {
        append(error, "the service's own code, outside of any call,");
        return;
    }
    const struct far_plans *plans = &reporting->plans;
    uint32_t slot = __atomic_load_n(&worker->astack->call.slot, __ATOMIC_RELAXED);
    const struct far_plan *plan = slot < plans->slot_count ? plans->plan[slot] : NULL;
    append(error, "operation ");
    append(error, plan ? iface_string(reporting->iface, plan->op->name) : "?");
}

static const struct reported_call *find_reported(int number)
{
    for (size_t i = 0; i < sizeof reported / sizeof *reported; i++)
        if (reported[i].number == number)
            return &reported[i];
    return NULL;
}

static void append_call(struct far_error *error, int number)
{
    const struct reported_call *call = find_reported(number);
    const char *option = call ? call->option : "";
    append(error, " used ");
    if (call) {
        append(error, call->name);
        append(error, "(2)");
    } else {
        append(error, "system call ");
        append_number(error, (unsigned)number);
    }
    append(error, ", which the sandbox forbids; register it with ");
    append(error, option[0] ? option : "--sandbox off");
    append(error, option[0] ? " if it needs that" : " if it must");
}

static void forbidden(int number, siginfo_t *info, void *context)
{
    struct report report = {
        .message = {FAR_PROTOCOL_MAGIC, sizeof report, FAR_MSG_HOST_FAILED, 1, 0},
        .error = {.code = EPERM, .exit = EX_NOPERM},
    };
    (void)number;
    (void)context;
    append_place(&report.error);
    append_call(&report.error, info->si_syscall);
    send(FAR_HOST_FD, &report, sizeof report, MSG_NOSIGNAL);
    _exit(EX_NOPERM);
}

int sandbox_report(const struct host *host, struct far_error *error)
{
    struct sigaction action = {.sa_sigaction = forbidden, .sa_flags = SA_SIGINFO | SA_NODEFER};
    reporting = host;
    sigfillset(&action.sa_mask);
    if (sigaction(SIGSYS, &action, NULL) == 0)
        return 0;
    return far_fail(error, errno, EX_OSERR, "SIGSYS cannot be handled: %s", strerror(errno));
}
