/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * etcds for tests: started on free ports, their data in memory, ended with the test however that ends. And a keeper's questions asked one
 * at a time.
 */
#ifndef FARCALL_TEST_ETCD_SERVER_H
#define FARCALL_TEST_ETCD_SERVER_H

#include "runtime/fard/cluster_etcd.h"
#include "runtime/segment.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MEMBERS_MAX 3

struct etcd_server {
    const char *tls; /* a folder with ca.pem, node.pem, node.key; NULL: http */
    unsigned count;
    char folder[64];
    char cluster[512];
    struct {
        pid_t pid;
        unsigned client, peer; /* ports */
    } member[MEMBERS_MAX];
};

static inline void sleep_ms(long ms)
{
    struct timespec time = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&time, NULL);
}

static inline int socket_at(unsigned port, bool listen_there)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (listen_there)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    int failed = listen_there ? bind(fd, (struct sockaddr *)&at, sizeof at) || listen(fd, 64)
                              : connect(fd, (struct sockaddr *)&at, sizeof at);
    if (!failed)
        return fd;
    close(fd);
    return -1;
}

static inline unsigned port_of(int fd)
{
    struct sockaddr_in at;
    socklen_t size = sizeof at;
    return getsockname(fd, (struct sockaddr *)&at, &size) == 0 ? ntohs(at.sin_port) : 0;
}

/* All at once, so that no two are the same. Somebody else may take one before its etcd does: then that ends, and all is tried again. */
static inline void choose_ports(struct etcd_server *server)
{
    int fd[2 * MEMBERS_MAX];
    for (unsigned i = 0; i < 2 * server->count; i++) {
        fd[i] = socket_at(0, true);
        *(i % 2 ? &server->member[i / 2].client : &server->member[i / 2].peer) = port_of(fd[i]);
    }
    for (unsigned i = 0; i < 2 * server->count; i++)
        close(fd[i]);
}

static inline void member_exec(const struct etcd_server *server, unsigned i)
{
    char name[8], data[128], client[64], peer[64], file[3][160], log[128];
    const char *scheme = server->tls ? "https" : "http";
    snprintf(name, sizeof name, "m%u", i);
    snprintf(data, sizeof data, "%s/m%u", server->folder, i);
    snprintf(log, sizeof log, "%s/m%u.log", server->folder, i);
    snprintf(client, sizeof client, "%s://127.0.0.1:%u", scheme, server->member[i].client);
    snprintf(peer, sizeof peer, "http://127.0.0.1:%u", server->member[i].peer);
    const char *files[] = {"ca.pem", "node.pem", "node.key"};
    for (unsigned f = 0; f < 3; f++)
        snprintf(file[f], sizeof file[f], "%s/%s", server->tls ? server->tls : "", files[f]);
    int out = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    dup2(out, 1);
    dup2(out, 2);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const char *argument[] = {"etcd",
                              "--name",
                              name,
                              "--data-dir",
                              data,
                              "--unsafe-no-fsync",
                              "--listen-client-urls",
                              client,
                              "--advertise-client-urls",
                              client,
                              "--listen-peer-urls",
                              peer,
                              "--initial-advertise-peer-urls",
                              peer,
                              "--initial-cluster",
                              server->cluster,
                              "--heartbeat-interval",
                              "50",
                              "--election-timeout",
                              "500",
                              "--log-level",
                              "warn",
                              server->tls ? "--client-cert-auth" : NULL,
                              "--trusted-ca-file",
                              file[0],
                              "--cert-file",
                              file[1],
                              "--key-file",
                              file[2],
                              NULL};
    execvp(argument[0], (char *const *)(const void *)argument);
    _exit(127);
}

static inline void member_start(struct etcd_server *server, unsigned i)
{
    server->member[i].pid = fork();
    if (server->member[i].pid == 0)
        member_exec(server, i);
}

static inline void member_kill(struct etcd_server *server, unsigned i)
{
    if (server->member[i].pid <= 0)
        return;
    kill(server->member[i].pid, SIGKILL);
    waitpid(server->member[i].pid, NULL, 0);
    server->member[i].pid = 0;
}

/* What one member says to a request, read to its end; false: nothing. */
static inline bool member_says(const struct etcd_server *server, unsigned i, const char *request, char *text,
                               size_t room)
{
    size_t size = 0;
    ssize_t got;
    int fd = socket_at(server->member[i].client, false);
    struct timeval limit = {1, 0};
    if (fd < 0)
        return false;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (send(fd, request, strlen(request), MSG_NOSIGNAL) > 0)
        while (size < room - 1 && (got = recv(fd, text + size, room - 1 - size, 0)) > 0)
            size += (size_t)got;
    text[size] = 0;
    close(fd);
    return size > 0;
}

static inline bool member_is_well(const struct etcd_server *server, unsigned i)
{
    char text[1024];
    if (!server->tls)
        return member_says(server, i, "GET /health HTTP/1.0\r\n\r\n", text, sizeof text) &&
               strstr(text, "\"health\":\"true\"");
    int fd = socket_at(server->member[i].client, false);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

/* A member's own number, or its leader's: digits behind that word. */
static inline unsigned long long number_behind(const char *text, const char *word)
{
    const char *at = strstr(text, word);
    return at ? strtoull(at + strlen(word), NULL, 10) : 0;
}

static inline bool member_leads(const struct etcd_server *server, unsigned i)
{
    char text[2048];
    if (!member_says(server, i, "POST /v3/maintenance/status HTTP/1.0\r\nContent-Length: 2\r\n\r\n{}", text,
                     sizeof text))
        return false;
    unsigned long long own = number_behind(text, "\"member_id\":\"");
    return own != 0 && own == number_behind(text, "\"leader\":\"");
}

/* Which member leads; -1: none that could be asked. */
static inline int server_leader(const struct etcd_server *server)
{
    for (unsigned i = 0; i < server->count; i++)
        if (server->member[i].pid && member_leads(server, i))
            return (int)i;
    return -1;
}

static inline bool server_wait(struct etcd_server *server)
{
    for (int64_t end = loop_now() + 20000; loop_now() < end; sleep_ms(20)) {
        unsigned well = 0;
        for (unsigned i = 0; i < server->count; i++) {
            if (server->member[i].pid && waitpid(server->member[i].pid, NULL, WNOHANG) > 0) {
                server->member[i].pid = 0;
                return false;
            }
            well += member_is_well(server, i);
        }
        if (well == server->count)
            return true;
    }
    return false;
}

static inline void server_end(struct etcd_server *server)
{
    char command[128];
    for (unsigned i = 0; i < server->count; i++)
        member_kill(server, i);
    snprintf(command, sizeof command, "rm -rf '%s'", server->folder);
    if (server->folder[0] && system(command) != 0)
        fprintf(stderr, "cannot remove %s\n", server->folder);
}

static inline void server_try(struct etcd_server *server)
{
    choose_ports(server);
    size_t length = 0;
    for (unsigned i = 0; i < server->count; i++)
        length += (size_t)snprintf(server->cluster + length, sizeof server->cluster - length,
                                   "%sm%u=http://127.0.0.1:%u", i ? "," : "", i, server->member[i].peer);
    for (unsigned i = 0; i < server->count; i++)
        member_start(server, i);
}

/* False: it does not start, which is a failed test. */
static inline bool server_start(struct etcd_server *server, unsigned count, const char *tls)
{
    for (int attempt = 0; attempt < 5; attempt++) {
        *server = (struct etcd_server){.count = count, .tls = tls};
        snprintf(server->folder, sizeof server->folder, "%s/farcall-etcd-XXXXXX",
                 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
        if (!mkdtemp(server->folder))
            return false;
        server_try(server);
        if (server_wait(server))
            return true;
        server_end(server);
    }
    fprintf(stderr, "etcd does not start\n");
    return false;
}

static inline void server_urls(const struct etcd_server *server, char *out, size_t room)
{
    size_t length = 0;
    for (unsigned i = 0; i < server->count; i++)
        length += (size_t)snprintf(out + length, room - length, "%s%s://127.0.0.1:%u", i ? "," : "",
                                   server->tls ? "https" : "http", server->member[i].client);
}

static inline bool etcd_is_installed(void)
{
    if (system("command -v etcd >/dev/null 2>&1") == 0)
        return true;
    fprintf(stderr, "skipped: there is no etcd here (etcd-server)\n");
    return false;
}

/* ---- A keeper, asked one thing at a time ---- */

struct asker {
    struct loop loop;
    struct cluster_keeper *keeper;
};

struct answer {
    struct cluster_question question;
    bool done;
    int result;
    bool has_service;
    struct link_service service;
    struct range chunk;
    struct far_error error;
};

static inline void answer_came(struct cluster_question *question, int result, const struct link_service *service,
                               const struct range *chunk, const struct far_error *error)
{
    struct answer *answer = list_entry(question, struct answer, question);
    if (answer->done)
        abort();
    answer->done = true;
    answer->result = result;
    answer->has_service = service != NULL;
    if (service)
        answer->service = *service;
    if (chunk)
        answer->chunk = *chunk;
    if (error)
        answer->error = *error;
    else if (result)
        abort();
}

static inline struct answer answer_none(void)
{
    struct answer answer;
    memset(&answer, 0, sizeof answer);
    answer.question.answered = answer_came;
    return answer;
}

static inline bool asker_open(struct asker *asker, const char *node, uint64_t seconds, uint64_t cursor,
                              const char *urls, const char *tls)
{
    struct far_error error = {0};
    struct etcd_identity identity = {.seconds = seconds, .cursor = cursor};
    snprintf(identity.node, sizeof identity.node, "%s", node);
    snprintf(identity.address, sizeof identity.address, "127.0.0.1:7327");
    if (loop_init(&asker->loop) == 0 && etcd_open(&asker->loop, &identity, urls, tls, &asker->keeper, &error) == 0)
        return true;
    fprintf(stderr, "%s\n", error.text);
    return false;
}

static inline void asker_close(struct asker *asker)
{
    etcd_close(asker->keeper);
    loop_free(&asker->loop);
}

/* Until its session is held: what is disturbed next is none of that. */
static inline bool asker_is_present(struct asker *asker)
{
    for (int64_t end = loop_now() + 30000; loop_now() < end && asker->keeper->session.state != ETCD_SESSION_HELD;)
        loop_turn(&asker->loop, 100);
    return asker->keeper->session.state == ETCD_SESSION_HELD;
}

static inline void asker_turn_for(struct asker *asker, int64_t ms)
{
    for (int64_t end = loop_now() + ms; loop_now() < end;)
        loop_turn(&asker->loop, 10);
}

static inline void asker_wait(struct asker *asker, struct answer *answer)
{
    for (int64_t end = loop_now() + 30000; !answer->done && loop_now() < end;)
        loop_turn(&asker->loop, 100);
    if (!answer->done)
        fprintf(stderr, "no answer in 30 seconds\n");
}

static inline struct answer ask_lease(struct asker *asker, uint64_t bytes)
{
    struct answer answer = answer_none();
    etcd_lease(asker->keeper, bytes, &answer.question);
    asker_wait(asker, &answer);
    return answer;
}

static inline struct answer ask_publish(struct asker *asker, const struct link_service *service)
{
    struct answer answer = answer_none();
    etcd_publish(asker->keeper, service, &answer.question);
    asker_wait(asker, &answer);
    return answer;
}

static inline struct answer ask_withdraw(struct asker *asker, const struct link_service *service)
{
    struct answer answer = answer_none();
    etcd_withdraw(asker->keeper, service, &answer.question);
    asker_wait(asker, &answer);
    return answer;
}

static inline struct link_name name_of(const char *name, uint32_t major)
{
    struct link_name out;
    memset(&out, 0, sizeof out);
    snprintf(out.name, sizeof out.name, "%s", name);
    out.major = major;
    return out;
}

static inline struct answer ask_find(struct asker *asker, const char *name, uint32_t major)
{
    struct answer answer = answer_none();
    struct link_name wanted = name_of(name, major);
    etcd_find(asker->keeper, &wanted, &answer.question);
    asker_wait(asker, &answer);
    return answer;
}

static inline struct answer ask_address(struct asker *asker, uint64_t address)
{
    struct answer answer = answer_none();
    etcd_find_address(asker->keeper, address, &answer.question);
    asker_wait(asker, &answer);
    return answer;
}

static inline struct answer ask_next(struct asker *asker, const char *name, uint32_t major)
{
    struct answer answer = answer_none();
    struct link_name behind = name_of(name, major);
    etcd_next(asker->keeper, &behind, &answer.question);
    asker_wait(asker, &answer);
    return answer;
}

static inline struct link_service service_of(const char *name, uint32_t major, const char *node, uint64_t base)
{
    struct link_service service;
    memset(&service, 0, sizeof service);
    snprintf(service.name, sizeof service.name, "%s", name);
    snprintf(service.node, sizeof service.node, "%s", node);
    snprintf(service.address, sizeof service.address, "127.0.0.1:7327");
    service.major = major;
    service.base = base;
    service.size = FAR_GRANULE;
    service.fingerprint = 0xfedcba9876543210;
    service.executable_count = 1;
    service.executable[0].machine = 62;
    memset(service.executable[0].build_id, 0xa5, sizeof service.executable[0].build_id);
    return service;
}

#endif
