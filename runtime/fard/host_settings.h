/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * What was said at registration about a service's host, beside its uid: how it is shut in, its limits, when it is
 * started. "name=value" strings on the wire, rows in the store. No I/O.
 */
#ifndef FARCALL_FARD_HOST_SETTINGS_H
#define FARCALL_FARD_HOST_SETTINGS_H

#include "runtime/fard/error.h"

#include <stdbool.h>
#include <stddef.h>

/* name, its word, the value's shape, what holds if it is not said */
#define HOST_SETTINGS(X)                                                                \
    X(SANDBOX, "sandbox", take_sandbox, "default")                                      \
    X(MEMORY, "memory", take_memory, "no limit")                                        \
    X(STACK, "stack", take_stack, "what fits the memory")                               \
    X(CPU, "cpu", take_cpu, "no limit")                                                 \
    X(FILES, "files", take_files, "no limit")                                           \
    X(PROCESSES, "processes", take_processes, "none but its own, with its threads")     \
    X(ALLOW_PATH, "allow-path", take_path, "the system's libraries, locales and zones") \
    X(ALLOW_NET, "allow-net", take_net, "no")                                           \
    X(START, "start", take_start, "now")                                                \
    X(IDLE, "idle", take_idle, "60")

enum host_setting {
#define X(NAME, word, take, otherwise) HOST_SETTING_##NAME,
    HOST_SETTINGS(X)
#undef X
        HOST_SETTING_COUNT
};

#define HOST_SETTINGS_MAX 4096u /* bytes of all strings of one service */
#define HOST_IDLE_DEFAULT 60u   /* seconds */

struct host_settings {
    char *value[HOST_SETTING_COUNT]; /* as it was said, paths one a line; NULL: nothing was said */
    struct far_host_rights rights;   /* what they mean */
    bool on_demand;
    uint32_t idle_s;
};

/* All zero is a proper one. Each returns 0, FARD_REFUSED or -ENOMEM. */
void host_settings_init(struct host_settings *settings);
void host_settings_free(struct host_settings *settings);
/* One setting. allow-path may be said again and again, everything else once. */
int host_settings_add(struct host_settings *settings, const char *name, const char *value, struct far_error *error);
/* "name=value" strings, each with its NUL, which fill size bytes. */
int host_settings_read(struct host_settings *settings, const char *strings, uint32_t size, struct far_error *error);
/* Do they make sense together, and on this machine, whose fard may have so many descriptors? For what is said anew: what is in
 * a store already stays in force. */
int host_settings_check(const struct host_settings *settings, uint64_t descriptors, struct far_error *error);
/* The same strings; returns how many bytes they need, and writes them if they fit in `room`. */
size_t host_settings_write(const struct host_settings *settings, char *strings, size_t room);
int host_settings_copy(struct host_settings *to, const struct host_settings *from);
bool host_settings_are_default(const struct host_settings *settings);

const char *host_setting_word(enum host_setting setting);
const char *host_setting_otherwise(enum host_setting setting);

#endif
