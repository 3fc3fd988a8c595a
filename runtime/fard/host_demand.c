/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Hosts that run when they are needed (--start demand). The data is fard's, and stays: what is started again is a process.
 *
 *     READY ── no channel for --idle seconds ──► IDLE ── somebody opens a channel ──► STARTING
 *
 * Constructors have completed before anybody can map the data: at registration, or when fard starts with fresh data.
 * Who has code and data mapped and calls by branch needs no host at all.
 */
#include "runtime/fard/fard.h"
#include "runtime/fard/log.h"

static bool may_sleep(const struct host *host)
{
    return host->service && host->service->settings.on_demand && host->state == FAR_STATE_READY &&
           !host->registration && !host->adopting && list_is_empty(&host->channels) && list_is_empty(&host->waiters) &&
           list_is_empty(&host->orphans);
}

void host_idle_check(struct host *host)
{
    if (may_sleep(host))
        timer_start(&host->fard->loop, &host->timer, (int64_t)host->service->settings.idle_s * 1000);
}

void host_idle_timeout(struct host *host)
{
    if (!may_sleep(host))
        return; /* the next channel that ends looks again */
    log_service(LOG_LEVEL_INFO, "host-idle", host->service->name, (int)host->pid,
                "service '%s': idle for %u s; its host ends until it is needed", host->service->name,
                host->service->settings.idle_s);
    host->state = FAR_STATE_IDLE;
    peer_send(&host->peer, FAR_MSG_HOST_RETIRE, 0, NULL, 0, NULL, 0); /* destructors are for the end of the data */
    timer_start(&host->fard->loop, &host->timer, HOST_STOP_MS);
}

void host_stays(struct host *host)
{
    if (host->state != FAR_STATE_IDLE || !host->pid)
        return;
    host->state = FAR_STATE_READY;
    timer_stop(&host->timer);
    host_serve_waiters(host); /* looks after the time as well */
}

void host_wake(struct host *host)
{
    if (host->state == FAR_STATE_IDLE && !host->pid)
        host_start(host);
}

/* Its process has gone, as it was asked to. Somebody may have come meanwhile. */
void host_asleep(struct host *host)
{
    host->ready_at = 0;
    host->pause_ms = 0;
    if (!list_is_empty(&host->waiters))
        host_start(host);
}

/* Without constructors, data is what it is to be from the beginning. */
bool host_starts_idle(struct host *host)
{
    if (!host->service->settings.on_demand)
        return false;
    if (service_host_executable(host->service)->init_array.size == 0)
        host->initialised = true;
    if (host->initialised) {
        service_drop_initial(host->service);
        host->state = FAR_STATE_IDLE;
    }
    return host->initialised;
}
