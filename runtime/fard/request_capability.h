/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What fard believes about packets that speak of capabilities; as request.h. */
#ifndef FARCALL_REQUEST_CAPABILITY_H
#define FARCALL_REQUEST_CAPABILITY_H

#include "runtime/fard/error.h"
#include "runtime/fard/manage.h"

int protocol_check_present(const struct far_message *message, const struct far_present **request,
                           struct far_error *error);
int protocol_check_revoke_done(const struct far_message *message, const struct far_revoke_done **request,
                               struct far_error *error);
int protocol_check_capability_grant(const struct far_message *message, const struct far_capability_request **request,
                                    struct far_error *error);
int protocol_check_capability_narrow(const struct far_message *message, const struct far_capability_request **request,
                                     struct far_error *error);
int protocol_check_capability_revoke(const struct far_message *message, const struct far_capability_revoke **request,
                                     struct far_error *error);

#endif
