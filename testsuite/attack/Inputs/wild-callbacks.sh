#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# All of wild-callbacks.c, one after the other.
set -e
"$FAR" register cb.seg > /dev/null
printf "%s\n" "#!/bin/sh" "exec ./client jumping > /dev/null" > other
chmod 755 other
for what in jumping signalled forking ending "kept ./other"; do
  # shellcheck disable=SC2086
  setpriv --reuid 64011 --regid 64011 --clear-groups ./client $what
done
