/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Files by names that begin in the client's own folder: a client's own part, linked into the import library (far implib
 * --with). SQLite runs in a host, whose current folder is another, so names are made whole before they go there.
 */
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OPERATION(name) __asm__("far_operation_" #name) __attribute__((visibility("hidden")))
#define URI             "file:"

int service_open(const char *name, sqlite3 **db) OPERATION(sqlite3_open);
int service_open_v2(const char *name, sqlite3 **db, int flags, const char *files) OPERATION(sqlite3_open_v2);

/* In a URI some characters of a path stand for others. */
static char *put_folder(char *to, const char *folder, int uri)
{
    for (; *folder; folder++) {
        if (uri && strchr("%?#", *folder))
            to += sprintf(to, "%%%02x", (unsigned char)*folder);
        else
            *to++ = *folder;
    }
    *to++ = '/';
    return to;
}

/* NULL: the name is whole, or names no file. Otherwise the caller's to free. */
static char *make_whole(const char *name, int uris)
{
    char folder[PATH_MAX];
    int uri = name && uris && strncmp(name, URI, strlen(URI)) == 0;
    const char *path = uri ? name + strlen(URI) : name;
    if (!path || !*path || *path == '/' || *path == ':' || *path == '?' || (uri && strncmp(path, ":memory:", 8) == 0) ||
        !getcwd(folder, sizeof folder))
        return NULL;
    char *whole = malloc(strlen(URI) + 3 * strlen(folder) + 1 + strlen(path) + 1);
    if (!whole)
        return NULL;
    char *end = uri ? stpcpy(whole, URI) : whole;
    strcpy(put_folder(end, folder, uri), path);
    return whole;
}

int sqlite3_open(const char *name, sqlite3 **db)
{
    char *whole = make_whole(name, sqlite3_compileoption_used("USE_URI"));
    int result = service_open(whole ? whole : name, db);
    free(whole);
    return result;
}

int sqlite3_open_v2(const char *name, sqlite3 **db, int flags, const char *files)
{
    char *whole = make_whole(name, flags & SQLITE_OPEN_URI || sqlite3_compileoption_used("USE_URI"));
    int result = service_open_v2(whole ? whole : name, db, flags, files);
    free(whole);
    return result;
}
