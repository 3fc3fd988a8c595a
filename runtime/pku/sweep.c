/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/pku/sweep.h"

#include "runtime/format/stray.h"
#include "runtime/lib/error.h"
#include "runtime/pku/bind.h"
#include "runtime/pku/gate.h"

#include <elf.h>
#include <errno.h>
#include <limits.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

/* A line of /proc/self/maps. */
struct mapped {
    uint64_t begin, end;
    bool readable, writable, executable;
    char name[256];
};

static unsigned long long loaded_then;

static bool read_line(FILE *maps, struct mapped *mapped)
{
    char line[PATH_MAX + 128], rights[5];
    int name = 0;
    if (!fgets(line, sizeof line, maps))
        return false;
    *mapped = (struct mapped){0};
    if (sscanf(line, "%lx-%lx %4s %*s %*s %*s %n", &mapped->begin, &mapped->end, rights, &name) < 3)
        return true;
    mapped->readable = rights[0] == 'r';
    mapped->writable = rights[1] == 'w';
    mapped->executable = rights[2] == 'x';
    if (name) {
        line[strcspn(line, "\n")] = '\0';
        snprintf(mapped->name, sizeof mapped->name, "%s", line + name);
    }
    return true;
}

bool pku_is_own_site(uint64_t address)
{
    uint64_t restore = (uint64_t)(uintptr_t)far_pku_restore_begin;
    return address == (uint64_t)(uintptr_t)far_pku_site_enter || address == (uint64_t)(uintptr_t)far_pku_site_leave ||
           address == (uint64_t)(uintptr_t)far_pku_site_set ||
           address - restore < (uint64_t)(uintptr_t)far_pku_restore_end - restore;
}

static int refuse(const struct mapped *mapped, const char *what, uint64_t at, struct far_error *error)
{
    return far_fail(error, EBUSY, EX_UNAVAILABLE, "%s at %#llx of %s: code in a protection domain could use it", what,
                    (unsigned long long)(at - mapped->begin), mapped->name[0] ? mapped->name : "memory without a name");
}

/* From `begin`, which may lie before the mapping: an instruction may start in the one before. */
static int look_at(const struct mapped *mapped, uint64_t begin, struct far_error *error)
{
    const uint8_t *bytes = (const uint8_t *)(uintptr_t)begin;
    struct stray stray;
    for (size_t from = 0; stray_find(EM_X86_64, bytes, mapped->end - begin, from, &stray); from = stray.offset + 1) {
        uint64_t at = begin + stray.offset;
        if (!pku_is_own_site(at) && !pku_neutralise(at, stray.name))
            return refuse(mapped, stray.name, at, error);
    }
    return 0;
}

/* The kernel runs the vsyscall page itself, whatever stands in it. */
static int examine(const struct mapped *mapped, const struct mapped *before, struct far_error *error)
{
    if (!mapped->executable || strcmp(mapped->name, "[vsyscall]") == 0 || pku_is_domains(mapped->begin, mapped->end))
        return 0;
    if (mapped->writable)
        return refuse(mapped, "writable code", mapped->begin, error);
    if (!mapped->readable)
        return refuse(mapped, "code that cannot be read", mapped->begin, error);
    bool continues = before->executable && before->readable && before->end == mapped->begin &&
                     !pku_is_domains(before->begin, before->end);
    return look_at(mapped, mapped->begin - (continues ? 2 : 0), error);
}

static int count_loaded(struct dl_phdr_info *info, size_t size, void *loaded)
{
    (void)size;
    *(unsigned long long *)loaded = info->dlpi_adds;
    return 1;
}

static unsigned long long loaded_now(void)
{
    unsigned long long loaded = 0;
    dl_iterate_phdr(count_loaded, &loaded);
    return loaded;
}

void pku_code_was_mapped(void)
{
    loaded_then = 0;
}

bool pku_code_has_changed(void)
{
    return loaded_now() != loaded_then;
}

int pku_sweep(struct far_error *error)
{
    struct mapped mapped, before = {0};
    unsigned long long loaded = loaded_now();
    FILE *maps = fopen("/proc/self/maps", "re");
    if (!maps)
        return far_fail(error, EBUSY, EX_OSERR, "/proc/self/maps cannot be read: %s", strerror(errno));
    int failed = 0;
    for (; !failed && read_line(maps, &mapped); before = mapped)
        failed = examine(&mapped, &before, error);
    fclose(maps);
    if (!failed)
        loaded_then = loaded;
    return failed;
}
