/* clang-format off */
// Memory of the caller's that is read twice, the first time to check it, is reported with both places: at every level, with
// debug information and without, which then does not get into the object. It can be made an error, and left out.
// RUN: rm -rf %t && split-file %s %t && cd %t
// RUN: %farcc -O0 -c mail.c -o 0.o 2>&1 | FileCheck expected
// RUN: %farcc -O1 -c mail.c -o 1.o 2>&1 | FileCheck expected
// RUN: %farcc -O2 -g -c mail.c -o 2.o 2>&1 | FileCheck expected
// RUN: %farcc -O3 -flto -c mail.c -o 3.o 2>&1 | FileCheck expected
// RUN: llvm-readelf -S 1.o | FileCheck expected --check-prefix=DEBUG
// RUN: not %farcc -Werror -c mail.c -o e.o 2>&1 | FileCheck expected --check-prefix=WERROR
// RUN: not %farcc --farcall-error=double-fetch -c mail.c -o e.o 2>&1 | FileCheck expected --check-prefix=ERROR
// RUN: not ls e.o
// RUN: %farcc --farcall-ignore=double-fetch,assembly -Werror -c mail.c -o i.o 2>&1 | count 0
// RUN: not %farcc --farcall-ignore=nothing -c mail.c 2>&1 | FileCheck expected --check-prefix=USAGE

//--- mail.h
#include <farcall/annotate.h>
#include <stddef.h>
struct msg {
    unsigned kind, len;
    unsigned char bytes[64];
    struct msg *far_nullable far_deep next;
};
far_service(mail, 1, 0);
far_op int mail_bound(const struct msg *m);
far_op int mail_callee(const struct msg *m);
far_op int mail_copied(const struct msg *m);
far_op int mail_element(const struct msg *__counted_by(n) m, int n);
far_op int mail_global(struct msg *far_global m);
far_op int mail_header(const struct msg *m);
far_op int mail_name(const char *__null_terminated name);
far_op int mail_room(const unsigned *far_in n);
far_op int mail_whole(const struct msg *m);
//--- mail.c
#include "mail.h"
#include <stdlib.h>
#include <string.h>
static unsigned char store[64];
static char names[64];

int mail_bound(const struct msg *m)
{
    if (m->len > sizeof store) return -1;
    memcpy(store, m->bytes, m->len);
    return 0;
}

// The check in one function, the use in another.
static int fits(const struct msg *m)
{
    return m->len <= sizeof store;
}
static void take(const struct msg *m)
{
    for (unsigned i = 0; i < m->len; i++)
        store[i] = m->bytes[i];
}
int mail_callee(const struct msg *m)
{
    if (!fits(m))
        return -1;
    take(m);
    return 0;
}

// Checked where it lies, used out of a copy made later.
int mail_copied(const struct msg *m)
{
    struct msg own;
    if (m->len <= sizeof store && memcpy(&own, m, sizeof own))
        memcpy(store, own.bytes, own.len);
    return 0;
}

int mail_element(const struct msg *m, int n)
{
    for (int i = 0; i < n; i++) {
        if (m[i].len < sizeof store)
            store[m[i].len] = 0;
    }
    return 0;
}

// Behind a pointer that lies in such memory itself.
int mail_global(struct msg *m)
{
    if (m->next)
        return (int)m->next->kind;
    return 0;
}

// The other way round: a copy is checked, and what was copied is used.
int mail_header(const struct msg *m)
{
    struct msg own;
    memcpy(&own, m, sizeof own);
    if (own.len <= sizeof store)
        memcpy(store, m->bytes, m->len);
    return 0;
}

// A string measured, then copied up to wherever its end may be by then.
int mail_name(const char *name)
{
    if (strlen(name) >= sizeof names)
        return -1;
    strcpy(names, name);
    return 0;
}

int mail_room(const unsigned *n)
{
    char *room = malloc(*n);
    memset(room, 0, *n);
    free(room);
    return 0;
}

// Two copies: the head of it, which is checked, and then all of it.
int mail_whole(const struct msg *m)
{
    struct { unsigned kind, len; } head;
    struct msg own;
    memcpy(&head, m, sizeof head);
    if (head.len > sizeof store)
        return -1;
    memcpy(&own, m, sizeof own);
    memcpy(store, own.bytes, own.len);
    return 0;
}
//--- expected
The places: where it is read for the second time, and where for the first.
CHECK-DAG: mail.c:93:5: warning: operation 'mail_whole' reads m->len twice{{.*}}at mail.c:90:5, is checked;
CHECK-DAG: mail.c:10:32: warning: operation 'mail_bound' reads m->len twice{{.*}}at mail.c:9:12, is checked;
CHECK-DAG: mail.c:21:33: warning: operation 'mail_callee' reads m->len twice{{.*}}at mail.c:17:15, is checked;
CHECK-DAG: mail.c:36:35: warning: operation 'mail_copied' reads m->len twice{{.*}}at mail.c:36:12, is checked;
CHECK-DAG: mail.c:45:24: warning: operation 'mail_element' reads m[…]->len twice{{.*}}at mail.c:44:18, is checked;
CHECK-DAG: mail.c:54:24: warning: operation 'mail_global' reads m->next twice{{.*}}at mail.c:53:12, is checked;
CHECK-DAG: mail.c:64:36: warning: operation 'mail_header' reads m->len twice{{.*}}at mail.c:62:5, is checked;
CHECK-DAG: mail.c:73:5: warning: operation 'mail_name' reads *name twice{{.*}}at mail.c:71:9, is checked;
CHECK-DAG: mail.c:80:21: warning: operation 'mail_room' reads *n twice{{.*}}at mail.c:79:25, says how many bytes;
CHECK: 9 warnings generated.

// ERROR: mail.c:10:32: error: operation 'mail_bound' reads m->len twice, and the caller may change it in between: what is read first, at mail.c:9:12, is checked; what is read here is used; read it once, into a variable [FC-0203]
WERROR: error: operation 'mail_bound' reads m->len twice
DEBUG-NOT: .debug
USAGE: --farcall-ignore=nothing: the checks are double-fetch, system-call and assembly
