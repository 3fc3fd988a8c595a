# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# What fish would offer: complete.fish COMPLETION LINE. One candidate a line, without what is said of it, sorted.
set -e fish_complete_path # nothing but what is tested
source $argv[1]
complete -C $argv[2] | string replace -r '\t.*' '' | env LC_ALL=C sort -u
