/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * What fard says while it runs: one event, one line, on standard error, written whole. As words (fard: …), with the
 * journal's level in front where standard error is the journal (sd-daemon(3)), or as one JSON object a line. Whatever the
 * text holds, nothing reaches a terminal but letters: control characters are escaped.
 */
#ifndef FARCALL_LOG_H
#define FARCALL_LOG_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* NAME, the word of --log-level, the number that syslog and the journal know it by */
#define LOG_LEVELS(X)        \
    X(ERROR, error, '3')     \
    X(WARNING, warning, '4') \
    X(NOTICE, notice, '5')   \
    X(INFO, info, '6')       \
    X(DEBUG, debug, '7')
enum log_level {
#define X(NAME, name, digit) LOG_LEVEL_##NAME,
    LOG_LEVELS(X)
#undef X
        LOG_LEVEL_COUNT
};

#define LOG_FORMS(X) X(TEXT, text) X(JSON, json)
enum log_form {
#define X(NAME, name) LOG_FORM_##NAME,
    LOG_FORMS(X)
#undef X
        LOG_FORM_COUNT
};

/* text NULL: the number. A field is a member of the JSON object; in words, the message says what matters. */
struct log_field {
    const char *name;
    const char *text;
    uint64_t number;
};

#define LOG_LINE_MAX 4096u

/* How this process logs. Set once, by main(), before the first line; until then: words, level info. */
void log_configure(enum log_form form, enum log_level least);
/* The words of --log and --log-level; -1: no such one. */
int log_form_find(const char *word);
int log_level_find(const char *word);

/* One line. `event` is a fixed word for programs ("host-died"); the message is for people. */
void log_event(enum log_level level, const char *event, const struct log_field *fields, unsigned field_count,
               const char *format, ...) __attribute__((format(printf, 5, 6)));

/* About one service; pid: of its host, 0: none. */
void log_service(enum log_level level, const char *event, const char *service, int pid, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/*
 * The line itself, with its newline, into `line`: what does not fit is left out and the line is whole all the same (the
 * JSON stays an object). Returns its length. journal: put the level in front for it.
 */
struct log_record {
    enum log_level level;
    const char *event;
    const char *message;
    const struct log_field *fields;
    unsigned field_count;
    struct timespec time;
};
size_t log_write_text(char line[LOG_LINE_MAX], const struct log_record *record, int journal);
size_t log_write_json(char line[LOG_LINE_MAX], const struct log_record *record);

#endif
