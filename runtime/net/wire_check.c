/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What is said before the transport begins. Nothing here is believed before it is checked: it comes from whoever can connect. */
#include "runtime/net/fail.h"
#include "runtime/net/transport.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

static const char *const transport_word[WIRE_TRANSPORT_COUNT] = {
#define X(NAME, name) [WIRE_##NAME] = #name,
    WIRE_TRANSPORTS(X)
#undef X
};

static const int refusal_errno[WIRE_REFUSAL_COUNT] = {
#define X(NAME, error) [WIRE_REFUSED_##NAME] = error,
    WIRE_REFUSALS(X)
#undef X
};

const char *wire_transport_word(enum wire_transport number)
{
    return (unsigned)number < WIRE_TRANSPORT_COUNT && transport_word[number] ? transport_word[number] : "none";
}

enum wire_transport wire_transport_of(const char *word)
{
    for (unsigned number = WIRE_TRANSPORT_NONE + 1; number < WIRE_TRANSPORT_COUNT; number++)
        if (strcmp(transport_word[number], word) == 0)
            return (enum wire_transport)number;
    return WIRE_TRANSPORT_NONE;
}

static bool all_zero(const void *bytes, size_t size)
{
    const uint8_t *byte = bytes;
    uint8_t any = 0;
    for (size_t i = 0; i < size; i++)
        any |= byte[i];
    return !any;
}

static int refused(enum wire_refusal refusal, char *why, size_t room, const char *text)
{
    snprintf(why, room, "%s", text);
    return (int)refusal;
}

static int check_channel(const struct wire_preface *preface, char *why, size_t room)
{
    if (preface->transport == WIRE_TRANSPORT_NONE || preface->transport >= WIRE_TRANSPORT_COUNT) {
        snprintf(why, room, "this node knows no transport with the number %u", preface->transport);
        return WIRE_REFUSED_TRANSPORT;
    }
    if (all_zero(preface->ticket, sizeof preface->ticket))
        return refused(WIRE_REFUSED_TICKET, why, room, "a channel's connection needs a ticket");
    return 0;
}

/* Another version's preface need not look like ours behind its number. */
int wire_check_preface(const struct wire_preface *preface, char *why, size_t room)
{
    if (memcmp(preface->magic, WIRE_MAGIC, WIRE_MAGIC_SIZE) != 0)
        return refused(WIRE_REFUSED_RUBBISH, why, room, "this is a farcall node; what it was told is not its protocol");
    if (preface->version != WIRE_VERSION) {
        snprintf(why, room, "this node speaks version %u of farcall's wire format, the one that connects version %u",
                 WIRE_VERSION, preface->version);
        return WIRE_REFUSED_VERSION;
    }
    if (preface->reserved || !all_zero(preface->zero, sizeof preface->zero))
        return refused(WIRE_REFUSED_RUBBISH, why, room, "what is reserved in a preface is not zero");
    if (preface->purpose == WIRE_CHANNEL)
        return check_channel(preface, why, room);
    if (preface->purpose != WIRE_NODE)
        return refused(WIRE_REFUSED_RUBBISH, why, room,
                       "a connection is for a node or for a channel, and this is neither");
    if (preface->transport || !all_zero(preface->ticket, sizeof preface->ticket))
        return refused(WIRE_REFUSED_RUBBISH, why, room, "a node's connection has no transport and no ticket");
    return 0;
}

void wire_make_preface(struct wire_preface *preface, enum wire_purpose purpose, enum wire_transport transport,
                       const uint8_t *ticket)
{
    *preface =
        (struct wire_preface){.version = WIRE_VERSION, .purpose = (uint16_t)purpose, .transport = (uint16_t)transport};
    memcpy(preface->magic, WIRE_MAGIC, WIRE_MAGIC_SIZE);
    if (ticket)
        memcpy(preface->ticket, ticket, WIRE_TICKET_SIZE);
}

void wire_make_answer(struct wire_answer *answer, enum wire_refusal refusal, const char *text)
{
    *answer = (struct wire_answer){.version = WIRE_VERSION, .refused = (uint16_t)refusal};
    memcpy(answer->magic, WIRE_MAGIC, WIRE_MAGIC_SIZE);
    if (text)
        snprintf(answer->text, sizeof answer->text, "%s", text);
}

static int check_refusal(const struct wire_answer *answer, struct far_error *error)
{
    const bool known = answer->refused < WIRE_REFUSAL_COUNT;
    const size_t length = strnlen(answer->text, sizeof answer->text);
    if (length)
        return net_fail(error, known ? refusal_errno[answer->refused] : EPROTO, EX_PROTOCOL, "refused: %.*s",
                        (int)length, answer->text);
    return net_fail(error, known ? refusal_errno[answer->refused] : EPROTO, EX_PROTOCOL,
                    "refused, without a word of why (%u)", answer->refused);
}

int wire_check_answer(const struct wire_answer *answer, struct far_error *error)
{
    if (memcmp(answer->magic, WIRE_MAGIC, WIRE_MAGIC_SIZE) != 0)
        return net_fail(error, EPROTO, EX_PROTOCOL, "what answers there is no farcall node");
    if (answer->refused)
        return check_refusal(answer, error);
    if (answer->version != WIRE_VERSION)
        return net_fail(error, EPROTONOSUPPORT, EX_PROTOCOL,
                        "the node speaks version %u of farcall's wire format, this side version %u", answer->version,
                        WIRE_VERSION);
    if (answer->reserved || !all_zero(answer->text, sizeof answer->text))
        return net_fail(error, EPROTO, EX_PROTOCOL, "the node's answer is damaged");
    return 0;
}
