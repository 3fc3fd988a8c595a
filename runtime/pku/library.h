/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Functions of library.def: the C library's, for code in protection domains. */
#ifndef FARCALL_PKU_LIBRARY_H
#define FARCALL_PKU_LIBRARY_H

#include <pthread.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

struct timeval;

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
void *far_pku_bsearch(const void *key, const void *base, size_t count, size_t size,
                      int (*compare)(const void *, const void *));
void far_pku_qsort(void *base, size_t count, size_t size, int (*compare)(const void *, const void *));
void far_pku_qsort_r(void *base, size_t count, size_t size, int (*compare)(const void *, const void *, void *),
                     void *context);

/* inside/mutex.c, inside/condition.c: those of a segment. */
int far_pku_pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes);
int far_pku_pthread_mutex_destroy(pthread_mutex_t *mutex);
int far_pku_pthread_mutex_lock(pthread_mutex_t *mutex);
int far_pku_pthread_mutex_trylock(pthread_mutex_t *mutex);
int far_pku_pthread_mutex_timedlock(pthread_mutex_t *mutex, const struct timespec *time);
int far_pku_pthread_mutex_clocklock(pthread_mutex_t *mutex, clockid_t clock, const struct timespec *time);
int far_pku_pthread_mutex_unlock(pthread_mutex_t *mutex);
int far_pku_pthread_mutex_consistent(pthread_mutex_t *mutex);
int far_pku_pthread_mutexattr_init(pthread_mutexattr_t *attributes);
int far_pku_pthread_mutexattr_destroy(pthread_mutexattr_t *attributes);
int far_pku_pthread_mutexattr_settype(pthread_mutexattr_t *attributes, int type);
int far_pku_pthread_mutexattr_setpshared(pthread_mutexattr_t *attributes, int shared);
int far_pku_pthread_mutexattr_setrobust(pthread_mutexattr_t *attributes, int robust);
int far_pku_pthread_cond_init(pthread_cond_t *condition, const pthread_condattr_t *attributes);
int far_pku_pthread_cond_destroy(pthread_cond_t *condition);
int far_pku_pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex);
int far_pku_pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *until);
int far_pku_pthread_cond_clockwait(pthread_cond_t *condition, pthread_mutex_t *mutex, clockid_t clock,
                                   const struct timespec *until);
int far_pku_pthread_cond_signal(pthread_cond_t *condition);
int far_pku_pthread_cond_broadcast(pthread_cond_t *condition);
int far_pku_pthread_condattr_init(pthread_condattr_t *attributes);
int far_pku_pthread_condattr_destroy(pthread_condattr_t *attributes);
int far_pku_pthread_condattr_setclock(pthread_condattr_t *attributes, clockid_t clock);
int far_pku_pthread_condattr_setpshared(pthread_condattr_t *attributes, int shared);
int far_pku_far_segment_lock(void *lock);
int far_pku_far_segment_unlock(void *lock);
int far_pku_far_cancelled(void);

/* inside/time.c */
time_t far_pku_time(time_t *place);
int far_pku_gettimeofday(struct timeval *time, void *zone);
ssize_t far_pku_getrandom(void *bytes, size_t size, unsigned flags);
int far_pku_getentropy(void *bytes, size_t size);

/* inside/text.c */
int far_pku_tolower(int c);
int far_pku_toupper(int c);
int far_pku_isdigit(int c);
int far_pku_isxdigit(int c);
int far_pku_islower(int c);
int far_pku_isupper(int c);
int far_pku_isalpha(int c);
int far_pku_isalnum(int c);
int far_pku_isblank(int c);
int far_pku_isspace(int c);
int far_pku_iscntrl(int c);
int far_pku_isprint(int c);
int far_pku_isgraph(int c);
int far_pku_ispunct(int c);
int far_pku_strncasecmp(const char *left, const char *right, size_t most);
int far_pku_strcasecmp(const char *left, const char *right);
char *far_pku_strcasestr(const char *text, const char *wanted);
char *far_pku_strcat(char *to, const char *from);
char *far_pku_strncat(char *to, const char *from, size_t most);
char *far_pku_stpncpy(char *to, const char *from, size_t size);
size_t far_pku_strlcpy(char *to, const char *from, size_t size);
size_t far_pku_strlcat(char *to, const char *from, size_t size);
char *far_pku_strsep(char **text, const char *separators);
char *far_pku_strtok_r(char *text, const char *separators, char **rest);
void *far_pku_memccpy(void *to, const void *from, int byte, size_t size);
void *far_pku_memmem(const void *memory, size_t size, const void *wanted, size_t length);
void *far_pku_rawmemchr(const void *memory, int byte);
int far_pku_ffs(int bits);
int far_pku_ffsl(long bits);
int far_pku_ffsll(long long bits);
void *far_pku___mempcpy_chk(void *to, const void *from, size_t size, size_t room);
void far_pku___explicit_bzero_chk(void *memory, size_t size, size_t room);
char *far_pku___strcpy_chk(char *to, const char *from, size_t room);
char *far_pku___stpcpy_chk(char *to, const char *from, size_t room);
char *far_pku___strncpy_chk(char *to, const char *from, size_t size, size_t room);
char *far_pku___strcat_chk(char *to, const char *from, size_t room);
char *far_pku___strncat_chk(char *to, const char *from, size_t most, size_t room);

/* inside/numbers.c */
long long far_pku_strtoll(const char *text, char **end, int base);
unsigned long long far_pku_strtoull(const char *text, char **end, int base);
int far_pku_atoi(const char *text);
long far_pku_atol(const char *text);
long long far_pku_atoll(const char *text);
long far_pku_strtol(const char *text, char **end, int base);
unsigned long far_pku_strtoul(const char *text, char **end, int base);
intmax_t far_pku_strtoimax(const char *text, char **end, int base);
uintmax_t far_pku_strtoumax(const char *text, char **end, int base);
long far_pku___isoc23_strtol(const char *text, char **end, int base);
long long far_pku___isoc23_strtoll(const char *text, char **end, int base);
unsigned long far_pku___isoc23_strtoul(const char *text, char **end, int base);
unsigned long long far_pku___isoc23_strtoull(const char *text, char **end, int base);
intmax_t far_pku___isoc23_strtoimax(const char *text, char **end, int base);
uintmax_t far_pku___isoc23_strtoumax(const char *text, char **end, int base);

/* inside/format.c */
int far_pku_vsnprintf(char *to, size_t room, const char *text, va_list arguments);
int far_pku_vsprintf(char *to, const char *text, va_list arguments);
int far_pku_snprintf(char *to, size_t room, const char *text, ...);
int far_pku_sprintf(char *to, const char *text, ...);
int far_pku___vsnprintf_chk(char *to, size_t room, int flag, size_t known, const char *text, va_list arguments);
int far_pku___vsprintf_chk(char *to, int flag, size_t known, const char *text, va_list arguments);
int far_pku___snprintf_chk(char *to, size_t room, int flag, size_t known, const char *text, ...);
int far_pku___sprintf_chk(char *to, int flag, size_t known, const char *text, ...);

/* inside/end.c */
_Noreturn void far_pku___assert_fail(const char *what, const char *file, unsigned line, const char *function);
_Noreturn void far_pku___assert(const char *what, const char *file, int line);

/* inside/jump_x86_64.S: called as C calls setjmp, by code that knows it returns twice. */
__attribute__((returns_twice)) int far_pku_setjmp(void *buffer);
__attribute__((returns_twice)) int far_pku__setjmp(void *buffer);
__attribute__((returns_twice)) int far_pku___sigsetjmp(void *buffer, int mask);
_Noreturn void far_pku_longjmp(void *buffer, int value);
_Noreturn void far_pku__longjmp(void *buffer, int value);
_Noreturn void far_pku_siglongjmp(void *buffer, int value);
_Noreturn void far_pku___longjmp_chk(void *buffer, int value);
#pragma GCC visibility pop

#endif
