/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Where import libraries lie that stand in other libraries' places: FOLDER/SONAME/SONAME, each in a folder of its own, so
 * that LD_LIBRARY_PATH can name one without the others.
 */
#ifndef FARCALL_FAR_ISOLATE_H
#define FARCALL_FAR_ISOLATE_H

#include "runtime/import.h"

#include <stdbool.h>
#include <stddef.h>

#define FAR_ENV_ISOLATE_PATH "FARCALL_ISOLATE_PATH" /* folders, separated by colons; looked at first */
#define ISOLATE_FOLDERS_MAX  16
#define ISOLATE_MAX          16 /* libraries of one program */

struct isolate_folders {
    char *folder[ISOLATE_FOLDERS_MAX]; /* owned */
    size_t count;
};

/* FARCALL_ISOLATE_PATH, the user's own, this installation's. False: no memory. */
bool isolate_folders(struct isolate_folders *folders);
void isolate_folders_free(struct isolate_folders *folders);

/* PREFIX/lib, this program being PREFIX/bin/far. Owned by the caller; NULL if it cannot be found out. */
char *isolate_library_folder(void);

/*
 * Where a new one goes: the first of FARCALL_ISOLATE_PATH, this installation's for root, the user's own for others. Makes
 * the folders. Returns the library's path, owned by the caller, or NULL, having said why.
 */
char *isolate_place(const char *soname);

struct isolated {
    char *folder; /* owned; what LD_LIBRARY_PATH takes */
    char *file;   /* owned */
    char *soname; /* owned */
    char service[FAR_IMPORT_SERVICE];
};

/*
 * The library that NAME means: a soname, all of it or without its version, `z` for `libz`, or the name of a service. Returns
 * 0, or an exit code, having said why.
 */
int isolate_find(const char *name, struct isolated *found);
void isolated_free(struct isolated *isolated);

#endif
