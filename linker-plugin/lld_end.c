/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * How ld.lld's run ends. Its last act is to give the image its name; then the system takes its memory back, which for a large
 * link takes as long as several of our stages. So these begin when the name is there. Whether lld has ended well is asked
 * before the segment gets its own name.
 */
#include "linker-plugin/farld.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

static int wait_for(struct link *link, int *status)
{
    pid_t child = link->lld;

    link->lld = 0;
    while (waitpid(child, status, 0) < 0) {
        if (errno != EINTR)
            return error_add(&link->errors, EX_OSERR, "cannot wait for ld.lld: %s", strerror(errno));
        kill(child, SIGTERM);
    }
    return 0;
}

static char *read_text(struct link *link, const char *name, size_t *size)
{
    uint8_t *bytes; /* a zero byte follows them */

    return file_read(&link->arena, &link->errors, lld_place(link, name), &bytes, size) ? NULL : (char *)bytes;
}

/* What lld said, indented under a line of ours. */
static char *indented(struct link *link, const char *log, size_t size)
{
    size_t lines = 1;
    char *text, *to;

    for (size_t i = 0; i < size; i++)
        lines += log[i] == '\n';
    to = text = arena_allocate(&link->arena, size + 2 * lines + 1);
    for (size_t i = 0; i < size; i++) {
        if (i == 0 || log[i - 1] == '\n') {
            *to++ = ' ';
            *to++ = ' ';
        }
        *to++ = log[i];
    }
    while (to > text && (to[-1] == '\n' || to[-1] == ' '))
        *--to = '\0';
    return text;
}

#define INPUTS_SHOWN 4

const char *lld_inputs(struct link *link)
{
    const char *text = "";
    size_t shown = 0;

    for (size_t i = 0; i < link->input_count; i++) {
        if (link->inputs[i].passed_to_lld && shown++ < INPUTS_SHOWN)
            text = arena_format(&link->arena, "%s%s%s", text, *text ? ", " : "", path_base(link->inputs[i].path));
    }
    return shown > INPUTS_SHOWN ? arena_format(&link->arena, "%s and %zu more", text, shown - INPUTS_SHOWN) : text;
}

/* What lld says of code that it has put together itself names nobody. */
static const char *inputs_unless_named(struct link *link, const char *log)
{
    for (size_t i = 0; i < link->input_count; i++) {
        if (strstr(log, path_base(link->inputs[i].path)))
            return "";
    }
    return arena_format(&link->arena, "\n  of these inputs: %s", lld_inputs(link));
}

/* By what it read; else somebody has ended it, or the system has no memory. */
static bool has_crashed(int status)
{
    int signal = WTERMSIG(status);

    return signal == SIGSEGV || signal == SIGABRT || signal == SIGILL || signal == SIGFPE;
}

/* What lld writes besides the image need not be whole before it ends. */
static bool writes_only_image(const struct link *link)
{
    return link->draft && !link->has_bitcode && !link->options.map && !link->options.dump_plan;
}

/*
 * The file gets its name when it is complete: lld writes another one and renames it. Where it cannot do so, it writes this
 * one; so none may be open for writing, which is what a lease asks for. (inotify would say when to look, but giving its
 * descriptor back takes longer than lld's end.)
 */
static bool image_is_complete(const struct link *link)
{
    int file = open(link->draft, O_RDONLY | O_CLOEXEC);
    bool complete = file >= 0 && !fcntl(file, F_SETLEASE, F_RDLCK);

    if (complete)
        fcntl(file, F_SETLEASE, F_UNLCK);
    if (file >= 0)
        close(file);
    return complete;
}

#define LOOK_FIRST_US 250
#define LOOKS_EACH    50 /* the next one when it has taken that part longer */

/* Until the image is complete (true), or lld has ended. Who interrupts farld interrupts lld. */
static bool await_image(struct link *link, int lld)
{
    struct pollfd end = {.fd = lld, .events = POLLIN};
    uint64_t waited = 0, next = LOOK_FIRST_US;

    while (!image_is_complete(link)) {
        struct timespec time = {.tv_sec = (time_t)(next / 1000000), .tv_nsec = (long)(next % 1000000) * 1000};
        int ended = ppoll(&end, 1, &time, NULL);

        if (ended < 0)
            kill(link->lld, SIGTERM);
        if (ended)
            return false;
        waited += next;
        next = waited / LOOKS_EACH > LOOK_FIRST_US ? waited / LOOKS_EACH : LOOK_FIRST_US;
    }
    return true;
}

static bool image_comes_first(struct link *link)
{
    int lld = writes_only_image(link) ? pidfd_open(link->lld, 0) : -1;
    bool found = lld >= 0 && await_image(link, lld);

    if (lld >= 0)
        close(lld);
    return found;
}

static int explain_failure(struct link *link, int status, const char *log, size_t size)
{
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS) /* of a file that it had mapped */
        return error_add(&link->errors, EX_IOERR,
                         "%s was killed by signal %d: there is no space left for '%s', or an input was cut short while "
                         "it was read (%s)",
                         lld_name(), SIGBUS, link->options.output ? link->options.output : "its image",
                         lld_inputs(link));
    if (WIFSIGNALED(status))
        return error_add(&link->errors, has_crashed(status) ? EX_DATAERR : EX_SOFTWARE,
                         "%s was killed by signal %d; is one of the inputs damaged? (%s)", lld_name(), WTERMSIG(status),
                         lld_inputs(link));
    if (WEXITSTATUS(status) == 127 && size == 0)
        return error_add(&link->errors, EX_UNAVAILABLE, "cannot run %s; install lld-19", lld_name());
    if (!link->graph.nodes && (linked_read(link) || refuse_explain(link)))
        return link->errors.status;
    return error_add(&link->errors, EX_DATAERR, "ld.lld cannot link this segment:\n%s%s", indented(link, log, size),
                     inputs_unless_named(link, log));
}

static int read_trace(struct link *link)
{
    link->trace = read_text(link, "trace", &link->trace_size);
    return link->errors.status;
}

/* What was read while lld ended must have been all of it. */
static int check_trace(struct link *link)
{
    struct stat about;

    if (!link->trace)
        return read_trace(link);
    if (!stat(lld_place(link, "trace"), &about) && (size_t)about.st_size == link->trace_size)
        return 0;
    return error_add(&link->errors, EX_SOFTWARE, "ld.lld said what it linked after it was done; which version is it?");
}

/* Whether it ended well; then what it had to say. */
int lld_end(struct link *link)
{
    const char *log;
    size_t size;
    int status = 0;

    if (!link->lld)
        return link->errors.status;
    if (wait_for(link, &status) || !(log = read_text(link, "log", &size)) || check_trace(link))
        return link->errors.status;
    if (status)
        return explain_failure(link, status, log, size);
    if (size)
        fprintf(stderr, "farld: ld.lld says:\n%s\n", indented(link, log, size));
    return link->errors.status;
}

void lld_abandon(struct link *link)
{
    int status;

    kill(link->lld, SIGTERM);
    lld_close_gate(link);
    wait_for(link, &status);
}

int lld_finish(struct link *link)
{
    return image_comes_first(link) ? read_trace(link) : lld_end(link);
}
