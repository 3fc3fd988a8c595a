/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/far/fuzz.h"
#include "runtime/lib/plan.h"

#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

static const char *const kind_names[] = {
#define X(NAME, name, text) name,
    FUZZ_KINDS(X)
#undef X
};
static const char *const kind_texts[] = {
#define X(NAME, name, text) text,
    FUZZ_KINDS(X)
#undef X
};
static const char *const status_names[] = {
#define X(NAME, error, text) #NAME,
    FAR_CALL_STATUSES(X)
#undef X
        "client's error"};

bool run_calls(const struct fuzz_run *run, const struct far_op *op)
{
    for (uint32_t i = 0; i < run->excepted; i++)
        if (fnmatch(run->except[i], iface_string(run->iface, op->name), 0) == 0)
            return false;
    return true;
}

void progress_note(struct fuzz_run *run, uint32_t op, unsigned status)
{
    struct fuzz_progress *progress = run->progress;
    uint32_t *reached = &progress->reached[op % FUZZ_OPS_MAX][status < FUZZ_STATUSES ? status : FUZZ_STATUSES - 1];
    if (!*reached)
        progress->new_at = progress->calls;
    ++*reached;
    progress->calls++;
    progress->beat++;
}

/* The same again says nothing more. */
static bool is_known(const struct fuzz_progress *progress, const struct fuzz_finding *finding)
{
    for (uint32_t i = 0; i < progress->finding_count && i < FUZZ_FINDINGS; i++)
        if (progress->finding[i].kind == finding->kind && progress->finding[i].op == finding->op &&
            (finding->kind == FUZZ_HONEST || progress->finding[i].sound == finding->sound))
            return true;
    return false;
}

void progress_take(struct fuzz_run *run, const struct fuzz_finding *finding)
{
    struct fuzz_progress *progress = run->progress;
    if (is_known(progress, finding))
        return;
    uint32_t at = __atomic_fetch_add(&progress->finding_count, 1, __ATOMIC_RELAXED);
    if (at < FUZZ_FINDINGS)
        progress->finding[at] = *finding;
}

void progress_found(struct fuzz_run *run, enum fuzz_kind kind, uint64_t seed, bool server, const char *detail)
{
    const struct fuzz_progress *progress = run->progress;
    struct fuzz_finding finding = {.kind = kind,
                                   .op = kind == FUZZ_HONEST ? UINT32_MAX : progress->op,
                                   .seed = seed,
                                   .call = progress->session_call,
                                   .server = server,
                                   .sound = progress->sound};
    snprintf(finding.detail, sizeof finding.detail, "%s", detail);
    snprintf(finding.text, sizeof finding.text, "%s", progress->text);
    progress_take(run, &finding);
}

/* --- a call in C's notation --- */

static void add(char *text, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void add(char *text, size_t size, const char *format, ...)
{
    va_list arguments;
    size_t used = strlen(text);
    va_start(arguments, format);
    vsnprintf(text + used, size - used, format, arguments);
    va_end(arguments);
}

static void add_string(char *text, size_t size, const char *string)
{
    add(text, size, "\"");
    for (int i = 0; string[i] && i < 40; i++) {
        uint8_t byte = (uint8_t)string[i];
        add(text, size, byte >= ' ' && byte < 127 && byte != '"' && byte != '\\' ? "%c" : "\\%03o", byte);
    }
    add(text, size, strlen(string) > 40 ? "…\"" : "\"");
}

static void add_buffer(char *text, size_t size, const struct fuzz_maker *maker, uint64_t word)
{
    const uint8_t *memory = (const uint8_t *)(uintptr_t)word;
    for (uint32_t i = 0; i < maker->count; i++) {
        const struct fuzz_block *block = &maker->block[i];
        if (block->memory != (const char *)memory)
            continue;
        add(text, size, "{");
        for (uint64_t at = 0; at < block->bytes && at < 16; at++)
            add(text, size, "%s0x%02x", at ? "," : "", memory[at]);
        add(text, size, "%s} /* %" PRIu64 " bytes */", block->bytes > 16 ? ",…" : "", block->bytes);
        return;
    }
    add(text, size, "/* of the service */ 0x%" PRIx64, word);
}

static void add_argument(char *text, size_t size, const struct fuzz_maker *maker, uint32_t i)
{
    const struct far_value *value = &maker->function[1 + i].value;
    uint64_t word = maker->word[i];
    double real;
    float small;
    memcpy(&real, &word, sizeof real);
    memcpy(&small, &word, sizeof small);
    const char *element = iface_string(maker->iface, iface_type(maker->iface, value->type)->name);
    if (value->passing == FAR_PASS_VALUE)
        add(text, size, value->flags & FAR_VALUE_SIGNED ? "%" PRId64 : "%" PRIu64,
            far_extend(word, value->width ? value->width : 8, value->flags & FAR_VALUE_SIGNED));
    else if (value->passing == FAR_PASS_FLOAT)
        add(text, size, "%g", value->width == sizeof small ? (double)small : real);
    else if (!word)
        add(text, size, "NULL");
    else if (value->passing == FAR_PASS_STRING && !value->size_count && strstr(element, "char") &&
             !strstr(element, "**"))
        add_string(text, size, (const char *)(uintptr_t)word);
    else if (value->passing == FAR_PASS_BUFFER || value->passing == FAR_PASS_STRING)
        add_buffer(text, size, maker, word);
    else if (value->passing == FAR_PASS_CALLBACK)
        add(text, size, "function");
    else
        add(text, size, "0x%" PRIx64, word);
}

void describe_arguments(char *text, size_t size, const struct fuzz_maker *maker)
{
    *text = 0;
    add(text, size, "%s(", iface_string(maker->iface, maker->op->name));
    for (uint32_t i = 0; i < maker->params; i++) {
        add(text, size, "%s", i ? ", " : "");
        add_argument(text, size, maker, i);
    }
    add(text, size, ")");
}

/* --- findings --- */

static void json_string(const char *text)
{
    putchar('"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            printf("\\%c", *text);
        else if ((unsigned char)*text < ' ')
            printf("\\u%04x", (unsigned char)*text);
        else
            putchar(*text);
    }
    putchar('"');
}

static const char *op_name(const struct fuzz_run *run, uint32_t op)
{
    return op < run->iface->ops.count ? iface_string(run->iface, iface_op(run->iface, op)->name) : "";
}

static void print_finding(const struct fuzz_run *run, const struct fuzz_finding *finding)
{
    printf("FOUND %s: %s", kind_names[finding->kind], kind_texts[finding->kind]);
    printf("%s%s\n", *finding->detail ? ": " : "", finding->detail);
    if (*finding->text)
        printf("  call     %s\n", finding->text);
    printf("  which is %s\n", finding->sound ? "what the interface allows: its annotation, or the library behind it"
                                             : "spoilt on its way: no honest partner's");
    if (finding->honest)
        printf("  by the honest client, whose calls are not made again\n");
    else
        printf("  again    far fuzz %s --%s --seed %" PRIu64 " --runs %" PRIu64 "\n", run->file,
               finding->server ? "server" : "caller", finding->seed, finding->call + 1);
}

static void json_finding(const struct fuzz_run *run, const struct fuzz_finding *finding)
{
    printf("{\"kind\": \"%s\", \"operation\": ", kind_names[finding->kind]);
    json_string(op_name(run, finding->op));
    printf(", \"seed\": %" PRIu64 ", \"call\": %" PRIu64 ", \"allowed\": %s, \"text\": ", finding->seed, finding->call,
           finding->sound ? "true" : "false");
    json_string(finding->text);
    printf(", \"detail\": ");
    json_string(finding->detail);
    printf("}");
}

static uint32_t findings_kept(const struct fuzz_run *run)
{
    uint32_t count = run->progress->finding_count;
    return count < FUZZ_FINDINGS ? count : FUZZ_FINDINGS;
}

/* --- operations --- */

static void print_operation(const struct fuzz_run *run, uint32_t op)
{
    const uint32_t *reached = run->progress->reached[op];
    printf("  %-28s", op_name(run, op));
    for (unsigned status = 0; status < FUZZ_STATUSES; status++)
        if (reached[status])
            printf(" %s %u", status_names[status], reached[status]);
    printf("\n");
}

static void json_operation(const struct fuzz_run *run, uint32_t op, bool first)
{
    const uint32_t *reached = run->progress->reached[op];
    const char *comma = "";
    printf("%s\n    {\"name\": ", first ? "" : ",");
    json_string(op_name(run, op));
    printf(", \"statuses\": {");
    for (unsigned status = 0; status < FUZZ_STATUSES; status++)
        if (reached[status])
            printf("%s\"%s\": %u", comma, status_names[status], reached[status]), comma = ", ";
    printf("}}");
}

static uint32_t never_done(const struct fuzz_run *run, bool print)
{
    uint32_t count = 0;
    for (uint32_t op = 0; op < run->iface->ops.count && op < FUZZ_OPS_MAX; op++) {
        if (run->progress->reached[op][FAR_CALL_DONE])
            continue;
        if (print)
            printf("%s%s", count ? ", " : "never done: ", op_name(run, op));
        count++;
    }
    if (print && count)
        printf("\n");
    return count;
}

static void print_text(const struct fuzz_run *run, const char *direction, uint64_t sessions, double seconds)
{
    const struct fuzz_progress *progress = run->progress;
    printf("%s: %" PRIu64 " calls in %" PRIu64 " sessions, %.1f s; seed %" PRIu64 "\n", direction, progress->calls,
           sessions, seconds, run->seed);
    for (uint32_t op = 0; op < run->iface->ops.count && op < FUZZ_OPS_MAX; op++)
        print_operation(run, op);
    if (progress->honest_calls)
        printf("honest client: %" PRIu64 " calls\n", progress->honest_calls);
    uint32_t missing = never_done(run, true);
    printf("%s: %u of %u operations done, %u found\n", direction, run->iface->ops.count - missing,
           run->iface->ops.count, progress->finding_count);
    for (uint32_t i = 0; i < findings_kept(run); i++)
        print_finding(run, &progress->finding[i]);
}

static void print_json(const struct fuzz_run *run, const char *direction, uint64_t sessions, double seconds)
{
    const struct fuzz_progress *progress = run->progress;
    printf("{\"service\": ");
    json_string(run->service);
    printf(", \"direction\": \"%s\", \"seed\": %" PRIu64 ", \"calls\": %" PRIu64 ", \"sessions\": %" PRIu64
           ", \"seconds\": %.1f, \"honest_calls\": %" PRIu64 ",\n  \"operations\": [",
           direction, run->seed, progress->calls, sessions, seconds, progress->honest_calls);
    for (uint32_t op = 0; op < run->iface->ops.count && op < FUZZ_OPS_MAX; op++)
        json_operation(run, op, op == 0);
    printf("],\n  \"found\": [");
    for (uint32_t i = 0; i < findings_kept(run); i++) {
        printf("%s\n    ", i ? "," : "");
        json_finding(run, &progress->finding[i]);
    }
    printf("]}\n");
}

int report_print(const struct fuzz_run *run, const char *direction, uint64_t sessions, double seconds)
{
    if (run->json)
        print_json(run, direction, sessions, seconds);
    else
        print_text(run, direction, sessions, seconds);
    return run->progress->finding_count ? 1 : 0;
}

/* One file a finding, whole or not there: what --replay reads, and what people want to know. */
int report_write_artifact(const struct fuzz_run *run, const struct fuzz_finding *finding)
{
    char path[4096], temporary[4096 + 8];
    if (!run->artifacts || finding->honest)
        return 0;
    snprintf(path, sizeof path, "%s/%s-%s-%s-%" PRIu64, run->artifacts, run->service,
             finding->server ? "server" : "caller", kind_names[finding->kind], finding->seed);
    snprintf(temporary, sizeof temporary, "%s.new", path);
    FILE *file = mkdir(run->artifacts, 0777) != 0 && errno != EEXIST ? NULL : fopen(temporary, "w");
    if (!file) {
        fprintf(stderr, "far: fuzz: %s: %s\n", temporary, strerror(errno));
        return EX_CANTCREAT;
    }
    fprintf(file, "far-fuzz 1\nservice %s\ndirection %s\nseed %" PRIu64 "\nruns %" PRIu64 "\n", run->service,
            finding->server ? "server" : "caller", finding->seed, finding->call + 1);
    fprintf(file, "# %s: %s\n# %s\n", kind_texts[finding->kind], finding->detail, finding->text);
    if (fclose(file) != 0 || rename(temporary, path) != 0) {
        fprintf(stderr, "far: fuzz: %s: %s\n", path, strerror(errno));
        return EX_IOERR;
    }
    return 0;
}
