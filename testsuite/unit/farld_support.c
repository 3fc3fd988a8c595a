/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What farld is built on: lists that grow, tables by name, errors in order, files. */
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "linker-plugin/support.c" /* farld is a program: there is no library to link */
#include "testsuite/unit/check.h"

#define MANY 5000

static void test_list(struct arena *arena)
{
    size_t *list = NULL, count = 0, wrong = 0;

    for (size_t i = 0; i < MANY; i++)
        *LIST_ADD(arena, list, count) = i;
    for (size_t i = 0; i < MANY; i++)
        wrong += list[i] != i;
    CHECK(count == MANY && wrong == 0);
}

static void test_table(struct arena *arena)
{
    struct table table = {0};
    size_t wrong = 0;

    CHECK(!table_find(&table, "nobody"));
    for (size_t i = 0; i < MANY; i++)
        table_set(arena, &table, arena_format(arena, "name%zu", i), (void *)(uintptr_t)(i + 1));
    table_set(arena, &table, "name7", (void *)(uintptr_t)77);
    for (size_t i = 0; i < MANY; i++) {
        char name[32];

        snprintf(name, sizeof name, "name%zu", i);
        wrong += (uintptr_t)table_find(&table, name) != (i == 7 ? 77 : i + 1);
    }
    CHECK(table.count == MANY && wrong == 0);
    CHECK(!table_find(&table, "nobody") && !table_find(&table, ""));
}

static void test_arena(struct arena *arena)
{
    char *large = arena_allocate(arena, (size_t)3 << 20), *small = arena_allocate(arena, 1);

    CHECK((uintptr_t)large % 16 == 0 && (uintptr_t)small % 16 == 0);
    memset(large, 1, (size_t)3 << 20);
    CHECK(*small == 0);
    CHECK(!strcmp(arena_copy(arena, "abcdef", 3), "abc"));
    CHECK(!strcmp(path_base("/a/b.c"), "b.c") && !strcmp(path_base("b.c"), "b.c"));
}

static void test_errors(struct arena *arena)
{
    struct errors errors = {.arena = arena};

    CHECK(error_add(&errors, EX_DATAERR, "first %d", 1) == EX_DATAERR);
    CHECK(error_add(&errors, EX_IOERR, "second") == EX_IOERR);
    CHECK(errors.status == EX_DATAERR && errors.count == 2 && !strcmp(errors.messages[0], "first 1"));
}

static void test_files(struct arena *arena)
{
    struct errors errors = {.arena = arena};
    char path[] = "/tmp/farld_support.XXXXXX";
    int fd = mkstemp(path);
    uint8_t *bytes;
    size_t size;

    CHECK(fd >= 0 && !file_write(&errors, path, "hello", 5));
    CHECK(!file_read(arena, &errors, path, &bytes, &size) && size == 5 && !memcmp(bytes, "hello", 5));
    close(fd);
    unlink(path);
    CHECK(file_read(arena, &errors, path, &bytes, &size) == EX_NOINPUT);
    CHECK(file_read(arena, &errors, "/", &bytes, &size) == EX_NOINPUT);
    CHECK(file_write(&errors, "/dev/full", "x", 1) == EX_IOERR);
    CHECK(file_write(&errors, "/nowhere/x", "x", 1) == EX_CANTCREAT);
}

int main(void)
{
    struct arena arena = {0};

    test_list(&arena);
    test_table(&arena);
    test_arena(&arena);
    test_errors(&arena);
    test_files(&arena);
    arena_free(&arena);
    return check_result();
}
