/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Compiles kv.c under other names, so that the plain library and the service can be called in one program. */
#define kv_find          prefixed_kv_find
#define kv_put           prefixed_kv_put
#define kv_get           prefixed_kv_get
#define kv_remove        prefixed_kv_remove
#define kv_first         prefixed_kv_first
#define kv_count         prefixed_kv_count
#define kv_null          prefixed_kv_null
#define kv_null_function prefixed_kv_null_function
