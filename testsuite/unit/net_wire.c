/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What is said on the wire, checked: prefaces, answers, and what frames say of themselves. */
#include "check.h"
#include "runtime/astack.h"
#include "runtime/net/transport.h"
#include "runtime/net/wire_check.h"

#include <errno.h>
#include <string.h>

static char why[256];
static const uint8_t ticket[WIRE_TICKET_SIZE] = {1, 2, 3};

static int checked(const struct wire_preface *preface)
{
    return wire_check_preface(preface, why, sizeof why);
}

static void prefaces(void)
{
    struct wire_preface preface;
    wire_make_preface(&preface, WIRE_CHANNEL, WIRE_TLS, ticket);
    CHECK(checked(&preface) == 0);
    preface.transport = WIRE_TRANSPORT_COUNT;
    CHECK(checked(&preface) == WIRE_REFUSED_TRANSPORT);
    wire_make_preface(&preface, WIRE_CHANNEL, WIRE_TLS, NULL);
    CHECK(checked(&preface) == WIRE_REFUSED_TICKET);
    wire_make_preface(&preface, WIRE_NODE, WIRE_TRANSPORT_NONE, NULL);
    CHECK(checked(&preface) == 0);
    preface.zero[31] = 1;
    CHECK(checked(&preface) == WIRE_REFUSED_RUBBISH);
    preface.version++; /* whatever else it says: another version may say it so */
    CHECK(checked(&preface) == WIRE_REFUSED_VERSION);
    CHECK(strstr(why, "version 1") && strstr(why, "version 2"));
    preface.magic[0] = 'G';
    CHECK(checked(&preface) == WIRE_REFUSED_RUBBISH);
    wire_make_preface(&preface, WIRE_NODE, WIRE_TLS, NULL);
    CHECK(checked(&preface) == WIRE_REFUSED_RUBBISH);
    wire_make_preface(&preface, (enum wire_purpose)3, WIRE_TRANSPORT_NONE, NULL);
    CHECK(checked(&preface) == WIRE_REFUSED_RUBBISH);
}

static void answers(void)
{
    struct wire_answer answer;
    struct far_error error;
    wire_make_answer(&answer, WIRE_WELCOME, NULL);
    CHECK(wire_check_answer(&answer, &error) == 0);
    CHECK(wire_check_answer(&answer, NULL) == 0);
    answer.version = 7;
    CHECK(wire_check_answer(&answer, &error) == -EPROTONOSUPPORT && strstr(error.text, "version 7"));
    wire_make_answer(&answer, WIRE_REFUSED_TICKET, "the ticket is too old\n\033[1m");
    CHECK(wire_check_answer(&answer, &error) == -EACCES && error.code == EACCES);
    CHECK(strstr(error.text, "the ticket is too old  [1m"));
    wire_make_answer(&answer, WIRE_REFUSED_VERSION, NULL);
    CHECK(wire_check_answer(&answer, &error) == -EPROTONOSUPPORT && error.text[0]);
    memset(answer.text, 'x', sizeof answer.text); /* not terminated */
    answer.refused = 999;
    CHECK(wire_check_answer(&answer, &error) == -EPROTO && strlen(error.text) < 300);
    memcpy(&answer, "HTTP/1.1", 8);
    CHECK(wire_check_answer(&answer, &error) == -EPROTO && strstr(error.text, "no farcall node"));
}

static void words(void)
{
    CHECK(wire_transport_of("tls") == WIRE_TLS && wire_transport_of("ucx") == WIRE_UCX);
    CHECK(wire_transport_of("TLS") == WIRE_TRANSPORT_NONE && wire_transport_of("") == WIRE_TRANSPORT_NONE);
    CHECK(strcmp(wire_transport_word(WIRE_TCP), "tcp") == 0);
    CHECK(strcmp(wire_transport_word((enum wire_transport)77), "none") == 0);
}

static int frame_of(uint16_t type, uint32_t size, uint32_t sequence)
{
    const struct wire_frame frame = {.size = size, .type = type, .sequence = sequence};
    return wire_check_frame(&frame, why, sizeof why);
}

static void frames(void)
{
    CHECK(frame_of(WIRE_HELLO, sizeof(struct wire_hello), 0) == 0);
    CHECK(frame_of(WIRE_HELLO, sizeof(struct wire_hello) + 1, 0) == -EPROTO);
    CHECK(frame_of(WIRE_CALL, sizeof(struct wire_call), 0) == 0);
    CHECK(frame_of(WIRE_CALL, sizeof(struct wire_call) - 1, 5) == -EPROTO);
    CHECK(frame_of(WIRE_CALL, WIRE_FRAME_MAX, 5) == 0);
    CHECK(frame_of(WIRE_CALL, WIRE_FRAME_MAX + 1, 5) == -EPROTO);
    CHECK(frame_of(WIRE_ANSWER, 32, FAR_SEQUENCE_DEAD) == -EPROTO);
    CHECK(frame_of(WIRE_CANCEL, 0, 9) == 0);
    CHECK(frame_of(WIRE_PING, 0, 9) == -EPROTO);
    CHECK(frame_of(WIRE_PONG, 1, 0) == -EPROTO);
    CHECK(frame_of(WIRE_FETCH, sizeof(struct wire_fetch), 0) == 0);
    CHECK(frame_of(WIRE_FETCH, 0, 0) == -EPROTO && frame_of(WIRE_FETCH, sizeof(struct wire_fetch) + 8, 0) == -EPROTO);
    CHECK(frame_of(WIRE_PAGES, sizeof(struct wire_pages), 0) == 0);
    CHECK(frame_of(WIRE_PAGES, sizeof(struct wire_pages) - 1, 0) == -EPROTO);
    CHECK(frame_of(0, 0, 0) == -EPROTO && frame_of(WIRE_TYPE_COUNT, 0, 0) == -EPROTO);
    const struct wire_frame flagged = {.type = WIRE_PING, .flags = 0x8000}, more = {.type = WIRE_PING, .zero = 1};
    CHECK(wire_check_frame(&flagged, why, sizeof why) == -EPROTO);
    CHECK(wire_check_frame(&more, why, sizeof why) == -EPROTO);
}

static void calls(void)
{
    uint64_t table, bytes;
    struct wire_frame frame = {.type = WIRE_CALL, .size = 64 + 192 + 2 * 16 + 100};
    struct wire_call call = {.extents = 2, .has_wide = 1};
    CHECK(wire_check_call(&frame, &call, &table, &bytes, why, sizeof why) == 0 && table == 32 && bytes == 100);
    call.extents = 9; /* the table would end beyond the frame */
    CHECK(wire_check_call(&frame, &call, &table, &bytes, why, sizeof why) == -EPROTO);
    call.extents = 0xFFFFFFFF;
    CHECK(wire_check_call(&frame, &call, &table, &bytes, why, sizeof why) == -EPROTO);
    call.extents = 0; /* bytes, and no place for them */
    CHECK(wire_check_call(&frame, &call, &table, &bytes, why, sizeof why) == -EPROTO);
    call.has_wide = 2;
    CHECK(wire_check_call(&frame, &call, &table, &bytes, why, sizeof why) == -EPROTO);
    const struct wire_reply reply = {.extents = 1};
    frame = (struct wire_frame){.type = WIRE_ANSWER, .size = 32 + 16 + 8};
    CHECK(wire_check_reply(&frame, &reply, &table, &bytes, why, sizeof why) == 0 && table == 16 && bytes == 8);
    frame.size = 40;
    CHECK(wire_check_reply(&frame, &reply, &table, &bytes, why, sizeof why) == -EPROTO);
}

static int extents_of(const struct wire_extent *extent, uint32_t count, uint64_t bytes)
{
    return wire_check_extents(extent, count, bytes, 1000, why, sizeof why);
}

static void extents(void)
{
    CHECK(extents_of(NULL, 0, 0) == 0);
    CHECK(extents_of((struct wire_extent[]){{0, 10}, {10, 10}, {990, 10}}, 3, 30) == 0);
    CHECK(extents_of((struct wire_extent[]){{0, 10}, {9, 10}}, 2, 20) == -EPROTO);
    CHECK(extents_of((struct wire_extent[]){{20, 10}, {0, 10}}, 2, 20) == -EPROTO);
    CHECK(extents_of((struct wire_extent[]){{0, 0}}, 1, 0) == -EPROTO);
    CHECK(extents_of((struct wire_extent[]){{991, 10}}, 1, 10) == -EPROTO);
    CHECK(extents_of((struct wire_extent[]){{1, UINT64_MAX}}, 1, UINT64_MAX) == -EPROTO);
    CHECK(extents_of((struct wire_extent[]){{UINT64_MAX, 1}}, 1, 1) == -EPROTO);
    CHECK(extents_of((struct wire_extent[]){{0, 10}}, 1, 11) == -EPROTO);
    CHECK(extents_of((struct wire_extent[]){{0, 10}}, 1, 9) == -EPROTO);
}

static void rest(void)
{
    struct wire_hello hello = {.channel = 3, .size = 1 << 20};
    CHECK(wire_check_hello(&hello, 3, 1 << 20, why, sizeof why) == 0);
    CHECK(wire_check_hello(&hello, 4, 1 << 20, why, sizeof why) == -EPROTO);
    CHECK(wire_check_hello(&hello, 3, 1 << 21, why, sizeof why) == -EPROTO);
    hello.sent = FAR_SEQUENCE_DEAD;
    CHECK(wire_check_hello(&hello, 3, 1 << 20, why, sizeof why) == -EPROTO);
    CHECK(wire_check_fate(&(struct wire_fate){.dead = 1}, why, sizeof why) == 0);
    CHECK(wire_check_fate(&(struct wire_fate){.retired = 1}, why, sizeof why) == 0);
    CHECK(wire_check_fate(&(struct wire_fate){.retired = 2}, why, sizeof why) == -EPROTO);
    CHECK(wire_check_fate(&(struct wire_fate){0}, why, sizeof why) == -EPROTO);
}

int main(void)
{
    prefaces();
    answers();
    words();
    frames();
    calls();
    extents();
    rest();
    return check_result();
}
