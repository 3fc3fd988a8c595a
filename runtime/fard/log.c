/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/fard/log.h"
#include "runtime/fard/error.h"

#include "runtime/format/complain.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of the process, as standard error is: set once before there is anything else (log_configure). */
static struct {
    enum log_form form;
    enum log_level least;
    bool journal;
} settings = {LOG_FORM_TEXT, LOG_LEVEL_INFO, false};

#define TAIL    8   /* kept free for what ends a line: "\"}\n" */
#define MESSAGE 512 /* kept free for the message: it is what people read, and fields can be as long as clients like */
#define SHORT   512 /* kept free of long texts, for numbers */

/* A line under construction. From the first piece that does not fit, nothing more is written. */
struct writing {
    char *line;
    size_t used, room;
    bool full;
};

static void put(struct writing *to, const char *bytes, size_t size)
{
    to->full |= to->used + size > to->room;
    if (to->full)
        return;
    memcpy(to->line + to->used, bytes, size);
    to->used += size;
}

static void put_word(struct writing *to, const char *word)
{
    put(to, word, strlen(word));
}

/* One character of a text, escaped where a terminal would act on it. Returns the bytes it took of the text. */
static size_t put_visible(struct writing *to, const char *text, size_t at)
{
    char escaped[8];
    unsigned char byte = (unsigned char)text[at];
    size_t length = text_utf8_length(text + at);
    bool control = byte < 0x20 || byte == 0x7f || length == 0 || (byte == 0xc2 && (unsigned char)text[at + 1] < 0xa0);
    if (!control) {
        put(to, text + at, length);
        return length;
    }
    int size = snprintf(escaped, sizeof escaped, byte == '\t' ? "\\t" : "\\x%02x", byte);
    put(to, escaped, (size_t)size);
    return 1;
}

static const char *level_word(enum log_level level)
{
    static const char *const words[] = {
#define X(NAME, name, digit) #name,
        LOG_LEVELS(X)
#undef X
    };
    return words[level];
}

size_t log_write_text(char line[LOG_LINE_MAX], const struct log_record *record, int journal)
{
    static const char digits[] = {
#define X(NAME, name, digit) digit,
        LOG_LEVELS(X)
#undef X
    };
    struct writing to = {line, 0, LOG_LINE_MAX - TAIL, false};
    if (journal)
        put(&to, (char[]){'<', digits[record->level], '>'}, 3);
    put_word(&to, "fard: ");
    for (size_t at = 0; record->message[at];)
        at += put_visible(&to, record->message, at);
    line[to.used++] = '\n';
    return to.used;
}

/* What JSON needs escaped, and nothing that is no UTF-8. */
static size_t put_json_character(struct writing *to, const char *text)
{
    char escaped[8];
    unsigned char byte = (unsigned char)*text;
    size_t length = text_utf8_length(text);
    if (length == 0)
        put_word(to, "\\ufffd");
    else if (byte == '"' || byte == '\\')
        put(to, (char[]){'\\', (char)byte}, 2);
    else if (byte < 0x20 || byte == 0x7f || (byte == 0xc2 && (unsigned char)text[1] < 0xa0))
        put(to, escaped,
            (size_t)snprintf(escaped, sizeof escaped, "\\u%04x", byte == 0xc2 ? (unsigned char)text[1] : byte));
    else
        put(to, text, length);
    return length ? length : 1;
}

static void put_json_text(struct writing *to, const char *text)
{
    put_word(to, "\"");
    while (*text)
        text += put_json_character(to, text);
}

/* A member that does not fit is taken back as a whole; the line stays an object. */
static bool put_json_member(struct writing *to, const char *name, const char *text, uint64_t number)
{
    size_t before = to->used;
    char digits[32];
    put_word(to, ",\"");
    put_word(to, name);
    put_word(to, "\":");
    if (text)
        put_json_text(to, text);
    else
        put(to, digits, (size_t)snprintf(digits, sizeof digits, "%llu", (unsigned long long)number));
    put(to, "\"", text ? 1 : 0);
    bool fits = !to->full;
    if (!fits)
        *to = (struct writing){to->line, before, to->room, false};
    return fits;
}

/* A text for which there is no room becomes "…"; there always is for that, and for numbers. */
static void put_json_field(struct writing *to, const struct log_field *field)
{
    to->room = LOG_LINE_MAX - TAIL - MESSAGE - (field->text ? SHORT : 0);
    if (put_json_member(to, field->name, field->text, field->number))
        return;
    to->room = LOG_LINE_MAX - TAIL - MESSAGE;
    put_json_member(to, field->name, "…", 0);
}

static void put_json_time(struct writing *to, const struct timespec *time)
{
    struct tm parts;
    char words[64];
    gmtime_r(&time->tv_sec, &parts);
    size_t length = strftime(words, sizeof words, "{\"time\":\"%Y-%m-%dT%H:%M:%S", &parts);
    length += (size_t)snprintf(words + length, sizeof words - length, ".%06ldZ\"", time->tv_nsec / 1000);
    put(to, words, length);
}

/* The message is the last, and cut where the line is full; however long the fields are, there is room for most messages. */
size_t log_write_json(char line[LOG_LINE_MAX], const struct log_record *record)
{
    struct writing to = {line, 0, LOG_LINE_MAX - TAIL - MESSAGE, false};
    put_json_time(&to, &record->time);
    put_json_member(&to, "level", level_word(record->level), 0);
    put_json_member(&to, "event", record->event, 0);
    for (unsigned i = 0; i < record->field_count; i++)
        put_json_field(&to, &record->fields[i]);
    to.room = LOG_LINE_MAX - TAIL;
    put_word(&to, ",\"message\":");
    put_json_text(&to, record->message);
    memcpy(line + to.used, "\"}\n", 3);
    return to.used + 3;
}

/* systemd says by JOURNAL_STREAM which file the journal is, so that it is not believed of a stderr redirected since. */
static bool stderr_is_journal(void)
{
    struct stat status;
    char here[64];
    const char *journal = getenv("JOURNAL_STREAM");
    if (!journal || fstat(STDERR_FILENO, &status) != 0)
        return false;
    snprintf(here, sizeof here, "%llu:%llu", (unsigned long long)status.st_dev, (unsigned long long)status.st_ino);
    return strcmp(journal, here) == 0;
}

void log_configure(enum log_form form, enum log_level least)
{
    settings.form = form;
    settings.least = least;
    settings.journal = stderr_is_journal();
}

static int word_find(const char *word, const char *const *words, int count)
{
    for (int i = 0; i < count; i++)
        if (strcmp(word, words[i]) == 0)
            return i;
    return -1;
}

int log_form_find(const char *word)
{
    static const char *const words[] = {
#define X(NAME, name) #name,
        LOG_FORMS(X)
#undef X
    };
    return word_find(word, words, LOG_FORM_COUNT);
}

int log_level_find(const char *word)
{
    static const char *const words[] = {
#define X(NAME, name, digit) #name,
        LOG_LEVELS(X)
#undef X
    };
    return word_find(word, words, LOG_LEVEL_COUNT);
}

/* A log that cannot be written has nowhere to say so. */
static void emit(const struct log_record *record)
{
    char line[LOG_LINE_MAX];
    size_t size =
        settings.form == LOG_FORM_JSON ? log_write_json(line, record) : log_write_text(line, record, settings.journal);
    ssize_t written;
    do
        written = write(STDERR_FILENO, line, size);
    while (written < 0 && errno == EINTR);
}

static void log_words(enum log_level level, const char *event, const struct log_field *fields, unsigned field_count,
                      const char *format, va_list arguments)
{
    char message[LOG_LINE_MAX];
    struct log_record record = {level, event, message, fields, field_count, {0}};
    if (level > settings.least)
        return;
    vsnprintf(message, sizeof message, format, arguments);
    clock_gettime(CLOCK_REALTIME, &record.time);
    emit(&record);
}

void log_event(enum log_level level, const char *event, const struct log_field *fields, unsigned field_count,
               const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    log_words(level, event, fields, field_count, format, arguments);
    va_end(arguments);
}

void log_service(enum log_level level, const char *event, const char *service, int pid, const char *format, ...)
{
    const struct log_field fields[] = {{"service", service, 0}, {"pid", NULL, (uint64_t)pid}};
    va_list arguments;
    va_start(arguments, format);
    log_words(level, event, fields, pid ? 2 : 1, format, arguments);
    va_end(arguments);
}

void fard_log(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    log_words(LOG_LEVEL_INFO, "message", NULL, 0, format, arguments);
    va_end(arguments);
}
