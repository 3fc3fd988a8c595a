/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The annotations that make a C header the interface of a farcall service. docs/annotations.md explains each of them.
 *
 * Under clang, and for faridl with any compiler, they are `annotate` attributes carrying "farcall.<name>" or
 * "farcall.<name>(<argument>)"; for every other compiler they are nothing at all, so that an annotated header stays an
 * ordinary C11 … C23 or C++ header. Arguments are expanded before they are carried: far_fails(Z_MEM_ERROR) works.
 *
 *     far_service(kv, 1, 0);
 *     far_op far_function_shipped far_fails(-1)
 *         int kv_put(const char *__null_terminated key, const void *__sized_by(n) val, size_t n);
 */
#ifndef FARCALL_ANNOTATE_H
#define FARCALL_ANNOTATE_H

#define FAR_TEXT_(...) #__VA_ARGS__
#define FAR_TEXT(...)  FAR_TEXT_(__VA_ARGS__)

#if defined(__clang__) || defined(__FARCALL_IDL__)
#define FAR_ANNOTATE(name)                __attribute__((__annotate__("farcall." name)))
#define FAR_ANNOTATE_WITH(name, argument) __attribute__((__annotate__("farcall." name "(" argument ")")))
#else
#define FAR_ANNOTATE(name)
#define FAR_ANNOTATE_WITH(name, argument)
#endif

/* File: once a header, followed by a semicolon. A declaration of a structure nobody defines is valid everywhere. */
#ifdef __FARCALL_IDL__
#define far_service(name, major, minor) \
    struct FAR_ANNOTATE_WITH("service", #name "," FAR_TEXT(major) "," FAR_TEXT(minor)) far_service_
#else
#define far_service(name, major, minor) \
    struct FAR_ANNOTATE_WITH("service", #name "," FAR_TEXT(major) "," FAR_TEXT(minor)) far_service_##name
#endif

/* Operation: before the declaration. */
#define far_op               FAR_ANNOTATE("op")
#define far_function_shipped FAR_ANNOTATE("function_shipped")
#define far_data_shipped     FAR_ANNOTATE("data_shipped")
#define far_fails(...)       FAR_ANNOTATE_WITH("fails", FAR_TEXT(__VA_ARGS__))
#define far_oneway           FAR_ANNOTATE("oneway")
#define far_async            FAR_ANNOTATE("async")
#define far_queued           FAR_ANNOTATE("queued")
#define far_deadline(ms)     FAR_ANNOTATE_WITH("deadline", FAR_TEXT(ms))
#define far_idempotent       FAR_ANNOTATE("idempotent")
#define far_absent           FAR_ANNOTATE("absent")
#define far_vouched(...)     FAR_ANNOTATE_WITH("vouched", #__VA_ARGS__)

/*
 * Values: after the star that they describe, or after the name of a pointer's typedef. far_result, in a size or selector,
 * is what the operation returns.
 */
#define far_in               FAR_ANNOTATE("in")
#define far_out              FAR_ANNOTATE("out")
#define far_inout            FAR_ANNOTATE("inout")
#define far_elements(type)   FAR_ANNOTATE_WITH("elements", FAR_TEXT(type))
#define far_nullable         FAR_ANNOTATE("nullable")
#define far_deep             FAR_ANNOTATE("deep")
#define far_handle           FAR_ANNOTATE("handle")
#define far_release          FAR_ANNOTATE("release")
#define far_unless(value)    FAR_ANNOTATE_WITH("unless", FAR_TEXT(value))
#define far_callback         FAR_ANNOTATE("callback")
#define far_global           FAR_ANNOTATE("global")
#define far_opaque           FAR_ANNOTATE("opaque")
#define far_withheld         FAR_ANNOTATE("withheld")
#define far_fd               FAR_ANNOTATE("fd")
#define far_granted          FAR_ANNOTATE("granted")
#define far_lifetime(of)     FAR_ANNOTATE_WITH("lifetime", FAR_TEXT(of))
#define far_selected_by(...) FAR_ANNOTATE_WITH("selected_by", FAR_TEXT(__VA_ARGS__))

/* Members of a union: the selector's values for which they are in use. */
#define far_case(...) FAR_ANNOTATE_WITH("case", FAR_TEXT(__VA_ARGS__))
#define far_default   FAR_ANNOTATE("default")

/* A structure whose members' annotations are those of another one, in a header that nobody may edit. */
#define far_describes(type) FAR_ANNOTATE_WITH("describes", FAR_TEXT(type))

/* Global data. */
#define far_shared(protocol) FAR_ANNOTATE_WITH("shared", FAR_TEXT(protocol))

/*
 * These names are shared with other headers (Linux's <linux/stddef.h> defines one of them as nothing). faridl must see
 * ours whichever came first; a compiler may keep the other's.
 */
#ifdef __FARCALL_IDL__
#undef __counted_by
#undef __counted_by_or_null
#undef __sized_by
#undef __sized_by_or_null
#undef __null_terminated
#endif
#ifndef __counted_by
#define __counted_by(...) FAR_ANNOTATE_WITH("counted_by", FAR_TEXT(__VA_ARGS__))
#endif
#ifndef __counted_by_or_null
#define __counted_by_or_null(...) FAR_ANNOTATE_WITH("counted_by_or_null", FAR_TEXT(__VA_ARGS__))
#endif
#ifndef __sized_by
#define __sized_by(...) FAR_ANNOTATE_WITH("sized_by", FAR_TEXT(__VA_ARGS__))
#endif
#ifndef __sized_by_or_null
#define __sized_by_or_null(...) FAR_ANNOTATE_WITH("sized_by_or_null", FAR_TEXT(__VA_ARGS__))
#endif
#ifndef __null_terminated
#define __null_terminated FAR_ANNOTATE("null_terminated")
#endif

/* Defined otherwise from here on, they would make words vanish without a sound: clang refuses that for faridl. */
#if defined(__FARCALL_IDL__) && defined(__clang__)
#pragma clang diagnostic error "-Wfinal-macro"
#pragma clang final(__counted_by)
#pragma clang final(__counted_by_or_null)
#pragma clang final(__sized_by)
#pragma clang final(__sized_by_or_null)
#pragma clang final(__null_terminated)
#endif

#endif
