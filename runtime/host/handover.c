/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/host/handover.h"
#include "runtime/host/host.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define FIRST_BATCH_MS 2000 /* an old host that hangs must not keep the new one from serving */

static pthread_mutex_t handover_lock = PTHREAD_MUTEX_INITIALIZER; /* before a client's */
static int handover_fd = -1;                                      /* written once, atomically */

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
    pthread_mutex_lock(&handover_lock);
    __atomic_store_n(&handover_fd, fd, __ATOMIC_RELEASE); /* first: what becomes free from now on goes by itself */
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

/* Returns whether the last one was the mark of the end. */
static bool take_records(const struct handover_record *record, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct host_client *client = record[i].value ? client_get(record[i].pid, record[i].uid) : NULL;
        if (!client)
            continue;
        handle_give(client, record[i].value);
        client_put(client);
    }
    return count && record[count - 1].value == 0;
}

/* How many came; 0: nobody is there any more. */
static uint32_t receive_records(int fd, struct handover_record record[HANDOVER_BATCH])
{
    ssize_t got;
    do
        got = recv(fd, record, HANDOVER_BATCH * sizeof *record, 0);
    while (got < 0 && errno == EINTR);
    return got > 0 ? (uint32_t)((size_t)got / sizeof *record) : 0;
}

static void *take_the_rest(void *argument)
{
    struct handover_record record;
    int fd = (int)(intptr_t)argument;
    while (recv(fd, &record, sizeof record, 0) == sizeof record) {
        take_records(&record, 1);
        if (send(fd, "", 1, MSG_NOSIGNAL) != 1)
            break;
    }
    close(fd);
    return NULL;
}

static void take_first_batch(int fd)
{
    static struct handover_record record[HANDOVER_BATCH + 1];
    struct pollfd old_host = {.fd = fd, .events = POLLIN};
    while (poll(&old_host, 1, FIRST_BATCH_MS) > 0) {
        uint32_t count = receive_records(fd, record);
        if (count == 0 || take_records(record, count))
            return;
    }
}

void handover_take(int fd)
{
    pthread_t thread;
    pthread_attr_t attributes;
    take_first_batch(fd);
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    if (pthread_create(&thread, &attributes, take_the_rest, (void *)(intptr_t)fd) != 0)
        close(fd);
    pthread_attr_destroy(&attributes);
}
