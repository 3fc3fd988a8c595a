/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * This node's presence: nodes/NODE, under a lease of etcd's that is kept alive. The revision of that entry fences everything that is
 * written from here: a fard that was cut off, and whose place another one has taken, can change nothing. Ranges and names do not
 * hang on the lease.
 *
 *     grant a lease → look who is there → put nodes/NODE if that has not changed since → keep alive, until it is gone
 */
#include "runtime/fard/cluster_etcd.h"
#include "runtime/fard/log.h"

#include <errno.h>
#include <string.h>
#include <sysexits.h>

static struct cluster_keeper *keeper_of(struct etcd_ask *ask)
{
    return list_entry(ask, struct cluster_keeper, session.ask);
}

static void ask(struct cluster_keeper *keeper, const char *path, json_t *body, etcd_answered *answered)
{
    etcd_ask(&keeper->asking, &keeper->session.ask, path, body, loop_now() + keeper->identity.patience_ms, answered);
}

static void grant(struct cluster_keeper *keeper);
static void keep_alive(struct cluster_keeper *keeper);

static int64_t third_of_life(const struct cluster_keeper *keeper)
{
    return (int64_t)keeper->identity.seconds * 1000 / 3;
}

static void become(struct cluster_keeper *keeper, enum etcd_session_state state)
{
    struct etcd_session *session = &keeper->session;
    const struct log_field field = {"node", keeper->identity.node, 0};
    if (state == ETCD_SESSION_REPLACED && session->state != state)
        log_event(LOG_LEVEL_ERROR, "etcd-replaced", &field, 1,
                  "etcd: another fard with a certificate for node '%s' has taken this one's place; nothing is "
                  "published from here any more",
                  keeper->identity.node);
    if (state == ETCD_SESSION_HELD) {
        log_event(LOG_LEVEL_INFO, "etcd-session", &field, 1, "etcd: node '%s' is present", keeper->identity.node);
        session->trouble = (struct far_error){0};
        session->was_held = true;
    }
    session->state = state;
    etcd_session_changed(keeper);
}

static void timer_fired(struct timer *timer)
{
    struct cluster_keeper *keeper = list_entry(timer, struct cluster_keeper, session.timer);
    if (keeper->session.state == ETCD_SESSION_HELD)
        keep_alive(keeper);
    else
        grant(keeper);
}

/* From the beginning again, after a while. */
static void again_later(struct cluster_keeper *keeper)
{
    struct etcd_session *session = &keeper->session;
    bool replaced = session->state == ETCD_SESSION_REPLACED;
    timer_start(keeper->loop, &session->timer, replaced ? third_of_life(keeper) : ETCD_SESSION_PAUSE_MS);
}

static void note(struct cluster_keeper *keeper, int code, const char *why)
{
    refuse(&keeper->session.trouble, code, EX_UNAVAILABLE, "this node cannot make itself known in etcd: %s", why);
}

static void again_failed(struct cluster_keeper *keeper, const struct far_error *why)
{
    keeper->session.trouble = *why;
    again_later(keeper);
}

static void again_because(struct cluster_keeper *keeper, const char *why)
{
    note(keeper, EPROTO, why);
    again_later(keeper);
}

/* ---- What was put there ---- */

static void put_answered(struct etcd_ask *put, int result, const json_t *response, const struct far_error *error)
{
    struct cluster_keeper *keeper = keeper_of(put);
    struct etcd_session *session = &keeper->session;
    uint64_t cluster, revision;
    bool succeeded = false;
    struct etcd_entry now = {0};
    if (result) {
        again_failed(keeper, error);
        return;
    }
    if (etcd_read_header(response, &cluster, &revision) != 0 || etcd_read_txn(response, &succeeded) != 0 ||
        (!succeeded && etcd_read_txn_entry(response, 0, &now) != 0)) {
        again_because(keeper, "etcd's answer cannot be understood");
        return;
    }
    if (!succeeded && !(now.found && etcd_token_is(&now, session->token))) {
        again_because(keeper, "another fard with this node's name came at the same time");
        return;
    }
    session->revision = succeeded ? revision : now.revision;
    timer_start(keeper->loop, &session->timer, third_of_life(keeper));
    become(keeper, ETCD_SESSION_HELD);
}

static void put(struct cluster_keeper *keeper)
{
    struct etcd_session *session = &keeper->session;
    const struct etcd_identity *identity = &keeper->identity;
    struct etcd_key key = etcd_key_node(identity->node);
    ask(keeper, "kv/txn",
        etcd_txn_request(ETCD_LIST(etcd_compare_revision(&key, session->seen)),
                         ETCD_LIST(etcd_put(&key, etcd_write_node(identity->node, identity->address, session->token),
                                            session->lease)),
                         ETCD_LIST(etcd_get(&key, NULL))),
        put_answered);
}

/* ---- Who is there ---- */

/*
 * A fard that has just been started takes the place of whoever had it: most often its own last life. One that had been here, and finds
 * another, was cut off meanwhile, and leaves the place to him.
 */
static void look_answered(struct etcd_ask *look, int result, const json_t *response, const struct far_error *error)
{
    struct cluster_keeper *keeper = keeper_of(look);
    struct etcd_session *session = &keeper->session;
    struct etcd_entry there;
    if (result) {
        again_failed(keeper, error);
    } else if (etcd_read_range(response, &there) != 0) {
        again_because(keeper, "etcd's answer cannot be understood");
    } else if (there.found && session->was_held && !etcd_token_is(&there, session->token)) {
        become(keeper, ETCD_SESSION_REPLACED);
        again_because(keeper, "another fard has this node's name");
    } else {
        session->seen = there.found ? there.revision : 0;
        put(keeper);
    }
}

static void look(struct cluster_keeper *keeper)
{
    struct etcd_key key = etcd_key_node(keeper->identity.node);
    ask(keeper, "kv/range", etcd_range_request(&key, NULL), look_answered);
}

/* ---- The lease ---- */

static void grant_answered(struct etcd_ask *grant_ask, int result, const json_t *response,
                           const struct far_error *error)
{
    struct cluster_keeper *keeper = keeper_of(grant_ask);
    uint64_t lease, seconds;
    if (result) {
        again_failed(keeper, error);
    } else if (etcd_read_lease(response, &lease, &seconds) != 0 || seconds == 0) {
        again_because(keeper, "etcd's answer cannot be understood");
    } else {
        keeper->session.lease = lease;
        look(keeper);
    }
}

static void grant(struct cluster_keeper *keeper)
{
    ask(keeper, "lease/grant",
        json_pack("{s:o}", "TTL", json_sprintf("%llu", (unsigned long long)keeper->identity.seconds)), grant_answered);
}

static void gone(struct cluster_keeper *keeper, const char *why)
{
    become(keeper, ETCD_SESSION_NONE);
    note(keeper, ETIMEDOUT, why);
    timer_start(keeper->loop, &keeper->session.timer, 0);
}

static void keep_answered(struct etcd_ask *keep, int result, const json_t *response, const struct far_error *error)
{
    struct cluster_keeper *keeper = keeper_of(keep);
    uint64_t lease, seconds;
    (void)error; /* was logged by whoever asked */
    if (result == 0 && etcd_read_lease(response, &lease, &seconds) == 0 && seconds == 0)
        gone(keeper, "this node's lease in etcd had run out");
    else if (result == 0)
        timer_start(keeper->loop, &keeper->session.timer, third_of_life(keeper));
    else if (result == ENOENT)
        gone(keeper, "this node's lease in etcd had run out");
    else
        timer_start(keeper->loop, &keeper->session.timer, ETCD_SESSION_PAUSE_MS);
}

static void keep_alive(struct cluster_keeper *keeper)
{
    ask(keeper, "lease/keepalive",
        json_pack("{s:o}", "ID", json_sprintf("%llu", (unsigned long long)keeper->session.lease)), keep_answered);
}

void etcd_session_lost(struct cluster_keeper *keeper, const struct etcd_entry *now)
{
    if (keeper->session.state != ETCD_SESSION_HELD)
        return;
    if (now->found && !etcd_token_is(now, keeper->session.token)) {
        etcd_ask_drop(&keeper->session.ask);
        become(keeper, ETCD_SESSION_REPLACED);
        again_because(keeper, "another fard has this node's name");
    } else if (now->found) {
        keeper->session.revision = now->revision; /* our own, put twice */
    } else {
        etcd_ask_drop(&keeper->session.ask);
        gone(keeper, "this node's lease in etcd had run out");
    }
}

/* ---- In order ---- */

static void leave_answered(struct etcd_ask *leave, int result, const json_t *response, const struct far_error *error)
{
    (void)result, (void)response, (void)error; /* whatever it is: if it still is there, it runs out */
    keeper_of(leave)->session.state = ETCD_SESSION_NONE;
}

void etcd_leave(struct cluster_keeper *keeper)
{
    struct etcd_session *session = &keeper->session;
    int64_t until = loop_now() + ETCD_LEAVE_MS;
    if (session->state != ETCD_SESSION_HELD || keeper->asking.lost)
        return;
    etcd_ask_drop(&session->ask);
    timer_stop(&session->timer);
    etcd_ask(&keeper->asking, &session->ask, "lease/revoke",
             json_pack("{s:o}", "ID", json_sprintf("%llu", (unsigned long long)session->lease)), until, leave_answered);
    while (session->state == ETCD_SESSION_HELD && loop_now() < until)
        if (loop_turn(keeper->loop, ETCD_LEAVE_MS) < 0)
            break;
}

void etcd_session_begin(struct cluster_keeper *keeper)
{
    etcd_token_make(keeper->session.token);
    keeper->session.timer.fire = timer_fired;
    timer_start(keeper->loop, &keeper->session.timer, 0);
}

void etcd_session_end(struct cluster_keeper *keeper)
{
    etcd_ask_drop(&keeper->session.ask);
    timer_stop(&keeper->session.timer);
}
