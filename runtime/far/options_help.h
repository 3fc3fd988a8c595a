/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What --help prints, from a command's table. */
#ifndef FARCALL_FAR_OPTIONS_HELP_H
#define FARCALL_FAR_OPTIONS_HELP_H

#include "runtime/far/options.h"

extern const struct option_row option_help; /* --help and -h, which every command has */

static inline bool option_is_row(const struct option_row *row)
{
    return row->name || row->letter;
}

void options_help(const struct command_line *line, FILE *out);

#endif
