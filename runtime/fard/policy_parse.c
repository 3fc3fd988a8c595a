/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The policy file's text: line by line, word by word. Each line is understood by itself, so that one mistake hides no other. */
#include "idl/diag.h"
#include "runtime/fard/node_name.h"
#include "runtime/fard/policy_file.h"
#include "runtime/format/complain.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORD_SIZE      (FAR_SUBJECT_MAX + 256)
#define COMPLAINTS_MAX 20u /* then the rest is not worth reading */
#define RULES_MAX      65536u
#define SECTIONS_MAX   65536u

struct text {
    char *bytes;
    uint32_t size, room;
};

struct parse {
    const struct policy_lookup *lookup;
    const struct policy_listener *listener;
    struct policy_file *file;
    uint32_t section_room, rule_room, place_room;
    struct text subjects, words;
    const char *at, *line_begin, *line_end; /* the line that is being read */
    uint32_t line;
    char word[WORD_SIZE];           /* the last word, without quotes */
    uint32_t word_column;           /* where it began */
    unsigned mistakes;              /* complaints that are no warnings */
    struct policy_section *section; /* the one that lines belong to; NULL: none yet, or one with a mistake */
    bool section_was_said;
    int failure;
};

__attribute__((format(printf, 4, 5))) static void report(struct parse *parse, uint32_t column, bool warning,
                                                         const char *format, ...)
{
    char text[WORD_SIZE + 512];
    va_list arguments;
    if (!warning && parse->mistakes++ >= COMPLAINTS_MAX)
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    for (size_t i = 0; text[i]; i++) {
        if (text_is_control(text, i))
            text[i] = '?';
    }
    const struct policy_complaint complaint = {parse->line, column, warning, text};
    parse->listener->hear(parse->listener->context, &complaint);
}

/* ---- Memory ---- */

static bool make_room(struct parse *parse, void *pointer, uint32_t *room, uint32_t count, size_t size)
{
    void *old, *grown;
    if (count < *room)
        return true;
    memcpy(&old, pointer, sizeof old);
    grown = reallocarray(old, count * 2 + 16, size);
    if (!grown) {
        parse->failure = -ENOMEM;
        return false;
    }
    memcpy(pointer, &grown, sizeof grown);
    *room = count * 2 + 16;
    return true;
}

/* Where it stands from now on, or UINT32_MAX. */
static uint32_t keep_text(struct parse *parse, struct text *text, const char *string)
{
    uint32_t length = (uint32_t)strlen(string) + 1, at = text->size;
    if (!make_room(parse, &text->bytes, &text->room, at + length, 1))
        return UINT32_MAX;
    memcpy(text->bytes + at, string, length);
    text->size += length;
    return at;
}

/* ---- Words ---- */

static uint32_t column_of(const struct parse *parse, const char *at)
{
    return (uint32_t)(at - parse->line_begin) + 1;
}

static void skip_blanks(struct parse *parse)
{
    while (parse->at < parse->line_end && (*parse->at == ' ' || *parse->at == '\t'))
        parse->at++;
    if (parse->at < parse->line_end && *parse->at == '#')
        parse->at = parse->line_end;
}

static bool ends_word(const struct parse *parse, bool quoted)
{
    if (parse->at == parse->line_end)
        return true;
    return !quoted && (*parse->at == ' ' || *parse->at == '\t');
}

/* One byte of a word, quotes and backslashes taken away. False: there is nothing to keep. */
static bool take_byte(struct parse *parse, bool *quoted, char *byte)
{
    *byte = *parse->at++;
    if (*byte == '"') {
        *quoted = !*quoted;
        return false;
    }
    if (*quoted && *byte == '\\' && parse->at < parse->line_end)
        *byte = *parse->at++;
    return true;
}

/* Is there one more word on the line? After a mistake in it the rest of the line is not read. */
static bool next_word(struct parse *parse)
{
    size_t length = 0;
    bool quoted = false;
    char byte;
    skip_blanks(parse);
    parse->word_column = column_of(parse, parse->at);
    if (parse->at == parse->line_end)
        return false;
    while (!ends_word(parse, quoted)) {
        if (*parse->at == '#' && !quoted) { /* a comment, or a part of it? A policy must mean what it reads */
            report(parse, column_of(parse, parse->at), false,
                   "# inside a word: put a blank in front of a comment, or quotes around the word");
            parse->at = parse->line_end;
            return false;
        }
        if (!take_byte(parse, &quoted, &byte))
            continue;
        if (length == sizeof parse->word - 1) {
            report(parse, parse->word_column, false, "this word is longer than %zu bytes", sizeof parse->word - 1);
            parse->at = parse->line_end;
            return false;
        }
        parse->word[length++] = byte;
    }
    parse->word[length] = '\0';
    if (quoted)
        report(parse, parse->word_column, false, "there is no closing \" on this line");
    return !quoted;
}

/* The next word, or what is missing without one. One that has a mistake was reported already. */
static bool want_word(struct parse *parse, const char *missing)
{
    unsigned before = parse->mistakes;
    if (next_word(parse))
        return true;
    if (parse->mistakes == before)
        report(parse, parse->word_column, false, "%s", missing);
    return false;
}

static void report_word(struct parse *parse, const char *const *candidates, const char *expected)
{
    const char *meant = nearest_word(parse->word, candidates);
    if (meant)
        report(parse, parse->word_column, false, "`%s` is not known here; did you mean `%s`?", parse->word, meant);
    else
        report(parse, parse->word_column, false, "`%s` is not known here; %s", parse->word, expected);
}

static void expect_end(struct parse *parse)
{
    if (next_word(parse))
        report(parse, parse->word_column, false, "nothing may follow here, but `%s` does", parse->word);
    parse->at = parse->line_end;
}

static uint32_t level_of(const char *word)
{
#define X(NAME, name, ...)        \
    if (strcmp(word, #name) == 0) \
        return FAR_LEVEL_##NAME;
    FAR_LEVELS(X)
#undef X
    if (strcmp(word, "refuse") == 0)
        return FAR_RULE_REFUSED;
    return FAR_LEVEL_UNSET;
}

/* ---- service ---- */

static bool parse_major(struct parse *parse, const char *text, int32_t *major)
{
    char *end;
    errno = 0;
    unsigned long value = strtoul(text, &end, 10);
    if (text[0] >= '0' && text[0] <= '9' && !*end && !errno && value <= UINT16_MAX) {
        *major = (int32_t)value;
        return true;
    }
    report(parse, parse->word_column, false, "`%s`: a major version is a number of at most %d", text, UINT16_MAX);
    return false;
}

static bool parse_name(struct parse *parse, struct policy_section *section)
{
    char *at = strchr(parse->word, '@');
    if (at)
        *at = '\0';
    section->major = -1;
    if (strcmp(parse->word, "*") == 0 ? at != NULL : !text_is_identifier(parse->word, FAR_SERVICE_MAX)) {
        report(parse, parse->word_column, false,
               "`%s` is no service's name: it is a C identifier of at most %d bytes, with @MAJOR if one version is "
               "meant, or * for all services",
               parse->word, FAR_NAME_MAX);
        return false;
    }
    memcpy(section->name, parse->word, strlen(parse->word) + 1);
    return !at || parse_major(parse, at + 1, &section->major);
}

static bool add_section(struct parse *parse, const struct policy_section *section)
{
    struct policy_file *file = parse->file;
    if (file->section_count == SECTIONS_MAX) {
        report(parse, 1, false, "a policy file has at most %u services", SECTIONS_MAX);
        return false;
    }
    if (!make_room(parse, &file->section, &parse->section_room, file->section_count, sizeof *file->section))
        return false;
    file->section[file->section_count] = *section;
    parse->section = &file->section[file->section_count++];
    return true;
}

static void parse_service(struct parse *parse)
{
    struct policy_section section = {.line = parse->line, .first = parse->file->rule_count};
    parse->section = NULL;
    parse->section_was_said = true;
    if (!want_word(parse, "which service? `service NAME`, or `service *` for all"))
        return;
    if (parse_name(parse, &section) && add_section(parse, &section))
        expect_end(parse);
}

/* ---- LEVEL WHO… ---- */

static bool parse_number(struct parse *parse, const char *text, uint32_t *id)
{
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (text[0] >= '0' && text[0] <= '9' && !*end && !errno && value < UINT32_MAX) {
        *id = (uint32_t)value;
        return true;
    }
    report(parse, parse->word_column, false, "`%s` is no number of a user or group", text);
    return false;
}

static bool find_name(struct parse *parse, int (*find)(void *context, const char *name, uint32_t *id), const char *what,
                      const char *file, const char *name, uint32_t *id)
{
    int result = find(parse->lookup->context, name, id);
    if (result == -ENOENT)
        report(parse, parse->word_column, false, "no %s `%s` in %s; names from elsewhere are written as numbers", what,
               name, file);
    else if (result)
        report(parse, parse->word_column, false, "%s cannot be read: %s", file, strerror(-result));
    return result == 0;
}

static bool starts(const char *word, const char *prefix, const char **rest)
{
    size_t length = strlen(prefix);
    *rest = word + length;
    return strncmp(word, prefix, length) == 0;
}

/* NAME, NAME:UID or *, behind `node:`. */
static bool parse_node(struct parse *parse, const char *text, struct far_rule *rule)
{
    char name[FAR_NODE_NAME_MAX];
    size_t length = strcspn(text, ":");
    snprintf(name, sizeof name, "%.*s", (int)(length < sizeof name ? length : 0), text);
    rule->who = text[length] ? FAR_WHO_NODE_UID : FAR_WHO_NODE;
    if (strcmp(name, "*") != 0 && !node_name_is_sound(name, sizeof name)) {
        report(parse, parse->word_column, false, "`node:%s` names no node: " NODE_NAME_RULES, text);
        return false;
    }
    uint32_t at = keep_text(parse, &parse->subjects, name);
    rule->subject = at + 1;
    return at != UINT32_MAX && (!text[length] || parse_number(parse, text + length + 1, &rule->id));
}

static bool parse_id(struct parse *parse, const char *word, struct far_rule *rule)
{
    static const char *const candidates[] = {"uid:", "gid:", "user:", "group:", "exe:", "node:", NULL};
    const struct policy_lookup *lookup = parse->lookup;
    const char *rest;
    if (starts(word, "node:", &rest))
        return parse_node(parse, rest, rule);
    rule->who = FAR_WHO_UID;
    if (starts(word, "uid:", &rest))
        return parse_number(parse, rest, &rule->id);
    if (starts(word, "user:", &rest))
        return find_name(parse, lookup->user, "user", "/etc/passwd", rest, &rule->id);
    rule->who = FAR_WHO_GID;
    if (starts(word, "gid:", &rest))
        return parse_number(parse, rest, &rule->id);
    if (starts(word, "group:", &rest))
        return find_name(parse, lookup->group, "group", "/etc/group", rest, &rule->id);
    char prefix[16];
    snprintf(prefix, sizeof prefix, "%.*s", (int)strcspn(word, ":") + 1, word);
    const char *meant = nearest_word(prefix, candidates);
    report(
        parse, parse->word_column, false, "`%s` names nobody; %s%s%s", word, meant ? "did you mean `" : "write ",
        meant
            ? meant
            : "uid:N, gid:N, user:NAME, group:NAME, exe:PATH or node:NAME; for everybody else there is `default LEVEL`",
        meant ? "`?" : "");
    return false;
}

static bool parse_program(struct parse *parse, const char *path, struct far_rule *rule)
{
    char real[FAR_SUBJECT_MAX];
    if (path[0] != '/' || strlen(path) >= sizeof real) {
        report(parse, parse->word_column, false,
               "`exe:%s`: an executable's path begins with / and has less than %zu bytes", path, sizeof real);
        return false;
    }
    int result = parse->lookup->program(parse->lookup->context, path, real);
    if (result)
        report(parse, parse->word_column, true, "exe:%s: %s; nothing fits this until the file is read again", path,
               strerror(-result));
    uint32_t at = keep_text(parse, &parse->subjects, result ? path : real);
    rule->subject = at + 1;
    return at != UINT32_MAX;
}

/* The word is kept as it was written; it is taken apart in a copy. */
static bool parse_who(struct parse *parse, struct far_rule *rule)
{
    char word[WORD_SIZE];
    strcpy(word, parse->word);
    char *exe = strncmp(word, "exe:", 4) == 0 ? word : strstr(word, "+exe:");
    if (strcmp(word, "all") == 0) {
        report(parse, parse->word_column, false, "for everybody else there is `default LEVEL`");
        return false;
    }
    if (exe && exe != word && strncmp(word, "node:", 5) == 0) {
        report(parse, parse->word_column, false, "`%s`: executables on other nodes are not known here", word);
        return false;
    }
    if (exe && !parse_program(parse, strchr(exe, ':') + 1, rule))
        return false;
    if (exe == word)
        return true;
    if (exe)
        *exe = '\0';
    return parse_id(parse, word, rule);
}

static bool same_subject(const struct parse *parse, const struct far_rule *a, const struct far_rule *b)
{
    return (a->subject != 0) == (b->subject != 0) &&
           (!a->subject || strcmp(parse->subjects.bytes + a->subject - 1, parse->subjects.bytes + b->subject - 1) == 0);
}

/* Two lines that say different things about the same people: whoever wrote that did not mean it. */
static void check_new(struct parse *parse, const struct far_rule *rule)
{
    const struct policy_file *file = parse->file;
    for (uint32_t i = parse->section->first; i < file->rule_count; i++) {
        const struct far_rule *other = &file->rules[i];
        if (other->who == rule->who && other->id == rule->id && same_subject(parse, other, rule)) {
            report(parse, parse->word_column, false, "line %u says already what `%s` is granted", file->place[i].line,
                   parse->word);
            return;
        }
    }
}

static void add_rule(struct parse *parse, const struct far_rule *rule)
{
    struct policy_file *file = parse->file;
    uint32_t count = file->rule_count;
    uint32_t word = keep_text(parse, &parse->words, parse->word);
    if (parse->section->count == FAR_RULE_MAX || count == RULES_MAX) {
        report(parse, parse->word_column, false, "too many rules: a service has at most %u, a file %u", FAR_RULE_MAX,
               RULES_MAX);
        parse->at = parse->line_end;
        return;
    }
    if (word == UINT32_MAX || !make_room(parse, &file->rules, &parse->rule_room, count, sizeof *rule) ||
        !make_room(parse, &file->place, &parse->place_room, count, sizeof *file->place))
        return;
    file->rules[count] = *rule;
    file->place[count] = (struct policy_place){parse->line, word};
    file->rule_count++;
    parse->section->count++;
}

/* What can be granted depends on where somebody is. */
static bool check_level(struct parse *parse, const struct far_rule *rule)
{
    bool about_node = rule->who >= FAR_WHO_NODE;
    if (about_node && rule->level != FAR_LEVEL_NONE && rule->level != FAR_RULE_REFUSED)
        report(parse, parse->word_column, false,
               "`%s`: more than none is not granted to clients on other nodes yet; write none or refuse", parse->word);
    else if (!about_node && rule->level == FAR_RULE_REFUSED)
        report(parse, parse->word_column, false,
               "`%s`: refuse is about clients on other nodes (node:NAME); who is here gets none at least", parse->word);
    else
        return true;
    return false;
}

static void parse_rules(struct parse *parse, uint32_t level)
{
    if (!want_word(parse, "who? `LEVEL WHO…`; for everybody else `default LEVEL`"))
        return;
    do {
        struct far_rule rule = {.who = FAR_WHO_ALL, .level = level};
        if (!parse_who(parse, &rule) || !parse->section || !check_level(parse, &rule))
            continue;
        check_new(parse, &rule);
        add_rule(parse, &rule);
    } while (!parse->failure && next_word(parse));
}

/* ---- default ---- */

static void set_fallback(struct parse *parse, uint32_t fallback)
{
    struct policy_section *section = parse->section;
    if (!section)
        return;
    if (section->fallback_line)
        report(parse, 1, false, "line %u has the default for this service already", section->fallback_line);
    section->fallback = fallback;
    section->fallback_line = parse->line;
}

static void parse_default(struct parse *parse)
{
    static const char *const candidates[] = {"none", "read", "trusted", "registration", NULL};
    if (!want_word(parse, "default what? none, read, trusted or registration"))
        return;
    uint32_t level = level_of(parse->word);
    if (strcmp(parse->word, "registration") == 0)
        level = POLICY_FALLBACK_REGISTRATION;
    else if (level == FAR_LEVEL_UNSET || level == FAR_RULE_REFUSED) {
        report_word(parse, candidates, "the default is none, read, trusted or registration");
        return;
    }
    set_fallback(parse, level);
    expect_end(parse);
}

/* ---- Lines ---- */

static void parse_line(struct parse *parse)
{
    static const char *const candidates[] = {"service", "default", "none", "read", "trusted", "refuse", NULL};
    if (!next_word(parse))
        return;
    uint32_t level = level_of(parse->word), column = parse->word_column;
    if (strcmp(parse->word, "service") == 0) {
        parse_service(parse);
        return;
    }
    bool is_default = strcmp(parse->word, "default") == 0;
    if (!is_default && level == FAR_LEVEL_UNSET)
        report_word(parse, candidates, "a line begins with service, default, none, read, trusted or refuse");
    else if (!parse->section_was_said)
        report(parse, column, false, "which service is this for? A line `service NAME` must come before");
    else if (is_default)
        parse_default(parse);
    else
        parse_rules(parse, level);
}

static bool check_bytes(struct parse *parse)
{
    for (const char *at = parse->line_begin; at < parse->line_end; at++) {
        if ((unsigned char)*at >= ' ' || *at == '\t')
            continue;
        report(parse, column_of(parse, at), false, "the byte 0x%02x is no text", (unsigned char)*at);
        return false;
    }
    return true;
}

static void parse_lines(struct parse *parse, const char *text, const char *end)
{
    while (text < end && !parse->failure) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        parse->line++;
        parse->at = parse->line_begin = text;
        parse->line_end = newline ? newline : end;
        text = parse->line_end + (newline != NULL);
        if (parse->line_end > parse->line_begin && parse->line_end[-1] == '\r')
            parse->line_end--;
        if (check_bytes(parse))
            parse_line(parse);
    }
}

/* Sorted for bsearch(); whoever is named twice stands side by side then. */
static void sort_sections(struct parse *parse)
{
    struct policy_file *file = parse->file;
    if (!file->section_count)
        return;
    qsort(file->section, file->section_count, sizeof *file->section, policy_section_order);
    for (uint32_t i = 1; i < file->section_count; i++) {
        const struct policy_section *a = &file->section[i - 1], *b = &file->section[i];
        if (policy_section_order(a, b) != 0)
            continue;
        parse->line = a->line > b->line ? a->line : b->line;
        report(parse, 1, false, "service %s is in line %u already", a->name, a->line < b->line ? a->line : b->line);
    }
}

int policy_parse(const char *path, const char *text, size_t size, const struct policy_lookup *lookup,
                 const struct policy_listener *listener, struct policy_file **out)
{
    struct parse parse = {.lookup = lookup, .listener = listener, .file = calloc(1, sizeof *parse.file)};
    *out = NULL;
    if (!parse.file || !(parse.file->path = strdup(path))) {
        policy_file_free(parse.file);
        return -ENOMEM;
    }
    parse_lines(&parse, text, text + size);
    sort_sections(&parse);
    parse.file->subjects = parse.subjects.bytes;
    parse.file->words = parse.words.bytes;
    if (parse.mistakes || parse.failure) {
        policy_file_free(parse.file);
        return parse.failure ? parse.failure : -EINVAL;
    }
    *out = parse.file;
    return 0;
}

int policy_section_order(const void *a, const void *b)
{
    const struct policy_section *left = a, *right = b;
    int order = strcmp(left->name, right->name);
    return order ? order : (left->major > right->major) - (left->major < right->major);
}

void policy_file_free(struct policy_file *file)
{
    if (!file)
        return;
    free(file->path);
    free(file->section);
    free(file->rules);
    free(file->place);
    free(file->subjects);
    free(file->words);
    free(file->text);
    free(file);
}
