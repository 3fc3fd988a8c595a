/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Every word where it may stand: for compilers, in all dialects. */
#ifndef WORDS_H
#define WORDS_H

#include <farcall/annotate.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* clang-format off */
far_service(words, 1, 0);

struct session;
typedef struct session *session_pointer;
typedef struct session *far_handle session_handle;

struct part { size_t size; void *__sized_by(size) bytes; int *__counted_by_or_null(size) marks; };
union content { char *__null_terminated far_case(1, 2) text; long far_default number; };
struct message {
    const char *__null_terminated far_nullable name;
    char *__null_terminated aliases[4];
    struct part *__counted_by(part_count) parts;
    int part_count, kind;
    union content far_selected_by(kind) content;
    int far_fd log;
    unsigned char *__sized_by(room) far_granted far_out to;
    size_t room;
    void *far_opaque user;
    void *far_withheld secret;
    int (*far_callback far_nullable done)(void *far_opaque user, const char *__null_terminated far_lifetime(call) *far_out why);
    struct message *next;
    struct session *far_handle session;
};
struct theirs { const unsigned char *next_in; unsigned avail_in; void *state; };
struct far_describes(struct theirs) theirs_far { const unsigned char *__sized_by(avail_in) far_in next_in; void *far_handle state; };

far_shared(read_mostly) extern struct theirs shared_by_all;

far_op far_function_shipped far_fails(-1) far_deadline(500)
    int word_open(const char *__null_terminated name, session_pointer far_handle *far_out session);
far_op far_data_shipped far_vouched(getenv) far_idempotent const struct theirs *far_global word_find(session_handle session, int key);
far_op far_oneway void word_hint(int key);
far_op far_async int word_later(int far_fd file);
far_op far_queued int word_queued(int x);
far_op int word_wide(const void *far_elements(unsigned short) __null_terminated __sized_by(n) text, int n);
far_op far_absent int word_print(const char *format, ...);
far_op int word_close(struct session *far_release far_unless(1) session);
far_op const char *__null_terminated far_lifetime(session) word_error(struct session *far_handle session);
far_op int word_send(const struct message *far_in far_deep message, struct theirs *far_inout z);
far_op long word_read(void *far_out __sized_by_or_null(n) to, size_t n, const union content *far_in far_selected_by(kind) c, int kind);
far_op long word_pull(unsigned (*far_callback more)(const unsigned char *__sized_by(far_result) far_lifetime(call) *far_out bytes));

#ifdef __cplusplus
}
#endif

#endif
