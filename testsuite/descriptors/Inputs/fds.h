/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#ifndef FDS_H
#define FDS_H
#include <farcall/annotate.h>
#include <stddef.h>

far_service(fds, 1, 0);

struct request {
    const char *__null_terminated text;
    int far_fd log;
    int count;
    int far_fd more[2];
};
struct part {
    int times;
    int far_fd to;
};
struct holder {
    int turns;
    int far_fd file;
};

/* clang-format off */
far_op far_fails(-1) long fd_read(int far_fd file, void *far_out __sized_by(n) to, size_t n);
far_op far_fails(-1) int fd_write(int far_fd file, const char *__null_terminated text);
far_op far_fails(-1) int far_fd fd_pipe(const char *__null_terminated text);
far_op far_fails(-1) int fd_pair(int far_fd far_out pair[2], int set);
far_op far_fails(-1) int fd_submit(const struct request *far_in request);
far_op far_fails(-1) int fd_part(struct part part);
far_op far_fails(-1) int fd_turn(struct holder *far_inout holder, int replace);
far_op far_fails(-1) int fd_flags(int far_fd file);
far_op far_fails(-1) int far_fd fd_same(int far_fd file);
far_op far_fails(-1) int far_fd fd_number(int number);
far_op far_fails(-1) int fd_open_here(void);
far_op far_fails(-1) int fd_sum(const int far_fd *far_in __counted_by(n) files, int n);
far_op far_fails(-1) int fd_many(int far_fd *far_out __counted_by(n) files, int n);
far_op far_fails(-1) int fd_each(int n, int (*far_callback each)(void *far_opaque user, int far_fd file), void *far_opaque user);
far_op far_fails(-1) int fd_ask(int (*far_callback open)(void *far_opaque user, int far_fd *far_out file), void *far_opaque user);
far_op far_fails(-1) far_deadline(100) int fd_slow(int far_fd file);
far_op far_fails(-1) int fd_leave(int far_fd file);
far_op far_fails(-1) far_async long fd_later(int far_fd file, void *far_out __sized_by(n) to, size_t n);
/* clang-format on */
#endif
