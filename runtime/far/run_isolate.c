/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/far/run_isolate.h"
#include "runtime/far/registry_client.h"
#include "runtime/far/run_program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define SEARCH_ENV "LD_LIBRARY_PATH"

/* A library in whose place nobody stands would be found out at the first call only, in the middle of the program. */
static int check_registered(struct fard_connection *connection, const struct isolated *library)
{
    static struct fard_reply reply;
    struct far_name_request request = {.first = 0};
    memcpy(request.name, library->service, sizeof library->service);
    int code = fard_ask(connection, FAR_MSG_DESCRIBE, &request, sizeof request, -1, &reply);
    if (code)
        fprintf(stderr,
                "far: run: --isolate %s: its import library is %s, for service %s: far register makes it known\n",
                library->soname, library->file, library->service);
    return code;
}

int isolation_find(struct isolation *isolation, const char *socket)
{
    struct fard_connection connection;
    int code = fard_connect(&connection, socket);
    if (code)
        return code;
    for (size_t i = 0; !code && i < isolation->count; i++) {
        code = isolate_find(isolation->name[i], &isolation->library[i]);
        if (!code)
            isolation->found++;
        if (!code)
            code = check_registered(&connection, &isolation->library[i]);
    }
    fard_disconnect(&connection);
    return code;
}

static int add_folder(const char *folder)
{
    const char *others = getenv(SEARCH_ENV);
    char *list = NULL;
    if (strpbrk(folder, ":;")) { /* LD_LIBRARY_PATH is a list */
        fprintf(stderr, "far: run: --isolate: %s: no folder with a colon or semicolon can be in " SEARCH_ENV "\n",
                folder);
        return EX_UNAVAILABLE;
    }
    if (asprintf(&list, "%s%s%s", folder, others && *others ? ":" : "", others ? others : "") < 0)
        return EX_OSERR;
    int code = setenv(SEARCH_ENV, list, 1) == 0 ? 0 : EX_OSERR;
    free(list);
    return code;
}

int isolation_apply(const struct isolation *isolation, const char *program)
{
    int code = 0;
    for (size_t i = isolation->found; !code && i-- > 0;)
        code = add_folder(isolation->library[i].folder);
    return code ? code : run_program_check(program, isolation->library, isolation->found);
}

void isolation_free(struct isolation *isolation)
{
    for (size_t i = 0; i < isolation->found; i++)
        isolated_free(&isolation->library[i]);
    isolation->found = 0;
}
