/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "client.h"

#include "jansson_far.h"

int main(void)
{
    json_error_t error;
    json_t *list, *root;

    show(json_loads);
    show(json_array_get);
    show(json_dumps);
    must(!json_loads("{\"a\": [1, }", 0, &error));
    printf("jansson: line %d: %s\n", error.line, error.text);
    root = json_loads("{\"list\": [1, 20, 300], \"name\": \"far\"}", 0, &error);
    must(root != NULL);
    list = json_object_get(root, "list");
    must(json_array_size(list) == 3 && json_integer_value(json_array_get(list, 2)) == 300);
    must(!strcmp(json_string_value(json_object_get(root, "name")), "far"));
    must(json_object_set_new(root, "half", json_real(0.5)) == 0);
    char *text = json_dumps(root, JSON_SORT_KEYS);
    printf("jansson: %s\n", text);
    jansson_far_free(text);
    json_decref(root);
    return 0;
}
