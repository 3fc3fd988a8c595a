/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Functions of library.def: the C library's, for code in protection domains. */
#ifndef FARCALL_PKU_LIBRARY_H
#define FARCALL_PKU_LIBRARY_H

#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)
_Noreturn void far_pku_abort(void);
_Noreturn void far_pku___chk_fail(void);
_Noreturn void far_pku___stack_chk_fail(void);
int *far_pku___errno_location(void);
int far_pku_abs(int number);
long far_pku_labs(long number);
long long far_pku_llabs(long long number);
void *far_pku___memcpy_chk(void *to, const void *from, size_t size, size_t room);
void *far_pku___memmove_chk(void *to, const void *from, size_t size, size_t room);
void *far_pku___memset_chk(void *memory, int byte, size_t size, size_t room);
int far_pku_bcmp(const void *left, const void *right, size_t size);
void far_pku_bcopy(const void *from, void *to, size_t size);
void far_pku_bzero(void *memory, size_t size);
void far_pku_explicit_bzero(void *memory, size_t size);
void *far_pku_memchr(const void *memory, int byte, size_t size);
int far_pku_memcmp(const void *left, const void *right, size_t size);
void *far_pku_memcpy(void *to, const void *from, size_t size);
void *far_pku_memmove(void *to, const void *from, size_t size);
void *far_pku_mempcpy(void *to, const void *from, size_t size);
void *far_pku_memrchr(const void *memory, int byte, size_t size);
void *far_pku_memset(void *memory, int byte, size_t size);
char *far_pku_stpcpy(char *to, const char *from);
char *far_pku_strchr(const char *text, int byte);
char *far_pku_strchrnul(const char *text, int byte);
int far_pku_strcmp(const char *left, const char *right);
char *far_pku_strcpy(char *to, const char *from);
size_t far_pku_strcspn(const char *text, const char *refused);
size_t far_pku_strlen(const char *text);
int far_pku_strncmp(const char *left, const char *right, size_t most);
char *far_pku_strncpy(char *to, const char *from, size_t size);
size_t far_pku_strnlen(const char *text, size_t most);
char *far_pku_strpbrk(const char *text, const char *wanted);
char *far_pku_strrchr(const char *text, int byte);
size_t far_pku_strspn(const char *text, const char *accepted);
char *far_pku_strstr(const char *text, const char *wanted);
#pragma GCC visibility pop

#endif
