/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Every form of a stub, thousands of times, for somebody else to disassemble:
 *
 *     stub-forms MACHINE bytes   what the encoders wrote, a line a stub, as llvm-mc --disassemble reads it
 *     stub-forms MACHINE text    the assembly that is meant, worked out from what was asked for and not from the bytes
 *
 * On the way each stub is read back by the checker of the segment format. Exit code 1: it did not give back what was meant.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/format/stub.h"
#include "stubgen/stubs.h"

#define ROUNDS 500

struct writer {
    const struct stub_machine *machine;
    bool aarch64;
    bool text;
    uint64_t random;
    int status;
};

/* xorshift: the same numbers in every run. */
static uint64_t random_number(struct writer *writer)
{
    writer->random ^= writer->random << 13;
    writer->random ^= writer->random >> 7;
    writer->random ^= writer->random << 17;
    return writer->random;
}

/* A multiple of `step` that lies less than `reach` from zero, on either side; all magnitudes alike. */
static int64_t random_distance(struct writer *writer, uint64_t reach, uint64_t step)
{
    uint64_t number = random_number(writer);
    uint64_t magnitude = (number >> 8) % reach >> number % 30;
    int64_t distance = (int64_t)(magnitude / step * step);

    return random_number(writer) % 2 ? distance : -distance;
}

static void print_bytes(const uint8_t code[FAR_STUB_SIZE])
{
    for (int i = 0; i < FAR_STUB_SIZE; i++)
        printf("0x%02x%s", code[i], i + 1 < FAR_STUB_SIZE ? " " : "\n");
}

static void print_padding(const struct writer *writer, int bytes)
{
    for (; bytes > 0; bytes -= writer->aarch64 ? 4 : 1)
        puts(writer->aarch64 ? "udf #0" : "int3");
}

/* x86-64: a displacement of nothing is not written. */
static void print_relative(const char *before, int64_t displacement, const char *after)
{
    fputs(before, stdout);
    if (displacement)
        printf("%" PRId64, displacement);
    printf("(%%rip)%s", after);
}

/* What the reader says about a stub that the encoder wrote for `wanted`. */
static void check_meaning(struct writer *writer, const uint8_t code[FAR_STUB_SIZE], uint64_t address,
                          struct stub_meaning wanted)
{
    struct stub_meaning read = stub_reader_for(writer->machine->elf_machine)->read(code, address);

    if (read.kind == wanted.kind && read.slot == wanted.slot && read.target == wanted.target)
        return;
    fprintf(stderr, "stub-forms: the stub at 0x%" PRIx64 " reads as kind %d, slot %u, target 0x%" PRIx64 "\n", address,
            read.kind, read.slot, read.target);
    writer->status = 1;
}

static void branch(struct writer *writer, uint64_t stub, int64_t distance)
{
    unsigned behind = writer->aarch64 ? 4 : 9;
    uint64_t to = stub + behind + (uint64_t)distance;
    uint8_t code[FAR_STUB_SIZE];

    if (writer->machine->encode_branch(code, stub, to))
        writer->status = 1;
    check_meaning(writer, code, stub, (struct stub_meaning){STUB_KIND_BRANCH, 0, to});
    if (!writer->text) {
        print_bytes(code);
    } else {
        printf(writer->aarch64 ? "bti c\nb #%" PRId64 "\n" : "endbr64\njmp %" PRId64 "\n", distance);
        print_padding(writer, writer->aarch64 ? 8 : 7);
    }
}

static void trap(struct writer *writer, uint64_t part, uint32_t slot)
{
    uint64_t stub = part + (uint64_t)slot * FAR_STUB_SIZE;
    uint8_t code[FAR_STUB_SIZE];

    if (writer->machine->encode_trap(code, stub, slot, part))
        writer->status = 1;
    check_meaning(writer, code, stub, (struct stub_meaning){STUB_KIND_TRAP, slot, part});
    if (!writer->text) {
        print_bytes(code);
    } else if (writer->aarch64) {
        printf("bti c\nmov w16, #%u\nb #%d\nudf #0\n", slot, -(int)(slot * FAR_STUB_SIZE + 8));
    } else {
        printf("endbr64\nmovl $%u, %%r11d\njmp %d\nint3\n", slot, -(int)(slot * FAR_STUB_SIZE + 15));
    }
}

static void way_to_gate(struct writer *writer, uint64_t stub, int64_t distance)
{
    uint64_t page = stub & ~(uint64_t)0xfff;
    uint64_t to = writer->aarch64 ? page + (uint64_t)distance : stub + 7 + (uint64_t)distance;
    uint8_t code[FAR_STUB_SIZE];

    if (writer->machine->encode_way_to_gate(code, stub, to))
        writer->status = 1;
    check_meaning(writer, code, stub, (struct stub_meaning){STUB_KIND_GATE, 0, to});
    if (!writer->text) {
        print_bytes(code);
    } else if (writer->aarch64) {
        printf("adrp x17, #%" PRId64 "\nldr x9, [x17]\nbr x9\nudf #0\n", distance);
    } else {
        print_relative("leaq ", distance, ", %r10\njmpq *(%r10)\n");
        print_padding(writer, 6);
    }
}

static void thunk(struct writer *writer, uint64_t address, int64_t distance, uint64_t in_page)
{
    uint64_t page = (address + 4) & ~(uint64_t)0xfff;
    uint64_t word = writer->aarch64 ? page + (uint64_t)distance + in_page : address + 10 + (uint64_t)distance;
    uint8_t code[FAR_STUB_SIZE];

    if (writer->machine->encode_thunk(code, address, word))
        writer->status = 1;
    if (!writer->text) {
        print_bytes(code);
    } else if (writer->aarch64) {
        printf("bti c\nadrp x16, #%" PRId64 "\n", distance);
        printf(in_page ? "ldr x16, [x16, #%" PRIu64 "]\nbr x16\n" : "ldr x16, [x16]\nbr x16\n", in_page);
    } else {
        print_relative("endbr64\njmpq *", distance, "\n");
        print_padding(writer, 6);
    }
}

/* Slots that no operation has, and an operation that is absent: as stubs_encode_part writes them. */
static void part_without_operations(struct writer *writer)
{
    static const uint64_t implementations[3] = {0, STUB_NO_SLOT, STUB_NO_IMPLEMENTATION};
    struct stub_part part = {.base = 0x10000, .linkage = 0x50000, .slot_count = 3, .implementations = implementations};
    uint8_t code[3 * FAR_STUB_SIZE];

    if (stubs_encode_part(writer->machine, STUB_BRANCH, &part, code))
        writer->status = 1;
    check_meaning(writer, code + FAR_STUB_SIZE, part.base + FAR_STUB_SIZE,
                  (struct stub_meaning){.kind = STUB_KIND_EMPTY});
    if (writer->text)
        print_padding(writer, FAR_STUB_SIZE);
    else
        print_bytes(code + FAR_STUB_SIZE);
    /* The absent operation's stub is the trap of slot 2. */
    if (!writer->text)
        print_bytes(code + 2 * FAR_STUB_SIZE);
    else if (writer->aarch64)
        puts("bti c\nmov w16, #2\nb #-40\nudf #0");
    else
        puts("endbr64\nmovl $2, %r11d\njmp -47\nint3");
}

static uint64_t random_address(struct writer *writer)
{
    return ((uint64_t)1 << 40) + random_number(writer) % ((uint64_t)1 << 36) / FAR_STUB_SIZE * FAR_STUB_SIZE;
}

static void random_forms(struct writer *writer)
{
    uint64_t branch_reach = writer->aarch64 ? (uint64_t)1 << 27 : (uint64_t)1 << 31;
    uint64_t word_reach = writer->aarch64 ? (uint64_t)1 << 32 : (uint64_t)1 << 31;
    uint64_t step = writer->aarch64 ? 4 : 1, page = writer->aarch64 ? 4096 : 1;

    for (int round = 0; round < ROUNDS; round++) {
        branch(writer, random_address(writer), random_distance(writer, branch_reach, step));
        way_to_gate(writer, random_address(writer), random_distance(writer, word_reach, page));
        thunk(writer, random_address(writer), random_distance(writer, word_reach, page),
              random_number(writer) % 512 * 8);
    }
}

/* The farthest that fits, both ways; that nothing farther does is a unit test's. */
static void farthest_forms(struct writer *writer)
{
    int64_t far_branch = (int64_t)1 << (writer->aarch64 ? 27 : 31),
            far_word = (int64_t)1 << (writer->aarch64 ? 32 : 31);
    int64_t step = writer->aarch64 ? 4 : 1, page = writer->aarch64 ? 4096 : 1;
    uint64_t stub = (uint64_t)1 << 40;

    branch(writer, stub, far_branch - step);
    branch(writer, stub, -far_branch);
    way_to_gate(writer, stub, far_word - page);
    way_to_gate(writer, stub, -far_word);
    thunk(writer, stub, far_word - page, 4088);
    thunk(writer, stub, -far_word, 0);
}

int main(int argc, char **argv)
{
    struct writer writer = {.random = 0x9e3779b97f4a7c15u};

    if (argc != 3 || !(writer.machine = stub_machine_by_name(argv[1])))
        return 64;
    writer.aarch64 = !strcmp(argv[1], "aarch64");
    writer.text = !strcmp(argv[2], "text");
    for (uint32_t slot = 1; slot <= FAR_SLOT_MAX; slot++)
        trap(&writer, 0x10000, slot);
    part_without_operations(&writer);
    farthest_forms(&writer);
    random_forms(&writer);
    return ferror(stdout) || fflush(stdout) ? 74 : writer.status;
}
