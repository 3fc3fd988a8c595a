/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Texts and blobs that a program gives to SQLite: a client's own part, linked into the import library (far implib --with).
 * The service has a copy of them in any case, so SQLite is told that they are gone after the call (SQLITE_TRANSIENT), and the
 * program's destructor runs at once, on the program's own pointer.
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

static void done_with(const void *bytes, destroy *destructor)
{
    if (bytes && destructor != SQLITE_STATIC && destructor != SQLITE_TRANSIENT)
        destructor((void *)bytes);
}

int sqlite3_bind_text64(sqlite3_stmt *statement, int parameter, const char *text, sqlite3_uint64 length,
                        destroy *destructor, unsigned char encoding)
{
    int result = service_bind_text64(statement, parameter, text, length, SQLITE_TRANSIENT, encoding);
    done_with(text, destructor);
    return result;
}

int sqlite3_bind_text(sqlite3_stmt *statement, int parameter, const char *text, int length, destroy *destructor)
{
    if (length >= 0)
        return sqlite3_bind_text64(statement, parameter, text, (sqlite3_uint64)length, destructor, SQLITE_UTF8);
    int result = service_bind_text(statement, parameter, text, length, SQLITE_TRANSIENT);
    done_with(text, destructor);
    return result;
}

int sqlite3_bind_text16(sqlite3_stmt *statement, int parameter, const void *text, int length, destroy *destructor)
{
    int result = service_bind_text16(statement, parameter, text, length, SQLITE_TRANSIENT);
    done_with(text, destructor);
    return result;
}

int sqlite3_bind_blob(sqlite3_stmt *statement, int parameter, const void *bytes, int length, destroy *destructor)
{
    int result = service_bind_blob(statement, parameter, bytes, length, SQLITE_TRANSIENT);
    done_with(bytes, destructor);
    return result;
}

int sqlite3_bind_blob64(sqlite3_stmt *statement, int parameter, const void *bytes, sqlite3_uint64 length,
                        destroy *destructor)
{
    int result = service_bind_blob64(statement, parameter, bytes, length, SQLITE_TRANSIENT);
    done_with(bytes, destructor);
    return result;
}

void sqlite3_result_text64(sqlite3_context *context, const char *text, sqlite3_uint64 length, destroy *destructor,
                           unsigned char encoding)
{
    service_result_text64(context, text, length, SQLITE_TRANSIENT, encoding);
    done_with(text, destructor);
}

void sqlite3_result_text(sqlite3_context *context, const char *text, int length, destroy *destructor)
{
    if (length >= 0) {
        sqlite3_result_text64(context, text, (sqlite3_uint64)length, destructor, SQLITE_UTF8);
        return;
    }
    service_result_text(context, text, length, SQLITE_TRANSIENT);
    done_with(text, destructor);
}

void sqlite3_result_text16(sqlite3_context *context, const void *text, int length, destroy *destructor)
{
    service_result_text16(context, text, length, SQLITE_TRANSIENT);
    done_with(text, destructor);
}

void sqlite3_result_text16le(sqlite3_context *context, const void *text, int length, destroy *destructor)
{
    service_result_text16le(context, text, length, SQLITE_TRANSIENT);
    done_with(text, destructor);
}

void sqlite3_result_text16be(sqlite3_context *context, const void *text, int length, destroy *destructor)
{
    service_result_text16be(context, text, length, SQLITE_TRANSIENT);
    done_with(text, destructor);
}

void sqlite3_result_blob(sqlite3_context *context, const void *bytes, int length, destroy *destructor)
{
    service_result_blob(context, bytes, length, SQLITE_TRANSIENT);
    done_with(bytes, destructor);
}

void sqlite3_result_blob64(sqlite3_context *context, const void *bytes, sqlite3_uint64 length, destroy *destructor)
{
    service_result_blob64(context, bytes, length, SQLITE_TRANSIENT);
    done_with(bytes, destructor);
}
