/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* From the node where a service is: its files, piece by piece, and how it is shipped. Nothing of it is believed before segment_check(). */
#include "runtime/fard/cluster_inside.h"
#include "runtime/fard/parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define FETCH_SEGMENT_MAX   (1ull << 30)
#define FETCH_SHIPPINGS_MAX ((size_t)1 << 20)

static void go_on(struct away_fetch *fetch);

void away_fetch_end(struct away_fetch *fetch)
{
    if (fetch->asking)
        node_question_drop(&fetch->question);
    fetch->asking = false;
    free(fetch->bytes);
    free(fetch->shippings);
    fetch->bytes = NULL;
    fetch->shippings = NULL;
}

static void done(struct away_fetch *fetch, const struct far_error *error)
{
    fetch->done(fetch, error); /* it may be gone by then */
}

static void refuse_answer(struct away_fetch *fetch, const char *what)
{
    struct far_error error;
    refuse(&error, EPROTO, EX_PROTOCOL, "node '%s' has sent %s that cannot be understood", fetch->entry.node, what);
    done(fetch, &error);
}

static void ask(struct away_fetch *fetch, uint16_t type, const void *body, size_t size,
                void (*answered)(struct node_question *, const struct far_message *, const struct far_error *))
{
    struct far_error error;
    struct node *node = node_reach(fetch->fard, fetch->entry.node, fetch->entry.address);
    if (!node) {
        describe_failure(&error, -ENOMEM, "a link to another node");
        done(fetch, &error);
        return;
    }
    fetch->asking = true;
    fetch->question.answered = answered;
    node_ask(node, type, body, size, &fetch->question);
}

/* ---- Files ---- */

static bool is_in_store(struct away_fetch *fetch)
{
    struct far_error ignored;
    int fd;
    if (store_open_segment(fetch->fard->store, fetch->entry.executable[fetch->executable].build_id, &fd, &ignored))
        return false;
    close(fd);
    return true;
}

static int keep_segment(struct away_fetch *fetch, struct far_error *error)
{
    char why[700];
    struct far_segment segment;
    const uint8_t *build_id = fetch->entry.executable[fetch->executable].build_id;
    if (segment_check(fetch->bytes, (size_t)fetch->size, 0, &segment, why, sizeof why))
        return refuse(error, EINVAL, EX_DATAERR, "node '%s' has sent no sound segment: %s", fetch->entry.node, why);
    if (memcmp(segment.note->build_id, build_id, 32) != 0)
        return refuse(error, EINVAL, EX_DATAERR, "node '%s' has sent another segment than it was asked for",
                      fetch->entry.node);
    return store_put_segment(fetch->fard->store, build_id, fetch->bytes, (size_t)fetch->size, error);
}

static void segment_complete(struct away_fetch *fetch)
{
    struct far_error error = {0};
    int result = keep_segment(fetch, &error);
    free(fetch->bytes);
    fetch->bytes = NULL;
    if (result) {
        describe_failure(&error, result < 0 ? result : -EIO, "keeping a segment");
        done(fetch, &error);
        return;
    }
    fetch->executable++;
    go_on(fetch);
}

/* False: it makes no sense. */
static bool take_piece(struct away_fetch *fetch, const struct far_message *reply)
{
    struct link_segment_piece piece;
    size_t body = reply->size - sizeof *reply;
    if (body <= sizeof piece)
        return false;
    memcpy(&piece, reply + 1, sizeof piece);
    size_t bytes = body - sizeof piece;
    if (piece.size == 0 || piece.size > FETCH_SEGMENT_MAX || (fetch->bytes && piece.size != fetch->size))
        return false;
    if (!fetch->bytes && !(fetch->bytes = malloc((size_t)piece.size)))
        return false;
    fetch->size = piece.size;
    if (bytes > fetch->size - fetch->got)
        return false;
    memcpy(fetch->bytes + fetch->got, (const uint8_t *)(reply + 1) + sizeof piece, bytes);
    fetch->got += bytes;
    return true;
}

static void piece_came(struct node_question *question, const struct far_message *reply, const struct far_error *error)
{
    struct away_fetch *fetch = list_entry(question, struct away_fetch, question);
    fetch->asking = false;
    if (!reply)
        done(fetch, error);
    else if (!take_piece(fetch, reply))
        refuse_answer(fetch, "a piece of a segment");
    else if (fetch->got == fetch->size)
        segment_complete(fetch);
    else
        go_on(fetch);
}

static void ask_piece(struct away_fetch *fetch)
{
    struct link_segment body = {.offset = fetch->bytes ? fetch->got : 0};
    if (!fetch->bytes)
        fetch->got = 0;
    memcpy(body.build_id, fetch->entry.executable[fetch->executable].build_id, sizeof body.build_id);
    ask(fetch, LINK_SEGMENT, &body, sizeof body, piece_came);
}

/* ---- Shippings ---- */

static void all_is_here(struct away_fetch *fetch)
{
    struct far_error error = {0};
    int result =
        away_add(fetch->fard, &fetch->entry, fetch->shippings ? fetch->shippings : "", fetch->shipping_bytes, &error);
    done(fetch, result ? &error : NULL);
}

static bool take_shippings(struct away_fetch *fetch, const char *strings, size_t size)
{
    if (strings[size - 1] || size > FETCH_SHIPPINGS_MAX - fetch->shipping_bytes)
        return false;
    char *grown = realloc(fetch->shippings, fetch->shipping_bytes + size);
    if (!grown)
        return false;
    fetch->shippings = grown;
    memcpy(grown + fetch->shipping_bytes, strings, size);
    fetch->shipping_bytes += size;
    for (size_t i = 0; i < size; i++)
        fetch->shipping_count += !strings[i];
    return true;
}

static void shippings_came(struct node_question *question, const struct far_message *reply,
                           const struct far_error *error)
{
    struct away_fetch *fetch = list_entry(question, struct away_fetch, question);
    fetch->asking = false;
    if (!reply)
        done(fetch, error);
    else if (reply->size == sizeof *reply)
        all_is_here(fetch);
    else if (!take_shippings(fetch, (const char *)(reply + 1), reply->size - sizeof *reply))
        refuse_answer(fetch, "a list of operations");
    else
        go_on(fetch);
}

static void ask_shippings(struct away_fetch *fetch)
{
    struct link_shippings body = {.first = fetch->shipping_count};
    memcpy(body.name.name, fetch->entry.name, sizeof body.name.name);
    body.name.major = FAR_VERSION_OF(fetch->entry.major);
    ask(fetch, LINK_SHIPPINGS, &body, sizeof body, shippings_came);
}

static void go_on(struct away_fetch *fetch)
{
    uint32_t count = fetch->entry.executable_count < EXECUTABLES_MAX ? fetch->entry.executable_count : EXECUTABLES_MAX;
    while (!fetch->bytes && fetch->executable < count && is_in_store(fetch))
        fetch->executable++;
    if (fetch->executable < count)
        ask_piece(fetch);
    else
        ask_shippings(fetch);
}

void away_fetch_begin(struct away_fetch *fetch)
{
    go_on(fetch);
}
