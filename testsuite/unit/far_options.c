/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* far's tables of options: each kind of value with what it must not be; and texts that are broken to a width. */
#include "runtime/far/options.h"
#include "runtime/far/table.h"
#include "runtime/far/terminal.h"
#include "testsuite/unit/check.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct said {
    bool flag;
    const char *text;
    uint64_t number, size;
    double seconds;
    unsigned choice;
    int taken;
};

static int count(void *to, const struct option_row *row, const char *value)
{
    ((struct said *)to)->taken += value ? atoi(value) : row->letter;
    return -1;
}

static const char *const words[] = {"none", "read", NULL};
static const struct option_row rows[] = {
    {.name = "flag", .letter = 'f', .kind = OPTION_FLAG, .at = offsetof(struct said, flag)},
    {.name = "text", .letter = 't', .value = "TEXT", .kind = OPTION_TEXT, .at = offsetof(struct said, text)},
    {.name = "number", .value = "N", .kind = OPTION_NUMBER, .at = offsetof(struct said, number), .least = 2, .most = 9},
    {.name = "size", .value = "N", .kind = OPTION_SIZE, .at = offsetof(struct said, size), .most = UINT64_MAX},
    {.name = "seconds",
     .value = "S",
     .kind = OPTION_SECONDS,
     .at = offsetof(struct said, seconds),
     .least = 100,
     .most = 2000},
    {.name = "choice", .value = "W", .kind = OPTION_CHOICE, .at = offsetof(struct said, choice), .words = words},
    {.name = "take", .value = "N", .kind = OPTION_TAKE, .take = count},
    {0}};
static struct command_line line = {.name = "test", .usage = "", .about = "", .rows = rows, .most = -1};

/* The words of a line, cut at spaces. Returns what options_read() does. */
static int read_line(const char *text, struct said *said, struct operands *operands)
{
    static char copy[256];
    static char *argv[32];
    int argc = 0;
    memset(said, 0, sizeof *said);
    snprintf(copy, sizeof copy, "test %s", text);
    for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
        argv[argc++] = word;
    argv[argc] = NULL;
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC), saved = dup(2);
    dup2(null, 2); /* what is wrong is looked at elsewhere */
    int code = options_read(&line, argc, argv, said, operands);
    dup2(saved, 2);
    close(null);
    close(saved);
    return code;
}

static void test_values(void)
{
    static const char *const wrong[] = {"--number 1",
                                        "--number 10",
                                        "--number 0x3",
                                        "--number -3",
                                        "--number",
                                        "--number=",
                                        "--number 99999999999999999999",
                                        "--size 18446744073709551615K",
                                        "--size 1T",
                                        "--size -1",
                                        "--seconds 0.05",
                                        "--seconds nan",
                                        "--seconds inf",
                                        "--seconds 3",
                                        "--seconds 1s",
                                        "--choice all",
                                        "--choice rea",
                                        "--flag=yes",
                                        "--nothing",
                                        "-x",
                                        "-fx",
                                        "--t 1",
                                        "-t"};
    struct said said;
    struct operands operands;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        CHECK(read_line(wrong[i], &said, &operands) == 64);
    CHECK(read_line("--number 9 --size=3M --seconds 1.5 --choice read --take 3 --take=4 --flag", &said, &operands) ==
          -1);
    CHECK(said.number == 9 && said.size == 3 << 20 && said.seconds == 1.5 && said.choice == 1);
    CHECK(said.taken == 7 && said.flag && operands.count == 0);
    CHECK(read_line("--size 18446744073709551615", &said, &operands) == -1 && said.size == UINT64_MAX);
}

static void test_words(void)
{
    struct said said;
    struct operands operands;
    CHECK(read_line("a -ftb c --te=d - -- --flag e", &said, &operands) == -1);
    CHECK(said.flag && strcmp(said.text, "d") == 0);
    CHECK(operands.count == 5 && strcmp(operands.word[2], "-") == 0 && strcmp(operands.word[3], "--flag") == 0);
    CHECK(!operands.word[5]);
    line.order = OPTIONS_FIRST;
    CHECK(read_line("-f a --text b", &said, &operands) == -1 && !said.text && operands.count == 3);
    CHECK(read_line("--other a", &said, &operands) == 64);
    line.order = OPTIONS_OURS;
    CHECK(read_line("-f --other --text b", &said, &operands) == -1 && !said.text && operands.count == 3);
    CHECK(strcmp(operands.word[0], "--other") == 0);
    line.order = OPTIONS_ANYWHERE;
    line.least = line.most = 1;
    line.operands = "name one";
    CHECK(read_line("", &said, &operands) == 64 && read_line("a b", &said, &operands) == 64);
    CHECK(read_line("a", &said, &operands) == -1);
}

static const char *wrapped(const char *text, unsigned columns)
{
    static char out[1024];
    memset(out, 0, sizeof out);
    FILE *stream = fmemopen(out, sizeof out, "w");
    text_wrap(stream, text, columns);
    fclose(stream);
    return out;
}

static void test_text(void)
{
    CHECK(strcmp(wrapped("one two three\nfour", 0), "one two three\nfour\n") == 0);
    CHECK(strcmp(wrapped("one two three\nfour", 8), "one two\nthree\nfour\n") == 0);
    CHECK(strcmp(wrapped("  a  one two three", 10), "  a  one\n     two\n     three\n") == 0);
    CHECK(strcmp(wrapped("averylongwordindeed b", 6), "averylongwordindeed\nb\n") == 0);
    CHECK(strcmp(wrapped("\303\244\303\244 \303\244\303\244", 5), "\303\244\303\244 \303\244\303\244\n") == 0);
    CHECK(strcmp(wrapped("", 5), "") == 0 && text_columns("\342\200\246a") == 2);
}

static void test_table(void)
{
    static const struct table_column columns[] = {{"NAME", -6, 0}, {"N", 3, 1}, {"REST", 0, 2}};
    const char *const cells[] = {"too_long", "12", "what is left"};
    char out[512] = "";
    struct table table;
    const unsigned widths[] = {0, 20, 12, 8};
    FILE *stream = fmemopen(out, sizeof out, "w");
    for (unsigned i = 0; i < 4; i++) {
        table_begin(&table, stream, columns, 3, widths[i]);
        table_row(&table, cells);
    }
    fclose(stream);
    CHECK(strcmp(out, "NAME     N  REST\ntoo_long  12  what is left\n"
                      "NAME     N  REST\ntoo_l\342\200\246  12  what is\342\200\246\n"
                      "NAME     N\ntoo_l\342\200\246  12\n"
                      "NAME  \ntoo_l\342\200\246\n") == 0);
}

int main(void)
{
    test_values();
    test_words();
    test_text();
    test_table();
    return check_result();
}
