/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * /tmp/perf-PID.map: lines of `address size name`, both numbers in hexadecimal, for code that lies in no file. Only if
 * FARCALL_PERF asks for it. The folder belongs to everybody, so the file is made by us or left alone.
 */
#include "runtime/lib/debug.h"

#include "runtime/format/elf.h"
#include "runtime/lib/binding.h"
#include "runtime/lib/map.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define SYMBOL_MAX 1024 /* bytes of a symbol's name, NUL included */

/* What an earlier process of this number has left is in our way if it is ours; anybody else's stays, and is not used. */
static int create_map(const char *path)
{
    struct stat status;
    int flags = O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW | O_CLOEXEC;
    int fd = open(path, flags, 0600);
    if (fd >= 0 || errno != EEXIST)
        return fd;
    if (lstat(path, &status) != 0 || !S_ISREG(status.st_mode) || status.st_uid != geteuid() || unlink(path) != 0)
        return -1;
    return open(path, flags, 0600);
}

/* Made once by each process; a child of fork makes its own. With the lock held. */
static FILE *open_map(void)
{
    static struct {
        pid_t pid;
        dev_t device;
        ino_t inode;
    } made;
    char path[64];
    struct stat status;
    bool again = made.pid == getpid();
    snprintf(path, sizeof path, "/tmp/perf-%d.map", (int)getpid());
    int fd = again ? open(path, O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC) : create_map(path);
    if (fd < 0)
        return NULL;
    if (fstat(fd, &status) != 0 || (again && (status.st_dev != made.device || status.st_ino != made.inode))) {
        close(fd);
        return NULL;
    }
    made.pid = getpid();
    made.device = status.st_dev;
    made.inode = status.st_ino;
    FILE *map = fdopen(fd, "a");
    if (!map)
        close(fd);
    return map;
}

/*
 * perf looks at the map only for memory without a file, and to it a memfd is a file. So the code becomes a copy of
 * itself; nobody runs it yet. Memory for speed of understanding: this is for who asked to be measured.
 */
static void make_anonymous(const struct far_extent *part)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), size = (part->size + page - 1) & ~(page - 1);
    void *code = (void *)part->address;
    void *copy = size ? mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) : MAP_FAILED;
    if (copy == MAP_FAILED)
        return;
    memcpy(copy, code, part->size);
    if (mmap(code, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == code) {
        memcpy(code, copy, part->size);
        mprotect(code, size, PROT_READ | PROT_EXEC);
    }
    munmap(copy, size);
}

static void write_name(FILE *map, uint64_t address, uint64_t size, const char *prefix, const char *service,
                       const char *name)
{
    fprintf(map, "%llx %llx %s%s.%s\n", (unsigned long long)address, (unsigned long long)size, prefix, service, name);
}

static void write_stubs(FILE *map, const struct far_mapped *mapped)
{
    for (int part = FAR_PART_FSTUBS; part <= FAR_PART_DSTUBS; part++) {
        const struct far_extent *stubs = &mapped->part[part];
        if (stubs->size)
            write_name(map, stubs->address, FAR_STUB_SIZE, "far_stub:", mapped->service, "(gate)");
        for (uint32_t i = 0; i < mapped->iface->ops.count; i++) {
            const struct far_op *op = iface_op(mapped->iface, i);
            uint64_t offset = (uint64_t)op->slot * FAR_STUB_SIZE;
            if (!!(op->flags & FAR_OP_DATA_SHIPPED) == (part == FAR_PART_DSTUBS) &&
                offset + FAR_STUB_SIZE <= stubs->size)
                write_name(map, stubs->address + offset, FAR_STUB_SIZE, "far_stub:", mapped->service,
                           iface_string(mapped->iface, op->name));
        }
    }
}

/* A name that is one line of the map. */
static const char *name_of(const Elf64_Sym *symbol, const char *names, size_t size)
{
    if (symbol->st_name >= size)
        return NULL;
    const char *name = names + symbol->st_name;
    size_t room = size - symbol->st_name < SYMBOL_MAX ? size - symbol->st_name : SYMBOL_MAX;
    return *name && text_is_printable(name, room) ? name : NULL;
}

static void write_symbols(FILE *map, const struct far_mapped *mapped, const void *file, size_t size)
{
    const struct complaint nobody = {NULL, 0};
    struct elf_view elf;
    const Elf64_Shdr *table = elf_open(&elf, file, size, &nobody) == 0 ? elf_section(&elf, ".symtab") : NULL;
    if (!table || table->sh_type != SHT_SYMTAB || table->sh_link >= elf.header->e_shnum || table->sh_offset % 8)
        return;
    const Elf64_Sym *symbols = (const Elf64_Sym *)elf_section_bytes(&elf, table);
    const char *names = (const char *)elf_section_bytes(&elf, &elf.sections[table->sh_link]);
    for (size_t i = 0; symbols && names && i < table->sh_size / sizeof *symbols; i++) {
        uint64_t address = mapped->base + symbols[i].st_value;
        const char *name = name_of(&symbols[i], names, elf.sections[table->sh_link].sh_size);
        if (name && ELF64_ST_TYPE(symbols[i].st_info) == STT_FUNC && symbols[i].st_shndx != SHN_UNDEF &&
            symbols[i].st_size && far_inside(&mapped->part[FAR_PART_CODE], address, symbols[i].st_size))
            write_name(map, address, symbols[i].st_size, "", mapped->service, name);
    }
}

/* The names of what is behind the stubs are in the file that was registered; fard shows it to who runs it anyway. */
static int ask_for_segment(const struct far_mapped *mapped)
{
    struct far_segment_request request = {.machine = FAR_ABI_MACHINE, .version = mapped->iface->major + 1u};
    struct far_segment_reply reply;
    struct far_error error;
    const struct iovec body = {&request, sizeof request};
    struct far_answer answer = {.body = &reply, .room = sizeof reply};
    strncpy(request.name, mapped->service, sizeof request.name - 1);
    if (process_connect(&error) != 0 ||
        connection_request(&far_process.connection, FAR_MSG_SEGMENT, &body, 1, &answer, &error) != 0)
        return -1;
    if (answer.fd_count == 1)
        return answer.fd[0];
    answer_close_fds(&answer);
    return -1;
}

static void write_implementations(FILE *map, const struct far_mapped *mapped)
{
    struct far_error error;
    size_t size;
    int fd = ask_for_segment(mapped);
    const void *file = fd >= 0 ? map_file(fd, &size, mapped->service, "segment", &error) : NULL;
    if (file) {
        write_symbols(map, mapped, file, size);
        munmap((void *)(uintptr_t)file, size);
    }
    if (fd >= 0)
        close(fd);
}

void perf_write(const struct far_mapped *mapped)
{
    FILE *map = open_map();
    if (!map)
        return;
    make_anonymous(&mapped->part[FAR_PART_FSTUBS]);
    make_anonymous(&mapped->part[FAR_PART_DSTUBS]);
    write_stubs(map, mapped);
    if (mapped->level == FAR_LEVEL_TRUSTED) {
        make_anonymous(&mapped->part[FAR_PART_CODE]);
        write_implementations(map, mapped);
    }
    fclose(map);
}
