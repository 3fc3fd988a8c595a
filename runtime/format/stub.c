/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/format/stub.h"

const struct stub_reader *stub_reader_for(uint32_t elf_machine)
{
    static const struct stub_reader *const readers[] = {&stub_reader_x86_64, &stub_reader_aarch64};
    for (size_t i = 0; i < sizeof readers / sizeof *readers; i++) {
        if (readers[i]->elf_machine == elf_machine)
            return readers[i];
    }
    return NULL;
}
