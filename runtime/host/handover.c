/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/host/handover.h"
#include "runtime/host/host.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FIRST_BATCH_MS 2000 /* an old host that hangs must not keep the new one from serving */

static pthread_mutex_t handover_lock = PTHREAD_MUTEX_INITIALIZER; /* before a client's */
static int handover_fd = -1;                                      /* written once, atomically */

/* Hosts from which handles may still come: while their calls end, what they give must find somebody who passes it on. */
static pthread_mutex_t taking_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t taking_ends = PTHREAD_COND_INITIALIZER;
static unsigned taking;

bool handover_is_taking(void)
{
    pthread_mutex_lock(&taking_lock);
    bool is = taking > 0;
    pthread_mutex_unlock(&taking_lock);
    return is;
}

void handover_wait_for_old_hosts(void)
{
    pthread_mutex_lock(&taking_lock);
    while (taking > 0)
        pthread_cond_wait(&taking_ends, &taking_lock);
    pthread_mutex_unlock(&taking_lock);
}

bool handover_is_on(void)
{
    return __atomic_load_n(&handover_fd, __ATOMIC_ACQUIRE) >= 0;
}

static bool send_records(const struct handover_record *record, uint32_t count)
{
    ssize_t sent;
    do
        sent = send(handover_fd, record, count * sizeof *record, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent == (ssize_t)(count * sizeof *record);
}

/* A batch that is full goes. */
struct batch {
    struct handover_record record[HANDOVER_BATCH];
    uint32_t count;
};

static void add_record(void *context, const struct handover_record *record)
{
    struct batch *batch = context;
    batch->record[batch->count++] = *record;
    if (batch->count < HANDOVER_BATCH)
        return;
    send_records(batch->record, batch->count);
    batch->count = 0;
}

void handover_begin(int fd)
{
    static struct batch batch;
    const struct handover_head head = {HANDOVER_MAGIC};
    pthread_mutex_lock(&handover_lock);
    __atomic_store_n(&handover_fd, fd, __ATOMIC_RELEASE); /* first: what becomes free from now on goes by itself */
    send(fd, &head, sizeof head, MSG_NOSIGNAL);
    clients_take_handles(add_record, &batch);
    batch.record[batch.count++] = (struct handover_record){0};
    send_records(batch.record, batch.count);
    pthread_mutex_unlock(&handover_lock);
}

bool handover_one(const struct handover_record *record)
{
    char answer;
    ssize_t got = -1;
    pthread_mutex_lock(&handover_lock);
    if (send_records(record, 1))
        do
            got = recv(handover_fd, &answer, 1, 0);
        while (got < 0 && errno == EINTR);
    pthread_mutex_unlock(&handover_lock);
    return got == 1;
}

/* The new host's end. */
struct heir {
    int fd;
    size_t record; /* bytes of one: as the old host's head says, if it sends one */
    bool ended;    /* the first batch has come */
    char packet[HANDOVER_BATCH * sizeof(struct handover_record)];
};

static void take_record(struct heir *heir, const char *from)
{
    struct handover_record record = {.name.type = HANDLE_TYPE_UNKNOWN};
    memcpy(&record, from, heir->record);
    struct host_client *client =
        record.name.value ? client_get_by_name((struct client_name){record.node, record.pid, record.uid}) : NULL;
    heir->ended |= record.name.value == 0;
    if (!client)
        return;
    handle_take_over(client, &record);
    client_put(client);
}

/* How long the records are that follow. No record is as short as a head. */
static void take_head(struct heir *heir)
{
    static const struct {
        const char *magic;
        size_t record;
    } heads[] = {{HANDOVER_MAGIC, sizeof(struct handover_record)},
                 {HANDOVER_MAGIC_ALONE, HANDOVER_ALONE},
                 {HANDOVER_MAGIC_TYPED, HANDOVER_TYPED}};
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        if (memcmp(heir->packet, heads[i].magic, sizeof(struct handover_head)) == 0)
            heir->record = heads[i].record;
}

static void take_packet(struct heir *heir, size_t bytes)
{
    if (bytes == sizeof(struct handover_head))
        take_head(heir);
    for (size_t at = 0; at + heir->record <= bytes; at += heir->record)
        take_record(heir, heir->packet + at);
}

/* False: nobody is there any more. */
static bool receive_packet(struct heir *heir)
{
    ssize_t got;
    do
        got = recv(heir->fd, heir->packet, sizeof heir->packet, 0);
    while (got < 0 && errno == EINTR);
    if (got > 0)
        take_packet(heir, (size_t)got);
    return got > 0;
}

static void end_taking(struct heir *heir)
{
    close(heir->fd);
    free(heir);
    pthread_mutex_lock(&taking_lock);
    taking--;
    pthread_cond_broadcast(&taking_ends);
    pthread_mutex_unlock(&taking_lock);
}

/* Of the first batch, which may come late, nothing is answered. */
static void *take_the_rest(void *argument)
{
    struct heir *heir = argument;
    bool answers = heir->ended;
    while (receive_packet(heir) && (!answers || send(heir->fd, "", 1, MSG_NOSIGNAL) == 1))
        answers = heir->ended;
    end_taking(heir);
    return NULL;
}

static void take_first_batch(struct heir *heir)
{
    struct pollfd old_host = {.fd = heir->fd, .events = POLLIN};
    while (!heir->ended && poll(&old_host, 1, FIRST_BATCH_MS) > 0)
        if (!receive_packet(heir))
            return;
}

void handover_take(int fd)
{
    pthread_t thread;
    pthread_attr_t attributes;
    struct heir *heir = calloc(1, sizeof *heir);
    if (!heir) {
        close(fd);
        return;
    }
    heir->fd = fd;
    heir->record = HANDOVER_UNTYPED;
    pthread_mutex_lock(&taking_lock);
    taking++;
    pthread_mutex_unlock(&taking_lock);
    take_first_batch(heir);
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    if (pthread_create(&thread, &attributes, take_the_rest, heir) != 0)
        end_taking(heir);
    pthread_attr_destroy(&attributes);
}
