/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/host/descriptors.h"

#include "runtime/lib/descriptors.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define SERVICES_FIRST (FAR_HOST_FD + 1) /* below it are the standard streams and the socket to fard */

struct worker_descriptors {
    struct host_user *user;
    int socket;
    bool lends;
    struct descriptors going, come;
    int *lent; /* innermost last */
    uint32_t lent_count, lent_room;
    uint32_t unread; /* of the last packet: counted. Under the lock */
    struct worker_descriptors *next;
};

static pthread_mutex_t unread_lock = PTHREAD_MUTEX_INITIALIZER; /* before the users' */
static struct worker_descriptors *all;                          /* under it */

/* --- what is counted --- */

/* With the lock held. A client that never reads pays for ever, even when its channel has gone. */
static void look_whether_read(struct worker_descriptors *own)
{
    if (!own->unread || !descriptors_are_read(own->socket))
        return;
    user_end_descriptors(own->user, own->unread);
    own->unread = 0;
}

static bool count(struct worker_descriptors *own, uint32_t more)
{
    if (user_begin_descriptors(own->user, more))
        return true;
    for (struct worker_descriptors *other = all; other; other = other->next)
        if (other->user == own->user)
            look_whether_read(other);
    return user_begin_descriptors(own->user, more);
}

void descriptors_prepare(const struct host *host)
{
    struct sigaction action;
    if (host->plans.descriptors && sigaction(SIGPIPE, NULL, &action) == 0 && !(action.sa_flags & SA_SIGINFO) &&
        action.sa_handler == SIG_DFL)
        signal(SIGPIPE, SIG_IGN);
}

int descriptors_begin(struct worker *worker, int socket)
{
    struct worker_descriptors *own = calloc(1, sizeof *own);
    if (!own)
        return -ENOMEM;
    own->user = client_user(worker->client);
    own->socket = socket;
    pthread_mutex_lock(&unread_lock);
    bool room = count(own, 1);
    if (room) {
        own->next = all;
        all = own;
    }
    pthread_mutex_unlock(&unread_lock);
    if (!room) {
        free(own);
        return -EMFILE;
    }
    worker->descriptors = own;
    return 0;
}

static void leave_list(struct worker_descriptors *own)
{
    struct worker_descriptors **link = &all;
    pthread_mutex_lock(&unread_lock);
    look_whether_read(own);
    while (*link != own)
        link = &(*link)->next;
    *link = own->next;
    pthread_mutex_unlock(&unread_lock);
}

void descriptors_end(struct worker *worker)
{
    struct worker_descriptors *own = worker->descriptors;
    if (!own)
        return;
    descriptors_return(worker, 0);
    leave_list(own);
    close(own->socket);
    user_end_descriptors(own->user, 1);
    if (own->unread)
        user_get_again(own->user); /* who it was must not be forgotten */
    free(own->lent);
    free(own);
    worker->descriptors = NULL;
}

void descriptors_cut_off(const struct worker *worker)
{
    if (worker->descriptors)
        shutdown(worker->descriptors->socket, SHUT_RDWR);
}

/* --- coming --- */

uint32_t descriptors_expect(struct worker *worker, bool lends)
{
    struct worker_descriptors *own = worker->descriptors;
    if (!own)
        return 0;
    own->come.count = own->going.count = 0;
    own->come.claimed = 0;
    own->come.read = false;
    own->lends = lends;
    return own->lent_count;
}

static bool have_room(struct worker_descriptors *own, uint32_t more)
{
    uint32_t room = own->lent_count + more;
    if (room <= own->lent_room)
        return true;
    int *lent = realloc(own->lent, room * sizeof *lent);
    if (!lent)
        return false;
    own->lent = lent;
    own->lent_room = room;
    return true;
}

/* The last numbers stay free for what fard sends. */
static bool are_the_last(const struct descriptors *come)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return false;
    for (uint32_t i = 0; i < come->count; i++)
        if ((rlim_t)come->fd[i] + HOST_DESCRIPTORS_KEPT >= limit.rlim_cur)
            return true;
    return false;
}

static unsigned take(struct worker_descriptors *own, uint32_t coming)
{
    int failed = descriptors_take(own->socket, &own->come, coming);
    if (!failed && are_the_last(&own->come)) {
        descriptors_close(&own->come, UINT64_MAX);
        own->come.count = 0;
        failed = EMFILE;
    }
    return failed == EMFILE ? FAR_CALL_NO_DESCRIPTORS : failed ? FAR_CALL_BAD_DESCRIPTOR : FAR_CALL_DONE;
}

static unsigned take_lent(struct worker_descriptors *own, uint32_t coming)
{
    if (!have_room(own, coming))
        return FAR_CALL_NO_MEMORY;
    pthread_mutex_lock(&unread_lock);
    bool counted = count(own, coming);
    pthread_mutex_unlock(&unread_lock);
    unsigned status = counted ? take(own, coming) : FAR_CALL_NO_DESCRIPTORS;
    if (status && counted)
        user_end_descriptors(own->user, coming);
    for (uint32_t i = 0; !status && i < coming; i++)
        own->lent[own->lent_count++] = own->come.fd[i];
    return status;
}

static unsigned receive(struct worker *worker)
{
    struct worker_descriptors *own = worker->descriptors;
    uint32_t coming = descriptors_await(own->socket, worker->sequence);
    own->come.read = true;
    if (!coming)
        return FAR_CALL_BAD_DESCRIPTOR;
    return own->lends ? take_lent(own, coming) : take(own, coming);
}

unsigned descriptor_in(void *context, const struct walk *walk, uint32_t word, int *descriptor)
{
    struct worker *worker = context;
    struct worker_descriptors *own = worker->descriptors;
    (void)walk;
    if (!own)
        return FAR_CALL_BAD_DESCRIPTOR;
    if (worker->entry)
        return FAR_CALL_NOT_CARRIED; /* the calls of a batch have one number */
    unsigned status = own->come.read ? FAR_CALL_DONE : receive(worker);
    return status ? status : descriptors_claim(&own->come, word, descriptor);
}

void descriptors_return(struct worker *worker, uint32_t mark)
{
    struct worker_descriptors *own = worker->descriptors;
    if (!own || own->lent_count <= mark)
        return;
    user_end_descriptors(own->user, own->lent_count - mark);
    while (own->lent_count > mark)
        close(own->lent[--own->lent_count]);
}

void descriptors_settle(struct worker *worker, bool believed)
{
    struct worker_descriptors *own = worker->descriptors;
    if (!own)
        return;
    descriptors_close(&own->come, believed ? ~own->come.claimed : UINT64_MAX);
    own->come.count = 0;
}

void descriptors_forget(struct worker *worker)
{
    if (worker->descriptors)
        descriptors_drop(worker->descriptors->socket);
}

/* --- going --- */

/* A number below the service's own is one that was never set. */
unsigned descriptor_out(void *context, const struct walk *walk, int descriptor, uint32_t *word)
{
    const struct worker *worker = context;
    struct worker_descriptors *own = worker->descriptors;
    (void)walk;
    *word = UINT32_MAX;
    if (descriptor < SERVICES_FIRST)
        return FAR_CALL_DONE;
    if (worker->entry)
        return FAR_CALL_NOT_CARRIED;
    return own ? descriptors_add(&own->going, descriptor, word) : FAR_CALL_BAD_DESCRIPTOR;
}

static bool is_lent(const struct worker_descriptors *own, int fd)
{
    uint32_t i = 0;
    while (i < own->lent_count && own->lent[i] != fd)
        i++;
    return i < own->lent_count;
}

/* Once, though the service may have named it twice. */
static void close_given(struct worker_descriptors *own)
{
    for (uint32_t i = 0; i < own->going.count; i++) {
        uint32_t first = 0;
        while (own->going.fd[first] != own->going.fd[i])
            first++;
        if (first == i && !is_lent(own, own->going.fd[i]))
            close(own->going.fd[i]);
    }
    own->going.count = 0;
}

void descriptor_drop(void *context, int descriptor)
{
    struct worker_descriptors *own = ((struct worker *)context)->descriptors;
    uint32_t unused, i = 0;
    while (own && i < own->going.count && own->going.fd[i] != descriptor)
        i++;
    if (descriptor < SERVICES_FIRST || (own && (i < own->going.count || is_lent(own, descriptor))))
        return;
    if (!own || descriptors_add(&own->going, descriptor, &unused) != FAR_CALL_DONE)
        close(descriptor);
}

/* One packet at a time is on its way: with a second, the first was never read. */
static unsigned send_going(struct worker *worker)
{
    struct worker_descriptors *own = worker->descriptors;
    look_whether_read(own);
    if (own->unread || !count(own, own->going.count))
        return FAR_CALL_NO_DESCRIPTORS;
    int failed = descriptors_send(own->socket, worker->sequence, &own->going);
    if (!failed) {
        own->unread = own->going.count;
        return FAR_CALL_DONE;
    }
    user_end_descriptors(own->user, own->going.count);
    return failed == ETOOMANYREFS ? FAR_CALL_NO_DESCRIPTORS : FAR_CALL_BAD_DESCRIPTOR;
}

unsigned descriptors_go(struct worker *worker, bool given)
{
    struct worker_descriptors *own = worker->descriptors;
    unsigned status = FAR_CALL_DONE;
    if (!own || !own->going.count)
        return FAR_CALL_DONE;
    pthread_mutex_lock(&unread_lock);
    status = send_going(worker);
    pthread_mutex_unlock(&unread_lock);
    if (given)
        close_given(own);
    own->going.count = 0;
    return status;
}

void descriptors_stay(struct worker *worker)
{
    if (worker->descriptors)
        close_given(worker->descriptors);
}
