#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# usage: fuzz.sh BUILD SECONDS FUZZER [OPTION…]
# Runs one fuzzer for that long: no crash, leak, undefined behaviour, no input that takes ten seconds or two gigabytes. It
# starts from the seeds and from what earlier runs of `dev fuzz` kept. What it finds stays in BUILD/findings.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$1 seconds=$2 fuzzer=$3
shift 3

options=(-max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1
  -artifact_prefix="$build/findings/$fuzzer-")
seeds=()
case $fuzzer in
fuzz_parse | fuzz_rules)
  options+=(-dict="$build/testsuite-tools/text.dict" -max_len=4000)
  seeds+=("$here/seeds/text")
  ;;
fuzz_policy)
  options+=(-dict="$here/seeds/policy.dict" -max_len=4000)
  seeds+=("$here/seeds/policy")
  ;;
fuzz_etcd)
  options+=(-dict="$here/seeds/etcd.dict" -max_len=4000)
  seeds+=("$here/seeds/etcd")
  ;;
fuzz_literal)
  options+=(-max_len=2000)
  seeds+=("$here/seeds/literal")
  ;;
fuzz_iface) options+=(-max_len=16384) ;;
*) options+=(-max_len=65536) ;;
esac
[ -d "$build/seeds/$fuzzer" ] && seeds+=("$build/seeds/$fuzzer")

export ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1:detect_stack_use_after_return=0
export UBSAN_OPTIONS=print_stacktrace=1
mkdir -p "$build/findings" "$build/corpus/$fuzzer"
log=$build/$fuzzer.log
if ! "$build/testsuite-tools/$fuzzer" "${options[@]}" "$@" "$build/corpus/$fuzzer" "${seeds[@]}" >"$log" 2>&1; then
  echo "$fuzzer found something; the input is in $build/findings, the report in $log:"
  grep -a -v -e '^#' -e NEW_FUNC "$log" | tail -n 60
  exit 1
fi
grep -a 'number_of_executed_units' "$log" | sed "s/^/$fuzzer: /"
