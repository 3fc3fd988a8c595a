/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "client.h"

#include "lua_far.h"

static const char script[] = "local t = {}\n"
                             "for i = 1, n do t[#t + 1] = i * i end\n"
                             "local sum = 0\n"
                             "for i = 1, #t do sum = sum + t[i] end\n"
                             "return sum, 'n=' .. n, 2 ^ 0.5\n";

static int run(lua_State *L, const char *text)
{
    must(lua_far_load(L, text, strlen(text), "=script") == LUA_OK);
    return lua_pcall(L, 0, LUA_MULTRET, 0);
}

int main(void)
{
    size_t size;

    show(lua_pcallk);
    show(lua_far_load);
    show(luaL_openlibs);
    lua_State *L = lua_far_open();
    must(L != NULL);
    lua_pushinteger(L, 10);
    lua_setglobal(L, "n");
    must(run(L, script) == LUA_OK && lua_gettop(L) == 3);
    must(lua_tointegerx(L, 1, NULL) == 385);
    printf("lua: %s, %.3f\n", lua_tolstring(L, 2, &size), lua_tonumberx(L, 3, NULL));
    must(run(L, "local nothing\nreturn nothing + 1\n") == LUA_ERRRUN); /* by longjmp, within the segment */
    printf("lua: %s\n", lua_tolstring(L, -1, &size));
    lua_close(L);

    L = luaL_newstate(); /* by trap, in the host; what works on the state afterwards need not */
    must(L != NULL);
    luaL_openlibs(L);
    must(luaL_loadstring(L, "return ('far'):rep(3, '-'), math.floor(2.5)") == LUA_OK);
    must(lua_pcall(L, 0, LUA_MULTRET, 0) == LUA_OK && lua_tointegerx(L, 2, NULL) == 2);
    printf("lua: %s\n", lua_tolstring(L, 1, &size));
    lua_close(L);
    return 0;
}
