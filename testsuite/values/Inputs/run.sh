# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# run.sh: the client by a branch, at the level read, and at none, each under a uid of its own.
$FAR register v.seg --trust uid:64011 --read uid:64012
as() { setpriv --reuid "$1" --regid "$1" --clear-groups ./client "$2" ${3:-}; }
as 64011 branch
as 64012 read trap
as 64013 none trap
