/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * A client at level none that calls functions of the service's by slots that it makes up: others' that it was not given, numbers that
 * nobody has, of other generations.
 */
#include "testsuite/attack/Inputs/attack.h"

#include "runtime/callback.h"

static uint32_t generation_of(int fard, const struct bound *bound)
{
    struct far_open_channel request = {.service_id = bound->reply.service_id, .size = 1 << 20};
    struct answer *answer = malloc(sizeof *answer);
    must(ask(fard, FAR_MSG_OPEN_CHANNEL, &request, sizeof request, answer) == 0);
    struct far_channel_reply reply;
    memcpy(&reply, answer->bytes + sizeof answer->head, sizeof reply);
    free(answer);
    return reply.generation;
}

static uint32_t word(uint32_t generation, uint32_t number)
{
    return FAR_GIVEN_FIRST | (generation & FAR_GIVEN_GENERATIONS) << FAR_GIVEN_SHIFT | number;
}

int main(void)
{
    struct bound bound;
    struct channel channel;
    int fard = connect_fard();
    bind_service(fard, "fn", FAR_LEVEL_NONE, &bound);
    uint32_t generation = generation_of(fard, &bound), pid = host_pid(fard, "fn");
    open_channel(fard, &bound, 1 << 20, &channel);
    for (uint32_t number = 0; number <= 0xffff; number += number < 10 ? 1 : 977)
        must(CALL(&channel, word(generation, number), 2, 3) == FAR_CALL_NOT_GIVEN);
    must(CALL(&channel, slot_of(&bound, "fn_pick"), 0) == FAR_CALL_DONE);
    uint32_t given = (uint32_t)channel.astack->reply.result, number = given & 0xffff;
    must(given == word(generation, number) && number);
    must(CALL(&channel, given, 2, 3) == FAR_CALL_DONE && channel.astack->reply.result == 5);
    must(CALL(&channel, given + 1, 2, 3) == FAR_CALL_NOT_GIVEN);
    must(CALL(&channel, word(generation + 1, number), 2, 3) == FAR_CALL_NOT_GIVEN);
    must(CALL(&channel, FAR_GIVEN_LAST, 2, 3) == FAR_CALL_NOT_GIVEN);
    must(CALL(&channel, FAR_GIVEN_LAST + 1, 2, 3) == FAR_CALL_BAD_SLOT);
    must(CALL(&channel, slot_of(&bound, "fn_use"), given, 2, 3) == FAR_CALL_DONE && channel.astack->reply.result == 5);
    must(CALL(&channel, slot_of(&bound, "fn_use"), given + 1, 2, 3) == FAR_CALL_BAD_ARGUMENT);
    must(CALL(&channel, slot_of(&bound, "fn_use"), bound.reply.base, 2, 3) == FAR_CALL_BAD_ARGUMENT);
    must(host_pid(fard, "fn") == pid);
    puts("only what it was given");
    return 0;
}
