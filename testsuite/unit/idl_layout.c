/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* layout.c against the compiler: the same declarations are compiled here and parsed by faridl. */
#include "idl/tree.h"
#include "testsuite/unit/check.h"

#include <stdlib.h>
#include <string.h>

/* Declare something and keep its text. */
#define BOTH(name, ...) \
    __VA_ARGS__         \
    static const char name[] = #__VA_ARGS__;

/* clang-format off */
BOTH(plain_text,
    struct s1 { char a; short b; char c; int d; char e; long f; };
    struct s2 { char a; long double b; char c; };
    struct s3 { char a[3]; struct s1 b; _Bool c; double d; float e; };
    struct s4 { int n; char tail[]; };
    struct s5 { char a; struct { short x; union { char y; int z; }; }; char b; };
    union u1 { char a[5]; short b; };
    union u2 { struct s1 a; double b[9]; };
    struct s6 { _Complex float a; char b; _Complex double c; };
    struct s7 { __int128 a; char b; };
    struct s8 { enum { A, B = 5 } a; enum { C = -1 } b; enum { D = 0x100000000 } c; };
    struct s9 { void (*f)(int, char); int (*g[3])(void); char *h; int i[2][3]; };
    struct p1 { char a; int b; short c; } __attribute__((packed));
    struct p2 { char a; int b __attribute__((packed)); short c; };
    struct __attribute__((packed)) p3 { char a; struct s1 b; char c; };
    struct p4 { char a; int b __attribute__((aligned(16))); char c; } __attribute__((packed));
    struct a1 { char a; } __attribute__((aligned(32)));
    struct a2 { char a; char b __attribute__((aligned(8))); _Alignas(16) char c; };
    struct a3 { char a; _Alignas(double) char b; struct a1 c; };
    typedef int aligned_int __attribute__((aligned(2)));
    struct a4 { char a; aligned_int b; char c; };
    enum __attribute__((packed)) e1 { E1 = 200 };
    enum __attribute__((packed)) e2 { E2 = -200 };
    struct a5 { enum e1 a; enum e2 b; int c; };
)

BOTH(bits_text,
    struct b1 { int a : 3; int b : 30; int c : 5; };
    struct b2 { char a; int b : 5; long c : 40; char d : 2; };
    struct b3 { unsigned a : 1; int : 0; unsigned b : 1; long : 0; unsigned char c : 7; };
    struct b4 { short a : 9; int : 5; _Bool b : 1; short c; unsigned d : 31; };
    struct b5 { char a; int : 7; char b; };
    struct b6 { int a : 20; int b : 20; int c : 20; } __attribute__((packed));
    struct b7 { char a; long b : 60; int c : 6; } __attribute__((packed));
    struct b8 { char a : 4; int b : 28 __attribute__((packed)); int c : 4; };
    struct b9 { int a : 7; int b : 3 __attribute__((aligned(8))); int c : 4; };
    union b10 { int a : 3; long b : 33; };
    struct b11 { unsigned long a : 1; unsigned int b : 32; unsigned int c : 1; };
    struct b12 { char a; int : 0; char b; } __attribute__((packed));
)
/* clang-format on */

#pragma pack(push, 2)
BOTH(
    packed_text,
    struct k1 {
        char a;
        int b;
        double c;
        char d;
    };
    struct k2 {
        char a;
        int b : 20;
        int c : 20;
        long d;
    };
    struct k3 {
        char a;
        int b __attribute__((aligned(8)));
    };)
#pragma pack(pop)

static struct unit unit;

static const struct type *tagged(const char *tag)
{
    const struct type *type = unit_find_tag(&unit, tag);
    if (type)
        return type;
    fprintf(stderr, "no type %s\n", tag);
    exit(1);
}

static void check_whole(const char *tag, size_t size, size_t align)
{
    const struct type *type = tagged(tag);
    if (type->size == size && type->align == align)
        return;
    fprintf(stderr, "%s: size %zu align %zu, faridl says %zu and %u\n", tag, size, align, (size_t)type->size,
            type->align);
    check_failures++;
}

static void check_offset(const char *tag, const char *name, size_t offset)
{
    uint64_t found = 0;
    const struct member *member = type_member(tagged(tag), name, &found);
    if (member && found == offset)
        return;
    fprintf(stderr, "%s.%s: offset %zu, faridl says %zu\n", tag, name, offset, (size_t)found);
    check_failures++;
}

/* bytes: the structure with only this bit-field's bits set. */
static void check_bits(const char *tag, const char *name, const unsigned char *bytes, size_t size)
{
    uint64_t found = 0;
    size_t first = 0, count = 0;
    const struct member *member = type_member(tagged(tag), name, &found);
    for (size_t i = 0; i < size * 8; i++) {
        if (!(bytes[i / 8] >> i % 8 & 1))
            continue;
        first = count ? first : i;
        count++;
    }
    if (member && found * 8 + member->bit_offset == first && member->bit_width == count)
        return;
    fprintf(stderr, "%s.%s: bits %zu+%zu, faridl says %zu+%u\n", tag, name, first, count,
            member ? (size_t)(found * 8 + member->bit_offset) : 0, member ? member->bit_width : 0);
    check_failures++;
}

#define WHOLE(kind, tag)      check_whole(#tag, sizeof(kind tag), _Alignof(kind tag))
#define AT(kind, tag, member) check_offset(#tag, #member, __builtin_offsetof(kind tag, member))
#define BITS(kind, tag, member)                                           \
    do {                                                                  \
        kind tag value;                                                   \
        memset(&value, 0, sizeof value);                                  \
        value.member = -1; /* all ones */                                 \
        check_bits(#tag, #member, (unsigned char *)&value, sizeof value); \
    } while (0)

static void check_plain(void)
{
    WHOLE(struct, s1);
    AT(struct, s1, b);
    AT(struct, s1, c);
    AT(struct, s1, d);
    AT(struct, s1, e);
    AT(struct, s1, f);
    WHOLE(struct, s2);
    AT(struct, s2, b);
    AT(struct, s2, c);
    WHOLE(struct, s3);
    AT(struct, s3, b);
    AT(struct, s3, c);
    AT(struct, s3, d);
    AT(struct, s3, e);
    WHOLE(struct, s4);
    AT(struct, s4, tail);
    WHOLE(struct, s5);
    AT(struct, s5, x);
    AT(struct, s5, y);
    AT(struct, s5, z);
    AT(struct, s5, b);
    WHOLE(union, u1);
    WHOLE(union, u2);
    AT(union, u2, b);
    WHOLE(struct, s6);
    AT(struct, s6, b);
    AT(struct, s6, c);
    WHOLE(struct, s7);
    AT(struct, s7, b);
    WHOLE(struct, s8);
    AT(struct, s8, b);
    AT(struct, s8, c);
    WHOLE(struct, s9);
    AT(struct, s9, g);
    AT(struct, s9, h);
    AT(struct, s9, i);
}

static void check_attributes(void)
{
    WHOLE(struct, p1);
    AT(struct, p1, b);
    AT(struct, p1, c);
    WHOLE(struct, p2);
    AT(struct, p2, b);
    AT(struct, p2, c);
    WHOLE(struct, p3);
    AT(struct, p3, b);
    AT(struct, p3, c);
    WHOLE(struct, p4);
    AT(struct, p4, b);
    AT(struct, p4, c);
    WHOLE(struct, a1);
    WHOLE(struct, a2);
    AT(struct, a2, b);
    AT(struct, a2, c);
    WHOLE(struct, a3);
    AT(struct, a3, b);
    AT(struct, a3, c);
    WHOLE(struct, a4);
    AT(struct, a4, b);
    AT(struct, a4, c);
    WHOLE(struct, a5);
    AT(struct, a5, b);
    AT(struct, a5, c);
    WHOLE(struct, k1);
    AT(struct, k1, b);
    AT(struct, k1, c);
    AT(struct, k1, d);
    WHOLE(struct, k2);
    BITS(struct, k2, b);
    BITS(struct, k2, c);
    AT(struct, k2, d);
    WHOLE(struct, k3);
    AT(struct, k3, b);
}

static void check_bit_fields(void)
{
    WHOLE(struct, b1);
    BITS(struct, b1, a);
    BITS(struct, b1, b);
    BITS(struct, b1, c);
    WHOLE(struct, b2);
    BITS(struct, b2, b);
    BITS(struct, b2, c);
    BITS(struct, b2, d);
    WHOLE(struct, b3);
    BITS(struct, b3, a);
    BITS(struct, b3, b);
    BITS(struct, b3, c);
    WHOLE(struct, b4);
    BITS(struct, b4, a);
    BITS(struct, b4, b);
    AT(struct, b4, c);
    BITS(struct, b4, d);
    WHOLE(struct, b5);
    AT(struct, b5, b);
    WHOLE(struct, b6);
    BITS(struct, b6, a);
    BITS(struct, b6, b);
    BITS(struct, b6, c);
    WHOLE(struct, b7);
    BITS(struct, b7, b);
    BITS(struct, b7, c);
    WHOLE(struct, b8);
    BITS(struct, b8, a);
    BITS(struct, b8, b);
    BITS(struct, b8, c);
    WHOLE(struct, b9);
    BITS(struct, b9, a);
    BITS(struct, b9, b);
    BITS(struct, b9, c);
    WHOLE(union, b10);
    BITS(union, b10, a);
    BITS(union, b10, b);
    WHOLE(struct, b11);
    BITS(struct, b11, a);
    BITS(struct, b11, b);
    BITS(struct, b11, c);
    WHOLE(struct, b12);
    AT(struct, b12, b);
}

int main(void)
{
    struct arena arena = {0};
    struct diagnostics diagnostics = {.arena = &arena};
    char text[8192];
    int size = snprintf(text, sizeof text, "%s\n%s\n#pragma pack(push, 2)\n%s\n#pragma pack(pop)\n", plain_text,
                        bits_text, packed_text);
    unit_init(&unit, &arena, &diagnostics);
    unit_parse(&unit, text, (size_t)size, "layout.h");
    diag_print(&diagnostics, stderr, text, (size_t)size);
    CHECK(diagnostics.count == 0);
    check_plain();
    check_attributes();
    check_bit_fields();
    arena_free(&arena);
    return check_result();
}
