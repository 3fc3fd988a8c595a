/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The store: what was committed is there after it was opened again, and nothing else. */
#include "runtime/fard/store.h"
#include "testsuite/unit/check.h"
#include "testsuite/unit/make_segment.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

static struct far_error error;

static struct service *new_service(struct store *store, const char *name)
{
    static const struct far_rule rules[2] = {{FAR_WHO_UID, 1000, FAR_LEVEL_TRUSTED, 6},
                                             {FAR_WHO_ALL, 0, FAR_LEVEL_READ, 0}};
    static const char subjects[] = "/not\0/bin/viewer";
    struct service *service;
    if (service_new(&service) || !(service->rules = malloc(sizeof rules)))
        abort();
    memcpy(service->rules, rules, sizeof rules);
    if (!(service->subjects = malloc(sizeof subjects)))
        abort();
    memcpy(service->subjects, subjects, sizeof subjects);
    service->subject_bytes = sizeof subjects;
    service->rule_count = 2;
    strcpy(service->name, name);
    memset(service->executable[0].build_id, 0xab, sizeof service->executable[0].build_id);
    service->executable[0].iface = (struct far_iface *)make_record(MAKE_PLAIN).bytes;
    CHECK(service_ship(service, "fkv_find", 1, &error) == 0);
    CHECK(store_take_range(store, name, 100, &service->id, &service->range, &error) == 0);
    return service;
}

static int see_service(void *context, const struct stored_service *row)
{
    CHECK(strcmp(row->name, "kv") == 0 && row->rule_count == 2 && row->rules[0].id == 1000 &&
          row->rules[1].who == FAR_WHO_ALL);
    CHECK(strcmp(rule_program(&row->rules[0], row->subjects), "/bin/viewer") == 0 && row->rules[1].subject == 0);
    CHECK(row->shipping_count == 1 && strcmp(row->shippings, "fkv_find") == 0);
    CHECK(row->range.base == FAR_WINDOW_BEGIN && row->range.size == FAR_GRANULE && row->build_id[31] == 0xab);
    CHECK(row->host_uid == FAR_HOST_UID_DEFAULT);
    ++*(int *)context;
    return 0;
}

static int see_range(void *context, const struct stored_range *row)
{
    int *seen = context;
    CHECK(row->in_use == (*seen == 0) && strcmp(row->name, *seen == 0 ? "kv" : "other") == 0);
    ++*seen;
    return 0;
}

static void write_and_drop(struct store *store)
{
    struct service *kv = new_service(store, "kv"), *other = new_service(store, "other");
    CHECK(other->id > kv->id && other->range.base == range_after(&kv->range));
    CHECK(store_put_segment(store, kv->executable[0].build_id, "bytes", 5, &error) == 0);
    CHECK(store_add_service(store, kv, &error) == 0);
    strcpy(other->name, "kv"); /* a name that is taken cannot be committed, and leaves nothing */
    CHECK(store_add_service(store, other, &error) == FARD_REFUSED);
    store_drop_segment(store, kv->executable[0].build_id); /* needed: stays */
    service_free(kv);
    service_free(other);
}

/* All that a service has goes with it: a segment of its second machine too. */
static void remove_first(struct store *store, const uint8_t build_id[32])
{
    static const uint8_t second[32] = {1};
    struct service *service;
    void *bytes;
    size_t size;
    CHECK(store_put_segment(store, second, "more", 4, &error) == 0 &&
          store_add_executable(store, 1, second, &error) == 0);
    store_drop_segment(store, second); /* needed: stays */
    CHECK(store_get_segment(store, second, &bytes, &size, &error) == 0 && size == 4);
    free(bytes);
    if (service_new(&service))
        abort();
    service->id = 1;
    memcpy(service->executable[0].build_id, build_id, 32);
    memcpy(service->executable[1].build_id, second, 32);
    service->executable_count = 2;
    CHECK(store_remove_service(store, service, &error) == 0);
    CHECK(store_get_segment(store, second, &bytes, &size, &error) == FARD_REFUSED);
    service_free(service);
}

static void read_again(struct store *store)
{
    int services = 0, ranges = 0;
    uint8_t build_id[32];
    void *bytes;
    size_t size;
    memset(build_id, 0xab, sizeof build_id);
    CHECK(store_each_service(store, see_service, &services, &error) == 0 && services == 1);
    CHECK(store_each_range(store, 0, see_range, &ranges, &error) == 0 && ranges == 2);
    CHECK(store_cursor(store) == FAR_WINDOW_BEGIN + 4ull * FAR_GRANULE);
    CHECK(store_get_segment(store, build_id, &bytes, &size, &error) == 0 && size == 5 &&
          memcmp(bytes, "bytes", 5) == 0);
    free(bytes);
    remove_first(store, build_id);
    CHECK(store_get_segment(store, build_id, &bytes, &size, &error) == FARD_REFUSED);
    services = 0;
    CHECK(store_each_service(store, see_service, &services, &error) == 0 && services == 0);
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

/* The lock is the process's, so another process has to ask. */
static bool refused_to_another(const char *path)
{
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        struct store *second;
        _exit(store_open(&second, path, &error) == FARD_REFUSED && error.exit == EX_UNAVAILABLE ? 0 : 1);
    }
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Nobody else may open them: a lock would keep fard from writing. Also those that are there already. */
static void check_modes(const char *folder)
{
    static const char *const names[] = {"names.db", "names.db-wal", "names.db-shm"};
    char path[128];
    struct stat status;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        CHECK(stat(path, &status) == 0 && (status.st_mode & 07777) == 0600);
        CHECK(chmod(path, 0644) == 0);
    }
}

/* As fard would that is killed. Without the log's name what was committed is still found, and nothing more is promised. */
static void lose_log(const char *path)
{
    struct store *store;
    CHECK(store_open(&store, path, &error) == 0);
    struct service *one = new_service(store, "one"), *two = new_service(store, "two");
    CHECK(store_add_service(store, one, &error) == 0);
    if (chdir(path) || unlink("names.db-wal") || unlink("names.db-shm"))
        abort();
    CHECK(store_add_service(store, two, &error) == FARD_REFUSED && error.exit == EX_IOERR &&
          strstr(error.text, "names.db-wal") && strstr(error.text, "is safe in names.db"));
    CHECK(store_remove_service(store, one, &error) == FARD_REFUSED && strstr(error.text, "nothing was changed"));
    _exit(check_result());
}

static int see_one(void *context, const struct stored_service *row)
{
    *(int *)context += strcmp(row->name, "one") == 0 ? 1 : 100;
    return 0;
}

static void check_lost_log(void)
{
    char path[] = "/tmp/fard_store.XXXXXX";
    struct store *store;
    int status, services = 0;
    if (!mkdtemp(path))
        abort();
    pid_t child = fork();
    if (child == 0)
        lose_log(path);
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    CHECK(store_open(&store, path, &error) == 0);
    CHECK(store_each_service(store, see_one, &services, &error) == 0 && services == 1);
    store_free(store);
    nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

int main(void)
{
    char path[] = "/tmp/fard_store.XXXXXX";
    struct store *store;
    if (!mkdtemp(path))
        return 1;
    CHECK(store_open(&store, path, &error) == 0);
    check_modes(path);
    CHECK(refused_to_another(path));
    write_and_drop(store);
    store_free(store);
    CHECK(store_open(&store, path, &error) == 0);
    read_again(store);
    check_modes(path);
    store_free(store);
    nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    check_lost_log();
    return check_result();
}
