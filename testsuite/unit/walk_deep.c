/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Lists and graphs, handles in structures, kept memory with pointers in it, shared memory; and hostile words on the way in. */
#define INTERFACE                                                                           \
    struct box;                                                                             \
    struct node {                                                                           \
        struct node *next, *other;                                                          \
        int value;                                                                          \
        size_t size;                                                                        \
        char *__sized_by_or_null(size) bytes;                                               \
    };                                                                                      \
    struct boxes {                                                                          \
        int n;                                                                              \
        struct box *far_handle far_nullable *__counted_by(n) list;                          \
        struct box *far_handle far_nullable made;                                           \
    };                                                                                      \
    struct driver {                                                                         \
        const char *__null_terminated name;                                                 \
        int version;                                                                        \
    };                                                                                      \
    far_op long walk_list(struct node *far_deep far_inout list);                            \
    far_op struct node *far_deep far_lifetime(service) graph(void);                         \
    far_op int use(struct boxes *far_inout boxes);                                          \
    far_op int enter(struct driver *far_inout far_lifetime(released) driver);               \
    far_op int ask(struct driver *far_in driver, struct driver *far_in far_nullable other); \
    far_op int leave(struct driver *far_inout far_release driver);                          \
    far_op int look(const char *__sized_by(n) bytes, size_t n);

#include "testsuite/unit/make_walk.h"

INTERFACE

#define MANY 50000
static struct node nodes[MANY];

static uint64_t add_all(struct pair *pair, uint64_t *word)
{
    struct node *first = AT(struct node, word[0]), *node = first;
    uint64_t sum = 0;
    (void)pair;
    do {
        sum += (uint64_t)node->value;
        CHECK(node->other == first);
        node = node->next;
    } while (node != first);
    first->next->value = -5;
    first->other = first->next->next;
    return sum;
}

static void check_list(struct pair *pair)
{
    uint64_t result = 0, expected = 0;
    for (int i = 0; i < MANY; i++) {
        nodes[i] = (struct node){&nodes[(i + 1) % MANY], nodes, i, 0, NULL};
        expected += (uint64_t)i;
    }
    CHECK(pair_call(pair, "walk_list", add_all, ARGUMENTS(ADDRESS(nodes)), &result) == FAR_CALL_DONE);
    CHECK(result == expected && pair->caller.count == MANY);
    CHECK(nodes[1].value == -5 && nodes[0].other == &nodes[2] && nodes[2].value == 2 && nodes[1].other == nodes);
}

static void check_budget(struct pair *pair)
{
    uint64_t result;
    char *bytes = malloc(WALK_DEEP_MAX / 2);
    memset(bytes, 1, WALK_DEEP_MAX / 2);
    nodes[0] = (struct node){&nodes[1], NULL, 0, WALK_DEEP_MAX / 2, bytes};
    nodes[1] = (struct node){NULL, NULL, 0, WALK_DEEP_MAX / 2, bytes + 0};
    nodes[1].size--; /* another object, at the same place */
    CHECK(pair_call(pair, "walk_list", add_all, ARGUMENTS(ADDRESS(nodes)), &result) == FAR_CALL_TOO_MUCH);
    free(bytes);
}

static struct node leaf = {NULL, NULL, 3, 4, (char *)(uintptr_t)"leaf"}, root = {&leaf, &root, 4, 0, NULL};
static uint64_t give_graph(struct pair *pair, uint64_t *word)
{
    (void)pair;
    (void)word;
    leaf.other = &root;
    return ADDRESS(&root);
}

static void check_graph(struct pair *pair)
{
    uint64_t result = 0;
    CHECK(pair_call(pair, "graph", give_graph, NULL, &result) == FAR_CALL_DONE);
    const struct node *copy = AT(const struct node, result);
    CHECK(copy && copy != &root && copy->other == copy && copy->next != &leaf && copy->next->other == copy);
    CHECK(copy->next->value == 3 && !memcmp(copy->next->bytes, "leaf", 4) && !copy->bytes);
}

/* --- handles --- */

static int begun, ended, put_down, given;
static unsigned begin_handle(void *context, const struct far_value *value, uint64_t handle)
{
    (void)context;
    CHECK(value->passing == FAR_PASS_HANDLE);
    if (handle != 11 && handle != 22)
        return FAR_CALL_BAD_HANDLE;
    begun++;
    return FAR_CALL_DONE;
}
static void end_handle(void *context, const struct far_value *value, uint64_t handle)
{
    (void)context;
    CHECK(value->passing == FAR_PASS_HANDLE);
    CHECK(handle == 11 || handle == 22);
    ended++;
}
static void put_down_handle(void *context, const struct far_value *value, uint64_t handle)
{
    (void)context;
    (void)value;
    (void)handle;
    put_down++;
}
static unsigned give_handle(void *context, const struct far_value *value, uint64_t handle)
{
    (void)context;
    CHECK(value->passing == FAR_PASS_HANDLE);
    CHECK(handle == 33);
    given++;
    return FAR_CALL_DONE;
}

static uint64_t use_boxes(struct pair *pair, uint64_t *word)
{
    struct boxes *boxes = AT(struct boxes, word[0]);
    (void)pair;
    CHECK(ADDRESS(boxes->list[0]) == 11 && ADDRESS(boxes->list[1]) == 22);
    boxes->made = AT(struct box, 33);
    return 0;
}

static void check_handles(struct pair *pair)
{
    struct box *list[2] = {AT(struct box, 11), AT(struct box, 22)};
    struct boxes boxes = {2, list, NULL};
    uint64_t result;
    pair->callee_hooks = (struct walk_hooks){.handle_begin = begin_handle,
                                             .handle_end = end_handle,
                                             .handle_put_down = put_down_handle,
                                             .handle_give = give_handle};
    CHECK(pair_call(pair, "use", use_boxes, ARGUMENTS(ADDRESS(&boxes)), &result) == FAR_CALL_DONE);
    CHECK(begun == 2 && ended == 2 && !put_down && given == 1 && ADDRESS(boxes.made) == 33);
    boxes.made = NULL;
    list[1] = AT(struct box, 77);
    CHECK(pair_call(pair, "use", use_boxes, ARGUMENTS(ADDRESS(&boxes)), &result) == FAR_CALL_BAD_HANDLE);
    CHECK(begun == 3 && ended == 2 && put_down == 1);
    pair->callee_hooks = (struct walk_hooks){0};
}

/* --- kept memory, and what its pointers lead to --- */

static struct driver *entered;
static uint64_t do_enter(struct pair *pair, uint64_t *word)
{
    (void)pair;
    entered = AT(struct driver, word[0]);
    return 0;
}
static uint64_t look_at_entered(struct pair *pair, uint64_t *word)
{
    (void)pair;
    (void)word;
    CHECK(!strcmp(entered->name, "driver") && entered->version == 4);
    return 0;
}

static void check_kept(struct pair *pair)
{
    struct driver driver = {"driver", 4}, other = {"other", 5};
    uint64_t result;
    CHECK(pair_call(pair, "enter", do_enter, ARGUMENTS(ADDRESS(&driver)), &result) == FAR_CALL_DONE);
    CHECK(pair_call(pair, "look", look_at_entered, ARGUMENTS(ADDRESS("many bytes"), 10), &result) == FAR_CALL_DONE);
    /* The same at another address is another; both are there. One may not be used twice by one call. */
    CHECK(pair_call(pair, "ask", look_at_entered, ARGUMENTS(ADDRESS(&other), ADDRESS(&driver)), &result) ==
          FAR_CALL_DONE);
    CHECK(pair_call(pair, "ask", look_at_entered, ARGUMENTS(ADDRESS(&driver), ADDRESS(&driver)), &result) ==
          FAR_CALL_NOT_KEPT);
    CHECK(pair_call(pair, "leave", look_at_entered, ARGUMENTS(ADDRESS(&driver)), &result) == FAR_CALL_DONE);
    CHECK(walk_kept_count(pair->kept[0]) == 0 && walk_kept_count(pair->kept[1]) == 0);
    /* A number that was never begun. */
    CHECK(pair_send(pair, "ask", ARGUMENTS(ADDRESS(&driver), 0)) == FAR_CALL_DONE);
    pair->callee.line[0] = far_reference(FAR_REFERENCE_KEPT, 1, 0);
    CHECK(walk_receive(&pair->callee, pair->area) == FAR_CALL_NOT_KEPT);
    walk_end(&pair->callee, false);
}

/* --- shared memory --- */

#define SHARED 64
static char shared[SHARED + 8]; /* the first of it */
static bool shares(void *context, uint64_t address, uint64_t bytes)
{
    (void)context;
    return address >= ADDRESS(shared) && bytes <= SHARED && address - ADDRESS(shared) <= SHARED - bytes;
}
static uint64_t see_shared(struct pair *pair, uint64_t *word)
{
    (void)pair;
    return word[0] == ADDRESS(shared + 8);
}

static void check_shared(struct pair *pair)
{
    uint64_t result = 0;
    pair->caller_hooks.shares = shares;
    CHECK(pair_call(pair, "look", see_shared, ARGUMENTS(ADDRESS(shared + 8), 56), &result) == FAR_CALL_BAD_ARGUMENT);
    pair->callee_hooks.shares = shares;
    CHECK(pair_call(pair, "look", see_shared, ARGUMENTS(ADDRESS(shared + 8), 56), &result) == FAR_CALL_DONE && result);
    CHECK(pair_call(pair, "look", see_shared, ARGUMENTS(ADDRESS(shared + 8), 57), &result) == FAR_CALL_DONE && !result);
    CHECK(pair_send(pair, "look", ARGUMENTS(ADDRESS(shared + 8), 56)) == FAR_CALL_DONE);
    pair->callee.line[1] = 57;
    CHECK(walk_receive(&pair->callee, pair->area) == FAR_CALL_NOT_SHARED);
    pair->caller_hooks = pair->callee_hooks = (struct walk_hooks){0};
}

/* Words that would make the callee take bytes for structures, or what is not there for something. */
static void check_hostile(struct pair *pair)
{
    char bytes[24] = "bytes that lie";
    const uint64_t words[] = {far_reference(FAR_REFERENCE_SEEN, 0, 8),
                              far_reference(FAR_REFERENCE_SEEN, 1, 0),
                              far_reference(FAR_REFERENCE_SEEN, 9, 0),
                              far_reference(FAR_REFERENCE_NEW, 9, 0),
                              far_reference(FAR_REFERENCE_NEW, 0, 0),
                              far_reference_address(ADDRESS(bytes)),
                              far_reference(FAR_REFERENCE_KEPT, 1, 0),
                              ADDRESS(bytes),
                              UINT64_MAX};
    nodes[0] = (struct node){NULL, nodes, 0, sizeof bytes, bytes};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        CHECK(pair_send(pair, "walk_list", ARGUMENTS(ADDRESS(nodes))) == FAR_CALL_DONE);
        walk_store(pair->area + offsetof(struct node, other), words[i]);
        unsigned status = walk_receive(&pair->callee, pair->area);
        CHECK(status == FAR_CALL_BAD_ARGUMENT || status == FAR_CALL_NOT_KEPT);
        walk_end(&pair->callee, false);
    }
    /* Cut off anywhere: refused, and nothing behind it is read. */
    CHECK(pair_send(pair, "walk_list", ARGUMENTS(ADDRESS(nodes))) == FAR_CALL_DONE);
    for (uint64_t capacity = 0; capacity < pair->caller.end; capacity += 8) {
        char *area = malloc(capacity + 1);
        memcpy(area, pair->area, capacity);
        walk_memory_reset(&pair->memory[1]);
        pair->callee = (struct walk){.of = pair->caller.of,
                                     .hooks = &pair->callee_hooks,
                                     .memory = &pair->memory[1],
                                     .kept = pair->kept[1],
                                     .capacity = capacity};
        pair->callee.line[0] = pair->caller.line[0];
        CHECK(walk_receive(&pair->callee, area) == FAR_CALL_BAD_SIZE);
        walk_end(&pair->callee, false);
        free(area);
    }
}

int main(void)
{
    static struct pair pair;
    pair_open(&pair, walk_text);
    check_list(&pair);
    check_budget(&pair);
    check_graph(&pair);
    check_handles(&pair);
    check_kept(&pair);
    check_shared(&pair);
    check_hostile(&pair);
    pair_close(&pair);
    return check_result();
}
