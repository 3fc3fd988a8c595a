/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * What a client can do with the descriptors it is handed: nothing that its level does not allow. Run under a uid that is
 * not fard's. Prints the level.
 */
#include "attack.h"

#include <sys/file.h>

static int reopen(int fd, int flags)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return open(path, flags);
}

/* The bytes behind this descriptor are not ours to change, by any road. */
static void cannot_write(int fd, size_t size)
{
    uint8_t byte = 1;
    must(write(fd, &byte, 1) < 0 && pwrite(fd, &byte, 1, 0) < 0);
    must(mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED);
    must(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096) < 0);
    void *view = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
    if (view == MAP_FAILED)
        view = NULL; /* kernels before 6.7 refuse shared views of a memfd sealed against writing */
    must(!view || mprotect(view, size, PROT_READ | PROT_WRITE) < 0);
    must(!view || madvise(view, 4096, MADV_REMOVE) < 0);
}

static void cannot_change(int fd)
{
    struct stat status;
    must(fstat(fd, &status) == 0);
    must(status.st_uid != getuid() && (status.st_mode & 0777) == 0600);
    must(ftruncate(fd, 0) < 0 && ftruncate(fd, 4096) < 0 && ftruncate(fd, status.st_size * 2) < 0);
    must(fallocate(fd, 0, status.st_size, 65536) < 0);
    must(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) < 0 && fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE) < 0);
    must(fchmod(fd, 0666) < 0 && fchown(fd, getuid(), (gid_t)-1) < 0);
    must(fcntl(fd, F_SETLEASE, F_WRLCK) < 0);
    for (int flags = O_RDONLY; flags <= O_RDWR; flags++)
        must(reopen(fd, flags) < 0);
    must(reopen(fd, O_RDWR | O_TRUNC) < 0);
    int seals = fcntl(fd, F_GET_SEALS);
    must(seals >= 0 &&
         (seals & (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)) == (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL));
}

/* Holes are ours to punch: it is our own memory; its size is not ours to change. */
static void try_astack(int fard, const struct bound *bound)
{
    struct channel channel;
    open_channel(fard, bound, 65536, &channel);
    cannot_change(channel.fd);
    /* Fresh: nobody's bytes are in it. */
    for (uint64_t i = sizeof(struct far_astack); i < channel.size; i++)
        must(((const uint8_t *)channel.astack)[i] == 0);
    /* The host's pidfd says when it died, and is no handle on it. */
    must(syscall(SYS_pidfd_send_signal, channel.host, 9, NULL, 0) < 0 && errno == EPERM);
    must(syscall(SYS_pidfd_send_signal, channel.host, 0, NULL, 0) < 0 && errno == EPERM);
    must(syscall(SYS_pidfd_getfd, channel.host, 3, 0) < 0);
    struct iovec local = {&(char){0}, 1}, remote = {(void *)(uintptr_t)bound->reply.part[FAR_PART_DATA].address, 1};
    must(syscall(SYS_process_vm_readv, host_pid(fard, "kv"), &local, 1, &remote, 1, 0) < 0);
    (void)fcntl(channel.host, F_SETFL, O_NONBLOCK); /* shared with fard: it must not mind */
    close_channel(fard, &channel);
}

/* A channel only for what was bound over this very connection. */
static void other_connection(const struct bound *bound)
{
    struct channel channel;
    int other = connect_fard();
    must(try_open_channel(other, bound->reply.service_id, 65536, &channel) == EACCES);
    must(try_open_channel(other, bound->reply.service_id + 1, 65536, &channel) == EACCES);
    close(other);
}

int main(void)
{
    static const uint32_t handed_over[FAR_LEVEL_COUNT] = {
        [FAR_LEVEL_NONE] = 1u << FAR_FD_STUBS | 1u << FAR_FD_IFACE,
        [FAR_LEVEL_READ] = 1u << FAR_FD_STUBS | 1u << FAR_FD_IFACE | 1u << FAR_FD_DATA,
    };
    struct bound bound, again;
    int fard = connect_fard();
    bind_service(fard, "kv", 0, &bound);
    must(bound.reply.level == FAR_LEVEL_NONE || bound.reply.level == FAR_LEVEL_READ);
    must(bound.reply.fds == handed_over[bound.reply.level]);
    for (int i = 0; i < FAR_FD_COUNT; i++) {
        struct stat status;
        if (bound.fd[i] < 0)
            continue;
        must(fstat(bound.fd[i], &status) == 0);
        cannot_change(bound.fd[i]);
        cannot_write(bound.fd[i], (size_t)status.st_size);
    }
    must(bound.fd[FAR_FD_DATA] < 0 || (fcntl(bound.fd[FAR_FD_DATA], F_GETFL) & O_ACCMODE) == O_RDONLY);
    /* Asking for more does not help; and what was once agreed to be less stays less on this connection. */
    bind_service(fard, "kv", FAR_LEVEL_TRUSTED, &again);
    must(again.reply.level == bound.reply.level && again.reply.fds == bound.reply.fds);
    bind_service(fard, "kv", FAR_LEVEL_NONE, &again);
    must(again.reply.level == FAR_LEVEL_NONE && again.fd[FAR_FD_DATA] < 0);
    try_astack(fard, &bound);
    other_connection(&bound);
    printf("level %u: nothing can be written, resized, sealed or opened again\n", bound.reply.level);
    return 0;
}
