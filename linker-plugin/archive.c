/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "linker-plugin/archive.h"

#include <ar.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BSD_LONG_NAME "#1/"

bool archive_is(const uint8_t *bytes, size_t size)
{
    return size >= SARMAG && !memcmp(bytes, ARMAG, SARMAG);
}

struct archive archive_open(const uint8_t *bytes, size_t size)
{
    return (struct archive){.bytes = bytes, .size = size, .next = SARMAG};
}

/* Digits, then spaces up to the end of the field. */
static bool read_number(const char *field, size_t size, size_t *number)
{
    size_t i = 0;

    for (*number = 0; i < size && field[i] >= '0' && field[i] <= '9'; i++)
        *number = *number * 10 + (size_t)(field[i] - '0'); /* 16 digits at most */
    for (; i > 0 && i < size && field[i] == ' '; i++)
        ;
    return i == size;
}

static size_t without_spaces(const char *field, size_t size)
{
    while (size > 0 && field[size - 1] == ' ')
        size--;
    return size;
}

static bool is_named(const struct archive_member *member, const char *name)
{
    return member->name_size == strlen(name) && !memcmp(member->name, name, member->name_size);
}

/* "/17": at that place of the table of long names, up to "/\n" (GNU), a line's end or a zero (Microsoft). */
static bool read_long_name(const struct archive *archive, struct archive_member *member)
{
    size_t at, end;

    if (!read_number(member->name + 1, member->name_size - 1, &at) || at >= archive->names_size)
        return false;
    for (end = at; end < archive->names_size && archive->names[end] != '\n' && archive->names[end] != '\0'; end++)
        ;
    if (end > at && archive->names[end - 1] == '/')
        end--;
    member->name = archive->names + at;
    member->name_size = end - at;
    return true;
}

/* "#1/20": the member's first 20 bytes, zeros behind the name included. */
static bool read_name_inside(struct archive_member *member)
{
    size_t prefix = strlen(BSD_LONG_NAME), size;

    if (!read_number(member->name + prefix, member->name_size - prefix, &size) || size > member->size)
        return false;
    member->name = (const char *)member->bytes;
    member->name_size = strnlen(member->name, size);
    member->bytes += size;
    member->size -= size;
    return true;
}

/* What the archive keeps for itself: where symbols are defined, long names, Microsoft's maps ("/<ECSYMBOLS>/"). */
static bool is_table(struct archive *archive, const struct archive_member *member)
{
    static const char *const names[] = {"/", "//", "/SYM64/", "/<ECSYMBOLS>/", "/<XFGHASHMAP>/"};

    if (is_named(member, "//")) {
        archive->names = (const char *)member->bytes;
        archive->names_size = member->size;
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (is_named(member, names[i]))
            return true;
    }
    return false;
}

static bool is_bsd_table(const struct archive_member *member)
{
    static const char *const names[] = {"__.SYMDEF", "__.SYMDEF SORTED", "__.SYMDEF_64", "__.SYMDEF_64 SORTED"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (is_named(member, names[i]))
            return true;
    }
    return false;
}

static bool read_name(const struct archive *archive, struct archive_member *member)
{
    if (member->name_size > 1 && member->name[0] == '/')
        return read_long_name(archive, member);
    if (member->name_size >= strlen(BSD_LONG_NAME) && !memcmp(member->name, BSD_LONG_NAME, strlen(BSD_LONG_NAME)))
        return read_name_inside(member);
    if (member->name_size > 1 && member->name[member->name_size - 1] == '/')
        member->name_size--;
    return member->name_size > 0;
}

/* The header at archive->next, and the bytes behind it. */
static const char *read_header(struct archive *archive, struct archive_member *member)
{
    const struct ar_hdr *header = (const struct ar_hdr *)(archive->bytes + archive->next);
    size_t left = archive->size - archive->next;

    if (left < sizeof *header || memcmp(header->ar_fmag, ARFMAG, sizeof header->ar_fmag) != 0)
        return "a member does not start where the one before it ends";
    left -= sizeof *header;
    if (!read_number(header->ar_size, sizeof header->ar_size, &member->size) || member->size > left)
        return "a member is longer than the archive";
    member->name = header->ar_name;
    member->name_size = without_spaces(header->ar_name, sizeof header->ar_name);
    member->bytes = (const uint8_t *)(header + 1);
    archive->next += sizeof *header + member->size;
    if (member->size % 2 && archive->next < archive->size)
        archive->next++;
    return NULL;
}

enum archive_step archive_next(struct archive *archive, struct archive_member *member, const char **why)
{
    while (archive->next < archive->size) {
        if ((*why = read_header(archive, member)))
            return ARCHIVE_DAMAGED;
        if (is_table(archive, member))
            continue;
        if (!read_name(archive, member)) {
            *why = "a member's name is nowhere";
            return ARCHIVE_DAMAGED;
        }
        if (!is_bsd_table(member))
            return ARCHIVE_MEMBER;
    }
    return ARCHIVE_END;
}

static void write_header(FILE *out, const char *name, size_t size)
{
    fprintf(out, "%-16s%-12s%-6s%-6s%-8s%-10zu" ARFMAG, name, "0", "0", "0", "644", size);
}

/* The table of names, which each member's header points into. */
static void write_names(FILE *out, struct archive archive)
{
    struct archive_member member;
    const char *why;
    char *names = NULL;
    size_t size = 0;
    FILE *table = open_memstream(&names, &size);

    for (size_t i = 0; table && archive_next(&archive, &member, &why) == ARCHIVE_MEMBER; i++)
        fprintf(table, "%zu/%.*s/\n", i, (int)member.name_size, member.name);
    if (table && !fclose(table)) {
        write_header(out, "//", size);
        fwrite(names, 1, size, out);
        if (size % 2)
            fputc('\n', out);
    }
    free(names);
}

static void write_members(FILE *out, struct archive archive)
{
    struct archive_member member;
    const char *why;
    size_t name = 0;

    for (size_t i = 0; archive_next(&archive, &member, &why) == ARCHIVE_MEMBER; i++) {
        char place[32];

        snprintf(place, sizeof place, "/%zu", name);
        name += (size_t)snprintf(NULL, 0, "%zu/%.*s/\n", i, (int)member.name_size, member.name);
        write_header(out, place, member.size);
        fwrite(member.bytes, 1, member.size, out);
        if (member.size % 2)
            fputc('\n', out);
    }
}

char *archive_numbered(const uint8_t *bytes, size_t size, size_t *numbered_size)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, numbered_size);

    if (!out)
        return NULL;
    fputs(ARMAG, out);
    write_names(out, archive_open(bytes, size));
    write_members(out, archive_open(bytes, size));
    if (!fclose(out))
        return text;
    free(text);
    return NULL;
}
