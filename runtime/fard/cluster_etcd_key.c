/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Keys in etcd, and the base64 that its gateway has them in. */
#include "runtime/fard/cluster_etcd_text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* What would not fit is cut off: no sound name is so long. */
static struct etcd_key join(const char *folder, const char *rest)
{
    struct etcd_key key;
    size_t first = strnlen(folder, sizeof key.text - 1), second = strnlen(rest, sizeof key.text - 1 - first);
    memcpy(key.text, folder, first);
    memcpy(key.text + first, rest, second);
    key.text[first + second] = 0;
    return key;
}

struct etcd_key etcd_key(const char *text)
{
    return join(text, "");
}

struct etcd_key etcd_key_behind(const char *folder)
{
    struct etcd_key key = join(folder, "");
    key.text[strlen(key.text) - 1]++; /* '/' or '@', which are followed by a letter or digit */
    return key;
}

struct etcd_key etcd_key_node(const char *node)
{
    return join(ETCD_NODES, node);
}

struct etcd_key etcd_key_name_folder(const char *name)
{
    struct etcd_key key;
    snprintf(key.text, sizeof key.text, ETCD_NAMES "%s@", name);
    return key;
}

struct etcd_key etcd_key_name(const char *name, uint32_t major)
{
    struct etcd_key key;
    snprintf(key.text, sizeof key.text, ETCD_NAMES "%s@%05u", name, major);
    return key;
}

struct etcd_key etcd_key_gone(const char *name, uint32_t major)
{
    struct etcd_key key;
    snprintf(key.text, sizeof key.text, ETCD_GONE "%s@%05u", name, major);
    return key;
}

struct etcd_key etcd_key_address(const char *folder, uint64_t address)
{
    struct etcd_key key;
    snprintf(key.text, sizeof key.text, "%s%016llx", folder, (unsigned long long)~address);
    return key;
}

struct etcd_key etcd_key_next(const struct etcd_key *key)
{
    return join(key->text, " "); /* no key of ours has anything so small in it */
}

static int digit_of(char letter)
{
    if (letter >= 'A' && letter <= 'Z')
        return letter - 'A';
    if (letter >= 'a' && letter <= 'z')
        return letter - 'a' + 26;
    if (letter >= '0' && letter <= '9')
        return letter - '0' + 52;
    return letter == '+' ? 62 : letter == '/' ? 63 : -1;
}

/* Four letters into up to three bytes: how many, or -EPROTO. */
static int decode_group(const char letter[4], bool last, char out[3])
{
    uint32_t bits = 0;
    int letters = 4;
    while (last && letters > 2 && letter[letters - 1] == '=')
        letters--;
    for (int i = 0; i < 4; i++) {
        int digit = i < letters ? digit_of(letter[i]) : 0;
        if (digit < 0)
            return -EPROTO;
        bits = bits << 6 | (uint32_t)digit;
    }
    int bytes = letters - 1;
    if (bits & ((1u << (24 - 8 * bytes)) - 1))
        return -EPROTO;
    for (int i = 0; i < bytes; i++)
        out[i] = (char)(bits >> (16 - 8 * i));
    return bytes;
}

long etcd_base64_decode(const char *text, size_t size, char *out, size_t room)
{
    size_t filled = 0;
    if (size % 4)
        return -EPROTO;
    for (size_t at = 0; at < size; at += 4) {
        char group[3];
        int bytes = decode_group(text + at, at + 4 == size, group);
        if (bytes < 0 || (size_t)bytes > room - filled)
            return -EPROTO;
        memcpy(out + filled, group, (size_t)bytes);
        filled += (size_t)bytes;
    }
    return (long)filled;
}
