// What is no double fetch is not reported, at any level.
// RUN: rm -rf %t && split-file %s %t && cd %t
// RUN: %farcc -O0 -Werror -c calm.c -o 0.o 2>&1 | count 0
// RUN: %farcc -O2 -Werror -c calm.c -o 2.o 2>&1 | count 0

//--- calm.h
#include <farcall/annotate.h>
#include <stddef.h>
struct msg {
    unsigned kind, len;
    unsigned char bytes[64];
};
struct state;
struct asks {
    struct state *far_handle state;
};
far_service(calm, 1, 0);
far_op int calm_both_ways(const struct msg *m);
far_op int calm_constants(const struct msg *m);
far_op int calm_elements(const unsigned char *__sized_by(n) bytes, size_t n);
far_op int calm_handle(struct state *far_handle s);
far_op int calm_inside(const struct asks *a);
far_op int calm_loop(const struct msg *m);
far_op int calm_once(const struct msg *m);
far_op int calm_other_member(const struct msg *m);
far_op int calm_string(const char *__null_terminated name);
far_op int calm_walk(const char *__null_terminated name);
far_op int calm_written(struct msg *far_inout m);
far_op int calm_written_by_callee(struct msg *far_inout m);
//--- calm.c
#include "calm.h"
#include <string.h>
static unsigned char store[64];
static unsigned total;
struct state {
    unsigned len;
};
void outside(struct msg *m);

/* Read once, used often. */
int calm_once(const struct msg *m)
{
    unsigned len = m->len;

    if (len > sizeof store)
        return -1;
    memcpy(store, m->bytes, len);
    return (int)len;
}

/* Whichever way is taken, it is read once on it; or read on both, and nothing was decided. */
int calm_both_ways(const struct msg *m)
{
    if (total)
        return (int)m->len;
    total = m->len;
    return (int)m->kind;
}

/* Only compared with constants. */
int calm_constants(const struct msg *m)
{
    if (m->kind == 1)
        return 1;
    if (m->kind == 2)
        return 2;
    return m->kind == 3 ? 3 : 0;
}

/* Other bytes each time. */
int calm_elements(const unsigned char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (bytes[i])
            total += i;
    }
    for (size_t i = 1; i < n; i++)
        total += bytes[i] > bytes[i - 1];
    return 0;
}

/* The service's own memory. */
int calm_handle(struct state *s)
{
    if (s->len > sizeof store)
        return -1;
    store[s->len - 1] = 0;
    return 0;
}
int calm_inside(const struct asks *a)
{
    struct state *s = a->state;

    if (s->len > sizeof store)
        return -1;
    store[s->len - 1] = 0;
    return 0;
}

/* One read, checked again each time. */
int calm_loop(const struct msg *m)
{
    for (unsigned i = 0; i < m->len; i++)
        total += i;
    return 0;
}

int calm_other_member(const struct msg *m)
{
    if (m->len > 3)
        return (int)m->kind;
    return 0;
}

/* The length that was measured is the one that counts. */
int calm_string(const char *name)
{
    size_t length = strlen(name);

    if (length > sizeof store)
        return -1;
    memcpy(store, name, length);
    return 0;
}
int calm_walk(const char *name)
{
    int sum = 0;

    while (*name)
        sum += *name++;
    return sum;
}

/* Written by ourselves in between. */
int calm_written(struct msg *m)
{
    if (m->len > sizeof store)
        return -1;
    m->len = 7;
    return (int)m->len;
}
int calm_written_by_callee(struct msg *m)
{
    if (m->len > sizeof store)
        return -1;
    outside(m);
    return (int)m->len;
}
