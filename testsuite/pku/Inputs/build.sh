#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# build.sh WORK CC ROOT BUILD: the program `attacks` and the libraries that it loads, in WORK. The gate is in a shared library, as
# it is in libfarcall.so: near the dynamic linker, where jumps reach it.
set -eu
work=$1 cc=$2 root=$3 build=$4
mkdir -p "$work"
cd "$work"
work=$(pwd)
inputs=$root/testsuite/pku/Inputs
options="-std=gnu17 -O2 -g -Wall -Wextra -Werror -D_GNU_SOURCE -fPIC -I$root -I$root/include"
$cc $options -fstack-protector-all -c "$inputs/inside.c" -o inside.o
$cc $options -shared -Wl,-z,defs "$inputs/attacks.c" inside.o -o libattacks.so -L"$build/lib" -lfarcallcore -lfarrecord \
  -lfarstub -lpthread
echo 'int check_all(int, char **); int main(int argc, char **argv) { return check_all(argc, argv); }' |
  $cc -x c - -o attacks -L. -lattacks -Wl,-rpath,"$work"
for name in clean stray; do
  { [ $name = clean ] || echo wrpkru; echo ret; echo '.section .note.GNU-stack,"",@progbits'; } |
    $cc -shared -x assembler - -o lib$name.so
done
