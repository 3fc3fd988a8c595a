/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "lua_far.h"

#include <stdlib.h>

static void *allocate(void *user, void *old, size_t old_size, size_t size)
{
    (void)user;
    (void)old_size;
    if (size)
        return realloc(old, size);
    free(old);
    return NULL;
}

lua_State *lua_far_open(void)
{
    return lua_newstate(allocate, NULL);
}

struct text {
    const char *bytes;
    size_t size;
};

static const char *read_text(lua_State *L, void *user, size_t *size)
{
    struct text *text = user;

    (void)L;
    *size = text->size;
    text->size = 0;
    return text->bytes;
}

int lua_far_load(lua_State *L, const char *bytes, size_t size, const char *name)
{
    struct text text = {bytes, size};

    return lua_load(L, read_text, &text, name, "t");
}
