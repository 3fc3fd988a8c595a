/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The build id, the SHA-256 of all that is in the file. Most of the file is settled before its end is written: that much of
 * a large one is digested by a thread of its own meanwhile. It reads the image and writes nothing but its own state.
 */
#include "linker-plugin/sign.h"
#include "linker-plugin/farld.h"

#include <pthread.h>
#include <stdlib.h>
#include <sysexits.h>

#include "runtime/format/digest.h"

#define WORTH_A_THREAD ((size_t)8 << 20) /* on a busy machine a thread may start late */

struct signature {
    struct segment_digest_run *run;
    const uint8_t *kept;
    size_t kept_size;
    pthread_t thread;
    bool has_thread;
};

/* What libcrypto does at its first use takes as long as the digest of a small segment. */
void sign_prepare(void)
{
    static const uint8_t nothing[SEGMENT_DIGEST_SIZE];
    uint8_t digest[SEGMENT_DIGEST_SIZE];

    segment_digest(nothing, sizeof nothing, 0, digest);
}

static void *digest_kept(void *argument)
{
    struct signature *signature = argument;

    segment_digest_more(signature->run, signature->kept, signature->kept_size);
    return NULL;
}

struct signature *sign_start(struct link *link, const uint8_t *kept, size_t size)
{
    struct signature *signature = arena_allocate(&link->arena, sizeof *signature);

    *signature = (struct signature){.run = segment_digest_begin(), .kept = kept, .kept_size = size};
    if (signature->run && size >= WORTH_A_THREAD)
        signature->has_thread = !pthread_create(&signature->thread, NULL, digest_kept, signature);
    return signature;
}

static void finish_kept(struct signature *signature)
{
    if (signature->has_thread)
        pthread_join(signature->thread, NULL);
    else if (signature->run)
        digest_kept(signature);
}

int sign_finish(struct link *link, struct signature *signature, uint8_t *bytes, size_t size, size_t build_id)
{
    size_t kept = signature->kept_size, after = build_id + SEGMENT_DIGEST_SIZE;
    struct segment_digest_run *run = signature->run;

    finish_kept(signature);
    if (run) {
        segment_digest_more(run, bytes + kept, build_id - kept);
        segment_digest_hole(run);
        segment_digest_more(run, bytes + after, size - after);
    }
    if (!run || segment_digest_end(run, bytes + build_id))
        return error_add(&link->errors, EX_SOFTWARE, "libcrypto cannot compute a SHA-256");
    return 0;
}

void sign_abandon(struct signature *signature)
{
    uint8_t digest[SEGMENT_DIGEST_SIZE];

    finish_kept(signature);
    if (signature->run)
        segment_digest_end(signature->run, digest);
}
