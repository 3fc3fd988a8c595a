/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The note and the parts of a segment file: order, alignment, rights, bounds. */
#include "runtime/format/segment_walk.h"
#include "runtime/format/stub.h"

#include <string.h>

#define NOTE_NAME "farcall"

typedef unsigned long long address; /* for printf */

static int find_note(struct segment_walk *walk)
{
    const Elf64_Shdr *section;
    int err = elf_required(&walk->elf, FAR_SECTION_NOTE, 4, &section, &walk->to);
    if (err)
        return err;
    const uint8_t *bytes = elf_section_bytes(&walk->elf, section);
    /* A note's descriptor is aligned as its section says: to 4 bytes everywhere, or to 8 as .note.gnu.property. */
    size_t align = section->sh_addralign == 8 ? 8 : 4;
    size_t start = (sizeof(Elf64_Nhdr) + sizeof NOTE_NAME + align - 1) / align * align;
    Elf64_Nhdr header;
    if (section->sh_size < start + sizeof(struct far_note))
        return complain(&walk->to, "section " FAR_SECTION_NOTE " is too short; the file is damaged, link it again");
    memcpy(&header, bytes, sizeof header);
    if (header.n_namesz != sizeof NOTE_NAME || header.n_descsz != sizeof(struct far_note) ||
        header.n_type != FAR_NOTE_TYPE || memcmp(bytes + sizeof header, NOTE_NAME, sizeof NOTE_NAME) != 0)
        return complain(&walk->to,
                        "section " FAR_SECTION_NOTE " does not hold farcall's note; link the segment with farld");
    walk->segment->note = (const struct far_note *)(bytes + start);
    return 0;
}

int segment_check_note(struct segment_walk *walk)
{
    int err = find_note(walk);
    if (err)
        return err;
    const struct far_note *note = walk->segment->note;
    if (note->format != FAR_FORMAT_VERSION)
        return complain(&walk->to,
                        "segment format %u, but this program reads format %d; link it with this version's farld",
                        note->format, FAR_FORMAT_VERSION);
    if (note->machine != walk->elf.header->e_machine)
        return complain(&walk->to, "its note says machine %u, its ELF header %u; the file is damaged", note->machine,
                        walk->elf.header->e_machine);
    if (!stub_reader_for(note->machine))
        return complain(&walk->to,
                        "it is for ELF machine %u, whose stubs this version cannot check; x86-64 is 62, aarch64 183",
                        note->machine);
    if (note->flags & ~FAR_NOTE_FLAGS)
        return complain(&walk->to, "its note has unknown flags 0x%x; a newer farld wrote it", note->flags);
    if (note->slot_count < 1 || note->slot_count > FAR_SLOT_MAX + 1)
        return complain(&walk->to, "its note says %u slots; there are 1 to %d", note->slot_count, FAR_SLOT_MAX + 1);
    if (note->image_size % FAR_PART_ALIGN || note->image_size > FAR_WINDOW_END - FAR_WINDOW_BEGIN)
        return complain(&walk->to,
                        "its image of 0x%llx bytes is no multiple of 0x%x, or larger than the address window",
                        (address)note->image_size, FAR_PART_ALIGN);
    return 0;
}

static uint32_t flags_of(enum far_part part)
{
    const char *rights = far_part_rights(part);
    return (rights[0] == 'r' ? PF_R : 0) | (rights[1] == 'w' ? PF_W : 0) | (rights[2] == 'x' ? PF_X : 0);
}

static int bad_part(struct segment_walk *walk, enum far_part part, const Elf64_Phdr *load, const char *what)
{
    return complain(&walk->to, "part %s (address 0x%llx, 0x%llx bytes, %llu in the file): %s; link the segment again",
                    far_part_name(part), (address)load->p_vaddr, (address)load->p_memsz, (address)load->p_filesz, what);
}

static const char *part_mistake(const struct segment_walk *walk, enum far_part part, const Elf64_Phdr *load,
                                uint64_t end)
{
    const struct far_note *note = walk->segment->note;
    bool stubs = part == FAR_PART_FSTUBS || part == FAR_PART_DSTUBS;
    if (load->p_vaddr % FAR_PART_ALIGN)
        return "it does not start on a 64 KiB boundary";
    if (load->p_align > FAR_GRANULE)
        return "it asks for an alignment of more than 2 MiB, but ranges start at multiples of that";
    if (part == FAR_PART_FSTUBS ? load->p_vaddr != 0 : load->p_vaddr < end)
        return "it is out of order: parts lie one after the other, from address 0 on";
    if (load->p_flags != flags_of(part))
        return "its ELF flags are not the rights of this part";
    if (!range_inside(load->p_vaddr, load->p_memsz, note->image_size))
        return "it lies outside the image that the note describes";
    if (load->p_filesz > load->p_memsz || !range_inside(load->p_offset, load->p_filesz, walk->elf.size))
        return "its bytes are not inside the file: truncated or damaged";
    if (stubs && (load->p_memsz != (uint64_t)note->slot_count * FAR_STUB_SIZE || load->p_filesz != load->p_memsz))
        return "its size is not that of the note's slots";
    if (part <= FAR_PART_CONST && load->p_filesz != load->p_memsz)
        return "it is never written, so all its bytes must be in the file";
    if (part == FAR_PART_LINKAGE && load->p_memsz < FAR_LINKAGE_HEADER)
        return "it is too small for the linkage header";
    return NULL;
}

static int check_part(struct segment_walk *walk, enum far_part part, const Elf64_Phdr *load, uint64_t end)
{
    struct far_segment *segment = walk->segment;
    const char *mistake = part_mistake(walk, part, load, end);
    if (mistake)
        return bad_part(walk, part, load, mistake);
    segment->part[part] = (struct far_extent){load->p_vaddr, load->p_memsz};
    segment->content[part] = walk->elf.bytes + load->p_offset;
    segment->content_size[part] = load->p_filesz;
    return 0;
}

/* The heap has no program header: it is what is left of the image, and the note says how much that is. */
static int place_heap(struct segment_walk *walk, uint64_t end)
{
    const struct far_note *note = walk->segment->note;
    uint64_t start = (end + FAR_PART_ALIGN - 1) / FAR_PART_ALIGN * FAR_PART_ALIGN;
    if (start > note->image_size || note->image_size - start != note->heap_size)
        return complain(&walk->to,
                        "its data ends at 0x%llx and its image at 0x%llx, which leaves no heap of 0x%llx bytes; "
                        "link the segment again",
                        (address)end, (address)note->image_size, (address)note->heap_size);
    walk->segment->part[FAR_PART_HEAP] = (struct far_extent){start, note->heap_size};
    return 0;
}

/* The header's last word is the file's to say; unwinders are told what it says. */
static int check_unwind(struct segment_walk *walk)
{
    const struct far_segment *segment = walk->segment;
    const struct far_extent *home = &segment->part[FAR_PART_CONST];
    uint64_t at = 0;
    if (segment->content_size[FAR_PART_LINKAGE] >= FAR_LINKAGE_HEADER)
        memcpy(&at, segment->content[FAR_PART_LINKAGE] + FAR_LINKAGE_UNWIND, sizeof at);
    if (at == 0 || (at % 4 == 0 && at >= home->address && range_inside(at - home->address, 4, home->size)))
        return 0;
    return complain(&walk->to, "its linkage header says that .eh_frame is at 0x%llx, which is not in part const",
                    (address)at);
}

int segment_check_parts(struct segment_walk *walk)
{
    unsigned part = 0;
    uint64_t end = 0;
    for (unsigned i = 0; i < walk->elf.header->e_phnum; i++) {
        const Elf64_Phdr *load = &walk->elf.programs[i];
        if (load->p_type == PT_TLS)
            return complain(&walk->to,
                            "it has thread-local variables, which cannot be shared; remove them from the service");
        if (load->p_type != PT_LOAD)
            continue;
        if (part == FAR_LOAD_PARTS)
            return complain(&walk->to, "it has more than %d PT_LOAD headers, one a part; link it with farld",
                            FAR_LOAD_PARTS);
        int err = check_part(walk, part, load, end);
        if (err)
            return err;
        end = load->p_vaddr + load->p_memsz;
        part++;
    }
    if (part < FAR_LOAD_PARTS)
        return complain(&walk->to, "it has %u PT_LOAD headers, but %d parts; link it with farld", part, FAR_LOAD_PARTS);
    int err = check_unwind(walk);
    return err ? err : place_heap(walk, end);
}

static int check_array(struct segment_walk *walk, const char *name, struct far_extent *extent)
{
    const struct far_extent *home = &walk->segment->part[FAR_PART_CONST];
    const Elf64_Shdr *section = elf_section(&walk->elf, name);
    if (!section || section->sh_size == 0)
        return 0;
    if (section->sh_addr % 8 || section->sh_size % 8 || section->sh_addr < home->address ||
        !range_inside(section->sh_addr - home->address, section->sh_size, home->size))
        return complain(&walk->to,
                        "section %s (address 0x%llx, %llu bytes) is not an array of addresses inside part const; "
                        "link the segment again",
                        name, (address)section->sh_addr, (address)section->sh_size);
    *extent = (struct far_extent){section->sh_addr, section->sh_size};
    return 0;
}

int segment_check_arrays(struct segment_walk *walk)
{
    int err = check_array(walk, ".init_array", &walk->segment->init_array);
    return err ? err : check_array(walk, ".fini_array", &walk->segment->fini_array);
}
