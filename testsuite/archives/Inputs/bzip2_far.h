/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* bzip2 as a service: whole buffers. */
#include <bzlib.h>
#include <farcall/annotate.h>
#include <stdio.h>

/* clang-format off */
far_service(bzip2, 1, 0);

far_op const char *__null_terminated far_lifetime(service) BZ2_bzlibVersion(void);
far_op far_fails(BZ_IO_ERROR)
    int BZ2_bzBuffToBuffCompress(char *far_out __sized_by(*destLen) dest, unsigned int *far_inout destLen,
                                 char *far_in __sized_by(sourceLen) source, unsigned int sourceLen,
                                 int blockSize100k, int verbosity, int workFactor);
far_op far_fails(BZ_IO_ERROR)
    int BZ2_bzBuffToBuffDecompress(char *far_out __sized_by(*destLen) dest, unsigned int *far_inout destLen,
                                   char *far_in __sized_by(sourceLen) source, unsigned int sourceLen,
                                   int small, int verbosity);
