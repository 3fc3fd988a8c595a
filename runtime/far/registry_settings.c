/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/far/registry_settings.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

/* "name=value", the value of several lines if it was said several times. */
static void print_setting(const char *name, int length, const char *value)
{
    for (size_t line; *value; value += line + (value[line] == '\n')) {
        line = strcspn(value, "\n");
        printf("  %-16.*s %.*s\n", length, name, (int)line, value);
    }
}

static void show_setting(const char *string, struct json *json)
{
    char name[64];
    size_t length = strcspn(string, "=");
    const char *value = string[length] ? string + length + 1 : "";
    if (!json) {
        print_setting(string, (int)length, value);
        return;
    }
    snprintf(name, sizeof name, "%.*s", (int)length, string);
    json_string(json, name, value);
}

int settings_show(struct fard_connection *connection, const struct far_name_request *service, struct json *json)
{
    static struct fard_reply reply;
    int code = fard_ask(connection, FAR_MSG_SETTINGS, service, sizeof *service, -1, &reply);
    if (code)
        return code;
    const char *strings = fard_body(connection, &reply, 1);
    if (!strings || strings[reply.size - 1])
        return fard_broken_reply(connection);
    if (json)
        json_open(json, "settings", '{');
    else
        printf("\nhost\n");
    for (const char *at = strings; at < strings + reply.size; at += strlen(at) + 1)
        show_setting(at, json);
    if (json)
        json_close(json, '}');
    return 0;
}
