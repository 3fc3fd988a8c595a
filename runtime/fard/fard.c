/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The daemon as a whole: started from its store, run by its loop, ended by a signal. */
#include "runtime/fard/fard.h"
#include "runtime/fard/adopt.h"
#include "runtime/fard/cluster.h"
#include "runtime/fard/daemon.h"
#include "runtime/fard/domain_adopt.h"
#include "runtime/fard/domain_look.h"
#include "runtime/fard/emulator.h"
#include "runtime/fard/executables.h"
#include "runtime/fard/log.h"
#include "runtime/fard/node.h"
#include "runtime/fard/observe.h"
#include "runtime/fard/parts.h"
#include "runtime/fard/queue.h"
#include "runtime/fard/revoke.h"
#include "runtime/fard/upgrade.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sysexits.h>
#include <unistd.h>

/* Programs find each other from where they are: PREFIX/bin. */
static int find_host_program(struct fard *fard)
{
    char path[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    if (length < 0)
        return -errno;
    path[length] = '\0';
    return asprintf(&fard->host_program, "%s/far-host", dirname(path)) < 0 ? -ENOMEM : 0;
}

/* Somebody may have moved the file away; where it cannot be opened the old one goes on. */
static void reopen_log(struct fard *fard)
{
    int result = fard->log_path ? daemon_log_open(fard->log_path) : 0;
    if (result)
        fard_log("log %s: %s; the old file is written on", fard->log_path, strerror(-result));
}

static int signal_ready(struct source *source, uint32_t events)
{
    struct fard *fard = list_entry(source, struct fard, signals);
    struct signalfd_siginfo info;
    (void)events;
    if (read(source->fd, &info, sizeof info) != sizeof info)
        return 0;
    if (info.ssi_signo != SIGHUP) {
        fard->stopping = true;
        return 0;
    }
    notify_reloading(&fard->notify);
    reopen_log(fard);
    audit_reopen(&fard->audit);
    socket_look_after(fard);
    policy_reload(fard);
    nodes_reload(fard);
    notify_say(&fard->notify, "READY=1");
    return 0;
}

static int watch_signals(struct fard *fard)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file size limit is an error of write() and ftruncate(), and an answer */
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
        return -errno;
    fard->signals = (struct source){signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), signal_ready};
    return fard->signals.fd < 0 ? -errno : loop_watch(&fard->loop, &fard->signals, EPOLLIN);
}

/* Each service takes seven descriptors and each client one: use what the system allows. */
static uint64_t raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return 1024;
    rlim_t before = limit.rlim_cur;
    limit.rlim_cur = limit.rlim_max;
    return setrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_max : before;
}

int fard_init(struct fard *fard)
{
    memset(fard, 0, sizeof *fard);
    fard->listener.fd = fard->signals.fd = fard->socket_lock = fard->spare = -1;
    fard->loop.epoll = -1;
    audit_init(&fard->audit);
    fard->uid = geteuid();
    registry_init(&fard->registry);
    list_init(&fard->clients);
    list_init(&fard->leaving);
    list_init(&fard->accounts);
    list_init(&fard->revocations);
    domains_init(&fard->domains);
    list_init(&fard->parked);
    list_init(&fard->traces);
    list_init(&fard->queue);
    fard->descriptors = raise_descriptor_limit();
    int result = loop_init(&fard->loop);
    result = result ? result : find_host_program(fard);
    result = result ? result : watch_signals(fard);
    return result ? result : fard_take_spare(fard);
}

/* segment_check() has looked for the instructions in segments that do not admit to them. */
int fard_check_strays(const struct fard *fard, const struct far_segment *segment, struct far_error *error)
{
    if (!(segment->note->flags & FAR_NOTE_STRAY) || fard->allow_wrpkru)
        return 0;
    return refuse(error, EPERM, EX_NOPERM,
                  "the segment was linked with --allow-wrpkru: its code may change protection keys, which would open "
                  "every domain of a process to it; link it without, or start fard with --allow-wrpkru for a test");
}

struct loading {
    struct fard *fard;
    struct far_error *error;
    struct adoption found; /* of the service that is being loaded */
    uint32_t started;      /* hosts, so far */
};

/* Data that an earlier fard has left is the service's again: it is not made, nor filled. */
static int find_kept_data(struct loading *loading, struct service *service, const struct far_segment *segment,
                          struct far_error *error)
{
    struct adoption *found = &loading->found;
    int result = adoption_look(loading->fard, service->id, service_data_size(segment), found, error);
    if (result || found->data < 0)
        return result;
    service->data = found->data;
    service->data_kept = true;
    service->data_half_made = !found->host.initialised;
    found->data = -1;
    return 0;
}

static int load_segment(struct loading *loading, const struct stored_service *row, void *bytes, size_t size,
                        struct service **service, struct far_error *error)
{
    struct fard *fard = loading->fard;
    struct far_segment segment;
    char why[700];
    if (segment_check(bytes, size, 0, &segment, why, sizeof why))
        return refuse(error, EINVAL, EX_DATAERR, "its stored segment, in %s/segments, is damaged: %s",
                      store_path(fard->store), why);
    if (fard_check_strays(fard, &segment, error))
        return FARD_REFUSED;
    if (memcmp(segment.note->build_id, row->build_id, sizeof row->build_id) != 0)
        return refuse(error, EINVAL, EX_DATAERR, "its stored segment is another one");
    if (!range_is_sound(&row->range) || row->range.size < segment.note->image_size)
        return refuse(error, EINVAL, EX_DATAERR, "its stored range does not fit its segment");
    const struct service_order order = {
        .segment = &segment,
        .name = row->name,
        .rules = row->rules,
        .rule_count = row->rule_count,
        .subjects = row->subjects,
        .subject_bytes = row->subject_bytes,
        .shippings = row->shippings,
        .shipping_count = row->shipping_count,
        .host_uid = row->host_uid,
        .settings = row->settings,
    };
    int result = service_from_segment(&order, &fard->registry, service, error);
    if (result)
        return result;
    (*service)->id = row->id;
    (*service)->range = row->range;
    if (row->major >= 0 && row->major != (*service)->major)
        return refuse(error, EINVAL, EX_DATAERR, "its stored segment is of another version");
    if (row->major < 0 && (result = store_set_major(fard->store, row->id, (*service)->major, error)) != 0)
        return result;
    /* Who registered it has been asked already; what is new is nobody's fault. */
    const struct pending_asker asker = {fard->uid, true};
    result = bind_pending_needs(&fard->registry, fard->store, &segment, asker, error);
    result = result ? result : find_kept_data(loading, *service, &segment, error);
    result = result ? result : service_materialise(*service, &segment, &fard->registry, error);
    return result ? result : executables_load(fard, *service, &segment, row->more, row->more_count, error);
}

static int load_sound(struct loading *loading, const struct stored_service *row, struct service **service,
                      struct far_error *error)
{
    struct fard *fard = loading->fard;
    void *bytes = NULL;
    size_t size = 0;
    struct host *host;
    if (row->trouble[0])
        return refuse(error, EINVAL, EX_DATAERR, "%s", row->trouble);
    int result = store_get_segment(fard->store, row->build_id, &bytes, &size, error);
    result = result ? result : load_segment(loading, row, bytes, size, service, error);
    free(bytes);
    result = result ? result : host_new(fard, *service, &host, error);
    if (result || (*service)->host_uid_wanted == row->host_uid)
        return result;
    return store_set_host_uid(fard->store, row->id, (*service)->host_uid_wanted, error);
}

/* The name and the range stay taken, and whoever asks is told why it cannot be used. */
static int load_broken(const struct stored_service *row, const char *why, struct service **service)
{
    service_free(*service);
    *service = NULL;
    int result = service_new(service);
    if (result)
        return result;
    (*service)->id = row->id;
    (*service)->range = row->range;
    (*service)->host_uid_wanted = row->host_uid; /* no other gets it */
    memcpy((*service)->name, row->name, strnlen(row->name, FAR_SERVICE_MAX - 1));
    (*service)->major = row->major < 0 ? 0 : (uint16_t)row->major;
    memcpy((*service)->executable[0].build_id, row->build_id, sizeof row->build_id);
    (*service)->executable_count = 1;
    for (uint32_t i = 0; i < row->more_count && (*service)->executable_count < EXECUTABLES_MAX; i++)
        memcpy((*service)->executable[(*service)->executable_count++].build_id, row->more[i], sizeof row->more[i]);
    snprintf((*service)->broken, sizeof(*service)->broken, "%.400s; unregister it and register it again", why);
    return 0;
}

static void start_or_adopt(struct loading *loading, struct host *host)
{
    struct adoption *found = &loading->found;
    bool fits = found->life >= 0 && found->host.uid == host->uid;
    if (fits) {
        host_adopt(host, found);
        return;
    }
    if (found->known && !found->why[0])
        snprintf(found->why, sizeof found->why, "its host has to run as another uid");
    host_resume(host, found);
    adoption_free(loading->fard, host->service->id, found);
    if (!host_starts_idle(host))
        host_start_in_turn(host, loading->started++);
}

static int load_row(void *context, const struct stored_service *row)
{
    struct loading *loading = context;
    struct far_error error = {0};
    struct service *service = NULL;
    loading->found = (struct adoption){.data = -1, .life = -1, .socket = -1, .output = -1};
    int result = load_sound(loading, row, &service, &error);
    if (result) {
        if (result < 0)
            describe_failure(&error, result, "loading it");
        result = load_broken(row, error.text, &service);
    }
    if (!result && service->broken[0])
        log_service(LOG_LEVEL_ERROR, "service-broken", row->name, 0, "service '%s': %s", row->name, service->broken);
    result = result ? result : registry_add(&loading->fard->registry, service);
    if (result) {
        service_free(service);
        return result;
    }
    if (service->host)
        start_or_adopt(loading, service->host);
    else
        adoption_free(loading->fard, service->id, &loading->found);
    return 0;
}

/* Addresses from before majors were kept are those of the one service that had the name then. */
static int settle_pending_majors(struct fard *fard, struct far_error *error)
{
    const struct pendings *pendings = &fard->registry.pendings;
    int result = 0;
    for (uint32_t i = 0; !result && i < pendings->count; i++) {
        struct pending *pending = pendings->item[i];
        const struct service *service = pending->major < 0 ? registry_find(&fard->registry, pending->name) : NULL;
        if (service && !service->broken[0] && !registry_next_major(&fard->registry, service))
            result = store_set_pending_major(fard->store, pending, service->major, error);
    }
    return result;
}

/* Without one fard works as well, and says what that means. */
static void find_keeper(struct fard *fard)
{
    int result =
        keeper_open(&fard->keeper, &fard->loop, &fard->notify, store_folder(fard->store), store_path(fard->store));
    if (result)
        fard_log("no keeper can be started (%s): what services hold is lost if fard dies", strerror(-result));
}

static void drop_the_rest(struct fard *fard)
{
    unsigned killed = fard->keeper ? keeper_drop_rest(fard->keeper) : 0;
    if (killed)
        fard_log("%u hosts of services that are no longer registered, or had not been yet, were ended", killed);
    fard->loaded = true;
}

int fard_load(struct fard *fard, const char *path, struct far_error *error)
{
    struct loading loading = {.fard = fard, .error = error};
    int result = store_open(&fard->store, path, error);
    if (!result)
        store_sweep(fard->store);
    if (!result)
        find_keeper(fard);
    result = result ? result : store_load_pending(fard->store, &fard->registry.pendings, error);
    result = result ? result : domains_adopt(fard, error);
    result = result ? result : store_each_service(fard->store, load_row, &loading, error);
    result = result ? result : away_load(fard, error);
    domains_adopted(fard);
    result = result ? result : settle_pending_majors(fard, error);
    result = result ? result : store_load_capabilities(fard->store, &fard->registry.capabilities, error);
    result = result ? result : queue_load(fard, error);
    if (!result)
        capability_watch_expiry(fard);
    if (result < 0)
        describe_failure(error, result, "loading the store");
    if (!result)
        drop_the_rest(fard);
    return result;
}

/* Before it had looked at everything fard may not end anything: the next one will. */
static void leave_hosts(struct fard *fard)
{
    for (uint32_t i = 0; i < fard->registry.count; i++)
        if (fard->registry.service[i]->host)
            host_free(fard->registry.service[i]->host);
}

/* Hosts are asked to end, and those that do not are killed. The next fard finds nothing of them, and starts its own. */
static void stop_hosts(struct fard *fard)
{
    for (uint32_t i = 0; i < fard->registry.count; i++) {
        struct service *service = fard->registry.service[i];
        upgrade_abandon(service);
        if (service->host && service->host->registration) {
            cluster_registration_end(service->host->registration);
            free(service->host->registration);
        }
        if (service->host)
            host_leave(service->host, CHANNEL_HOST_GONE);
    }
    retired_hurry(fard, NULL);
    while (!list_is_empty(&fard->leaving) && loop_turn(&fard->loop, -1) == 0)
        ;
}

int fard_run(struct fard *fard)
{
    int result = 0;
    bool waiting = false;
    calls_watch(fard);
    while (!fard->stopping && !result) {
        cluster_turn(fard);
        result = loop_turn(&fard->loop, waiting ? 0 : -1);
        clients_free_lost(fard);
        waiting = clients_serve_parked(fard);
    }
    if (!result)
        cluster_leave(fard);
    return result;
}

void fard_free(struct fard *fard)
{
    socket_close(fard);
    queue_free(fard);
    revocations_free(fard);
    while (!list_is_empty(&fard->clients))
        client_free(list_entry(fard->clients.next, struct client, link));
    cluster_end(fard);
    nodes_close(fard);
    domain_look_abandon(fard);
    domains_free(&fard->domains);
    if (fard->loaded)
        stop_hosts(fard);
    else
        leave_hosts(fard);
    while (!list_is_empty(&fard->leaving))
        host_free(list_entry(fard->leaving.next, struct host, link));
    struct far_error ignored;
    if (fard->loaded)
        store_forget_hosts(fard->store, &ignored);
    keeper_close(fard->keeper, fard->loaded);
    policy_unload(fard);
    audit_close(&fard->audit);
    registry_free(&fard->registry);
    store_free(fard->store);
    metrics_http_close(fard);
    notify_free(&fard->notify);
    loop_free(&fard->loop);
    if (fard->signals.fd >= 0)
        close(fard->signals.fd);
    free(fard->log_path);
    if (fard->spare >= 0)
        close(fard->spare);
    free(fard->host_program);
    emulators_free(fard);
}
