/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The tables, and how a database of an earlier version becomes one of this.
 *
 *     ranges         every range ever taken; whose it was
 *     services       what is registered now. The first executable's build id; major: of its interface, which names it
 *     executables    further machines' executables of a service
 *     rules          who is granted what (far register --trust, --read)
 *     shippings      what --function and --data changed
 *     settings       what else was said at registration: limits and sandbox of its host, by name
 *     pending        names, with majors, that somebody was bound to before they were registered; pending_ops: slots
 *     capabilities   passwords for services: their SHA-256, never they themselves
 *     hosts          which process runs a service, so that a fard that is started anew finds it again
 *     domains        which process has which domain segment, and lets whom reach it: likewise
 *
 * Of a cluster's (docs/cluster.md):
 *
 *     chunks         addresses leased to this node: ranges come from there
 *     away           services of other nodes that somebody here was bound to; away_segments: their files
 *     published      the revision of each service's entry with whoever keeps the names
 *     withdrawn      services that were unregistered here, which whoever keeps the names has not been told yet
 *     leases, names  what this node keeps for the others, if it is the one that does
 *
 * Of queued calls (docs/queue.md):
 *
 *     queued         calls that wait for their service, and what became of those that were made
 */
#include "runtime/fard/store_internal.h"

#define RANGES                                                                                                        \
    "CREATE TABLE ranges (id INTEGER PRIMARY KEY AUTOINCREMENT, base INTEGER NOT NULL UNIQUE, size INTEGER NOT NULL," \
    " name TEXT NOT NULL);"

/* -1: of a service from before majors were kept; fard fills it in when it has read the segment. */
#define SERVICES                                                                                                   \
    "CREATE TABLE services (id INTEGER PRIMARY KEY REFERENCES ranges, name TEXT NOT NULL, major INTEGER NOT NULL," \
    " build_id BLOB NOT NULL, host_uid INTEGER NOT NULL, UNIQUE (name, major));"

/* subject: what `whose`, a number, cannot say (an executable's path); else empty. */
#define RULES                                                                                                   \
    "CREATE TABLE rules (service INTEGER NOT NULL REFERENCES services ON DELETE CASCADE, who INTEGER NOT NULL," \
    " whose INTEGER NOT NULL, level INTEGER NOT NULL, subject TEXT NOT NULL DEFAULT '');"

#define SHIPPINGS                                                                                               \
    "CREATE TABLE shippings (service INTEGER NOT NULL REFERENCES services ON DELETE CASCADE, op TEXT NOT NULL," \
    " data_shipped INTEGER NOT NULL);"

#define EXECUTABLES                                                                                                \
    "CREATE TABLE executables (service INTEGER NOT NULL REFERENCES services ON DELETE CASCADE, build_id BLOB NOT " \
    "NULL);"

#define PENDING_NAMES                                                                                             \
    "CREATE TABLE pending (id INTEGER PRIMARY KEY REFERENCES ranges, name TEXT NOT NULL, major INTEGER NOT NULL," \
    " uid INTEGER NOT NULL, UNIQUE (name, major));"

#define PENDING                                                                                                       \
    PENDING_NAMES                                                                                                     \
    "CREATE TABLE pending_ops (pending INTEGER NOT NULL REFERENCES pending ON DELETE CASCADE, slot INTEGER NOT NULL," \
    " op TEXT NOT NULL, uid INTEGER NOT NULL, PRIMARY KEY (pending, slot), UNIQUE (pending, op));"

#define SETTINGS                                                                                                 \
    "CREATE TABLE settings (service INTEGER NOT NULL REFERENCES services ON DELETE CASCADE, name TEXT NOT NULL," \
    " value TEXT NOT NULL, PRIMARY KEY (service, name));"

/* Whom a capability ever gave the service's memory: whose processes revoking it may end. */
#define HOLDERS                                                                                                     \
    "CREATE TABLE IF NOT EXISTS capability_holders (capability INTEGER NOT NULL REFERENCES capabilities ON DELETE " \
    "CASCADE, uid INTEGER NOT NULL, PRIMARY KEY (capability, uid));"

/* Removing one looks for what was narrowed from it. */
#define CHILDREN "CREATE INDEX IF NOT EXISTS capability_children ON capabilities (parent);"

/* parent: what it was narrowed from; it goes with it. ops: names, each ended by a newline; empty: all. expires: seconds
 * since 1970, 0 for never. */
#define CAPABILITIES                                                                                              \
    "CREATE TABLE capabilities (id INTEGER PRIMARY KEY AUTOINCREMENT, digest BLOB NOT NULL UNIQUE,"               \
    " parent INTEGER REFERENCES capabilities ON DELETE CASCADE,"                                                  \
    " service INTEGER NOT NULL REFERENCES services ON DELETE CASCADE, level INTEGER NOT NULL, ops TEXT NOT NULL," \
    " uid INTEGER NOT NULL, expires INTEGER NOT NULL, note TEXT NOT NULL);" HOLDERS CHILDREN

/* started: the process's start time as /proc/PID/stat has it, since numbers come again. memory: which memfd its data is. */
#define HOSTS                                                                                                      \
    "CREATE TABLE hosts (service INTEGER PRIMARY KEY REFERENCES services ON DELETE CASCADE, pid INTEGER NOT NULL," \
    " started INTEGER NOT NULL, uid INTEGER NOT NULL, generation INTEGER NOT NULL, device INTEGER NOT NULL,"       \
    " inode INTEGER NOT NULL, initialised INTEGER NOT NULL);"

/* started, device, inode: as in hosts. connection: the number by which hosts know whose it is. trusts: names of services, each
 * ended by a newline; after a '-': of one that is to let go, and has not yet. */
#define DOMAINS                                                                                                  \
    "CREATE TABLE domains (id INTEGER PRIMARY KEY, pid INTEGER NOT NULL, started INTEGER NOT NULL, uid INTEGER " \
    "NOT NULL, base INTEGER NOT NULL, size INTEGER NOT NULL, device INTEGER NOT NULL, inode INTEGER NOT NULL,"   \
    " connection INTEGER NOT NULL, trusts TEXT NOT NULL);"

/* entry: struct link_service. shippings: as service_ship() takes them. revisions: only its sequence is of use. */
#define CLUSTER                                                                                                        \
    "CREATE TABLE chunks (base INTEGER PRIMARY KEY, size INTEGER NOT NULL);"                                           \
    "CREATE TABLE away (id INTEGER PRIMARY KEY REFERENCES ranges, entry BLOB NOT NULL, shippings BLOB NOT NULL);"      \
    "CREATE TABLE away_segments (away INTEGER NOT NULL REFERENCES away ON DELETE CASCADE, build_id BLOB NOT NULL);"    \
    "CREATE TABLE published (service INTEGER PRIMARY KEY REFERENCES services ON DELETE CASCADE, revision INTEGER NOT " \
    "NULL);"                                                                                                           \
    "CREATE TABLE withdrawn (name TEXT NOT NULL, major INTEGER NOT NULL, entry BLOB NOT NULL, PRIMARY KEY (name, "     \
    "major));"                                                                                                         \
    "CREATE TABLE leases (base INTEGER PRIMARY KEY, size INTEGER NOT NULL, node TEXT NOT NULL);"                       \
    "CREATE TABLE names (name TEXT NOT NULL, major INTEGER NOT NULL, node TEXT NOT NULL, base INTEGER NOT NULL "       \
    "UNIQUE, size INTEGER NOT NULL, revision INTEGER NOT NULL, entry BLOB NOT NULL, PRIMARY KEY (name, major));"       \
    "CREATE TABLE revisions (id INTEGER PRIMARY KEY AUTOINCREMENT);"

/* Tickets are never given again. memory: the parameters, as QUEUE_PUT brings them; empty once it has ended. state: enum
 * far_ticket_state; begun: how often. fingerprint, result: 64 bits, whatever sign SQLite shows. */
#define QUEUED                                                                                                        \
    "CREATE TABLE queued (ticket INTEGER PRIMARY KEY AUTOINCREMENT, uid INTEGER NOT NULL, service TEXT NOT NULL,"     \
    " major INTEGER NOT NULL, minor INTEGER NOT NULL, operation TEXT NOT NULL, fingerprint INTEGER NOT NULL,"         \
    " mark BLOB NOT NULL, flags INTEGER NOT NULL, params INTEGER NOT NULL, memory BLOB NOT NULL, bytes INTEGER NOT "  \
    "NULL, queued_at INTEGER NOT NULL, state INTEGER NOT NULL, begun INTEGER NOT NULL DEFAULT 0, result INTEGER NOT " \
    "NULL DEFAULT 0, width INTEGER NOT NULL DEFAULT 0, error INTEGER NOT NULL DEFAULT 0, reason TEXT NOT NULL "       \
    "DEFAULT '', UNIQUE (uid, mark));"                                                                                \
    "CREATE INDEX queued_users ON queued (uid, bytes);"                                                               \
    "CREATE INDEX queued_lines ON queued (state, uid, service, major, ticket);"

static const char schema[] = "BEGIN IMMEDIATE;" RANGES SERVICES RULES SHIPPINGS EXECUTABLES PENDING SETTINGS
    CAPABILITIES HOSTS DOMAINS CLUSTER QUEUED "PRAGMA application_id = 0x46415231; PRAGMA user_version = 6; COMMIT;";

static const char from_5_to_6[] = "BEGIN IMMEDIATE;" QUEUED "PRAGMA user_version = 6; COMMIT;";

static const char from_4_to_5[] = "BEGIN IMMEDIATE;" CLUSTER "PRAGMA user_version = 5; COMMIT;";

/* The first two came when schema 3 was there already. */
static const char from_3_to_4[] = "BEGIN IMMEDIATE;" HOLDERS CHILDREN DOMAINS "PRAGMA user_version = 4; COMMIT;";

/* A table cannot be changed in place where a constraint goes: it is made anew, and what refers to it stays. */
static const char from_2_to_3[] =
    "PRAGMA foreign_keys = OFF; BEGIN IMMEDIATE;"
    "ALTER TABLE services RENAME TO services_2;"
    "ALTER TABLE rules ADD COLUMN subject TEXT NOT NULL DEFAULT '';" SERVICES
    "INSERT INTO services (id, name, major, build_id, host_uid) SELECT id, name, -1, build_id, host_uid FROM "
    "services_2;"
    "DROP TABLE services_2;"
    "ALTER TABLE pending RENAME TO pending_2;" PENDING_NAMES
    "INSERT INTO pending (id, name, major, uid) SELECT id, name, -1, uid FROM pending_2;"
    "DROP TABLE pending_2;" SETTINGS CAPABILITIES HOSTS "PRAGMA user_version = 3; COMMIT; PRAGMA foreign_keys = ON;";

int store_create_schema(struct store *store, struct far_error *error)
{
    int result = store_run(store, schema, "creating the store", error);
    if (result)
        store_roll_back(store);
    return result;
}

/* Otherwise the references of other tables would follow the old one's new name. */
static int upgrade_from_2(struct store *store, struct far_error *error)
{
    int result = store_run(store, "PRAGMA legacy_alter_table = ON", "upgrading the store", error);
    result = result ? result : store_run(store, from_2_to_3, "upgrading the store", error);
    return result;
}

/* Each step is a transaction: killed between two, the next fard goes on. */
int store_upgrade_schema(struct store *store, int64_t version, struct far_error *error)
{
    int result = version < 3 ? upgrade_from_2(store, error) : 0;
    if (!result && version < 4)
        result = store_run(store, from_3_to_4, "upgrading the store", error);
    if (!result && version < 5)
        result = store_run(store, from_4_to_5, "upgrading the store", error);
    if (!result && version < 6)
        result = store_run(store, from_5_to_6, "upgrading the store", error);
    if (result)
        store_roll_back(store);
    return result;
}
