/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* client WHAT: one thing about descriptors, in a few lines. */
#include "fds.h"
#include "promises.h"
#include <farcall/farcall.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static int open_here(void)
{
    int count = 0;
    for (int i = 0; i < 4096; i++)
        count += fcntl(i, F_GETFD) >= 0;
    errno = 0;
    return count;
}

/* What a channel had that was given up goes when its thread has seen it. */
static int more_there(int before)
{
    int now = fd_open_here();
    for (int i = 0; i < 500 && now > before; i++) {
        usleep(10000);
        now = fd_open_here();
    }
    return now > before ? now - before : 0; /* and what was still to be closed when that was counted is no matter */
}

static const char *why(long result)
{
    static char text[96];
    snprintf(text, sizeof text, result < 0 ? "%ld %s" : "%ld", result, strerror(errno));
    return text;
}

static int file_with(const char *text)
{
    int file = memfd_create("file", MFD_CLOEXEC);
    if (write(file, text, strlen(text)) < 0 || lseek(file, 0, SEEK_SET) < 0)
        abort();
    return file;
}

static const char *rest_of(int file)
{
    static char text[64];
    long got = read(file, text, sizeof text - 1);
    text[got > 0 ? got : 0] = '\0';
    return text;
}

static void in(void)
{
    char text[16] = "";
    int file = file_with("hello world");
    printf("read %s", why(fd_read(file, text, 5)));
    printf(" %s, rest%s\n", text, rest_of(file)); /* one place in the file for both */
    printf("CLOEXEC there %d, mine stays %d\n", fd_flags(file) == FD_CLOEXEC, fcntl(file, F_GETFD) >= 0);
    printf("none %s, ", why(fd_flags(-1)));
    printf("%s, ", why(fd_flags(-100)));
    printf("not open %s, ", why(fd_flags(999)));
    close(file);
    printf("closed %s\n", why(fd_flags(file)));
}

static void out(void)
{
    int pair[2] = {7, 8}, file = fd_pipe("from there");
    printf("pipe %s, CLOEXEC %d\n", rest_of(file), fcntl(file, F_GETFD) == FD_CLOEXEC);
    close(file);
    printf("unset %d", fd_pair(pair, 0));
    printf(" %d %d\n", pair[0], pair[1]);
    printf("pair %d", fd_pair(pair, 1));
    printf(" %d", fd_write(pair[1], "through"));
    printf(" %s\n", rest_of(pair[0]));
    close(pair[0]);
    close(pair[1]);
    printf("a failure %d, a number that is none %s\n", fd_number(-5), why(fd_number(900)));
    printf("the host's own %d %d %d %d\n", fd_number(0), fd_number(1), fd_number(2), fd_number(3));
    int mine = file_with("same"), same = fd_same(mine);
    printf("lent and given %d %s\n", same != mine && same >= 0, rest_of(same));
    close(same);
    close(mine);
}

static void members(void)
{
    int end[2];
    if (pipe2(end, O_CLOEXEC | O_NONBLOCK) != 0)
        abort();
    struct request request = {"ab", end[1], 2, {end[1], end[1]}};
    printf("submit %d", fd_submit(&request));
    printf(" %s\n", rest_of(end[0]));
    printf("by value %d", fd_part((struct part){2, end[1]}));
    printf(" %s\n", rest_of(end[0]));
    struct holder holder = {0, end[1]};
    printf("turn %d", fd_turn(&holder, 0));
    printf(", %d same %d", holder.turns, holder.file == end[1]);
    printf(", turn %d", fd_turn(&holder, 1));
    printf(", %d same %d %s\n", holder.turns, holder.file == end[1], rest_of(holder.file));
    int files[70];
    for (int i = 0; i < 70; i++)
        files[i] = i % 2 ? -1 : end[0];
    printf("array %d of 10, 64 at most: %d", fd_sum(files, 10), fd_sum(files, 70));
    for (int i = 0; i < 70; i++)
        files[i] = end[0];
    printf(" %d", fd_sum(files, 64));
    printf(" %s\n", why(fd_sum(files, 65)));
    close(end[0]);
    close(end[1]);
    close(holder.file);
    int there = fd_open_here();
    printf("given 64: %d, ", fd_many(files, 64));
    for (int i = 0; i < 64; i++)
        close(files[i]);
    printf("65: %s, ", why(fd_many(files, 65)));
    printf("left there %d\n", more_there(there));
}

static int sum_each(void *user, int file)
{
    int *last = user;
    *last = file;
    return fcntl(file, F_GETFD) == FD_CLOEXEC && strcmp(rest_of(file), "each") == 0;
}

static int call_again(void *user, int file)
{
    char text[8] = "";
    (void)user;
    return (int)fd_read(file, text, 4) + fd_flags(file);
}

static int open_one(void *user, int *file)
{
    if (*file != -1)
        return -1;
    if (user)
        *file = file_with(user);
    return -9;
}

static int again_open(void *user, int *file)
{
    *file = fd_pipe(user);
    return *file;
}

static jmp_buf away;
static int jump(void *user, int file)
{
    *(int *)user = file;
    longjmp(away, 1);
}

static void functions(void)
{
    int last = -1, before = 0, there = 0;
    fd_each(1, sum_each, &last);
    before = open_here();
    there = fd_open_here();
    printf("each %d, closed after %d\n", fd_each(5, sum_each, &last), fcntl(last, F_GETFD) < 0);
    printf("calls from it %d\n", fd_each(3, call_again, NULL));
    printf("asked %d", fd_ask(open_one, (void *)"from here"));
    printf(" %d", fd_ask(again_open, (void *)"there and back"));
    printf(" %d\n", fd_ask(open_one, NULL));
    if (setjmp(away) == 0)
        fd_each(1, jump, &last);
    fd_flags(-1);
    printf("jumped, closed %d\n", fcntl(last, F_GETFD) < 0);
    fd_each(1, sum_each, &last);
    printf("here %d, there %d\n", open_here() - before, more_there(there));
}

static void many(int times)
{
    int file = file_with("x"), end[2], here = 0, there = 0, wrong = 0;
    for (int i = -10; i < times; i++) {
        if (i == 0) {
            here = open_here();
            there = fd_open_here();
        }
        wrong += fd_flags(file) != FD_CLOEXEC;
        int given = fd_same(file);
        wrong += given < 0 || close(given) != 0;
        wrong += fd_pair(end, 1) != 2 || close(end[0]) || close(end[1]);
        wrong += fd_flags(1000) != -1 || errno != EBADF;
        wrong += fd_number(1000) != -1 || errno != EBADF;
    }
    printf("%d calls, wrong %d, here %d, there %d\n", 5 * times, wrong, open_here() - here, more_there(there));
}

static void *in_thread(void *result)
{
    int end[2];
    for (int i = 0; i < 200; i++) {
        char text[16], back[16] = "";
        snprintf(text, sizeof text, "%d", i);
        if (fd_pair(end, 1) != 2)
            continue;
        *(int *)result += fd_write(end[1], text) > 0 && fd_read(end[0], back, 15) > 0 && strcmp(text, back) == 0;
        close(end[0]);
        close(end[1]);
    }
    return NULL;
}

static void threads(void)
{
    pthread_t thread[4];
    int result[4] = {0}, sum = 0;
    for (int i = 0; i < 4; i++)
        pthread_create(&thread[i], NULL, in_thread, &result[i]);
    for (int i = 0; i < 4; i++) {
        pthread_join(thread[i], NULL);
        sum += result[i];
    }
    printf("threads %d\n", sum);
}

static void in_child(void)
{
    int file = file_with("parent's");
    fd_flags(file);
    fflush(stdout);
    if (fork() == 0) {
        char text[16] = "";
        printf("child %ld", fd_read(file, text, 8));
        printf(" %s\n", text);
        exit(0);
    }
    wait(NULL);
    lseek(file, 0, SEEK_SET);
    int given = fd_same(file);
    printf("parent %s\n", rest_of(given));
}

static void given_up(void)
{
    int end[2], there;
    char text[8] = "";
    if (pipe2(end, O_CLOEXEC) != 0)
        abort();
    fd_flags(end[0]);
    there = fd_open_here();
    printf("deadline %s\n", why(fd_slow(end[0])));
    printf("and then %d\n", fd_flags(end[0]) == FD_CLOEXEC);
    if (write(end[1], "abc", 3) != 3) /* what was given up reads one */
        abort();
    printf("left there %d\n", more_there(there));
    if (write(end[1], "def", 3) != 3)
        abort();
    far_promise *promise = fd_later_async(end[0], text, 5);
    int other = fd_flags(end[1]);
    long got = 0;
    printf("later %d, other %d,", promise != NULL, other == FD_CLOEXEC);
    printf(" %d %ld %s\n", far_claim(promise, &got), got, text);
}

static void ended_thread(void)
{
    int file = file_with("x");
    fd_flags(file);
    int there = fd_open_here();
    printf("ended its thread: %s\n", why(fd_leave(file)));
    printf("and then %s, ", why(fd_flags(file)));
    printf("left there %d\n", more_there(there));
}

/* The channel's own descriptor is closed, and its number used for something else. */
static void closed_under_it(void)
{
    int file = file_with("under"), none = open("/dev/null", O_RDWR | O_CLOEXEC);
    fd_flags(file);
    for (int i = 3; i < 64; i++)
        if (i != file && i != none)
            dup3(none, i, O_CLOEXEC);
    printf("closed: %s\n", why(fd_flags(file)));
    printf("in words: %d\n", fd_flags(-3));
}

static void no_room(void)
{
    struct rlimit limit;
    int end[2];
    fd_flags(-1);
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = 24;
    setrlimit(RLIMIT_NOFILE, &limit);
    int there = fd_open_here();
    while (dup(1) >= 0)
        ;
    close(23);
    printf("one: %s, ", why(fd_pair(end, 1)));
    printf("none: %s, left there %d\n", why(fd_pair(end, 1)), more_there(there));
    int one = fd_pipe("fits");
    printf("fits: %s\n", rest_of(one));
    limit.rlim_cur = limit.rlim_max; /* for a leak detector */
    setrlimit(RLIMIT_NOFILE, &limit);
}

/* Where the caller runs the code, a descriptor is the number that it is. */
static void branch(void)
{
    int file = file_with("branch");
    printf("same number %d, by a gate %d\n", fd_same(file) == file, fd_flags(file) == FD_CLOEXEC);
    printf("mine still %s\n", rest_of(file));
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    setvbuf(stdout, NULL, _IONBF, 0);
    if (!strcmp(what, "in"))
        in();
    else if (!strcmp(what, "out"))
        out();
    else if (!strcmp(what, "members"))
        members();
    else if (!strcmp(what, "functions"))
        functions();
    else if (!strcmp(what, "many"))
        many(20000);
    else if (!strcmp(what, "threads"))
        threads();
    else if (!strcmp(what, "fork"))
        in_child();
    else if (!strcmp(what, "given-up"))
        given_up();
    else if (!strcmp(what, "ended"))
        ended_thread();
    else if (!strcmp(what, "closed"))
        closed_under_it();
    else if (!strcmp(what, "no-room"))
        no_room();
    else if (!strcmp(what, "branch"))
        branch();
    return 0;
}
