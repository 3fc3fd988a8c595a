/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "yaml_far.h"

#include <stdlib.h>
#include <string.h>

struct held {
    yaml_parser_t parser; /* first, so that the handle leads here */
    yaml_event_t event;
    unsigned char text[];
};

yaml_parser_t *yaml_far_parser_new(const unsigned char *text, size_t size)
{
    struct held *held = calloc(1, sizeof *held + size);

    if (!held || !yaml_parser_initialize(&held->parser)) {
        free(held);
        return NULL;
    }
    memcpy(held->text, text, size);
    yaml_parser_set_input_string(&held->parser, held->text, size);
    return &held->parser;
}

void yaml_far_parser_free(yaml_parser_t *parser)
{
    struct held *held = (struct held *)parser;

    yaml_event_delete(&held->event);
    yaml_parser_delete(parser);
    free(held);
}

int yaml_far_parser_next(yaml_parser_t *parser, const char **text)
{
    struct held *held = (struct held *)parser;

    yaml_event_delete(&held->event);
    *text = NULL;
    if (!yaml_parser_parse(parser, &held->event))
        return -1;
    if (held->event.type == YAML_SCALAR_EVENT)
        *text = (const char *)held->event.data.scalar.value;
    return (int)held->event.type;
}

const char *yaml_far_parser_problem(yaml_parser_t *parser, size_t *line)
{
    *line = parser->problem_mark.line + 1;
    return parser->problem;
}
