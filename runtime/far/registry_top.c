/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* far top: its command line, and the terminal while it runs. */
#include "runtime/far/registry_top.h"
#include "runtime/far/far.h"
#include "runtime/far/load.h"

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sysexits.h>
#include <termios.h>
#include <unistd.h>

static const char help[] =
    "usage: far top [--once] [--json] [--sort KEY] [--interval SECONDS] [--socket PATH]\n"
    "\n"
    "Shows what every service is doing: calls a second that its host answers (branches go past everybody and are not\n"
    "counted), channels, its host's processor time and memory, restarts; and who asks how much of fard. Everybody "
    "sees\n"
    "all services and himself; fard's user and root see all users.\n"
    "\n"
    "  --once              print one table, of what happens in one interval, and end; so it is where the output is no\n"
    "                      terminal\n"
    "  --json              the same for programs; implies --once\n"
    "  --sort KEY          calls (the default), cpu, rss, channels, restarts or name\n"
    "  --interval SECONDS  between two looks, 0.1 to 3600; default: 2\n"
    "  --socket PATH       fard's socket\n"
    "\n"
    "While it runs: q ends it; c, p, m, n sort by calls, processor, memory, name.\n"
    "\n"
    "Exit codes: 0; 64 usage; 69 fard is not running.\n";

struct top_options {
    const char *socket;
    bool once, json;
    enum top_sort sort;
    int interval_ms;
};

static int mistake(const char *what)
{
    fprintf(stderr, "far top: %s; far top --help shows how it goes\n", what);
    return EX_USAGE;
}

static int take_sort(struct top_options *options)
{
    static const char *const words[] = {
#define X(NAME, name) #name,
        TOP_SORTS(X)
#undef X
    };
    for (unsigned i = 0; i < TOP_SORT_COUNT; i++) {
        if (strcmp(optarg, words[i]) == 0) {
            options->sort = (enum top_sort)i;
            return -1;
        }
    }
    return mistake("--sort is calls, cpu, rss, channels, restarts or name");
}

static int take_interval(struct top_options *options)
{
    char *end;
    double seconds = strtod(optarg, &end);
    if (*end || end == optarg || !(seconds >= 0.1 && seconds <= 3600))
        return mistake("--interval is a number of seconds, 0.1 to 3600");
    options->interval_ms = (int)(seconds * 1000);
    return -1;
}

static int take_option(int option, struct top_options *options)
{
    switch (option) {
    case 'o':
        options->once = true;
        return -1;
    case 'j':
        options->once = options->json = true;
        return -1;
    case 'r':
        return take_sort(options);
    case 'i':
        return take_interval(options);
    case 's':
        options->socket = optarg;
        return -1;
    case 'h':
        fputs(help, stdout);
        return finish_output(0);
    default:
        return mistake("there is no such option, or its value is missing");
    }
}

static int parse(int argc, char **argv, struct top_options *options)
{
    static const struct option long_options[] = {{"once", no_argument, NULL, 'o'},
                                                 {"json", no_argument, NULL, 'j'},
                                                 {"sort", required_argument, NULL, 'r'},
                                                 {"interval", required_argument, NULL, 'i'},
                                                 {"socket", required_argument, NULL, 's'},
                                                 {"help", no_argument, NULL, 'h'},
                                                 {NULL, 0, NULL, 0}};
    int option, end = -1;
    *options = (struct top_options){.interval_ms = 2000};
    while (end < 0 && (option = getopt_long(argc, argv, ":", long_options, NULL)) != -1)
        end = take_option(option, options);
    if (end < 0 && optind < argc)
        return mistake("it takes no names");
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
    if (poll(&input, 1, options->interval_ms) <= 0)
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
    struct winsize size = {0};
    top_sort(look, options->sort);
    if (options->json) {
        top_print_json(look);
        return;
    }
    bool terminal = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col;
    if (!options->once)
        fputs("\033[H\033[2J", stdout);
    top_print(look, terminal ? size.ws_col : 200, options->once ? 0 : size.ws_row);
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
