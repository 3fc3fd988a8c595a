#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# build.sh WORK CC ROOT BUILD: the programs `attacks` and `cycles`, and the libraries that they load, in WORK. The gate is in a shared library, as
# it is in libfarcall.so: near the dynamic linker, where jumps reach it.
set -eu
work=$1 cc=$2 root=$3 build=$4
mkdir -p "$work"
cd "$work"
work=$(pwd)
inputs=$root/testsuite/pku/Inputs
options="-std=gnu17 -O2 -g -Wall -Wextra -Werror -D_GNU_SOURCE -fPIC -I$root -I$root/include"
$cc $options -fstack-protector-all -c "$inputs/inside.c" -o inside.o
for name in attacks cycles; do
  $cc $options -shared -Wl,-z,defs "$inputs/$name"*.c inside.o -o lib$name.so -L"$build/lib" -lfarcallcore -lfarnet -lfarrecord -lfarstub \
    -lpthread
  echo 'int check_all(int, char **); int main(int argc, char **argv) { return check_all(argc, argv); }' |
    $cc -x c - -o $name -L. -l$name -Wl,-rpath,"$work"
done
for name in clean stray; do
  { [ $name = clean ] || echo wrpkru; echo ret; echo '.section .note.GNU-stack,"",@progbits'; } |
    $cc -shared -x assembler - -o lib$name.so
done
