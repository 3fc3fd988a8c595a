#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# lying-prefix.sh BUILD DIR HOST: a PREFIX in DIR with the built fard and far, and HOST for its far-host.
set -eu
rm -rf "$2"
mkdir -p "$2/bin"
cp "$1/bin/fard" "$1/bin/far" "$2/bin/"
cp "$3" "$2/bin/far-host"
chmod -R a+rX "$2"
