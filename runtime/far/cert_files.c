/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/far/cert.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#define PATH_ROOM 4096

static int complain(const char *path, int code, int exit_code)
{
    fprintf(stderr, "far: cert: %s: %s\n", path, strerror(code));
    return exit_code;
}

static int never_ask(char *buffer, int size, int writing, void *nothing)
{
    (void)buffer, (void)size, (void)writing, (void)nothing;
    return 0;
}

/* ENXIO: it is a socket, or a device that is not there. */
static int open_failed(int code)
{
    switch (code) {
    case EACCES:
    case EPERM:
        return EX_NOPERM;
    case ENOENT:
    case ENOTDIR:
    case ENXIO:
        return EX_NOINPUT;
    default:
        return EX_IOERR;
    }
}

static int open_file(const char *path, FILE **out)
{
    *out = fopen(path, "re");
    return *out ? 0 : complain(path, errno, open_failed(errno));
}

static int no_such_thing(const char *path, const char *what)
{
    fprintf(stderr, "far: cert: %s: there is no %s in it\n", path, what);
    ERR_clear_error();
    return EX_DATAERR;
}

int cert_read(const char *path, X509 **out)
{
    FILE *file;
    int code = open_file(path, &file);
    if (code)
        return code;
    *out = PEM_read_X509(file, NULL, never_ask, NULL);
    fclose(file);
    return *out ? 0 : no_such_thing(path, "certificate");
}

int cert_read_key(const char *path, EVP_PKEY **out)
{
    FILE *file;
    int code = open_file(path, &file);
    if (code)
        return code;
    *out = PEM_read_PrivateKey(file, NULL, never_ask, NULL);
    fclose(file);
    return *out ? 0 : no_such_thing(path, "key that can be read without a password");
}

int cert_make_folder(const char *folder)
{
    return mkdir(folder, 0755) == 0 || errno == EEXIST ? 0 : complain(folder, errno, EX_CANTCREAT);
}

static int path_of(const char *folder, const char *name, const char *behind, char path[PATH_ROOM])
{
    if (snprintf(path, PATH_ROOM, "%s/%s%s", folder, name, behind) < PATH_ROOM)
        return 0;
    return complain(folder, ENAMETOOLONG, EX_USAGE);
}

int cert_check_free(const char *folder, const char *name, bool force)
{
    char path[PATH_ROOM];
    struct stat status;
    int code = path_of(folder, name, "", path);
    if (code || lstat(path, &status) < 0)
        return code || errno == ENOENT ? code : complain(path, errno, EX_CANTCREAT);
    if (!S_ISREG(status.st_mode))
        return complain(path, EEXIST, EX_CANTCREAT);
    if (force)
        return 0;
    fprintf(stderr, "far: cert: %s is there already; --force replaces it\n", path);
    return EX_CANTCREAT;
}

/* Whole, or not at all; with its mode from its first moment. */
static int write_file(const char *folder, const char *name, mode_t mode, X509 *certificate, EVP_PKEY *key)
{
    char path[PATH_ROOM], temporary[PATH_ROOM];
    int code = path_of(folder, name, "", path);
    code = code ? code : path_of(folder, name, ".XXXXXX", temporary);
    if (code)
        return code;
    int fd = mkostemp(temporary, O_CLOEXEC);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    if (!file)
        return complain(path, errno, EX_CANTCREAT);
    bool sound =
        fchmod(fd, mode) == 0 && (certificate ? PEM_write_X509(file, certificate) == 1
                                              : PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) == 1);
    sound = fflush(file) == 0 && fsync(fd) == 0 && sound;
    int error = errno;
    fclose(file);
    if (sound && rename(temporary, path) == 0)
        return 0;
    error = sound ? errno : error;
    unlink(temporary);
    return complain(path, error ? error : EIO, EX_IOERR);
}

int cert_write(const char *folder, const char *name, X509 *certificate)
{
    return write_file(folder, name, 0644, certificate, NULL);
}

int cert_write_key(const char *folder, const char *name, EVP_PKEY *key)
{
    return write_file(folder, name, 0600, NULL, key);
}
