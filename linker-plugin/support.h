/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What every stage of farld needs: memory that lives as long as the link, lists, tables by name, collected errors. */
#ifndef FARLD_SUPPORT_H
#define FARLD_SUPPORT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* One arena a link: everything is freed together. Running out of memory ends the program with EX_OSERR. */
struct arena {
    struct arena_chunk *chunks;
};

_Noreturn void memory_exhausted(void);
void *arena_allocate(struct arena *arena, size_t size); /* zero bytes, aligned to 16 */
char *arena_copy(struct arena *arena, const char *text, size_t length);
char *arena_format(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
void arena_free(struct arena *arena);

/* Room for one more entry of a list: `items` grows by doubling. LIST_ADD gives a pointer to the new, zeroed entry. */
void *list_grow(struct arena *arena, void *items, size_t count, size_t item_size);
#define LIST_ADD(arena, list, list_count) \
    (((list) = list_grow(arena, list, list_count, sizeof *(list))), &(list)[(list_count)++])

/* A table from names to pointers. Names are not copied. */
struct table {
    struct table_entry {
        const char *name;
        void *value;
        size_t hash;
    } *entries;
    size_t count;
    size_t capacity; /* a power of two, or 0 */
};

void *table_find(const struct table *table, const char *name);
void table_set(struct arena *arena, struct table *table, const char *name, void *value);

/* Room for so many names at once, in a table that has none yet. */
void table_reserve(struct arena *arena, struct table *table, size_t count);
/* Where the value of a name is kept; NULL stands there when the name is new. Valid until the next change. */
void **table_place(struct arena *arena, struct table *table, const char *name);

/* Errors are collected in order and printed by main; the first one's code becomes the exit status. */
struct errors {
    struct arena *arena;
    char **messages;
    size_t count;
    char **notes; /* what is no error */
    size_t note_count;
    int status; /* <sysexits.h>; 0: none yet */
};
void note_add(struct errors *errors, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Returns `status`, so that a step can read: return error_add(errors, EX_DATAERR, "…", …). */
int error_add(struct errors *errors, int status, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Bytes of a file, in the arena. Returns 0 or an exit status with the error added. */
int file_read(struct arena *arena, struct errors *errors, const char *path, uint8_t **bytes, size_t *size);
/* A file's bytes, mapped until the program ends: to be read only. Returns 0 or an exit status with the error added. */
int file_map(struct errors *errors, const char *path, uint8_t **bytes, size_t *size);
/* Write a file anew. */
int file_write(struct errors *errors, const char *path, const void *bytes, size_t size);
/* The part of a path after the last '/'. */
const char *path_base(const char *path);
/* The same file, by a path that no program takes for an option (-x) or a list of options (@x). */
const char *path_plain(struct arena *arena, const char *path);

#endif
