/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Sources that a second reader cannot name. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sysexits.h>
#include <unistd.h>

#include "clang-pass/farcc.h"

bool is_input(const char *source)
{
    return !strcmp(source, "-");
}

/* Between the quotes of an #include there are no escapes. */
bool needs_copy(const char *source)
{
    return is_input(source) || strpbrk(source, "\"\n") != NULL;
}

void rewind_input(void)
{
    lseek(STDIN_FILENO, 0, SEEK_SET);
}

/* Whether all went over. */
static bool copy_bytes(int from, int to)
{
    char bytes[16384];
    ssize_t count;

    while ((count = read(from, bytes, sizeof bytes)) > 0) {
        for (ssize_t at = 0, put; at < count; at += put) {
            put = write(to, bytes + at, (size_t)(count - at));
            if (put <= 0)
                return false;
        }
    }
    return count == 0;
}

int keep_input(void)
{
    int file = memfd_create("farcc-input", MFD_CLOEXEC);

    if (file < 0 || !copy_bytes(STDIN_FILENO, file) || dup2(file, STDIN_FILENO) < 0) {
        fprintf(stderr, "farcc: cannot keep what standard input says: %s\n", strerror(errno));
        return EX_IOERR;
    }
    close(file);
    rewind_input();
    return 0;
}

/* Messages about standard input name it as the compiler does. */
int copy_source(const char *source, const char *path)
{
    static const char mark[] = "# 1 \"<stdin>\"\n";
    int from = open(is_input(source) ? INPUT_PATH : source, O_RDONLY | O_CLOEXEC);
    int to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool done = from >= 0 && to >= 0 &&
                (!is_input(source) || write(to, mark, sizeof mark - 1) == (ssize_t)(sizeof mark - 1)) &&
                copy_bytes(from, to);

    if (!done)
        fprintf(stderr, "farcc: %s: cannot make a copy: %s\n", source, strerror(errno));
    if (from >= 0)
        close(from);
    if (to >= 0)
        close(to);
    return done ? 0 : EX_CANTCREAT;
}
