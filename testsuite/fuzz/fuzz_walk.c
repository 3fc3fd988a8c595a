/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Both roles of the walk against a hostile partner: a sound message, changed in places that the input says (which words, what
 * stands there), then received, or accepted. Every pointer that is handed on must lead into memory of the call's own.
 */
#define INTERFACE                                                                                        \
    struct part {                                                                                        \
        size_t size;                                                                                     \
        void *__sized_by(size) bytes;                                                                    \
    };                                                                                                   \
    struct holder {                                                                                      \
        const char *__null_terminated name;                                                              \
        struct part parts[2];                                                                            \
        struct part *__counted_by(n) more;                                                               \
        int n;                                                                                           \
    };                                                                                                   \
    struct node {                                                                                        \
        struct node *left, *right;                                                                       \
        struct part part;                                                                                \
        char *__null_terminated name;                                                                    \
    };                                                                                                   \
    struct packet {                                                                                      \
        size_t n;                                                                                        \
        int values[] __counted_by(n);                                                                    \
    };                                                                                                   \
    struct variant {                                                                                     \
        int kind;                                                                                        \
        size_t size;                                                                                     \
        union {                                                                                          \
            long far_default number;                                                                     \
            char *__null_terminated far_case(1) text;                                                    \
            void *__sized_by(size) far_case(2) blob;                                                     \
        } far_selected_by(kind) as;                                                                      \
    };                                                                                                   \
    struct stream {                                                                                      \
        char *far_inout __sized_by_or_null(avail) next;                                                  \
        unsigned avail;                                                                                  \
        char *far_out __null_terminated far_nullable far_lifetime(service) message;                      \
        void *far_withheld mine;                                                                         \
    };                                                                                                   \
    struct told {                                                                                        \
        int n;                                                                                           \
        char *__null_terminated far_nullable far_lifetime(call) text;                                    \
        struct node *far_deep far_nullable far_lifetime(call) list;                                      \
    };                                                                                                   \
    far_op struct told told(struct part part, struct variant v, int n);                                  \
    far_op int holder(const struct holder *far_in h);                                                    \
    far_op int deep(struct node *far_deep far_inout list);                                               \
    far_op int packet(const struct packet *p);                                                           \
    far_op int variant(struct variant *far_inout v);                                                     \
    far_op int names(const char *__null_terminated *far_in __counted_by(n) list, size_t n);              \
    far_op int lines(char *__null_terminated *far_in __null_terminated list);                            \
    far_op int start(struct stream *far_inout far_lifetime(released) s);                                 \
    far_op int end(struct stream *far_inout far_release s);                                              \
    far_op void forget(void *far_release memory);                                                        \
    far_op char *__null_terminated far_nullable far_lifetime(to)                                         \
        fill(char *far_out __null_terminated __sized_by(*n) to, size_t *far_inout n);                    \
    far_op void *__sized_by(*n) far_lifetime(released)                                                   \
        give(size_t *far_out n, char *__null_terminated far_nullable far_lifetime(call) * far_out text); \
    far_op struct node *far_deep far_lifetime(call) tree(const unsigned short *__null_terminated wide);  \
    far_op void given(struct holder *far_in far_lifetime(released) h);

#include "testsuite/unit/make_walk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

INTERFACE

static struct pair pair;
static char abc[] = "abc", defgh[] = "defgh";
/* Each has an element more than is handed over: a pointer may come back moved to an object's end. */
static struct part parts[3] = {{3, abc}, {5, defgh}};
static char room[32 + 1], text[] = "twelve bytes";
static struct node made_leaf = {NULL, NULL, {2, text}, abc}, made_root = {&made_leaf, &made_root, {4, text}, defgh};
static union {
    struct holder holder;
    struct node node[3 + 1];
    struct variant variant;
    struct stream stream;
    size_t count;
    char *list[3];
    unsigned short wide[4];
    struct {
        size_t n;
        int values[4];
    } packet;
} sent;
static size_t count;
static char *filled;
static struct told told_here;

enum { OPERATIONS = 12, GIVEN = 11 };
static const char *const operations[OPERATIONS] = {"holder", "deep", "packet", "variant", "names", "lines",
                                                   "start",  "fill", "give",   "tree",    "told",  "given"};

static void fill_sent(unsigned which, uint64_t *argument)
{
    argument[0] = ADDRESS(&sent);
    argument[1] = 2;
    memset(&sent, 0, sizeof sent);
    count = sizeof room - 1;
    switch (which) {
    case 0:
    case GIVEN:
        sent.holder = (struct holder){"name", {parts[0], parts[1]}, parts, 2};
        break;
    case 1:
        for (int i = 0; i < 3; i++)
            sent.node[i] = (struct node){&sent.node[(i + 1) % 3], i ? &sent.node[i - 1] : NULL, parts[i % 2], text};
        break;
    case 2:
        sent.packet.n = 3;
        break;
    case 3:
        sent.variant = (struct variant){.kind = 2, .size = 6, .as.blob = text};
        break;
    case 4:
    case 5:
        sent.list[0] = sent.list[1] = text;
        break;
    case 6:
        sent.stream = (struct stream){.next = room, .avail = sizeof room - 1};
        break;
    case 7:
        argument[0] = ADDRESS(room);
        argument[1] = ADDRESS(&count);
        break;
    case 8:
        argument[0] = ADDRESS(&count);
        argument[1] = ADDRESS(&filled);
        break;
    case 10:
        sent.variant = (struct variant){.kind = 1, .as.text = text};
        argument[0] = ADDRESS(&parts[1]);
        argument[1] = ADDRESS(&sent);
        break;
    default:
        sent.wide[0] = 0x101;
    }
}

/* What the input says to write, and where. */
struct change {
    uint8_t what;
    uint16_t where;
    uint64_t value;
} __attribute__((packed));

static void change_message(char *area, uint64_t end, uint64_t *line, const uint8_t *data, size_t size)
{
    for (struct change change; size >= sizeof change; data += sizeof change, size -= sizeof change) {
        memcpy(&change, data, sizeof change);
        uint64_t value = change.value;
        if (change.what & 1)
            value = far_reference((unsigned)value % FAR_REFERENCE_KIND_COUNT, (uint32_t)(value >> 8) % 12,
                                  (uint32_t)(value >> 16) % 64);
        if (change.what & 2)
            line[change.where % FAR_PARAM_MAX] = value;
        else if (end >= 8)
            memcpy(area + (change.what & 4 ? change.where % (end - 7) : change.where % (end / 8) * 8), &value, 8);
    }
}

/* Reads all that a function would, and lets a sanitizer judge. */
static unsigned look_at_leaf(struct walk_visit *visit, const struct far_value *value, uint64_t offset, uint64_t bytes)
{
    const struct walk_object *object = &visit->walk->object[visit->object];
    static volatile char sink;
    for (uint64_t i = 0; i < bytes; i++)
        sink = object->memory[offset + i];
    (void)sink;
    if (!value || (value->passing != FAR_PASS_BUFFER && value->passing != FAR_PASS_STRING))
        return FAR_CALL_DONE;
    const char *to = AT(const char, walk_load(object->memory + offset));
    if (to && value->passing == FAR_PASS_STRING)
        sink = to[walk_width(visit->walk->of.iface, value) * (strlen(to) == 0)];
    else if (to)
        sink = to[0]; /* there is a byte behind the end of each object */
    return FAR_CALL_DONE;
}

static void look_at(struct walk *walk)
{
    struct walk_visit visit;
    for (uint32_t i = 0; i < walk->count; i++) {
        walk->object[i].image = walk->object[i].memory;
        walk_visit_begin(&visit, walk, i);
        visit.leaf = look_at_leaf;
        (void)walk_visit_object(&visit);
    }
}

/* It stays, all of it. */
static void look_at_given(const struct holder *h)
{
    static volatile char sink;
    if (!h)
        return;
    for (int i = 0; i < 2 + h->n; i++) {
        const struct part *part = i < 2 ? &h->parts[i] : &h->more[i - 2];
        for (size_t at = 0; at < part->size; at++)
            sink = AT(const char, ADDRESS(part->bytes))[at];
    }
    sink = h->name[strlen(h->name)];
    (void)sink;
}

/* A service calls: what it gives with a lifetime is the callee's. */
static void begin_given(void)
{
    pair.caller.hands_over = pair.callee.hands_over = true;
    pair.caller.kept = pair.callee.kept = NULL;
    pair.callee.results = &pair.results;
}

static void receive(unsigned which, char *area, uint64_t end)
{
    uint64_t word;
    pair.callee.capacity = end;
    if (walk_receive(&pair.callee, area) != FAR_CALL_DONE) {
        walk_end(&pair.callee, false);
        return;
    }
    look_at(&pair.callee);
    if (which == GIVEN) {
        walk_end(&pair.callee, true);
        walk_memory_reset(&pair.memory[1]); /* what was handed over does not lie there */
        look_at_given(AT(const struct holder, pair.callee.word[0]));
        walk_store_released(pair.results.store, pair.callee.word[0]);
        return;
    }
    if (which == 8) {
        *AT(size_t, pair.callee.word[0]) = 5;
        *AT(char *, pair.callee.word[1]) = text;
    }
    if (which == 10)
        *AT(struct told, pair.callee.by_value) = (struct told){3, text, &made_root};
    pair.callee.result = which == 9   ? ADDRESS(&made_root)
                         : which == 8 ? ADDRESS(text)
                         : which == 7 ? pair.callee.word[0]
                                      : 0;
    (void)walk_reply(&pair.callee, area, &word);
    walk_end(&pair.callee, true);
}

static void accept(char *area, uint64_t end, uint64_t word)
{
    pair.caller.capacity = end;
    if (walk_accept(&pair.caller, area, word) != FAR_CALL_DONE)
        return;
    look_at(&pair.caller);
    walk_settle(&pair.caller);
}

static void run(const uint8_t *data, size_t size)
{
    unsigned which = data[0] % OPERATIONS, role = data[1] & 1;
    uint64_t argument[FAR_PARAM_MAX] = {0};
    fill_sent(which, argument);
    pair_begin(&pair, operations[which], argument);
    pair.caller.by_value = ADDRESS(&told_here);
    if (which == GIVEN)
        begin_given();
    if (pair_send_begun(&pair) != FAR_CALL_DONE)
        abort();
    uint64_t end = pair.caller.end + (data[1] >> 1) * 8u;
    char *area = malloc(end ? end : 1);
    memset(area, 0, end);
    memcpy(area, pair.area, pair.caller.end);
    change_message(area, end, pair.callee.line, data + 2, size - 2);
    if (role)
        accept(area, end, pair.callee.line[FAR_PARAM_MAX - 1]);
    else
        receive(which, area, end);
    free(area);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool open;
    if (!open)
        pair_open(&pair, walk_text);
    open = true;
    if (size >= 2)
        run(data, size);
    for (int i = 0; i < 2; i++) {
        walk_kept_free(pair.kept[i]);
        pair.kept[i] = walk_kept_new((struct walk_charge){0});
    }
    walk_memory_reset(&pair.for_results);
    return check_result();
}
