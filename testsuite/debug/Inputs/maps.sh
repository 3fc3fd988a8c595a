# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# maps.sh FAR: what is in the map of a trusted client, of another, where somebody else was first, and without --perf.
far=$1
echo trusted:
"$far" run --perf ./busy
echo none:
"$far" run --perf --level none ./busy
# A shell's number is the program's after exec: the name is known before the program runs.
sh -c 'echo untouched > target; ln -s "$PWD/target" /tmp/perf-$$.map; echo $$ > number; exec "$0" run --perf ./busy 0' "$far" > /dev/null
map=/tmp/perf-$(cat number).map
[ "$(cat target)" = untouched ] && [ -L "$map" ] && echo "a foreign link stays, and is not followed: kept"
rm -f "$map"
printf 'without: '
./busy
