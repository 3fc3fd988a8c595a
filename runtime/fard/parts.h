/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* From a checked segment to a service: everything that domains will map, as memfds (protocol.h, enum far_bind_fd). */
#ifndef FARCALL_PARTS_H
#define FARCALL_PARTS_H

#include "runtime/fard/registry.h"

/* What a service is made from; strings and rules are copied. */
struct service_order {
    const struct far_segment *segment;
    const char *name; /* NULL or empty: as the interface record says */
    const struct far_rule *rules;
    uint32_t rule_count;
    const char *subjects; /* that the rules refer to */
    uint32_t subject_bytes;
    const char *shippings; /* as service_ship() */
    uint32_t shipping_count;
    const struct host_settings *settings; /* NULL: nothing was said */
    uint32_t host_uid;
    bool away; /* its host is on another node, where its needs were checked */
};

/*
 * First half, before a range is taken: name, interface, shipping, policy, needs. Nothing is created outside *out.
 * Second half, once service->id and service->range are set: place, relocate, create the memfds.
 * Both return 0, FARD_REFUSED or a negative errno; *out is the caller's to free, also after the second half has failed.
 */
int service_from_segment(const struct service_order *order, const struct registry *registry, struct service **out,
                         struct far_error *error);
/* The half of the second half that each machine has of its own. data: the data part's memory, to be filled in; NULL: it is
 * filled in already. */
int executable_materialise(const struct service *service, struct executable *executable,
                           const struct far_segment *segment, const struct registry *registry, uint8_t *data,
                           struct far_error *error);
/* The same of a service on another node: what a client of level none maps, and nothing else. */
int executable_materialise_away(const struct service *service, struct executable *executable,
                                const struct far_segment *segment, struct far_error *error);
/* Bytes of the memory that is its data and heap. */
uint64_t service_data_size(const struct far_segment *segment);
int service_materialise(struct service *service, const struct far_segment *segment, const struct registry *registry,
                        struct far_error *error);

#endif
