#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# vm.sh WORK CC COMMANDS [FILE…]: run a shell script in a machine that has protection keys.
#
# Few machines have them, so this one is QEMU's, translated in software (`-cpu max`: /dev/kvm is not used, and not
# needed), with Debian's cloud kernel. It boots in about three seconds; what takes longest is the boot, so one script does many
# checks. WORK is a directory for what this needs, CC compiles the machine's first process, COMMANDS is the script, and each FILE
# is put into the machine's /bin (NAME=FILE: as NAME; a name that starts with / is the whole path), with the shared libraries
# that it names. The machine has two processors, 768 MiB of memory, no disk and no network.
#
# The script's output comes out here as it was written; the exit status is the script's. What the kernel said is in WORK/console.
# 75: the machine did not come to its end in time; 69: no QEMU or no kernel here.
set -eu
limit=${FARCALL_VM_SECONDS:-100}
work=$1 cc=$2 commands=$3
shift 3
here=$(dirname "$0")

kernel=$(ls -v /boot/vmlinuz-*-cloud-amd64 2>/dev/null | tail -n 1)
if [ -z "$kernel" ] || ! command -v qemu-system-x86_64 >/dev/null; then
  echo "vm.sh: qemu-system-x86 and linux-image-cloud-amd64 are needed" >&2
  exit 69
fi

rm -rf "$work/root"
mkdir -p "$work/root/bin" "$work/root/lib64"

# put NAME FILE: and every shared library that it is loaded with, where it was found.
put() {
  case $1 in
  /*) to=$work/root$1 ;;
  *) to=$work/root/bin/$1 ;;
  esac
  mkdir -p "$(dirname "$to")"
  cp -L "$2" "$to"
  { ldd "$2" 2>/dev/null || true; } | grep -oE '/[^ ]+' | while read -r library; do
    [ -e "$work/root$library" ] && continue
    mkdir -p "$work/root$(dirname "$library")"
    cp -L "$library" "$work/root$library"
  done
}

for tool in sh cat sed grep id sleep mkdir kill; do
  found=$(command -v "$tool" || true)
  case $found in
  /*) put "$tool" "$found" ;;
  *) [ -x "/bin/$tool" ] && put "$tool" "/bin/$tool" ;;
  esac
done
for file in "$@"; do
  case $file in
  *=*) put "${file%%=*}" "${file#*=}" ;;
  *) put "$(basename "$file")" "$file" ;;
  esac
done
cp "$commands" "$work/root/commands"
$cc -O1 -static -o "$work/root/init" "$here/init.c"
(cd "$work/root" && find . | LC_ALL=C sort | cpio --quiet -o -H newc) >"$work/initramfs"

: >"$work/output"
status=0
timeout -k 5 "$limit" qemu-system-x86_64 -accel tcg -cpu max -smp 2 -m 768 -nodefaults -no-user-config -display none -no-reboot \
  -kernel "$kernel" -initrd "$work/initramfs" -serial "file:$work/console" -serial "file:$work/output" \
  -append "console=ttyS0 loglevel=4 panic=-1 random.trust_cpu=on" ${FARCALL_VM_OPTIONS:-} || status=$?

sed -e '/^vm: exit [0-9]*$/d' "$work/output"
ended=$(sed -n 's/^vm: exit \([0-9]*\)$/\1/p' "$work/output" | tail -n 1)
if [ -z "$ended" ]; then
  echo "vm.sh: the machine ended with $status before its script did; the kernel's last words:" >&2
  tail -n 15 "$work/console" >&2
  exit 75
fi
exit "$ended"
