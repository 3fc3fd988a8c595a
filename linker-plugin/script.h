/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Between script.c, the linker script, and script_short.c, which writes it where lld's own grouping of sections will do. */
#ifndef FARLD_SCRIPT_H
#define FARLD_SCRIPT_H

#include "linker-plugin/farld.h"

/* Where a part starts without --like, as an expression: behind the room for another machine's. */
const char *script_start(struct link *link, enum far_part part);

/* The two places for variables of later versions; behind one, the other part of the data begins. */
void script_write_room(const struct link *link, FILE *out, const char *section);

/* A name that lld gives to a place of the image where there is no full script. */
bool script_is_lld_symbol(const char *name);
bool script_short_fits(const struct link *link);
void script_short_write(struct link *link, FILE *out);

#endif
