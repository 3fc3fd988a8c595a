/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#ifndef FARCALL_NET_TRANSPORT_LIBRARY_H
#define FARCALL_NET_TRANSPORT_LIBRARY_H

#include "runtime/net/transport.h"

/* libfarcall-WORD.so, loaded and prepared. NULL and *error: it is not installed, or does not fit. */
const struct transport_kind *transport_library(enum wire_transport number, struct far_error *error);

#endif
