/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * What a domain maps, as bytes: stub pages composed slot by slot, and the image after the relocation commands that one
 * node applies once (REBASE, STUB, BIND). No I/O and no encoding of instructions: a stub is copied from one of the four
 * tables that farld wrote (docs/decisions.md).
 */
#ifndef FARCALL_IMAGE_H
#define FARCALL_IMAGE_H

#include "runtime/fard/registry.h"

/* Bytes of the stub pages and of the image (from the segment's first byte to the end of the linkage part). */
size_t image_stubs_size(const struct far_segment *segment);
size_t image_size(const struct far_segment *segment);

/* Compose both stub parts for a kind of domain. iface says, by its flags, where each operation lives. */
void image_compose_stubs(const struct far_segment *segment, const struct far_iface *iface,
                         enum stub_kind_of_domain kind, uint8_t *bytes);

/* Where a segment's parts lie once it has a range, which starts at base. */
void image_place(const struct far_segment *segment, uint64_t base, struct executable *executable);

/*
 * Apply REBASE, STUB and BIND to image (image_size() bytes, const and linkage filled in) and data (the data part,
 * filled in; NULL: leave it alone, another executable of the service has filled it). BIND asks `registry`. Returns 0, FARD_REFUSED, or -EINVAL for a stream that segment_check() should have
 * refused.
 */
struct image_target {
    const struct far_segment *segment;
    const struct service *service; /* placed, with its interface record */
    const struct far_iface *iface; /* of this executable, which may be a version with more operations */
    uint8_t *image;
    uint8_t *data;
};
int image_relocate(const struct image_target *target, const struct registry *registry, struct far_error *error);

/* CHECK commands against what is registered; fills in service->needs, and service->awaits with what is not. Returns 0, FARD_REFUSED or -ENOMEM. */
int image_check_needs(const struct far_segment *segment, struct service *service, const struct registry *registry,
                      struct far_error *error);

#endif
