# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# record.sh FAR: perf record, perf report. In containers the kernel often forbids it.
if perf record -e cpu-clock -o data "$1" run --perf ./busy 300 >out 2>&1; then
  perf report -i data --stdio 2>/dev/null | grep -E '%.*dbg\.'
else
  echo "perf cannot be used here: $(tail -1 out)"
fi
rm -f /tmp/perf-"$(sed -n 's/^pid //p' out)".map
