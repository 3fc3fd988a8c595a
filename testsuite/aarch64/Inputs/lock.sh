# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
cross="$ARM $1/cross" native=$1/native file=$1/shared
for i in 1 2; do
  $cross "$file" add 20000 &
  $native "$file" add 20000 &
done
wait
$native "$file" take
$cross "$file" take
$cross "$file" die
$native "$file" take
$cross "$file" take
$native "$file" die
$cross "$file" take
$native "$file" take
$cross "$file" die
$cross "$file" take
$native "$file" take
