/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The build id of a segment, computed while its end is written. */
#ifndef FARLD_SIGN_H
#define FARLD_SIGN_H

#include <stddef.h>
#include <stdint.h>

struct link;
struct signature;

void sign_prepare(void); /* while there is time */
/* The first `size` bytes of the file, which nobody changes until sign_finish() or sign_abandon(), whichever it is. */
struct signature *sign_start(struct link *link, const uint8_t *kept, size_t size);
/* All its bytes; the build id stands at `build_id`, behind the kept ones. */
int sign_finish(struct link *link, struct signature *signature, uint8_t *bytes, size_t size, size_t build_id);
void sign_abandon(struct signature *signature);

#endif
