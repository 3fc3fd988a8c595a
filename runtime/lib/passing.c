/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/lib/passing.h"

#include "runtime/lib/wait.h"

#include <errno.h>
#include <unistd.h>

#define STANDARD_STREAMS 3 /* never closed: a number that was not set is 0 */

static struct descriptors *list_of(struct descriptors **place, const struct walk *walk)
{
    if (*place)
        return *place;
    struct descriptors *list = walk_take(walk->memory, sizeof *list);
    if (list) {
        list->count = 0;
        list->read = false;
        list->claimed = 0;
    }
    return *place = list;
}

unsigned passing_out(struct passing *passing, const struct walk *walk, int descriptor, uint32_t *word)
{
    struct descriptors *going = list_of(&passing->going, walk);
    return going ? descriptors_add(going, descriptor, word) : FAR_CALL_NO_MEMORY;
}

/* --- what functions are lent --- */

static bool lend(const struct descriptors *come)
{
    struct far_lent *lent = &far_thread->lent;
    if (come->count > FAR_LENT_MAX - lent->count)
        return false;
    for (uint32_t i = 0; i < come->count; i++) {
        lent->item[lent->count].fd = come->fd[i];
        lent->item[lent->count++].depth = far_thread->depth;
    }
    return true;
}

void passing_end_lent(struct far_thread *thread, uint32_t depth)
{
    struct far_lent *lent = &thread->lent;
    int saved = errno;
    while (lent->count && lent->item[lent->count - 1].depth > depth)
        close(lent->item[--lent->count].fd);
    errno = saved;
}

static bool is_lent(int fd)
{
    const struct far_lent *lent = &far_thread->lent;
    uint32_t i = 0;
    while (i < lent->count && lent->item[i].fd != fd)
        i++;
    return i < lent->count;
}

/* --- what comes --- */

/* channel NULL: calls that crossed with others, under one number. */
static int take(struct descriptors *come, const struct far_channel *channel, bool lends)
{
    int socket = channel ? channel_socket(channel) : -1;
    uint32_t count = socket >= 0 ? descriptors_await(socket, channel->sequence) : 0;
    int failed = count ? descriptors_take(socket, come, count) : EBADF;
    if (failed || !lends || lend(come))
        return failed;
    descriptors_close(come, UINT64_MAX);
    come->count = 0;
    return EMFILE;
}

unsigned passing_in(struct passing *passing, const struct walk *walk, const struct far_channel *channel, bool lends,
                    uint32_t word, int *descriptor)
{
    struct descriptors *come = list_of(&passing->come, walk);
    if (!come)
        return FAR_CALL_NO_MEMORY;
    int failed = come->read ? 0 : take(come, channel, lends);
    come->read = true;
    if (failed == EMFILE)
        passing->error = EMFILE;
    return failed == EMFILE ? FAR_CALL_NO_DESCRIPTORS : descriptors_claim(come, word, descriptor);
}

void passing_settle(const struct passing *passing, bool believed)
{
    int saved = errno;
    if (passing->come)
        descriptors_close(passing->come, believed ? ~passing->come->claimed : UINT64_MAX);
    errno = saved;
}

void passing_forget(const struct far_channel *channel)
{
    int saved = errno, socket = channel->astack && channel->socket ? channel_socket(channel) : -1;
    if (socket >= 0)
        descriptors_drop(socket);
    errno = saved;
}

/* --- what goes --- */

bool passing_has_any(const struct passing *passing)
{
    return passing->going && passing->going->count;
}

int passing_send(const struct passing *passing, const struct far_channel *channel)
{
    int saved = errno, failed = 0;
    if (passing_has_any(passing)) {
        int socket = channel_socket(channel);
        failed = socket < 0 ? ENOTCONN : descriptors_send(socket, far_next_sequence(channel->sequence), passing->going);
    }
    errno = saved;
    return failed;
}

static bool is_before(const struct descriptors *going, uint32_t i)
{
    uint32_t before = 0;
    while (going->fd[before] != going->fd[i])
        before++;
    return before < i;
}

void passing_given(const struct passing *passing)
{
    const struct descriptors *going = passing->going;
    int saved = errno;
    for (uint32_t i = 0; going && i < going->count; i++)
        if (going->fd[i] >= STANDARD_STREAMS && !is_lent(going->fd[i]) && !is_before(going, i))
            close(going->fd[i]);
    errno = saved;
}

void passing_drop(struct passing *passing, const struct walk *walk, int descriptor)
{
    uint32_t unused;
    struct descriptors *going = list_of(&passing->going, walk);
    for (uint32_t i = 0; going && i < going->count; i++)
        if (going->fd[i] == descriptor)
            return;
    if (going && descriptors_add(going, descriptor, &unused) == FAR_CALL_DONE)
        return;
    if (descriptor >= STANDARD_STREAMS && !is_lent(descriptor))
        close(descriptor);
}
