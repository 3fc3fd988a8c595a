/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "linker-plugin/farld.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define DEFAULT_HEAP      ((uint64_t)256 << 20)
#define DEFAULT_ROOM      50
#define DEFAULT_DATA_ROOM ((uint64_t)64 << 10)
#define LARGEST_DATA_ROOM ((uint64_t)64 << 30)
#define LARGEST_HEAP      ((uint64_t)1 << 40)

void options_help(FILE *out)
{
    fputs("usage: farld -o kv.seg OBJECTS ARCHIVES [options]\n"
          "\n"
          "Links objects and archives, built by any compiler, into one segment: a file that\n"
          "`far register` takes. One of them must hold the service's interface record: an object\n"
          "compiled by farcc from a source that includes the annotated header, or X.iface.o\n"
          "written by `faridl X.h -o X.iface.o`.\n"
          "\n"
          "  -o FILE           the segment to write; a failed link leaves it as it was\n"
          "  -L DIR, -l NAME   search DIR for libNAME.so with an import table (far implib), then\n"
          "                    for libNAME.a; -lc, -lm, -lpthread, -ldl, -lrt are the host's own\n"
          "  --heap-size=SIZE  memory for the segment's malloc, 64K to 1T (default 256M; K, M, G, T)\n"
          "  --map             print where each part and section went\n"
          "  --dump=plan       print what would be linked and how each symbol is resolved;\n"
          "                    without -o that is all\n"
          "  --previous=FILE   an earlier version of the service, as segment, object or record: its\n"
          "                    operations keep their slots, and with them their addresses; new ones\n"
          "                    get slots that none ever had\n"
          "  --like=FILE       the service's segment for another machine, or its version before this one, to\n"
          "                    be upgraded while it runs: parts and variables get the addresses they have\n"
          "                    there, so that both can run over the same data, and operations their slots,\n"
          "                    as by --previous; what would differ is an error. A version may have further\n"
          "                    variables: they lie behind the others\n"
          "  --data-room=SIZE  addresses left free for such variables of later versions: behind those that\n"
          "                    have a first value, and as many behind the others (default 64K; 0: none)\n"
          "  --room=PERCENT    addresses left free behind the code, the constants and the linkage, in percent\n"
          "                    of each, so that another machine's executable of the service fits at the\n"
          "                    same addresses (default 50, at least 64K; 0: none)\n"
          "  --allow-wrpkru    link code that may change protection keys (wrpkru, xrstor), for tests: fard takes\n"
          "                    such a segment only if it was started with the same option\n"
          "  --soname=NAME     the name that the segment's dynamic section carries\n"
          "  --verbose         print the command of ld.lld\n"
          "  --help, --version\n"
          "\n"
          "Libraries given as .so must be import libraries of other services: calls to them become\n"
          "BIND commands. Functions of the C library stay the host's. malloc and friends are the\n"
          "segment's own.\n"
          "\n"
          "  farcc -O2 -c kv.c && farld -o kv.seg kv.o\n"
          "  faridl zlib_far.h -o zlib.iface.o && farld -o zlib.seg zlib.iface.o libz.a\n"
          "\n"
          "exit status: 0, 64 usage, 65 bad input, 66 no such input, 69 ld.lld or the\n"
          "allocator for the inputs' machine missing,\n"
          "70 internal error, 73 and 74 cannot write\n",
          out);
}

static int parse_size(struct link *link, const char *option, const char *text, uint64_t *size)
{
    static const char units[] = "KMGT";
    char *end;
    unsigned long long number;
    const char *unit;

    errno = 0;
    number = strtoull(text, &end, 0);
    unit = *end ? strchr(units, *end & ~0x20) : NULL;
    if (unit)
        end++;
    if (end == text || *end || errno || *text == '-' || number > LARGEST_HEAP)
        return error_add(&link->errors, EX_USAGE, "%s=%s: a size is a number with K, M, G or T, such as 256M", option,
                         text);
    if (unit && number)
        number <<= 10 * (unit - units + 1);
    *size = number;
    return 0;
}

static int parse_heap_size(struct link *link, const char *text)
{
    uint64_t *size = &link->options.heap_size;
    int status = parse_size(link, "--heap-size", text, size);

    link->options.heap_given = true;
    if (status)
        return status;
    if (*size < FAR_PART_ALIGN || *size > LARGEST_HEAP)
        return error_add(&link->errors, EX_USAGE, "--heap-size=%s: a heap is at least 64K and at most 1T", text);
    *size = (*size + FAR_PART_ALIGN - 1) & ~(uint64_t)(FAR_PART_ALIGN - 1);
    return 0;
}

static int parse_data_room(struct link *link, const char *text)
{
    uint64_t *size = &link->options.data_room;
    int status = parse_size(link, "--data-room", text, size);

    link->options.data_room_given = true;
    if (status)
        return status;
    if (*size > LARGEST_DATA_ROOM)
        return error_add(&link->errors, EX_USAGE, "--data-room=%s: at most 64G are left free", text);
    *size = (*size + 63) & ~(uint64_t)63;
    return 0;
}

static int parse_room(struct link *link, const char *text, unsigned *percent)
{
    char *end;
    unsigned long number;

    errno = 0;
    number = strtoul(text, &end, 10);
    if (end == text || (*end && strcmp(end, "%")) || errno || *text == '-' || number > 1000)
        return error_add(&link->errors, EX_USAGE, "--room=%s: it is a percentage from 0 to 1000, such as 50", text);
    *percent = (unsigned)number;
    return 0;
}

static void add_input(struct link *link, const char *text, bool is_library)
{
    struct options *options = &link->options;

    *LIST_ADD(&link->arena, options->arguments, options->argument_count) =
        (struct input_argument){.text = text, .is_library = is_library};
}

/* "-oFILE" or "-o FILE": the value, or NULL and *at unchanged if this is another option. */
static const char *short_value(char **argv, int *at, char letter)
{
    const char *argument = argv[*at];

    if (argument[0] != '-' || argument[1] != letter)
        return NULL;
    if (argument[2])
        return argument + 2;
    if (!argv[*at + 1])
        return "";
    return argv[++*at];
}

static const char *long_value(char **argv, int *at, const char *name)
{
    const char *argument = argv[*at];
    size_t length = strlen(name);

    if (strncmp(argument, name, length))
        return NULL;
    if (argument[length] == '=')
        return argument + length + 1;
    if (argument[length] || !argv[*at + 1])
        return NULL;
    return argv[++*at];
}

static int parse_long(struct link *link, char **argv, int *at)
{
    struct options *options = &link->options;
    const char *value;

    if ((value = long_value(argv, at, "--heap-size")))
        return parse_heap_size(link, value);
    if ((value = long_value(argv, at, "--data-room")))
        return parse_data_room(link, value);
    if ((value = long_value(argv, at, "--soname")))
        options->soname = value;
    else if ((value = long_value(argv, at, "--room")))
        return parse_room(link, value, &options->room);
    else if ((value = long_value(argv, at, "--previous")))
        options->previous = value;
    else if ((value = long_value(argv, at, "--like")))
        options->like = value;
    else if ((value = long_value(argv, at, "--dump")) && !strcmp(value, "plan"))
        options->dump_plan = true;
    else if (value)
        return error_add(&link->errors, EX_USAGE, "--dump=%s: only --dump=plan is known", value);
    else if (!strcmp(argv[*at], "--allow-wrpkru"))
        options->allow_wrpkru = true;
    else if (!strcmp(argv[*at], "--map"))
        options->map = true;
    else if (!strcmp(argv[*at], "--verbose"))
        options->verbose = true;
    else
        return error_add(&link->errors, EX_USAGE, "unknown option '%s'; try farld --help", argv[*at]);
    return 0;
}

static int parse_one(struct link *link, char **argv, int *at)
{
    struct options *options = &link->options;
    const char *value;

    if (argv[*at][0] != '-' || !argv[*at][1]) {
        add_input(link, argv[*at], false);
        return 0;
    }
    if (argv[*at][1] == '-')
        return parse_long(link, argv, at);
    if ((value = short_value(argv, at, 'o')))
        options->output = value;
    else if ((value = short_value(argv, at, 'L')))
        *LIST_ADD(&link->arena, options->libraries, options->library_count) = value;
    else if ((value = short_value(argv, at, 'l')))
        add_input(link, value, true);
    else
        return error_add(&link->errors, EX_USAGE, "unknown option '%s'; try farld --help", argv[*at]);
    if (!*value)
        return error_add(&link->errors, EX_USAGE, "option '%s' needs a value", argv[*at]);
    return 0;
}

int options_parse(struct link *link, int argc, char **argv)
{
    struct options *options = &link->options;
    int status = 0;

    options->heap_size = DEFAULT_HEAP;
    options->room = DEFAULT_ROOM;
    options->data_room = DEFAULT_DATA_ROOM;
    for (int at = 1; at < argc && !status; at++)
        status = parse_one(link, argv, &at);
    if (!status && options->argument_count == 0)
        status = error_add(&link->errors, EX_USAGE, "no input; try farld --help");
    if (!status && !options->output && !options->dump_plan)
        status = error_add(&link->errors, EX_USAGE, "no output; say -o NAME.seg");
    return status;
}
