/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/fard/nuisance.h"
#include "runtime/fard/log.h"
#include "runtime/fard/loop.h"

#include <string.h>

static bool is_old(const struct nuisance *nuisance, int64_t now_ms)
{
    return !nuisance->event || now_ms - nuisance->said_at >= NUISANCE_EVERY;
}

/* Its own place, or one that nobody needs; NULL: there is none. */
static struct nuisance *place_for(struct nuisances *nuisances, const char *event, uid_t uid, int64_t now_ms)
{
    struct nuisance *place = NULL;
    for (int i = 0; i < NUISANCES_MAX; i++) {
        struct nuisance *nuisance = &nuisances->item[i];
        if (nuisance->event && nuisance->uid == uid && strcmp(nuisance->event, event) == 0)
            return nuisance;
        if (!place && is_old(nuisance, now_ms))
            place = nuisance;
    }
    if (place)
        *place = (struct nuisance){.uid = uid};
    return place;
}

bool nuisance_count(struct nuisances *nuisances, const char *event, uid_t uid, int64_t now_ms, uint64_t *unsaid)
{
    struct nuisance *nuisance = place_for(nuisances, event, uid, now_ms);
    if (!nuisance)
        return false;
    if (!is_old(nuisance, now_ms)) {
        nuisance->unsaid++;
        return false;
    }
    *unsaid = nuisance->unsaid;
    *nuisance = (struct nuisance){event, uid, now_ms, 0};
    return true;
}

void nuisance_say(struct nuisances *nuisances, const char *event, uid_t uid, pid_t pid, const char *what)
{
    uint64_t unsaid = 0;
    if (!nuisance_count(nuisances, event, uid, loop_now(), &unsaid))
        return;
    const struct log_field fields[] = {{"uid", NULL, uid}, {"pid", NULL, (uint64_t)pid}, {"unsaid", NULL, unsaid}};
    log_event(LOG_LEVEL_WARNING, event, fields, 3,
              "%s (uid %u, pid %d; this is said once a minute: %llu more since the last time)", what, uid, pid,
              (unsigned long long)unsaid);
}
