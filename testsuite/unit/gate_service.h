/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * A service without a toolchain, for tests of the process gate: an interface record made here, implementations that are
 * functions of the test program, a host that is a forked child, and stubs written by hand. One test program each.
 */
#ifndef FARCALL_GATE_SERVICE_H
#define FARCALL_GATE_SERVICE_H

#include "runtime/host/host.h"
#include "runtime/lib/channel.h"
#include "runtime/lib/gate.h"
#include "runtime/lib/wait.h"
#include "testsuite/unit/check.h"
#include "testsuite/unit/gate_stubs.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { G_VOID, G_INT, G_BOOL, G_ULONG, G_FLOAT, G_DOUBLE, G_NODE, G_NODE_POINTER, G_CHARS, G_BYTES, G_CHAR, G_TYPES };

/* Passings as the tables below spell them. */
#define G_RESULT_NONE                                        \
    {                                                        \
        .value = {.type = G_VOID, .passing = FAR_PASS_VOID } \
    }
#define G_V_INT      {.value = {.type = G_INT, .passing = FAR_PASS_VALUE, .flags = FAR_VALUE_SIGNED, .width = 4}}
#define G_V_BOOL     {.value = {.type = G_BOOL, .passing = FAR_PASS_VALUE, .width = 1}}
#define G_V_ULONG    {.value = {.type = G_ULONG, .passing = FAR_PASS_VALUE, .width = 8}}
#define G_V_FLOAT    {.value = {.type = G_FLOAT, .passing = FAR_PASS_FLOAT, .width = 4}}
#define G_V_DOUBLE   {.value = {.type = G_DOUBLE, .passing = FAR_PASS_FLOAT, .width = 8}}
#define G_GLOBAL_IN  {.value = {.type = G_NODE_POINTER, .passing = FAR_PASS_GLOBAL, .flags = FAR_VALUE_IN, .width = 8}}
#define G_GLOBAL_OUT {.value = {.type = G_NODE_POINTER, .passing = FAR_PASS_GLOBAL, .flags = FAR_VALUE_OUT, .width = 8}}
#define G_HANDLE     {.value = {.type = G_NODE_POINTER, .passing = FAR_PASS_HANDLE, .width = 8}}
#define G_HANDLE_LAST \
    {.value = {.type = G_NODE_POINTER, .passing = FAR_PASS_HANDLE, .flags = FAR_VALUE_RELEASE, .width = 8}}
#define G_STRING {.value = {.type = G_CHARS, .passing = FAR_PASS_STRING, .flags = FAR_VALUE_IN, .width = 8}}
#define G_BUFFER(in_out, first, count)  \
    {                                   \
        .value = {                      \
            .type = G_BYTES,            \
            .passing = FAR_PASS_BUFFER, \
            .flags = in_out,            \
            .width = 8,                 \
            .size_first = first,        \
            .size_count = count         \
        }                               \
    }
#define G_IN  FAR_VALUE_IN
#define G_OUT FAR_VALUE_OUT

struct gate_op {
    const char *name;
    void *function;
    uint32_t flags;
    uint32_t deadline_ms;
    uint64_t fails;
    uint32_t param_count;
    struct far_param param[1 + FAR_PARAM_MAX]; /* the result first */
};

struct gate_service {
    struct far_binding binding;
    struct host host;
    uint8_t *stubs; /* a page of them; the linkage is the page behind it */
    struct far_astack *astack;
    pid_t host_pid;
};

static inline uint32_t gate_text(char *pool, uint32_t *used, const char *string)
{
    uint32_t at = *used;
    strcpy(pool + at, string);
    *used += (uint32_t)strlen(string) + 1;
    return at;
}

/* The record's tables one after the other; offsets count from its first byte. Not all that iface_check() would ask for.
 */
static inline const struct far_iface *gate_record(const struct gate_op *op, uint32_t op_count,
                                                  const struct far_expr *expr, uint32_t expr_count)
{
    static const struct far_type types[G_TYPES] = {
        [G_VOID] = {.kind = FAR_TYPE_VOID},
        [G_INT] = {.kind = FAR_TYPE_INT, .flags = FAR_TYPE_SIGNED, .size = 4},
        [G_BOOL] = {.kind = FAR_TYPE_BOOL, .size = 1},
        [G_ULONG] = {.kind = FAR_TYPE_INT, .size = 8},
        [G_FLOAT] = {.kind = FAR_TYPE_FLOAT, .size = 4},
        [G_DOUBLE] = {.kind = FAR_TYPE_FLOAT, .size = 8},
        [G_NODE] = {.kind = FAR_TYPE_STRUCT, .size = 32},
        [G_NODE_POINTER] = {.kind = FAR_TYPE_POINTER, .size = 8, .target = G_NODE},
        [G_CHARS] = {.kind = FAR_TYPE_POINTER, .size = 8, .target = G_CHAR},
        [G_BYTES] = {.kind = FAR_TYPE_POINTER, .size = 8},
        [G_CHAR] = {.kind = FAR_TYPE_INT, .size = 1},
    };
    char *bytes = calloc(1, 65536);
    struct far_iface *iface = (struct far_iface *)bytes;
    uint32_t at = sizeof *iface, params = 0, text = 60000;
    iface->machine = FAR_ABI_MACHINE;
    iface->types = (struct far_table){at, G_TYPES};
    memcpy(bytes + at, types, sizeof types);
    at += sizeof types;
    iface->exprs = (struct far_table){at, expr_count};
    if (expr_count)
        memcpy(bytes + at, expr, expr_count * sizeof *expr);
    at += expr_count * (uint32_t)sizeof *expr;
    iface->ops = (struct far_table){at, op_count};
    at += op_count * (uint32_t)sizeof(struct far_op);
    iface->params.offset = at;
    for (uint32_t i = 0; i < op_count; i++) {
        struct far_op *to = (struct far_op *)(bytes + iface->ops.offset) + i;
        *to = (struct far_op){.name = gate_text(bytes, &text, op[i].name),
                              .slot = i + 1,
                              .flags = op[i].flags,
                              .first_param = params,
                              .param_count = op[i].param_count,
                              .deadline_ms = op[i].deadline_ms,
                              .fails = op[i].fails};
        memcpy(bytes + at, op[i].param, (1 + op[i].param_count) * sizeof *op[i].param);
        at += (1 + op[i].param_count) * (uint32_t)sizeof *op[i].param;
        params += 1 + op[i].param_count;
    }
    iface->params.count = params;
    return iface;
}

static inline void gate_write_stubs(struct gate_service *service, uint32_t op_count)
{
    uint8_t *stubs = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct far_linkage *linkage = (struct far_linkage *)(stubs + 4096);
    gate_write_way(stubs);
    for (uint32_t slot = 1; slot <= op_count + 1; slot++) /* one more than there are operations */
        gate_write_stub(stubs + slot * FAR_STUB_SIZE, stubs, slot);
    *linkage = (struct far_linkage){.gate = (uint64_t)far_gate_process, .binding = (uint64_t)&service->binding};
    __builtin___clear_cache((char *)stubs, (char *)stubs + 4096);
    CHECK(mprotect(stubs, 4096, PROT_READ | PROT_EXEC) == 0);
    service->stubs = stubs;
}

/* The stub of operation `index` of the table, to be called by its own type. */
static inline void *gate_stub(const struct gate_service *service, uint32_t index)
{
    return service->stubs + (index + 1) * FAR_STUB_SIZE;
}

static inline void gate_make(struct gate_service *service, const struct gate_op *op, uint32_t op_count,
                             const struct far_expr *expr, uint32_t expr_count)
{
    memset(service, 0, sizeof *service);
    struct far_binding *binding = &service->binding;
    binding->iface = service->host.iface = gate_record(op, op_count, expr, expr_count);
    CHECK(plans_from_iface(&binding->plans, binding->iface) == 0);
    binding->slot_flags = binding->plans.slot_flags;
    binding->slot_count = binding->plans.slot_count;
    binding->plan = binding->plans.plan;
    strcpy(binding->service, "test");
    service->host.plans = binding->plans;
    service->host.spin = 200;
    service->host.function = calloc(op_count + 1, sizeof(uint64_t));
    for (uint32_t i = 0; i < op_count; i++)
        service->host.function[i + 1] = (uint64_t)op[i].function;
    gate_write_stubs(service, op_count);
}

/* A channel of this thread at `depth`, and its worker in the host. */
static inline int gate_astack(struct gate_service *service, uint32_t depth, uint64_t size)
{
    int fd = memfd_create("astack", MFD_CLOEXEC);
    struct far_channel *channel = &far_thread_get()->channel[depth][service->binding.index];
    CHECK(fd >= 0 && ftruncate(fd, (off_t)size) == 0);
    void *astack = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    *channel = (struct far_channel){.astack = astack, .size = size, .spin = 200, .id = depth + 1, .host_pidfd = -1};
    if (depth == 0)
        service->astack = astack;
    return fd;
}

/* Start the host: a child that serves the A-stacks of depths 0 and 1, until it is killed. */
static inline void gate_start(struct gate_service *service, enum far_level level)
{
    int fd[2] = {gate_astack(service, 0, FAR_ASTACK_DEFAULT), gate_astack(service, 1, FAR_ASTACK_DEFAULT)};
    CHECK(handle_types_make(&service->host.handle_types, service->host.iface) == 0);
    fflush(NULL);
    pid_t parent = getpid();
    service->host_pid = fork();
    if (service->host_pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (uint32_t i = 0; i < 2; i++) {
            struct far_host_channel channel = {.channel = i + 1,
                                               .level = level,
                                               .uid = getuid(),
                                               .pid = (uint32_t)parent,
                                               .size = FAR_ASTACK_DEFAULT,
                                               .connection = (uint64_t)parent};
            if (worker_start(&service->host, &channel, fd[i], -1) != 0)
                _exit(70);
        }
        for (;;)
            pause();
    }
    for (int i = 0; i < 2; i++) {
        far_thread->channel[i][0].host_pidfd = (int)syscall(SYS_pidfd_open, service->host_pid, 0);
        close(fd[i]);
    }
}

static inline void gate_kill(struct gate_service *service)
{
    kill(service->host_pid, SIGKILL);
    waitpid(service->host_pid, NULL, 0);
}

static inline void gate_free(struct gate_service *service)
{
    for (int depth = 0; depth < FAR_LEVELS_MAX; depth++)
        if (far_thread->channel[depth][0].astack)
            channel_close(&far_thread->channel[depth][0]);
    plans_free(&service->binding.plans);
    free(service->host.function);
    handle_types_free(&service->host.handle_types);
    free((void *)(uintptr_t)service->binding.iface);
    munmap(service->stubs, 8192);
}

#endif
