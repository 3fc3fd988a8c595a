/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The table of capabilities: what may be narrowed from what, who goes with whom, which one counts. */
#include "runtime/fard/capability.h"
#include "testsuite/unit/check.h"

#include <string.h>
#include <sysexits.h>

#define NOW 1000000

static struct far_error error;

static struct capability make(uint32_t id, uint32_t parent, enum far_level level, const char *ops)
{
    struct capability capability = {.id = id, .parent = parent, .service_id = 7, .level = level, .uid = 1000};
    strcpy(capability.ops, ops);
    memset(capability.digest, (int)id, sizeof capability.digest);
    return capability;
}

static void add(struct capabilities *table, uint32_t id, uint32_t parent, enum far_level level, const char *ops)
{
    const struct capability capability = make(id, parent, level, ops);
    CHECK(capability_add(table, &capability) == 0);
}

static void check_tree(void)
{
    struct capabilities table;
    uint8_t digest[CAPABILITY_DIGEST];
    capabilities_init(&table);
    add(&table, 1, 0, FAR_LEVEL_TRUSTED, "");
    add(&table, 3, 1, FAR_LEVEL_READ, "");
    add(&table, 4, 3, FAR_LEVEL_READ, "kv_find\n");
    add(&table, 9, 1, FAR_LEVEL_READ, "");
    CHECK(capability_is_below(&table, 4, 1) && capability_is_below(&table, 4, 3) && capability_is_below(&table, 4, 4));
    CHECK(!capability_is_below(&table, 3, 4) && !capability_is_below(&table, 9, 3) &&
          !capability_is_below(&table, 5, 1));
    CHECK(capability_after(&table, 0)->id == 1 && capability_after(&table, 4)->id == 9 && !capability_after(&table, 9));
    CHECK(!capability_after(&table, UINT32_MAX));
    CHECK(capabilities_of_uid(&table, 1000) == 3 &&
          capabilities_of_uid(&table, 1) == 0); /* granted ones do not count */
    memset(digest, 4, sizeof digest);
    CHECK(capability_find_digest(&table, digest)->id == 4);
    digest[31] = 5;
    CHECK(!capability_find_digest(&table, digest));
    capability_drop(&table, 3);
    capability_drop(&table, 3);
    CHECK(table.count == 3 && !capability_find(&table, 3) && capability_find(&table, 9));
    capabilities_forget_service(&table, 8);
    CHECK(table.count == 3);
    capabilities_forget_service(&table, 7);
    CHECK(table.count == 0);
    capabilities_free(&table);
}

static void check_best(void)
{
    struct capabilities table;
    const uint32_t all[] = {3, 1, 2, 4}, some[] = {2, 3}, gone[] = {77};
    capabilities_init(&table);
    add(&table, 1, 0, FAR_LEVEL_NONE, "");
    add(&table, 2, 0, FAR_LEVEL_READ, "kv_find\n");
    add(&table, 3, 0, FAR_LEVEL_READ, "");
    add(&table, 4, 0, FAR_LEVEL_NONE, "kv_find\n");
    CHECK(capability_best(&table, 7, all, 4)->id == 3 && capability_best(&table, 7, some, 2)->id == 3);
    CHECK(!capability_best(&table, 8, all, 4) && !capability_best(&table, 7, gone, 1) &&
          !capability_best(&table, 7, NULL, 0));
    CHECK(capability_names(capability_find(&table, 2), "kv_find") &&
          !capability_names(capability_find(&table, 2), "kv_fin"));
    CHECK(!capability_names(capability_find(&table, 2), "kv_findx") &&
          capability_names(capability_find(&table, 3), "x"));
    capabilities_free(&table);
}

static void check_rights(void)
{
    struct capability capability = make(1, 0, FAR_LEVEL_TRUSTED, "");
    CHECK(capability_check_rights(&capability, NOW, &error) == 0);
    strcpy(capability.ops, "kv_find\n");
    CHECK(capability_check_rights(&capability, NOW, &error) == FARD_REFUSED && error.exit == EX_USAGE);
    capability.level = FAR_LEVEL_READ;
    CHECK(capability_check_rights(&capability, NOW, &error) == 0);
    capability.expires = NOW;
    CHECK(capability_check_rights(&capability, NOW, &error) == FARD_REFUSED);
    capability.level = FAR_LEVEL_UNSET;
    CHECK(capability_check_rights(&capability, 0, &error) == FARD_REFUSED);
}

/* No wish gets more than the parent has, in any of the three ways. */
static void check_narrow(void)
{
    struct capability parent = make(1, 0, FAR_LEVEL_READ, "kv_find\nkv_first\n"), wish = {0};
    parent.expires = NOW + 100;
    CHECK(capability_narrow(&parent, &wish, NOW, &error) == 0 && wish.parent == 1 && wish.service_id == 7);
    CHECK(wish.level == FAR_LEVEL_READ && wish.expires == NOW + 100 && strcmp(wish.ops, parent.ops) == 0);
    wish = make(0, 0, FAR_LEVEL_TRUSTED, "");
    CHECK(capability_narrow(&parent, &wish, NOW, &error) == FARD_REFUSED && error.exit == EX_NOPERM);
    wish = make(0, 0, FAR_LEVEL_READ, "kv_find\nkv_put\n");
    CHECK(capability_narrow(&parent, &wish, NOW, &error) == FARD_REFUSED && strstr(error.text, "kv_put"));
    wish = make(0, 0, FAR_LEVEL_READ, "kv_f\n");
    CHECK(capability_narrow(&parent, &wish, NOW, &error) == FARD_REFUSED);
    wish = make(0, 0, FAR_LEVEL_NONE, "kv_first\n");
    wish.expires = NOW + 101;
    CHECK(capability_narrow(&parent, &wish, NOW, &error) == FARD_REFUSED);
    wish.expires = NOW + 99;
    CHECK(capability_narrow(&parent, &wish, NOW, &error) == 0 && wish.level == FAR_LEVEL_NONE);
    parent = make(1, 0, FAR_LEVEL_TRUSTED, "");
    wish = make(0, 0, FAR_LEVEL_UNSET, "kv_find\n"); /* trusted, by its parent, with a list */
    CHECK(capability_narrow(&parent, &wish, NOW, &error) == FARD_REFUSED);
}

static void check_expiry(void)
{
    struct capabilities table;
    struct capability capability = make(1, 0, FAR_LEVEL_READ, "");
    capabilities_init(&table);
    CHECK(capabilities_next_expiry(&table) == 0 && !capability_expired(&capability, INT64_MAX));
    capability_add(&table, &capability);
    CHECK(capabilities_next_expiry(&table) == 0);
    capability.id = 2;
    capability.expires = NOW + 5;
    capability_add(&table, &capability);
    capability.id = 3;
    capability.expires = NOW + 2;
    capability_add(&table, &capability);
    CHECK(capabilities_next_expiry(&table) == NOW + 2);
    CHECK(!capability_expired(&capability, NOW + 1) && capability_expired(&capability, NOW + 2));
    capabilities_free(&table);
}

/* A burst, then one every few seconds; nobody pays for another's; a flood of uids forgets those with the least. */
static void check_guesses(void)
{
    struct guesses guesses = {0};
    for (int i = 0; i < GUESSES_BURST; i++) {
        CHECK(guess_allowed(&guesses, 5, NOW));
        guess_failed(&guesses, 5, NOW);
    }
    CHECK(!guess_allowed(&guesses, 5, NOW) && guess_allowed(&guesses, 6, NOW));
    CHECK(!guess_allowed(&guesses, 5, NOW + GUESS_REGAINED_S - 1) &&
          guess_allowed(&guesses, 5, NOW + GUESS_REGAINED_S));
    guess_failed(&guesses, 5, NOW + GUESS_REGAINED_S);
    CHECK(!guess_allowed(&guesses, 5, NOW + GUESS_REGAINED_S));
    for (uid_t uid = 100; uid < 100 + 3 * GUESSERS_MAX; uid++)
        guess_failed(&guesses, uid, NOW);
    CHECK(!guess_allowed(&guesses, 5, NOW));
    CHECK(guess_allowed(&guesses, 5, NOW + 1000));
}

int main(void)
{
    check_tree();
    check_best();
    check_rights();
    check_narrow();
    check_expiry();
    check_guesses();
    return check_result();
}
