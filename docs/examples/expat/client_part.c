/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * What of expat a client does itself, linked into the import library (far implib --with): a function here stands in the place
 * of the operation of that name, which it calls as far_operation_NAME.
 *
 * XML_GetBuffer() gives room in the parser's memory, where a client that is not trusted cannot write. It gets memory of its own
 * instead, and XML_ParseBuffer() passes that to XML_Parse(), as every other buffer.
 */
#include <expat.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define OPERATION(name) __asm__("far_operation_" #name) __attribute__((visibility("hidden")))

void service_free(XML_Parser parser) OPERATION(XML_ParserFree);

struct buffer {
    struct buffer *next;
    XML_Parser parser;
    void *bytes;
    int room;
};

static struct buffer *buffers;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* Where the parser's buffer hangs in the list, or would. Under the lock. */
static struct buffer **find(XML_Parser parser)
{
    struct buffer **at = &buffers;
    while (*at && (*at)->parser != parser)
        at = &(*at)->next;
    return at;
}

/* Not in the list while it is looked at: a parser is used by one thread at a time. */
static struct buffer *take(XML_Parser parser)
{
    pthread_mutex_lock(&lock);
    struct buffer **at = find(parser), *buffer = *at;
    if (buffer)
        *at = buffer->next;
    pthread_mutex_unlock(&lock);
    return buffer;
}

static void keep(struct buffer *buffer)
{
    pthread_mutex_lock(&lock);
    buffer->next = buffers;
    buffers = buffer;
    pthread_mutex_unlock(&lock);
}

static void drop(struct buffer *buffer)
{
    if (buffer)
        free(buffer->bytes);
    free(buffer);
}

static struct buffer *make(XML_Parser parser)
{
    struct buffer *buffer = calloc(1, sizeof *buffer);
    if (buffer)
        buffer->parser = parser;
    return buffer;
}

void *XML_GetBuffer(XML_Parser parser, int length)
{
    struct buffer *buffer = parser && length >= 0 ? take(parser) : NULL;
    if (!buffer && parser && length >= 0)
        buffer = make(parser);
    if (!buffer)
        return NULL;
    if (!buffer->bytes || buffer->room < length) {
        free(buffer->bytes);
        buffer->room = length;
        buffer->bytes = malloc((size_t)length + 1);
    }
    void *bytes = buffer->bytes;
    if (bytes)
        keep(buffer);
    else
        drop(buffer);
    return bytes;
}

enum XML_Status XML_ParseBuffer(XML_Parser parser, int length, int last)
{
    pthread_mutex_lock(&lock);
    struct buffer *buffer = parser ? *find(parser) : NULL;
    pthread_mutex_unlock(&lock);
    if (length < 0 || (buffer && length > buffer->room))
        return XML_STATUS_ERROR;
    return XML_Parse(parser, buffer ? buffer->bytes : "", buffer ? length : 0, last);
}

void XML_ParserFree(XML_Parser parser)
{
    drop(parser ? take(parser) : NULL);
    service_free(parser);
}

/* Of a structure by value a gate may carry none. The same numbers are in a text: "expat_2.5.0". */
XML_Expat_Version XML_ExpatVersionInfo(void)
{
    XML_Expat_Version version = {0, 0, 0};
    const char *text = XML_ExpatVersion();
    if (text)
        sscanf(text, "expat_%d.%d.%d", &version.major, &version.minor, &version.micro);
    return version;
}
