/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The module FarcallBitcode.so: a bitcode module's symbols and our sections, as an ELF object without code. */
#include <elf.h>
#include <llvm-c/Analysis.h>
#include <llvm-c/BitReader.h>
#include <llvm-c/Core.h>
#include <llvm/Config/llvm-config.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "linker-plugin/bitcode.h"
#include "runtime/segment.h"

bitcode_reader far_bitcode_shadow;

struct bytes {
    char *data;
    size_t size;
};

enum section { SECTION_NONE, SECTION_SYMBOLS, SECTION_STRINGS, SECTION_NAMES, SECTION_IFACE, SECTION_NOTES, SECTIONS };

static const char *const section_names[SECTIONS] = {"",          ".symtab",         ".strtab",
                                                    ".shstrtab", FAR_SECTION_IFACE, FAR_SECTION_NOTES};

struct shadow {
    struct bytes sections[SECTIONS];
    uint16_t machine;
};

static void append(struct bytes *to, const void *data, size_t size)
{
    to->data = realloc(to->data, to->size + size + 1);
    if (!to->data)
        abort();
    memcpy(to->data + to->size, data, size);
    to->size += size;
}

static void add_symbol(struct shadow *shadow, const char *name, size_t length, unsigned binding, unsigned type,
                       bool defined)
{
    struct bytes *strings = &shadow->sections[SECTION_STRINGS];
    Elf64_Sym symbol = {.st_name = (Elf64_Word)strings->size,
                        .st_info = (unsigned char)ELF64_ST_INFO(binding, type),
                        .st_shndx = defined ? SHN_ABS : SHN_UNDEF};

    append(&shadow->sections[SECTION_SYMBOLS], &symbol, sizeof symbol);
    append(strings, name, length);
    append(strings, "", 1);
}

static unsigned binding_of(LLVMLinkage linkage)
{
    switch (linkage) {
    case LLVMInternalLinkage:
    case LLVMPrivateLinkage:
        return STB_LOCAL;
    case LLVMLinkOnceAnyLinkage:
    case LLVMLinkOnceODRLinkage:
    case LLVMWeakAnyLinkage:
    case LLVMWeakODRLinkage:
    case LLVMExternalWeakLinkage:
        return STB_WEAK;
    default:
        return STB_GLOBAL;
    }
}

/* Locals matter only where they are thread-local. A name that starts with 1 stands as it is in the assembly. */
static void add_value(struct shadow *shadow, LLVMValueRef value, unsigned type)
{
    LLVMLinkage linkage = LLVMGetLinkage(value);
    unsigned binding = binding_of(linkage);
    bool defined = !LLVMIsDeclaration(value) && linkage != LLVMAvailableExternallyLinkage;
    size_t length;
    const char *name = LLVMGetValueName2(value, &length);

    if (length && *name == 1) {
        name++;
        length--;
    }
    if (!length || !strncmp(name, "llvm.", 5) || (binding == STB_LOCAL && type != STT_TLS))
        return;
    add_symbol(shadow, name, length, binding, type, defined);
}

static void take_section(struct shadow *shadow, LLVMValueRef global)
{
    const char *section = LLVMGetSection(global);
    LLVMValueRef value = section ? LLVMGetInitializer(global) : NULL;
    size_t size;

    for (int i = SECTION_IFACE; value && i <= SECTION_NOTES; i++) {
        if (!strcmp(section, section_names[i]) && LLVMIsAConstantDataSequential(value)) {
            const char *bytes = LLVMGetAsString(value, &size);

            append(&shadow->sections[i], bytes, size);
        }
    }
}

static void take_module(struct shadow *shadow, LLVMModuleRef module)
{
    for (LLVMValueRef f = LLVMGetFirstFunction(module); f; f = LLVMGetNextFunction(f))
        add_value(shadow, f, STT_FUNC);
    for (LLVMValueRef g = LLVMGetFirstGlobal(module); g; g = LLVMGetNextGlobal(g)) {
        take_section(shadow, g);
        add_value(shadow, g, LLVMIsThreadLocal(g) ? STT_TLS : STT_OBJECT);
    }
    for (LLVMValueRef a = LLVMGetFirstGlobalAlias(module); a; a = LLVMGetNextGlobalAlias(a))
        add_value(shadow, a, STT_FUNC);
    for (LLVMValueRef i = LLVMGetFirstGlobalIFunc(module); i; i = LLVMGetNextGlobalIFunc(i))
        add_value(shadow, i, STT_GNU_IFUNC);
}

static void describe_section(Elf64_Shdr *header, enum section section, const struct shadow *shadow, uint64_t offset)
{
    static const uint32_t types[SECTIONS] = {SHT_NULL, SHT_SYMTAB, SHT_STRTAB, SHT_STRTAB, SHT_PROGBITS, SHT_PROGBITS};
    uint32_t name = 0;

    for (int i = 0; i < (int)section; i++)
        name += (uint32_t)strlen(section_names[i]) + 1;
    header->sh_name = name;
    header->sh_type = types[section];
    header->sh_offset = offset;
    header->sh_size = shadow->sections[section].size;
    header->sh_addralign = 8;
    if (section == SECTION_SYMBOLS) {
        header->sh_link = SECTION_STRINGS;
        header->sh_info = 1;
        header->sh_entsize = sizeof(Elf64_Sym);
    }
}

static void pad(struct bytes *image)
{
    static const char zeros[8];

    append(image, zeros, -image->size & 7);
}

/* Header, sections, section table. Sections that are empty are left out from the end. */
static struct bytes write_object(struct shadow *shadow)
{
    Elf64_Ehdr header = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
                         .e_type = ET_REL,
                         .e_machine = shadow->machine,
                         .e_version = EV_CURRENT,
                         .e_ehsize = sizeof(Elf64_Ehdr),
                         .e_shentsize = sizeof(Elf64_Shdr),
                         .e_shstrndx = SECTION_NAMES};
    Elf64_Shdr sections[SECTIONS] = {0};
    struct bytes image = {0};
    unsigned count = 1;

    append(&image, &header, sizeof header);
    for (int i = 0; i < SECTIONS; i++)
        append(&shadow->sections[SECTION_NAMES], section_names[i], strlen(section_names[i]) + 1);
    for (int i = 1; i < SECTIONS; i++) {
        if (i > SECTION_NAMES && !shadow->sections[i].size)
            continue;
        pad(&image);
        describe_section(&sections[count++], (enum section)i, shadow, image.size);
        append(&image, shadow->sections[i].data, shadow->sections[i].size);
    }
    pad(&image);
    header.e_shoff = image.size;
    header.e_shnum = (Elf64_Half)count;
    append(&image, sections, count * sizeof *sections);
    memcpy(image.data, &header, sizeof header);
    return image;
}

static uint16_t machine_of(LLVMModuleRef module)
{
    const char *triple = LLVMGetTarget(module);

    if (!strncmp(triple, "x86_64-", 7))
        return EM_X86_64;
    return !strncmp(triple, "aarch64-", 8) ? EM_AARCH64 : EM_NONE;
}

static void note_diagnostic(LLVMDiagnosticInfoRef info, void *context)
{
    struct bitcode_shadow *shadow = context;
    char *text = LLVMGetDiagInfoDescription(info);

    snprintf(shadow->why, sizeof shadow->why, "this is no bitcode that LLVM %d can read: %s", LLVM_VERSION_MAJOR, text);
    LLVMDisposeMessage(text);
}

/* What its compiler would trust: ld.lld would fail somewhere, run for ever, or link what nobody wrote. */
static bool is_sound(LLVMModuleRef module, struct bitcode_shadow *result)
{
    char *why = NULL;
    bool broken = LLVMVerifyModule(module, LLVMReturnStatusAction, &why);

    if (broken)
        snprintf(result->why, sizeof result->why, "this bitcode is damaged: %.*s", (int)strcspn(why, "\n"), why);
    LLVMDisposeMessage(why);
    return !broken;
}

static void make_shadow(LLVMModuleRef module, struct bitcode_shadow *result)
{
    struct shadow shadow = {0};
    struct bytes image;

    shadow.machine = machine_of(module);
    append(&shadow.sections[SECTION_STRINGS], "", 1);
    append(&shadow.sections[SECTION_SYMBOLS], &(Elf64_Sym){0}, sizeof(Elf64_Sym));
    take_module(&shadow, module);
    image = write_object(&shadow);
    result->bytes = image.data;
    result->size = image.size;
    for (int i = 0; i < SECTIONS; i++)
        free(shadow.sections[i].data);
}

static void read_module(LLVMContextRef context, LLVMMemoryBufferRef buffer, struct bitcode_shadow *result)
{
    LLVMModuleRef module;

    if (LLVMParseBitcodeInContext2(context, buffer, &module))
        return;
    if (is_sound(module, result))
        make_shadow(module, result);
    LLVMDisposeModule(module);
}

__attribute__((visibility("default"))) void far_bitcode_shadow(const void *bytes, size_t size,
                                                               struct bitcode_shadow *shadow)
{
    LLVMContextRef context = LLVMContextCreate();
    LLVMMemoryBufferRef buffer = LLVMCreateMemoryBufferWithMemoryRangeCopy(bytes, size, "bitcode");

    *shadow = (struct bitcode_shadow){.why = "this is no bitcode that can be read"};
    LLVMContextSetDiagnosticHandler(context, note_diagnostic, shadow);
    read_module(context, buffer, shadow);
    LLVMDisposeMemoryBuffer(buffer);
    LLVMContextDispose(context);
}
