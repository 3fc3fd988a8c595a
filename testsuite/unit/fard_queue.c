/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What fard believes of queued calls, and what its store keeps of them: order, begun at most once, or five times, whatever ends. */
#include "runtime/fard/queue.h"
#include "testsuite/unit/check.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct far_error error;
static char folder[] = "/tmp/fard_queue.XXXXXX";

/* --- packets --- */

static struct {
    struct far_message head;
    struct far_queue_call call;
    struct far_queue_param param[2];
    char bytes[16];
} packet;

static void sound_packet(void)
{
    memset(&packet, 0, sizeof packet);
    packet.call = (struct far_queue_call){
        .service = "kv",
        .operation = "kv_put",
        .major = 1,
        .param_count = 2,
        .bytes = sizeof packet.param + sizeof packet.bytes,
    };
    packet.param[0].word = 7;
    packet.param[1] = (struct far_queue_param){.word = 1, .offset = sizeof packet.param, .size = sizeof packet.bytes};
    packet.head = (struct far_message){FAR_PROTOCOL_MAGIC, sizeof packet, FAR_MSG_QUEUE_PUT, 1, 1};
}

static bool is_believed(void)
{
    const struct far_queue_call *call;
    return protocol_check_queue_put(&packet.head, &call, &error) == 0;
}

static void what_is_not_sound_is_not_believed(void)
{
    sound_packet();
    CHECK(is_believed());
    packet.call.bytes--;
    CHECK(!is_believed());
    sound_packet();
    packet.call.param_count = FAR_PARAM_MAX + 1;
    CHECK(!is_believed());
    sound_packet();
    packet.call.service[0] = '\0';
    CHECK(!is_believed());
    sound_packet();
    memset(packet.call.operation, 'a', sizeof packet.call.operation);
    CHECK(!is_believed());
    sound_packet();
    strcpy(packet.call.operation, "kv put");
    CHECK(!is_believed());
    sound_packet();
    packet.call.flags = 2;
    CHECK(!is_believed());
    sound_packet();
    packet.param[1].size++;
    CHECK(!is_believed());
    sound_packet();
    packet.param[1].offset = sizeof packet.param - 1;
    CHECK(!is_believed());
    sound_packet();
    packet.param[1].offset = UINT32_MAX;
    CHECK(!is_believed());
    sound_packet();
    packet.param[0].size = 1; /* of no memory */
    CHECK(!is_believed());
}

static void marks_are_checked(void)
{
    struct {
        struct far_message head;
        struct far_queue_mark mark;
    } said = {.head = {FAR_PROTOCOL_MAGIC, sizeof said, FAR_MSG_QUEUE_MARK, 1, 1}};
    const struct far_queue_mark *mark;
    CHECK(protocol_check_queue_mark(&said.head, &mark, &error) == 0);
    said.mark.kind = FAR_QUEUE_MARK_COUNT;
    CHECK(protocol_check_queue_mark(&said.head, &mark, &error) == FARD_REFUSED);
    said.mark.kind = 0;
    said.mark.result_width = 9;
    CHECK(protocol_check_queue_mark(&said.head, &mark, &error) == FARD_REFUSED);
    said.mark.result_width = 8;
    memset(said.mark.reason, 'a', sizeof said.mark.reason);
    CHECK(protocol_check_queue_mark(&said.head, &mark, &error) == FARD_REFUSED);
}

/* --- the store --- */

static const struct queue_line_name line = {.uid = 1000, .service = "kv", .major = 1};

static uint64_t put(struct store *store, uid_t uid, uint32_t flags, uint8_t mark)
{
    uint64_t ticket;
    sound_packet();
    packet.call.flags = flags;
    packet.call.mark[0] = mark;
    CHECK(store_queue_put(store, uid, &packet.call, &packet.param, &ticket, &error) == 0);
    return ticket;
}

static uint64_t next(struct store *store)
{
    static char memory[FAR_QUEUE_BYTES_MAX];
    struct far_queue_call call;
    uint64_t ticket;
    CHECK(store_queue_next(store, &line, &ticket, &call, memory, &error) == 0);
    CHECK(!ticket || (call.bytes == packet.call.bytes && memcmp(memory, &packet.param, call.bytes) == 0 &&
                      strcmp(call.operation, "kv_put") == 0));
    return ticket;
}

static uint32_t state(struct store *store, uint64_t ticket)
{
    struct far_queue_entry entry;
    bool found;
    CHECK(store_queue_get(store, ticket, line.uid, &entry, &found, &error) == 0);
    return found ? entry.state : UINT32_MAX;
}

static void interrupt(struct store *store, uint64_t ticket)
{
    const struct far_queue_mark mark = {.ticket = ticket, .error = EHOSTDOWN, .reason = "gone"};
    CHECK(store_queue_interrupt(store, &mark, &error) == 0);
}

static void calls_are_kept_in_order(struct store *store)
{
    uint64_t ticket, first = put(store, 1000, 0, 1), second = put(store, 1000, 0, 2), others = put(store, 1001, 0, 1);
    struct queue_usage usage;
    CHECK(first < second && second < others && next(store) == first);
    sound_packet();
    packet.call.mark[0] = 2;
    CHECK(store_queue_find(store, 1000, &packet.call, &ticket, &error) == 0 && ticket == second);
    packet.call.mark[0] = 3;
    CHECK(store_queue_find(store, 1000, &packet.call, &ticket, &error) == 0 && ticket == 0);
    CHECK(store_queue_usage(store, 1000, &usage, &error) == 0 && usage.calls == 2 &&
          usage.bytes == 2 * (sizeof packet.call + packet.call.bytes));
    CHECK(state(store, others) == UINT32_MAX); /* another's */
    CHECK(store_queue_begin(store, first, &error) == 0 && state(store, first) == FAR_TICKET_BEGUN);
    CHECK(next(store) == second);
    CHECK(store_queue_return(store, first, &error) == 0 && next(store) == first);
    CHECK(store_queue_begin(store, first, &error) == 0);
    const struct far_queue_mark mark = {
        .ticket = first, .kind = FAR_QUEUE_MARK_DONE, .result = UINT64_MAX, .result_width = 8, .error = EDOM};
    struct far_queue_entry entry[4];
    uint32_t count;
    CHECK(store_queue_end(store, &mark, &error) == 0 && state(store, first) == FAR_TICKET_DONE);
    CHECK(store_queue_list(store, 0, 1000, entry, 4, &count, &error) == 0 && count == 2);
    CHECK(entry[0].ticket == first && entry[0].result == UINT64_MAX && entry[0].error == EDOM);
    CHECK(store_queue_list(store, 0, STORE_QUEUE_ANYBODY, entry, 4, &count, &error) == 0 && count == 3);
    CHECK(store_queue_list(store, second, 1000, entry, 4, &count, &error) == 0 && count == 0);
    CHECK(store_queue_remove(store, others, &error) == 0 && put(store, 1001, 0, 1) > others); /* no number twice */
}

static void what_was_begun_is_begun_again_only_if_it_may(struct store *store)
{
    uint64_t once = put(store, 1000, 0, 10), often = put(store, 1000, FAR_QUEUE_IDEMPOTENT, 11);
    CHECK(store_queue_begin(store, once, &error) == 0 && store_queue_begin(store, often, &error) == 0);
    interrupt(store, 0); /* as at fard's start */
    CHECK(state(store, once) == FAR_TICKET_NOT_KNOWN && state(store, often) == FAR_TICKET_QUEUED);
    for (int tries = 1; tries < FAR_QUEUE_TRIES; tries++) {
        CHECK(state(store, often) == FAR_TICKET_QUEUED && store_queue_begin(store, often, &error) == 0);
        interrupt(store, often);
    }
    CHECK(state(store, often) == FAR_TICKET_NOT_KNOWN);
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

int main(void)
{
    struct store *store = NULL;
    what_is_not_sound_is_not_believed();
    marks_are_checked();
    if (!mkdtemp(folder) || store_open(&store, folder, &error) != 0)
        return 1;
    calls_are_kept_in_order(store);
    what_was_begun_is_begun_again_only_if_it_may(store);
    store_free(store);
    nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    return check_result();
}
