#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# grown.sh BUILD DIRECTORY CC…: service grown, versions v0.seg (1.0), v1.seg and v2.seg (1.1), the clients hammer and look, and
# version.sh, which makes further versions: NAME MINOR LIKE FLAGS…; FARLD_OPTIONS.
set -eu
build=$1 dir=$2
shift 2
here=$(cd "$(dirname "$0")" && pwd)
rm -rf "$dir"
mkdir -p "$dir"
cd "$dir"
chmod 755 .
cat >version.sh <<END
set -e
name=\$1 minor=\$2 like=\$3
shift 3
"$build/bin/farcc" -O1 -DMINOR=\$minor -DVERSION=\${name#v} "\$@" -c "$here/grown.c" -o \$name.o
"$build/bin/farld" \${FARLD_OPTIONS-} -o \$name.seg \$name.o \${like:+--like=\$like}
END
sh version.sh v0 0 ""
sh version.sh v1 1 v0.seg -DGROWN=1
sh version.sh v2 1 v1.seg -DGROWN=2 2>v2.notes
compile() { # NAME MINOR CC…
    name=$1 minor=$2
    shift 2
    "$build/bin/far" implib v$minor.seg -o libgrown$minor.so
    "$@" -O1 -DMINOR=$minor -I"$here/../../../include" -I"$here" "$here/grown-client.c" -o $name -L. -lgrown$minor \
      -L"$build/lib" -lfarcall -Wl,-rpath,"$dir" -Wl,-rpath,"$build/lib" -lpthread
}
compile hammer 0 "$@"
compile look 1 "$@"
