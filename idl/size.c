/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Sizes and selectors: from an annotation's argument to the postfix form of the interface record. They are made when
 * all values of their scope are described, because what may be read depends on how it crosses.
 */
#include "idl/check.h"

#include "idl/parser.h"
#include "parse.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SYNTAX_ADVICE                                                  \
    "it may use integer parameters or members, *p, p->m, far_result, " \
    "constants, sizeof, casts, + - * / % << >> & and "                 \
    "parentheses"

struct pending {
    struct subject subject;
    struct pending *next;
};

struct sizing {
    struct subject *subject;
    const char *what;   /* "the size of", "the selector of" */
    struct place place; /* where errors are shown */
    bool selects;       /* a selector: negative values may be meant */
    struct model_expr nodes[FAR_EXPR_MAX];
    uint32_t count;
    bool failed;
};

__attribute__((format(printf, 4, 5))) static void size_error(struct sizing *sizing, enum fc_number number,
                                                             const char *advice, const char *format, ...)
{
    const struct subject *s = sizing->subject;
    char text[512];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    const char *message = arena_format(s->unit->arena, "%s %s of %s: %s", sizing->what, s->name, s->owner, text);
    if (!sizing->failed)
        diag_error(s->unit->diagnostics, sizing->place, number, message, advice);
    sizing->failed = true;
}

static void emit_node(struct sizing *sizing, struct far_expr node, const char *name)
{
    if (sizing->failed)
        return;
    if (sizing->count == FAR_EXPR_MAX) {
        size_error(sizing, FC_SIZE_TOO_LONG, "compute it in the client and pass it as one parameter",
                   "the expression is too long");
        return;
    }
    sizing->nodes[sizing->count++] = (struct model_expr){.node = node, .name = name};
}

/* --- operands --- */

/* Is this value made by the other side, so that its size is asked for when the call is over? */
static bool is_made_there(const struct subject *s)
{
    for (; s; s = s->outer)
        if ((s->set & HAS(LIFETIME)) && !subject_is_kept(s))
            return true;
        else if (s->where != ON_INSIDE)
            return s->where == ON_RESULT;
    return false;
}

static const char *counted_itself(const struct reference *reference)
{
    uint64_t set = annotation_set(level_annotations(reference->param->annotations, reference->param->type));
    return set & SET_COUNTS ? reference->param->name : NULL;
}

/* What a parameter points to is read before the call, so it must go in; and be one object. */
static void check_pointee(struct sizing *sizing, const struct reference *reference)
{
    struct arena *arena = sizing->subject->unit->arena;
    const struct model_value *value = &sizing->subject->scope->params[reference->index].value;
    bool late = is_made_there(sizing->subject);
    if (value->passing != FAR_PASS_BUFFER || !(value->flags & (late ? FAR_VALUE_IN | FAR_VALUE_OUT : FAR_VALUE_IN)))
        size_error(sizing, FC_SIZE_NOT_KNOWN,
                   value->passing == FAR_PASS_BUFFER
                       ? arena_format(arena, "make '%s' far_inout, or name the room: a parameter that goes in",
                                      reference->param->name)
                       : "give the size as a parameter",
                   "'%s' is read before the call, but does not go in", reference->name);
    else if (counted_itself(reference))
        size_error(sizing, FC_SIZE_NOT_KNOWN, "let it point to one object: no __counted_by of its own",
                   "'%s' has a size of its own", reference->param->name);
}

static void check_result(struct sizing *sizing)
{
    if (!is_made_there(sizing->subject))
        size_error(sizing, FC_SIZE_NOT_KNOWN,
                   "say how much room there is; far_result is for pointers that "
                   "come out, with far_lifetime",
                   "far_result is not known before the call");
}

static void check_operand(struct sizing *sizing, const struct reference *reference)
{
    struct arena *arena = sizing->subject->unit->arena;
    const struct type *type = reference->type.type;
    if (type->kind == TYPE_POINTER && reference->kind == REFERENCE_PARAM && is_integer_type(type->target.type))
        size_error(sizing, FC_SIZE_IS_POINTER, arena_format(arena, "write *%s for what it points to", reference->name),
                   "'%s' is a pointer", reference->name);
    else if (type->kind == TYPE_POINTER)
        size_error(
            sizing, FC_SIZE_IS_POINTER,
            "name an integer; for memory from one pointer to another there is no word: declare an operation of your "
            "own that takes a length",
            "'%s' is a pointer", reference->name);
    else if (!is_integer_type(type) || reference->is_bit_field)
        size_error(sizing, FC_SIZE_NOT_INTEGER,
                   "it must be an integer: a parameter, a member, or *p of a "
                   "pointer to one",
                   reference->is_bit_field ? "'%s' is a bit-field" : "'%s' is not an integer", reference->name);
    else if (reference->kind == REFERENCE_PARAM &&
             sizing->subject->scope->params[reference->index].value.passing != FAR_PASS_VALUE)
        size_error(sizing, FC_SIZE_NOT_INTEGER, "name a parameter that is a number", "'%s' is a descriptor",
                   reference->name);
    else if (reference->kind == REFERENCE_POINTEE)
        check_pointee(sizing, reference);
    else if (reference->kind == REFERENCE_RESULT)
        check_result(sizing);
}

static void emit_reference(struct sizing *sizing, const struct expr *expr)
{
    static const enum far_expr_code codes[] = {
        [REFERENCE_PARAM] = FAR_EXPR_PARAM,
        [REFERENCE_POINTEE] = FAR_EXPR_DEREF,
        [REFERENCE_MEMBER] = FAR_EXPR_MEMBER,
        [REFERENCE_RESULT] = FAR_EXPR_RESULT,
    };
    struct reference reference = reference_resolve(sizing->subject->scope, expr);
    if (reference.kind == REFERENCE_NONE) {
        if (reference.unknown)
            size_error(sizing, FC_SIZE_UNKNOWN_NAME, reference_candidates(sizing->subject),
                       expr->kind == EXPR_NAME ? "'%s' is neither a %s nor a constant" : "there is no '%s'",
                       reference.unknown, sizing->subject->scope->structure ? "member" : "parameter");
        else
            size_error(sizing, FC_SIZE_SYNTAX, SYNTAX_ADVICE,
                       "only a parameter can be followed with * or ->, and only one step");
        return;
    }
    check_operand(sizing, &reference);
    const struct type *type = reference.type.type;
    emit_node(sizing,
              (struct far_expr){.code = (uint8_t)codes[reference.kind],
                                .width = (uint8_t)type->size,
                                .index = reference.index,
                                .value = reference.offset,
                                .flags = type->is_signed ? FAR_EXPR_SIGNED : 0},
              reference.name);
}

static void emit_constant(struct sizing *sizing, struct constant c)
{
    bool negative = c.is_signed && (int64_t)c.value < 0;
    if (c.is_real || (negative && !sizing->selects)) {
        size_error(sizing, FC_SIZE_BAD_CONSTANT, "a size is a number of bytes or elements, 0 or more", "%s",
                   c.is_real ? "a fraction is no size" : "a negative constant is no size");
        return;
    }
    emit_node(sizing, (struct far_expr){.code = FAR_EXPR_CONST, .value = c.value}, NULL);
}

/* --- operators --- */

/* Of two constants; nothing divides by zero or shifts too far here. */
static bool fold(enum far_expr_code code, uint64_t a, uint64_t b, uint64_t *result)
{
    switch (code) {
    case FAR_EXPR_ADD:
        return !__builtin_add_overflow(a, b, result);
    case FAR_EXPR_SUB:
        return !__builtin_sub_overflow(a, b, result);
    case FAR_EXPR_MUL:
        return !__builtin_mul_overflow(a, b, result);
    case FAR_EXPR_DIV:
        *result = a / b;
        return true;
    case FAR_EXPR_MOD:
        *result = a % b;
        return true;
    case FAR_EXPR_SHL:
        *result = a << b;
        return *result >> b == a;
    case FAR_EXPR_SHR:
        *result = a >> b;
        return true;
    default:
        *result = a & b;
        return true;
    }
}

static bool is_constant_node(const struct sizing *sizing, uint32_t from, uint32_t to)
{
    return to == from + 1 && sizing->nodes[from].node.code == FAR_EXPR_CONST;
}

/* An operator on what was emitted from `left` and from `right` on; of two constants, their result. */
static void emit_operator(struct sizing *sizing, enum far_expr_code code, uint32_t left, uint32_t right)
{
    if (sizing->failed)
        return;
    bool right_constant = is_constant_node(sizing, right, sizing->count);
    uint64_t b = right_constant ? sizing->nodes[right].node.value : 1;
    if (b == 0 && (code == FAR_EXPR_DIV || code == FAR_EXPR_MOD)) {
        size_error(sizing, FC_SIZE_BAD_CONSTANT, "divide by something else", "this divides by zero");
    } else if (b > 63 && (code == FAR_EXPR_SHL || code == FAR_EXPR_SHR)) {
        size_error(sizing, FC_SIZE_BAD_CONSTANT, "sizes have 64 bits", "this shifts by more than 63 bits");
    } else if (right_constant && is_constant_node(sizing, left, right)) {
        if (!fold(code, sizing->nodes[left].node.value, b, &sizing->nodes[left].node.value))
            size_error(sizing, FC_SIZE_BAD_CONSTANT, "use a size that fits memory",
                       code == FAR_EXPR_SUB ? "a negative constant is no size" : "a constant in it overflows");
        sizing->count--;
    } else {
        emit_node(sizing, (struct far_expr){.code = (uint8_t)code}, NULL);
    }
}

static void emit_expr(struct sizing *sizing, const struct expr *expr);

static bool emit_binary(struct sizing *sizing, const struct expr *expr)
{
    static const struct {
        int op;
        enum far_expr_code code;
    } codes[] = {{'+', FAR_EXPR_ADD}, {'-', FAR_EXPR_SUB},  {'*', FAR_EXPR_MUL},   {'/', FAR_EXPR_DIV},
                 {'%', FAR_EXPR_MOD}, {LEFT, FAR_EXPR_SHL}, {RIGHT, FAR_EXPR_SHR}, {'&', FAR_EXPR_AND}};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        if (codes[i].op != expr->op)
            continue;
        uint32_t left = sizing->count;
        emit_expr(sizing, expr->left);
        uint32_t right = sizing->count;
        emit_expr(sizing, expr->right);
        emit_operator(sizing, codes[i].code, left, right);
        return true;
    }
    return false;
}

/*
 * Does a cast to that type keep the value emitted from `from` on? A negative one has no size's value to begin with, and in
 * a selector it is its 64 bits.
 */
static bool cast_keeps(const struct sizing *sizing, uint32_t from, const struct type *type)
{
    const struct far_expr *node = &sizing->nodes[from].node;
    bool operand = sizing->count == from + 1 && node->code != FAR_EXPR_CONST;
    bool is_signed = operand && (node->flags & FAR_EXPR_SIGNED);
    uint64_t width = operand ? node->width : 8;
    if (type->size == 8 && (sizing->selects || !type->is_signed))
        return true;
    if (type->is_signed)
        return is_signed ? width <= type->size : width < type->size;
    return width <= type->size && !(is_signed && sizing->selects);
}

/* To an unsigned type: its low bits. To a signed one: only where that changes nothing. */
static bool emit_cast(struct sizing *sizing, const struct expr *expr)
{
    const struct type *type = expr->type.type;
    if (!is_integer_type(type) || type->kind == TYPE_BOOL)
        return false;
    uint32_t from = sizing->count;
    emit_expr(sizing, expr->left);
    if (sizing->failed || cast_keeps(sizing, from, type))
        return true;
    if (type->is_signed)
        return false;
    uint32_t right = sizing->count;
    emit_node(sizing, (struct far_expr){.code = FAR_EXPR_CONST, .value = ((uint64_t)1 << (type->size * 8)) - 1}, NULL);
    emit_operator(sizing, FAR_EXPR_AND, from, right);
    return true;
}

static bool is_arithmetic(const struct expr *expr)
{
    static const int operators[] = {'+', '-', '*', LEFT};
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++)
        if (expr->kind == EXPR_BINARY && expr->op == operators[i])
            return true;
    return false;
}

static void emit_expr(struct sizing *sizing, const struct expr *expr)
{
    if (sizing->failed)
        return;
    bool named = reference_used(sizing->subject->scope, expr);
    /* C lets unsigned arithmetic wrap around; a size that does is a mistake, so those operators are folded here. */
    struct constant c =
        named || is_arithmetic(expr) ? (struct constant){0} : constant_evaluate(sizing->subject->unit, expr);
    bool done = true;
    if (c.known)
        emit_constant(sizing, c);
    else if (expr->kind == EXPR_NAME || expr->kind == EXPR_MEMBER || expr->kind == EXPR_ARROW ||
             (expr->kind == EXPR_UNARY && expr->op == '*'))
        emit_reference(sizing, expr);
    else if (expr->kind == EXPR_UNARY && expr->op == '+')
        emit_expr(sizing, expr->left);
    else if (expr->kind == EXPR_BINARY)
        done = emit_binary(sizing, expr);
    else if (expr->kind == EXPR_CAST)
        done = emit_cast(sizing, expr);
    else
        done = false;
    if (!done)
        size_error(sizing, FC_SIZE_SYNTAX, SYNTAX_ADVICE, "this is not an expression that a gate can compute");
}

/* --- whole expressions --- */

/* Elements become bytes. */
static void scale(struct sizing *sizing, uint64_t element)
{
    if (sizing->failed || element == 1)
        return;
    uint32_t right = sizing->count;
    emit_node(sizing, (struct far_expr){.code = FAR_EXPR_CONST, .value = element}, NULL);
    emit_operator(sizing, FAR_EXPR_MUL, 0, right);
}

static struct model_expr *finished(const struct sizing *sizing, uint32_t *count)
{
    *count = 0;
    if (sizing->failed)
        return NULL;
    struct model_expr *nodes = arena_alloc(sizing->subject->unit->arena, sizing->count * sizeof *nodes);
    memcpy(nodes, sizing->nodes, sizing->count * sizeof *nodes);
    *count = sizing->count;
    return nodes;
}

static const struct annotation *count_annotation(const struct subject *s)
{
    const struct annotation *annotation = s->annotations;
    while (annotation && (annotation->word >= ANNOTATION_COUNT || !(SET_COUNTS & ((uint64_t)1 << annotation->word))))
        annotation = annotation->next;
    return annotation;
}

static void emit_annotation(struct sizing *sizing, const struct annotation *annotation)
{
    const struct subject *s = sizing->subject;
    sizing->place = annotation->place;
    const struct parameter *names = reference_names(s->scope);
    const struct expr *expr = unit_parse_expression(s->unit, annotation->argument, annotation->place, names);
    if (expr)
        emit_expr(sizing, expr);
    else
        sizing->failed = true; /* said by the parser */
}

static void emit_size(struct sizing *sizing, uint64_t element)
{
    const struct subject *s = sizing->subject;
    const struct annotation *annotation = count_annotation(s);
    if (annotation) {
        emit_annotation(sizing, annotation);
        if (annotation->word == ANNOTATION_COUNTED_BY || annotation->word == ANNOTATION_COUNTED_BY_OR_NULL)
            scale(sizing, element);
    } else if (s->array && s->array->count_expr) {
        emit_expr(sizing, s->array->count_expr);
        scale(sizing, element);
    } else {
        emit_node(sizing, (struct far_expr){.code = FAR_EXPR_CONST, .value = element}, NULL);
    }
}

/* Strings have a size when somebody else's memory is filled; arrays, when their length is not part of their type. */
static bool has_size(const struct subject *s)
{
    switch (s->value->passing) {
    case FAR_PASS_BUFFER:
        return true;
    case FAR_PASS_STRING:
    case FAR_PASS_ARRAY:
        return (s->set & SET_COUNTS) != 0;
    default:
        return false;
    }
}

static bool make_size(struct subject *s)
{
    const struct type *element = s->type.type->target.type;
    struct sizing sizing = {.subject = s, .what = "the size of", .place = s->place};
    if (!has_size(s))
        return true;
    emit_size(&sizing, element->complete ? element->size : 0);
    s->value->size = finished(&sizing, &s->value->size_count);
    return !sizing.failed;
}

/* What the operation returns when it has not released the handle. */
static bool make_refusal(struct subject *s, const struct annotation *annotation)
{
    const struct model_value *result = s->scope->result ? &s->scope->result->value : NULL;
    bool fine = s->value->passing == FAR_PASS_HANDLE && s->value->flags & FAR_VALUE_RELEASE && !s->calls && result &&
                result->passing == FAR_PASS_VALUE;
    struct constant c = {.known = false};
    if (fine && !argument_value(s->unit, annotation, &c))
        return false;
    if (!fine || !c.known || c.is_real || !constant_fits(c, result->type.type)) {
        subject_error(
            s, FC_UNLESS, annotation->place,
            fine ? "what far_unless of {what} of {op} names is not a constant that the result can be"
                 : "{what} of {op} says far_unless, but is no handle that an operation releases and about which its "
                   "result says something",
            "write it beside far_release of a handle, with the integer that the operation returns when the handle "
            "stays valid");
        return false;
    }
    struct sizing sizing = {.subject = s, .what = "far_unless of", .place = annotation->place};
    const uint64_t returned = register_bits(c.value, result->type.type);
    emit_node(&sizing, (struct far_expr){.code = FAR_EXPR_CONST, .value = returned}, NULL);
    s->value->select = finished(&sizing, &s->value->select_count);
    return !sizing.failed;
}

static bool make_selector(struct subject *s)
{
    const struct annotation *unless = annotation_find(s->annotations, ANNOTATION_UNLESS);
    if (unless)
        return make_refusal(s, unless);
    const struct annotation *annotation = annotation_find(s->annotations, ANNOTATION_SELECTED_BY);
    if (!annotation || s->value->passing != FAR_PASS_STRUCT)
        return true;
    struct sizing sizing = {.subject = s, .what = "the selector of", .place = annotation->place, .selects = true};
    emit_annotation(&sizing, annotation);
    s->value->select = finished(&sizing, &s->value->select_count);
    return !sizing.failed;
}

/* --- lifetimes --- */

static void lifetime_error(struct subject *s, const struct annotation *annotation, const char *message)
{
    s->detail = annotation->argument;
    s->value->lifetime = FAR_LIFETIME_CALL; /* some lifetime it has: that one is missing is not said too */
    subject_error(s, FC_LIFETIME, annotation->place, message,
                  "write far_lifetime(call), (service), (released), or the name "
                  "of a parameter: a handle, or the memory "
                  "it points into");
}

static const struct parameter *named_parameter(const struct subject *s, const char *name, uint32_t *index)
{
    const struct parameter *param = s->scope->function ? s->scope->function->params : NULL;
    while (param && !(param->name && strcmp(param->name, name) == 0))
        param = param->next, ++*index;
    return param;
}

static bool parameter_lifetime(struct subject *s, const struct annotation *annotation)
{
    uint32_t index = 0;
    if (!named_parameter(s, annotation->argument, &index)) {
        lifetime_error(s, annotation, "'{detail}' is neither a lifetime nor a parameter of {op}");
        return false;
    }
    const struct model_value *value = &s->scope->params[index].value;
    if (s->value->passing == FAR_PASS_HANDLE && (value->passing != FAR_PASS_HANDLE || s->calls)) {
        lifetime_error(s, annotation,
                       "{what} of {op} is a handle, and '{detail}' is no handle that the operation takes");
        return false;
    }
    if (s->value->passing == FAR_PASS_HANDLE && value->flags & FAR_VALUE_RELEASE) {
        lifetime_error(s, annotation, "{what} of {op} ends with '{detail}', which is released by the same call");
        return false;
    }
    bool in_memory = value->passing == FAR_PASS_BUFFER || value->passing == FAR_PASS_STRING;
    bool destructor = value->passing == FAR_PASS_CALLBACK && subject_is_kept(s);
    if (!in_memory && !destructor && value->passing != FAR_PASS_HANDLE) {
        lifetime_error(s, annotation,
                       "'{detail}' of {op} is neither a handle nor memory that a "
                       "pointer can lead into");
        return false;
    }
    s->value->lifetime = destructor ? FAR_LIFETIME_CALLBACK : in_memory ? FAR_LIFETIME_PARAM : FAR_LIFETIME_HANDLE;
    s->value->lifetime_of = index;
    return true;
}

static bool make_lifetime(struct subject *s)
{
    static const char *const words[FAR_LIFETIME_COUNT] = {
        [FAR_LIFETIME_CALL] = "call", [FAR_LIFETIME_SERVICE] = "service", [FAR_LIFETIME_RELEASED] = "released"};
    const struct annotation *annotation = annotation_find(s->annotations, ANNOTATION_LIFETIME);
    if (!annotation)
        return true;
    for (unsigned i = 0; i < FAR_LIFETIME_COUNT; i++)
        if (words[i] && strcmp(words[i], annotation->argument) == 0)
            s->value->lifetime = i;
    uint32_t index = 0;
    if (s->value->lifetime && named_parameter(s, annotation->argument, &index)) {
        s->detail = annotation->argument;
        subject_error(s, FC_LIFETIME, annotation->place, "'{detail}' is a lifetime and a parameter of {op}",
                      "give the parameter another name: nothing says which of them is meant");
        return false;
    }
    if (s->value->lifetime == FAR_LIFETIME_CALL && s->value->passing == FAR_PASS_HANDLE) {
        lifetime_error(s, annotation, "{what} of {op} is a handle: it stays valid beyond the next call");
        return false;
    }
    return s->value->lifetime || parameter_lifetime(s, annotation);
}

/* --- scopes --- */

void scope_add(struct subject *subject)
{
    bool asks = has_size(subject) || (subject->set & (HAS(LIFETIME) | HAS(SELECTED_BY) | HAS(UNLESS)));
    if (!asks)
        return;
    struct pending *pending = ARENA_NEW(subject->unit->arena, struct pending);
    pending->subject = *subject;
    pending->next = subject->scope->pending;
    subject->scope->pending = pending;
}

bool scope_finish(struct scope *scope)
{
    bool good = true;
    for (struct pending *pending = scope->pending; pending; pending = pending->next) {
        good &= make_lifetime(&pending->subject);
        good &= make_size(&pending->subject);
        good &= make_selector(&pending->subject);
    }
    return good;
}
