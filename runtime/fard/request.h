/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What fard believes about a packet: nothing until these have looked at it. No I/O; the fuzzer feeds them. */
#ifndef FARCALL_REQUEST_H
#define FARCALL_REQUEST_H

#include "runtime/fard/error.h"
#include "runtime/fard/manage.h"
#include "runtime/import.h"

/*
 * All return 0, or FARD_REFUSED with *error. `message` lies in memory that only fard can change, aligned to 16 bytes.
 * protocol_check_message() must have passed before the others are called.
 */
int protocol_check_message(const void *message, size_t got, struct far_error *error);

int protocol_check_bind(const struct far_message *message, const struct far_bind_request **request,
                        const struct far_import_table **table, struct far_error *error);
int protocol_check_link(const struct far_message *message, const struct far_link_request **request,
                        struct far_error *error);
int protocol_check_open_channel(const struct far_message *message, const struct far_open_channel **request,
                                struct far_error *error);
int protocol_check_close_channel(const struct far_message *message, const struct far_close_channel **request,
                                 struct far_error *error);
int protocol_check_register(const struct far_message *message, const struct far_register_request **request,
                            const struct far_rule **rules, const char **subjects, const char **shippings,
                            struct far_error *error);
int protocol_check_name(const struct far_message *message, const struct far_name_request **request,
                        struct far_error *error);
int protocol_check_segment(const struct far_message *message, const struct far_segment_request **request,
                           struct far_error *error);
int protocol_check_page(const struct far_message *message, const struct far_page_request **request,
                        struct far_error *error);
int protocol_check_domain(const struct far_message *message, const struct far_domain_request **request,
                          struct far_error *error);
int protocol_check_trust(const struct far_message *message, const struct far_trust_request **request,
                         struct far_error *error);
int protocol_check_region(const struct far_message *message, const struct far_region_request **request,
                          struct far_error *error);
int protocol_check_grant(const struct far_message *message, const struct far_grant_request **request,
                         struct far_error *error);
int protocol_check_host_domain(const struct far_message *message, const struct far_host_domain_reply **reply,
                               struct far_error *error);
int protocol_check_top(const struct far_message *message, const struct far_top_request **request,
                       struct far_error *error);
int protocol_check_trace(const struct far_message *message, const struct far_trace_request **request,
                         struct far_error *error);
int protocol_check_explain(const struct far_message *message, const struct far_explain_request **request,
                           const uint32_t **groups, const char **program, struct far_error *error);
int protocol_check_policy(const struct far_message *message, const struct far_policy_request **request,
                          struct far_error *error);
/* A message without a body. */
int protocol_check_empty(const struct far_message *message, struct far_error *error);
/* A host's list of channels. */
int protocol_check_host_channels(const struct far_message *message, const struct far_host_channels **channels,
                                 const struct far_host_channel **channel, struct far_error *error);
/* An error that a host sent: its text made terminated and printable in *out. */
int protocol_check_host_failed(const struct far_message *message, struct far_error *out, struct far_error *error);

#endif
