/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "fds.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

long fd_read(int file, void *to, size_t n)
{
    return read(file, to, n);
}

int fd_write(int file, const char *text)
{
    return (int)write(file, text, strlen(text));
}

int fd_pipe(const char *text)
{
    int end[2];
    if (pipe2(end, 0) != 0)
        return -1;
    if (write(end[1], text, strlen(text)) < 0)
        errno = 0;
    close(end[1]);
    return end[0];
}

int fd_pair(int *pair, int set)
{
    if (!set)
        return pair[0] == -1 && pair[1] == -1;
    return pipe2(pair, 0) == 0 ? 2 : -1;
}

int fd_submit(const struct request *request)
{
    int sum = fd_write(request->log, request->text);
    for (int i = 0; i < request->count; i++)
        sum += fd_write(request->more[i], request->text);
    return sum;
}

int fd_part(struct part part)
{
    int sum = 0;
    for (int i = 0; i < part.times; i++)
        sum += fd_write(part.to, "part");
    return sum;
}

/* The old one is the caller's: it is not closed here. */
int fd_turn(struct holder *holder, int replace)
{
    holder->turns++;
    int said = fd_write(holder->file, "turn");
    if (replace)
        holder->file = fd_pipe("turned");
    return said;
}

int fd_flags(int file)
{
    return file < 0 ? file : fcntl(file, F_GETFD);
}

int fd_same(int file)
{
    return file;
}

int fd_number(int number)
{
    return number;
}

int fd_open_here(void)
{
    int count = 0;
    for (int i = 0; i < 4096; i++)
        count += fcntl(i, F_GETFD) >= 0;
    errno = 0;
    return count;
}

int fd_sum(const int *files, int n)
{
    int sum = 0;
    for (int i = 0; i < n; i++) {
        int file = files[i];
        sum += file < 0 ? -1 : fcntl(file, F_GETFD) >= 0;
    }
    return sum;
}

int fd_many(int *files, int n)
{
    for (int i = 0; i < n; i++)
        files[i] = fd_pipe("many");
    return n;
}

int fd_each(int n, int (*each)(void *, int), void *user)
{
    int sum = 0;
    for (int i = 0; i < n; i++) {
        int file = fd_pipe("each");
        sum += each(user, file);
        close(file);
    }
    return sum;
}

int fd_ask(int (*open)(void *, int *), void *user)
{
    char text[16] = "";
    int file = -1, said = open(user, &file);
    if (file < 0)
        return said;
    long got = read(file, text, sizeof text);
    close(file);
    return (int)got;
}

int fd_slow(int file)
{
    char byte;
    return (int)read(file, &byte, 1);
}

int fd_leave(int file)
{
    (void)file;
    pthread_exit(NULL);
}

long fd_later(int file, void *to, size_t n)
{
    return read(file, to, n);
}
