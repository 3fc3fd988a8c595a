/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What happens to a host: it says that it is ready, or that it is not, or it dies. */
#include "runtime/fard/adopt.h"
#include "runtime/fard/fard.h"
#include "runtime/fard/log.h"
#include "runtime/fard/node_guest.h"
#include "runtime/fard/observe.h"
#include "runtime/fard/queue.h"
#include "runtime/fard/request.h"
#include "runtime/fard/revoke.h"
#include "runtime/fard/upgrade.h"
#include "runtime/probes.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

void host_serve_waiters(struct host *host)
{
    host_idle_check(host);
    if (host->state == FAR_STATE_READY)
        remotes_offer(host);
    while (!list_is_empty(&host->waiters) && host->state == FAR_STATE_READY) {
        struct waiter *waiter = list_entry(host->waiters.next, struct waiter, of_host);
        struct client *client = waiter->client;
        struct far_error error = {0};
        if (waiter->bind) {
            bind_waiter_serve(waiter);
            continue;
        }
        int result = channel_open(client, host, waiter, &error);
        if (result) {
            channel_count_down(client, waiter->size);
            client_refuse(client, waiter->serial, result, &error, "open channel");
        }
        waiter_free(waiter);
    }
}

/* A host that was taken over may say so as well, if the fard before did not hear it; its channels are what counts. */
void host_is_ready(struct host *host)
{
    if (host->state != FAR_STATE_STARTING || !host->service || host->adopting)
        return;
    timer_stop(&host->timer);
    host->state = FAR_STATE_READY;
    host->initialised = true;
    service_drop_initial(host->service);
    host->ready_at = loop_now();
    host->trouble[0] = '\0';
    trace_tell_host(host);
    queue_service_ready(host->fard, host->service->name);
    FAR_PROBE(host__ready, host->service->name, host->pid);
    if (host->upgrade) {
        upgrade_ready(host);
        return;
    }
    if (!host->registration)
        host_keep(host);
    if (host->registration)
        registration_ready(host); /* may fail and send the host away */
    else
        host_serve_waiters(host);
}

static void host_says_failed(struct host *host, const struct far_message *message)
{
    struct far_error said, error;
    if (protocol_check_host_failed(message, &said, &error))
        refuse(&said, EPROTO, EX_SOFTWARE, "the host failed, and not even its reason could be read");
    host_trouble(host, "%.500s", said.text);
    host_kill(host);
}

static void host_message(struct peer *peer, const struct far_message *message, int *fds, unsigned fd_count)
{
    struct host *host = list_entry(peer, struct host, peer);
    (void)fds;
    (void)fd_count;
    if (message->type == FAR_MSG_HOST_READY)
        host_is_ready(host);
    else if (message->type == FAR_MSG_HOST_FAILED)
        host_says_failed(host, message);
    else if (message->type == FAR_MSG_HOST_RETIRE)
        host_stays(host);
    else if ((message->type == (FAR_MSG_HOST_MAP | FAR_MSG_REPLY) ||
              message->type == (FAR_MSG_HOST_UNMAP | FAR_MSG_REPLY)) &&
             domain_host_answered(host, message))
        return;
    else if (message->type == FAR_MSG_HOST_CHANNELS)
        host_says_channels(host, message);
    else if (message->type == FAR_MSG_HOST_CLOSE)
        host_says_closed(host, message), revocations_host_closed(host, message);
    else {
        host_trouble(host, "the host sent a message of type %u, which hosts do not send", message->type);
        host_kill(host);
    }
}

/* A host that cannot be talked to is of no use; its death is seen through its pidfd, and only there. */
static void host_lost(struct peer *peer)
{
    host_kill(list_entry(peer, struct host, peer));
}

int host_connected(struct host *host, int socket)
{
    static const struct peer_calls calls = {.message = host_message, .lost = host_lost};
    int result = peer_init(&host->peer, &host->fard->loop, socket, &calls);
    host->peer.patient = true;
    return result;
}

static void describe_end(const siginfo_t *end, char *text, size_t size)
{
    if (end->si_code == CLD_EXITED)
        snprintf(text, size, "exited with code %d", end->si_status);
    else
        snprintf(text, size, "was killed by signal %d (%s)", end->si_status, strsignal(end->si_status));
}

static void start_again(struct host *host)
{
    if (host->ready_at && loop_now() - host->ready_at >= HOST_STEADY_MS)
        host->pause_ms = 0;
    host->ready_at = 0;
    int64_t pause = host->pause_ms;
    host->pause_ms = pause ? 2 * pause : HOST_PAUSE_MIN_MS;
    if (host->pause_ms > HOST_PAUSE_MAX_MS)
        host->pause_ms = HOST_PAUSE_MAX_MS;
    host->restarts++;
    host->state = FAR_STATE_DOWN;
    timer_start(&host->fard->loop, &host->timer, pause); /* never from here: a host that cannot be started recurses */
}

static void fail_registration(struct host *host)
{
    struct far_error error;
    refuse(&error, ECHILD, EX_UNAVAILABLE, "service '%s' was not registered: %s", host->service->name, host->trouble);
    registration_failed(host, &error);
}

static void forget_process(struct host *host)
{
    domain_host_gone(host);
    peer_free(&host->peer);
    if (host->life.fd >= 0) {
        loop_forget(&host->fard->loop, &host->life);
        close(host->life.fd);
    }
    host->life.fd = -1;
    host->pid = 0;
}

static void end_channels(struct host *host)
{
    for (struct list *at = host->channels.next, *next; at != &host->channels; at = next) {
        struct channel *channel = list_entry(at, struct channel, of_host);
        next = at->next;
        if (!remote_survives(channel))
            channel_end(channel, CHANNEL_HOST_GONE);
    }
}

void host_died(struct host *host, const char *how)
{
    end_channels(host);
    revocations_host_closed(host, NULL);
    host_unkeep(host);
    orphans_free(host);
    host->adopting = false;
    host_end_output(host);
    FAR_PROBE(host__died, host->service ? host->service->name : "", host->pid);
    forget_process(host);
    timer_stop(&host->timer);
    if (!host->service) {
        host_free(host);
        return;
    }
    if (host->state == FAR_STATE_IDLE) {
        host_asleep(host);
        return;
    }
    if (!host->trouble[0])
        host_trouble(host, "the host %s", how);
    memcpy(host->ended, host->trouble, sizeof host->ended);
    if (host->upgrade) {
        upgrade_failed(host);
        return;
    }
    if (host->registration) {
        fail_registration(host);
        return;
    }
    log_service(LOG_LEVEL_WARNING, "host-died", host->service->name, 0, "service '%s': %s; starting it again",
                host->service->name, host->trouble);
    start_again(host);
}

int host_life_ready(struct source *source, uint32_t events)
{
    struct host *host = list_entry(source, struct host, life);
    siginfo_t end = {0};
    char how[128];
    (void)events;
    if (waitid(P_PIDFD, (id_t)source->fd, &end, WEXITED | WNOHANG) < 0) {
        snprintf(how, sizeof how, "has died; an earlier fard was its parent, so how it did is not known");
    } else if (end.si_pid == 0) {
        return 0;
    } else {
        describe_end(&end, how, sizeof how);
    }
    peer_drain(&host->peer); /* it may have said why, and its death be seen first */
    host_died(host, how);
    return 0;
}
