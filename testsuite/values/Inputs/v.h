/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Values by value of all kinds and sizes, among others, so that registers run out. Every operation of V_TYPES takes four of
 * one type and gives back the one that is asked for, if everything else has arrived as well (v_body.h).
 */
#include <farcall/annotate.h>
#include <stddef.h>

far_service(v, 1, 0);

/* clang-format off */
#define V_SIZES(X) \
    X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15) X(16) X(17) X(18) X(19) X(20) \
    X(21) X(22) X(23) X(24) X(25) X(26) X(27) X(28) X(29) X(30) X(31) X(32) X(33) X(34) X(35) X(36) X(37) X(38) X(39) X(40)
#define V_KINDS(X) \
    X(int128, v_wide) X(unsigned128, v_unsigned_wide) X(complex_of_doubles, v_complex) X(complex_of_floats, v_complex_float) \
    X(two_longs, struct v_longs) X(doubles, struct v_doubles) X(floats, struct v_floats) X(three, struct v_three_floats) \
    X(four, struct v_four_doubles) X(long_and_double, struct v_mixed) X(double_and_long, struct v_mixed_back) \
    X(bits, struct v_bits) X(either, union v_either) X(nested, struct v_nested) X(packed, struct v_packed) \
    X(vector_of_floats, v_floats_vector) X(vector_of_bytes, v_bytes_vector) X(vector_of_doubles, v_doubles_vector) \
    X(vector_of_ints, v_small_vector) X(one_vector, struct v_one_vector) X(two_vectors, struct v_two_vectors) \
    X(two_small_vectors, struct v_two_small) X(four_vectors, struct v_four_vectors) X(either_vector, union v_either_vector) \
    X(vector_or_doubles, union v_vector_or_doubles) X(vector_and_long, struct v_vector_and_long)
#define V_LONG_KINDS(X) \
    X(long_doubles, long double) X(complex_of_long_doubles, v_complex_long) X(one_long_double, struct v_one_long) \
    X(two_long_doubles, struct v_two_long) X(four_long_doubles, struct v_four_long)
/* clang-format on */

typedef __int128 v_wide;
typedef unsigned __int128 v_unsigned_wide;
typedef double _Complex v_complex;
typedef float _Complex v_complex_float;
struct v_longs {
    long a, b;
};
struct v_doubles {
    double a, b;
};
struct v_floats {
    float a, b;
};
struct v_three_floats {
    float a[3];
};
struct v_four_doubles {
    double a, b, c, d;
};
struct v_mixed {
    long a;
    double b;
};
struct v_mixed_back {
    double a;
    long b;
};
struct v_bits {
    unsigned a : 5, b : 27;
    float c;
};
union v_either {
    double number;
    long integer;
    char text[8];
};
struct v_nested {
    struct v_floats one[2];
    union v_either two;
};
struct v_packed {
    char a;
    long b;
} __attribute__((packed));

typedef float v_floats_vector __attribute__((vector_size(16)));
typedef char v_bytes_vector __attribute__((vector_size(16)));
typedef double v_doubles_vector __attribute__((vector_size(16)));
typedef int v_small_vector __attribute__((vector_size(8)));
struct v_one_vector {
    v_floats_vector a;
};
struct v_two_vectors {
    v_floats_vector a;
    v_bytes_vector b;
};
struct v_two_small {
    v_small_vector a, b;
};
struct v_four_vectors {
    v_floats_vector a[4];
};
union v_either_vector {
    v_floats_vector a;
    long b;
};
union v_vector_or_doubles {
    v_doubles_vector a;
    double b[2];
};
struct v_vector_and_long {
    v_floats_vector a;
    long b[2];
};
typedef long double _Complex v_complex_long;
struct v_one_long {
    long double a;
};
struct v_two_long {
    long double a, b;
};
struct v_four_long {
    long double a[4];
};

#define V_TYPE(size)            \
    struct v_bytes_##size {     \
        unsigned char at[size]; \
    };
V_SIZES(V_TYPE)

#define V_DECLARE(name, type)                                                                                       \
    far_op type v_##name(int which, type first, double b, long c, type second, long d, long e, type third, float f, \
                         long g, type fourth);
#define V_DECLARE_SIZE(size) V_DECLARE(bytes_##size, struct v_bytes_##size)
V_SIZES(V_DECLARE_SIZE)
V_KINDS(V_DECLARE)
V_LONG_KINDS(V_DECLARE)

far_op far_fails(-1) long v_long_double(int n, long double a, double b, long double c);

struct v_small {
    double a;
    int b; /* and padding */
};
far_op struct v_small v_padded(struct v_small p);

struct v_name {
    const char *__null_terminated text;
    long n;
};
struct v_names {
    const char *__null_terminated first;
    struct v_name more[2];
};
struct v_slice {
    size_t size;
    char *far_inout __sized_by(size) bytes;
};
struct v_answer {
    const char *__null_terminated far_lifetime(call) text;
    long n;
};
struct v_answers {
    long n;
    struct v_answer more[2];
};
far_op far_fails(-1) long v_lengths(struct v_name a, double x, struct v_names b, struct v_name c);
far_op far_fails(-1) int v_upper(int from, struct v_slice slice);
far_op struct v_answer v_answer(int n);
far_op struct v_answers v_answers(const char *__null_terminated text);

struct v_thing;
struct v_owner {
    struct v_thing *far_handle thing;
    int n;
};
far_op far_fails(NULL)
struct v_thing *far_handle v_open(int value);
far_op far_fails(-1) int v_value(struct v_owner owner);
far_op far_fails(-1) int v_close(struct v_thing *far_release thing);

struct v_variant {
    int kind;
    union {
        long far_default number;
        const char *__null_terminated far_case(1) text;
    } far_selected_by(kind) as;
};
far_op far_fails(-1) long v_variant(struct v_variant a, struct v_variant b);

far_op long double v_through(v_complex_long (*far_callback f)(v_floats_vector p, long double x, double a, double b,
                                                              double c, double d, double e, double g,
                                                              struct v_one_vector q, v_bytes_vector last),
                             v_floats_vector p, long double x);
far_op v_floats_vector v_turned(v_floats_vector (*far_callback f)(v_floats_vector p), v_floats_vector p);

far_op double v_back(struct v_doubles (*far_callback f)(struct v_doubles p, struct v_name n, struct v_bytes_40 much,
                                                        v_wide w, long a, long b, long c, struct v_bytes_3 last),
                     struct v_bytes_40 much);
