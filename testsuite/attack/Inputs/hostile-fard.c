/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Attacks on the name server itself, and through it on hosts; each is one mode, named by the first argument. A mode
 * ends with 0 and one line if fard and the host of kv stood it.
 */
#include "attack.h"

#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/time.h>

static uint32_t fard_pid(int fard)
{
    struct answer *answer = malloc(sizeof *answer);
    must(ask(fard, FAR_MSG_STATUS, NULL, 0, answer) == 0);
    uint32_t pid = ((const struct far_status_reply *)(answer->bytes + sizeof answer->head))->pid;
    free(answer);
    return pid;
}

/* A connected TCP socket whose close waits for data that nobody will take. */
static int lingering_socket(void)
{
    static const char filler[65536];
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;
    struct linger linger = {1, 5};
    int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
    must(listener >= 0 && client >= 0);
    must(bind(listener, (struct sockaddr *)&address, sizeof address) == 0 && listen(listener, 1) == 0);
    must(getsockname(listener, (struct sockaddr *)&address, &size) == 0);
    must(connect(client, (struct sockaddr *)&address, sizeof address) == 0);
    must(accept(listener, NULL, NULL) >= 0); /* and never read */
    must(fcntl(client, F_SETFL, O_NONBLOCK) == 0);
    while (send(client, filler, sizeof filler, MSG_NOSIGNAL) > 0)
        ;
    must(fcntl(client, F_SETFL, 0) == 0);
    must(setsockopt(client, SOL_SOCKET, SO_LINGER, &linger, sizeof linger) == 0);
    return client;
}

/*
 * Descriptors that are slow to close. fard must be the last who has one: so it is sent while fard does not read,
 * because we do not read its answers, and closed by us before we go on.
 */
static void send_and_close(int attacker, uint16_t type, bool hang_up)
{
    static struct answer answer;
    int fd = lingering_socket();
    for (uint32_t i = 0; i < 320; i++)
        send_request(attacker, FAR_MSG_STATUS, i, NULL, 0, NULL, 0);
    nap(50);
    must(send_request(attacker, type, 1, NULL, 0, &fd, 1));
    close(fd);
    if (hang_up)
        return; /* it lies unread in fard's socket, which fard will close */
    fcntl(attacker, F_SETFL, O_NONBLOCK);
    for (int quiet = 0; quiet < 3;)
        if (receive_answer(attacker, &answer))
            quiet = 0;
        else
            nap(quiet++ ? 10 : 1);
}

static void slow_to_close(void)
{
    for (int i = 0; i < 3; i++) {
        int attacker = connect_fard(), other = connect_fard();
        send_and_close(attacker, i == 1 ? 0x7777 : FAR_MSG_STATUS, i == 2);
        close(attacker);
        nap(20);
        double start = seconds();
        fard_pid(other);
        if (seconds() - start > 1.0) {
            fprintf(stderr, "case %d: another client waited %.1f s while fard closed what it had been sent\n", i,
                    seconds() - start);
            exit(1);
        }
        close(other);
    }
}

/* Channels opened and closed as fast as they can be asked for, by several connections that read no answers. */
static void flood_channels(void)
{
    for (int i = 0; i < 6; i++) {
        if (fork())
            continue;
        struct bound kv;
        int fard = connect_fard();
        bind_service(fard, "kv", 0, &kv);
        struct far_open_channel open = {.service_id = kv.reply.service_id, .size = 65536};
        struct answer *answer = malloc(sizeof *answer);
        double end = seconds() + 4;
        fcntl(fard, F_SETFL, O_NONBLOCK);
        for (unsigned n = 0; seconds() < end; n++) {
            send_request(fard, FAR_MSG_OPEN_CHANNEL, n, &open, sizeof open, NULL, 0);
            while (recv(fard, answer->bytes, sizeof answer->bytes, MSG_DONTWAIT) > 0)
                if (answer->head.type == (FAR_MSG_OPEN_CHANNEL | FAR_MSG_REPLY)) {
                    struct far_channel_reply *reply = (void *)(answer->bytes + sizeof answer->head);
                    struct far_close_channel close = {.channel = reply->channel};
                    send_request(fard, FAR_MSG_CLOSE_CHANNEL, 0, &close, sizeof close, NULL, 0);
                }
        }
        _exit(0);
    }
    while (wait(NULL) > 0)
        ;
}

/* Answers with descriptors in them, never read: in flight, each counts against the user that sent it, and that is fard.
 */
static void fill_flight(void)
{
    int fards[20], honest = connect_fard();
    struct bound kv;
    struct channel channel;
    bind_service(honest, "kv", 0, &kv);
    for (int n = 0; n < 20; n++) {
        uint8_t body[1024];
        fards[n] = connect_fard();
        size_t size = bind_request(fards[n], "kv", 0, body);
        fcntl(fards[n], F_SETFL, O_NONBLOCK);
        for (uint32_t i = 0; i < 200 && send_request(fards[n], FAR_MSG_BIND, i, body, size, NULL, 0); i++)
            ;
        if (n % 4 == 3)
            nap(30);
    }
    /* A client that was there before asks for a channel: it may be refused, but the host must not suffer. */
    for (int i = 0; i < 20; i++)
        if (try_open_channel(honest, kv.reply.service_id, 65536, &channel) == 0)
            close_channel(honest, &channel);
    for (int n = 0; n < 20; n++)
        close(fards[n]);
}

/* Processes that open a channel, close it, and go on living. */
static void many_clients(void)
{
    int stay[2];
    must(pipe(stay) == 0);
    for (int i = 0; i < 100; i++) {
        int done[2];
        char byte;
        must(pipe(done) == 0);
        if (fork() == 0) {
            struct bound kv;
            struct channel channel;
            close(stay[1]);
            close(done[0]);
            int fard = connect_fard();
            bind_service(fard, "kv", 0, &kv);
            if (try_open_channel(fard, kv.reply.service_id, 65536, &channel) == 0) {
                CALL(&channel, slot_of(&kv, "kv_null_function"), 0);
                close_channel(fard, &channel);
            }
            close(fard);
            close(done[1]);
            _exit((int)read(stay[0], &byte, 1));
        }
        close(done[1]);
        must(read(done[0], &byte, 1) == 0);
        close(done[0]);
    }
    close(stay[1]);
    while (wait(NULL) > 0)
        ;
}

/* Kilobytes of /proc/PID/status. */
static long status_kb(uint32_t pid, const char *word)
{
    char path[64], line[256];
    long kb = -1;
    snprintf(path, sizeof path, "/proc/%u/status", pid);
    FILE *file = fopen(path, "re");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, word, strlen(word)) == 0)
            kb = atol(line + strlen(word));
    if (file)
        fclose(file);
    return kb;
}

/* Sizes cost the one who names them nothing: the A-stack is empty memory. What do they cost the host? */
static void claim_memory(void)
{
    enum { CHANNELS = 4 };
    static struct channel channel[CHANNELS];
    struct bound zlib;
    int fard = connect_fard();
    uint32_t host = host_pid(fard, "kv");
    bind_service(fard, "kv", 0, &zlib);
    long before = status_kb(host, "VmHWM:");
    for (int i = 0; i < CHANNELS; i++) {
        open_channel(fard, &zlib, 512u << 20, &channel[i]);
        memcpy(area_of(&channel[i]), "no such key", 12);
        channel[i].astack->call.slot = slot_of(&zlib, "kv_get");
        memcpy(channel[i].astack->call.argument, (uint64_t[6]){12, 1, (512u << 20) - 8192, 1}, 48);
        publish(&channel[i], 1);
    }
    for (int i = 0; i < CHANNELS; i++)
        must(answered(&channel[i], 1, 20000));
    fprintf(stderr, "host: %ld MiB before, %ld MiB at most\n", before / 1024, status_kb(host, "VmHWM:") / 1024);
}

static int sealed(uint64_t size, unsigned seals)
{
    int fd = memfd_create("attack", MFD_ALLOW_SEALING);
    must(fd >= 0 && ftruncate(fd, (off_t)size) == 0 && fcntl(fd, F_ADD_SEALS, seals) == 0);
    return fd;
}

static int try_register(int fard, const int *fds, unsigned count)
{
    struct far_register_request request = {.name = "attack", .host_uid = FAR_HOST_UID_DEFAULT};
    static struct answer answer;
    must(send_request(fard, FAR_MSG_REGISTER, 1, &request, sizeof request, fds, count));
    must(receive_answer(fard, &answer) && answer.head.type == (FAR_MSG_ERROR | FAR_MSG_REPLY));
    return ((const struct far_error *)(answer.bytes + sizeof answer.head))->code;
}

/* Things that are no segment, from whoever may register; anything at all from whoever may not. */
static void manage(void)
{
    const int all = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW;
    int ends[2], other = geteuid() ? EACCES : 0;
    must(pipe(ends) == 0);
    const struct {
        int fd, code;
    } files[] = {{ends[0], EPERM},
                 {open("/", O_RDONLY), EPERM},
                 {open("/dev/zero", O_RDONLY), EPERM},
                 {socket(AF_UNIX, SOCK_STREAM, 0), EPERM},
                 {open("/proc/self/exe", O_PATH), EPERM},
                 {sealed(65536, F_SEAL_SHRINK | F_SEAL_GROW), EPERM},
                 {sealed(65536, F_SEAL_FUTURE_WRITE | F_SEAL_SHRINK | F_SEAL_GROW), EPERM},
                 {sealed(0, (unsigned)all), EFBIG},
                 {sealed(1ull << 40, (unsigned)all), EFBIG},
                 {sealed(64u << 20, (unsigned)all), EINVAL}};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        int fard = connect_fard();
        must(try_register(fard, &files[i].fd, 1) == (other ? other : files[i].code));
        close(fard);
    }
    const char *const names[] = {"kv", "../kv", "kv/../../x", "k\nv", "\033[2J", "", "no_such_service"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct far_name_request request = {.first = 0};
        static struct answer answer;
        int fard = connect_fard();
        memcpy(request.name, names[i], strlen(names[i]));
        if (i == 0 && !other)
            continue; /* that would be allowed */
        must(ask(fard, FAR_MSG_UNREGISTER, &request, sizeof request, &answer) != 0);
        const struct far_error *error = (const void *)(answer.bytes + sizeof answer.head);
        for (const char *c = error->text; *c; c++)
            must((unsigned char)*c >= 0x20 && *c != 0x7f);
        close(fard);
    }
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } modes[] = {{"slow-to-close", slow_to_close}, {"flood-channels", flood_channels}, {"fill-flight", fill_flight},
                 {"many-clients", many_clients},   {"claim-memory", claim_memory},     {"manage", manage}};
    int fard = connect_fard();
    uint32_t daemon = fard_pid(fard), host = host_pid(fard, "kv");
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        if (argc == 2 && strcmp(argv[1], modes[i].name) == 0) {
            modes[i].run();
            nap(200);
            must(fard_pid(fard) == daemon);
            must(host_pid(fard, "kv") == host);
            printf("%s: fard and the host stood\n", argv[1]);
            return 0;
        }
    fprintf(stderr, "usage: hostile-fard MODE\n");
    return 64;
}
