/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Lua as a service: states, scripts, values. lua_far_open gives a state with the language and no library: nothing of it
 * belongs to a process. luaL_newstate's may print its panic, and luaL_openlibs brings files and the environment: both
 * are the host's, and so are scripts that use what they brought.
 */
#include <farcall/annotate.h>
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

/* clang-format off */
far_service(lua, 5, 4);

far_op lua_State *far_handle far_nullable lua_far_open(void);
far_op int lua_far_load(lua_State *far_handle L, const char *__sized_by(size) text, size_t size, const char *__null_terminated name);
far_op lua_State *far_handle far_nullable luaL_newstate(void);
far_op void luaL_openlibs(lua_State *far_handle L);
far_op int luaL_loadstring(lua_State *far_handle L, const char *__null_terminated text);
far_op void lua_close(lua_State *far_release L);
far_op int lua_pcallk(lua_State *far_handle L, int nargs, int nresults, int errfunc, lua_KContext ctx, lua_KFunction far_opaque k);
far_op int lua_gettop(lua_State *far_handle L);
far_op void lua_settop(lua_State *far_handle L, int idx);
far_op int lua_type(lua_State *far_handle L, int idx);
far_op lua_Integer lua_tointegerx(lua_State *far_handle L, int idx, int *far_out far_nullable isnum);
far_op lua_Number lua_tonumberx(lua_State *far_handle L, int idx, int *far_out far_nullable isnum);
far_op const char *__sized_by_or_null(*len) far_lifetime(L) lua_tolstring(lua_State *far_handle L, int idx, size_t *far_out len);
far_op void lua_pushinteger(lua_State *far_handle L, lua_Integer n);
far_op void lua_setglobal(lua_State *far_handle L, const char *__null_terminated name);
far_op int lua_getglobal(lua_State *far_handle L, const char *__null_terminated name);
