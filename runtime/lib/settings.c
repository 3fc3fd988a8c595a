/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Compiled with FAR_EARLY_OPTIONS: no libc symbol may be left over (testsuite/runtime/call-early.test looks). */
#include "runtime/lib/settings.h"

#include "runtime/lib/early.h"
#include "runtime/protocol.h"

#define AT_NULL   0
#define AT_SECURE 23

/* One variable that we look for. */
struct wanted {
    const char *name;
    char *value;
    uint32_t room;
    uint32_t length; /* of the value so far; room: it did not fit */
    uint8_t found;
};

enum wanted_index {
    WANT_SOCKET,
    WANT_RUNTIME_DIR,
    WANT_LEVEL,
    WANT_SPIN,
    WANT_UNTRUSTED,
    WANT_BIND_NOW,
    WANT_PERF,
    WANT_CAPABILITIES,
    WANT_TRUSTED,
    WANT_HEAP_SIZE,
    WANT_GATE,
    WANT_AHEAD,
    WANT_COUNT
};

/* Where in the environment's text the reader stands. */
struct reader {
    struct wanted *wanted;
    char name[32];
    uint32_t name_length;
    struct wanted *value_of; /* reading this one's value; NULL: reading a name, or skipping */
    uint8_t skipping;
};

static int secure_process(void)
{
    uint64_t entry[2 * 64]; /* twice what Linux has */
    int secure = 1;         /* not knowing is no reason to believe the environment */
    long fd = early_open_for_reading("/proc/self/auxv");
    if (fd < 0)
        return secure;
    long got = early_read(fd, entry, sizeof entry);
    early_close(fd);
    for (long i = 0; i + 1 < got / (long)sizeof *entry && entry[i] != AT_NULL; i += 2)
        if (entry[i] == AT_SECURE)
            secure = entry[i + 1] != 0;
    return secure;
}

static void reader_match(struct reader *reader)
{
    reader->skipping = 1;
    for (int i = 0; i < WANT_COUNT; i++) {
        struct wanted *wanted = &reader->wanted[i];
        if (wanted->found || early_length(wanted->name) != reader->name_length ||
            !early_equal(wanted->name, reader->name, reader->name_length))
            continue;
        wanted->found = 1;
        reader->value_of = wanted;
    }
}

static void reader_take(struct reader *reader, char c)
{
    if (c == '\0') {
        reader->name_length = 0;
        reader->value_of = NULL;
        reader->skipping = 0;
    } else if (reader->value_of) {
        struct wanted *wanted = reader->value_of;
        if (wanted->length + 1 < wanted->room)
            wanted->value[wanted->length++] = c;
        else
            wanted->length = wanted->room;
    } else if (reader->skipping) {
        return;
    } else if (c == '=') {
        reader_match(reader);
    } else if (reader->name_length < sizeof reader->name) {
        reader->name[reader->name_length++] = c;
    } else {
        reader->skipping = 1;
    }
}

static void read_environment(struct wanted *wanted)
{
    struct reader reader;
    char buffer[1024];
    long fd = early_open_for_reading("/proc/self/environ");
    if (fd < 0)
        return;
    reader.wanted = wanted;
    reader.name_length = 0;
    reader.value_of = NULL;
    reader.skipping = 0;
    for (long got; (got = early_read(fd, buffer, sizeof buffer)) > 0;)
        for (long i = 0; i < got; i++)
            reader_take(&reader, buffer[i]);
    early_close(fd);
    for (int i = 0; i < WANT_COUNT; i++)
        wanted[i].value[wanted[i].length < wanted[i].room ? wanted[i].length : wanted[i].room - 1] = '\0';
}

static uint32_t level_from_text(const char *text)
{
#define X(NAME, name)                                                                         \
    if (early_length(text) == sizeof #name - 1 && early_equal(text, #name, sizeof #name - 1)) \
        return FAR_LEVEL_##NAME;
    FAR_LEVELS(X)
#undef X
    return FAR_LEVEL_COUNT;
}

/* No word is the process gate; another word is none of them. */
static uint32_t gate_from_text(const char *text)
{
    uint32_t length = early_length(text);
    if (length == 0 || (length == 7 && early_equal(text, "process", 7)))
        return FAR_GATE_PROCESS;
    if (length == 3 && early_equal(text, "pku", 3))
        return FAR_GATE_PKU;
    return length == 4 && early_equal(text, "auto", 4) ? FAR_GATE_AUTO : FAR_GATE_AUTO + 1;
}

static int32_t number_from_text(const char *text)
{
    int32_t value = 0;
    for (; *text; text++) {
        if (*text < '0' || *text > '9' || value > 100000000)
            return -1;
        value = value * 10 + (*text - '0');
    }
    return value;
}

/* 4294967296, 4096M, 4G. */
static int bytes_from_text(const char *text, uint64_t *bytes)
{
    uint64_t value = 0;
    for (; *text >= '0' && *text <= '9' && value <= UINT64_MAX >> 8; text++)
        value = value * 10 + (uint64_t)(*text - '0');
    unsigned shift = *text == 'M' ? 20 : *text == 'G' ? 30 : 0;
    if (shift)
        text++;
    *bytes = value << shift;
    return *text == '\0' && value && *bytes >> shift == value;
}

static int exists(const char *path)
{
    return early_call(SYS_faccessat, -100 /* AT_FDCWD */, (long)path, 0 /* F_OK */, 0, 0, 0) == 0;
}

static void choose_socket(struct far_settings *settings, const struct wanted *explicit, const struct wanted *directory)
{
    static const char suffix[] = FAR_SOCKET_USER_SUFFIX, system_wide[] = FAR_SOCKET_SYSTEM;
    if (explicit->found && explicit->length) {
        if (explicit->length >= explicit->room)
            settings->fault = FAR_SETTINGS_SOCKET_LONG;
        return; /* its value was read into settings->socket */
    }
    if (directory->found && directory->length && directory->length + sizeof suffix <= FAR_SOCKET_PATH_MAX) {
        early_copy(settings->socket, directory->value, directory->length);
        early_copy(settings->socket + directory->length, suffix, sizeof suffix);
        if (exists(settings->socket))
            return;
    }
    early_copy(settings->socket, system_wide, sizeof system_wide);
}

static void want(struct wanted *wanted, const char *name, char *value, uint32_t room)
{
    wanted->name = name;
    wanted->value = value;
    wanted->room = room;
    wanted->length = 0;
    wanted->found = 0;
    value[0] = '\0';
}

void far_settings_read(struct far_settings *settings)
{
    struct wanted wanted[WANT_COUNT];
    char directory[FAR_SOCKET_PATH_MAX], bind_now[2], perf[2];
    want(&wanted[WANT_SOCKET], FAR_SOCKET_ENV, settings->socket, sizeof settings->socket);
    want(&wanted[WANT_RUNTIME_DIR], "XDG_RUNTIME_DIR", directory, sizeof directory);
    want(&wanted[WANT_LEVEL], FAR_ENV_LEVEL, settings->level_text, sizeof settings->level_text);
    want(&wanted[WANT_SPIN], FAR_ENV_SPIN, settings->spin_text, sizeof settings->spin_text);
    want(&wanted[WANT_UNTRUSTED], FAR_ENV_UNTRUSTED, settings->untrusted, sizeof settings->untrusted);
    want(&wanted[WANT_BIND_NOW], FAR_ENV_BIND_NOW, bind_now, sizeof bind_now);
    want(&wanted[WANT_PERF], FAR_ENV_PERF, perf, sizeof perf);
    want(&wanted[WANT_CAPABILITIES], FAR_ENV_CAPABILITIES, settings->capabilities, sizeof settings->capabilities);
    want(&wanted[WANT_TRUSTED], FAR_ENV_TRUST_SERVERS, settings->trusted, sizeof settings->trusted);
    want(&wanted[WANT_HEAP_SIZE], FAR_ENV_HEAP_SIZE, settings->heap_text, sizeof settings->heap_text);
    want(&wanted[WANT_GATE], FAR_ENV_GATE, settings->gate_text, sizeof settings->gate_text);
    want(&wanted[WANT_AHEAD], FAR_ENV_AHEAD, settings->ahead_text, sizeof settings->ahead_text);
    settings->fault = FAR_SETTINGS_FINE;
    settings->ahead = FAR_AHEAD_USUAL;
    settings->level = FAR_LEVEL_UNSET;
    settings->spin = -1;
    if (!secure_process())
        read_environment(wanted);
    choose_socket(settings, &wanted[WANT_SOCKET], &wanted[WANT_RUNTIME_DIR]);
    if (settings->level_text[0] && (settings->level = level_from_text(settings->level_text)) == FAR_LEVEL_COUNT)
        settings->fault = FAR_SETTINGS_BAD_LEVEL;
    if (settings->spin_text[0] && (settings->spin = number_from_text(settings->spin_text)) < 0)
        settings->fault = FAR_SETTINGS_BAD_SPIN;
    if (settings->ahead_text[0] &&
        ((settings->ahead = number_from_text(settings->ahead_text)) < 0 || settings->ahead > FAR_AHEAD_MOST))
        settings->fault = FAR_SETTINGS_BAD_AHEAD;
    /* "0" is no; any other value, a longer one too, is yes. */
    settings->bind_now = bind_now[0] && (bind_now[0] != '0' || wanted[WANT_BIND_NOW].length > 1);
    settings->perf = perf[0] && (perf[0] != '0' || wanted[WANT_PERF].length > 1);
    settings->capable = settings->capabilities[0] != '\0';
    if (wanted[WANT_CAPABILITIES].length >= wanted[WANT_CAPABILITIES].room)
        settings->fault = FAR_SETTINGS_CAPABILITIES_LONG;
    settings->gate = gate_from_text(settings->gate_text);
    if (settings->gate > FAR_GATE_AUTO)
        settings->fault = FAR_SETTINGS_BAD_GATE;
    settings->heap_size = 0;
    if (settings->heap_text[0] && !bytes_from_text(settings->heap_text, &settings->heap_size))
        settings->fault = FAR_SETTINGS_BAD_HEAP;
    if (wanted[WANT_TRUSTED].length >= wanted[WANT_TRUSTED].room)
        settings->trusted[0] = '\0';
    /* A list that did not fit may have named any service: run nobody's code. */
    if (wanted[WANT_UNTRUSTED].length >= wanted[WANT_UNTRUSTED].room)
        early_copy(settings->untrusted, "*", 2);
}

static int list_names(const char *list, const char *service)
{
    size_t length = early_length(service);
    while (*list) {
        size_t item = 0;
        while (list[item] && list[item] != ',')
            item++;
        if ((item == 1 && list[0] == '*') || (item == length && early_equal(list, service, length)))
            return 1;
        list += item + (list[item] == ',');
    }
    return 0;
}

uint32_t far_settings_wish(const struct far_settings *settings, const char *service)
{
    uint32_t level = settings->level < FAR_LEVEL_COUNT ? settings->level : FAR_LEVEL_NONE;
    if (list_names(settings->untrusted, service) && (level == FAR_LEVEL_UNSET || level > FAR_LEVEL_READ))
        return FAR_LEVEL_READ;
    return level;
}

enum far_gate_choice far_settings_gate(const struct far_settings *settings, const char *service)
{
    uint32_t wish = far_settings_wish(settings, service);
    return wish == FAR_LEVEL_NONE || wish == FAR_LEVEL_READ ? (enum far_gate_choice)settings->gate : FAR_GATE_PROCESS;
}

uint32_t far_settings_want(const struct far_settings *settings, const char *service)
{
    return far_settings_gate(settings, service) == FAR_GATE_PROCESS ? far_settings_wish(settings, service)
                                                                    : FAR_LEVEL_UNSET;
}
