#!/bin/sh
# usage: check-flow.sh ROOT FILE.md: every path in it must exist, and every path:function name something in that file.
root=$1 status=0
for reference in $(grep -oE '[a-z-]+(/[a-z0-9_-]+)+\.[a-zA-Z]+(:[a-z_0-9]+)?' "$2" | sort -u); do
  file=${reference%%:*} name=${reference#*:}
  if [ ! -f "$root/$file" ]; then
    echo "$file does not exist"
    status=1
  elif [ "$name" != "$reference" ] && ! grep -qw -- "$name" "$root/$file"; then
    echo "$name is not in $file"
    status=1
  fi
done
exit $status
