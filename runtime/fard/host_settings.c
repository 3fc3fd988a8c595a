/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/fard/host_settings.h"

#include "runtime/room.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define FILES_MIN 16 /* far-host itself needs some */

static const char *const words[HOST_SETTING_COUNT] = {
#define X(NAME, word, take, otherwise) [HOST_SETTING_##NAME] = word,
    HOST_SETTINGS(X)
#undef X
};

static const char *const otherwises[HOST_SETTING_COUNT] = {
#define X(NAME, word, take, otherwise) [HOST_SETTING_##NAME] = otherwise,
    HOST_SETTINGS(X)
#undef X
};

const char *host_setting_word(enum host_setting setting)
{
    return words[setting];
}

const char *host_setting_otherwise(enum host_setting setting)
{
    return otherwises[setting];
}

static int wrong(struct far_error *error, const char *name, const char *value, const char *wanted)
{
    return refuse(error, EINVAL, EX_USAGE, "--%s %.200s: it can be %s", name, value, wanted);
}

/* A whole number without a sign; `units` allows one of K, M, G behind it. */
static bool parse_number(const char *text, bool units, uint64_t *number)
{
    static const char unit[] = "KMG";
    char *end;
    if (*text < '0' || *text > '9')
        return false;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    const char *letter = units && *end ? strchr(unit, *end) : NULL;
    unsigned shift = letter ? 10 * (unsigned)(letter - unit + 1) : 0;
    if (errno || end[letter != NULL] || value == 0 || value > UINT64_MAX >> 1 >> shift)
        return false;
    *number = (uint64_t)value << shift;
    return true;
}

static int take_count(uint32_t *to, const char *name, const char *value, uint64_t least, const char *wanted,
                      struct far_error *error)
{
    uint64_t number;
    if (!parse_number(value, false, &number) || number < least || number > INT32_MAX)
        return wrong(error, name, value, wanted);
    *to = (uint32_t)number;
    return 0;
}

static int take_sandbox(struct host_settings *settings, const char *value, struct far_error *error)
{
    static const char *const names[FAR_SANDBOX_COUNT] = {
#define X(NAME, name) [FAR_SANDBOX_##NAME] = #name,
        FAR_SANDBOXES(X)
#undef X
    };
    for (uint32_t i = 0; i < FAR_SANDBOX_COUNT; i++) {
        settings->rights.sandbox = i;
        if (strcmp(value, names[i]) == 0)
            return 0;
    }
    return wrong(error, "sandbox", value, "default, strict or off");
}

static int take_memory(struct host_settings *settings, const char *value, struct far_error *error)
{
    return parse_number(value, true, &settings->rights.memory)
               ? 0
               : wrong(error, "memory", value, "a number of bytes, with K, M or G behind it");
}

static int take_stack(struct host_settings *settings, const char *value, struct far_error *error)
{
    uint64_t bytes;
    if (!parse_number(value, true, &bytes) || bytes < ROOM_STACK_LEAST || bytes > ROOM_STACK_MOST || bytes % 4096)
        return wrong(error, "stack", value, "a number of bytes from 64K to 256M, a multiple of 4K");
    settings->rights.stack = (uint32_t)bytes;
    return 0;
}

static int take_cpu(struct host_settings *settings, const char *value, struct far_error *error)
{
    return parse_number(value, false, &settings->rights.cpu) ? 0 : wrong(error, "cpu", value, "a number of seconds");
}

static int take_files(struct host_settings *settings, const char *value, struct far_error *error)
{
    return take_count(&settings->rights.files, "files", value, FILES_MIN, "a number of descriptors, 16 or more", error);
}

static int take_processes(struct host_settings *settings, const char *value, struct far_error *error)
{
    return take_count(&settings->rights.processes, "processes", value, 1, "a number of processes and threads", error);
}

static bool has_control_character(const char *text)
{
    while ((unsigned char)*text >= ' ' && *text != 0x7f)
        text++;
    return *text != '\0';
}

/* ":rx", ":ro" and the like: somebody meant rights. */
static bool ends_in_rights(const char *path)
{
    const char *colon = strrchr(path, ':');
    return colon && colon[1] && strlen(colon) <= 4 && strspn(colon + 1, "rwxo") == strlen(colon + 1);
}

/* PATH or PATH:rw. A line break could not be told from the next path, where they are kept. */
static int take_path(struct host_settings *settings, const char *value, struct far_error *error)
{
    struct far_host_rights *rights = &settings->rights;
    size_t length = strlen(value);
    bool writable = length > 3 && strcmp(value + length - 3, ":rw") == 0;
    if (writable)
        length -= 3;
    if (value[0] != '/' || has_control_character(value))
        return wrong(error, "allow-path", value, "a path from / on, with :rw behind it to write there as well");
    if (!writable && ends_in_rights(value))
        return wrong(error, "allow-path", value,
                     "PATH or PATH:rw, no other rights; a path that ends so is written PATH/");
    if (length + 2 > sizeof rights->paths - rights->path_bytes)
        return refuse(error, E2BIG, EX_USAGE, "--allow-path %.200s: all paths together have %d bytes at most", value,
                      FAR_HOST_PATHS_MAX);
    char *to = rights->paths + rights->path_bytes;
    to[0] = writable ? 'w' : 'r';
    memcpy(to + 1, value, length);
    to[length + 1] = '\0';
    rights->path_bytes += (uint32_t)length + 2;
    return 0;
}

static int take_net(struct host_settings *settings, const char *value, struct far_error *error)
{
    if (strcmp(value, "yes") != 0)
        return wrong(error, "allow-net", value, "yes");
    settings->rights.flags |= FAR_HOST_NET;
    return 0;
}

static int take_start(struct host_settings *settings, const char *value, struct far_error *error)
{
    settings->on_demand = strcmp(value, "demand") == 0;
    return settings->on_demand || strcmp(value, "now") == 0 ? 0 : wrong(error, "start", value, "now or demand");
}

static int take_idle(struct host_settings *settings, const char *value, struct far_error *error)
{
    return take_count(&settings->idle_s, "idle", value, 1, "a number of seconds", error);
}

static int take(struct host_settings *settings, enum host_setting setting, const char *value, struct far_error *error)
{
    static int (*const takers[HOST_SETTING_COUNT])(struct host_settings *, const char *, struct far_error *) = {
#define X(NAME, word, taker, otherwise) [HOST_SETTING_##NAME] = taker,
        HOST_SETTINGS(X)
#undef X
    };
    return takers[setting](settings, value, error);
}

void host_settings_init(struct host_settings *settings)
{
    memset(settings, 0, sizeof *settings);
    settings->idle_s = HOST_IDLE_DEFAULT;
}

void host_settings_free(struct host_settings *settings)
{
    for (int i = 0; i < HOST_SETTING_COUNT; i++)
        free(settings->value[i]);
    host_settings_init(settings);
}

/* Behind what was said before, on a line of its own. */
static int keep(char **text, const char *value)
{
    size_t before = *text ? strlen(*text) + 1 : 0, length = strlen(value) + 1;
    char *grown = realloc(*text, before + length);
    if (!grown)
        return -ENOMEM;
    if (before)
        grown[before - 1] = '\n';
    memcpy(grown + before, value, length);
    *text = grown;
    return 0;
}

static int add_line(struct host_settings *settings, enum host_setting setting, const char *value,
                    struct far_error *error)
{
    if (settings->value[setting] && setting != HOST_SETTING_ALLOW_PATH)
        return refuse(error, EINVAL, EX_USAGE, "--%s is said twice", words[setting]);
    int result = take(settings, setting, value, error);
    return result ? result : keep(&settings->value[setting], value);
}

/* As the store keeps them: several lines. */
static int add_lines(struct host_settings *settings, enum host_setting setting, const char *value,
                     struct far_error *error)
{
    char *lines = strdup(value), *rest = lines;
    int result = lines ? 0 : -ENOMEM;
    for (char *line; !result && (line = strsep(&rest, "\n"));)
        result = add_line(settings, setting, line, error);
    free(lines);
    return result;
}

int host_settings_add(struct host_settings *settings, const char *name, const char *value, struct far_error *error)
{
    for (enum host_setting i = 0; i < HOST_SETTING_COUNT; i++) {
        if (strcmp(name, words[i]) == 0)
            return add_lines(settings, i, value, error);
    }
    return refuse(error, EINVAL, EX_USAGE, "'%.100s' is no setting of a host; `far register --help` has them", name);
}

static int read_one(struct host_settings *settings, const char *string, struct far_error *error)
{
    char name[32];
    size_t length = strcspn(string, "=");
    if (string[length] != '=' || length >= sizeof name)
        return refuse(error, EBADMSG, EX_PROTOCOL, "register: a setting is malformed");
    memcpy(name, string, length);
    name[length] = '\0';
    return host_settings_add(settings, name, string + length + 1, error);
}

int host_settings_read(struct host_settings *settings, const char *strings, uint32_t size, struct far_error *error)
{
    int result = 0;
    if (size > HOST_SETTINGS_MAX || (size && strings[size - 1]))
        return refuse(error, EBADMSG, EX_PROTOCOL, "register: the host's settings are malformed");
    for (uint32_t at = 0; !result && at < size; at += (uint32_t)strlen(strings + at) + 1)
        result = read_one(settings, strings + at, error);
    return result;
}

size_t host_settings_write(const struct host_settings *settings, char *strings, size_t room)
{
    size_t used = 0;
    for (enum host_setting i = 0; i < HOST_SETTING_COUNT; i++) {
        if (!settings->value[i])
            continue;
        size_t name = strlen(words[i]), value = strlen(settings->value[i]) + 1;
        if (used + name + 1 + value <= room) {
            memcpy(strings + used, words[i], name);
            strings[used + name] = '=';
            memcpy(strings + used + name + 1, settings->value[i], value);
        }
        used += name + 1 + value;
    }
    return used;
}

int host_settings_copy(struct host_settings *to, const struct host_settings *from)
{
    struct far_error error;
    int result = 0;
    host_settings_init(to);
    for (enum host_setting i = 0; !result && i < HOST_SETTING_COUNT; i++)
        result = from->value[i] ? add_lines(to, i, from->value[i], &error) : 0;
    if (result)
        host_settings_free(to);
    return result;
}

bool host_settings_are_default(const struct host_settings *settings)
{
    for (int i = 0; i < HOST_SETTING_COUNT; i++)
        if (settings->value[i])
            return false;
    return true;
}

static int check_memory(const struct host_settings *settings, struct far_error *error)
{
    const struct far_host_rights *rights = &settings->rights;
    uint64_t least = room_memory_least(rights->stack);
    if (!rights->memory || rights->memory >= least)
        return 0;
    return refuse(
        error, EINVAL, EX_USAGE,
        "--memory %.100s: the least that works is %lluK: half of it is for the stacks of channels' threads, each "
        "%lluK (--stack), and %u must fit",
        settings->value[HOST_SETTING_MEMORY], (unsigned long long)least >> 10,
        (unsigned long long)room_stack(1, rights->stack) >> 10, ROOM_STACKS_LEAST);
}

int host_settings_check(const struct host_settings *settings, uint64_t descriptors, struct far_error *error)
{
    const struct far_host_rights *rights = &settings->rights;
    int result = check_memory(settings, error);
    if (result)
        return result;
    if (rights->files > descriptors)
        return refuse(
            error, EINVAL, EX_USAGE,
            "--files %u: fard itself may have %llu, and no host can have more; say less, or raise fard's limit "
            "(LimitNOFILE=)",
            rights->files, (unsigned long long)descriptors);
    if (rights->processes == 1)
        return refuse(error, EINVAL, EX_USAGE,
                      "--processes 1: the least that works is 2: the host itself, and the thread of one channel");
    if (settings->value[HOST_SETTING_IDLE] && !settings->on_demand)
        return refuse(error, EINVAL, EX_USAGE,
                      "--idle %.100s: only a host with --start demand ends when nobody needs it; say that as well",
                      settings->value[HOST_SETTING_IDLE]);
    return 0;
}
