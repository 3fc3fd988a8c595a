/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * SQLite as a service, without touching SQLite: its own header, and all of its functions declared again with
 * annotations. A program that includes <sqlite3.h> only calls the same operations. README.md beside this file says how
 * it is built, what each kind of value becomes, and what is absent and why.
 *
 * Conventions. A database, statement, value, context and so on is a handle: the client carries it and never looks
 * inside. What the client says sqlite3_free() for has far_lifetime(released). A text with a length that may be
 * negative ("up to the terminator") is both __null_terminated and __sized_by: whichever ends first. UTF-16 text, which
 * SQLite declares as void, is far_elements(unsigned short).
 */
#ifndef SQLITE3_FAR_H
#define SQLITE3_FAR_H

/* Debian's library is built with both; the header shows their functions only to those who say so. */
#ifndef SQLITE_ENABLE_PREUPDATE_HOOK
#define SQLITE_ENABLE_PREUPDATE_HOOK 1
#endif
#ifndef SQLITE_ENABLE_SESSION
#define SQLITE_ENABLE_SESSION 1
#endif

#include <farcall/annotate.h>
#include <sqlite3.h>

#include "sqlite3_far_callbacks.h"
#include "sqlite3_far_session.h"
#include "sqlite3_far_types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Annotations read best in front of their operation, on a line of their own. */
/* clang-format off */
far_service(sqlite3, 3, 40);

/* --- About the library --- */

far_op far_fails(0)
    const char *__null_terminated far_lifetime(service) sqlite3_libversion(void);
far_op far_fails(0)
    const char *__null_terminated far_lifetime(service) sqlite3_sourceid(void);
far_op far_fails(0)
    int sqlite3_libversion_number(void);
far_op far_fails(0)
    int sqlite3_compileoption_used(const char *__null_terminated zOptName);
far_op far_fails(0)
    const char *__null_terminated far_nullable far_lifetime(service) sqlite3_compileoption_get(int n);
far_op far_fails(0)
    int sqlite3_threadsafe(void);
far_op far_fails(0)
    const char *__null_terminated far_lifetime(service) sqlite3_errstr(int code);
far_op far_fails(0)
    int sqlite3_keyword_count(void);

/* Keywords are not terminated. */
far_op far_fails(SQLITE_ERROR)
    int sqlite3_keyword_name(int n, const char *__sized_by(*size) far_lifetime(service) *far_out name,
                             int *far_out size);
far_op far_fails(0)
    int sqlite3_keyword_check(const char *far_in __sized_by(n) z, int n);

/* --- The process's settings --- */

far_op far_fails(SQLITE_IOERR)
    int sqlite3_initialize(void);
far_op far_fails(SQLITE_IOERR)
    int sqlite3_shutdown(void);
far_op far_fails(SQLITE_IOERR)
    int sqlite3_os_init(void);
far_op far_fails(SQLITE_IOERR)
    int sqlite3_os_end(void);

/* What follows the first parameter depends on its value, functions and structures of functions included. */
far_op far_absent far_fails(SQLITE_MISUSE)
    int sqlite3_config(int op, ...);
far_op far_absent far_fails(SQLITE_MISUSE)
    int sqlite3_db_config(sqlite3 *db, int op, ...);
far_op far_absent far_fails(SQLITE_MISUSE)
    int sqlite3_vtab_config(sqlite3 *db, int op, ...);
far_op far_absent far_fails(SQLITE_MISUSE)
    int sqlite3_test_control(int op, ...);
far_op far_fails(SQLITE_IOERR)
    int sqlite3_enable_shared_cache(int on);
far_op far_fails(0)
    int sqlite3_release_memory(int n);
far_op far_fails(-1)
    sqlite3_int64 sqlite3_soft_heap_limit64(sqlite3_int64 n);
far_op far_fails(-1)
    sqlite3_int64 sqlite3_hard_heap_limit64(sqlite3_int64 n);
far_op
    void sqlite3_soft_heap_limit(int n);
far_op far_fails(0)
    sqlite3_int64 sqlite3_memory_used(void);
far_op far_fails(0)
    sqlite3_int64 sqlite3_memory_highwater(int resetFlag);
far_op far_fails(SQLITE_IOERR)
    int sqlite3_status(int op, int *far_out pCurrent, int *far_out pHighwater, int resetFlag);
far_op far_fails(SQLITE_IOERR)
    int sqlite3_status64(int op, sqlite3_int64 *far_out pCurrent, sqlite3_int64 *far_out pHighwater, int resetFlag);
far_op far_fails(0)
    int sqlite3_sleep(int ms);

/* Without a buffer the generator starts afresh. */
far_op
    void sqlite3_randomness(int n, void *far_out __sized_by_or_null(n) p);

/* The real function has three parameters that its declared type does not mention. */
far_op far_absent far_fails(SQLITE_MISUSE)
    int sqlite3_auto_extension(void (*xEntryPoint)(void));
far_op far_absent far_fails(0)
    int sqlite3_cancel_auto_extension(void (*xEntryPoint)(void));
far_op
    void sqlite3_reset_auto_extension(void);

/* --- Deprecated, and still there --- */

far_op far_fails(0)
    int sqlite3_aggregate_count(sqlite3_context *far_handle context);
far_op far_fails(1)
    int sqlite3_expired(sqlite3_stmt *far_handle far_nullable stmt);
far_op far_fails(SQLITE_IOERR)
    int sqlite3_transfer_bindings(sqlite3_stmt *far_handle from, sqlite3_stmt *far_handle to);
far_op far_fails(SQLITE_IOERR)
    int sqlite3_global_recover(void);
far_op
    void sqlite3_thread_cleanup(void);

/* Does nothing, and never calls. */
far_op far_fails(SQLITE_IOERR)
    int sqlite3_memory_alarm(void (*far_callback far_nullable alarm)(void *far_opaque arg, sqlite3_int64 used, int n),
                             void *far_opaque arg, sqlite3_int64 threshold);

/* --- Memory --- */

/* Memory of the service's own heap. A client that may not write there can only give it back. */
far_op far_fails(0)
    void *far_handle far_nullable sqlite3_malloc(int n);
far_op far_fails(0)
    void *far_handle far_nullable sqlite3_malloc64(sqlite3_uint64 n);
far_op far_fails(0)
    void *far_handle far_nullable sqlite3_realloc(void *far_handle far_release far_nullable p, int n);
far_op far_fails(0)
    void *far_handle far_nullable sqlite3_realloc64(void *far_handle far_release far_nullable p, sqlite3_uint64 n);
far_op
    void sqlite3_free(void *far_handle far_release far_nullable p);
far_op far_fails(0)
    sqlite3_uint64 sqlite3_msize(void *far_handle far_nullable p);

/* --- Connections --- */

/* The connection comes out, and must be closed, even if opening it fails. */
far_op far_fails(SQLITE_IOERR)
    int sqlite3_open(const char *__null_terminated far_nullable filename,
                     sqlite3 *far_handle far_nullable *far_out ppDb);
far_op far_fails(SQLITE_IOERR)
    int sqlite3_open16(const void *far_elements(unsigned short) __null_terminated far_nullable filename,
                       sqlite3 *far_handle far_nullable *far_out ppDb);
far_op far_fails(SQLITE_IOERR)
    int sqlite3_open_v2(const char *__null_terminated far_nullable filename,
                        sqlite3 *far_handle far_nullable *far_out ppDb, int flags,
                        const char *__null_terminated far_nullable zVfs);

/*
 * With statements still open it answers SQLITE_BUSY, and nothing is closed. close_v2 waits for them: so statements and blobs do not
 * end with their connection.
 */
far_op far_fails(SQLITE_IOERR)
    int sqlite3_close(sqlite3 *far_handle far_release far_unless(SQLITE_BUSY) far_nullable db);
far_op far_fails(SQLITE_IOERR)
    int sqlite3_close_v2(sqlite3 *far_handle far_release far_nullable db);
far_op far_fails(SQLITE_IOERR)
    int sqlite3_extended_result_codes(sqlite3 *far_handle db, int onoff);
far_op far_fails(0)
    sqlite3_int64 sqlite3_last_insert_rowid(sqlite3 *far_handle db);
far_op
    void sqlite3_set_last_insert_rowid(sqlite3 *far_handle db, sqlite3_int64 rowid);
far_op far_fails(0)
    int sqlite3_changes(sqlite3 *far_handle db);
far_op far_fails(0)
    sqlite3_int64 sqlite3_changes64(sqlite3 *far_handle db);
far_op far_fails(0)
    int sqlite3_total_changes(sqlite3 *far_handle db);
far_op far_fails(0)
    sqlite3_int64 sqlite3_total_changes64(sqlite3 *far_handle db);
far_op
    void sqlite3_interrupt(sqlite3 *far_handle db);
far_op far_fails(-1)
    int sqlite3_limit(sqlite3 *far_handle db, int id, int newVal);
far_op far_fails(0)
    int sqlite3_get_autocommit(sqlite3 *far_handle db);
far_op far_fails(-1)
    int sqlite3_txn_state(sqlite3 *far_handle db, const char *__null_terminated far_nullable zSchema);
far_op far_fails(0)
    const char *__null_terminated far_nullable far_lifetime(db) sqlite3_db_name(sqlite3 *far_handle db, int n);
far_op far_fails(0)
    sqlite3_filename __null_terminated far_nullable far_lifetime(db)
    sqlite3_db_filename(sqlite3 *far_handle db, const char *__null_terminated far_nullable zDbName);
far_op far_fails(-1)
    int sqlite3_db_readonly(sqlite3 *far_handle db, const char *__null_terminated zDbName);
far_op far_fails(SQLITE_IOERR)
    int sqlite3_db_release_memory(sqlite3 *far_handle db);
far_op far_fails(SQLITE_IOERR)
    int sqlite3_db_cacheflush(sqlite3 *far_handle db);
far_op far_fails(SQLITE_IOERR)
    int sqlite3_db_status(sqlite3 *far_handle db, int op, int *far_out pCur, int *far_out pHiwtr, int resetFlg);
far_op far_fails(0)
    int sqlite3_system_errno(sqlite3 *far_handle far_nullable db);
far_op far_fails(0)
    sqlite3_mutex *far_handle far_nullable far_lifetime(db) sqlite3_db_mutex(sqlite3 *far_handle db);
far_op far_fails(0)
    sqlite3_stmt *far_handle far_nullable sqlite3_next_stmt(sqlite3 *far_handle db,
                                                            sqlite3_stmt *far_handle far_nullable stmt);

/* What arg points to depends on op, and file systems add operations of their own. */
far_op far_absent far_fails(SQLITE_MISUSE)
    int sqlite3_file_control(sqlite3 *db, const char *zDbName, int op, void *arg);
far_op far_fails(SQLITE_IOERR)
    int sqlite3_load_extension(
        sqlite3 *far_handle db, const char *__null_terminated zFile, const char *__null_terminated far_nullable zProc,
        char *__null_terminated far_nullable far_lifetime(released) *far_out far_nullable pzErrMsg);
far_op far_fails(SQLITE_IOERR)
    int sqlite3_enable_load_extension(sqlite3 *far_handle db, int onoff);
far_op far_fails(SQLITE_IOERR)
    int sqlite3_table_column_metadata(
        sqlite3 *far_handle db, const char *__null_terminated far_nullable zDbName,
        const char *__null_terminated zTableName, const char *__null_terminated far_nullable zColumnName,
        char const *__null_terminated far_nullable far_lifetime(call) *far_out far_nullable pzDataType,
        char const *__null_terminated far_nullable far_lifetime(call) *far_out far_nullable pzCollSeq,
        int *far_out far_nullable pNotNull, int *far_out far_nullable pPrimaryKey, int *far_out far_nullable pAutoinc);

/*
 * The image is a copy to be freed, or with SQLITE_SERIALIZE_NOCOPY the database itself, read only. SQLite lets piSize
 * be NULL; here it is needed.
 */
far_op far_fails(0)
    unsigned char *__sized_by_or_null(*piSize) far_lifetime(released)
    sqlite3_serialize(sqlite3 *far_handle db, const char *__null_terminated far_nullable zSchema,
                      sqlite3_int64 *far_out piSize, unsigned int mFlags);

/* SQLite works in that memory from then on. */
far_op far_fails(SQLITE_IOERR)
    int sqlite3_deserialize(sqlite3 *far_handle db, const char *__null_terminated far_nullable zSchema,
                            unsigned char *far_global far_nullable pData, sqlite3_int64 szDb, sqlite3_int64 szBuf,
                            unsigned mFlags);

/* --- Errors --- */

far_op far_fails(SQLITE_IOERR)
    int sqlite3_errcode(sqlite3 *far_handle far_nullable db);
far_op far_fails(SQLITE_IOERR)
    int sqlite3_extended_errcode(sqlite3 *far_handle far_nullable db);
far_op far_fails(0)
    const char *__null_terminated far_lifetime(call) sqlite3_errmsg(sqlite3 *far_handle far_nullable db);
far_op far_fails(0)
    const void *far_elements(unsigned short) __null_terminated far_nullable far_lifetime(call)
    sqlite3_errmsg16(sqlite3 *far_handle far_nullable db);
far_op far_fails(-1)
    int sqlite3_error_offset(sqlite3 *far_handle far_nullable db);

/* Arguments without types cannot be carried: format first, then sqlite3_str_append() and so on. */
far_op far_absent
    void sqlite3_log(int iErrCode, const char *zFormat, ...);

/* --- File names and their parameters --- */

/*
 * A sqlite3_filename is text with more text behind it. Operations take it as a handle, since they look behind the end;
 * those who made it or got it know the text.
 */
far_op far_fails(0)
    sqlite3_filename far_handle far_nullable
    sqlite3_create_filename(const char *__null_terminated zDatabase, const char *__null_terminated zJournal,
                            const char *__null_terminated zWal, int nParam,
                            const char *__null_terminated *far_in __counted_by(2 * nParam) azParam);
far_op
    void sqlite3_free_filename(sqlite3_filename far_handle far_release far_nullable name);
far_op far_fails(0)
    const char *__null_terminated far_nullable far_lifetime(name)
    sqlite3_uri_parameter(sqlite3_filename far_handle far_nullable name, const char *__null_terminated zParam);
far_op far_fails(0)
    int sqlite3_uri_boolean(sqlite3_filename far_handle far_nullable name, const char *__null_terminated zParam,
                            int bDefault);
far_op far_fails(0)
    sqlite3_int64 sqlite3_uri_int64(sqlite3_filename far_handle far_nullable name, const char *__null_terminated zParam,
                                    sqlite3_int64 dflt);
far_op far_fails(0)
    const char *__null_terminated far_nullable far_lifetime(name)
    sqlite3_uri_key(sqlite3_filename far_handle far_nullable name, int n);
far_op far_fails(0)
    const char *__null_terminated far_nullable far_lifetime(name)
    sqlite3_filename_database(sqlite3_filename far_handle far_nullable name);
far_op far_fails(0)
    const char *__null_terminated far_nullable far_lifetime(name)
    sqlite3_filename_journal(sqlite3_filename far_handle far_nullable name);
far_op far_fails(0)
    const char *__null_terminated far_nullable far_lifetime(name)
    sqlite3_filename_wal(sqlite3_filename far_handle far_nullable name);
far_op far_fails(0)
    sqlite3_file *far_handle far_nullable sqlite3_database_file_object(const char *far_handle name);

/* --- Running SQL at once --- */

/* All values and names are text; a value may be NULL. */
far_op far_fails(SQLITE_IOERR)
    int sqlite3_exec(sqlite3 *far_handle db, const char *__null_terminated far_nullable sql,
                     int (*far_callback far_nullable callback)(void *far_opaque arg, int n,
                         char *__null_terminated far_nullable *far_in __counted_by(n) values,
                         char *__null_terminated *far_in __counted_by(n) names), void *far_opaque arg,
                     char *__null_terminated far_nullable far_lifetime(released) *far_out far_nullable errmsg);

/* A row of names, then the rows of values. */
far_op far_fails(SQLITE_IOERR)
    int sqlite3_get_table(
        sqlite3 *far_handle db, const char *__null_terminated zSql,
        char *__null_terminated far_nullable *__counted_by_or_null((*pnRow + 1) * *pnColumn) far_lifetime(released)
            *far_out pazResult,
        int *far_out pnRow, int *far_out pnColumn,
        char *__null_terminated far_nullable far_lifetime(released) *far_out far_nullable pzErrmsg);
far_op
    void sqlite3_free_table(char **far_handle far_release far_nullable result);
far_op far_fails(0)
    int sqlite3_complete(const char *__null_terminated sql);
far_op far_fails(0)
    int sqlite3_complete16(const void *far_elements(unsigned short) __null_terminated sql);

/* --- Statements --- */

/* The tail points into the text that was given. */
far_op far_fails(SQLITE_IOERR)
    int sqlite3_prepare(sqlite3 *far_handle db, const char *__null_terminated __sized_by(nByte) zSql, int nByte,
                        sqlite3_stmt *far_handle far_nullable *far_out ppStmt,
                        const char *__null_terminated far_nullable far_lifetime(zSql) *far_out far_nullable pzTail);
far_op far_fails(SQLITE_IOERR)
    int sqlite3_prepare_v2(sqlite3 *far_handle db, const char *__null_terminated __sized_by(nByte) zSql, int nByte,
                           sqlite3_stmt *far_handle far_nullable *far_out ppStmt,
                           const char *__null_terminated far_nullable far_lifetime(zSql) *far_out far_nullable pzTail);
far_op far_fails(SQLITE_IOERR)
    int sqlite3_prepare_v3(sqlite3 *far_handle db, const char *__null_terminated __sized_by(nByte) zSql, int nByte,
                           unsigned int prepFlags, sqlite3_stmt *far_handle far_nullable *far_out ppStmt,
                           const char *__null_terminated far_nullable far_lifetime(zSql) *far_out far_nullable pzTail);
far_op far_fails(SQLITE_IOERR)
    int sqlite3_prepare16(
        sqlite3 *far_handle db, const void *far_elements(unsigned short) __null_terminated __sized_by(nByte) zSql,
        int nByte, sqlite3_stmt *far_handle far_nullable *far_out ppStmt,
        const void *far_elements(unsigned short) __null_terminated far_nullable far_lifetime(zSql)
            *far_out far_nullable pzTail);
far_op far_fails(SQLITE_IOERR)
    int sqlite3_prepare16_v2(
        sqlite3 *far_handle db, const void *far_elements(unsigned short) __null_terminated __sized_by(nByte) zSql,
        int nByte, sqlite3_stmt *far_handle far_nullable *far_out ppStmt,
        const void *far_elements(unsigned short) __null_terminated far_nullable far_lifetime(zSql)
            *far_out far_nullable pzTail);
far_op far_fails(SQLITE_IOERR)
    int sqlite3_prepare16_v3(
        sqlite3 *far_handle db, const void *far_elements(unsigned short) __null_terminated __sized_by(nByte) zSql,
        int nByte, unsigned int prepFlags, sqlite3_stmt *far_handle far_nullable *far_out ppStmt,
        const void *far_elements(unsigned short) __null_terminated far_nullable far_lifetime(zSql)
            *far_out far_nullable pzTail);
far_op far_fails(0)
    const char *__null_terminated far_nullable far_lifetime(stmt)
    sqlite3_sql(sqlite3_stmt *far_handle far_nullable stmt);
far_op far_fails(0)
    char *__null_terminated far_nullable far_lifetime(released)
    sqlite3_expanded_sql(sqlite3_stmt *far_handle far_nullable stmt);
far_op far_fails(0)
    int sqlite3_stmt_readonly(sqlite3_stmt *far_handle far_nullable stmt);
far_op far_fails(0)
    int sqlite3_stmt_isexplain(sqlite3_stmt *far_handle far_nullable stmt);
far_op far_fails(0)
    int sqlite3_stmt_busy(sqlite3_stmt *far_handle far_nullable stmt);
far_op far_fails(0)
    int sqlite3_stmt_status(sqlite3_stmt *far_handle stmt, int op, int resetFlg);
far_op far_fails(0)
    sqlite3 *far_handle far_nullable sqlite3_db_handle(sqlite3_stmt *far_handle far_nullable stmt);
far_op far_fails(SQLITE_IOERR)
    int sqlite3_step(sqlite3_stmt *far_handle stmt);
far_op far_fails(SQLITE_IOERR)
    int sqlite3_reset(sqlite3_stmt *far_handle far_nullable stmt);
far_op far_fails(SQLITE_IOERR)
    int sqlite3_finalize(sqlite3_stmt *far_handle far_release far_nullable stmt);

/* --- Values for a statement's parameters --- */

/* What is bound stays in use until its destructor is called; SQLITE_TRANSIENT says that SQLite makes a copy at once. */
far_op far_fails(SQLITE_IOERR)
    int sqlite3_bind_blob(sqlite3_stmt *far_handle stmt, int i,
                          const void *far_in __sized_by_or_null(n) far_lifetime(destructor) value, int n,
                          sqlite3_far_destructor destructor);
far_op far_fails(SQLITE_IOERR)
    int sqlite3_bind_blob64(sqlite3_stmt *far_handle stmt, int i,
                            const void *far_in __sized_by_or_null(n) far_lifetime(destructor) value, sqlite3_uint64 n,
                            sqlite3_far_destructor destructor);
far_op far_fails(SQLITE_IOERR)
    int sqlite3_bind_double(sqlite3_stmt *far_handle stmt, int i, double value);
far_op far_fails(SQLITE_IOERR)
    int sqlite3_bind_int(sqlite3_stmt *far_handle stmt, int i, int value);
far_op far_fails(SQLITE_IOERR)
    int sqlite3_bind_int64(sqlite3_stmt *far_handle stmt, int i, sqlite3_int64 value);
far_op far_fails(SQLITE_IOERR)
    int sqlite3_bind_null(sqlite3_stmt *far_handle stmt, int i);
far_op far_fails(SQLITE_IOERR)
    int sqlite3_bind_text(sqlite3_stmt *far_handle stmt, int i,
                          const char *far_in __null_terminated __sized_by_or_null(n) far_lifetime(destructor) value,
                          int n, sqlite3_far_destructor destructor);
far_op far_fails(SQLITE_IOERR)
    int sqlite3_bind_text16(
        sqlite3_stmt *far_handle stmt, int i,
        const void *far_elements(unsigned short)
            far_in __null_terminated __sized_by_or_null(n) far_lifetime(destructor) value,
        int n, sqlite3_far_destructor destructor);

/* n bytes in any encoding. */
far_op far_fails(SQLITE_IOERR)
    int sqlite3_bind_text64(sqlite3_stmt *far_handle stmt, int i,
                            const char *far_in __sized_by_or_null(n) far_lifetime(destructor) value, sqlite3_uint64 n,
                            sqlite3_far_destructor destructor, unsigned char encoding);
far_op far_fails(SQLITE_IOERR)
    int sqlite3_bind_value(sqlite3_stmt *far_handle stmt, int i, const sqlite3_value *far_handle value);

/* Extensions follow the pointer: it must lead to memory that both sides reach. They compare the type's text. */
far_op far_fails(SQLITE_IOERR)
    int sqlite3_bind_pointer(sqlite3_stmt *far_handle stmt, int i, void *far_global far_nullable p,
                             const char *far_global type, sqlite3_far_destructor destructor);
far_op far_fails(SQLITE_IOERR)
    int sqlite3_bind_zeroblob(sqlite3_stmt *far_handle stmt, int i, int n);
far_op far_fails(SQLITE_IOERR)
    int sqlite3_bind_zeroblob64(sqlite3_stmt *far_handle stmt, int i, sqlite3_uint64 n);
far_op far_fails(0)
    int sqlite3_bind_parameter_count(sqlite3_stmt *far_handle far_nullable stmt);
far_op far_fails(0)
    const char *__null_terminated far_nullable far_lifetime(stmt)
    sqlite3_bind_parameter_name(sqlite3_stmt *far_handle far_nullable stmt, int i);
far_op far_fails(0)
    int sqlite3_bind_parameter_index(sqlite3_stmt *far_handle far_nullable stmt, const char *__null_terminated zName);
far_op far_fails(SQLITE_IOERR)
    int sqlite3_clear_bindings(sqlite3_stmt *far_handle stmt);

/* --- A statement's columns --- */

far_op far_fails(0)
    int sqlite3_column_count(sqlite3_stmt *far_handle far_nullable stmt);
far_op far_fails(0)
    int sqlite3_data_count(sqlite3_stmt *far_handle far_nullable stmt);
far_op far_fails(0)
    const char *__null_terminated far_nullable far_lifetime(stmt) sqlite3_column_name(sqlite3_stmt *far_handle stmt,
                                                                                      int n);
far_op far_fails(0)
    const void *far_elements(unsigned short) __null_terminated far_nullable far_lifetime(stmt)
    sqlite3_column_name16(sqlite3_stmt *far_handle stmt, int n);
far_op far_fails(0)
    const char *__null_terminated far_nullable far_lifetime(stmt)
    sqlite3_column_database_name(sqlite3_stmt *far_handle stmt, int n);
far_op far_fails(0)
    const void *far_elements(unsigned short) __null_terminated far_nullable far_lifetime(stmt)
    sqlite3_column_database_name16(sqlite3_stmt *far_handle stmt, int n);
far_op far_fails(0)
    const char *__null_terminated far_nullable far_lifetime(stmt)
    sqlite3_column_table_name(sqlite3_stmt *far_handle stmt, int n);
far_op far_fails(0)
    const void *far_elements(unsigned short) __null_terminated far_nullable far_lifetime(stmt)
    sqlite3_column_table_name16(sqlite3_stmt *far_handle stmt, int n);
far_op far_fails(0)
    const char *__null_terminated far_nullable far_lifetime(stmt)
    sqlite3_column_origin_name(sqlite3_stmt *far_handle stmt, int n);
far_op far_fails(0)
    const void *far_elements(unsigned short) __null_terminated far_nullable far_lifetime(stmt)
    sqlite3_column_origin_name16(sqlite3_stmt *far_handle stmt, int n);
far_op far_fails(0)
    const char *__null_terminated far_nullable far_lifetime(stmt) sqlite3_column_decltype(sqlite3_stmt *far_handle stmt,
                                                                                          int n);
far_op far_fails(0)
    const void *far_elements(unsigned short) __null_terminated far_nullable far_lifetime(stmt)
    sqlite3_column_decltype16(sqlite3_stmt *far_handle stmt, int n);

/*
 * A blob's size is another operation's result (sqlite3_column_bytes): its address comes back as it is, for clients
 * that may read the service's memory. Text is valid until the next step; here it stays until the statement is
 * finalized.
 */
far_op far_fails(0)
    const void *far_global far_nullable sqlite3_column_blob(sqlite3_stmt *far_handle stmt, int iCol);
far_op far_fails(0)
    double sqlite3_column_double(sqlite3_stmt *far_handle stmt, int iCol);
far_op far_fails(0)
    int sqlite3_column_int(sqlite3_stmt *far_handle stmt, int iCol);
far_op far_fails(0)
    sqlite3_int64 sqlite3_column_int64(sqlite3_stmt *far_handle stmt, int iCol);
far_op far_fails(0)
    const unsigned char *__null_terminated far_nullable far_lifetime(stmt)
    sqlite3_column_text(sqlite3_stmt *far_handle stmt, int iCol);
far_op far_fails(0)
    const void *far_elements(unsigned short) __null_terminated far_nullable far_lifetime(stmt)
    sqlite3_column_text16(sqlite3_stmt *far_handle stmt, int iCol);
far_op far_fails(0)
    sqlite3_value *far_handle far_nullable far_lifetime(stmt) sqlite3_column_value(sqlite3_stmt *far_handle stmt,
                                                                                   int iCol);
far_op far_fails(0)
    int sqlite3_column_bytes(sqlite3_stmt *far_handle stmt, int iCol);
far_op far_fails(0)
    int sqlite3_column_bytes16(sqlite3_stmt *far_handle stmt, int iCol);
far_op far_fails(SQLITE_NULL)
    int sqlite3_column_type(sqlite3_stmt *far_handle stmt, int iCol);

/* --- Write-ahead log --- */

far_op far_fails(SQLITE_IOERR)
    int sqlite3_wal_autocheckpoint(sqlite3 *far_handle db, int n);
far_op far_fails(SQLITE_IOERR)
    int sqlite3_wal_checkpoint(sqlite3 *far_handle db, const char *__null_terminated far_nullable zDb);
far_op far_fails(SQLITE_IOERR)
    int sqlite3_wal_checkpoint_v2(sqlite3 *far_handle db, const char *__null_terminated far_nullable zDb, int eMode,
                                  int *far_out far_nullable pnLog, int *far_out far_nullable pnCkpt);

/* --- Blobs, a piece at a time --- */

far_op far_fails(SQLITE_IOERR)
    int sqlite3_blob_open(sqlite3 *far_handle db, const char *__null_terminated zDb,
                          const char *__null_terminated zTable, const char *__null_terminated zColumn,
                          sqlite3_int64 iRow, int flags, sqlite3_blob *far_handle far_nullable *far_out ppBlob);
far_op far_fails(SQLITE_IOERR)
    int sqlite3_blob_reopen(sqlite3_blob *far_handle blob, sqlite3_int64 rowid);
far_op far_fails(SQLITE_IOERR)
    int sqlite3_blob_close(sqlite3_blob *far_handle far_release far_nullable blob);
far_op far_fails(0)
    int sqlite3_blob_bytes(sqlite3_blob *far_handle blob);
far_op far_fails(SQLITE_IOERR)
    int sqlite3_blob_read(sqlite3_blob *far_handle blob, void *far_out __sized_by(n) z, int n, int iOffset);
far_op far_fails(SQLITE_IOERR)
    int sqlite3_blob_write(sqlite3_blob *far_handle blob, const void *far_in __sized_by(n) z, int n, int iOffset);

/* --- Copying a database --- */

/* The source stays open as long (SQLITE_BUSY), the destination need not. */
far_op far_fails(0)
    sqlite3_backup *far_handle far_nullable far_lifetime(dest)
    sqlite3_backup_init(sqlite3 *far_handle dest, const char *__null_terminated zDestName, sqlite3 *far_handle source,
                        const char *__null_terminated zSourceName);
far_op far_fails(SQLITE_IOERR)
    int sqlite3_backup_step(sqlite3_backup *far_handle backup, int nPage);
far_op far_fails(SQLITE_IOERR)
    int sqlite3_backup_finish(sqlite3_backup *far_handle far_release far_nullable backup);
far_op far_fails(0)
    int sqlite3_backup_remaining(sqlite3_backup *far_handle backup);
far_op far_fails(0)
    int sqlite3_backup_pagecount(sqlite3_backup *far_handle backup);

/* --- Mutexes --- */

far_op far_fails(0)
    sqlite3_mutex *far_handle far_nullable sqlite3_mutex_alloc(int kind);
far_op
    void sqlite3_mutex_free(sqlite3_mutex *far_handle far_release far_nullable mutex);
far_op
    void sqlite3_mutex_enter(sqlite3_mutex *far_handle far_nullable mutex);
far_op far_fails(SQLITE_BUSY)
    int sqlite3_mutex_try(sqlite3_mutex *far_handle far_nullable mutex);
far_op
    void sqlite3_mutex_leave(sqlite3_mutex *far_handle far_nullable mutex);

/* --- Strings --- */

/* Variadic or with a va_list. */
far_op far_absent far_fails(0)
    char *sqlite3_mprintf(const char *zFormat, ...);
far_op far_absent far_fails(0)
    char *sqlite3_vmprintf(const char *zFormat, va_list args);
far_op far_absent far_fails(0)
    char *sqlite3_snprintf(int n, char *z, const char *zFormat, ...);
far_op far_absent far_fails(0)
    char *sqlite3_vsnprintf(int n, char *z, const char *zFormat, va_list args);
far_op far_absent
    void sqlite3_str_appendf(sqlite3_str *str, const char *zFormat, ...);
far_op far_absent
    void sqlite3_str_vappendf(sqlite3_str *str, const char *zFormat, va_list args);
far_op far_fails(0)
    sqlite3_str *far_handle sqlite3_str_new(sqlite3 *far_handle far_nullable db);
far_op far_fails(0)
    char *__null_terminated far_nullable far_lifetime(released)
    sqlite3_str_finish(sqlite3_str *far_handle far_release far_nullable str);
far_op
    void sqlite3_str_append(sqlite3_str *far_handle str, const char *far_in __sized_by(n) zIn, int n);
far_op
    void sqlite3_str_appendall(sqlite3_str *far_handle str, const char *__null_terminated zIn);
far_op
    void sqlite3_str_appendchar(sqlite3_str *far_handle str, int n, char c);
far_op
    void sqlite3_str_reset(sqlite3_str *far_handle str);
far_op far_fails(SQLITE_NOMEM)
    int sqlite3_str_errcode(sqlite3_str *far_handle far_nullable str);
far_op far_fails(0)
    int sqlite3_str_length(sqlite3_str *far_handle far_nullable str);
far_op far_fails(0)
    char *__null_terminated far_nullable far_lifetime(str) sqlite3_str_value(sqlite3_str *far_handle far_nullable str);
far_op far_fails(-1)
    int sqlite3_stricmp(const char *__null_terminated far_nullable a, const char *__null_terminated far_nullable b);
far_op far_fails(-1)
    int sqlite3_strnicmp(const char *__null_terminated __sized_by_or_null(n) a,
                         const char *__null_terminated __sized_by_or_null(n) b, int n);
far_op far_fails(-1)
    int sqlite3_strglob(const char *__null_terminated far_nullable zGlob,
                        const char *__null_terminated far_nullable zStr);
far_op far_fails(-1)
    int sqlite3_strlike(const char *__null_terminated far_nullable zGlob,
                        const char *__null_terminated far_nullable zStr, unsigned int cEsc);

/*
 * --- Declared, but in no library of Debian's ---
 *
 * They need a library that was built with SQLITE_DEBUG, SQLITE_ENABLE_SNAPSHOT, SQLITE_ENABLE_STMT_SCANSTATUS,
 * SQLITE_ENABLE_NORMALIZE or SQLITE_ENABLE_CEROD, or Windows.
 */
far_op far_absent
    void sqlite3_activate_cerod(const char *zPassPhrase);
far_op far_absent far_fails(1)
    int sqlite3_mutex_held(sqlite3_mutex *mutex);
far_op far_absent far_fails(1)
    int sqlite3_mutex_notheld(sqlite3_mutex *mutex);
far_op far_absent far_fails(0)
    const char *sqlite3_normalized_sql(sqlite3_stmt *pStmt);
far_op far_absent far_fails(SQLITE_MISUSE)
    int sqlite3_snapshot_get(sqlite3 *db, const char *zSchema, sqlite3_snapshot **ppSnapshot);
far_op far_absent far_fails(SQLITE_MISUSE)
    int sqlite3_snapshot_open(sqlite3 *db, const char *zSchema, sqlite3_snapshot *pSnapshot);
far_op far_absent
    void sqlite3_snapshot_free(sqlite3_snapshot *pSnapshot);
far_op far_absent far_fails(0)
    int sqlite3_snapshot_cmp(sqlite3_snapshot *p1, sqlite3_snapshot *p2);
far_op far_absent far_fails(SQLITE_MISUSE)
    int sqlite3_snapshot_recover(sqlite3 *db, const char *zDb);
far_op far_absent far_fails(1)
    int sqlite3_stmt_scanstatus(sqlite3_stmt *pStmt, int idx, int iScanStatusOp, void *pOut);
far_op far_absent
    void sqlite3_stmt_scanstatus_reset(sqlite3_stmt *pStmt);
far_op far_absent far_fails(SQLITE_MISUSE)
    int sqlite3_win32_set_directory(unsigned long type, void *zValue);
far_op far_absent far_fails(SQLITE_MISUSE)
    int sqlite3_win32_set_directory8(unsigned long type, const char *zValue);
far_op far_absent far_fails(SQLITE_MISUSE)
    int sqlite3_win32_set_directory16(unsigned long type, const void *zValue);

#ifdef __cplusplus
}
#endif

#endif
