/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The C library of a process that has no files, for archives whose objects hold functions for files beside those that
 * compute: built without -ffunction-sections, such an object is one piece, and what any of it calls counts for all.
 * Linked beside the archive, this leaves nothing that belongs to one process, and trusted clients call by branch.
 * Functions that open something fail; those that need something opened are never called.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#undef stdin
#undef stdout
#undef stderr
FILE *stdin, *stdout, *stderr;

#define FAILS(result, name, parameters, value) \
    result name parameters;                    \
    result name parameters                     \
    {                                          \
        errno = EACCES;                        \
        return value;                          \
    }
#pragma clang diagnostic ignored "-Wunused-parameter"
#pragma clang diagnostic ignored "-Wmissing-prototypes"

FAILS(FILE *, fopen, (const char *path, const char *mode), NULL)
FAILS(FILE *, fopen64, (const char *path, const char *mode), NULL)
FAILS(FILE *, fdopen, (int file, const char *mode), NULL)
FAILS(int, open, (const char *path, int flags, ...), -1)
FAILS(int, close, (int file), -1)
FAILS(ssize_t, read, (int file, void *bytes, size_t size), -1)
FAILS(ssize_t, write, (int file, const void *bytes, size_t size), -1)
FAILS(int, remove, (const char *path), -1)
FAILS(int, fclose, (FILE * file), EOF)
FAILS(int, fflush, (FILE * file), EOF)
FAILS(int, ferror, (FILE * file), 1)
FAILS(int, fgetc, (FILE * file), EOF)
FAILS(int, ungetc, (int c, FILE *file), EOF)
FAILS(int, fputc, (int c, FILE *file), EOF)
FAILS(int, fputs, (const char *restrict text, FILE *restrict file), EOF)
FAILS(size_t, fread, (void *restrict bytes, size_t size, size_t count, FILE *restrict file), 0)
FAILS(size_t, fwrite, (const void *restrict bytes, size_t size, size_t count, FILE *restrict file), 0)
FAILS(int, __fprintf_chk, (FILE * file, int flag, const char *format, ...), -1)
FAILS(pid_t, getpid, (void), 1)
FAILS(struct tm *, gmtime, (const time_t *t), NULL)

char *strerror(int number)
{
    static char text[] = "an error of a process without files";

    (void)number;
    return text;
}

void exit(int code)
{
    (void)code;
    abort();
}
