# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# attach.sh FAR: a client that waits, gdb on the host, the client goes on when gdb waits for it.
"$1" register dbg.seg >/dev/null
mkfifo go
./steps < go > out 2>&1 &
exec 3>go
"$1" gdb --host dbg -nx -batch -ex "set debuginfod enabled off" -ex far-services -ex "break dbg_pid" -ex "shell echo >&3" \
  -ex continue -ex bt -ex continue -ex detach
wait $!
cat out
