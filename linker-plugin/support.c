/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "linker-plugin/support.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "linker-plugin/redzone.h"

/* Each chunk is twice as large as the one before, within these. */
#define CHUNK_LEAST ((size_t)256 << 10)
#define CHUNK_MOST  ((size_t)16 << 20)

struct arena_chunk {
    struct arena_chunk *next;
    size_t used;
    size_t size;
    _Alignas(16) uint8_t bytes[];
};

_Noreturn void memory_exhausted(void)
{
    fputs("farld: out of memory\n", stderr);
    exit(EX_OSERR);
}

static size_t rounded_up(size_t size, size_t to)
{
    return (size + to - 1) & ~(to - 1);
}

static struct arena_chunk *new_chunk(struct arena *arena, size_t size)
{
    size_t room = arena->chunks ? 2 * arena->chunks->size : CHUNK_LEAST;
    struct arena_chunk *chunk;

    room = room > CHUNK_MOST ? CHUNK_MOST : room;
    room = size > room ? size : room;
    chunk = calloc(1, sizeof *chunk + room);
    if (!chunk)
        memory_exhausted();
    chunk->size = room;
    chunk->next = arena->chunks;
    arena->chunks = chunk;
    memory_forbid(chunk->bytes, room);
    return chunk;
}

void *arena_allocate(struct arena *arena, size_t size)
{
    struct arena_chunk *chunk = arena->chunks;
    size_t taken;
    void *bytes;

    if (size > SIZE_MAX / 2)
        memory_exhausted();
    taken = rounded_up(size + REDZONE_SIZE, 16);
    if (!chunk || chunk->size - chunk->used < taken)
        chunk = new_chunk(arena, taken);
    bytes = chunk->bytes + chunk->used;
    memory_allow(bytes, size);
    chunk->used += taken;
    return bytes;
}

char *arena_copy(struct arena *arena, const char *text, size_t length)
{
    char *copy = arena_allocate(arena, length + 1);

    if (length) /* of nothing, there may be no address */
        memcpy(copy, text, length);
    return copy;
}

static char *format_text(struct arena *arena, const char *format, va_list arguments)
{
    va_list again;
    char *text;
    int length;

    va_copy(again, arguments);
    length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    text = arena_allocate(arena, (size_t)length + 1);
    vsnprintf(text, (size_t)length + 1, format, arguments);
    return text;
}

char *arena_format(struct arena *arena, const char *format, ...)
{
    va_list arguments;
    char *text;

    va_start(arguments, format);
    text = format_text(arena, format, arguments);
    va_end(arguments);
    return text;
}

void arena_free(struct arena *arena)
{
    while (arena->chunks) {
        struct arena_chunk *next = arena->chunks->next;

        memory_allow(arena->chunks->bytes, arena->chunks->size);
        free(arena->chunks);
        arena->chunks = next;
    }
}

/* Capacities are powers of two from 8 on, so the count says when a list is full. */
void *list_grow(struct arena *arena, void *items, size_t count, size_t item_size)
{
    void *grown;

    if (count && (count < 8 || count & (count - 1)))
        return items;
    grown = arena_allocate(arena, (count ? 2 * count : 8) * item_size);
    if (count)
        memcpy(grown, items, count * item_size);
    return grown;
}

static size_t hash_of(const char *name)
{
    uint64_t hash = 0xcbf29ce484222325u;

    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * 0x100000001b3u;
    return (size_t)(hash ^ hash >> 32);
}

static struct table_entry *entry_of(const struct table *table, const char *name, size_t hash)
{
    size_t at = hash & (table->capacity - 1);

    while (table->entries[at].name && (table->entries[at].hash != hash || strcmp(table->entries[at].name, name)))
        at = (at + 1) & (table->capacity - 1);
    return &table->entries[at];
}

void *table_find(const struct table *table, const char *name)
{
    return table->capacity ? entry_of(table, name, hash_of(name))->value : NULL;
}

static void table_enlarge(struct arena *arena, struct table *table)
{
    struct table old = *table;

    table->capacity = old.capacity ? 2 * old.capacity : 64;
    table->entries = arena_allocate(arena, table->capacity * sizeof *table->entries);
    for (size_t i = 0; i < old.capacity; i++) {
        if (old.entries[i].name)
            *entry_of(table, old.entries[i].name, old.entries[i].hash) = old.entries[i];
    }
}

void table_reserve(struct arena *arena, struct table *table, size_t count)
{
    table->capacity = 64;
    while (table->capacity < 2 * count)
        table->capacity *= 2;
    table->entries = arena_allocate(arena, table->capacity * sizeof *table->entries);
}

void **table_place(struct arena *arena, struct table *table, const char *name)
{
    size_t hash = hash_of(name);
    struct table_entry *entry;

    if (2 * table->count >= table->capacity)
        table_enlarge(arena, table);
    entry = entry_of(table, name, hash);
    if (!entry->name) {
        table->count++;
        entry->name = name;
        entry->hash = hash;
    }
    return &entry->value;
}

void table_set(struct arena *arena, struct table *table, const char *name, void *value)
{
    *table_place(arena, table, name) = value;
}

int error_add(struct errors *errors, int status, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    *LIST_ADD(errors->arena, errors->messages, errors->count) = format_text(errors->arena, format, arguments);
    va_end(arguments);
    if (!errors->status)
        errors->status = status;
    return status;
}

void note_add(struct errors *errors, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    *LIST_ADD(errors->arena, errors->notes, errors->note_count) = format_text(errors->arena, format, arguments);
    va_end(arguments);
}

static int read_all(int fd, uint8_t *bytes, size_t size)
{
    while (size) {
        ssize_t got = read(fd, bytes, size);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return -1;
        bytes += got;
        size -= (size_t)got;
    }
    return 0;
}

/* O_NONBLOCK: a pipe is refused, not waited for. */
int file_read(struct arena *arena, struct errors *errors, const char *path, uint8_t **bytes, size_t *size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat about;
    int status = 0;

    if (fd < 0 || fstat(fd, &about) || !S_ISREG(about.st_mode)) {
        status = error_add(errors, EX_NOINPUT, "cannot open '%s': %s", path, fd < 0 ? strerror(errno) : "not a file");
    } else {
        *size = (size_t)about.st_size;
        *bytes = arena_allocate(arena, *size + 1);
        if (read_all(fd, *bytes, *size))
            status =
                error_add(errors, EX_IOERR, "cannot read '%s': %s", path, errno ? strerror(errno) : "it got shorter");
    }
    if (fd >= 0)
        close(fd);
    return status;
}

int file_map(struct errors *errors, const char *path, uint8_t **bytes, size_t *size)
{
    static uint8_t nothing[1];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat about;
    int status = 0;

    if (fd < 0 || fstat(fd, &about) || !S_ISREG(about.st_mode)) {
        status = error_add(errors, EX_NOINPUT, "cannot open '%s': %s", path, fd < 0 ? strerror(errno) : "not a file");
    } else {
        *size = (size_t)about.st_size;
        *bytes = *size ? mmap(NULL, *size, PROT_READ, MAP_PRIVATE, fd, 0) : nothing;
        if (*bytes == MAP_FAILED)
            status = error_add(errors, EX_IOERR, "cannot read '%s': %s", path, strerror(errno));
    }
    if (fd >= 0)
        close(fd);
    return status;
}

static int write_all(int fd, const uint8_t *bytes, size_t size)
{
    while (size) {
        ssize_t put = write(fd, bytes, size);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return -1;
        bytes += put;
        size -= (size_t)put;
    }
    return 0;
}

int file_write(struct errors *errors, const char *path, const void *bytes, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    int failed = fd < 0 || write_all(fd, bytes, size);
    int why = errno;

    if (fd >= 0 && close(fd) && !failed) {
        failed = 1;
        why = errno;
    }
    return failed ? error_add(errors, fd < 0 ? EX_CANTCREAT : EX_IOERR, "cannot write '%s': %s", path, strerror(why))
                  : 0;
}

const char *path_base(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

const char *path_plain(struct arena *arena, const char *path)
{
    return path[0] == '@' || path[0] == '-' ? arena_format(arena, "./%s", path) : path;
}
