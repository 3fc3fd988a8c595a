#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# with-nodes.sh BUILD COUNT [--loopback | --proxy] SCRIPT ARGUMENTS…: the script has the functions of nodes.sh; a command of it that fails ends it.
set -u
build=$1 count=$2 kind=
shift 2
case $1 in --*) kind=$1 && shift ;; esac
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export PYTHONDONTWRITEBYTECODE=1
# shellcheck source=testsuite/net/Inputs/nodes.sh
. "$here/nodes.sh"
nodes_begin "$build" "$count" "$kind"
script=$1
shift
set -e
# shellcheck disable=SC1090
. "$script"
