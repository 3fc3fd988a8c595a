/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * libyaml as a service. Its parser is a structure of the client's that only the library knows, so two operations of our
 * own allocate and free it, and one gives the events in a form that needs no look inside.
 */
#include <farcall/annotate.h>
#include <yaml.h>

/* clang-format off */
far_service(yaml, 0, 2);

far_op const char *__null_terminated far_lifetime(service) yaml_get_version_string(void);
far_op far_fails(NULL) yaml_parser_t *far_handle far_nullable yaml_far_parser_new(const unsigned char *__sized_by(size) text, size_t size);
far_op void yaml_far_parser_free(yaml_parser_t *far_release parser);

/* The next event's type, or -1; of a scalar, the text too, until the next event. */
far_op far_fails(-1)
    int yaml_far_parser_next(yaml_parser_t *far_handle parser,
                             const char *__null_terminated far_nullable far_lifetime(parser) *far_out text);
far_op const char *__null_terminated far_nullable far_lifetime(parser)
    yaml_far_parser_problem(yaml_parser_t *far_handle parser, size_t *far_out line);
