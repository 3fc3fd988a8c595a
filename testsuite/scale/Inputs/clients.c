/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Many clients at once, and one after the other: clients IMPORT-LIBRARY SYMBOL FARD-PID HOST-PID CLIENTS ROUNDS
 *
 * A client is a process that has just been forked: it binds (dlopen of the import library), calls once, and either waits with all
 * the others or ends, which unbinds it. Counted before and after: what fard and the service's host have open, their threads, memory.
 * Prints how long binding took; says what was not given back, and ends with 1 then. CLIENTS_SECONDS: no new round after that
 * time, but for the first ROUNDS_LEAST; without it all ROUNDS.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WARM_UP      500  /* rounds until tables and caches have the size that they stay at */
#define SLACK_KB     2048 /* memory that an allocator may keep */
#define SLACK_MAPS   64   /* mappings: stacks of threads that have ended, which the C library keeps for the next ones */
#define ROUNDS_LEAST 200

typedef int operation(unsigned);

static double now_us(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static void give_up(const char *what)
{
    fprintf(stderr, "clients: %s\n", what);
    exit(69);
}

/* ---- What a process has ---- */

struct use {
    long fds, threads, memory_kb, maps;
};

static long count_entries(int pid, const char *folder)
{
    char path[64];
    long count = -2; /* . and .. */
    snprintf(path, sizeof path, "/proc/%d/%s", pid, folder);
    DIR *list = opendir(path);
    while (list && readdir(list))
        count++;
    if (list)
        closedir(list);
    return count;
}

static long count_lines(int pid, const char *name)
{
    char path[64], line[1024];
    long count = 0;
    snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file))
        count++;
    if (file)
        fclose(file);
    return count;
}

static long memory_of(int pid)
{
    char path[64], line[256];
    long kb = 0;
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file))
        sscanf(line, "RssAnon: %ld", &kb);
    if (file)
        fclose(file);
    return kb;
}

static struct use use_of(int pid)
{
    return (struct use){count_entries(pid, "fd"), count_entries(pid, "task"), memory_of(pid), count_lines(pid, "maps")};
}

/* What goes when a client goes is let go a little later: by fard's and the host's own turns. */
static bool settles(int pid, const struct use *before, struct use *after)
{
    for (int tries = 0; tries < 400; tries++) {
        *after = use_of(pid);
        if (after->fds <= before->fds && after->threads <= before->threads)
            return true;
        usleep(25000);
    }
    return false;
}

static bool compare(const char *who, int pid, const struct use *before)
{
    struct use after;
    bool settled = settles(pid, before, &after);
    long more = after.memory_kb - before->memory_kb;
    bool fine = settled && (getenv("MEMORY_GROWS") || more < SLACK_KB) && after.maps <= before->maps + SLACK_MAPS;
    printf("%s: %ld descriptors, then %ld; %ld threads, then %ld; %s\n", who, before->fds, after.fds, before->threads,
           after.threads, fine ? "nothing is left over" : "LEFT OVER");
    if (!fine)
        printf("%s: memory grew by %ld KB, mappings from %ld to %ld\n", who, more, before->maps, after.maps);
    return fine;
}

/* ---- Clients ---- */

struct client {
    const char *library, *symbol;
    int told, go; /* pipes: how long it took; wait until this is closed */
};

static void be_client(const struct client *client)
{
    char byte;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    double start = now_us();
    void *handle = dlopen(client->library, RTLD_NOW);
    operation *call = handle ? (operation *)dlsym(handle, client->symbol) : NULL;
    double took = now_us() - start;
    if (!call || call(1) == -1)
        took = -1;
    if (write(client->told, &took, sizeof took) != sizeof took)
        _exit(1);
    while (client->go >= 0 && read(client->go, &byte, 1) > 0)
        ;
    _exit(took < 0);
}

static int by_value(const void *a, const void *b)
{
    double one = *(const double *)a, other = *(const double *)b;
    return one < other ? -1 : one > other;
}

static void report(const char *what, double *us, int count)
{
    qsort(us, (size_t)count, sizeof *us, by_value);
    if (us[0] < 0)
        give_up("a client could not bind or call");
    printf("%s: %d binds, microseconds: least %.0f, median %.0f, 90%% %.0f, 99%% %.0f, most %.0f\n", what, count, us[0],
           us[count / 2], us[count * 9 / 10], us[count * 99 / 100], us[count - 1]);
}

static void start_client(const char *library, const char *symbol, int told[2], int go[2])
{
    const struct client client = {library, symbol, told[1], go ? go[0] : -1};
    pid_t child = fork();
    if (child < 0)
        give_up("cannot fork");
    if (child)
        return;
    if (go)
        close(go[1]);
    be_client(&client);
}

static void take_times(int fd, double *us, int count)
{
    for (int i = 0; i < count; i++)
        if (read(fd, &us[i], sizeof us[i]) != sizeof us[i])
            give_up("a client ended early");
}

static void all_at_once(char **argv, int clients)
{
    int told[2], go[2];
    double *us = calloc((size_t)clients, sizeof *us);
    if (!us || pipe(told) || pipe(go))
        give_up("no memory or pipes");
    for (int i = 0; i < clients; i++)
        start_client(argv[1], argv[2], told, go);
    take_times(told[0], us, clients);
    printf("bound at once: %d clients; fard has %ld descriptors open, the host %ld threads\n", clients,
           count_entries(atoi(argv[3]), "fd"), count_entries(atoi(argv[4]), "task"));
    close(go[1]);
    while (wait(NULL) > 0)
        ;
    report("at once", us, clients);
    close(told[0]);
    close(told[1]);
    close(go[0]);
    free(us);
}

static bool enough(int round, double start)
{
    const char *seconds = getenv("CLIENTS_SECONDS");
    return seconds && round >= ROUNDS_LEAST && now_us() - start > atof(seconds) * 1e6;
}

static void one_by_one(char **argv, int rounds, const char *what)
{
    int told[2], done = 0;
    double start = now_us();
    double *us = calloc((size_t)rounds, sizeof *us);
    if (!us || pipe(told))
        give_up("no memory or pipes");
    for (; done < rounds && !enough(done, start); done++) {
        start_client(argv[1], argv[2], told, NULL);
        take_times(told[0], &us[done], 1);
        while (wait(NULL) > 0)
            ;
    }
    if (what)
        report(what, us, done);
    close(told[0]);
    close(told[1]);
    free(us);
}

int main(int argc, char **argv)
{
    if (argc != 7)
        return 64;
    int fard = atoi(argv[3]), host = atoi(argv[4]), clients = atoi(argv[5]), rounds = atoi(argv[6]);
    setvbuf(stdout, NULL, _IOLBF, 0);
    dlopen("libfarcall.so.0", RTLD_NOW); /* so that its loading is in no figure */
    one_by_one(argv, WARM_UP, NULL);
    struct use fard_before = use_of(fard), host_before = use_of(host);
    all_at_once(argv, clients);
    bool fine = compare("fard after clients", fard, &fard_before);
    fine &= compare("host after clients", host, &host_before);
    fard_before = use_of(fard); /* its tables have grown to hold them all at once, and stay so */
    one_by_one(argv, rounds, "one by one");
    fine &= compare("fard after rounds", fard, &fard_before);
    fine &= compare("host after rounds", host, &host_before);
    return !fine;
}
