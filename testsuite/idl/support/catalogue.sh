#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# catalogue.sh FARIDL ERRORS.md FOLDER: every mistake in the catalogue must be answered with its number, and its cure must
# not be. Examples are completed to a header: what they leave out (include, service, types they name) is put around them.
faridl=$1 errors=$2 folder=$3
rm -rf "$folder" && mkdir -p "$folder" || exit 1
awk -v folder="$folder" '
    /^## FC-/ { number = substr($2, 4); kind = "" }
    /^Mistake:/ { kind = "bad" }
    /^Cure:/ { kind = "good" }
    /^    / && number && kind { print substr($0, 5) > (folder "/" number "." kind) }
' "$errors"
bad=0
for example in "$folder"/*.bad "$folder"/*.good; do
    number=$(basename "${example%.*}")
    case $number in 0030 | 0065 | 02??) continue ;; esac # not spelled out in full, or the pass's: tests of their own
    header=$example.h
    {
        grep -q annotate.h "$example" || echo '#include <farcall/annotate.h>'
        grep -q 'uint32_t\|"kv;' "$example" || echo '#include <stddef.h>'
        case $number in 0010 | 0011 | 0012 | 0013 | 0014) ;; *) echo 'far_service(test, 1, 0);' ;; esac
        case $number in 0006 | 0008) ;; *) echo 'struct point { int x, y; }; struct what { int a; }; struct kv_node { int x; };' ;; esac
        cat "$example"
        grep -q far_op "$example" || [ "$number" = 0014 ] || echo 'far_op int test_null(void);'
    } > "$header"
    "$faridl" "$header" > "$header.out" 2>&1
    code=$?
    case $example in
    *.bad) [ $code = 65 ] && grep -q "\[FC-$number\]" "$header.out" ||
        { echo "FC-$number: its mistake is not answered with it"; cat "$header.out"; bad=1; } ;;
    *.good) [ $code = 0 ] || { echo "FC-$number: its cure is refused"; cat "$header.out"; bad=1; } ;;
    esac
done
[ $bad = 0 ] && echo "all mistakes and cures agree: $(ls "$folder"/*.bad | wc -l)"
exit $bad
