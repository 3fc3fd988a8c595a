/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The page is HTML with SVG in it, no script and nothing from elsewhere. A bar shows a stretch of addresses to scale, as
 * a drawing 1000 wide that the browser stretches. The window is 32 TiB and a part of a segment may be 64 KiB, so bars
 * come one below the other like lenses: the window, the ranges in use, a segment with its heap, the same without. What
 * would be thinner than a line is drawn as a line of one pixel: see `non-scaling-stroke` in the style.
 */
#include "runtime/far/registry_map_html.h"
#include "runtime/far/dump.h"
#include "runtime/far/load.h"
#include "runtime/far/registry_describe.h"
#include "runtime/far/registry_pages.h"
#include "runtime/format/complain.h"
#include "runtime/machine.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define BAR_WIDTH 1000.0

struct page {
    struct describing describing; /* first: describe_service() hands this back */
    FILE *out;
    bool operations_open;
};

/* All ranges ever given out; by rising id, which is by rising address. */
struct ranges {
    struct listing listing; /* first: list_all() hands this back */
    struct far_map_entry *entry;
    size_t count, room;
    bool failed;
};

struct stretch {
    uint64_t begin, end;
};

static const char style[] =
    "<style>\n"
    ":root{color-scheme:light dark;--ink:#1c2430;--paper:#fcfcfa;--faint:#68727f;--line:#d5d9de;--lens:#e9edf2;"
    "--free:#eef0f2;"
    "--fstubs:#d9480f;--dstubs:#f08c00;--code:#1864ab;--const:#0b7285;--linkage:#862e9c;--data:#2b8a3e;--heap:#8ce99a;"
    "--range:#1864ab;--retired:#adb5bd}\n"
    "@media(prefers-color-scheme:dark){:root{--ink:#e4e8ec;--paper:#14181d;--faint:#9aa4af;--line:#39414a;"
    "--lens:#222932;--free:#1f252c;--code:#4dabf7;--const:#3bc9db;--linkage:#cc5de8;--data:#51cf66;--heap:#2f6b3a;"
    "--fstubs:#ff8243;--dstubs:#ffc078;--range:#4dabf7;--retired:#596169}}\n"
    "body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:1100px;margin:2rem "
    "auto;padding:0 1rem}\n"
    "h1{font-size:1.5rem;margin:0}h2{font-size:1.15rem;margin:2.2rem 0 .2rem}p{margin:.2rem "
    "0}.faint{color:var(--faint)}\n"
    "code,td.n,th.n{font-family:ui-monospace,monospace;font-size:.88em}\n"
    "svg{display:block;width:100%;overflow:visible}svg.bar{height:34px;background:var(--free);border-radius:3px}"
    "svg.lens{height:16px}\n"
    "svg.lens polygon{fill:var(--lens)}rect{vector-effect:non-scaling-stroke;stroke-width:1px}\n"
    ".ends{display:flex;justify-content:space-between;font:.8em ui-monospace,monospace;color:var(--faint)}\n"
    ".names{position:relative;height:1.5em;font-size:.85em}.names span{position:absolute;overflow:hidden;"
    "white-space:nowrap;text-overflow:ellipsis;text-align:center}\n"
    "table{border-collapse:collapse;margin:.6rem 0;width:100%}th,td{text-align:left;padding:.15rem .7rem .15rem 0;"
    "border-bottom:1px solid "
    "var(--line);vertical-align:top}th{font-weight:600}td.n,th.n{text-align:right;padding-right:1.6rem}th{white-space:"
    "nowrap}\n"
    ".key{display:inline-block;width:.8em;height:.8em;border-radius:2px;margin-right:.4em}"
    "details{margin:.4rem 0}summary{cursor:pointer}\n"
#define X(NAME, name, rights) \
    ".part-" #name "{fill:var(--" #name ");stroke:var(--" #name ")}.key-" #name "{background:var(--" #name ")}\n"
    FAR_PARTS(X)
#undef X
        ".range{fill:var(--range);stroke:var(--range)}.pending{fill:var(--dstubs);stroke:var(--dstubs)}.retired{fill:"
        "var(--retired);stroke:var(--retired)}\n"
        "</style>\n";

/* Also where a record's text is no UTF-8: the page is. */
static void emit_text(FILE *out, const char *text)
{
    for (size_t length; *text; text += length ? length : 1) {
        length = text_utf8_length(text);
        switch (length ? *text : '\0') {
        case '\0':
            fputs("\xef\xbf\xbd", out); /* U+FFFD, the replacement character */
            break;
        case '&':
            fputs("&amp;", out);
            break;
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        default:
            fwrite(text, 1, length, out);
        }
    }
}

/* In the largest unit that divides it into a number worth reading. */
static void emit_size(FILE *out, uint64_t bytes)
{
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    double number = (double)bytes;
    size_t unit = 0;
    for (; number >= 1024 && unit + 1 < sizeof units / sizeof *units; unit++)
        number /= 1024;
    fprintf(out, number == (double)(uint64_t)number ? "%.0f %s" : "%.1f %s", number, units[unit]);
}

static double place(const struct stretch *stretch, uint64_t address)
{
    return (double)(address - stretch->begin) / (double)(stretch->end - stretch->begin) * BAR_WIDTH;
}

static void begin_bar(FILE *out, const char *what, const struct stretch *stretch)
{
    fprintf(out,
            "<svg class=\"bar\" role=\"img\" aria-label=\"%s\" viewBox=\"0 0 1000 10\" preserveAspectRatio=\"none\" "
            "data-bar=\"%s\" data-size=\"%llu\">\n",
            what, what, (unsigned long long)(stretch->end - stretch->begin));
}

static void end_bar(FILE *out, const struct stretch *stretch)
{
    fprintf(out, "</svg>\n<div class=\"ends\"><span>0x%012llx</span><span>0x%012llx</span></div>\n",
            (unsigned long long)stretch->begin, (unsigned long long)stretch->end);
}

/* A piece of a bar; its title shows when somebody points at it. */
static void emit_piece(FILE *out, const struct stretch *bar, const char *class_name, const char *name, uint64_t address,
                       uint64_t size)
{
    double from = place(bar, address), to = place(bar, address + size);
    fprintf(out, "<rect class=\"%s\" data-piece=\"", class_name);
    emit_text(out, name);
    fprintf(out, "\" data-size=\"%llu\" x=\"%.6f\" y=\"0\" width=\"%.6f\" height=\"10\"><title>",
            (unsigned long long)size, from, to - from);
    emit_text(out, name);
    fprintf(out, " 0x%012llx, ", (unsigned long long)address);
    emit_size(out, size);
    fputs("</title></rect>\n", out);
}

/* From a piece of the bar above to the whole of the bar below. */
static void emit_lens(FILE *out, const struct stretch *above, const struct stretch *below)
{
    fprintf(out,
            "<svg class=\"lens\" viewBox=\"0 0 1000 10\" preserveAspectRatio=\"none\" aria-hidden=\"true\">"
            "<polygon points=\"%.6f,0 %.6f,0 1000,10 0,10\"/></svg>\n",
            place(above, below->begin), place(above, below->end));
}

/* --- the window --- */

static void remember_range(struct listing *listing, const void *bytes)
{
    struct ranges *ranges = (struct ranges *)listing;
    if (ranges->count == ranges->room) {
        size_t room = ranges->room ? 2 * ranges->room : 64;
        struct far_map_entry *grown = reallocarray(ranges->entry, room, sizeof *grown);
        if (!grown) {
            ranges->failed = true;
            return;
        }
        ranges->entry = grown;
        ranges->room = room;
    }
    memcpy(&ranges->entry[ranges->count++], bytes, sizeof *ranges->entry);
}

/* Class of a range's piece, and what its name is followed by. */
static const struct range_words {
    const char *class_name, *remark;
} range_words[] = {
    [FAR_RANGE_RETIRED] = {"retired", " (retired)"},
    [FAR_RANGE_SERVICE] = {"range", ""},
    [FAR_RANGE_PENDING] = {"pending", " (pending addresses)"},
    [FAR_RANGE_DOMAINS] = {"range", " (clients' own segments)"},
    [FAR_RANGE_AWAY] = {"range", " (on another node)"},
};

static const struct range_words *words_of(const struct far_map_entry *entry)
{
    return &range_words[entry->in_use <= FAR_RANGE_AWAY ? entry->in_use : FAR_RANGE_RETIRED];
}

static void emit_ranges(FILE *out, const struct stretch *bar, const struct ranges *ranges)
{
    for (size_t i = 0; i < ranges->count; i++) {
        const struct far_map_entry *entry = &ranges->entry[i];
        emit_piece(out, bar, words_of(entry)->class_name, fard_text(entry->name, sizeof entry->name), entry->base,
                   entry->size);
    }
}

/* Names under their ranges, as much of each as has room. */
static void emit_range_names(FILE *out, const struct stretch *bar, const struct ranges *ranges)
{
    fputs("<div class=\"names\">", out);
    for (size_t i = 0; i < ranges->count; i++) {
        const struct far_map_entry *entry = &ranges->entry[i];
        fprintf(out, "<span style=\"left:%.4f%%;width:%.4f%%\">", place(bar, entry->base) * 100 / BAR_WIDTH,
                (place(bar, entry->base + entry->size) - place(bar, entry->base)) * 100 / BAR_WIDTH);
        emit_text(out, fard_text(entry->name, sizeof entry->name));
        fprintf(out, "%s</span>", words_of(entry)->remark);
    }
    fputs("</div>\n", out);
}

static void emit_window(FILE *out, const struct far_status_reply *status, const struct ranges *ranges)
{
    const struct stretch window = {status->window_begin, status->window_end};
    const struct stretch used = {status->window_begin, status->next};
    fputs("<h1>The address window</h1>\n<p class=\"faint\">An address means the same in every process. The window is ",
          out);
    emit_size(out, window.end - window.begin);
    fputs("; of it ", out);
    emit_size(out, used.end - used.begin);
    fprintf(out, " have been given out, in %zu range%s. Ranges of services that are gone are not used again.</p>\n",
            ranges->count, ranges->count == 1 ? "" : "s");
    begin_bar(out, "window", &window);
    emit_piece(out, &window, "range", "given out", used.begin, used.end - used.begin);
    end_bar(out, &window);
    if (used.end == used.begin)
        return;
    emit_lens(out, &window, &used);
    begin_bar(out, "ranges", &used);
    emit_ranges(out, &used, ranges);
    end_bar(out, &used);
    emit_range_names(out, &used, ranges);
}

/* --- one service --- */

static void emit_parts(FILE *out, const char *what, const struct stretch *bar, const struct far_extent *part,
                       enum far_part count)
{
    begin_bar(out, what, bar);
    for (enum far_part i = 0; i < count; i++) {
        char class_name[32];
        snprintf(class_name, sizeof class_name, "part-%s", far_part_name(i));
        emit_piece(out, bar, class_name, far_part_name(i), part[i].address, part[i].size);
    }
    end_bar(out, bar);
}

static void emit_part_table(FILE *out, const struct far_extent *part)
{
    fputs("<table><tr><th>part</th><th class=\"n\">address</th><th class=\"n\">size</th><th>trusted</th><th>read</th>"
          "<th>none</th></tr>\n",
          out);
    for (enum far_part i = 0; i < FAR_PART_COUNT; i++) {
        fprintf(out,
                "<tr><td><span class=\"key key-%s\"></span>%s</td><td class=\"n\">0x%012llx</td><td class=\"n\" "
                "title=\"%llu bytes\">",
                far_part_name(i), far_part_name(i), (unsigned long long)part[i].address,
                (unsigned long long)part[i].size);
        emit_size(out, part[i].size);
        fprintf(out, "</td><td><code>%s</code></td><td><code>%s</code></td><td><code>%s</code></td></tr>\n",
                dump_part_rights[i].trusted, dump_part_rights[i].read, dump_part_rights[i].none);
    }
    fputs("</table>\n", out);
}

static void emit_title(FILE *out, const struct far_describe_reply *head)
{
    const struct far_list_entry *entry = &head->entry;
    char machines[FAR_MACHINE_LIST];
    fputs("<h2>", out);
    emit_text(out, fard_text(entry->name, sizeof entry->name));
    fprintf(out, " %u.%u <span class=\"faint\">%s, %u operation%s, %u channel%s", entry->major, entry->minor,
            state_word(entry->state), entry->op_count, entry->op_count == 1 ? "" : "s", entry->channels,
            entry->channels == 1 ? "" : "s");
    if (entry->host_pid)
        fprintf(out, ", host %u of uid %u", entry->host_pid, entry->host_uid);
    if (entry->machine[0])
        fprintf(out, ", for %s", far_machine_list(entry->machine, FAR_EXECUTABLES_MAX, machines));
    fputs("</span></h2>\n", out);
    if (head->trouble[0]) {
        fputs("<p>", out);
        emit_text(out, fard_text(head->trouble, sizeof head->trouble));
        fputs("</p>\n", out);
    }
}

static void service_begin(struct describing *describing, const struct far_describe_reply *head,
                          const struct rule_list *rules)
{
    struct page *page = (struct page *)describing;
    const struct stretch range = {head->entry.base, head->entry.base + head->entry.size};
    const struct stretch image = {head->entry.base, head->part[FAR_PART_HEAP].address};
    (void)rules;
    emit_title(page->out, head);
    if (head->entry.state == FAR_STATE_BROKEN || image.end <= image.begin || image.end > range.end)
        return;
    emit_parts(page->out, "segment", &range, head->part, FAR_PART_COUNT);
    emit_lens(page->out, &range, &image);
    emit_parts(page->out, "without heap", &image, head->part, FAR_PART_HEAP);
    emit_part_table(page->out, head->part);
    fprintf(page->out,
            "<details><summary>%u operation%s</summary><table><tr><th class=\"n\">stub</th><th>part</th>"
            "<th>trusted</th><th>read, none</th><th>declaration</th></tr>\n",
            head->entry.op_count, head->entry.op_count == 1 ? "" : "s");
    page->operations_open = true;
}

static void emit_remark(FILE *out, const char *what, const char *text)
{
    if (!text[0])
        return;
    fprintf(out, "<br><span class=\"faint\">%s: ", what);
    emit_text(out, text);
    fputs("</span>", out);
}

static void service_op(struct describing *describing, const struct far_describe_op *op)
{
    FILE *out = ((struct page *)describing)->out;
    fprintf(out, "<tr><td class=\"n\">0x%012llx</td><td>%s</td><td>%s</td><td>%s</td><td><code>",
            (unsigned long long)op->stub, far_part_name(far_part_of_op(op->flags)),
            describe_call(FAR_LEVEL_TRUSTED, op), describe_call(FAR_LEVEL_NONE, op));
    emit_text(out, describe_text(op, FAR_DESCRIBE_SIGNATURE));
    fputs("</code>", out);
    emit_remark(out, "not neutral", describe_text(op, FAR_DESCRIBE_REASON));
    emit_remark(out, "branch only", describe_text(op, FAR_DESCRIBE_REFUSAL));
    fputs("</td></tr>\n", out);
}

static int emit_services(struct fard_connection *connection, const struct ranges *ranges, FILE *out)
{
    int code = 0;
    for (size_t i = 0; i < ranges->count && !code; i++) {
        struct page page = {.describing = {service_begin, service_op}, .out = out};
        const struct far_map_entry *entry = &ranges->entry[i];
        if (entry->in_use != FAR_RANGE_SERVICE)
            continue;
        code =
            describe_service(connection, fard_text(entry->name, sizeof entry->name), entry->version, &page.describing);
        if (page.operations_open)
            fputs("</table></details>\n", out);
    }
    return code;
}

int map_html(struct fard_connection *connection, const struct far_status_reply *status, FILE *out)
{
    struct ranges ranges = {.listing = {.type = FAR_MSG_MAP,
                                        .entry_size = sizeof(struct far_map_entry),
                                        .id_offset = offsetof(struct far_map_entry, id),
                                        .each = remember_range}};
    const struct far_status_reply told = *status; /* the next answer takes its place */
    int code = list_all(connection, &ranges.listing);
    if (!code && ranges.failed) {
        fputs("far: map: no memory for all ranges\n", stderr);
        code = EX_OSERR;
    }
    if (!code) {
        fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
              "<meta name=\"viewport\" content=\"width=device-width\">\n<title>farcall: the address window</title>\n",
              out);
        fputs(style, out);
        fputs("</head>\n<body>\n", out);
        emit_window(out, &told, &ranges);
        code = emit_services(connection, &ranges, out);
        fputs("</body>\n</html>\n", out);
    }
    free(ranges.entry);
    return code;
}
