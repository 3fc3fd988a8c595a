/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Binding against ld.so: the same objects as a segment and as an ordinary shared library.
 *
 *     bind FAR SEGMENT IMPORT-LIBRARY PLAIN-LIBRARY SYMBOL SERVICE FIRST-LIMIT LATER-LIMIT    not registered yet
 *     bind --same SYMBOL IMPORT-LIBRARY SYMBOL IMPORT-LIBRARY LABEL LIMIT    two that are registered
 *
 * Both libraries are opened the same way: a child that has just been forked takes the time from before dlopen(RTLD_NOW)
 * until the first call has returned, so that neither exec nor the loading of libc and libfarcall, which both sides have,
 * is in it. The import library's time holds the connection to fard, which every process makes once.
 *
 *     first bind     the import library for the first time since the service was registered, against the plain library
 *                    for the first time since then; one try a round
 *     made           a later bind, and making, relocating and sealing image and data: what a first bind would take if it
 *                    were done then and not at registration. Taken in this process, with fard's own code.
 *     later bind     the import library again
 *     register       all of `far register`: sent, checked, digested, stored on disk, made, relocated, its host started
 */
#include "runtime/fard/parts.h"
#include "testsuite/bench/bench.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SLICES 7

static void give_up(const char *what, const char *why)
{
    fprintf(stderr, "bench: %s: %s\n", what, why);
    exit(69);
}

typedef int operation(unsigned);

static double open_and_call(const char *library, const char *symbol)
{
    double start = bench_now_ns();
    void *handle = dlopen(library, RTLD_NOW);
    operation *call = handle ? (operation *)dlsym(handle, symbol) : NULL;
    if (!call || call(1) == -1)
        give_up(library, call ? "the call fails" : dlerror());
    return bench_now_ns() - start;
}

/* In a child, since nothing unbinds a service. */
static double time_open(const char *library, const char *symbol)
{
    double ns = 0;
    int ends[2], status = -1;
    if (pipe(ends))
        give_up(library, "no pipe");
    pid_t child = fork();
    if (child == 0) {
        ns = open_and_call(library, symbol);
        _exit(write(ends[1], &ns, sizeof ns) != sizeof ns);
    }
    close(ends[1]);
    if (child < 0 || read(ends[0], &ns, sizeof ns) != sizeof ns || waitpid(child, &status, 0) != child || status)
        give_up(library, "the child failed");
    close(ends[0]);
    return ns;
}

static double time_program(const char *const arguments[])
{
    pid_t child;
    int status = -1;
    double start = bench_now_ns();
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    if (posix_spawn(&child, arguments[0], &actions, NULL, (char *const *)(uintptr_t)arguments, environ) ||
        waitpid(child, &status, 0) != child || status)
        give_up(arguments[1], "far failed");
    posix_spawn_file_actions_destroy(&actions);
    return bench_now_ns() - start;
}

/* The service stays registered, for the opens that follow. */
static double time_register(const char *far, const char *segment, const char *name, bool again)
{
    char trust[32];
    const char *const gone[] = {far, "unregister", name, NULL};
    snprintf(trust, sizeof trust, "uid:%u", (unsigned)getuid());
    const char *const registers[] = {far, "register", segment, "--trust", trust, NULL};
    if (again)
        time_program(gone);
    return time_program(registers);
}

struct file {
    struct far_segment segment;
    struct service_order order;
};

static void open_segment(const char *path, struct file *file)
{
    struct stat status;
    char why[512];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &status))
        give_up(path, "cannot be opened");
    void *bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED || segment_check(bytes, (size_t)status.st_size, 0, &file->segment, why, sizeof why))
        give_up(path, bytes == MAP_FAILED ? "cannot be mapped" : why);
    file->order = (struct service_order){.segment = &file->segment, .shippings = "", .host_uid = FAR_HOST_UID_DEFAULT};
    close(fd);
}

/* fard's part of a first bind. */
static double time_materialise(const struct file *file)
{
    struct registry registry;
    struct service *service;
    struct far_error error = {0};
    registry_init(&registry);
    if (service_from_segment(&file->order, &registry, &service, &error))
        give_up("segment", error.text);
    service->id = 1;
    service->range = (struct range){FAR_WINDOW_BEGIN,
                                    (file->segment.note->image_size + FAR_GRANULE - 1) / FAR_GRANULE * FAR_GRANULE};
    double start = bench_now_ns();
    if (service_materialise(service, &file->segment, &registry, &error))
        give_up("segment", error.text);
    double ns = bench_now_ns() - start;
    service_free(service);
    registry_free(&registry);
    return ns;
}

enum { FIRST, MADE, LATER, REGISTERED, ROWS };

struct rows {
    struct bench bench[ROWS];
    char name[ROWS][64], what[ROWS][64];
};

static struct rows *rows_new(const char *label, double later_limit, double first_limit)
{
    static const char *const kinds[ROWS] = {"first", "made", "later", "register"};
    static const char *const what[ROWS] = {"first bind", "image made, later bind", "later bind",
                                           "far register, later bind"};
    const double limits[ROWS] = {[FIRST] = first_limit, [LATER] = later_limit};
    struct rows *rows = calloc(1, sizeof *rows);
    if (!rows)
        give_up(label, "no memory");
    for (int i = 0; i < ROWS; i++) {
        snprintf(rows->name[i], sizeof rows->name[i], "bind/%s/%s", kinds[i], label);
        snprintf(rows->what[i], sizeof rows->what[i], "%s: %s", what[i], label);
        rows->bench[i] = (struct bench){
            .name = rows->name[i], .what = rows->what[i], .floor = "ld.so, BIND_NOW", .limit = limits[i]};
    }
    return rows;
}

static void measure_round(struct rows *rows, int round, char **argv, const struct file *file)
{
    double registered = time_register(argv[1], argv[2], argv[6], round > 0), made = 1e18, later = 1e18, plain = 1e18;
    rows->bench[FIRST].ns[round] = time_open(argv[3], argv[5]);
    rows->bench[FIRST].floor_ns[round] = time_open(argv[4], argv[5]);
    for (int slice = 0; slice < SLICES; slice++) {
        made = bench_least(made, time_materialise(file));
        later = bench_least(later, time_open(argv[3], argv[5]));
        plain = bench_least(plain, time_open(argv[4], argv[5]));
    }
    rows->bench[MADE].ns[round] = later + made;
    rows->bench[LATER].ns[round] = later;
    rows->bench[REGISTERED].ns[round] = later + registered;
    for (int i = MADE; i < ROWS; i++)
        rows->bench[i].floor_ns[round] = plain;
}

static int measure(char **argv)
{
    struct file file;
    int failed = 0;
    struct rows *rows = rows_new(argv[6], strtod(argv[8], NULL), strtod(argv[7], NULL));
    open_segment(argv[2], &file);
    for (int round = 0; round < BENCH_ROUNDS; round++)
        measure_round(rows, round, argv, &file);
    for (int i = 0; i < ROWS; i++)
        failed |= bench_report(&rows->bench[i]);
    return failed;
}

static int compare(char **argv)
{
    char name[64];
    snprintf(name, sizeof name, "bind/same/%s", argv[6]);
    struct bench bench = {.name = name, .what = argv[6], .floor = argv[4], .limit = strtod(argv[7], NULL)};
    for (int round = 0; round < BENCH_ROUNDS; round++) {
        double one = 1e18, other = 1e18;
        for (int slice = 0; slice < 3 * SLICES; slice++) {
            one = bench_least(one, time_open(argv[3], argv[2]));
            other = bench_least(other, time_open(argv[5], argv[4]));
        }
        bench.ns[round] = one;
        bench.floor_ns[round] = other;
    }
    return bench_report(&bench);
}

int main(int argc, char **argv)
{
    if (argc == 8 && strcmp(argv[1], "--same") == 0)
        return compare(argv);
    if (argc == 9)
        return measure(argv);
    fprintf(stderr, "usage: bind FAR SEGMENT IMPORT-LIBRARY PLAIN-LIBRARY SYMBOL SERVICE FIRST-LIMIT LATER-LIMIT\n"
                    "       bind --same SYMBOL IMPORT-LIBRARY SYMBOL IMPORT-LIBRARY LABEL LIMIT\n");
    return 64;
}
