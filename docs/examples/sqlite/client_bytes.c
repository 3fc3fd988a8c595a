/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Texts and blobs that a program gives to SQLite: a client's own part, linked into the import library (far implib --with).
 * What has no destructor (SQLITE_STATIC) would be kept by the service for as long as the program runs, since nobody says when
 * SQLite is done with it; the service has a copy in any case, so SQLite is told that it is gone after the call
 * (SQLITE_TRANSIENT). A destructor runs when SQLite calls it.
 *
 * Text goes in up to its zero where its length may be negative, so texts with a length go where it may not.
 */
#include <sqlite3.h>

#define OPERATION(name) __asm__("far_operation_" #name) __attribute__((visibility("hidden")))

typedef void destroy(void *bytes);

int service_bind_text(sqlite3_stmt *statement, int parameter, const char *text, int length, destroy *destructor)
    OPERATION(sqlite3_bind_text);
int service_bind_text16(sqlite3_stmt *statement, int parameter, const void *text, int length, destroy *destructor)
    OPERATION(sqlite3_bind_text16);
int service_bind_text64(sqlite3_stmt *statement, int parameter, const char *text, sqlite3_uint64 length,
                        destroy *destructor, unsigned char encoding) OPERATION(sqlite3_bind_text64);
int service_bind_blob(sqlite3_stmt *statement, int parameter, const void *bytes, int length, destroy *destructor)
    OPERATION(sqlite3_bind_blob);
int service_bind_blob64(sqlite3_stmt *statement, int parameter, const void *bytes, sqlite3_uint64 length,
                        destroy *destructor) OPERATION(sqlite3_bind_blob64);
void service_result_text(sqlite3_context *context, const char *text, int length, destroy *destructor)
    OPERATION(sqlite3_result_text);
void service_result_text16(sqlite3_context *context, const void *text, int length, destroy *destructor)
    OPERATION(sqlite3_result_text16);
void service_result_text16le(sqlite3_context *context, const void *text, int length, destroy *destructor)
    OPERATION(sqlite3_result_text16le);
void service_result_text16be(sqlite3_context *context, const void *text, int length, destroy *destructor)
    OPERATION(sqlite3_result_text16be);
void service_result_text64(sqlite3_context *context, const char *text, sqlite3_uint64 length, destroy *destructor,
                           unsigned char encoding) OPERATION(sqlite3_result_text64);
void service_result_blob(sqlite3_context *context, const void *bytes, int length, destroy *destructor)
    OPERATION(sqlite3_result_blob);
void service_result_blob64(sqlite3_context *context, const void *bytes, sqlite3_uint64 length, destroy *destructor)
    OPERATION(sqlite3_result_blob64);

static destroy *carried(destroy *destructor)
{
    return destructor == SQLITE_STATIC ? SQLITE_TRANSIENT : destructor;
}

int sqlite3_bind_text64(sqlite3_stmt *statement, int parameter, const char *text, sqlite3_uint64 length,
                        destroy *destructor, unsigned char encoding)
{
    return service_bind_text64(statement, parameter, text, length, carried(destructor), encoding);
}

int sqlite3_bind_text(sqlite3_stmt *statement, int parameter, const char *text, int length, destroy *destructor)
{
    if (length >= 0)
        return sqlite3_bind_text64(statement, parameter, text, (sqlite3_uint64)length, destructor, SQLITE_UTF8);
    return service_bind_text(statement, parameter, text, length, carried(destructor));
}

int sqlite3_bind_text16(sqlite3_stmt *statement, int parameter, const void *text, int length, destroy *destructor)
{
    return service_bind_text16(statement, parameter, text, length, carried(destructor));
}

int sqlite3_bind_blob(sqlite3_stmt *statement, int parameter, const void *bytes, int length, destroy *destructor)
{
    return service_bind_blob(statement, parameter, bytes, length, carried(destructor));
}

int sqlite3_bind_blob64(sqlite3_stmt *statement, int parameter, const void *bytes, sqlite3_uint64 length,
                        destroy *destructor)
{
    return service_bind_blob64(statement, parameter, bytes, length, carried(destructor));
}

void sqlite3_result_text64(sqlite3_context *context, const char *text, sqlite3_uint64 length, destroy *destructor,
                           unsigned char encoding)
{
    service_result_text64(context, text, length, carried(destructor), encoding);
}

void sqlite3_result_text(sqlite3_context *context, const char *text, int length, destroy *destructor)
{
    if (length >= 0) {
        sqlite3_result_text64(context, text, (sqlite3_uint64)length, destructor, SQLITE_UTF8);
        return;
    }
    service_result_text(context, text, length, carried(destructor));
}

void sqlite3_result_text16(sqlite3_context *context, const void *text, int length, destroy *destructor)
{
    service_result_text16(context, text, length, carried(destructor));
}

void sqlite3_result_text16le(sqlite3_context *context, const void *text, int length, destroy *destructor)
{
    service_result_text16le(context, text, length, carried(destructor));
}

void sqlite3_result_text16be(sqlite3_context *context, const void *text, int length, destroy *destructor)
{
    service_result_text16be(context, text, length, carried(destructor));
}

void sqlite3_result_blob(sqlite3_context *context, const void *bytes, int length, destroy *destructor)
{
    service_result_blob(context, bytes, length, carried(destructor));
}

void sqlite3_result_blob64(sqlite3_context *context, const void *bytes, sqlite3_uint64 length, destroy *destructor)
{
    service_result_blob64(context, bytes, length, carried(destructor));
}
