/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Part of sqlite3_far.h: sessions, which record changes, and what can be done with what they recorded. */
#ifndef SQLITE3_FAR_SESSION_H
#define SQLITE3_FAR_SESSION_H

#include <farcall/annotate.h>
#include <sqlite3.h>

#include "sqlite3_far_types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* clang-format off */

/* --- Sessions: recording changes --- */

far_op far_fails(SQLITE_IOERR)
    int sqlite3session_create(sqlite3 *far_handle db, const char *__null_terminated zDb,
                              sqlite3_session *far_handle far_nullable far_lifetime(db) *far_out ppSession);
far_op
    void sqlite3session_delete(sqlite3_session *far_handle far_release session);

/* All the options there are take an int. */
far_op far_fails(SQLITE_IOERR)
    int sqlite3session_config(int op, void *far_inout __sized_by(sizeof(int)) arg);
far_op far_fails(SQLITE_IOERR)
    int sqlite3session_object_config(sqlite3_session *far_handle session, int op,
                                     void *far_inout __sized_by(sizeof(int)) arg);
far_op far_fails(0)
    int sqlite3session_enable(sqlite3_session *far_handle session, int bEnable);
far_op far_fails(0)
    int sqlite3session_indirect(sqlite3_session *far_handle session, int bIndirect);
far_op far_fails(SQLITE_IOERR)
    int sqlite3session_attach(sqlite3_session *far_handle session, const char *__null_terminated far_nullable zTab);
far_op
    void sqlite3session_table_filter(sqlite3_session *far_handle session, sqlite3_far_table_filter xFilter,
                                     void *far_opaque ctx);
far_op far_fails(SQLITE_IOERR)
    int sqlite3session_changeset(sqlite3_session *far_handle session, int *far_out pnChangeset,
                                 void *__sized_by_or_null(*pnChangeset) far_lifetime(released) *far_out ppChangeset);
far_op far_fails(0)
    sqlite3_int64 sqlite3session_changeset_size(sqlite3_session *far_handle session);
far_op far_fails(SQLITE_IOERR)
    int sqlite3session_diff(sqlite3_session *far_handle session, const char *__null_terminated zFromDb,
                            const char *__null_terminated zTbl,
                            char *__null_terminated far_nullable far_lifetime(released) *far_out far_nullable pzErrMsg);
far_op far_fails(SQLITE_IOERR)
    int sqlite3session_patchset(sqlite3_session *far_handle session, int *far_out pnPatchset,
                                void *__sized_by_or_null(*pnPatchset) far_lifetime(released) *far_out ppPatchset);
far_op far_fails(1)
    int sqlite3session_isempty(sqlite3_session *far_handle session);
far_op far_fails(0)
    sqlite3_int64 sqlite3session_memory_used(sqlite3_session *far_handle session);
far_op far_fails(SQLITE_IOERR)
    int sqlite3session_changeset_strm(sqlite3_session *far_handle session, sqlite3_far_output xOutput,
                                      void *far_opaque out);
far_op far_fails(SQLITE_IOERR)
    int sqlite3session_patchset_strm(sqlite3_session *far_handle session, sqlite3_far_output xOutput,
                                     void *far_opaque out);

/* --- Changesets --- */

/* The iterator reads the changeset as long as it lives: memory that both sides reach. */
far_op far_fails(SQLITE_IOERR)
    int sqlite3changeset_start(sqlite3_changeset_iter *far_handle far_nullable *far_out pp, int nChangeset,
                               void *far_global pChangeset);
far_op far_fails(SQLITE_IOERR)
    int sqlite3changeset_start_v2(sqlite3_changeset_iter *far_handle far_nullable *far_out pp, int nChangeset,
                                  void *far_global pChangeset, int flags);
far_op far_fails(SQLITE_IOERR)
    int sqlite3changeset_start_strm(sqlite3_changeset_iter *far_handle far_nullable *far_out pp,
                                    sqlite3_far_input xInput, void *far_opaque in);
far_op far_fails(SQLITE_IOERR)
    int sqlite3changeset_start_v2_strm(sqlite3_changeset_iter *far_handle far_nullable *far_out pp,
                                       sqlite3_far_input xInput, void *far_opaque in, int flags);
far_op far_fails(SQLITE_IOERR)
    int sqlite3changeset_next(sqlite3_changeset_iter *far_handle iter);
far_op far_fails(SQLITE_IOERR)
    int sqlite3changeset_op(sqlite3_changeset_iter *far_handle iter,
                            const char *__null_terminated far_nullable far_lifetime(iter) *far_out pzTab,
                            int *far_out pnCol, int *far_out pOp, int *far_out far_nullable pbIndirect);
far_op far_fails(SQLITE_IOERR)
    int sqlite3changeset_pk(sqlite3_changeset_iter *far_handle iter,
                            unsigned char *__sized_by_or_null(*pnCol) far_lifetime(iter) *far_out pabPK,
                            int *far_out pnCol);
far_op far_fails(SQLITE_IOERR)
    int sqlite3changeset_old(sqlite3_changeset_iter *far_handle iter, int iVal,
                             sqlite3_value *far_handle far_nullable far_lifetime(iter) *far_out ppValue);
far_op far_fails(SQLITE_IOERR)
    int sqlite3changeset_new(sqlite3_changeset_iter *far_handle iter, int iVal,
                             sqlite3_value *far_handle far_nullable far_lifetime(iter) *far_out ppValue);
far_op far_fails(SQLITE_IOERR)
    int sqlite3changeset_conflict(sqlite3_changeset_iter *far_handle iter, int iVal,
                                  sqlite3_value *far_handle far_nullable far_lifetime(iter) *far_out ppValue);
far_op far_fails(SQLITE_IOERR)
    int sqlite3changeset_fk_conflicts(sqlite3_changeset_iter *far_handle iter, int *far_out pnOut);
far_op far_fails(SQLITE_IOERR)
    int sqlite3changeset_finalize(sqlite3_changeset_iter *far_handle far_release iter);
far_op far_fails(SQLITE_IOERR)
    int sqlite3changeset_invert(int nIn, const void *far_in __sized_by(nIn) in, int *far_out pnOut,
                                void *__sized_by_or_null(*pnOut) far_lifetime(released) *far_out ppOut);
far_op far_fails(SQLITE_IOERR)
    int sqlite3changeset_invert_strm(sqlite3_far_input xInput, void *far_opaque in, sqlite3_far_output xOutput,
                                     void *far_opaque out);
far_op far_fails(SQLITE_IOERR)
    int sqlite3changeset_concat(int nA, void *far_in __sized_by(nA) a, int nB, void *far_in __sized_by(nB) b,
                                int *far_out pnOut,
                                void *__sized_by_or_null(*pnOut) far_lifetime(released) *far_out ppOut);
far_op far_fails(SQLITE_IOERR)
    int sqlite3changeset_concat_strm(sqlite3_far_input xInputA, void *far_opaque inA, sqlite3_far_input xInputB,
                                     void *far_opaque inB, sqlite3_far_output xOutput, void *far_opaque out);
far_op far_fails(SQLITE_IOERR)
    int sqlite3changeset_apply(sqlite3 *far_handle db, int nChangeset, void *far_in __sized_by(nChangeset) pChangeset,
                               sqlite3_far_table_filter xFilter, sqlite3_far_conflict xConflict, void *far_opaque ctx);
far_op far_fails(SQLITE_IOERR)
    int sqlite3changeset_apply_v2(sqlite3 *far_handle db, int nChangeset,
                                  void *far_in __sized_by(nChangeset) pChangeset, sqlite3_far_table_filter xFilter,
                                  sqlite3_far_conflict xConflict, void *far_opaque ctx,
                                  void *__sized_by_or_null(*pnRebase) far_lifetime(released)
                                      *far_out far_nullable ppRebase, int *far_out far_nullable pnRebase, int flags);
far_op far_fails(SQLITE_IOERR)
    int sqlite3changeset_apply_strm(sqlite3 *far_handle db, sqlite3_far_input xInput, void *far_opaque in,
                                    sqlite3_far_table_filter xFilter, sqlite3_far_conflict xConflict,
                                    void *far_opaque ctx);
far_op far_fails(SQLITE_IOERR)
    int sqlite3changeset_apply_v2_strm(sqlite3 *far_handle db, sqlite3_far_input xInput, void *far_opaque in,
                                       sqlite3_far_table_filter xFilter, sqlite3_far_conflict xConflict,
                                       void *far_opaque ctx,
                                       void *__sized_by_or_null(*pnRebase) far_lifetime(released)
                                           *far_out far_nullable ppRebase,
                                       int *far_out far_nullable pnRebase, int flags);

/* --- Changegroups and rebasing --- */

far_op far_fails(SQLITE_IOERR)
    int sqlite3changegroup_new(sqlite3_changegroup *far_handle far_nullable *far_out pp);
far_op far_fails(SQLITE_IOERR)
    int sqlite3changegroup_add(sqlite3_changegroup *far_handle group, int nData, void *far_in __sized_by(nData) pData);
far_op far_fails(SQLITE_IOERR)
    int sqlite3changegroup_add_strm(sqlite3_changegroup *far_handle group, sqlite3_far_input xInput,
                                    void *far_opaque in);
far_op far_fails(SQLITE_IOERR)
    int sqlite3changegroup_output(sqlite3_changegroup *far_handle group, int *far_out pnData,
                                  void *__sized_by_or_null(*pnData) far_lifetime(released) *far_out ppData);
far_op far_fails(SQLITE_IOERR)
    int sqlite3changegroup_output_strm(sqlite3_changegroup *far_handle group, sqlite3_far_output xOutput,
                                       void *far_opaque out);
far_op
    void sqlite3changegroup_delete(sqlite3_changegroup *far_handle far_release far_nullable group);
far_op far_fails(SQLITE_IOERR)
    int sqlite3rebaser_create(sqlite3_rebaser *far_handle far_nullable *far_out ppNew);
far_op far_fails(SQLITE_IOERR)
    int sqlite3rebaser_configure(sqlite3_rebaser *far_handle rebaser, int nRebase,
                                 const void *far_in __sized_by(nRebase) pRebase);
far_op far_fails(SQLITE_IOERR)
    int sqlite3rebaser_rebase(sqlite3_rebaser *far_handle rebaser, int nIn, const void *far_in __sized_by(nIn) in,
                              int *far_out pnOut,
                              void *__sized_by_or_null(*pnOut) far_lifetime(released) *far_out ppOut);
far_op far_fails(SQLITE_IOERR)
    int sqlite3rebaser_rebase_strm(sqlite3_rebaser *far_handle rebaser, sqlite3_far_input xInput, void *far_opaque in,
                                   sqlite3_far_output xOutput, void *far_opaque out);
far_op
    void sqlite3rebaser_delete(sqlite3_rebaser *far_handle far_release far_nullable rebaser);

#ifdef __cplusplus
}
#endif

#endif
