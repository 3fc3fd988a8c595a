/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * far fuzz: hostile callers and hostile servers made from an interface record alone.
 *
 *     fuzz.c          the command; sessions one after the other, each a process of its own, watched
 *     fuzz_choose.c   numbers that break things, words of the segment; all from one seed
 *     fuzz_make.c     sound arguments, from the record: every object that it describes, at the size that it says
 *     fuzz_spoil.c    what no honest partner would write: words, reference words, bytes
 *     fuzz_message.c  arguments as they lie in an A-stack
 *     fuzz_caller.c   a session of calls to a real host, some sound, most not
 *     fuzz_server.c   a session of calls whose answers lie
 *     fuzz_node.c     a name server of its own, with the service registered
 *     fuzz_report.c   what was reached and found, for people and for programs
 *
 * A session is told by one number, its seed: the same number makes the same calls.
 */
#ifndef FARCALL_FAR_FUZZ_H
#define FARCALL_FAR_FUZZ_H

#include "runtime/astack.h"
#include "runtime/iface.h"
#include "runtime/lib/channel.h"
#include "runtime/lib/gate.h"
#include "runtime/walk/walk.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* --- fuzz_choose.c --- */

struct fuzz_choice {
    uint64_t state;
};

/* Texts that the service itself knows: printable runs of its segment. */
struct fuzz_words {
    char **word;
    uint32_t count;
};

uint64_t choose(struct fuzz_choice *choice);
uint64_t choose_below(struct fuzz_choice *choice, uint64_t end);
bool choose_one_in(struct fuzz_choice *choice, uint64_t of);
/* Small, most often; now and then at an edge. */
uint64_t choose_number(struct fuzz_choice *choice);
/* At an edge: of integers, sizes, addresses. */
uint64_t choose_edge(struct fuzz_choice *choice);
struct fuzz_choice choice_of(uint64_t seed, uint64_t number);
int words_from(struct fuzz_words *words, const uint8_t *bytes, size_t size); /* 0 or -ENOMEM */
void words_free(struct fuzz_words *words);

/* --- fuzz_make.c --- */

/* Memory that a call is given. Lies between bytes that must stay as they are. */
struct fuzz_block {
    char *memory;
    char *before; /* as it was when the call began; NULL: it may change */
    uint64_t bytes;
};

/* Handles that the service has given. `stale`: those it has taken back. */
/* What an honest client's parameters are full of. */
#define FUZZ_CANARY  "only-mine-7Qf3xW"
#define FUZZ_HANDLES 64
struct fuzz_handle {
    const char *type;
    uint64_t value;
    uint64_t parent; /* the handle that it ends with; 0: none */
    bool stale;
};

/* Memory that the service keeps. */
#define FUZZ_KEPT 8
struct fuzz_kept {
    uint32_t type;
    struct fuzz_block block;
};

struct fuzz_maker {
    const struct far_iface *iface;
    const struct fuzz_words *words;
    struct fuzz_choice choice;
    struct fuzz_block *block;
    uint32_t count, room, first; /* first: of this call */
    struct fuzz_handle handle[FUZZ_HANDLES];
    uint32_t handles;
    struct fuzz_kept kept[FUZZ_KEPT];
    bool canary;  /* texts and bytes that nobody else has */
    bool serving; /* what comes out is made too */
    bool again;   /* memory that is kept is filled once more: what the service has put there stays */
    const struct far_op *op;
    const struct far_param *function; /* result, then parameters */
    uint32_t params;
    uint64_t word[FAR_PARAM_MAX];
    uint64_t function_address; /* what CALLBACK parameters are given */
    uint32_t depth;
};

/* Arguments for one call. False: no memory. What cannot be made (a structure by value) is zero. */
bool make_arguments(struct fuzz_maker *maker, const struct far_op *op);
/* Fills memory as an element of what value describes, as a server would: for answers. */
void make_element(struct fuzz_maker *maker, const struct far_value *element, char *memory, uint64_t bytes);
/* A result, or a pointer that comes out, as a server would make it. */
uint64_t make_result(struct fuzz_maker *maker, const struct far_value *value);
/* After a call that is DONE: handles that came and went. */
void make_collect(struct fuzz_maker *maker, uint64_t result);
/* NULL, or what is wrong with memory that the call was not to touch. */
const char *make_check(const struct fuzz_maker *maker);
void make_free(struct fuzz_maker *maker);

/* --- fuzz_message.c --- */

struct fuzz_message {
    struct walk walk;
    struct walk_memory memory;
    uint64_t line[FAR_PARAM_MAX];
    uint64_t end; /* bytes of the area */
};

/* The arguments as an honest client would write them, into line and area. False: they do not cross. */
bool message_write(struct fuzz_message *message, const struct fuzz_maker *maker, const struct far_plan *plan,
                   struct walk_kept *kept, struct far_astack *astack, uint64_t room);
void message_free(struct fuzz_message *message);

/* --- fuzz_spoil.c --- */

/* An area and a line, spoilt in up to a few places. handles may be NULL. */
struct fuzz_target {
    char *area;
    uint64_t end;  /* of what is in use */
    uint64_t room; /* of all of it */
    uint64_t *words[FAR_PARAM_MAX];
    uint32_t word_count;
    const struct fuzz_maker *maker;
};
void spoil(struct fuzz_choice *choice, const struct fuzz_target *target);
uint64_t spoil_word(struct fuzz_choice *choice, const struct fuzz_maker *maker, uint64_t word);

/* --- fuzz_report.c --- */

#define FUZZ_OPS_MAX  4096
#define FUZZ_STATUSES (FAR_CALL_STATUS_COUNT + 1) /* the last: an error of the client's own */
#define FUZZ_FINDINGS 32

#define FUZZ_KINDS(X)                                                                  \
    X(HOST_ENDED, "host-ended", "the service's host ended")                            \
    X(CLIENT_ENDED, "client-ended", "the client's process ended")                      \
    X(NO_ANSWER, "no-answer", "no answer within the time allowed")                     \
    X(BAD_STATUS, "bad-status", "an answer with a status that does not exist")         \
    X(LEAK, "leak", "an answer carries an address of the host's own memory")           \
    X(CANARY_SEEN, "canary", "an answer carries another client's bytes")               \
    X(MEMORY, "memory", "memory of the client's that no parameter covers has changed") \
    X(BELIEVED, "believed", "the client took a pointer that is not the service's")     \
    X(HONEST, "honest-client", "an honest client's sound call failed")

enum fuzz_kind {
#define X(NAME, name, text) FUZZ_##NAME,
    FUZZ_KINDS(X)
#undef X
        FUZZ_KIND_COUNT
};

struct fuzz_finding {
    uint32_t kind; /* enum fuzz_kind */
    uint32_t op;   /* index; UINT32_MAX: none */
    uint64_t seed; /* of the session */
    uint64_t call;
    bool server;
    bool sound;  /* nothing of the call was spoilt: what the interface allows */
    bool honest; /* and it was the honest client's: its calls are not replayed */
    char detail[200];
    char text[600]; /* the call, in C's notation */
};

/* Shared by the sessions' processes and the one that watches. */
struct fuzz_progress {
    uint64_t calls;
    uint64_t session_call; /* of the session under way */
    uint64_t beat;         /* goes up while anything goes on */
    uint32_t op;
    bool sound;
    uint32_t done_calls;
    uint32_t reached[FUZZ_OPS_MAX][FUZZ_STATUSES];
    uint64_t new_at; /* calls when something was last reached for the first time */
    uint32_t finding_count;
    struct fuzz_finding finding[FUZZ_FINDINGS];
    uint64_t honest_calls;
    uint32_t host_ends; /* that the watcher knows of */
    char text[600];     /* of the call under way */
};

#define FUZZ_EXCEPT_MAX 64

struct fuzz_run {
    const char *except[FUZZ_EXCEPT_MAX]; /* operations that are not called */
    uint32_t excepted;
    const char *file;
    const struct far_iface *iface;
    struct fuzz_words words;
    struct fuzz_progress *progress;
    const char *artifacts;
    const char *corpus;
    uint64_t seed;
    uint64_t runs;  /* calls a direction; 0: no limit */
    double seconds; /* a direction; 0: no limit */
    uint64_t session_calls;
    const char *replay;
    bool caller, server, json, replayed, verbose;
    char service[FAR_NAME_MAX + 1];
    char folder[64]; /* of the name server */
};

/* Is it to be called at all? */
bool run_calls(const struct fuzz_run *run, const struct far_op *op);
void progress_note(struct fuzz_run *run, uint32_t op, unsigned status);
void progress_found(struct fuzz_run *run, enum fuzz_kind kind, uint64_t seed, bool server, const char *detail);
void progress_take(struct fuzz_run *run, const struct fuzz_finding *finding); /* another's */
/* The call under way, in C's notation. */
void describe_arguments(char *text, size_t size, const struct fuzz_maker *maker);
int report_print(const struct fuzz_run *run, const char *direction, uint64_t sessions, double seconds);
int report_write_artifact(const struct fuzz_run *run, const struct fuzz_finding *finding);

/* --- fuzz_node.c --- */

struct fuzz_node {
    int fard;
    char socket[96];
    char log[96];
};
/* 0 or an exit code, printed. */
int node_start(struct fuzz_run *run, struct fuzz_node *node);
void node_stop(struct fuzz_run *run, struct fuzz_node *node);
/* Of the log: what was last said of a host's end; "" if nothing. Returns how many have ended. */
uint32_t node_host_ends(const struct fuzz_node *node, char *text, size_t size);

/* --- fuzz_caller.c, fuzz_server.c: a session, in a process of its own. Exit codes --- */

int caller_session(struct fuzz_run *run, uint64_t seed);
int caller_honest(struct fuzz_run *run, uint64_t seed);
int server_session(struct fuzz_run *run, uint64_t seed);

#endif
