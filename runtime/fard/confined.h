/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * A host that runs under fard's own uid has that uid's rights everywhere but where its sandbox says otherwise, and so has
 * whatever it starts. It must not manage fard: what fard does, it does outside the sandbox.
 */
#ifndef FARCALL_CONFINED_H
#define FARCALL_CONFINED_H

#include <stdbool.h>

/*
 * Does the process at the other end run under more seccomp filters than we do? They are inherited and never taken off, so all
 * that descends from a sandboxed host does. One that cannot be told is taken for confined.
 */
bool peer_is_confined(int socket);

#endif
