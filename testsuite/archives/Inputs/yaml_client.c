/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "client.h"

#include "yaml_far.h"

int main(void)
{
    static const char good[] = "fruit: [apple, \"plum\"]\ncount: 2\n", bad[] = "a: [1, 2\nb: }\n";
    const char *text;
    size_t line;
    int event;

    show(yaml_far_parser_next);
    yaml_parser_t *parser = yaml_far_parser_new((const unsigned char *)good, strlen(good));
    must(parser != NULL);
    fputs("yaml:", stdout);
    while ((event = yaml_far_parser_next(parser, &text)) > 0 && event != YAML_STREAM_END_EVENT)
        if (event == YAML_SCALAR_EVENT)
            printf(" %s", text);
    puts("");
    yaml_far_parser_free(parser);
    parser = yaml_far_parser_new((const unsigned char *)bad, strlen(bad));
    while ((event = yaml_far_parser_next(parser, &text)) > 0)
        must(event != YAML_STREAM_END_EVENT);
    text = yaml_far_parser_problem(parser, &line);
    printf("line %zu: %s\n", line, text);
    yaml_far_parser_free(parser);
    return 0;
}
