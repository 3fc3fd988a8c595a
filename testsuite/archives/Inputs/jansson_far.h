/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* jansson as a service. Values are handles; json_decref, an inline function, looks inside, as a trusted client may. */
#include <farcall/annotate.h>
#include <jansson.h>

/* clang-format off */
far_service(jansson, 2, 14);

struct far_describes(json_error_t) jansson_far_error {
    int line;
};

far_op json_t *far_handle far_nullable
    json_loads(const char *__null_terminated input, size_t flags, json_error_t *far_out far_nullable error);
far_op char *__null_terminated far_nullable far_lifetime(released)
    json_dumps(const json_t *far_handle json, size_t flags);
far_op void json_delete(json_t *far_release json);
far_op json_t *far_handle far_nullable
    json_object_get(const json_t *far_handle far_nullable object, const char *__null_terminated key);
far_op json_t *far_handle far_nullable json_object(void);
far_op far_fails(-1)
    int json_object_set_new(json_t *far_handle object, const char *__null_terminated key, json_t *far_handle value);
far_op size_t json_array_size(const json_t *far_handle array);
far_op json_t *far_handle far_nullable json_array_get(const json_t *far_handle array, size_t index);
far_op json_t *far_handle far_nullable json_real(double value);
far_op json_t *far_handle far_nullable json_string(const char *__null_terminated value);
far_op const char *__null_terminated far_nullable far_lifetime(string) json_string_value(const json_t *far_handle string);
far_op json_int_t json_integer_value(const json_t *far_handle integer);
far_op double json_real_value(const json_t *far_handle real);
/* What json_dumps gave is of the segment's heap, so a client's free() is another one. */
far_op void jansson_far_free(void *far_release memory);
