/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "idl/keywords.h"

#include "idl/parser.h"
#include "parse.h"

#include <string.h>

enum dialect { ALWAYS, C23, GNU_OR_C23 };

static const struct keyword {
    const char *text;
    int token;
    unsigned code;
    enum dialect dialect;
} keywords[] = {
    {"void", TYPE_WORD, WORD_VOID, ALWAYS},
    {"char", TYPE_WORD, WORD_CHAR, ALWAYS},
    {"short", TYPE_WORD, WORD_SHORT, ALWAYS},
    {"int", TYPE_WORD, WORD_INT, ALWAYS},
    {"long", TYPE_WORD, WORD_LONG, ALWAYS},
    {"signed", TYPE_WORD, WORD_SIGNED, ALWAYS},
    {"__signed", TYPE_WORD, WORD_SIGNED, ALWAYS},
    {"__signed__", TYPE_WORD, WORD_SIGNED, ALWAYS},
    {"unsigned", TYPE_WORD, WORD_UNSIGNED, ALWAYS},
    {"float", TYPE_WORD, WORD_FLOAT, ALWAYS},
    {"double", TYPE_WORD, WORD_DOUBLE, ALWAYS},
    {"_Bool", TYPE_WORD, WORD_BOOL, ALWAYS},
    {"bool", TYPE_WORD, WORD_BOOL, C23},
    {"_Complex", TYPE_WORD, WORD_COMPLEX, ALWAYS},
    {"__complex__", TYPE_WORD, WORD_COMPLEX, ALWAYS},
    {"__complex", TYPE_WORD, WORD_COMPLEX, ALWAYS},
    {"__int128", TYPE_WORD, WORD_INT128, ALWAYS},
    {"__int128_t", TYPE_WORD, WORD_INT128, ALWAYS},
    {"__uint128_t", TYPE_WORD, WORD_INT128 | WORD_UNSIGNED, ALWAYS},
    {"_Float16", TYPE_WORD, WORD_HALF, ALWAYS},
    {"__bf16", TYPE_WORD, WORD_BFLOAT, ALWAYS},
    {"__float128", TYPE_WORD, WORD_FLOAT128, ALWAYS},
    {"_Float128", TYPE_WORD, WORD_FLOAT128, ALWAYS},
    {"_Float32", TYPE_WORD, WORD_FLOAT, ALWAYS},
    {"_Float64", TYPE_WORD, WORD_DOUBLE, ALWAYS},
    {"_Float32x", TYPE_WORD, WORD_DOUBLE, ALWAYS},
    {"_Float64x", TYPE_WORD, WORD_FLOAT64X, ALWAYS},
    {"__fp16", TYPE_WORD, WORD_HALF, ALWAYS},
    {"__builtin_va_list", TYPE_WORD, WORD_VA_LIST, ALWAYS},
    {"__auto_type", TYPE_WORD, WORD_AUTO_TYPE, ALWAYS},
    {"const", QUALIFIER, QUALIFIER_CONST, ALWAYS},
    {"__const", QUALIFIER, QUALIFIER_CONST, ALWAYS},
    {"__const__", QUALIFIER, QUALIFIER_CONST, ALWAYS},
    {"volatile", QUALIFIER, QUALIFIER_VOLATILE, ALWAYS},
    {"__volatile", QUALIFIER, QUALIFIER_VOLATILE, ALWAYS},
    {"__volatile__", QUALIFIER, QUALIFIER_VOLATILE, ALWAYS},
    {"restrict", QUALIFIER, QUALIFIER_RESTRICT, ALWAYS},
    {"__restrict", QUALIFIER, QUALIFIER_RESTRICT, ALWAYS},
    {"__restrict__", QUALIFIER, QUALIFIER_RESTRICT, ALWAYS},
    {"_Atomic", QUALIFIER, QUALIFIER_ATOMIC, ALWAYS},
    {"_Nullable", QUALIFIER, QUALIFIER_NULLABLE, ALWAYS},
    {"_Nonnull", QUALIFIER, QUALIFIER_NONNULL, ALWAYS},
    {"_Null_unspecified", QUALIFIER, 0, ALWAYS},
    {"_Nullable_result", QUALIFIER, QUALIFIER_NULLABLE, ALWAYS},
    {"typedef", STORAGE, STORAGE_TYPEDEF, ALWAYS},
    {"extern", STORAGE, STORAGE_EXTERN, ALWAYS},
    {"static", STORAGE, STORAGE_STATIC, ALWAYS},
    {"auto", STORAGE, STORAGE_AUTO, ALWAYS},
    {"register", STORAGE, STORAGE_OTHER, ALWAYS},
    {"constexpr", STORAGE, STORAGE_CONSTEXPR, C23},
    {"__private_extern__", STORAGE, STORAGE_EXTERN, ALWAYS},
    {"_Thread_local", STORAGE, STORAGE_THREAD, ALWAYS},
    {"__thread", STORAGE, STORAGE_THREAD, ALWAYS},
    {"thread_local", STORAGE, STORAGE_THREAD, C23},
    {"inline", STORAGE, STORAGE_INLINE, ALWAYS},
    {"__inline", STORAGE, STORAGE_INLINE, ALWAYS},
    {"__inline__", STORAGE, STORAGE_INLINE, ALWAYS},
    {"_Noreturn", STORAGE, STORAGE_OTHER, ALWAYS},
    {"struct", STRUCTURE, TYPE_STRUCT, ALWAYS},
    {"union", STRUCTURE, TYPE_UNION, ALWAYS},
    {"enum", ENUMERATION, 0, ALWAYS},
    {"typeof", TYPEOF, 0, GNU_OR_C23},
    {"__typeof", TYPEOF, 0, ALWAYS},
    {"__typeof__", TYPEOF, 0, ALWAYS},
    {"typeof_unqual", TYPEOF, 1, C23},
    {"__typeof_unqual", TYPEOF, 1, ALWAYS},
    {"__typeof_unqual__", TYPEOF, 1, ALWAYS},
    {"_BitInt", BIT_INT, 0, ALWAYS},
    {"sizeof", SIZEOF, 0, ALWAYS},
    {"_Alignof", ALIGNOF, 0, ALWAYS},
    {"__alignof", ALIGNOF, 1, ALWAYS}, /* GNU's own: of an object, what an attribute says of it */
    {"__alignof__", ALIGNOF, 1, ALWAYS},
    {"alignof", ALIGNOF, 0, C23},
    {"_Alignas", ALIGNAS, 0, ALWAYS},
    {"alignas", ALIGNAS, 0, C23},
    {"_Generic", GENERIC, 0, ALWAYS},
    {"default", DEFAULT, 0, ALWAYS},
    {"__builtin_offsetof", OFFSETOF, 0, ALWAYS},
    {"__attribute__", ATTRIBUTE, 0, ALWAYS},
    {"__attribute", ATTRIBUTE, 0, ALWAYS},
    {"true", TRUTH, 1, C23},
    {"false", TRUTH, 0, C23},
    {"nullptr", TRUTH, 2, C23},
    {"__real", REAL_PART, 0, ALWAYS},
    {"__real__", REAL_PART, 0, ALWAYS},
    {"__imag", REAL_PART, 1, ALWAYS},
    {"__imag__", REAL_PART, 1, ALWAYS},
    {"_Pragma", PRAGMA, 0, ALWAYS},
    {"__declspec", PASSED_ATTRIBUTE, 0, ALWAYS},
    {"__cdecl", PASSED_WORD, 0, ALWAYS},
    {"__stdcall", PASSED_WORD, 0, ALWAYS},
    {"__fastcall", PASSED_WORD, 0, ALWAYS},
    {"__thiscall", PASSED_WORD, 0, ALWAYS},
    {"__regcall", PASSED_WORD, KEYWORD_CONVENTION, ALWAYS},
    {"__vectorcall", PASSED_WORD, KEYWORD_CONVENTION, ALWAYS},
    {"__arm_streaming", PASSED_WORD, KEYWORD_CONVENTION, ALWAYS},
    {"__arm_streaming_compatible", PASSED_WORD, KEYWORD_CONVENTION, ALWAYS},
    {"__arm_locally_streaming", PASSED_WORD, 0, ALWAYS},
    {"__arm_in", PASSED_ATTRIBUTE, KEYWORD_CONVENTION, ALWAYS},
    {"__arm_out", PASSED_ATTRIBUTE, KEYWORD_CONVENTION, ALWAYS},
    {"__arm_inout", PASSED_ATTRIBUTE, KEYWORD_CONVENTION, ALWAYS},
    {"__arm_preserves", PASSED_ATTRIBUTE, KEYWORD_CONVENTION, ALWAYS},
    {"__arm_new", PASSED_ATTRIBUTE, 0, ALWAYS},
    {"asm", ASM_TEXT, 0, GNU_OR_C23},
    {"__asm", ASM_TEXT, 0, ALWAYS},
    {"__asm__", ASM_TEXT, 0, ALWAYS},
    {"_Static_assert", ASSERTION, 0, ALWAYS},
    {"static_assert", ASSERTION, 0, C23},
    {"__extension__", SKIPPED_WORD, 0, ALWAYS},
    {"__extension", SKIPPED_WORD, 0, ALWAYS},
};

bool keyword_counts(const struct name *name, const struct unit *unit)
{
    return name->dialect == ALWAYS || unit->c23 || (name->dialect == GNU_OR_C23 && unit->gnu);
}

void keywords_enter(struct unit *unit)
{
    if (unit->has_keywords)
        return;
    unit->has_keywords = true;
    for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++) {
        struct name *name = unit_name(unit, keywords[i].text, strlen(keywords[i].text));
        name->token = keywords[i].token;
        name->code = keywords[i].code;
        name->dialect = keywords[i].dialect;
    }
}

/* The vector types of machines that do not fix their size: clang knows hundreds, by families. */
static bool names_sizeless(const char *text, size_t length)
{
    static const char *const families[] = {"__SV", "__clang_sv", "__rvv_"};
    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        size_t prefix = strlen(families[i]);
        if (length > prefix + 2 && memcmp(text, families[i], prefix) == 0 && memcmp(text + length - 2, "_t", 2) == 0)
            return true;
    }
    return false;
}

bool keyword_sizeless(struct unit *unit, const struct name *name, size_t length, struct place place)
{
    if (name->symbol || !names_sizeless(name->text, length))
        return false;
    struct type *type = type_new(unit, TYPE_UNKNOWN, (struct typeref){0}, place);
    type->name = name->text;
    unit_add_symbol(unit, name->text, SYMBOL_TYPEDEF, (struct typeref){.type = type});
    return true;
}
