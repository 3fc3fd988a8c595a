/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Values of structures where the calling convention has them. The compiler is the judge: functions that it compiled are called
 * with registers and stack words filled in as by_value_param_…() says, among other parameters and with few registers left.
 * What the other machine does is compared with what its ABI says.
 */
#include "runtime/format/byvalue.h"
#include "runtime/host/host.h"
#include "testsuite/unit/check.h"

#include <complex.h>
#include <errno.h>
#include <string.h>

#if defined(__x86_64__)
#define here_param        by_value_param_x86_64
#define here_result       by_value_result_x86_64
#define HIDDEN_IS_FIRST   true
#define CARRIES_ALIGNED   true
#define LONG_DOUBLE_BYTES 10
#else
#define here_param        by_value_param_aarch64
#define here_result       by_value_result_aarch64
#define HIDDEN_IS_FIRST   false
#define CARRIES_ALIGNED   false
#define LONG_DOUBLE_BYTES 16
#endif

struct one_int {
    int a;
};
struct two_longs {
    long a, b;
};
struct three_longs {
    long a, b, c;
};
struct one_float {
    float a;
};
struct two_floats {
    float a, b;
};
struct three_floats {
    float a, b, c;
};
struct four_doubles {
    double a, b, c, d;
};
struct long_double_mix {
    long a;
    double b;
};
struct odd {
    char a[11];
};
struct packed {
    char a;
    long b;
} __attribute__((packed));
struct bits {
    unsigned a : 5, b : 27;
    float c;
};
union either {
    double a;
    long b;
};
struct nested {
    struct two_floats a[2];
};
struct aligned {
    long a;
} __attribute__((aligned(16)));
struct empty {
};
typedef double _Complex complex_double;
typedef __int128 wide_int;
typedef long double long_double;
typedef long double _Complex complex_long_double;
typedef float vector __attribute__((vector_size(16)));
typedef int small_vector __attribute__((vector_size(8)));
typedef char vector_of_bytes __attribute__((vector_size(16)));
struct one_vector {
    vector a;
};
struct two_vectors {
    vector a, b;
};
struct four_vectors {
    vector a[4];
};
struct two_small_vectors {
    small_vector a, b;
};
struct small_vector_and_int {
    small_vector a;
    int b;
};
union vector_or_doubles {
    vector a;
    double b[2];
};
union vector_or_long {
    vector a;
    long b;
};
struct one_long_double {
    long double a;
};
struct two_long_doubles {
    long double a, b;
};

/* name, C type */
#define TYPES(X)                                  \
    X(one_int, struct one_int)                    \
    X(two_longs, struct two_longs)                \
    X(three_longs, struct three_longs)            \
    X(one_float, struct one_float)                \
    X(two_floats, struct two_floats)              \
    X(three_floats, struct three_floats)          \
    X(four_doubles, struct four_doubles)          \
    X(mix, struct long_double_mix)                \
    X(odd, struct odd)                            \
    X(packed, struct packed)                      \
    X(bits, struct bits)                          \
    X(either, union either)                       \
    X(nested, struct nested)                      \
    X(aligned, struct aligned)                    \
    X(empty, struct empty)                        \
    X(complex, complex_double)                    \
    X(wide, wide_int)                             \
    X(long_double, long_double)                   \
    X(complex_long, complex_long_double)          \
    X(one_long, struct one_long_double)           \
    X(two_longer, struct two_long_doubles)        \
    X(vector, vector)                             \
    X(bytes_vector, vector_of_bytes)              \
    X(small_vector, small_vector)                 \
    X(one_vector, struct one_vector)              \
    X(two_vectors, struct two_vectors)            \
    X(four_vectors, struct four_vectors)          \
    X(two_small, struct two_small_vectors)        \
    X(small_and_int, struct small_vector_and_int) \
    X(vector_or_doubles, union vector_or_doubles) \
    X(vector_or_long, union vector_or_long)

enum type_index {
    CHAR,
    INT,
    UNSIGNED,
    LONG,
    FLOAT,
    DOUBLE,
    LONG_DOUBLE,
    CHAR_11,
    TWO_OF_TWO_FLOATS,
    X87_AND_INT,
    TWO_DOUBLES,
    FOUR_VECTORS,
    LARGE_VECTOR,
    HAS_LARGE_VECTOR,
    SINGLE_VECTOR,
    TINY_VECTOR,
#define X(name, type) T_##name,
    TYPES(X)
#undef X
        TYPE_COUNT
};

static struct tables {
    struct far_iface iface;
    struct far_type types[TYPE_COUNT];
    struct far_member members[60];
    uint32_t member_count;
} tables = {.iface = {.types = {offsetof(struct tables, types), TYPE_COUNT},
                      .members = {offsetof(struct tables, members), 60}}};

static void scalar(uint32_t index, enum far_type_kind kind, uint64_t size)
{
    tables.types[index] = (struct far_type){.kind = (uint8_t)kind, .size = size, .align = (uint16_t)size};
}

static void array(uint32_t index, uint32_t element, uint64_t count)
{
    const struct far_type *of = &tables.types[element];
    tables.types[index] = (struct far_type){
        .kind = FAR_TYPE_ARRAY, .size = of->size * count, .align = of->align, .target = element, .count = count};
}

static void vector_type(uint32_t index, uint32_t element, uint64_t size)
{
    tables.types[index] = (struct far_type){.kind = FAR_TYPE_VECTOR,
                                            .size = size,
                                            .align = (uint16_t)size,
                                            .target = element,
                                            .count = size / tables.types[element].size};
}

static void begin(uint32_t index, enum far_type_kind kind, uint64_t size, uint64_t align)
{
    tables.types[index] = (struct far_type){
        .kind = (uint8_t)kind, .size = size, .align = (uint16_t)align, .first_member = tables.member_count};
}

static void member(uint32_t index, uint32_t type, uint64_t offset)
{
    tables.members[tables.member_count++] = (struct far_member){.type = type, .offset = offset};
    tables.types[index].member_count++;
}

static void bit_field(uint32_t index, uint32_t type, uint16_t bit, uint16_t width)
{
    tables.members[tables.member_count++] = (struct far_member){.type = type, .bit_offset = bit, .bit_width = width};
    tables.types[index].member_count++;
}

static void same_members(uint32_t index, enum type_index type, unsigned count, uint64_t size, uint64_t align)
{
    begin(index, FAR_TYPE_STRUCT, size, align);
    for (unsigned i = 0; i < count; i++)
        member(index, type, i * tables.types[type].size);
}

static void make_scalars(void)
{
    scalar(CHAR, FAR_TYPE_INT, 1);
    scalar(INT, FAR_TYPE_INT, 4);
    scalar(UNSIGNED, FAR_TYPE_INT, 4);
    scalar(LONG, FAR_TYPE_INT, 8);
    scalar(FLOAT, FAR_TYPE_FLOAT, 4);
    scalar(DOUBLE, FAR_TYPE_FLOAT, 8);
    scalar(LONG_DOUBLE, FAR_TYPE_FLOAT, 16);
    scalar(T_long_double, FAR_TYPE_FLOAT, 16);
    vector_type(T_vector, FLOAT, 16);
    vector_type(T_bytes_vector, CHAR, 16);
    vector_type(T_small_vector, INT, 8);
    vector_type(LARGE_VECTOR, FLOAT, 32);
    vector_type(SINGLE_VECTOR, LONG, 8);
    vector_type(TINY_VECTOR, CHAR, 4);
    scalar(T_wide, FAR_TYPE_INT, 16);
    array(CHAR_11, CHAR, 11);
}

static void make_types(void)
{
    make_scalars();
    same_members(T_one_int, INT, 1, 4, 4);
    same_members(T_two_longs, LONG, 2, 16, 8);
    same_members(T_three_longs, LONG, 3, 24, 8);
    same_members(T_one_float, FLOAT, 1, 4, 4);
    same_members(T_two_floats, FLOAT, 2, 8, 4);
    same_members(T_three_floats, FLOAT, 3, 12, 4);
    same_members(T_four_doubles, DOUBLE, 4, 32, 8);
    same_members(T_odd, CHAR_11, 1, 11, 1);
    same_members(T_aligned, LONG, 1, 16, 16);
    same_members(T_empty, CHAR, 0, 0, 1);
    same_members(T_one_long, LONG_DOUBLE, 1, 16, 16);
    same_members(T_two_longer, LONG_DOUBLE, 2, 32, 16);
    same_members(T_one_vector, T_vector, 1, 16, 16);
    same_members(T_two_vectors, T_vector, 2, 32, 16);
    array(FOUR_VECTORS, T_vector, 4);
    same_members(T_four_vectors, FOUR_VECTORS, 1, 64, 16);
    same_members(T_two_small, T_small_vector, 2, 16, 8);
    same_members(HAS_LARGE_VECTOR, LARGE_VECTOR, 1, 32, 32);
    begin(T_small_and_int, FAR_TYPE_STRUCT, 16, 8);
    member(T_small_and_int, T_small_vector, 0);
    member(T_small_and_int, INT, 8);
    array(TWO_DOUBLES, DOUBLE, 2);
    begin(T_vector_or_doubles, FAR_TYPE_UNION, 16, 16);
    member(T_vector_or_doubles, T_vector, 0);
    member(T_vector_or_doubles, TWO_DOUBLES, 0);
    begin(T_vector_or_long, FAR_TYPE_UNION, 16, 16);
    member(T_vector_or_long, T_vector, 0);
    member(T_vector_or_long, LONG, 0);
    begin(X87_AND_INT, FAR_TYPE_UNION, 16, 16);
    member(X87_AND_INT, LONG_DOUBLE, 0);
    member(X87_AND_INT, INT, 0);
    begin(T_mix, FAR_TYPE_STRUCT, 16, 8);
    member(T_mix, LONG, 0);
    member(T_mix, DOUBLE, 8);
    begin(T_packed, FAR_TYPE_STRUCT, 9, 1);
    member(T_packed, CHAR, 0);
    member(T_packed, LONG, 1);
    begin(T_bits, FAR_TYPE_STRUCT, 8, 4);
    bit_field(T_bits, UNSIGNED, 0, 5);
    bit_field(T_bits, UNSIGNED, 5, 27);
    member(T_bits, FLOAT, 4);
    begin(T_either, FAR_TYPE_UNION, 8, 8);
    member(T_either, DOUBLE, 0);
    member(T_either, LONG, 0);
    array(TWO_OF_TWO_FLOATS, T_two_floats, 2);
    begin(T_nested, FAR_TYPE_STRUCT, 16, 4);
    member(T_nested, TWO_OF_TWO_FLOATS, 0);
    tables.types[T_complex] = (struct far_type){.kind = FAR_TYPE_COMPLEX, .size = 16, .align = 8, .target = DOUBLE};
    tables.types[T_complex_long] =
        (struct far_type){.kind = FAR_TYPE_COMPLEX, .size = 32, .align = 16, .target = LONG_DOUBLE};
}

/* What a callee found, and what was between it and the others. */
static unsigned char seen[64], given[64];
static long others;

#define X(name, type)                                                                                         \
    static void plain_##name(int a, double b, type value, int c)                                              \
    {                                                                                                         \
        memcpy(seen, &value, sizeof value);                                                                   \
        others = a + 10 * (long)b + 100 * c;                                                                  \
    }                                                                                                         \
    static void few_##name(long a, long b, long c, long d, long e, type value, int f)                         \
    {                                                                                                         \
        memcpy(seen, &value, sizeof value);                                                                   \
        others = a + b + c + d + e + 100 * f;                                                                 \
    }                                                                                                         \
    static void none_##name(double a, double b, double c, double d, double e, double f, double g, type value, \
                            double h, long i)                                                                 \
    {                                                                                                         \
        memcpy(seen, &value, sizeof value);                                                                   \
        others = (long)(a + b + c + d + e + f + g) + 100 * (long)h + 1000 * i;                                \
    }                                                                                                         \
    static type give_##name(long a, double b)                                                                 \
    {                                                                                                         \
        type value;                                                                                           \
        memcpy(&value, given, sizeof value);                                                                  \
        others = a + (long)b;                                                                                 \
        return value;                                                                                         \
    }
TYPES(X)
#undef X

/* A call as by_value_… lays it out. */
struct laid {
    struct far_taken taken;
    struct far_registers registers;
    uint64_t stack[64];
};

static void put_long(struct laid *laid, long value)
{
    uint64_t *to = laid->taken.integers < FAR_ABI_INTEGERS ? &laid->registers.integer[laid->taken.integers++]
                                                           : &laid->stack[laid->taken.words++];
    *to = (uint64_t)value;
}

static void put_double(struct laid *laid, double value)
{
    uint64_t *to = laid->taken.floats < FAR_ABI_FLOATS ? &laid->registers.floats[laid->taken.floats++]
                                                       : &laid->stack[laid->taken.words++];
    memcpy(to, &value, sizeof value);
}

static void put_value(struct laid *laid, uint32_t type, const unsigned char *bytes)
{
    struct far_by_value where;
    uint64_t size = tables.types[type].size;
    CHECK(here_param(&tables.iface, type, &laid->taken, &where) == 0);
    for (unsigned i = 0; i < where.count; i++) {
        const struct far_piece *piece = &where.piece[i];
        uint64_t *to = piece->place == FAR_PIECE_INTEGER ? &laid->registers.integer[piece->index]
                       : piece->place == FAR_PIECE_FLOAT ? &laid->registers.floats[piece->index]
                                                         : &laid->registers.float_highs[piece->index];
        if (where.how == FAR_BY_VALUE_POINTER)
            *to = (uint64_t)(uintptr_t)bytes;
        else
            memcpy(to, bytes + piece->offset, piece->bytes);
    }
    if (where.how == FAR_BY_VALUE_STACK)
        memcpy(&laid->stack[where.word], bytes, size);
    if (where.how == FAR_BY_VALUE_POINTER && !where.count)
        laid->stack[where.word] = (uint64_t)(uintptr_t)bytes;
}

static void call(struct laid *laid, void (*function)(void))
{
    memset(seen, 0, sizeof seen);
    laid->registers.stack = laid->stack;
    far_invoke_whole((uint64_t)(uintptr_t)function, &laid->registers, laid->taken.words);
}

/* Of a long double of x86-64 ten bytes mean something. */
static bool is_same(uint32_t type, const unsigned char *a, const unsigned char *b)
{
    const bool is_long = type == T_long_double || type == T_one_long;
    const bool are_long = type == T_complex_long || type == T_two_longer;
    if (type == T_aligned || type == T_small_and_int)
        return memcmp(a, b, type == T_aligned ? sizeof(long) : 12) == 0;
    return memcmp(a, b, is_long || are_long ? LONG_DOUBLE_BYTES : tables.types[type].size) == 0 &&
           (!are_long || memcmp(a + 16, b + 16, LONG_DOUBLE_BYTES) == 0);
}

static void check_arrived(const char *name, const char *how, uint32_t type, const unsigned char *bytes, long wanted)
{
    bool right = is_same(type, seen, bytes) && others == wanted;
    if (!right)
        fprintf(stderr, "%s, %s: the others are %ld, not %ld\n", name, how, others, wanted);
    CHECK(right);
}

static const void *result_register(const struct far_registers *registers, const struct far_piece *piece)
{
    const struct invoked *result = &registers->result;
    switch ((enum far_piece_place)piece->place) {
    case FAR_PIECE_INTEGER:
        return piece->index ? &result->second_integer : &result->integer;
    case FAR_PIECE_FLOAT:
        return piece->index ? &result->more_floating[piece->index - 1] : &result->floating;
    case FAR_PIECE_FLOAT_HIGH:
        return &registers->float_result_highs[piece->index];
    default:
        return registers->x87[piece->index];
    }
}

/* The compiler's function gives it back where by_value_result_… says. */
static void check_given(const char *name, uint32_t type, void (*give)(void))
{
    unsigned char got[64] __attribute__((aligned(16))) = {0};
    struct laid laid = {0};
    struct far_by_value where;
    if (type == T_aligned && !CARRIES_ALIGNED)
        return;
    for (unsigned i = 0; i < sizeof given; i++)
        given[i] = (unsigned char)(13 * i + 1);
    given[7] = given[23] = 0xc5; /* numbers of the x87 that it takes for such: the upper bit of the fraction is set */
    CHECK(here_result(&tables.iface, type, &where) == 0);
    for (unsigned i = 0; i < where.count; i++)
        laid.registers.x87_count += where.piece[i].place == FAR_PIECE_X87;
    laid.registers.result.hidden = (uint64_t)(uintptr_t)got;
    if (HIDDEN_IS_FIRST && where.how == FAR_BY_VALUE_HIDDEN)
        put_long(&laid, (long)(uintptr_t)got);
    put_long(&laid, 30);
    put_double(&laid, 4);
    call(&laid, give);
    for (unsigned i = 0; i < where.count; i++)
        memcpy(got + where.piece[i].offset, result_register(&laid.registers, &where.piece[i]), where.piece[i].bytes);
    bool right = is_same(type, got, given) && others == 34;
    if (!right)
        fprintf(stderr, "%s, given back: the others are %ld\n", name, others);
    CHECK(right);
}

static void check_calls(const char *name, uint32_t type, void (*plain)(void), void (*few)(void), void (*none)(void))
{
    unsigned char bytes[64] __attribute__((aligned(16)));
    struct laid laid = {0};
    if (type == T_aligned && !CARRIES_ALIGNED)
        return;
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(17 * i + 1);
    bytes[7] = bytes[23] = 0xc5; /* see check_given() */
    put_long(&laid, 3);
    put_double(&laid, 4);
    put_value(&laid, type, bytes);
    put_long(&laid, 5);
    call(&laid, plain);
    check_arrived(name, "plain", type, bytes, 543);

    laid = (struct laid){0};
    for (int i = 1; i <= 5 && type != T_wide; i++)
        put_long(&laid, i);
    if (type != T_wide) { /* compilers disagree, see check_refused() */
        put_value(&laid, type, bytes);
        put_long(&laid, 7);
        call(&laid, few);
        check_arrived(name, "few integers", type, bytes, 715);
    }

    laid = (struct laid){0};
    for (int i = 1; i <= 7; i++)
        put_double(&laid, i);
    put_value(&laid, type, bytes);
    put_double(&laid, 8);
    put_long(&laid, 2);
    call(&laid, none);
    check_arrived(name, "few floats", type, bytes, 2828);
}

/* how, count, place of the first piece */
static void check_one_result(const char *name, far_result_by_value *result, uint32_t type, unsigned how, unsigned count,
                             unsigned place)
{
    struct far_by_value where;
    int failed = result(&tables.iface, type, &where);
    bool right = !failed && where.how == how && where.count == count && (!count || where.piece[0].place == place);
    if (!right)
        fprintf(stderr, "result %s: failed %d, how %u, %u pieces\n", name, failed, where.how, where.count);
    CHECK(right);
}

#define RESULT(machine, type, ...) check_one_result(#type, by_value_result_##machine, type, __VA_ARGS__)

static void check_results(void)
{
    RESULT(x86_64, T_one_int, FAR_BY_VALUE_REGISTERS, 1, FAR_PIECE_INTEGER);
    RESULT(x86_64, T_mix, FAR_BY_VALUE_REGISTERS, 2, FAR_PIECE_INTEGER);
    RESULT(x86_64, T_three_floats, FAR_BY_VALUE_REGISTERS, 2, FAR_PIECE_FLOAT);
    RESULT(x86_64, T_either, FAR_BY_VALUE_REGISTERS, 1, FAR_PIECE_INTEGER);
    RESULT(x86_64, T_three_longs, FAR_BY_VALUE_HIDDEN, 0, 0);
    RESULT(x86_64, T_packed, FAR_BY_VALUE_HIDDEN, 0, 0);
    RESULT(x86_64, T_empty, FAR_BY_VALUE_NOTHING, 0, 0);
    RESULT(x86_64, LONG_DOUBLE, FAR_BY_VALUE_REGISTERS, 1, FAR_PIECE_X87);
    RESULT(x86_64, T_one_long, FAR_BY_VALUE_REGISTERS, 1, FAR_PIECE_X87);
    RESULT(x86_64, T_complex_long, FAR_BY_VALUE_REGISTERS, 2, FAR_PIECE_X87);
    RESULT(x86_64, T_vector, FAR_BY_VALUE_REGISTERS, 2, FAR_PIECE_FLOAT);
    RESULT(x86_64, T_two_vectors, FAR_BY_VALUE_HIDDEN, 0, 0);
    RESULT(x86_64, X87_AND_INT, FAR_BY_VALUE_HIDDEN, 0, 0);
    RESULT(aarch64, T_four_doubles, FAR_BY_VALUE_REGISTERS, 4, FAR_PIECE_FLOAT);
    RESULT(aarch64, T_nested, FAR_BY_VALUE_REGISTERS, 4, FAR_PIECE_FLOAT);
    RESULT(aarch64, LONG_DOUBLE, FAR_BY_VALUE_REGISTERS, 2, FAR_PIECE_FLOAT);
    RESULT(aarch64, T_four_vectors, FAR_BY_VALUE_REGISTERS, 8, FAR_PIECE_FLOAT);
    RESULT(aarch64, T_small_and_int, FAR_BY_VALUE_REGISTERS, 2, FAR_PIECE_INTEGER);
    RESULT(aarch64, T_vector_or_doubles, FAR_BY_VALUE_REGISTERS, 2, FAR_PIECE_INTEGER);
    RESULT(aarch64, T_mix, FAR_BY_VALUE_REGISTERS, 2, FAR_PIECE_INTEGER);
    RESULT(aarch64, T_packed, FAR_BY_VALUE_REGISTERS, 2, FAR_PIECE_INTEGER);
    RESULT(aarch64, T_three_longs, FAR_BY_VALUE_HIDDEN, 0, 0);
}

/* Parameters of the other machine, whichever that is: as its ABI says. */
static void check_known(void)
{
    struct far_by_value where;
    struct far_taken taken = {.integers = 7};
    CHECK(by_value_param_aarch64(&tables.iface, T_three_longs, &taken, &where) == 0);
    CHECK(where.how == FAR_BY_VALUE_POINTER && where.count == 1 && where.piece[0].index == 7 && taken.integers == 8);
    taken = (struct far_taken){.integers = 1};
    CHECK(by_value_param_aarch64(&tables.iface, T_wide, &taken, &where) == 0);
    CHECK(where.count == 2 && where.piece[0].index == 2 && taken.integers == 4);
    taken = (struct far_taken){.integers = 7};
    CHECK(by_value_param_aarch64(&tables.iface, T_two_longs, &taken, &where) == 0);
    CHECK(where.how == FAR_BY_VALUE_STACK && taken.integers == 8 && taken.words == 2);
    taken = (struct far_taken){.integers = 5};
    CHECK(by_value_param_x86_64(&tables.iface, T_two_longs, &taken, &where) == 0);
    CHECK(where.how == FAR_BY_VALUE_STACK && taken.integers == 5 && taken.words == 2);
    taken = (struct far_taken){.words = 1};
    CHECK(by_value_param_x86_64(&tables.iface, LONG_DOUBLE, &taken, &where) == 0);
    CHECK(where.how == FAR_BY_VALUE_STACK && where.word == 2 && taken.words == 4);
}

static void check_refused(void)
{
    struct far_by_value where;
    struct far_taken taken = {0};
    static const uint32_t odd[] = {LARGE_VECTOR, HAS_LARGE_VECTOR, SINGLE_VECTOR, TINY_VECTOR};
    for (unsigned i = 0; i < sizeof odd / sizeof *odd; i++) {
        CHECK(by_value_param_x86_64(&tables.iface, odd[i], &taken, &where) == -ENOTSUP);
        CHECK(by_value_result_x86_64(&tables.iface, odd[i], &where) == -ENOTSUP);
        CHECK(by_value_param_aarch64(&tables.iface, odd[i], &taken, &where) == -ENOTSUP);
        CHECK(by_value_result_aarch64(&tables.iface, odd[i], &where) == -ENOTSUP);
    }
    CHECK(by_value_param_aarch64(&tables.iface, T_aligned, &taken, &where) == -ENOTSUP);
    taken = (struct far_taken){.integers = 5};
    CHECK(by_value_param_x86_64(&tables.iface, T_wide, &taken, &where) == -ENOTSUP);
    taken = (struct far_taken){.words = FAR_STACK_WORDS_MAX - 2};
    CHECK(by_value_param_x86_64(&tables.iface, T_three_longs, &taken, &where) == -ENOTSUP);
}

int main(void)
{
    make_types();
#define X(name, type)                                                                      \
    check_calls(#name, T_##name, (void (*)(void))plain_##name, (void (*)(void))few_##name, \
                (void (*)(void))none_##name);                                              \
    check_given(#name, T_##name, (void (*)(void))give_##name);
    TYPES(X)
#undef X
    check_results();
    check_known();
    check_refused();
    return check_result();
}
