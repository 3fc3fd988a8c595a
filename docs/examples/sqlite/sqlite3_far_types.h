/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Part of sqlite3_far.h: functions and structures of functions that a client gives to SQLite. */
#ifndef SQLITE3_FAR_TYPES_H
#define SQLITE3_FAR_TYPES_H

#include <farcall/annotate.h>
#include <sqlite3.h>

#ifdef __cplusplus
extern "C" {
#endif

/* clang-format off */

/* --- Callbacks --- */

/*
 * The client's own pointer, or the memory that it gave, is not needed any more. SQLITE_STATIC is NULL; SQLITE_TRANSIENT
 * is -1, which is no function and crosses as it is.
 */
typedef void (*far_callback far_nullable sqlite3_far_destructor)(void *far_opaque p);

typedef void (*far_callback far_nullable sqlite3_far_function)(
    sqlite3_context *far_handle context, int argc, sqlite3_value *far_handle *far_in __counted_by(argc) argv);
typedef void (*far_callback far_nullable sqlite3_far_final)(sqlite3_context *far_handle context);
typedef int (*far_callback far_nullable sqlite3_far_compare)(
    void *far_opaque arg, int n1, const void *far_in __sized_by(n1) z1, int n2, const void *far_in __sized_by(n2) z2);
typedef int (*far_callback far_nullable sqlite3_far_table_filter)(void *far_opaque ctx,
                                                                  const char *__null_terminated table);
typedef int (*far_callback sqlite3_far_conflict)(
    void *far_opaque ctx, int eConflict, sqlite3_changeset_iter *far_handle iter);

/* Reads up to *n bytes into data and says in *n how many they are; writes n bytes. */
typedef int (*far_callback sqlite3_far_input)(void *far_opaque in, void *far_out __sized_by(*n) data, int *far_inout n);
typedef int (*far_callback sqlite3_far_output)(void *far_opaque out, const void *far_in __sized_by(n) data, int n);

/* --- Structures, by the members that hold pointers --- */

/*
 * A virtual table and its cursor are the client's, with a first part that SQLite reads and writes: memory that both
 * sides reach. The same goes for messages that SQLite frees.
 */
struct far_describes(struct sqlite3_module) sqlite3_far_module {
    int (*far_callback far_nullable xCreate)(
        sqlite3 *far_handle db, void *far_opaque pAux, int argc,
        const char *__null_terminated const *far_in __counted_by(argc) argv,
        sqlite3_vtab *far_global far_nullable *far_out ppVTab, char *far_global far_nullable *far_out pzErr);
    int (*far_callback far_nullable xConnect)(
        sqlite3 *far_handle db, void *far_opaque pAux, int argc,
        const char *__null_terminated const *far_in __counted_by(argc) argv,
        sqlite3_vtab *far_global far_nullable *far_out ppVTab, char *far_global far_nullable *far_out pzErr);
    int (*far_callback xBestIndex)(sqlite3_vtab *far_global pVTab, sqlite3_index_info *far_inout info);
    int (*far_callback xDisconnect)(sqlite3_vtab *far_global pVTab);
    int (*far_callback far_nullable xDestroy)(sqlite3_vtab *far_global pVTab);
    int (*far_callback xOpen)(sqlite3_vtab *far_global pVTab,
                              sqlite3_vtab_cursor *far_global far_nullable *far_out ppCursor);
    int (*far_callback xClose)(sqlite3_vtab_cursor *far_global pCursor);
    int (*far_callback xFilter)(sqlite3_vtab_cursor *far_global pCursor, int idxNum,
                                const char *__null_terminated far_nullable idxStr, int argc,
                                sqlite3_value *far_handle *far_in __counted_by(argc) argv);
    int (*far_callback xNext)(sqlite3_vtab_cursor *far_global pCursor);
    int (*far_callback xEof)(sqlite3_vtab_cursor *far_global pCursor);
    int (*far_callback xColumn)(sqlite3_vtab_cursor *far_global pCursor, sqlite3_context *far_handle context, int n);
    int (*far_callback xRowid)(sqlite3_vtab_cursor *far_global pCursor, sqlite3_int64 *far_out pRowid);
    int (*far_callback far_nullable xUpdate)(
        sqlite3_vtab *far_global pVTab, int argc, sqlite3_value *far_handle *far_in __counted_by(argc) argv,
        sqlite3_int64 *far_inout pRowid);
    int (*far_callback far_nullable xBegin)(sqlite3_vtab *far_global pVTab);
    int (*far_callback far_nullable xSync)(sqlite3_vtab *far_global pVTab);
    int (*far_callback far_nullable xCommit)(sqlite3_vtab *far_global pVTab);
    int (*far_callback far_nullable xRollback)(sqlite3_vtab *far_global pVTab);
    int (*far_callback far_nullable xFindFunction)(
        sqlite3_vtab *far_global pVTab, int nArg, const char *__null_terminated zName,
        void (*far_callback far_nullable *far_inout pxFunc)(
            sqlite3_context *far_handle context, int argc, sqlite3_value *far_handle *far_in __counted_by(argc) argv),
        void *far_opaque *far_inout ppArg);
    int (*far_callback far_nullable xRename)(sqlite3_vtab *far_global pVTab, const char *__null_terminated zNew);
    int (*far_callback far_nullable xSavepoint)(sqlite3_vtab *far_global pVTab, int n);
    int (*far_callback far_nullable xRelease)(sqlite3_vtab *far_global pVTab, int n);
    int (*far_callback far_nullable xRollbackTo)(sqlite3_vtab *far_global pVTab, int n);
    int (*far_callback far_nullable xShadowName)(const char *__null_terminated zName);
};

/* Constraints and order go to xBestIndex; how they are used comes back, and a string that SQLite may have to free. */
struct far_describes(struct sqlite3_index_info) sqlite3_far_index_info {
    int nConstraint;
    struct sqlite3_index_constraint *far_in __counted_by_or_null(nConstraint) aConstraint;
    int nOrderBy;
    struct sqlite3_index_orderby *far_in __counted_by_or_null(nOrderBy) aOrderBy;
    struct sqlite3_index_constraint_usage *far_inout __counted_by_or_null(nConstraint) aConstraintUsage;
    char *far_global far_nullable idxStr;
};

/*
 * A file system of the client's. SQLite keeps the structure in a list until it is unregistered; files lie in memory
 * that SQLite allocates (szOsFile bytes) and the client fills in, methods included: memory that both sides reach.
 */
struct far_describes(struct sqlite3_vfs) sqlite3_far_vfs {
    sqlite3_vfs *far_opaque pNext;
    const char *__null_terminated zName;
    void *far_opaque pAppData;
    int (*far_callback xOpen)(sqlite3_vfs *far_opaque vfs, sqlite3_filename far_global far_nullable zName,
                              sqlite3_file *far_global file, int flags, int *far_out far_nullable pOutFlags);
    int (*far_callback xDelete)(sqlite3_vfs *far_opaque vfs, const char *__null_terminated zName, int syncDir);
    int (*far_callback xAccess)(
        sqlite3_vfs *far_opaque vfs, const char *__null_terminated zName, int flags, int *far_out pResOut);
    int (*far_callback xFullPathname)(
        sqlite3_vfs *far_opaque vfs, const char *__null_terminated zName, int nOut,
        char *far_out __null_terminated __sized_by(nOut) zOut);

    /* A library that the client opened, and what is in it, mean something to the client only. */
    void *far_opaque far_nullable (*far_callback far_nullable xDlOpen)(
        sqlite3_vfs *far_opaque vfs, const char *__null_terminated zFilename);
    void (*far_callback far_nullable xDlError)(
        sqlite3_vfs *far_opaque vfs, int nByte, char *far_out __null_terminated __sized_by(nByte) zErrMsg);
    void (*far_opaque (*far_callback far_nullable xDlSym)(
        sqlite3_vfs *far_opaque vfs, void *far_opaque library, const char *__null_terminated zSymbol))(void);
    void (*far_callback far_nullable xDlClose)(sqlite3_vfs *far_opaque vfs, void *far_opaque library);
    int (*far_callback xRandomness)(sqlite3_vfs *far_opaque vfs, int nByte, char *far_out __sized_by(nByte) zOut);
    int (*far_callback xSleep)(sqlite3_vfs *far_opaque vfs, int microseconds);
    int (*far_callback xCurrentTime)(sqlite3_vfs *far_opaque vfs, double *far_out now);
    int (*far_callback far_nullable xGetLastError)(
        sqlite3_vfs *far_opaque vfs, int nByte, char *far_out __null_terminated __sized_by_or_null(nByte) zErrMsg);
    int (*far_callback far_nullable xCurrentTimeInt64)(sqlite3_vfs *far_opaque vfs, sqlite3_int64 *far_out now);

    /* For tests of the file system itself; what they replace is the client's. */
    int (*far_callback far_nullable xSetSystemCall)(sqlite3_vfs *far_opaque vfs,
                                                    const char *__null_terminated far_nullable zName,
                                                    sqlite3_syscall_ptr far_opaque call);
    sqlite3_syscall_ptr far_opaque (*far_callback far_nullable xGetSystemCall)(
        sqlite3_vfs *far_opaque vfs, const char *__null_terminated zName);
    const char *__null_terminated far_nullable far_lifetime(service) (*far_callback far_nullable xNextSystemCall)(
        sqlite3_vfs *far_opaque vfs, const char *__null_terminated far_nullable zName);
};

/* pUser belongs to the client, which may set it together with the function that frees it. */
struct far_describes(struct sqlite3_rtree_geometry) sqlite3_far_rtree_geometry {
    void *far_opaque pContext;
    int nParam;
    sqlite3_rtree_dbl *far_in __counted_by_or_null(nParam) aParam;
    void *far_opaque pUser;
    void (*far_callback far_nullable xDelUser)(void *far_opaque p);
};

struct far_describes(struct sqlite3_rtree_query_info) sqlite3_far_rtree_query_info {
    void *far_opaque pContext;
    int nParam;
    sqlite3_rtree_dbl *far_in __counted_by_or_null(nParam) aParam;
    void *far_opaque pUser;
    void (*far_callback far_nullable xDelUser)(void *far_opaque p);
    sqlite3_rtree_dbl *far_in __counted_by(nCoord) aCoord;
    unsigned int *far_in __counted_by(mxLevel + 1) anQueue;
    int nCoord;
    int mxLevel;
    sqlite3_value *far_handle *far_in __counted_by_or_null(nParam) apSqlParam;
};

#ifdef __cplusplus
}
#endif

#endif
