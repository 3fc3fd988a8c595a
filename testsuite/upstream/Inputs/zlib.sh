# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# What zlib's own test programs and examples do, in $RUN, beside programs in ../bin and zlib's source in $SOURCE.
say() { echo "-- $*"; }
program() {
  say "$@"
  name=$1
  shift
  $RUN "../bin/$name" "$@" 2>&1 || echo "ended with $?"
}
cp "$SOURCE/deflate.c" "$SOURCE/inflate.c" "$SOURCE/trees.c" .
program example example.gz
gzip -dc example.gz | od -c

for option in -1 -6 -9 -f -h -R; do # levels and strategies, and back
  cp deflate.c copy.c
  program minigzip $option copy.c
  cksum <copy.c.gz
  cp copy.c.gz "level$option.gz"
  program minigzip -d copy.c.gz
  cmp copy.c deflate.c
done
say minigzip, a filter
$RUN ../bin/minigzip <trees.c >trees.gz
$RUN ../bin/minigzip -d <trees.gz | cmp - trees.c
cksum <trees.gz

say zpipe
$RUN ../bin/zpipe <inflate.c >inflate.z && $RUN ../bin/zpipe -d <inflate.z | cmp - inflate.c
program gzappend trees.gz inflate.c
gzip -dc trees.gz | cksum
say gzjoin, gznorm, gun, fitblk
$RUN ../bin/gzjoin level-9.gz level-1.gz | gzip -dc | cksum
$RUN ../bin/gznorm <level-6.gz | cksum
$RUN ../bin/gun <level-9.gz | cmp - deflate.c
$RUN ../bin/fitblk 1000 <trees.c 2>&1 >block | cat
cksum <block
program zran level-6.gz | cksum
TZ=UTC touch -d 2020-01-01T00:00:00 deflate.c inflate.c trees.c
program minizip -9 -o all.zip deflate.c inflate.c trees.c | grep -v %
cksum <all.zip
mkdir out && program miniunz all.zip -d out
for file in deflate.c inflate.c trees.c; do cmp $file out/$file; done
# It looks into the stream, and has it allocated from memory that it watches: by branch only.
case $RUN in
*--level\ trusted* | '') program infcover >"../infcover.${RUN:+service}" ;;
esac
program infpart | sed 's/ [0-9]* \(high water mark\)/ \1/'
