/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * USDT probes, provider farcall: a nop each, and a note in the file that says where it lies and where its arguments are
 * (.note.stapsdt), which perf, bpftrace and gdb read. docs/observing.md lists them. Where <sys/sdt.h> is not installed
 * there are none.
 */
#ifndef FARCALL_PROBES_H
#define FARCALL_PROBES_H

#if defined(__has_include)
#if __has_include(<sys/sdt.h>)
#define SDT_USE_VARIADIC        1
#define STAP_SDT_ARG_CONSTRAINT nr /* in registers: "nor" makes clang write them to the stack for nothing */
#include <sys/sdt.h>
#define FAR_PROBES 1
#endif
#endif

#ifdef FAR_PROBES
#define FAR_PROBE(name, ...) STAP_PROBEV(farcall, name, __VA_ARGS__)
#else
#define FAR_PROBE(name, ...) ((void)0)
#endif

#endif
