#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Debian's zlib in a segment, in the place of Debian's libz.so.1, as docs/examples/zlib/README.md says it: the files of
# gzopen() and its like stay the client's. zlib.sh BUILD FOLDER, in a folder of its own.
set -e
archive=/usr/lib/x86_64-linux-gnu/libz.a
ar x $archive gzlib.o gzread.o gzwrite.o gzclose.o
parts=$(dirname "$0")/../../../docs/examples/zlib
clang -O2 -fPIC -c "$parts/client_stream.c" -o client_stream.o
clang -O2 -fPIC -c "$parts/client_crc.c" -o client_crc.o
FARCALL_ISOLATE_PATH=$2 "$1/bin/far" implib "$1/examples/zlib/zlib.seg" --isolate --like /lib/x86_64-linux-gnu/libz.so.1 \
  --with client_stream.o --with client_crc.o --with gzlib.o --with gzread.o --with gzwrite.o --with gzclose.o
