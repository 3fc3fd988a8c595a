/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The interface record of interface.h. */
        .section .rodata
        .global reads_record
        .balign 8
reads_record:
        .incbin READS_RECORD
        .section .note.GNU-stack, "", %progbits
