/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* far map --html: the address window and each segment's parts, to scale, as one page that needs nothing else. */
#ifndef FARCALL_FAR_REGISTRY_MAP_HTML_H
#define FARCALL_FAR_REGISTRY_MAP_HTML_H

#include "runtime/far/registry_client.h"

#include <stdio.h>

/* Asks fard and writes the page to `out`. Returns 0 or an exit code; what went wrong is printed. */
int map_html(struct fard_connection *connection, const struct far_status_reply *status, FILE *out);

#endif
