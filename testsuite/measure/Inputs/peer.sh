#!/bin/sh
# A peer (testsuite/bench/peers/peer.h) whose numbers are known: the next line each time of $FAKE_LINES/WAY-CASE, of which the first
# answers the question how many calls a slice is to have. Without that file it says that it cannot do this.
lines=$FAKE_LINES/$BENCH_WAY-$1
[ -f "$lines" ] || { echo "$(basename "$0"): not carried" >&2; exit 69; }
echo "$BENCH_WAY $*" >>"$FAKE_LINES/order"
sed -n "$(grep -c "^$BENCH_WAY $1 " "$FAKE_LINES/order")p" "$lines"
