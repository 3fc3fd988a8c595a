# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
$FAR register x86-64.seg --trust all
$FAR register aarch64.seg --machine aarch64
echo together
$ARM aarch64/client churn >1.txt &
$ARM aarch64/client churn >2.txt &
x86-64/client churn >3.txt
wait
cat 1.txt 2.txt 3.txt
for i in 1 2 3 4 5; do
  $ARM aarch64/client forever >started.txt &
  victim=$!
  until grep -q churning started.txt; do :; done
  x86-64/client churn &
  kill -KILL $victim
  wait
  rm started.txt
done 2>/dev/null
x86-64/client sum
