# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# What SQLite's own test programs and its shell do, in $RUN, beside programs in ../bin. Times, and who of several threads
# came first, are left out. Without $FILES, what a service with databases in memory can do.
program() {
  echo "-- $*"
  name=$1
  shift
  $RUN "../../bin/$name" "$@" 2>&1 || echo "ended with $?"
}
untimed() { sed -E 's/\.*[[:space:]]+[0-9]+\.[0-9]+s$//; s/^ +[0-9.]+ wordcount/wordcount/; /elapsed|Microseconds|rate:/d; /^W0/d'; }

program format | cksum
for set in main cte orm fp; do
  program speedtest1 --size 1 --memdb --verify --testset $set | untimed
done
cp "$SOURCE/README.md" .
program wordcount --summary :memory: README.md
program wordcount --all --nocase :memory: README.md | untimed

if [ -n "$FILES" ]; then
  program speedtest1 --size 1 --verify test.db | untimed
  program wordcount --tag words --summary words.db README.md
  program kvtest init kv.db --count 50 --size 2000
  program kvtest stat kv.db
  program kvtest run kv.db --count 100 --blob-api | untimed
  program kvtest run kv.db --count 100 | untimed
  program kvtest export kv.db kv
  cat kv/* | wc -c # random bytes
  program startup init
  program startup run
  program threadtest5 | untimed
  program mptest multi.db "$SOURCE/mptest/multiwrite01.test" | grep Summary
  program dbhash test.db words.db
  program sqldiff --summary "$PWD/test.db" "$PWD/words.db" | sed 1d
fi
printf 'x,y\n1,"a b"\n2,c\n' >in.csv
echo "-- shell"
$RUN sqlite3 <../../shell.sql || echo "ended with $?"
