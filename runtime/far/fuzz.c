/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* far fuzz: the command, and who watches over the sessions. */
#include "runtime/far/fuzz.h"
#include "runtime/far/far.h"
#include "runtime/far/load.h"
#include "runtime/far/options.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <ftw.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#define SESSION_CALLS 256
#define RUNS_DEFAULT  4096
#define PATIENCE_S    20 /* for one answer */
#define FOUND_ENOUGH  16
#define CORPUS_MAX    4096

static int take_except(void *to, const struct option_row *row, const char *name)
{
    struct fuzz_run *run = to;
    (void)row;
    if (run->excepted == FUZZ_EXCEPT_MAX) {
        fprintf(stderr, "far: fuzz: --except: %d operations at most\n", FUZZ_EXCEPT_MAX);
        return EX_USAGE;
    }
    run->except[run->excepted++] = name;
    return -1;
}

static const struct option_row rows[] = {
    {.name = "caller",
     .kind = OPTION_FLAG,
     .at = offsetof(struct fuzz_run, caller),
     .help = "only hostile callers, against a host of the service's own"},
    {.name = "server",
     .kind = OPTION_FLAG,
     .at = offsetof(struct fuzz_run, server),
     .help = "only hostile servers, against the client library"},
    {.name = "seconds",
     .value = "N",
     .kind = OPTION_SECONDS,
     .at = offsetof(struct fuzz_run, seconds),
     .least = 1,
     .most = 1000ull * 86400 * 30,
     .what = "a number of seconds",
     .help = "how long, in each direction"},
    {.name = "runs",
     .value = "N",
     .kind = OPTION_NUMBER,
     .at = offsetof(struct fuzz_run, runs),
     .least = 1,
     .most = INT64_MAX,
     .what = "a number of calls",
     .help = "how many calls, in each direction; 4096 if neither is said"},
    {.name = "seed",
     .value = "N",
     .kind = OPTION_NUMBER,
     .at = offsetof(struct fuzz_run, seed),
     .most = INT64_MAX,
     .what = "a number",
     .help = "the first session's; the same one makes the same calls. Default: 1"},
    {.name = "corpus",
     .value = "DIR",
     .kind = OPTION_TEXT,
     .at = offsetof(struct fuzz_run, corpus),
     .help = "sessions that reached something new are kept there, and run first the next time"},
    {.name = "artifacts",
     .value = "DIR",
     .kind = OPTION_TEXT,
     .at = offsetof(struct fuzz_run, artifacts),
     .help = "a file for each finding, for --replay"},
    {.name = "replay",
     .value = "FILE",
     .kind = OPTION_TEXT,
     .at = offsetof(struct fuzz_run, replay),
     .help = "one session again, as such a file says, and each call before it is made"},
    {.name = "except",
     .value = "OPERATION",
     .kind = OPTION_TAKE,
     .take = take_except,
     .help = "leave out operations of that name or pattern: what they do to their own host is known; several times"},
    {.name = "verbose",
     .kind = OPTION_FLAG,
     .at = offsetof(struct fuzz_run, verbose),
     .help = "each call before it is made, and what the name server says"},
    OPTION_ROW_JSON(struct fuzz_run),
    {0}};

static const struct command_line line = {
    .name = "fuzz",
    .usage = "far fuzz SERVICE|FILE.seg [--caller|--server] [--seconds N] [--runs N] [--seed N]\n"
             "         [--corpus DIR] [--artifacts DIR] [--replay FILE]\n"
             "         [--except OPERATION] [--verbose] [--json]",
    .about =
        "Attacks a service's interface in both directions, from its record alone: callers that no honest client would "
        "be, against a host with a name server of its own; and servers that lie, against the client library.\n",
    .rows = rows,
    .notes =
        "Registered services are only read: what is attacked is a copy.\n"
        "\n"
        "Exit codes: 0 nothing found; 1 something was; 64 usage; 65, 66 no such file, or no sound segment; 69 no fard, "
        "or the service cannot be started; 71 the system; 73 --artifacts or --corpus cannot be written.\n",
    .least = 1,
    .most = 1,
    .operands = "name one service, or its segment file",
};

struct direction {
    const char *name;
    bool server;
    int (*session)(struct fuzz_run *run, uint64_t seed);
};

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* --- sessions --- */

static pid_t start_session(struct fuzz_run *run, int (*session)(struct fuzz_run *, uint64_t), uint64_t seed)
{
    fflush(NULL);
    pid_t watcher = getpid(), child = fork();
    if (child != 0)
        return child;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != watcher)
        _exit(EX_OSERR);
    fclose(stdin);
    exit(session(run, seed)); /* a sanitizer looks for leaks then */
}

static void stop(pid_t child)
{
    if (child <= 0)
        return;
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

/* 0, or an exit code: this session could not be. */
static int judge_end(struct fuzz_run *run, const struct direction *direction, uint64_t seed, int status)
{
    char detail[120];
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
    if (WIFEXITED(status) && (code == 0 || code == EX_UNAVAILABLE || code == EX_OSERR))
        return code;
    if (WIFSIGNALED(status))
        snprintf(detail, sizeof detail, "signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
    else
        snprintf(detail, sizeof detail, "exit code %d", code);
    progress_found(run, FUZZ_CLIENT_ENDED, seed, direction->server, detail);
    return 0;
}

static int run_session(struct fuzz_run *run, const struct direction *direction, uint64_t seed)
{
    struct fuzz_progress *progress = run->progress;
    uint64_t beat = progress->beat;
    double last = now();
    int status;
    pid_t child = start_session(run, direction->session, seed);
    if (child < 0)
        return EX_OSERR;
    while (waitpid(child, &status, WNOHANG) == 0) {
        usleep(1000);
        if (progress->beat != beat) {
            beat = progress->beat;
            last = now();
        } else if (now() - last > PATIENCE_S) {
            progress_found(run, FUZZ_NO_ANSWER, seed, direction->server, "");
            stop(child);
            return 0;
        }
    }
    return judge_end(run, direction, seed, status);
}

/* --- the corpus: sessions by their seeds, as names of files --- */

static int keep_session(const struct fuzz_run *run, const struct direction *direction, uint64_t seed)
{
    char path[PATH_MAX];
    if (!run->corpus)
        return 0;
    snprintf(path, sizeof path, "%s/%s-%s-%" PRIu64, run->corpus, run->service, direction->name, seed);
    FILE *file = mkdir(run->corpus, 0777) != 0 && errno != EEXIST ? NULL : fopen(path, "w");
    if (file && fclose(file) == 0)
        return 0;
    fprintf(stderr, "far: fuzz: %s: %s\n", path, strerror(errno));
    return EX_CANTCREAT;
}

static uint32_t read_corpus(const struct fuzz_run *run, const struct direction *direction, uint64_t seeds[CORPUS_MAX])
{
    char begin[128];
    uint32_t count = 0;
    int length = snprintf(begin, sizeof begin, "%s-%s-", run->service, direction->name);
    DIR *entries = run->corpus ? opendir(run->corpus) : NULL;
    for (struct dirent *entry; entries && count < CORPUS_MAX && (entry = readdir(entries));)
        if (strncmp(entry->d_name, begin, (size_t)length) == 0)
            seeds[count++] = strtoull(entry->d_name + length, NULL, 10);
    if (entries)
        closedir(entries);
    return count;
}

/* --- a direction --- */

struct campaign {
    double begin;
    uint64_t sessions;
    uint64_t calls; /* that sessions were to make */
};

static bool goes_on(const struct fuzz_run *run, const struct campaign *campaign)
{
    return (!run->runs || campaign->calls < run->runs) &&
           (run->seconds <= 0 || now() - campaign->begin < run->seconds) && run->progress->finding_count < FOUND_ENOUGH;
}

static int one_session(struct fuzz_run *run, const struct direction *direction, struct campaign *campaign,
                       uint64_t seed)
{
    uint64_t left = run->runs ? run->runs - campaign->calls : SESSION_CALLS;
    uint64_t new_at = run->progress->new_at;
    run->session_calls = left < SESSION_CALLS ? left : SESSION_CALLS;
    int code = run_session(run, direction, seed);
    campaign->sessions++;
    campaign->calls += run->session_calls;
    if (!code && run->progress->new_at != new_at)
        code = keep_session(run, direction, seed);
    return code;
}

static int sessions(struct fuzz_run *run, const struct direction *direction, struct campaign *campaign)
{
    static uint64_t seeds[CORPUS_MAX];
    uint32_t known = run->replayed ? 0 : read_corpus(run, direction, seeds);
    int code = 0;
    for (uint32_t i = 0; !code && i < known && goes_on(run, campaign); i++)
        code = one_session(run, direction, campaign, seeds[i]);
    for (uint64_t seed = run->seed; !code && goes_on(run, campaign); seed++)
        code = one_session(run, direction, campaign, seed);
    return code;
}

static int write_artifacts(const struct fuzz_run *run)
{
    int code = 0;
    for (uint32_t i = 0; !code && i < run->progress->finding_count && i < FUZZ_FINDINGS; i++)
        code = report_write_artifact(run, &run->progress->finding[i]);
    return code;
}

/* What the name server has said of the host's end. */
static void explain_ends(struct fuzz_run *run, const struct fuzz_node *node)
{
    char text[160];
    struct fuzz_progress *progress = run->progress;
    if (!node->fard || !node_host_ends(node, text, sizeof text))
        return;
    bool known = false;
    for (uint32_t i = 0; i < progress->finding_count && i < FUZZ_FINDINGS; i++) {
        known |= progress->finding[i].kind == FUZZ_HOST_ENDED;
        if (progress->finding[i].kind == FUZZ_HOST_ENDED && !*progress->finding[i].detail)
            snprintf(progress->finding[i].detail, sizeof progress->finding[i].detail, "%s", text);
    }
    /* Between two calls, perhaps: in a thread of the service's own. */
    struct fuzz_finding unseen = {.kind = FUZZ_HOST_ENDED, .op = UINT32_MAX, .seed = run->seed, .sound = true};
    if (known)
        return;
    unseen.call = progress->calls;
    snprintf(unseen.detail, sizeof unseen.detail, "%s", text);
    progress_take(run, &unseen);
}

/* An honest client whose host was ended by the other's call has found nothing of its own. */
static void forget_what_others_did(struct fuzz_progress *progress)
{
    uint32_t kept = 0;
    bool others = false;
    for (uint32_t i = 0; i < progress->finding_count && i < FUZZ_FINDINGS; i++)
        others |= progress->finding[i].kind == FUZZ_HOST_ENDED && !progress->finding[i].honest;
    for (uint32_t i = 0; others && i < progress->finding_count && i < FUZZ_FINDINGS; i++)
        if (progress->finding[i].kind != FUZZ_HOST_ENDED || !progress->finding[i].honest)
            progress->finding[kept++] = progress->finding[i];
    if (others)
        progress->finding_count = kept;
}

static int run_direction(struct fuzz_run *run, const struct direction *direction)
{
    struct fuzz_node node = {.fard = 0};
    struct campaign campaign = {.begin = now()};
    pid_t honest = 0;
    memset(run->progress, 0, sizeof *run->progress);
    int code = direction->server ? 0 : node_start(run, &node);
    campaign.begin = now();
    if (!code && !direction->server && !run->replayed)
        honest = start_session(run, caller_honest, run->seed ^ 0x40E57);
    if (!code)
        code = sessions(run, direction, &campaign);
    stop(honest);
    forget_what_others_did(run->progress);
    explain_ends(run, &node);
    node_stop(run, &node);
    int written = code ? 0 : write_artifacts(run);
    if (code)
        return code;
    int found = report_print(run, direction->name, campaign.sessions, now() - campaign.begin);
    return written ? written : found;
}

static int run_directions(struct fuzz_run *run)
{
    static const struct direction directions[] = {{"caller", false, caller_session}, {"server", true, server_session}};
    bool both = run->caller == run->server, any = false;
    int code = 0, worst = 0;
    if (run->json)
        printf("[");
    for (int i = 0; i < 2 && code < EX_USAGE; i++) {
        if (!both && run->server != directions[i].server)
            continue;
        if (run->json && any)
            printf(",\n");
        any = true;
        code = run_direction(run, &directions[i]);
        worst = code > worst ? code : worst;
    }
    if (run->json)
        printf("]\n");
    return finish_output(worst);
}

/* --- what is attacked --- */

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *place)
{
    (void)status, (void)type, (void)place;
    (void)remove(path);
    return 0;
}

/* A registered service's file, fetched with the command that does. */
static int fetch(struct fuzz_run *run, const char *service, char *path, size_t size)
{
    int status = -1;
    snprintf(path, size, "%s/%s.seg", run->folder, service);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        static char command[] = "fetch", option[] = "-o";
        char *words[] = {command, (char *)(uintptr_t)service, option, path, NULL};
        exit(far_fetch_main(4, words));
    }
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status))
        return EX_OSERR;
    run->file = path;
    return WEXITSTATUS(status);
}

static int read_replay(struct fuzz_run *run)
{
    char text[256], direction[16] = "";
    FILE *file = fopen(run->replay, "r");
    bool good = file && fgets(text, sizeof text, file) && strcmp(text, "far-fuzz 1\n") == 0;
    while (good && fgets(text, sizeof text, file)) {
        sscanf(text, "direction %15s", direction);
        sscanf(text, "seed %" SCNu64, &run->seed);
        sscanf(text, "runs %" SCNu64, &run->runs);
    }
    if (file)
        fclose(file);
    if (!good || !run->runs) {
        fprintf(stderr, "far: fuzz: %s: %s\n", run->replay, file ? "is no finding of far fuzz" : strerror(errno));
        return file ? EX_DATAERR : EX_NOINPUT;
    }
    run->server = strcmp(direction, "server") == 0;
    run->caller = !run->server;
    run->verbose = run->replayed = true;
    run->seconds = 0;
    return 0;
}

static bool excepts_any(const struct far_iface *iface, const char *pattern)
{
    for (uint32_t i = 0; i < iface->ops.count; i++)
        if (fnmatch(pattern, iface_string(iface, iface_op(iface, i)->name), 0) == 0)
            return true;
    return false;
}

static int attack(struct fuzz_run *run, struct loaded *loaded)
{
    run->iface = loaded->iface;
    snprintf(run->service, sizeof run->service, "%s", iface_string(run->iface, run->iface->service));
    if (run->iface->machine != FAR_ABI_MACHINE) {
        fprintf(stderr, "far: fuzz: %s: a segment for another machine\n", run->file);
        return EX_DATAERR;
    }
    for (uint32_t i = 0; i < run->excepted; i++) {
        if (!excepts_any(run->iface, run->except[i])) {
            fprintf(stderr, "far: fuzz: --except: service %s has no operation %s\n", run->service, run->except[i]);
            return EX_USAGE;
        }
    }
    run->progress = mmap(NULL, sizeof *run->progress, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (run->progress == MAP_FAILED || words_from(&run->words, loaded->bytes, loaded->size) != 0)
        return EX_OSERR;
    int code = run_directions(run);
    words_free(&run->words);
    munmap(run->progress, sizeof *run->progress);
    return code;
}

int far_fuzz_main(int argc, char **argv)
{
    static struct fuzz_run run = {.seed = 1, .folder = "/tmp/far-fuzz.XXXXXX"};
    struct operands operands;
    struct loaded loaded;
    char path[PATH_MAX];
    int code = options_read(&line, argc, argv, &run, &operands);
    if (code >= 0)
        return code;
    code = run.replay ? read_replay(&run) : 0;
    if (code)
        return code;
    if (!run.runs && run.seconds <= 0)
        run.runs = RUNS_DEFAULT;
    if (!mkdtemp(run.folder) || chmod(run.folder, 0755) != 0) {
        fprintf(stderr, "far: fuzz: %s: %s\n", run.folder, strerror(errno));
        return EX_CANTCREAT;
    }
    run.file = operands.word[0];
    bool is_file = strchr(run.file, '/') || strchr(run.file, '.');
    code = is_file ? 0 : fetch(&run, operands.word[0], path, sizeof path);
    code = code ? code : load_segment(&loaded, run.file);
    if (!code) {
        code = attack(&run, &loaded);
        unload_segment(&loaded);
    }
    nftw(run.folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return code;
}
