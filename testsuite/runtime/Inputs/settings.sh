#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# usage: settings.sh FAR BUILD; the client of docs/examples/kv says what it was granted.
client=$2/examples/kv/client
"$1" register "$2/examples/kv/kv.seg" --trust "user:$(id -un)" >/dev/null || exit
say() { printf '%s: ' "$1"; shift; env "$@" "$client" 2>&1 | grep -o 'rights: [a-z]*'; }
fail() { env "$@" "$client"; echo "exit $?"; }
say plain A=b
say 'level read' FARCALL_LEVEL=read
say 'level none' FARCALL_LEVEL=none
say 'untrusted kv' FARCALL_UNTRUSTED=kv
say 'untrusted list' FARCALL_UNTRUSTED=zlib,kv,other
say 'untrusted other' FARCALL_UNTRUSTED=kvx,k,xkv
say 'untrusted and none' FARCALL_UNTRUSTED='*' FARCALL_LEVEL=none
fail FARCALL_LEVEL=root
fail FARCALL_SPIN=fast
fail FARCALL_SOCKET=/nowhere/socket
fail FARCALL_SOCKET="/$(printf '%0120d' 0)"
