/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Neither side of the process gate reads anything twice that the other could have changed in between. A client and a worker in
 * one process, each with a mapping of its own, make calls of all kinds; watch.c sees each load of either. What a worker has
 * read is what it checks and what the operation gets; what a client has read is what it believes. In one message, each byte once.
 *
 * Not looked at are the words that both wait for, which are read until they change, and what says where to wake whom.
 */
#include "testsuite/reads/interface.h"
#undef far_op /* the runtime has structures of these names */
#undef far_callback
#undef far_async
#include "runtime/lib/batch.h"
#include "testsuite/reads/watch.h"
#include "testsuite/unit/gate_service.h"

#include <stdio.h>

extern const struct far_iface reads_record; /* record.S */

/* --- the service --- */

static int plain_does(int a, long b)
{
    return a + (int)b;
}
static double wide_does(double a, int b, long c, long d, long e, long f, long g, short h, float i)
{
    return a + b + (double)(c + d + e + f + g) + h + (double)i;
}
static _Bool truth_does(_Bool a)
{
    return !a;
}
static int text_does(const char *text)
{
    return (int)strlen(text);
}
static int sum_does(const unsigned char *bytes, int n)
{
    int total = 0;
    for (int i = 0; i < n; i++)
        total += bytes[i];
    return total;
}
static int fill_does(char *to, size_t *n)
{
    memset(to, 7, *n);
    *n = *n / 2;
    return 1;
}
static int turn_does(char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i += 3)
        bytes[i]++;
    return 2;
}
static int read_line_does(char *to, size_t room)
{
    return snprintf(to, room, "a line of text");
}
static int stream_open_does(struct stream *stream)
{
    stream->own = stream;
    return 0;
}
static int stream_run_does(struct stream *stream, int n)
{
    static char five[] = "five";
    unsigned m = (unsigned)n;
    memcpy(stream->next_out, stream->next_in, m);
    stream->next_in += m;
    stream->next_out += m;
    stream->avail_in -= m;
    stream->avail_out -= m;
    stream->message = n == 5 ? five : NULL;
    return stream->own == stream;
}
static int walk_nodes_does(struct node *first)
{
    int total = 0;
    struct node *node = first;
    do {
        total += node->value++ + (node->name ? (int)strlen(node->name) : 0);
        node = node->next;
    } while (node != first);
    first->other = first->next;
    return total;
}
static int shapes_does(const struct shape *shape, int n)
{
    int total = 0;
    for (int i = 0; i < n; i++)
        total += shape[i].kind == 1   ? (int)strlen(shape[i].as.text)
                 : shape[i].kind == 2 ? shape[i].as.list.at[shape[i].as.list.count - 1]
                                      : (int)shape[i].as.number + (int)shape[i].flag;
    return total;
}
static int send_packet_does(const struct packet *packet)
{
    return packet->values[packet->n - 1];
}
static int send_names_does(const struct names *names)
{
    return (int)strlen(names->names[names->n - 1]);
}
static int read_wide_does(unsigned short *to, int room)
{
    memcpy(to, u"wide", 5 * sizeof *to);
    return room;
}
static int words_does(const char **list)
{
    int total = 0;
    for (; *list; list++)
        total += (int)strlen(*list);
    return total;
}
static int utf16_does(const void *text)
{
    int length = 0;
    for (const unsigned short *at = text; *at; at++)
        length++;
    return length;
}
static struct pair2 swap_does(struct pair2 pair, struct large large)
{
    return (struct pair2){(long)pair.b + large.a[4], (double)pair.a + (double)strlen(large.name)};
}
static struct larger grow_does(struct larger large, int by)
{
    large.a[2] += by;
    return large;
}
static const char *name_of_does(int which)
{
    static const char *const all[] = {"zero", "one"};
    return all[which & 1];
}
static int names_does(const char **name, void **bytes, size_t *n)
{
    static char some[100] = "bytes";
    *name = "a name";
    *bytes = some;
    *n = sizeof some;
    return 3;
}
static int size_both_ways_does(size_t *n, void **bytes)
{
    static char some[] = "sized";
    *n = sizeof some;
    *bytes = some;
    return 5;
}
static int size_out_does(size_t *n, void **bytes)
{
    return size_both_ways_does(n, bytes);
}
static struct node *tree_does(void)
{
    static struct node leaf = {&leaf, NULL, "leaf", 3}, root = {&leaf, &root, "root", 4};
    return &root;
}
static struct session *session_open_does(void)
{
    return malloc(16);
}
static int session_ask_does(struct session *session, const char *what)
{
    return session != NULL && what[0] == 'w';
}
static int session_close_does(struct session *session)
{
    free(session);
    return 0;
}
static int each_does(int (*visit)(void *, const char *, struct pair2 *, char *, size_t), void *user)
{
    struct pair2 pair = {1, 2};
    char to[50];
    int total = 0;
    for (int i = 0; i < 3; i++)
        total += visit(user, "visited", &pair, to, sizeof to) + (to[49] == 'v');
    return total + (int)pair.a;
}
static struct {
    const char *bytes;
    void (*done)(void *);
} is_kept;
static int keep_does(const char *bytes, size_t n, void (*done)(void *))
{
    is_kept.bytes = bytes;
    is_kept.done = done;
    return bytes[n - 1];
}
static int stop_keeping_does(void)
{
    is_kept.done((void *)(uintptr_t)is_kept.bytes);
    return 4;
}
static void hint_does(int a, const char *text)
{
    (void)a;
    (void)text;
}

/* clang-format never comes to rest on this one. */
/* clang-format off */
#define OPERATIONS(X) \
    X(plain) X(wide) X(truth) X(text) X(sum) X(fill) X(turn) X(read_line) X(stream_open) X(stream_run) \
    X(stream_end) X(walk_nodes) X(shapes) X(send_packet) X(send_names) X(read_wide) X(words) X(utf16) \
    X(swap) X(grow) X(name_of) X(names) X(size_both_ways) X(size_out) X(tree) X(session_open) \
    X(session_ask) X(session_close) X(each) X(keep) X(stop_keeping) X(hint)
/* clang-format on */

static int stream_end_does(struct stream *stream)
{
    return stream->own == stream;
}

/* --- both sides in one process --- */

static struct gate_service service;

static void put_function(const char *name, void *function)
{
    const struct far_op *op = iface_op_by_name(service.host.iface, name);
    CHECK(op != NULL);
    ((uint64_t *)(uintptr_t)service.host.function)[op->slot] = (uint64_t)function;
}

static void make(const struct far_iface *iface)
{
    struct far_binding *binding = &service.binding;
    binding->iface = service.host.iface = iface;
    CHECK(plans_from_iface(&binding->plans, iface) == 0);
    binding->slot_flags = binding->plans.slot_flags;
    binding->slot_count = binding->plans.slot_count;
    binding->plan = binding->plans.plan;
    strcpy(binding->service, "test");
    service.host.plans = binding->plans;
    for (uint32_t slot = 0; slot < binding->slot_count; slot++)
        if (binding->plan[slot]) /* a worker that refuses it begins anew */
            ((struct far_plan *)(uintptr_t)binding->plan[slot])->flags &= (uint16_t)~FAR_PLAN_DIRECT_HOST;
    service.host.function = calloc(binding->slot_count + 1, sizeof(uint64_t));
#define X(name) put_function(#name, (void *)name##_does);
    OPERATIONS(X)
#undef X
    gate_write_stubs(&service, binding->slot_count);
    CHECK(handle_types_make(&service.host.handle_types, iface) == 0);
}

#define CHANNELS 2 /* the thread's, and one for batches */
static struct watched sides[2 * CHANNELS];

static bool is_known(unsigned long address)
{
    for (unsigned i = 0; i < 2 * CHANNELS; i++)
        if ((uintptr_t)sides[i].memory == address)
            return true;
    return false;
}

/* The mapping of an A-stack that has come last. */
static const char *others_view(void)
{
    char line[512];
    unsigned long begin, end;
    FILE *maps = fopen("/proc/self/maps", "r");
    const char *found = NULL;
    while (fgets(line, sizeof line, maps))
        if (strstr(line, "memfd:astack") && sscanf(line, "%lx-%lx", &begin, &end) == 2 && !is_known(begin))
            found = (const char *)begin;
    fclose(maps);
    return found;
}

static bool is_waited_for(uint64_t offset)
{
    static const struct {
        size_t begin, bytes;
    } words[] = {
#define WORD(line, member) {offsetof(struct far_astack, line.member), sizeof((struct far_astack *)NULL)->line.member}
        WORD(call, sequence),  WORD(call, sleeping), WORD(call, cpu),  WORD(reply, sequence),
        WORD(reply, sleeping), WORD(reply, cpu),     WORD(fate, dead),
#undef WORD
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (offset >= words[i].begin && offset < words[i].begin + words[i].bytes)
            return true;
    return false;
}

/* Nothing that these decide lets the other side do what it could not have done without. */
static const struct watch_exception exceptions[] = {
    {"serve_seen", "for probes: what they print"},
    {"await_answer", "whether it is an answer; a call's slot is read again, where an answer's is none"},
    {"answer", "a batch: its own answer, out of the reply line; what a client writes there it says to itself"},
    {"end_entry", "the same, for probes and for a host that is leaving"},
    {"next_state", "an entry of a batch: whether it is answered, until it is"},
    {"callback_is_asked",
     "whether it is to be answered by a call; if not, it is read as a status, and a callback is none"},
    {"oneway_hear", "whether the worker has gone; the next call looks again"},
    {"fast_call_goes_on", "the same after a callback"},
    {"is_set", "a bit each, and all of a byte's are in it"},
    {"note_byte", "whether a byte has changed since it came: says so to who may have changed it"},
    {"walk_note_changes", "the same"},
    {"reply_leaf", "a bit more in what it has written"},
    {"find_content", "whether the same bytes were given out before: what counts is what those are, or the copy"},
    {"digest_of", "where to look for them"},
    {NULL, NULL},
};

/* A channel and its worker. */
static void open_channel(struct far_channel *to, unsigned number)
{
    struct far_channel *first = &far_thread_get()->channel[0][0];
    struct watched *side = &sides[2 * number];
    int fd = gate_astack(&service, 0, FAR_ASTACK_DEFAULT);
    struct far_host_channel channel = {.channel = number + 1,
                                       .level = FAR_LEVEL_NONE,
                                       .uid = getuid(),
                                       .pid = (uint32_t)getpid(),
                                       .size = FAR_ASTACK_DEFAULT,
                                       .connection = 1};
    side[0] = (struct watched){(const char *)service.astack, FAR_ASTACK_DEFAULT, is_waited_for, .name = "the client"};
    CHECK(worker_start(&service.host, &channel, fd, -1) == 0);
    side[1] = (struct watched){others_view(), FAR_ASTACK_DEFAULT, is_waited_for, .name = "the host"};
    CHECK(side[1].memory != NULL);
    watch_publishes(&service.astack->call.sequence);
    watch_publishes(&((const struct far_astack *)(const void *)side[1].memory)->reply.sequence);
    first->binding = &service.binding;
    if (to != first)
        *to = *first;
}

static void start(void)
{
    far_process.binding[0] = &service.binding;
    far_process.binding_count = 1;
    service.binding.batches =
        mmap(NULL, sizeof *service.binding.batches, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    open_channel(&service.binding.batches->item[0].channel, 1);
    open_channel(&far_thread_get()->channel[0][0], 0);
    watch_begin(sides, 2 * CHANNELS, exceptions);
}

/* --- the client --- */

static void *stub(const char *name)
{
    return gate_stub(&service, iface_op_by_name(service.binding.iface, name)->slot - 1);
}
#define CALL(name, ...) ((__typeof__(&name##_does))stub(#name))(__VA_ARGS__)

static void flat(void)
{
    char bytes[300] = "some text";
    size_t n = 90;
    CHECK(CALL(plain, 1, 2) == 3);
    CHECK(CALL(wide, 1, 2, 3, 4, 5, 6, 7, 8, 9) == 45.0);
    CHECK(CALL(truth, 0) == 1);
    CHECK(CALL(text, "four") == 4);
    CHECK(CALL(sum, (unsigned char *)"\1\2\3", 3) == 6);
    CHECK(CALL(fill, bytes, &n) == 1 && n == 45 && bytes[89] == 7);
    CHECK(CALL(turn, bytes, 290) == 2 && bytes[0] == 8);
    CHECK(CALL(read_line, bytes, 100) == 14 && !strcmp(bytes, "a line of text"));
    CHECK(CALL(text, "after it") == 8);
    CALL(hint, 1, "later");
    CHECK(CALL(plain, 3, 4) == 7);
}

static void streams(void)
{
    char in[] = "0123456789", out[20] = "";
    struct stream stream = {.own = in};
    CHECK(CALL(stream_open, &stream) == 0);
    for (int n = 3; n <= 5; n += 2) {
        stream.next_in = in;
        stream.avail_in = 10;
        stream.next_out = out;
        stream.avail_out = 20;
        CHECK(CALL(stream_run, &stream, n) == 1 && stream.next_in == in + n && stream.avail_out == 20u - (unsigned)n);
    }
    CHECK(stream.message && !strcmp(stream.message, "five"));
    stream.avail_in = stream.avail_out = 0;
    CHECK(CALL(stream_end, &stream) == 1 && stream.own == in);
}

static void structures(void)
{
    struct node node[3] = {
        {&node[1], &node[2], "first", 1}, {&node[2], NULL, NULL, 2}, {&node[0], &node[1], "third", 3}};
    static const int list[] = {5, 6, 7};
    const struct shape shape[] = {
        {.kind = 0, .flag = 3, .as.number = 40}, {.kind = 1, .as.text = "text"}, {.kind = 2, .as.list = {list, 3}}};
    size_t room[1 + 2] = {3};
    struct packet *packet = (struct packet *)room;
    memcpy(packet->values, (const int[]){7, 8, 9}, 3 * sizeof(int));
    const char *all[] = {"one", "three", NULL};
    char name[] = "name";
    CHECK(CALL(walk_nodes, node) == 16 && node[2].value == 4 && node[0].other == &node[1]);
    CHECK(CALL(shapes, shape, 3) == 54);
    CHECK(CALL(send_packet, packet) == 9);
    struct {
        size_t n;
        const char *names[2];
    } some = {2, {"one", "other"}};
    unsigned short line[20];
    CHECK(CALL(send_names, (const struct names *)(const void *)&some) == 5);
    CHECK(CALL(read_wide, line, 20) == 20 && !memcmp(line, u"wide", 10));
    CHECK(CALL(words, all) == 8);
    CHECK(CALL(utf16, u"wide") == 4);
    struct pair2 pair = CALL(swap, ((struct pair2){1, 2}), ((struct large){{1, 2, 3, 4, 5}, name}));
    CHECK(pair.a == 7 && pair.b == 5);
    struct larger large = CALL(grow, ((struct larger){{1, 2, 3, 4, 5}}), 10);
    CHECK(large.a[2] == 13 && large.a[4] == 5);
}

static void results(void)
{
    const char *name;
    void *bytes;
    size_t n;
    CHECK(!strcmp(CALL(name_of, 1), "one"));
    CHECK(CALL(names, &name, &bytes, &n) == 3 && n == 100 && !strcmp(name, "a name") && !strcmp(bytes, "bytes"));
    size_t size = 0;
    CHECK(CALL(size_both_ways, &size, &bytes) == 5 && size == 6 && !strcmp(bytes, "sized"));
    CHECK(CALL(size_out, &size, &bytes) == 5 && size == 6 && !strcmp(bytes, "sized"));
    const struct node *root = CALL(tree);
    CHECK(root->other == root && root->next->next == root->next && !strcmp(root->next->name, "leaf"));
    struct session *session = CALL(session_open);
    CHECK(session && CALL(session_ask, session, "what") == 1 && CALL(session_close, session) == 0);
    errno = 0;
    CHECK(CALL(session_ask, session, "again") == -1 && errno == EBADF);
}

static int visit(void *user, const char *text, struct pair2 *pair, char *to, size_t n)
{
    memset(to, text[0], n);
    pair->a += 10;
    if (user)
        return CALL(plain, (int)pair->a, 1) + CALL(text, "nested");
    return (int)strlen(text);
}

static const void *came_back;

static void done(void *bytes)
{
    came_back = bytes;
}

static void functions(void)
{
    static const char bytes[] = "kept";
    CHECK(CALL(each, visit, NULL) == 55);
    CHECK(CALL(each, visit, &service) == 118);
    CHECK(CALL(keep, bytes, 4, done) == 't' && CALL(stop_keeping) == 4 && came_back == bytes);
}

static struct far_promise *promised(const char *name, uint64_t a, uint64_t b)
{
    static const uint64_t no_stack[1];
    struct far_frame frame = {.integer = {a, b}, .stack = no_stack};
    uint32_t slot = iface_op_by_name(service.binding.iface, name)->slot;
    return batch_async(&frame, &service.binding, service.binding.plan[slot]);
}

static void batches(void)
{
    char bytes[64] = "abc", text[] = "text", line[32];
    const struct shape shape = {.kind = 1, .as.text = text};
    far_promise *promise[5];
    static const int expected[5] = {'a' + 'b' + 'c', 2, 4, 4, 14};
    CHECK(far_batch_begin(0) == 0);
    promise[0] = promised("sum", (uintptr_t)bytes, 3);
    promise[1] = promised("turn", (uintptr_t)bytes, 60);
    promise[2] = promised("text", (uintptr_t)text, 0);
    promise[3] = promised("shapes", (uintptr_t)&shape, 1);
    promise[4] = promised("read_line", (uintptr_t)line, sizeof line);
    CHECK(far_batch_run() == 0);
    for (int i = 0; i < 5; i++) {
        int result = -2;
        CHECK(promise[i] && far_claim(promise[i], &result) == 0);
        CHECK(result == expected[i]);
    }
    CHECK(bytes[0] == 'b' && !strcmp(line, "a line of text"));
}

int main(void)
{
    make(&reads_record);
    start();
    for (int i = 0; i < 2; i++) {
        flat();
        streams();
        structures();
        results();
        functions();
    }
    batches();
    for (int i = 0; i < 2 * CHANNELS; i++)
        CHECK(sides[i].loads > 100 && sides[i].twice == 0);
    return check_result();
}
