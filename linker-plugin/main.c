/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The list of passes, the temporary directory, and the only place that prints errors. farld.h draws the picture. */
#include "linker-plugin/farld.h"
#include "linker-plugin/like.h"
#include "linker-plugin/sign.h"
#include "runtime/format/streams.h"

#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

static volatile sig_atomic_t interrupted_by;

static void note_interruption(int signal)
{
    interrupted_by = signal;
}

/* No SA_RESTART: waiting for lld must end, so that the temporary files can be removed. */
static void catch_interruptions(void)
{
    static const int signals[] = {SIGHUP, SIGINT, SIGTERM};
    struct sigaction action = {.sa_handler = note_interruption};

    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        sigaction(signals[i], &action, NULL);
}

static int interrupted(struct link *link)
{
    return interrupted_by
               ? error_add(&link->errors, 128 + interrupted_by, "interrupted by signal %d", (int)interrupted_by)
               : 0;
}

static sigjmp_buf after_cut; /* where main() goes on when a mapped file has lost the page that is being read */

/* The thread that signs works on memory of ours alone. */
static void leave_cut_file(int signal)
{
    if (gettid() == getpid())
        siglongjmp(after_cut, 1);
    raise(signal); /* once more, and for good: SA_RESETHAND */
}

static void catch_cut_files(void)
{
    struct sigaction action = {.sa_handler = leave_cut_file, .sa_flags = (int)SA_RESETHAND};

    sigaction(SIGBUS, &action, NULL);
}

/* PREFIX of PREFIX/bin/farld. */
static int find_prefix(struct link *link)
{
    char path[4096];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);

    if (length <= 0)
        return error_add(&link->errors, EX_OSERR, "cannot read /proc/self/exe: %s", strerror(errno));
    path[length] = '\0';
    for (int levels = 0; levels < 2 && strrchr(path, '/'); levels++)
        *strrchr(path, '/') = '\0';
    link->prefix = arena_format(&link->arena, "%s", path);
    return 0;
}

static int make_workplace(struct link *link)
{
    const char *directory = getenv("TMPDIR");

    link->workplace = arena_format(&link->arena, "%s/farld.XXXXXX",
                                   directory && *directory ? path_plain(&link->arena, directory) : "/tmp");
    if (mkdtemp(link->workplace))
        return 0;
    error_add(&link->errors, EX_CANTCREAT, "cannot create a temporary directory '%s': %s", link->workplace,
              strerror(errno));
    link->workplace = NULL;
    return link->errors.status;
}

static void clear_folder(DIR *folder)
{
    for (const struct dirent *entry; (entry = readdir(folder));)
        unlinkat(dirfd(folder), entry->d_name, 0); /* "." and ".." are folders, which this leaves alone */
}

static void clear_workplace(struct link *link)
{
    DIR *folder = link->workplace ? opendir(link->workplace) : NULL;

    if (link->draft)
        unlink(link->draft);
    if (folder) {
        clear_folder(folder);
        closedir(folder);
    }
    if (link->workplace)
        rmdir(link->workplace);
}

/* What lld reads and writes needs names before it starts. */
static int start_lld(struct link *link)
{
    if (draft_make(link))
        return link->errors.status;
    link->drawn = link->draft ? link->draft : lld_place(link, "image");
    return lld_start(link);
}

/*
 * What the inputs say, and what is needed so that lld can link them. lld takes longer to start than most of that, so it
 * is started first; but before it compiles bitcode, the record must be there.
 */
static int prepare(struct link *link)
{
    int status = make_workplace(link);

    status = status ? status : inputs_find(link);
    if (!status && link->machine && !link->awaits_bitcode)
        status = start_lld(link);
    status = inputs_read(link);
    status = status ? status : record_collect(link);
    status = status ? status : machine_check(link);
    status = status ? status : host_read(link);
    status = status ? status : like_read(link);
    status = status ? status : like_lay_out(link);
    status = status ? status : inputs_prescan(link);
    return !status && !link->lld ? start_lld(link) : status;
}

static int feed_lld(struct link *link)
{
    int status = script_write(link, lld_place(link, "script"));

    status = status ? status : glue_write(link, lld_place(link, "glue.o"));
    status = status ? status : lld_feed(link);
    status = status ? status : names_read(link);
    if (!status) {
        survey_inputs(link);
        sign_prepare();
    }
    return status;
}

static int run_lld(struct link *link)
{
    int status = prepare(link);

    status = status ? status : feed_lld(link);
    if (link->lld && (status || interrupted_by))
        lld_abandon(link);
    else if (link->lld)
        lld_finish(link);
    status = link->errors.status ? link->errors.status : interrupted(link);
    return status ? status : image_read(link, &link->image, link->drawn);
}

static int link_segment(struct link *link)
{
    int status = run_lld(link);

    status = status ? status : linked_read(link);
    status = status ? status : linked_check(link);
    status = status ? status : linked_refuse_thread_locals(link);
    status = status ? status : refuse_old_sections(link);
    status = status ? status : refuse_alignment(link);
    status = status ? status : rights_refuse(link);
    status = status ? status : symbols_resolve(link);
    status = status ? status : hostdata_refuse(link);
    status = status ? status : neutrality_decide(link);
    status = status ? status : reasons_record(link);
    if (!status && (link->options.map || link->options.dump_plan))
        status = map_read(link, lld_place(link, "map"));
    if (!status && link->options.dump_plan)
        plan_dump(link, stdout);
    if (status || !link->options.output)
        return status;
    status = commands_make(link);
    if (!status && link->options.map)
        map_print(link, stdout);
    return status ? status : segment_write(link);
}

static int print_errors(const struct errors *errors)
{
    for (size_t i = 0; i < errors->note_count; i++)
        fprintf(stderr, "farld: note: %s\n", errors->notes[i]);
    for (size_t i = 0; i < errors->count; i++)
        fprintf(stderr, "farld: %s\n", errors->messages[i]);
    return errors->status;
}

int main(int argc, char **argv)
{
    struct link link = {0};
    int status;

    streams_occupy();
    signal(SIGCHLD, SIG_DFL); /* whoever ignores it hands that down, and then nobody can wait for lld */
    link.errors.arena = &link.arena;
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--help"))
            return options_help(stdout), 0;
        if (!strcmp(argv[i], "--version"))
            return puts("farld (farcall) " FAR_VERSION), 0;
    }
    catch_interruptions();
    status = options_parse(&link, argc, argv);
    status = status ? status : find_prefix(&link);
    if (!status && !sigsetjmp(after_cut, 1)) {
        catch_cut_files();
        link_segment(&link);
    } else if (!status) {
        error_add(&link.errors, EX_IOERR,
                  "an input was cut short while it was read, or there is no space left for the output; link again");
        if (link.lld)
            lld_abandon(&link);
    }
    if (link.lld)
        lld_end(&link);
    clear_workplace(&link);
    if (fflush(stdout) && !link.errors.status)
        error_add(&link.errors, EX_IOERR, "cannot write the output: %s", strerror(errno));
    status = interrupted_by ? EX_SOFTWARE
                            : print_errors(&link.errors); /* lld's end by our signal is no error of the input */
    arena_free(&link.arena);
    if (interrupted_by) {
        signal(interrupted_by, SIG_DFL);
        raise(interrupted_by);
    }
    return status;
}
