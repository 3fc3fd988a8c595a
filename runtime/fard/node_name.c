/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/fard/node_name.h"
#include "runtime/protocol.h"

#include <string.h>

bool node_name_is_sound(const char *name, size_t size)
{
    size_t length = strnlen(name, size);
    return length > 0 && length < size && length < FAR_NODE_NAME_MAX &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789.-") == length && name[0] != '.' && name[0] != '-';
}
