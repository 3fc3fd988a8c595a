/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Lines of the log: always one, always whole, whatever the text holds and however long it is; and the limit of what a host
 * may write. */
#include "runtime/fard/host_output.h"
#include "runtime/fard/log.h"
#include "testsuite/unit/check.h"

#include <string.h>

static char line[LOG_LINE_MAX + 1];

static const char *text_of(const char *message, int journal)
{
    struct log_record record = {.level = LOG_LEVEL_WARNING, .event = "e", .message = message};
    line[log_write_text(line, &record, journal)] = '\0';
    return line;
}

static const char *json_of(const char *message, const struct log_field *fields, unsigned count)
{
    struct log_record record = {LOG_LEVEL_INFO, "e", message, fields, count, {86400, 1000}};
    line[log_write_json(line, &record)] = '\0';
    return line;
}

static void test_text(void)
{
    CHECK(strcmp(text_of("plain", 0), "fard: plain\n") == 0);
    CHECK(strcmp(text_of("plain", 1), "<4>fard: plain\n") == 0);
    CHECK(strcmp(text_of("a\nb\t\033[1m\x9b\xc2\x9b \xc3\xa4", 0),
                 "fard: a\\x0ab\\t\\x1b[1m\\x9b\\xc2\\x9b \xc3\xa4\n") == 0);
}

static void test_json(void)
{
    const struct log_field fields[] = {{"service", "k\"v", 0}, {"pid", NULL, 7}};
    CHECK(strcmp(json_of("a\\\n\xff", fields, 2),
                 "{\"time\":\"1970-01-02T00:00:00.000001Z\",\"level\":\"info\",\"event\":\"e\",\"service\":\"k\\\"v\","
                 "\"pid\":7,\"message\":\"a\\\\\\u000a\\ufffd\"}\n") == 0);
}

/* Cut where it must be, at the end of a character, and an object all the same. */
static void test_long(void)
{
    static char message[3 * LOG_LINE_MAX];
    for (size_t shift = 0; shift < 6; shift++) {
        memset(message, 'x', shift);
        for (size_t i = shift; i + 4 < sizeof message; i += 3)
            memcpy(message + i, "\xe2\x82\xac\0", 4);
        json_of(message, NULL, 0);
        CHECK(strlen(line) <= LOG_LINE_MAX && strcmp(line + strlen(line) - 6, "\xe2\x82\xac\"}\n") == 0);
        const struct log_field field = {"long", message, 0};
        CHECK(strcmp(json_of("m", &field, 1),
                     "{\"time\":\"1970-01-02T00:00:00.000001Z\",\"level\":\"info\",\"event\":\"e\",\"long\":\"…\","
                     "\"message\":\"m\"}\n") == 0);
        text_of(message, 0);
        CHECK(strlen(line) <= LOG_LINE_MAX && strcmp(line + strlen(line) - 4, "\xe2\x82\xac\n") == 0);
    }
}

/* However long the fields are: one object, which ends as it should, with the message in it. */
static void test_long_fields(void)
{
    static char path[LOG_LINE_MAX + 8], end[200];
    char message[101];
    memset(message, 'm', 100);
    message[100] = '\0';
    snprintf(end, sizeof end, ",\"message\":\"%s\"}\n", message);
    for (size_t length = 2000; length < sizeof path; length++) {
        memset(path, 'p', length);
        path[length] = '\0';
        const struct log_field fields[] = {{"exe", path, 0}, {"pid", NULL, 7}};
        json_of(message, fields, 2);
        CHECK(strlen(line) <= LOG_LINE_MAX && strcmp(line + strlen(line) - strlen(end), end) == 0);
        CHECK(strstr(line, "\"pid\":7,"));
    }
}

static void test_limit(void)
{
    struct output_limit limit;
    output_limit_init(&limit, 1000);
    CHECK(output_limit_take(&limit, OUTPUT_BURST, 1000));
    CHECK(!output_limit_take(&limit, 1, 1000) && limit.lost_lines == 1);
    CHECK(!output_limit_take(&limit, OUTPUT_RATE, 1999) && limit.lost_lines == 2);
    CHECK(output_limit_take(&limit, OUTPUT_RATE - 64, 2000));  /* what fills in between is not forgotten */
    CHECK(output_limit_take(&limit, OUTPUT_BURST, INT64_MAX)); /* never more than the burst, and no overflow */
    CHECK(!output_limit_take(&limit, 1, INT64_MAX));
    CHECK(!output_limit_take(&limit, 1, 0)); /* a clock that goes back gives nothing */
}

int main(void)
{
    test_text();
    test_json();
    test_long();
    test_long_fields();
    test_limit();
    return check_result();
}
