/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * A load like that of SQLite's own speed test, on a database in memory: prepared inserts with and without an index,
 * ranges, lookups by key and by text, sorting, joining, updates and deletes. `mix-N`: N is the number of thousands of rows.
 * It includes SQLite's own header; which library it is linked against is all the difference there is.
 */
#include "testsuite/bench/peers/peer.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef THROUGH_FARCALL
#define NAME "sqlite_far"
#else
#define NAME "sqlite_direct"
#endif

struct mix {
    sqlite3 *db;
    uint32_t rows;
    int64_t sum; /* of what was read: the same each time */
};

static void check(struct mix *mix, int code, int wanted, const char *what)
{
    if (code == wanted)
        return;
    if (errno == ENOTSUP)
        peer_unavailable("%s: not carried", what);
    peer_broken("%s: %d, %s", what, code, mix->db ? sqlite3_errmsg(mix->db) : strerror(errno));
}

/* A number for each row, in no order. */
static uint32_t shuffled(uint32_t i)
{
    i *= 2654435761u;
    return i ^ (i >> 15);
}

static const char *words_of(uint32_t number, char text[80])
{
    static const char *const words[] = {"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"};
    int at = 0;
    for (int i = 0; i < 6; i++, number /= 10)
        at += snprintf(text + at, 80 - (size_t)at, "%s ", words[number % 10]);
    return text;
}

static void execute(struct mix *mix, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    errno = 0;
    check(mix, sqlite3_prepare_v2(mix->db, sql, -1, &statement, NULL), SQLITE_OK, sql);
    int code;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW)
        mix->sum += sqlite3_column_int64(statement, 0);
    check(mix, code, SQLITE_DONE, sql);
    check(mix, sqlite3_finalize(statement), SQLITE_OK, sql);
}

/* Each of `times` values bound to the parameters of one statement, and its rows read. */
static void execute_each(struct mix *mix, const char *sql, uint32_t times)
{
    sqlite3_stmt *statement = NULL;
    errno = 0;
    check(mix, sqlite3_prepare_v2(mix->db, sql, -1, &statement, NULL), SQLITE_OK, sql);
    int parameters = sqlite3_bind_parameter_count(statement), code;
    for (uint32_t i = 0; i < times; i++) {
        char text[80];
        check(mix, sqlite3_bind_int64(statement, 1, shuffled(i) % (mix->rows * 8)), SQLITE_OK, "sqlite3_bind_int64");
        if (parameters > 1)
            check(mix, sqlite3_bind_int64(statement, 2, i), SQLITE_OK, "sqlite3_bind_int64");
        if (parameters > 2)
            check(mix, sqlite3_bind_text(statement, 3, words_of(shuffled(i), text), -1, SQLITE_TRANSIENT), SQLITE_OK,
                  "sqlite3_bind_text");
        while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
            const unsigned char *found = sqlite3_column_text(statement, 1);
            mix->sum += sqlite3_column_int64(statement, 0) + (found ? found[0] : 0);
        }
        check(mix, code, SQLITE_DONE, sql);
        check(mix, sqlite3_reset(statement), SQLITE_OK, "sqlite3_reset");
    }
    check(mix, sqlite3_finalize(statement), SQLITE_OK, sql);
}

static void run_mix(struct mix *mix)
{
    uint32_t rows = mix->rows;
    execute(mix, "begin");
    execute(mix, "create table plain(a integer, b integer, c text)");
    execute_each(mix, "insert into plain values (?1, ?2, ?3)", rows);
    execute(mix, "commit");
    execute(mix, "begin");
    execute(mix, "create table keyed(b integer primary key, a integer, c text)");
    execute(mix, "create index keyed_c on keyed(c)");
    execute_each(mix, "insert into keyed(a, b, c) values (?1, ?2, ?3)", rows);
    execute(mix, "commit");
    execute_each(mix, "select count(*), max(c) from plain where a between ?1 and ?1 + 1000", rows / 500);
    execute_each(mix, "select count(*), max(a) from plain where c like '%' || ?1 % 10 || '%'", rows / 1000 + 1);
    execute(mix, "create index plain_a on plain(a)");
    execute_each(mix, "select a, c from plain where a between ?1 and ?1 + 20", rows);
    execute_each(mix, "select a, c from keyed where b = ?2 + 0 * ?1", rows);
    execute_each(mix, "select count(*), min(b) from keyed where c >= ?3 || ?1 * 0 and ?2 > 0 and c < ?3 || '~'",
                 rows / 4);
    execute(mix, "select a, c from plain order by c, a limit 1000");
    execute(mix, "select sum(plain.a + keyed.a) from plain join keyed on plain.b = keyed.b");
    execute_each(mix, "update keyed set a = a + ?1 where b = ?2", rows);
    execute(mix, "update plain set b = b + 1");
    execute_each(mix, "delete from keyed where b = ?2 and ?1 >= 0", rows / 2);
    execute(mix, "delete from plain where a % 3 = 0");
    execute(mix, "select count(*) from plain, (select count(*) from keyed)");
    execute(mix, "drop table plain");
    execute(mix, "drop table keyed");
}

static void call(void *connection, const struct peer_run *run, uint32_t count)
{
    static int64_t sum;
    (void)connection;
    for (uint32_t i = 0; i < count; i++) {
        struct mix mix = {NULL, run->amount * 1000, 0};
        errno = 0;
        check(&mix, sqlite3_open(":memory:", &mix.db), SQLITE_OK, "sqlite3_open");
        run_mix(&mix);
        check(&mix, sqlite3_close(mix.db), SQLITE_OK, "sqlite3_close");
        if (sum && sum != mix.sum)
            peer_broken("read %lld, and %lld the time before", (long long)mix.sum, (long long)sum);
        sum = mix.sum;
    }
}

int main(int argc, char **argv)
{
    const struct peer peer = {NAME, "mix", NULL, NULL, call, 1};
    return peer_main(argc, argv, &peer);
}
