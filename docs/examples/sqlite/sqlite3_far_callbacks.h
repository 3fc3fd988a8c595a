/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Part of sqlite3_far.h: what SQLite calls in the client, and what the client may do meanwhile. */
#ifndef SQLITE3_FAR_CALLBACKS_H
#define SQLITE3_FAR_CALLBACKS_H

#include <farcall/annotate.h>
#include <sqlite3.h>

#include "sqlite3_far_types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* clang-format off */

/* --- SQL functions of the client's --- */

far_op far_fails(SQLITE_IOERR)
    int sqlite3_create_function(sqlite3 *far_handle db, const char *__null_terminated zFunctionName, int nArg,
                                int eTextRep, void *far_opaque pApp, sqlite3_far_function xFunc,
                                sqlite3_far_function xStep, sqlite3_far_final xFinal);
far_op far_fails(SQLITE_IOERR)
    int sqlite3_create_function16(sqlite3 *far_handle db,
                                  const void *far_elements(unsigned short) __null_terminated zFunctionName, int nArg,
                                  int eTextRep, void *far_opaque pApp, sqlite3_far_function xFunc,
                                  sqlite3_far_function xStep, sqlite3_far_final xFinal);
far_op far_fails(SQLITE_IOERR)
    int sqlite3_create_function_v2(sqlite3 *far_handle db, const char *__null_terminated zFunctionName, int nArg,
                                   int eTextRep, void *far_opaque pApp, sqlite3_far_function xFunc,
                                   sqlite3_far_function xStep, sqlite3_far_final xFinal,
                                   sqlite3_far_destructor xDestroy);
far_op far_fails(SQLITE_IOERR)
    int sqlite3_create_window_function(sqlite3 *far_handle db, const char *__null_terminated zFunctionName, int nArg,
                                       int eTextRep, void *far_opaque pApp, sqlite3_far_function xStep,
                                       sqlite3_far_final xFinal, sqlite3_far_final xValue,
                                       sqlite3_far_function xInverse, sqlite3_far_destructor xDestroy);
far_op far_fails(SQLITE_IOERR)
    int sqlite3_overload_function(sqlite3 *far_handle db, const char *__null_terminated zFuncName, int nArg);

/* An aggregate's own memory, which the service allocates and the client writes. */
far_op far_fails(0)
    void *far_global far_nullable sqlite3_aggregate_context(sqlite3_context *far_handle context, int nBytes);
far_op far_fails(0)
    void *far_opaque sqlite3_user_data(sqlite3_context *far_handle context);
far_op far_fails(0)
    sqlite3 *far_handle sqlite3_context_db_handle(sqlite3_context *far_handle context);
far_op far_fails(0)
    void *far_opaque sqlite3_get_auxdata(sqlite3_context *far_handle context, int n);
far_op
    void sqlite3_set_auxdata(sqlite3_context *far_handle context, int n, void *far_opaque p,
                             sqlite3_far_destructor destructor);

/* --- Values --- */

far_op far_fails(0)
    const void *far_global far_nullable sqlite3_value_blob(sqlite3_value *far_handle value);
far_op far_fails(0)
    double sqlite3_value_double(sqlite3_value *far_handle value);
far_op far_fails(0)
    int sqlite3_value_int(sqlite3_value *far_handle value);
far_op far_fails(0)
    sqlite3_int64 sqlite3_value_int64(sqlite3_value *far_handle value);
far_op far_fails(0)
    void *far_global far_nullable
    sqlite3_value_pointer(sqlite3_value *far_handle value, const char *__null_terminated type);
far_op far_fails(0)
    const unsigned char *__null_terminated far_nullable far_lifetime(value)
    sqlite3_value_text(sqlite3_value *far_handle value);
far_op far_fails(0)
    const void *far_elements(unsigned short) __null_terminated far_nullable far_lifetime(value)
    sqlite3_value_text16(sqlite3_value *far_handle value);
far_op far_fails(0)
    const void *far_elements(unsigned short) __null_terminated far_nullable far_lifetime(value)
    sqlite3_value_text16le(sqlite3_value *far_handle value);
far_op far_fails(0)
    const void *far_elements(unsigned short) __null_terminated far_nullable far_lifetime(value)
    sqlite3_value_text16be(sqlite3_value *far_handle value);
far_op far_fails(0)
    int sqlite3_value_bytes(sqlite3_value *far_handle value);
far_op far_fails(0)
    int sqlite3_value_bytes16(sqlite3_value *far_handle value);
far_op far_fails(SQLITE_NULL)
    int sqlite3_value_type(sqlite3_value *far_handle value);
far_op far_fails(SQLITE_NULL)
    int sqlite3_value_numeric_type(sqlite3_value *far_handle value);
far_op far_fails(0)
    int sqlite3_value_nochange(sqlite3_value *far_handle value);
far_op far_fails(0)
    int sqlite3_value_frombind(sqlite3_value *far_handle value);
far_op far_fails(SQLITE_UTF8)
    int sqlite3_value_encoding(sqlite3_value *far_handle value);
far_op far_fails(0)
    unsigned int sqlite3_value_subtype(sqlite3_value *far_handle value);
far_op far_fails(0)
    sqlite3_value *far_handle far_nullable sqlite3_value_dup(const sqlite3_value *far_handle far_nullable value);
far_op
    void sqlite3_value_free(sqlite3_value *far_handle far_release far_nullable value);

/* --- A function's result --- */

far_op
    void sqlite3_result_blob(sqlite3_context *far_handle context,
                             const void *far_in __sized_by_or_null(n) far_lifetime(destructor) value, int n,
                             sqlite3_far_destructor destructor);
far_op
    void sqlite3_result_blob64(sqlite3_context *far_handle context,
                               const void *far_in __sized_by_or_null(n) far_lifetime(destructor) value,
                               sqlite3_uint64 n, sqlite3_far_destructor destructor);
far_op
    void sqlite3_result_double(sqlite3_context *far_handle context, double value);
far_op
    void sqlite3_result_error(sqlite3_context *far_handle context,
                              const char *far_in __null_terminated __sized_by_or_null(n) message, int n);
far_op
    void sqlite3_result_error16(
        sqlite3_context *far_handle context,
        const void *far_elements(unsigned short) far_in __null_terminated __sized_by_or_null(n) message, int n);
far_op
    void sqlite3_result_error_toobig(sqlite3_context *far_handle context);
far_op
    void sqlite3_result_error_nomem(sqlite3_context *far_handle context);
far_op
    void sqlite3_result_error_code(sqlite3_context *far_handle context, int code);
far_op
    void sqlite3_result_int(sqlite3_context *far_handle context, int value);
far_op
    void sqlite3_result_int64(sqlite3_context *far_handle context, sqlite3_int64 value);
far_op
    void sqlite3_result_null(sqlite3_context *far_handle context);
far_op
    void sqlite3_result_text(sqlite3_context *far_handle context,
                             const char *far_in __null_terminated __sized_by_or_null(n) far_lifetime(destructor) value,
                             int n, sqlite3_far_destructor destructor);
far_op
    void sqlite3_result_text64(sqlite3_context *far_handle context,
                               const char *far_in __sized_by_or_null(n) far_lifetime(destructor) value,
                               sqlite3_uint64 n, sqlite3_far_destructor destructor, unsigned char encoding);
far_op
    void sqlite3_result_text16(
        sqlite3_context *far_handle context,
        const void *far_elements(unsigned short)
            far_in __null_terminated __sized_by_or_null(n) far_lifetime(destructor) value,
        int n, sqlite3_far_destructor destructor);
far_op
    void sqlite3_result_text16le(
        sqlite3_context *far_handle context,
        const void *far_elements(unsigned short)
            far_in __null_terminated __sized_by_or_null(n) far_lifetime(destructor) value,
        int n, sqlite3_far_destructor destructor);
far_op
    void sqlite3_result_text16be(
        sqlite3_context *far_handle context,
        const void *far_elements(unsigned short)
            far_in __null_terminated __sized_by_or_null(n) far_lifetime(destructor) value,
        int n, sqlite3_far_destructor destructor);
far_op
    void sqlite3_result_value(sqlite3_context *far_handle context, sqlite3_value *far_handle value);

/* As sqlite3_bind_pointer. */
far_op
    void sqlite3_result_pointer(sqlite3_context *far_handle context, void *far_global far_nullable p,
                                const char *far_global type, sqlite3_far_destructor destructor);
far_op
    void sqlite3_result_zeroblob(sqlite3_context *far_handle context, int n);
far_op far_fails(SQLITE_IOERR)
    int sqlite3_result_zeroblob64(sqlite3_context *far_handle context, sqlite3_uint64 n);
far_op
    void sqlite3_result_subtype(sqlite3_context *far_handle context, unsigned int subtype);

/* --- Collations --- */

far_op far_fails(SQLITE_IOERR)
    int sqlite3_create_collation(sqlite3 *far_handle db, const char *__null_terminated zName, int eTextRep,
                                 void *far_opaque arg, sqlite3_far_compare xCompare);
far_op far_fails(SQLITE_IOERR)
    int sqlite3_create_collation_v2(sqlite3 *far_handle db, const char *__null_terminated zName, int eTextRep,
                                    void *far_opaque arg, sqlite3_far_compare xCompare,
                                    sqlite3_far_destructor xDestroy);
far_op far_fails(SQLITE_IOERR)
    int sqlite3_create_collation16(sqlite3 *far_handle db,
                                   const void *far_elements(unsigned short) __null_terminated zName, int eTextRep,
                                   void *far_opaque arg, sqlite3_far_compare xCompare);
far_op far_fails(SQLITE_IOERR)
    int sqlite3_collation_needed(sqlite3 *far_handle db, void *far_opaque arg,
                                 void (*far_callback far_nullable needed)(void *far_opaque arg, sqlite3 *far_handle db,
                                     int eTextRep, const char *__null_terminated name));
far_op far_fails(SQLITE_IOERR)
    int sqlite3_collation_needed16(
        sqlite3 *far_handle db, void *far_opaque arg,
        void (*far_callback far_nullable needed)(void *far_opaque arg, sqlite3 *far_handle db, int eTextRep,
                                                 const void *far_elements(unsigned short) __null_terminated name));

/* --- Hooks and handlers. Those that return void * return the arg of the hook that was there before. --- */

far_op far_fails(SQLITE_IOERR)
    int sqlite3_busy_handler(sqlite3 *far_handle db, int (*far_callback far_nullable busy)(void *far_opaque arg, int n),
                             void *far_opaque arg);
far_op far_fails(SQLITE_IOERR)
    int sqlite3_busy_timeout(sqlite3 *far_handle db, int ms);
far_op far_fails(SQLITE_IOERR)
    int sqlite3_set_authorizer(
        sqlite3 *far_handle db,
        int (*far_callback far_nullable xAuth)(
            void *far_opaque arg, int action, const char *__null_terminated far_nullable first,
            const char *__null_terminated far_nullable second, const char *__null_terminated far_nullable database,
            const char *__null_terminated far_nullable innermost),
        void *far_opaque arg);
far_op far_fails(0)
    void *far_opaque sqlite3_trace(
        sqlite3 *far_handle db,
        void (*far_callback far_nullable xTrace)(void *far_opaque arg, const char *__null_terminated far_nullable sql),
        void *far_opaque arg);
far_op far_fails(0)
    void *far_opaque sqlite3_profile(
        sqlite3 *far_handle db,
        void (*far_callback far_nullable xProfile)(void *far_opaque arg, const char *__null_terminated far_nullable sql,
                                                   sqlite3_uint64 nanoseconds),
        void *far_opaque arg);

/*
 * p is the statement, or for SQLITE_TRACE_CLOSE the connection. Not far_handle: what is handed out as void is memory, and
 * could be given to sqlite3_free(). A statement that the client has prepared is a handle already. What x points to depends on the
 * event, and for SQLITE_TRACE_PROFILE it is a variable of SQLite's: a client that is not called by branch must not follow
 * it and asks sqlite3_sql(p) or sqlite3_expanded_sql(p) instead.
 */
far_op far_fails(SQLITE_IOERR)
    int sqlite3_trace_v2(sqlite3 *far_handle db, unsigned uMask,
                         int (*far_callback far_nullable xCallback)(unsigned event, void *far_opaque ctx,
                             void *far_opaque p, void *far_opaque x), void *far_opaque ctx);
far_op
    void sqlite3_progress_handler(sqlite3 *far_handle db, int n,
                                  int (*far_callback far_nullable progress)(void *far_opaque arg),
                                  void *far_opaque arg);
far_op far_fails(0)
    void *far_opaque sqlite3_commit_hook(
        sqlite3 *far_handle db, int (*far_callback far_nullable hook)(void *far_opaque arg), void *far_opaque arg);
far_op far_fails(0)
    void *far_opaque sqlite3_rollback_hook(sqlite3 *far_handle db,
                                           void (*far_callback far_nullable hook)(void *far_opaque arg),
                                           void *far_opaque arg);
far_op far_fails(SQLITE_IOERR)
    int sqlite3_autovacuum_pages(
        sqlite3 *far_handle db,
        unsigned int (*far_callback far_nullable pages)(void *far_opaque arg, const char *__null_terminated schema,
                                                        unsigned int size, unsigned int free, unsigned int bytes),
        void *far_opaque arg, sqlite3_far_destructor destructor);
far_op far_fails(0)
    void *far_opaque sqlite3_update_hook(
        sqlite3 *far_handle db,
        void (*far_callback far_nullable hook)(void *far_opaque arg, int op, char const *__null_terminated database,
                                               char const *__null_terminated table, sqlite3_int64 rowid),
        void *far_opaque arg);
far_op far_fails(0)
    void *far_opaque sqlite3_wal_hook(
        sqlite3 *far_handle db,
        int (*far_callback far_nullable hook)(void *far_opaque arg, sqlite3 *far_handle db,
                                              const char *__null_terminated database, int pages),
        void *far_opaque arg);
far_op far_fails(0)
    void *far_opaque sqlite3_preupdate_hook(
        sqlite3 *far_handle db,
        void (*far_callback far_nullable xPreUpdate)(void *far_opaque ctx, sqlite3 *far_handle db, int op,
                                                     char const *__null_terminated database,
                                                     char const *__null_terminated table, sqlite3_int64 key1,
                                                     sqlite3_int64 key2),
        void *far_opaque ctx);
far_op far_fails(SQLITE_IOERR)
    int sqlite3_preupdate_old(sqlite3 *far_handle db, int n,
                              sqlite3_value *far_handle far_nullable far_lifetime(db) *far_out ppValue);
far_op far_fails(SQLITE_IOERR)
    int sqlite3_preupdate_new(sqlite3 *far_handle db, int n,
                              sqlite3_value *far_handle far_nullable far_lifetime(db) *far_out ppValue);
far_op far_fails(0)
    int sqlite3_preupdate_count(sqlite3 *far_handle db);
far_op far_fails(0)
    int sqlite3_preupdate_depth(sqlite3 *far_handle db);
far_op far_fails(-1)
    int sqlite3_preupdate_blobwrite(sqlite3 *far_handle db);
far_op far_fails(SQLITE_IOERR)
    int sqlite3_unlock_notify(
        sqlite3 *far_handle db,
        void (*far_callback far_nullable xNotify)(void *far_opaque *far_in __counted_by(n) args, int n),
        void *far_opaque arg);

/* --- Virtual tables --- */

/* SQLite keeps the structure as long as the connection. */
far_op far_fails(SQLITE_IOERR)
    int sqlite3_create_module(sqlite3 *far_handle db, const char *__null_terminated zName,
                              const sqlite3_module *far_in far_nullable far_lifetime(db) module,
                              void *far_opaque pClientData);
far_op far_fails(SQLITE_IOERR)
    int sqlite3_create_module_v2(sqlite3 *far_handle db, const char *__null_terminated zName,
                                 const sqlite3_module *far_in far_nullable far_lifetime(db) module,
                                 void *far_opaque pClientData, sqlite3_far_destructor xDestroy);
far_op far_fails(SQLITE_IOERR)
    int sqlite3_drop_modules(sqlite3 *far_handle db,
                             const char *__null_terminated *far_in __null_terminated far_nullable azKeep);
far_op far_fails(SQLITE_IOERR)
    int sqlite3_declare_vtab(sqlite3 *far_handle db, const char *__null_terminated zSQL);
far_op far_fails(-1)
    int sqlite3_vtab_on_conflict(sqlite3 *far_handle db);
far_op far_fails(0)
    int sqlite3_vtab_nochange(sqlite3_context *far_handle context);

/* Only inside xBestIndex, with the structure that it was given: more of SQLite's lies behind it. */
far_op far_fails(0)
    const char *__null_terminated far_nullable far_lifetime(service)
    sqlite3_vtab_collation(sqlite3_index_info *far_handle info, int n);
far_op far_fails(0)
    int sqlite3_vtab_distinct(sqlite3_index_info *far_handle info);
far_op far_fails(0)
    int sqlite3_vtab_in(sqlite3_index_info *far_handle info, int iCons, int bHandle);
far_op far_fails(SQLITE_IOERR)
    int sqlite3_vtab_rhs_value(sqlite3_index_info *far_handle info, int n,
                               sqlite3_value *far_handle far_nullable *far_out ppVal);
far_op far_fails(SQLITE_IOERR)
    int sqlite3_vtab_in_first(sqlite3_value *far_handle value, sqlite3_value *far_handle far_nullable *far_out ppOut);
far_op far_fails(SQLITE_IOERR)
    int sqlite3_vtab_in_next(sqlite3_value *far_handle value, sqlite3_value *far_handle far_nullable *far_out ppOut);

/* --- File systems --- */

/* One that SQLite has is a handle. */
far_op far_fails(0)
    sqlite3_vfs *far_handle far_nullable sqlite3_vfs_find(const char *__null_terminated far_nullable zVfsName);
far_op far_fails(SQLITE_IOERR)
    int sqlite3_vfs_register(sqlite3_vfs *far_inout far_lifetime(released) vfs, int makeDflt);
far_op far_fails(SQLITE_IOERR)
    int sqlite3_vfs_unregister(sqlite3_vfs *far_inout far_release vfs);

/* --- R-trees --- */

far_op far_fails(SQLITE_IOERR)
    int sqlite3_rtree_geometry_callback(
        sqlite3 *far_handle db, const char *__null_terminated zGeom,
        int (*far_callback xGeom)(
            sqlite3_rtree_geometry *far_inout geometry, int n,
            sqlite3_rtree_dbl *far_in __counted_by(n) coordinates, int *far_inout pRes),
        void *far_opaque pContext);
far_op far_fails(SQLITE_IOERR)
    int sqlite3_rtree_query_callback(
        sqlite3 *far_handle db, const char *__null_terminated zQueryFunc,
        int (*far_callback xQueryFunc)(sqlite3_rtree_query_info *far_inout info), void *far_opaque pContext,
        sqlite3_far_destructor xDestructor);

#ifdef __cplusplus
}
#endif

#endif
