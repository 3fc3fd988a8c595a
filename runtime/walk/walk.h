/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The walk: how memory with pointers in it crosses a gate, for operations and callbacks alike. Who calls sends and accepts,
 * who is called receives and replies:
 *
 *     caller                                      callee
 *     walk_send: finds all objects
 *     walk_put: its memory → area     ═══════►    walk_receive: area → memory of its own, words → pointers
 *                                                 (the function runs)
 *     walk_accept: area → its memory  ◄═══════    walk_reply: what has changed, what comes out → area
 *
 * No shared memory is assumed: the area is a row of bytes that both sides have. Neither believes the other. Both count
 * objects and work out sizes and places alike, from bytes that each has read once into memory of its own; a word names an
 * object by number, never by place. In the area lie, each at the next multiple of 16: the objects on the way in; for each
 * of them that goes both ways one bit a byte, which says what of it has changed; the objects that come out anew.
 *
 * No I/O, no locks but those of tables that threads share, no recursion along pointers.
 */
#ifndef FARCALL_WALK_H
#define FARCALL_WALK_H

#include "runtime/astack.h"
#include "runtime/iface.h"
#include "runtime/walk/kept.h"
#include "runtime/walk/memory.h"
#include "runtime/walk/results.h"

#include <stdbool.h>

/* What a call may lead to, at most. */
#define WALK_OBJECTS_MAX (1u << 20)
#define WALK_DEEP_MAX    (64u << 20) /* bytes below far_deep */

/* What a function takes and returns: an operation's or a callback's entries of the record. */
struct walk_signature {
    const struct far_iface *iface;
    const struct far_param *function; /* its result, then its parameters */
    uint32_t count;                   /* parameters */
};

struct walk;
struct walk_object;
struct walk_handle;

/*
 * What the walk asks of who runs it. Statuses are enum far_call_status; a hook that is NULL refuses. Caller and callee
 * give different ones.
 */
struct walk_hooks {
    /* Do both sides reach this memory, at this address? */
    bool (*shares)(void *context, uint64_t address, uint64_t bytes);
    /* The same of what the caller has granted. Asked for values that are FAR_VALUE_GRANTED alone. written: by the callee. */
    bool (*granted)(void *context, uint64_t address, uint64_t bytes, bool written);
    /* GLOBAL. Callee: may the caller name this memory? Caller: may what the callee names be believed? */
    bool (*may_name)(void *context, uint64_t address, uint64_t bytes, bool written);
    /* Callee: may the caller read this memory of the callee's? Then its address comes out. deep: and all it leads to. */
    bool (*may_read)(void *context, uint64_t address, uint64_t bytes, bool deep);
    /*
     * The handles' owner: one comes in, and is used until handle_end or, if nothing was called, handle_put_down. value
     * says of what type it must be, and whether it is released.
     */
    unsigned (*handle_begin)(void *context, const struct far_value *value, uint64_t handle);
    void (*handle_end)(void *context, const struct far_value *value, uint64_t handle);
    void (*handle_put_down)(void *context, const struct far_value *value, uint64_t handle);
    /* The handles' owner: one goes out, or memory that is to be released. */
    unsigned (*handle_give)(void *context, const struct far_value *value, uint64_t handle);
    /* The same of one that ends with another: `parent`, which `of` says what it is. NULL: handle_give does. */
    unsigned (*handle_give_of)(void *context, const struct far_value *value, uint64_t handle,
                               const struct far_value *of, uint64_t parent);
    /* Functions: the caller's becomes a word, and a word something that can be called. */
    unsigned (*out_function)(void *context, const struct walk *walk, uint64_t address,
                             const struct far_callback *callback, uint64_t *word);
    unsigned (*in_function)(void *context, const struct walk *walk, uint64_t word, const struct far_callback *callback,
                            uint64_t *address);
    /* A function of the service's own. comes_out: the interface says that it does; otherwise it is NULL for the client. */
    unsigned (*give_function)(void *context, const struct walk *walk, uint64_t address,
                              const struct far_callback *callback, bool comes_out, uint64_t *word);
    /* Descriptors: one goes with this message, and `word` says which it is; one that a word names has come with it. */
    unsigned (*out_descriptor)(void *context, const struct walk *walk, int descriptor, uint32_t *word);
    unsigned (*in_descriptor)(void *context, const struct walk *walk, uint32_t word, int *descriptor);
    /* Callee: one that was given away, but the answer cannot be: it is nobody's. */
    void (*drop_descriptor)(void *context, int descriptor);
    /* With walk.notes: these bytes were written into the area; `at` counts from where `area_at` does. */
    void (*wrote)(void *context, uint64_t at, uint64_t bytes);
};

/* One call. Begins as zero, but for the first block. */
struct walk {
    struct walk_signature of;
    const struct walk_hooks *hooks;
    void *context;
    struct walk_memory *memory;   /* for the time of the call */
    struct walk_kept *kept;       /* caller: which of its memory is kept; callee: what it keeps. NULL: nothing can be */
    struct walk_results *results; /* caller: where what comes out goes. NULL: nothing can come out */
    uint64_t word[FAR_PARAM_MAX]; /* parameters: caller: the arguments. Callee: what the function is given. Of one by
                                     value: where it lies */
    uint64_t line[FAR_PARAM_MAX]; /* parameters as they cross: written by walk_send, read by walk_receive */
    uint64_t result;              /* callee: what the function returned; caller: what the program is given */
    uint64_t by_value;            /* a result by value: where it lies; caller: given; callee: after walk_receive */
    uint64_t capacity;            /* bytes of the area */
    uint64_t end;                 /* bytes of it in use */
    /* Callbacks. Caller: what it keeps for whom it calls; callee: which of its memory the caller keeps. NULL: nothing */
    struct walk_kept *gives_back;
    uint64_t function; /* callbacks: which it is; caller: its word, callee: its address */
    uint32_t
        back; /* parameters, a bit each: opaque ones that cross as the number of kept memory, as which the callee is
                          given its own address. Written by walk_send, read by walk_receive */
    uint64_t begun;   /* what had begun to be kept when the call began: what a handle ends is not newer */
    uint64_t given;   /* caller: what its results had given out when the call began: what it ends is not newer */
    bool descriptors; /* the interface has some (far_fd) */
    bool hands_over;  /* callbacks, both sides: what goes in with a lifetime stays with the callee, in its results */
    bool notes;       /* the other side's copy of the area is not this one: hooks->wrote hears what is written */
    uint64_t area_at; /* the same: where this call's area begins */
    /* Private. */
    struct walk_object *object;
    uint32_t count, room;
    uint32_t entered; /* objects on the way in */
    uint32_t visited; /* objects whose pointers were looked at */
    uint64_t deep_bytes;
    uint64_t value[FAR_PARAM_MAX];        /* integers, as sizes see them */
    uint32_t param_object[FAR_PARAM_MAX]; /* 1 + index; 0: NULL, or none */
    uint16_t measured;                    /* parameters from whose memory sizes are read */
    uint16_t late;                        /* parameters whose size is read from another's memory */
    uint32_t looked_at;                   /* 1 + the type that was last looked at for booleans */
    bool has_booleans;                    /* it has */
    bool callee;
    bool after; /* the function has run */
    uint32_t *seen;
    uint32_t seen_room;
    uint32_t *by_address;
    struct walk_handle *handle;
    uint32_t handle_count, handle_room;
};

/* Caller: find everything. DONE, and `end` says how large the area must be; or why it cannot cross. */
unsigned walk_send(struct walk *walk);
/* Caller: into the area. Cannot fail. */
void walk_put(const struct walk *walk, char *area);
/* Caller, after walk_send: does anything come back in the area? */
bool walk_brings_back(const struct walk *walk);
/* Callee. After anything but DONE too: walk_end. */
unsigned walk_receive(struct walk *walk, const char *area);
/* Callee: after the function has run. *word: the result, as it crosses. */
unsigned walk_reply(struct walk *walk, char *area, uint64_t *word);
/* Callee: handles and kept memory are free again, or gone. called: the function has run, whatever became of it. */
void walk_end(struct walk *walk, bool called);
/* Caller: `word` is the callee's result. DONE, or FAR_CALL_STATUS_COUNT: the answer is a lie. */
unsigned walk_accept(struct walk *walk, const char *area, uint64_t word);
/* Caller: what this call has ended, ends. After DONE of walk_accept. */
void walk_settle(struct walk *walk);

#endif
