/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What the files of the store share. */
#ifndef FARCALL_STORE_INTERNAL_H
#define FARCALL_STORE_INTERNAL_H

#include "runtime/fard/store.h"

#include <sqlite3.h>
#include <sys/stat.h>

#define STORE_FILES 3 /* the database, its log, the log's index */

/* Addresses leased to this node, and how far they are used up. */
struct store_chunk {
    struct range range;
    uint64_t cursor;
};

struct store {
    char *path;
    int folder;   /* of the store */
    int segments; /* of STORE/segments */
    int lock;
    sqlite3 *database;
    struct stat file[STORE_FILES]; /* the database's, as they were when it was opened */
    const char *moved;             /* one of them that lies there no more, or is another; NULL: none */
    uint64_t cursor;               /* behind everything that this store knows of */
    struct store_chunk *chunk;
    size_t chunk_count;
    bool clustered;           /* nothing may be taken but from chunks */
    uint64_t wanted_in_vain;  /* bytes that no chunk had room for */
    struct far_error no_room; /* why there are no more; code 0: they are on their way */
};

#define STORE_APPLICATION   0x46415231 /* "FAR1" */
#define STORE_SCHEMA        6
#define STORE_SCHEMA_OLDEST 2 /* what can be upgraded */

/* store_schema.c. Both leave the database as it was when they fail. */
int store_create_schema(struct store *store, struct far_error *error);
int store_upgrade_schema(struct store *store, int64_t version, struct far_error *error);

/* An SQLite failure as a refusal: a full disk, damage, or whatever else it says. */
int store_refuse(struct store *store, struct far_error *error, const char *doing);
/* One statement without results. 0 or FARD_REFUSED. */
int store_run(struct store *store, const char *sql, const char *doing, struct far_error *error);
/* 0 or FARD_REFUSED. Finalise it in any case. */
int store_prepare(struct store *store, const char *sql, sqlite3_stmt **statement, struct far_error *error);
/* Steps a statement that returns no rows to its end and finalises it. */
int store_finish(struct store *store, sqlite3_stmt *statement, const char *doing, struct far_error *error);

/* The same for what only the next fard of this boot needs: the disk is not waited for. */
int store_finish_soon(struct store *store, sqlite3_stmt *statement, const char *doing, struct far_error *error);

/* Is there one more? A walk that breaks off is no end: then *result says so. */
bool store_next_row(struct store *store, sqlite3_stmt *statement, int *result, struct far_error *error);

/* After a failed commit SQLite may or may not have rolled back already; a second ROLLBACK does no harm. */
void store_roll_back(struct store *store);

/* store_settings.c. The caller has begun a transaction. */
int store_insert_settings(struct store *store, uint32_t id, const struct host_settings *settings,
                          struct far_error *error);
int store_delete_settings(struct store *store, uint32_t id, struct far_error *error);
/* Into settings that are empty. Rows that make no sense are said in `trouble`, which is empty before. */
#define STORE_TROUBLE 400
int store_load_settings(struct store *store, uint32_t id, struct host_settings *settings, char trouble[STORE_TROUBLE],
                        struct far_error *error);

/* store_hosts.c. The caller has begun a transaction. */
int store_insert_host(struct store *store, uint32_t service, const struct stored_host *host, struct far_error *error);

/* store_files.c: folders, lock, segment files. */
int store_open_folders(struct store *store, const char *path, struct far_error *error);
int store_own_database(struct store *store, struct far_error *error);
/* From here on no commit succeeds unless the files that it goes to are those that the next fard will find. */
void store_watch_files(struct store *store);
void store_close_folders(struct store *store);

/* store_cluster.c. Chunks come before ranges are looked at; the cursor behind all leases and chunks after that. */
int store_load_chunks(struct store *store, struct far_error *error);
int store_load_leases(struct store *store, struct far_error *error);
void store_note_taken(struct store *store, const struct range *range);
/* The next range, from a chunk or the window; nothing is recorded. */
int store_choose_range(struct store *store, uint64_t bytes, struct range *range, struct far_error *error);

/* store_capability.c: all of a service's, in the caller's transaction. */
int store_remove_capabilities_of(struct store *store, uint32_t service, struct far_error *error);

#endif
