/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* far top: its command line, and the terminal while it runs. */
#include "runtime/far/registry_top.h"
#include "runtime/far/far.h"
#include "runtime/far/load.h"
#include "runtime/far/options.h"
#include "runtime/far/terminal.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <termios.h>
#include <unistd.h>

struct top_options {
    const char *socket;
    bool once, json;
    unsigned sort;   /* enum top_sort */
    double interval; /* seconds */
};

static int take_json(void *to, const struct option_row *row, const char *value)
{
    struct top_options *options = to;
    (void)row;
    (void)value;
    options->once = options->json = true;
    return -1;
}

static const char *const sort_words[] = {
#define X(NAME, name) #name,
    TOP_SORTS(X)
#undef X
        NULL};

static const struct option_row rows[] = {
    {.name = "once",
     .kind = OPTION_FLAG,
     .at = offsetof(struct top_options, once),
     .help = "print one table, of what happens in one interval, and end; so it is where the output is no terminal"},
    {.name = "json", .kind = OPTION_TAKE, .take = take_json, .help = "the same for programs; implies --once"},
    {.name = "sort",
     .value = "KEY",
     .kind = OPTION_CHOICE,
     .at = offsetof(struct top_options, sort),
     .words = sort_words,
     .what = "it is calls, cpu, rss, channels, restarts or name",
     .help = "calls (the default), cpu, rss, channels, restarts or name"},
    {.name = "interval",
     .value = "SECONDS",
     .kind = OPTION_SECONDS,
     .at = offsetof(struct top_options, interval),
     .least = 100,
     .most = 3600000,
     .what = "it is a number of seconds, 0.1 to 3600",
     .help = "between two looks, 0.1 to 3600; default: 2"},
    OPTION_ROW_SOCKET(struct top_options),
    {0}};

static const struct command_line line = {
    .name = "top",
    .usage = "far top [--once] [--json] [--sort KEY] [--interval SECONDS] [--socket PATH]",
    .about = "Shows what every service is doing: calls a second that its host answers (branches go past everybody and "
             "are not counted), channels, its host's processor time and memory, restarts; and who asks how much of "
             "fard. Everybody sees all services and himself; fard's user and root see all users.\n",
    .rows = rows,
    .notes = "While it runs: q ends it; c, p, m, n sort by calls, processor, memory, name.\n"
             "\n"
             "Exit codes: 0; 64 usage; 69 fard is not running.\n",
    .operands = "it takes no names",
};

static int parse(int argc, char **argv, struct top_options *options)
{
    *options = (struct top_options){.interval = 2};
    int end = options_read(&line, argc, argv, options, NULL);
    options->once |= !isatty(STDOUT_FILENO);
    return end;
}

/* Keys one by one, and not shown; what was before comes back with the end. */
static bool keys_begin(struct termios *saved)
{
    struct termios raw;
    if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, saved) != 0)
        return false;
    raw = *saved;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    return tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
}

/* Waits for the next look. False: the end was asked for. */
static bool wait_for_key(struct top_options *options, bool keys)
{
    static const struct {
        char key;
        enum top_sort sort;
    } sorts[] = {{'c', TOP_SORT_CALLS}, {'p', TOP_SORT_CPU}, {'m', TOP_SORT_RSS}, {'n', TOP_SORT_NAME}};
    struct pollfd input = {.fd = keys ? STDIN_FILENO : -1, .events = POLLIN};
    char key;
    if (poll(&input, 1, (int)(options->interval * 1000)) <= 0)
        return true;
    if (read(STDIN_FILENO, &key, 1) != 1 || key == 'q')
        return false;
    for (unsigned i = 0; i < sizeof sorts / sizeof *sorts; i++)
        if (sorts[i].key == key)
            options->sort = sorts[i].sort;
    return true;
}

static void show(const struct top_options *options, struct top_look *look)
{
    struct terminal_size size = terminal_size(stdout);
    top_sort(look, (enum top_sort)options->sort);
    if (options->json) {
        top_print_json(look);
        return;
    }
    if (!options->once)
        fputs("\033[H\033[2J", stdout);
    top_print(look, size.columns, options->once ? 0 : size.lines);
    fflush(stdout);
}

static int run(struct fard_connection *connection, struct top_options *options, bool keys)
{
    struct top_look before, now;
    int code = top_take(connection, &before);
    for (bool goes_on = true; !code && goes_on; goes_on = goes_on && !options->once) {
        goes_on = wait_for_key(options, keys) || options->once;
        if (!goes_on)
            break;
        code = top_take(connection, &now);
        if (code) {
            top_free(&now);
            break;
        }
        top_compare(&before, &now);
        top_free(&before);
        before = now;
        /* Shown from a copy: the next comparison needs the order of ids. */
        struct top_look shown = now;
        shown.service = malloc((now.service_count + 1) * sizeof *shown.service);
        if (shown.service) {
            memcpy(shown.service, now.service, now.service_count * sizeof *shown.service);
            show(options, &shown);
            free(shown.service);
        }
    }
    top_free(&before);
    return code;
}

int far_top_main(int argc, char **argv)
{
    struct top_options options;
    struct fard_connection connection;
    struct termios saved;
    int code = parse(argc, argv, &options);
    if (code >= 0)
        return code;
    code = fard_connect(&connection, options.socket);
    if (code)
        return code;
    bool keys = !options.once && keys_begin(&saved);
    code = run(&connection, &options, keys);
    if (keys)
        tcsetattr(STDIN_FILENO, TCSANOW, &saved);
    fard_disconnect(&connection);
    return finish_output(code);
}
