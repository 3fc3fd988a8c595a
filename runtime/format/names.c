/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Names of the formats' constants, from the lists in their headers. */
#include "runtime/iface.h"
#include "runtime/segment.h"

const char *far_part_name(enum far_part part)
{
    static const char *const names[] = {
#define X(NAME, name, rights) #name,
        FAR_PARTS(X)
#undef X
    };
    return (unsigned)part < FAR_PART_COUNT ? names[part] : NULL;
}

const char *far_part_rights(enum far_part part)
{
    static const char *const all[] = {
#define X(NAME, name, rights) rights,
        FAR_PARTS(X)
#undef X
    };
    return (unsigned)part < FAR_PART_COUNT ? all[part] : NULL;
}

const char *far_reloc_name(enum far_reloc_code code)
{
    static const char *const names[] = {NULL,
#define X(NAME, when, what) #NAME,
                                        FAR_RELOCS(X)
#undef X
    };
    return (unsigned)code < FAR_RELOC_CODE_COUNT ? names[code] : NULL;
}

const char *far_passing_name(enum far_passing passing)
{
    static const char *const names[] = {
#define X(NAME, name) name,
        FAR_PASSINGS(X)
#undef X
    };
    return (unsigned)passing < FAR_PASS_COUNT ? names[passing] : NULL;
}

const char *far_type_kind_name(enum far_type_kind kind)
{
    static const char *const names[] = {
#define X(NAME, name) name,
        FAR_TYPES(X)
#undef X
    };
    return (unsigned)kind < FAR_TYPE_COUNT ? names[kind] : NULL;
}

const char *far_expr_name(enum far_expr_code code)
{
    static const char *const names[] = {
#define X(NAME, name) name,
        FAR_EXPRS(X)
#undef X
    };
    return (unsigned)code < FAR_EXPR_CODE_COUNT ? names[code] : NULL;
}

const char *far_lifetime_name(enum far_lifetime lifetime)
{
    static const char *const names[] = {
#define X(NAME, name) name,
        FAR_LIFETIMES(X)
#undef X
    };
    return (unsigned)lifetime < FAR_LIFETIME_COUNT ? names[lifetime] : NULL;
}

const char *far_protocol_name(enum far_protocol protocol)
{
    static const char *const names[] = {
#define X(NAME, name) name,
        FAR_PROTOCOLS(X)
#undef X
    };
    return (unsigned)protocol < FAR_PROTOCOL_COUNT ? names[protocol] : NULL;
}
