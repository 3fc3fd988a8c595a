/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* far dump --json: the same sections, for programs. Addresses and fingerprints are hexadecimal strings. */
#include "runtime/far/disasm.h"
#include "runtime/far/dump.h"
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

static void emit_param_fields(struct json *json, const struct far_iface *iface, const struct far_op *op,
                              const struct far_param *param)
{
    char words[DUMP_WORDS_SIZE];
    json_string(json, "type", iface_string(iface, iface_type(iface, param->value.type)->name));
    json_string(json, "passing", far_passing_name(param->value.passing));
    json_number(json, "width", param->value.width);
    json_bool(json, "in", param->value.flags & FAR_VALUE_IN);
    json_bool(json, "out", param->value.flags & FAR_VALUE_OUT);
    json_bool(json, "signed", param->value.flags & FAR_VALUE_SIGNED);
    json_bool(json, "optional", param->value.flags & FAR_VALUE_OPTIONAL);
    json_bool(json, "release", param->value.flags & FAR_VALUE_RELEASE);
    if (param->value.passing == FAR_PASS_BUFFER) {
        dump_size_words(iface, op, param, words);
        json_string(json, "bytes", words);
    }
    dump_param_words(iface, op, param, words);
    json_string(json, "words", words);
}

static void emit_params(struct json *json, const struct far_iface *iface, const struct far_op *op)
{
    json_open(json, "parameters", '[');
    for (uint32_t i = 0; i < op->param_count; i++) {
        const struct far_param *param = iface_param(iface, op, i);
        json_open(json, NULL, '{');
        json_string(json, "name", param->name ? iface_string(iface, param->name) : NULL);
        emit_param_fields(json, iface, op, param);
        json_close(json, '}');
    }
    json_close(json, ']');
    json_open(json, "result", '{');
    emit_param_fields(json, iface, op, iface_result(iface, op));
    json_close(json, '}');
}

static void emit_operation(struct json *json, const struct far_iface *iface, const struct far_op *op)
{
    char fails[DUMP_FAILS_SIZE];
    dump_fails_words(iface, op, fails);
    json_open(json, NULL, '{');
    json_string(json, "name", iface_string(iface, op->name));
    json_number(json, "slot", op->slot);
    json_string(json, "signature", iface_string(iface, op->signature));
    json_string(json, "file", iface_string(iface, op->file));
    json_number(json, "line", op->line);
    json_string(json, "shipping", op->flags & FAR_OP_DATA_SHIPPED ? "data" : "function");
    json_bool(json, "neutral", op->flags & FAR_OP_NEUTRAL);
    json_bool(json, "oneway", op->flags & FAR_OP_ONEWAY);
    json_bool(json, "async", op->flags & FAR_OP_ASYNC);
    json_bool(json, "idempotent", op->flags & FAR_OP_IDEMPOTENT);
    json_bool(json, "absent", op->flags & FAR_OP_ABSENT);
    json_number(json, "deadline_ms", op->deadline_ms);
    json_string(json, "fails", fails[0] ? fails : NULL);
    json_hex(json, "fingerprint", op->fingerprint);
    emit_params(json, iface, op);
    json_close(json, '}');
}

static void emit_operations(struct json *json, const struct dump *dump)
{
    json_open(json, "operations", '[');
    for (uint32_t i = 0; i < dump->iface->ops.count; i++)
        emit_operation(json, dump->iface, iface_op(dump->iface, i));
    json_close(json, ']');
}

static void emit_members(struct json *json, const struct far_iface *iface, const struct far_type *type)
{
    json_open(json, "members", '[');
    for (uint32_t i = 0; i < type->member_count; i++) {
        const struct far_member *member = iface_member(iface, type->first_member + i);
        json_open(json, NULL, '{');
        json_string(json, "name", iface_string(iface, member->name));
        json_number(json, "type", member->type);
        json_number(json, "offset", member->offset);
        json_number(json, "bit_width", member->bit_width);
        json_number(json, "bit_offset", member->bit_offset);
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
        emit_members(json, dump->iface, type);
        json_close(json, '}');
    }
    json_close(json, ']');
}

static void emit_word(void *context, uint64_t where)
{
    json_hex(context, NULL, where);
}

static void emit_rebase(struct json *json, const struct dump *dump, const struct far_reloc *command)
{
    uint64_t first = 0, last = 0, count = dump_rebase_extent(command, &first, &last);
    json_number(json, "words", count);
    json_hex(json, "first", first);
    json_hex(json, "last", last);
    if (!dump->options->each_word)
        return;
    json_open(json, "addresses", '[');
    dump_each_rebase(command, emit_word, json);
    json_close(json, ']');
}

static void emit_command(struct json *json, const struct dump *dump, const struct far_reloc *command)
{
    const struct far_reloc_header *stream = dump->segment->reloc;
    json_open(json, NULL, '{');
    json_string(json, "command", far_reloc_name(command->code));
    if (command->code == FAR_RELOC_REBASE) {
        emit_rebase(json, dump, command);
    } else {
        json_hex(json, "where", command->where);
        json_string(json, "name", segment_reloc_string(stream, command->name));
        json_string(json, "name2", segment_reloc_string(stream, command->name2));
        json_hex(json, "value", command->value);
    }
    if (command->code == FAR_RELOC_CHECK) {
        json_number(json, "major", command->count >> 16);
        json_number(json, "minor", command->count & 0xffff);
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

void dump_segment_json(const struct far_segment *segment, const struct dump_options *options, FILE *out)
{
    static void (*const emit[DUMP_SECTION_COUNT])(struct json *, const struct dump *) = {
#define X(NAME, name, shown, what) emit_##name,
        DUMP_SECTIONS(X)
#undef X
    };
    struct dump dump = {.out = out, .options = options, .segment = segment, .iface = segment->iface};
    struct json json = {.out = out};
    symbols_load(&dump.symbols, segment);
    json_open(&json, NULL, '{');
    for (enum dump_section section = 0; section < DUMP_SECTION_COUNT; section++) {
        if (options->sections & 1u << section)
            emit[section](&json, &dump);
    }
    json_close(&json, '}');
    symbols_free(&dump.symbols);
}
