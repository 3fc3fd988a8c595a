#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# usage: run-examples.sh PREFIX BUILD, under a fard of its own: register what BUILD has, and run its clients.
set -eu
far=$1/bin/far
"$far" register "$2/kv.seg" --trust "uid:$(id -u)" >&2
"$far" register "$2/zlib.seg" --trust "uid:$(id -u)" >&2
"$2/colours"
"$far" run --level none "$2/colours"
"$2/roundtrip" "$0"
