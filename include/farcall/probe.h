/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Questions to the compiler that preprocesses. faridl includes this file before everything else; the pragmas survive
 * preprocessing, and idl/facts.c reads the answers from them. No program needs this file, and none of these pragmas
 * means anything to a compiler.
 */
#ifdef __FARCALL_IDL__

#if defined __x86_64__
#pragma farcall machine x86_64
#elif defined __aarch64__
#pragma farcall machine aarch64
#else
#pragma farcall machine other
#endif

#if defined __LP64__ && __SIZEOF_POINTER__ == 8 && __CHAR_BIT__ == 8
#pragma farcall model lp64
#else
#pragma farcall model other
#endif

#if defined __BYTE_ORDER__ && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#pragma farcall order little
#else
#pragma farcall order big
#endif

#ifdef __CHAR_UNSIGNED__
#pragma farcall char unsigned
#else
#pragma farcall char signed
#endif

#if __SIZEOF_WCHAR_T__ != 4
#pragma farcall wchar other
#elif defined __WCHAR_UNSIGNED__
#pragma farcall wchar unsigned
#else
#pragma farcall wchar signed
#endif

#if (defined __x86_64__ && __LDBL_MANT_DIG__ == 64) || (defined __aarch64__ && __LDBL_MANT_DIG__ == 113)
#pragma farcall long_double usual
#else
#pragma farcall long_double other
#endif

#if __STDC_VERSION__ > 201710L
#pragma farcall language c23
#else
#pragma farcall language c17
#endif

#ifdef __STRICT_ANSI__
#pragma farcall dialect iso
#else
#pragma farcall dialect gnu
#endif

#endif
