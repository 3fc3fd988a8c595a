/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The keeper of names in etcd: its questions under way. */
#include "runtime/fard/cluster_etcd.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sysexits.h>

static void operation_free(struct etcd_operation *operation)
{
    if (operation->keeper->taking == operation)
        operation->keeper->taking = NULL;
    etcd_ask_drop(&operation->ask);
    timer_stop(&operation->timer);
    list_take_out(&operation->link);
    free(operation);
}

int etcd_open(struct loop *loop, const struct etcd_identity *identity, const char *where, const char *tls,
              struct cluster_keeper **out, struct far_error *error)
{
    struct cluster_keeper *keeper = calloc(1, sizeof *keeper);
    if (!keeper)
        return -ENOMEM;
    keeper->loop = loop;
    keeper->identity = *identity;
    if (keeper->identity.patience_ms == 0)
        keeper->identity.patience_ms = ETCD_PATIENCE_MS;
    list_init(&keeper->operations);
    int result = etcd_asking_open(&keeper->asking, loop, where, tls, error);
    if (result) {
        etcd_asking_close(&keeper->asking);
        free(keeper);
        return result;
    }
    etcd_session_begin(keeper);
    *out = keeper;
    return 0;
}

void etcd_close(struct cluster_keeper *keeper)
{
    while (!list_is_empty(&keeper->operations))
        operation_free(list_entry(keeper->operations.next, struct etcd_operation, link));
    etcd_session_end(keeper);
    etcd_asking_close(&keeper->asking);
    free(keeper);
}

void etcd_drop(struct cluster_keeper *keeper, struct cluster_question *question)
{
    for (struct list *at = keeper->operations.next; at != &keeper->operations; at = at->next) {
        struct etcd_operation *operation = list_entry(at, struct etcd_operation, link);
        if (operation->question == question) {
            operation_free(operation);
            etcd_chunk_next(keeper);
            return;
        }
    }
}

struct etcd_operation *etcd_operation_new(struct cluster_keeper *keeper, struct cluster_question *question)
{
    struct etcd_operation *operation = calloc(1, sizeof *operation);
    if (!operation) {
        struct far_error error;
        refuse(&error, ENOMEM, EX_OSERR, "no memory for a question about the cluster's names");
        question->answered(question, ENOMEM, NULL, NULL, &error);
        return NULL;
    }
    operation->keeper = keeper;
    operation->question = question;
    operation->deadline = loop_now() + keeper->identity.patience_ms;
    etcd_token_make(operation->token);
    list_append(&keeper->operations, &operation->link);
    return operation;
}

static void answer(struct etcd_operation *operation, int result, const struct link_service *service,
                   const struct range *chunk, const struct far_error *error)
{
    struct cluster_question *question = operation->question;
    struct cluster_keeper *keeper = operation->keeper;
    operation_free(operation);
    etcd_chunk_next(keeper);
    question->answered(question, result, service, chunk, error);
}

void etcd_operation_answer(struct etcd_operation *operation, int result, const struct link_service *service,
                           const struct far_error *error)
{
    struct link_service copy = service ? *service : (struct link_service){0};
    answer(operation, result, service ? &copy : NULL, NULL, error);
}

void etcd_operation_give_chunk(struct etcd_operation *operation)
{
    struct range chunk = operation->chunk;
    answer(operation, 0, NULL, &chunk, NULL);
}

void etcd_operation_fail(struct etcd_operation *operation, int code, int exit_code, const struct link_service *service,
                         const char *format, ...)
{
    struct far_error error;
    char words[sizeof error.text];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(words, sizeof words, format, arguments);
    va_end(arguments);
    refuse(&error, code, exit_code, "%s", words);
    etcd_operation_answer(operation, code, service, &error);
}

void etcd_operation_nonsense(struct etcd_operation *operation, const char *what)
{
    etcd_operation_fail(operation, EPROTO, EX_PROTOCOL, NULL,
                        "etcd holds %s that is not as this version writes it; somebody else must have written below "
                        "" ETCD_PREFIX,
                        what);
}

struct etcd_operation *etcd_operation_of(struct etcd_ask *ask)
{
    return list_entry(ask, struct etcd_operation, ask);
}

void etcd_operation_ask(struct etcd_operation *operation, const char *path, json_t *body, etcd_answered *answered)
{
    etcd_ask(&operation->keeper->asking, &operation->ask, path, body, operation->deadline, answered);
}

void etcd_token_make(char token[ETCD_TOKEN_SIZE])
{
    uint8_t random[(ETCD_TOKEN_SIZE - 1) / 2];
    if (getrandom(random, sizeof random, 0) != sizeof random)
        abort(); /* cannot be: so few bytes are never cut short */
    for (size_t i = 0; i < sizeof random; i++)
        snprintf(token + 2 * i, 3, "%02x", random[i]);
}

/* ---- Who waits for the session ---- */

static void tell_replaced(struct etcd_operation *operation)
{
    etcd_operation_fail(operation, ESTALE, EX_UNAVAILABLE, operation->there ? &operation->before : NULL,
                        "another fard has taken the place of this one in the cluster: it has a certificate for node "
                        "'%s' as well; end one of the two, or make another certificate",
                        operation->keeper->identity.node);
}

static void tell_no_session(struct etcd_operation *operation)
{
    const struct far_error trouble = operation->keeper->session.trouble;
    if (trouble.text[0])
        etcd_operation_answer(operation, trouble.code, NULL, &trouble);
    else
        etcd_operation_fail(operation, ETIMEDOUT, EX_UNAVAILABLE, NULL,
                            "etcd, which keeps the cluster's names, gives no answer; try again when it is back");
}

static void session_missed(struct timer *timer)
{
    struct etcd_operation *operation = list_entry(timer, struct etcd_operation, timer);
    switch (operation->keeper->session.state) {
    case ETCD_SESSION_HELD:
        operation->begin(operation);
        return;
    case ETCD_SESSION_REPLACED:
        tell_replaced(operation);
        return;
    case ETCD_SESSION_NONE:
        break;
    }
    if (loop_now() >= operation->deadline)
        tell_no_session(operation);
    else
        timer_start(operation->keeper->loop, &operation->timer, operation->deadline - loop_now());
}

/* Wherever it stands, it goes on from the loop. */
void etcd_operation_with_session(struct etcd_operation *operation)
{
    int64_t soon = loop_now() + ETCD_LOST_MS;
    if (operation->keeper->asking.lost && operation->deadline > soon)
        operation->deadline = soon;
    operation->timer.fire = session_missed;
    timer_start(operation->keeper->loop, &operation->timer, 0);
}

static void later_fired(struct timer *timer)
{
    struct etcd_operation *operation = list_entry(timer, struct etcd_operation, timer);
    operation->begin(operation);
}

void etcd_operation_later(struct etcd_operation *operation)
{
    operation->timer.fire = later_fired;
    timer_start(operation->keeper->loop, &operation->timer, 0);
}

void etcd_session_changed(struct cluster_keeper *keeper)
{
    for (struct list *at = keeper->operations.next; at != &keeper->operations; at = at->next) {
        struct etcd_operation *operation = list_entry(at, struct etcd_operation, link);
        if (operation->timer.link.next)
            timer_start(keeper->loop, &operation->timer, 0);
    }
}
