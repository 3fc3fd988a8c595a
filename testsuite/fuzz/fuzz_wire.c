/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * What comes over the network before anybody is trusted, and from a client or a host that lies: prefaces, answers, then frames as both
 * sides take them off a connection, and packets of another fard. Whatever passes the checks lies inside the A-stack's area, and nothing else is written.
 * The first byte says what the others are.
 */
#include "runtime/lib/away_stream.h"
#include "runtime/net/wire_check.h"
#include "testsuite/fuzz/fuzz_link.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ASTACK_BYTES ((size_t)64 << 10)
#define INPUT_MAX    ((size_t)60000) /* what a socket keeps */

static char why[100];

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void try_preface(const uint8_t *data, size_t size)
{
    struct wire_preface preface = {0};
    memcpy(&preface, data, size < sizeof preface ? size : sizeof preface);
    const int refused = wire_check_preface(&preface, why, sizeof why);
    must(refused >= 0 && refused < WIRE_REFUSAL_COUNT);
    if (refused) {
        struct wire_answer answer;
        wire_make_answer(&answer, (enum wire_refusal)refused, why);
        must(wire_check_answer(&answer, NULL) < 0);
        return;
    }
    struct wire_preface again; /* there is one way to say it */
    wire_make_preface(&again, (enum wire_purpose)preface.purpose, (enum wire_transport)preface.transport,
                      preface.ticket);
    must(memcmp(&again, &preface, sizeof again) == 0);
}

static void try_answer(const uint8_t *data, size_t size)
{
    struct wire_answer answer = {0};
    struct far_error error;
    memcpy(&answer, data, size < sizeof answer ? size : sizeof answer);
    if (wire_check_answer(&answer, &error) == 0)
        return;
    must(error.code > 0 && error.text[0]);
    for (const char *at = error.text; *at; at++)
        must((unsigned char)*at >= ' ' && *at != 0x7f);
}

/* Ascending and inside, by another way of counting. */
static void check_extents(const struct wire_extent *extent, uint32_t count, uint64_t bytes, uint64_t area)
{
    unsigned __int128 end = 0, all = 0;
    for (uint32_t i = 0; i < count; i++) {
        must(extent[i].offset >= end && extent[i].bytes);
        end = (unsigned __int128)extent[i].offset + extent[i].bytes;
        all += extent[i].bytes;
    }
    must(end <= area && all == bytes);
}

static void try_extents(const uint8_t *data, size_t size)
{
    struct wire_extent extent[64];
    uint64_t number[2];
    if (size < sizeof number)
        return;
    memcpy(number, data, sizeof number);
    const uint32_t count = (uint32_t)((size - sizeof number) / sizeof *extent) % 65;
    memcpy(extent, data + sizeof number, count * sizeof *extent);
    if (wire_check_extents(extent, count, number[0], number[1], why, sizeof why) == 0)
        check_extents(extent, count, number[0], number[1]);
}

/* A length that is right costs the fuzzer too much to find: where there are as many bytes, what follows fills the frame. */
static void mend_sizes(uint8_t *bytes, size_t size)
{
    for (size_t at = 0; at + sizeof(struct wire_frame) <= size;) {
        struct wire_frame frame;
        memcpy(&frame, bytes + at, sizeof frame);
        frame.size %= 4096;
        if (frame.size > size - at - sizeof frame)
            frame.size = (uint32_t)(size - at - sizeof frame);
        frame.type %= WIRE_TYPE_COUNT + 1;
        memcpy(bytes + at, &frame, sizeof frame);
        at += sizeof frame + frame.size;
    }
}

/* The body of one, as it is taken by whichever side it is for. */
static int take(struct away_stream *stream, const struct wire_frame *frame, const struct away_memory *memory)
{
    struct wire_hello hello;
    struct wire_fate fate;
    uint32_t deadline_ms;
    int failed;
    switch (frame->type) {
    case WIRE_CALL:
        return stream_take_call(stream, frame, memory, NULL, &deadline_ms, 0);
    case WIRE_ANSWER:
        return stream_take_answer(stream, frame, memory, 0);
    case WIRE_HELLO:
        failed = stream_take(stream, &hello, sizeof hello, 0);
        return failed ? failed : wire_check_hello(&hello, 7, memory->size, why, sizeof why);
    case WIRE_FATE:
        failed = stream_take(stream, &fate, sizeof fate, 0);
        return failed ? failed : wire_check_fate(&fate, why, sizeof why);
    default:
        return stream_skip(stream, frame->size, 0);
    }
}

/* Pages that nobody may write lie behind the A-stack. */
static struct far_astack *make_astack(void)
{
    static char *pages;
    if (!pages) {
        pages = mmap(NULL, ASTACK_BYTES + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        must(pages != MAP_FAILED && mprotect(pages + ASTACK_BYTES, 4096, PROT_NONE) == 0);
    }
    return (struct far_astack *)pages;
}

static struct transport *speak(const uint8_t *bytes, size_t size)
{
    struct transport *transport;
    int end[2];
    must(socketpair(AF_UNIX, SOCK_STREAM, 0, end) == 0 && fcntl(end[1], F_SETFL, O_NONBLOCK) == 0);
    must(send(end[1], bytes, size, MSG_NOSIGNAL) == (ssize_t)size);
    close(end[1]);
    must(transport_tcp.begin(end[0], false, bytes, bytes, 0, &transport, NULL) == 0);
    return transport;
}

static void try_frames(const uint8_t *data, size_t size, bool mended)
{
    static uint8_t bytes[INPUT_MAX];
    static struct away_stream stream;
    const struct away_memory memory = {make_astack(), ASTACK_BYTES};
    struct wire_frame frame;
    if (!size || size > sizeof bytes)
        return;
    memcpy(bytes, data, size);
    if (mended)
        mend_sizes(bytes, size);
    memset(memory.astack, 0, FAR_ASTACK_AREA);
    stream_open(&stream, speak(bytes, size), 0);
    while (stream_next(&stream, &frame, 0) == 0 && take(&stream, &frame, &memory) == 0)
        ;
    stream_close(&stream);
    /* Sequence numbers are the reader's own to publish; fate and the rest of the page are nobody's who comes this way. */
    must(!memory.astack->call.sequence && !memory.astack->reply.sequence && !memory.astack->fate.dead);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    switch (data[0] % 6) {
    case 0:
        try_preface(data + 1, size - 1);
        break;
    case 1:
        try_answer(data + 1, size - 1);
        break;
    case 2:
        try_extents(data + 1, size - 1);
        break;
    case 5:
        try_link(data + 1, size - 1);
        break;
    default:
        try_frames(data + 1, size - 1, data[0] % 6 == 3);
    }
    return 0;
}
