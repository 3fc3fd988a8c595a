#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# The service that talks, and a client of it: make-talk.sh BUILD COMPILER FOLDER makes FOLDER/talk.seg and FOLDER/client.
set -e
build=$1 compiler=$2 folder=$3 inputs=$(dirname "$0")
rm -rf "$folder"
mkdir -p "$folder"
"$build/bin/farcc" -O1 -c "$inputs/talk.c" -o "$folder/talk.o"
"$build/bin/farld" -o "$folder/talk.seg" "$folder/talk.o"
"$build/bin/far" implib "$folder/talk.seg" -o "$folder/libtalk.so"
# shellcheck disable=SC2086
$compiler -O1 -I"$inputs/../../../include" "$inputs/talk-client.c" -o "$folder/client" -L"$folder" -ltalk "-Wl,-rpath,$folder"
