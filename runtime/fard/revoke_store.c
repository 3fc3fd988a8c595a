/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * What is revoked goes out of the store first. Where the store cannot be written (a full disk, which anybody may have
 * filled) the right is taken away all the same, for this life of fard's, and the rows go as soon as they can.
 */
#include "runtime/fard/revoke_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TRY_AGAIN_MS 5000

static void try_again(struct timer *timer)
{
    struct fard *fard = list_entry(timer, struct fard, unwritten_timer);
    struct far_error error;
    if (store_remove_capabilities(fard->store, fard->unwritten, fard->unwritten_count, &error)) {
        timer_start(&fard->loop, timer, TRY_AGAIN_MS);
        return;
    }
    fard_log("%u capabilities that were revoked are out of the store at last", fard->unwritten_count);
    fard->unwritten_count = 0;
}

static int remember(struct fard *fard, const uint32_t *ids, uint32_t count)
{
    uint32_t *grown = reallocarray(fard->unwritten, (size_t)fard->unwritten_count + count, sizeof *grown);
    if (!grown)
        return -ENOMEM;
    memcpy(grown + fard->unwritten_count, ids, count * sizeof *ids);
    fard->unwritten = grown;
    fard->unwritten_count += count;
    fard->unwritten_timer.fire = try_again;
    timer_start(&fard->loop, &fard->unwritten_timer, TRY_AGAIN_MS);
    return 0;
}

int revoke_in_store(struct revocation *revocation, const uint32_t *ids, uint32_t count, struct far_error *error)
{
    struct fard *fard = revocation->fard;
    int result = store_remove_capabilities(fard->store, ids, count, error);
    if (!result || remember(fard, ids, count))
        return result;
    fard_log("revocation %u: it cannot be written yet, and is taken back if fard ends before it can: %s",
             revocation->number, result == FARD_REFUSED ? error->text : strerror(-result));
    revocation->reply.unfinished |= FAR_REVOKE_UNWRITTEN;
    return 0;
}

void revoke_store_end(struct fard *fard)
{
    timer_stop(&fard->unwritten_timer);
    free(fard->unwritten);
    fard->unwritten = NULL;
    fard->unwritten_count = 0;
}
