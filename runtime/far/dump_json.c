/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* far dump --json: the same sections, for programs. Addresses and fingerprints are hexadecimal strings. */
#include "runtime/far/disasm.h"
#include "runtime/far/dump.h"
#include "runtime/format/carried.h"
#include "runtime/format/json.h"

static void emit_header(struct json *json, const struct dump *dump)
{
    const struct far_note *note = dump->segment->note;
    const struct far_iface *iface = dump->iface;
    json_number(json, "format", note->format);
    json_string(json, "machine", dump_machine_name(note->machine));
    json_bytes(json, "build_id", note->build_id, sizeof note->build_id);
    json_number(json, "file_size", dump->segment->size);
    json_number(json, "image_size", note->image_size);
    json_number(json, "heap_size", note->heap_size);
    json_number(json, "slot_count", note->slot_count);
    json_bool(json, "may_change_protection_keys", note->flags & FAR_NOTE_STRAY);
    json_string(json, "service", iface_string(iface, iface->service));
    json_number(json, "major", iface->major);
    json_number(json, "minor", iface->minor);
    json_hex(json, "fingerprint", iface->fingerprint);
}

static void emit_parts(struct json *json, const struct dump *dump)
{
    json_open(json, "parts", '[');
    for (enum far_part part = 0; part < FAR_PART_COUNT; part++) {
        const struct part_rights *rights = &dump_part_rights[part];
        json_open(json, NULL, '{');
        json_string(json, "name", far_part_name(part));
        json_hex(json, "address", dump->segment->part[part].address);
        json_number(json, "size", dump->segment->part[part].size);
        json_number(json, "file_size", dump->segment->content_size[part]);
        json_string(json, "trusted", rights->trusted);
        json_string(json, "read", rights->read);
        json_string(json, "none", rights->none);
        json_string(json, "memory", rights->shared);
        json_close(json, '}');
    }
    json_close(json, ']');
}

static void emit_variant(struct json *json, const struct dump *dump, const char *name, const uint8_t *code,
                         uint64_t address)
{
    json_open(json, name, '{');
    json_bytes(json, "bytes", code, FAR_STUB_SIZE);
    json_open(json, "assembly", '[');
    for (size_t at = 0; at < FAR_STUB_SIZE;) {
        struct instruction instruction =
            disassemble(dump->segment->note->machine, code + at, FAR_STUB_SIZE - at, address + at);
        json_string(json, NULL, instruction.text);
        at += instruction.length;
    }
    json_close(json, ']');
    json_close(json, '}');
}

static void emit_slot(struct json *json, const struct dump *dump, enum far_part part, uint32_t slot)
{
    const struct far_op *op = iface_op_by_slot(dump->iface, slot);
    size_t offset = (size_t)slot * FAR_STUB_SIZE;
    uint64_t address = dump->segment->part[part].address + offset;
    enum far_part home = op && op->flags & FAR_OP_DATA_SHIPPED ? FAR_PART_DSTUBS : FAR_PART_FSTUBS;
    json_open(json, NULL, '{');
    json_number(json, "slot", slot);
    json_hex(json, "address", address);
    json_string(json, "operation", op ? iface_string(dump->iface, op->name) : NULL);
    json_bool(json, "default_home", op && home == part);
    emit_variant(json, dump, "branch", dump->segment->content[part] + offset, address);
    emit_variant(json, dump, "trap", dump->segment->traps[part] + offset, address);
    json_close(json, '}');
}

static void emit_stubs(struct json *json, const struct dump *dump)
{
    json_open(json, "stubs", '{');
    for (enum far_part part = FAR_PART_FSTUBS; part <= FAR_PART_DSTUBS; part++) {
        json_open(json, far_part_name(part), '[');
        for (uint32_t slot = 0; slot < dump->segment->note->slot_count; slot++)
            emit_slot(json, dump, part, slot);
        json_close(json, ']');
    }
    json_close(json, '}');
}

static void emit_symbols(struct json *json, const struct dump *dump)
{
    json_open(json, "symbols", '[');
    for (size_t i = 0; i < dump->symbols.count; i++) {
        json_open(json, NULL, '{');
        json_hex(json, "address", dump->symbols.list[i].address);
        json_number(json, "size", dump->symbols.list[i].size);
        json_string(json, "name", dump->symbols.list[i].name);
        json_close(json, '}');
    }
    json_close(json, ']');
}

static void emit_flags(struct json *json, const struct far_value *value)
{
    static const struct {
        unsigned flag;
        const char *name;
    } flags[] = {{FAR_VALUE_IN, "in"},
                 {FAR_VALUE_OUT, "out"},
                 {FAR_VALUE_SIGNED, "signed"},
                 {FAR_VALUE_OPTIONAL, "optional"},
                 {FAR_VALUE_RELEASE, "release"},
                 {FAR_VALUE_DEEP, "deep"},
                 {FAR_VALUE_DEEP_ONLY, "deep_only"},
                 {FAR_VALUE_GRANTED, "granted"}};
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        json_bool(json, flags[i].name, value->flags & flags[i].flag);
}

static void emit_expr(struct json *json, const struct dump_scope *scope, const char *name, uint32_t first,
                      uint32_t count)
{
    char words[DUMP_WORDS_SIZE];
    dump_expr_words(scope, first, count, words);
    if (count)
        json_string(json, name, words);
}

/* One value's own fields; "element" goes on with what it leads to. */
static void emit_level(struct json *json, const struct dump_scope *scope, const struct far_value *value)
{
    json_string(json, "type", dump_type_name(scope->iface, value->type));
    json_number(json, "type_index", value->type);
    json_string(json, "passing", far_passing_name(value->passing));
    json_number(json, "width", value->width);
    emit_flags(json, value);
    emit_expr(json, scope, "bytes", value->size_first, value->size_count);
    emit_expr(json, scope, "selector", value->select_first, value->select_count);
    if (value->lifetime)
        json_string(json, "lifetime", far_lifetime_name(value->lifetime));
    if (value->lifetime >= FAR_LIFETIME_HANDLE)
        json_number(json, "lifetime_of", value->lifetime_of);
    if (value->passing == FAR_PASS_CALLBACK)
        json_number(json, "callback", value->inside - 1);
}

static void emit_value_fields(struct json *json, const struct dump_scope *scope, const struct far_value *value)
{
    const struct far_value *outermost = value;
    char words[DUMP_WORDS_SIZE];
    unsigned open = 0;
    for (;; open++) {
        emit_level(json, scope, value);
        if (!value->inside || value->passing == FAR_PASS_CALLBACK)
            break;
        json_open(json, "element", '{');
        value = iface_value(scope->iface, value->inside - 1);
    }
    for (; open; open--)
        json_close(json, '}');
    dump_value_words(scope, outermost, words);
    json_string(json, "words", words);
}

static void emit_function(struct json *json, const struct dump_scope *scope)
{
    json_open(json, "parameters", '[');
    for (uint32_t i = 1; i <= scope->param_count; i++) {
        const struct far_param *param = &scope->function[i];
        json_open(json, NULL, '{');
        json_string(json, "name", param->name ? iface_string(scope->iface, param->name) : NULL);
        emit_value_fields(json, scope, &param->value);
        json_close(json, '}');
    }
    json_close(json, ']');
    json_open(json, "result", '{');
    emit_value_fields(json, scope, &scope->function->value);
    json_close(json, '}');
}

static void emit_callbacks(struct json *json, const struct far_iface *iface)
{
    json_open(json, "callbacks", '[');
    for (uint32_t i = 0; i < iface->callbacks.count; i++) {
        const struct far_callback *callback = iface_callback(iface, i);
        struct dump_scope scope = dump_scope_of_callback(iface, callback);
        json_open(json, NULL, '{');
        json_string(json, "type", dump_type_name(iface, callback->type));
        emit_function(json, &scope);
        json_close(json, '}');
    }
    json_close(json, ']');
}

static void emit_operation(struct json *json, struct carrier *carrier, const struct far_op *op)
{
    const struct far_iface *iface = carrier->iface;
    struct dump_scope scope = dump_scope_of(iface, op);
    char fails[DUMP_FAILS_SIZE], refusal[CARRIER_TEXT_SIZE];
    dump_fails_words(iface, op, fails);
    json_open(json, NULL, '{');
    json_string(json, "name", iface_string(iface, op->name));
    json_number(json, "slot", op->slot);
    json_string(json, "signature", iface_string(iface, op->signature));
    json_string(json, "file", iface_string(iface, op->file));
    json_number(json, "line", op->line);
    json_string(json, "shipping", op->flags & FAR_OP_DATA_SHIPPED ? "data" : "function");
    json_bool(json, "neutral", op->flags & FAR_OP_NEUTRAL);
    json_string(json, "reason", op->reason ? iface_string(iface, op->reason) : NULL);
    json_string(json, "vouched", op->vouched ? iface_string(iface, op->vouched) : NULL);
    json_bool(json, "oneway", op->flags & FAR_OP_ONEWAY);
    json_bool(json, "async", op->flags & FAR_OP_ASYNC);
    json_bool(json, "queued", op->flags & FAR_OP_QUEUED);
    json_bool(json, "idempotent", op->flags & FAR_OP_IDEMPOTENT);
    json_bool(json, "absent", op->flags & FAR_OP_ABSENT);
    json_number(json, "deadline_ms", op->deadline_ms);
    json_string(json, "fails", fails[0] ? fails : NULL);
    json_hex(json, "fingerprint", op->fingerprint);
    json_string(json, "branch_only", carrier_text(carrier, op, refusal) ? refusal : NULL);
    emit_function(json, &scope);
    json_close(json, '}');
}

static void emit_operations(struct json *json, const struct dump *dump)
{
    struct carrier carrier;
    if (carrier_begin(&carrier, dump->iface) != 0)
        return;
    json_open(json, "operations", '[');
    for (uint32_t i = 0; i < dump->iface->ops.count; i++)
        emit_operation(json, &carrier, iface_op(dump->iface, i));
    json_close(json, ']');
    emit_callbacks(json, dump->iface);
    carrier_end(&carrier);
}

static void emit_data(struct json *json, const struct dump *dump)
{
    json_open(json, "data", '[');
    for (uint32_t i = 0; i < dump->iface->data.count; i++) {
        const struct far_data *data = iface_data(dump->iface, i);
        json_open(json, NULL, '{');
        json_string(json, "name", iface_string(dump->iface, data->name));
        json_string(json, "type", dump_type_name(dump->iface, data->type));
        json_string(json, "protocol", far_protocol_name(data->protocol));
        json_string(json, "signature", iface_string(dump->iface, data->signature));
        json_string(json, "file", iface_string(dump->iface, data->file));
        json_number(json, "line", data->line);
        json_hex(json, "fingerprint", data->fingerprint);
        json_close(json, '}');
    }
    json_close(json, ']');
}

static void emit_cases(struct json *json, const struct far_iface *iface, const struct far_member *member)
{
    if (!member->case_count && !(member->flags & FAR_MEMBER_DEFAULT))
        return;
    json_open(json, "cases", '[');
    for (uint32_t i = 0; i < member->case_count; i++)
        json_signed(json, NULL, iface_case(iface, member->first_case + i));
    json_close(json, ']');
    json_bool(json, "default", member->flags & FAR_MEMBER_DEFAULT);
}

static void emit_members(struct json *json, const struct far_iface *iface, const struct far_type *type)
{
    struct dump_scope scope = dump_scope_of_members(iface, type);
    json_open(json, "members", '[');
    for (uint32_t i = 0; i < type->member_count; i++) {
        const struct far_member *member = iface_member(iface, type->first_member + i);
        json_open(json, NULL, '{');
        json_string(json, "name", iface_string(iface, member->name));
        json_number(json, "type", member->type);
        json_number(json, "offset", member->offset);
        json_number(json, "bit_width", member->bit_width);
        json_number(json, "bit_offset", member->bit_offset);
        emit_cases(json, iface, member);
        if (member->value) {
            json_open(json, "crosses", '{');
            emit_value_fields(json, &scope, iface_value(iface, member->value - 1));
            json_close(json, '}');
        }
        json_close(json, '}');
    }
    json_close(json, ']');
}

static void emit_types(struct json *json, const struct dump *dump)
{
    json_open(json, "types", '[');
    for (uint32_t i = 0; i < dump->iface->types.count; i++) {
        const struct far_type *type = iface_type(dump->iface, i);
        json_open(json, NULL, '{');
        json_string(json, "name", iface_string(dump->iface, type->name));
        json_string(json, "kind", far_type_kind_name(type->kind));
        json_number(json, "size", type->size);
        json_number(json, "align", type->align);
        json_number(json, "target", type->target);
        json_number(json, "count", type->count);
        json_bool(json, "plain", type->flags & FAR_TYPE_PLAIN);
        json_bool(json, "flexible", type->flags & FAR_TYPE_FLEXIBLE);
        emit_members(json, dump->iface, type);
        json_close(json, '}');
    }
    json_close(json, ']');
}

static void emit_word(void *context, uint64_t where)
{
    json_hex(context, NULL, where);
}

static void emit_words(struct json *json, const struct dump *dump, const struct far_reloc *command)
{
    uint64_t first = 0, last = 0, count = dump_words_extent(command, &first, &last);
    json_number(json, "words", count);
    json_hex(json, "first", first);
    json_hex(json, "last", last);
    if (!dump->options->each_word)
        return;
    json_open(json, "addresses", '[');
    dump_each_word(command, emit_word, json);
    json_close(json, ']');
}

static void emit_command(struct json *json, const struct dump *dump, const struct far_reloc *command)
{
    const struct far_reloc_header *stream = dump->segment->reloc;
    json_open(json, NULL, '{');
    json_string(json, "command", far_reloc_name(command->code));
    if (command->code != FAR_RELOC_REBASE) {
        json_string(json, "name", segment_reloc_string(stream, command->name));
        json_string(json, "name2", segment_reloc_string(stream, command->name2));
        json_hex(json, "value", command->value);
    }
    if (command->code == FAR_RELOC_CHECK) {
        json_number(json, "major", segment_reloc_words(command)[0] >> 16);
        json_number(json, "minor", segment_reloc_words(command)[0] & 0xffff);
        if (command->count > 1)
            json_hex(json, "fails", segment_reloc_words(command)[1]);
    } else {
        emit_words(json, dump, command);
    }
    json_close(json, '}');
}

static void emit_relocs(struct json *json, const struct dump *dump)
{
    const struct far_reloc_header *stream = dump->segment->reloc;
    json_open(json, "relocations", '[');
    for (const struct far_reloc *at = segment_next_reloc(stream, NULL); at; at = segment_next_reloc(stream, at))
        emit_command(json, dump, at);
    json_close(json, ']');
}

static void emit_record(struct json *json, const struct far_iface *iface)
{
    json_string(json, "machine", dump_machine_name(iface->machine));
    json_string(json, "service", iface_string(iface, iface->service));
    json_number(json, "major", iface->major);
    json_number(json, "minor", iface->minor);
    json_hex(json, "fingerprint", iface->fingerprint);
}

void dump_interface_json(const struct far_segment *segment, const struct far_iface *iface,
                         const struct dump_options *options, FILE *out)
{
    static void (*const emit[DUMP_SECTION_COUNT])(struct json *, const struct dump *) = {
#define X(NAME, name, shown, what) emit_##name,
        DUMP_SECTIONS(X)
#undef X
    };
    struct dump dump = {.out = out, .options = options, .segment = segment, .iface = iface};
    struct json json = {.out = out};
    unsigned sections = segment ? options->sections : options->sections & DUMP_OF_RECORD;
    if (segment)
        symbols_load(&dump.symbols, segment);
    json_open(&json, NULL, '{');
    if (!segment)
        emit_record(&json, iface);
    for (enum dump_section section = 0; section < DUMP_SECTION_COUNT; section++) {
        if (sections & 1u << section)
            emit[section](&json, &dump);
    }
    json_close(&json, '}');
    symbols_free(&dump.symbols);
}
