/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The end of every assembly file for x86-64, included there: no executable stack, and a note that the object is fit for
 * indirect branch tracking and shadow stacks, so it begins what can be reached indirectly with endbr64.
 */
    .section .note.GNU-stack, "", @progbits
    .section .note.gnu.property, "a"
    .p2align 3
    .long   4, 16, 5
    .asciz  "GNU"
    .long   0xc0000002, 4, 3, 0
