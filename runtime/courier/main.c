/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * far-courier, which fard runs: asks for the next call, says that it is begun, makes it, says what came of it, until none
 * is left (0) or the service cannot be reached (75): then fard starts another one later.
 */
#include "runtime/courier/courier.h"

#include "runtime/lib/queue.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

static int next_call(struct courier_call *call, struct far_error *error)
{
    struct far_answer answer = {.body = call, .room = sizeof *call};
    int failed = queue_ask(FAR_MSG_QUEUE_NEXT, NULL, 0, &answer, NULL, error);
    if (failed)
        return error->code;
    size_t head = offsetof(struct courier_call, memory);
    return answer.size >= head && answer.size - head == call->call.bytes ? 0 : EPROTO;
}

static int say(const struct far_queue_mark *mark, struct far_error *error)
{
    const struct iovec body = {(void *)(uintptr_t)mark, sizeof *mark};
    struct far_answer answer = {0};
    return queue_ask(FAR_MSG_QUEUE_MARK, &body, 1, &answer, NULL, error) ? error->code : 0;
}

/* It was not begun: `error` says why, and whether it ever can be. An exit code; 0: go on with the next. */
static int say_why_not(const struct courier_call *call, enum courier_outcome outcome, struct far_error *error)
{
    struct far_queue_mark mark = {.ticket = call->ticket, .error = error->code};
    mark.kind = outcome == COURIER_FAILED ? FAR_QUEUE_MARK_FAILED : FAR_QUEUE_MARK_RETURNED;
    snprintf(mark.reason, sizeof mark.reason, "%.*s", (int)sizeof mark.reason - 1, error->text);
    int failed = say(&mark, error);
    return failed || outcome == COURIER_AWAY ? EX_TEMPFAIL : 0;
}

/* An exit code; 0: go on with the next. */
static int deliver(struct courier_service *service, struct courier_call *call)
{
    struct far_error error = {0};
    struct far_queue_mark mark = {.ticket = call->ticket, .kind = FAR_QUEUE_MARK_BEGUN};
    enum courier_outcome outcome = ready_to_make(service, call, &error);
    if (outcome != COURIER_READY)
        return say_why_not(call, outcome, &error);
    int failed = say(&mark, &error);
    if (failed) /* ESTALE: somebody has dropped it meanwhile */
        return failed == ESTALE ? 0 : EX_TEMPFAIL;
    make_call(service, call, &mark);
    failed = say(&mark, &error);
    bool stop = mark.kind == FAR_QUEUE_MARK_RETURNED || mark.kind == FAR_QUEUE_MARK_INTERRUPTED;
    return failed || stop ? EX_TEMPFAIL : 0;
}

int main(int argc, char **argv)
{
    static struct courier_call call;
    struct courier_service service = {0};
    struct far_error error = {0};
    if (argc != 2 || argv[1][0] == '-') {
        fprintf(stderr, "far-courier: fard runs this to make queued calls; there is nothing to be done by hand\n");
        return EX_USAGE;
    }
    for (;;) {
        int failed = next_call(&call, &error);
        int code = failed == ENODATA ? 0 : failed ? EX_TEMPFAIL : deliver(&service, &call);
        if (failed || code)
            return code;
    }
}
