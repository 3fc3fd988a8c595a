/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The standard streams of a program that somebody started without them. */
#ifndef FARCALL_STREAMS_H
#define FARCALL_STREAMS_H

/*
 * The first thing in main(): a closed descriptor 0, 1 or 2 would be the number of the next file that is opened, and what is
 * meant for people would be written into that. They stay as useless as they were: writing is an error.
 */
void streams_occupy(void);

#endif
