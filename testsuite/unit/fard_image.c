/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* A segment that calls another service: what it needs is checked, and its words hold the right addresses. */
#include "runtime/fard/image.h"
#include "runtime/fard/parts.h"
#include "testsuite/unit/check.h"
#include "testsuite/unit/make_segment.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define LOG_FINGERPRINT 0xabcdef /* what make_segment()'s CHECK command expects of log_write */

/* Service `log`, made from the record of kv: its first operation, renamed, is log_write. */
static struct service *add_log(struct registry *registry, uint64_t fingerprint, uint16_t minor)
{
    struct service *log;
    struct made record = make_record(MAKE_PLAIN);
    if (service_new(&log))
        abort();
    log->id = 1;
    strcpy(log->name, "log");
    log->major = 1;
    struct executable *executable = &log->executable[0];
    executable->iface = (struct far_iface *)record.bytes;
    executable->iface->minor = minor;
    executable->iface->ops.count = 1;
    struct far_op *op = (struct far_op *)(record.bytes + executable->iface->ops.offset);
    /* kv_find's signature is long enough to hold the new name. */
    strcpy((char *)record.bytes + op->signature, "log_write");
    op->name = op->signature;
    op->fingerprint = fingerprint;
    executable->part[FAR_PART_FSTUBS].address = 0x1000000;
    executable->part[FAR_PART_DSTUBS].address = 0x2000000;
    if (registry_add(registry, log))
        abort();
    return log;
}

struct fixture {
    struct made made;
    struct far_segment segment;
    struct registry registry;
    struct far_error error;
};

static void set_up(struct fixture *fixture)
{
    char why[256];
    memset(fixture, 0, sizeof *fixture);
    fixture->made = make_segment(MAKE_PLAIN);
    CHECK(segment_check(fixture->made.bytes, fixture->made.size, 0, &fixture->segment, why, sizeof why) == 0);
    registry_init(&fixture->registry);
}

static void tear_down(struct fixture *fixture)
{
    registry_free(&fixture->registry);
    free(fixture->made.bytes);
}

static int make(struct fixture *fixture, struct service **service)
{
    const struct service_order order = {
        .segment = &fixture->segment, .shippings = "", .host_uid = FAR_HOST_UID_DEFAULT};
    *service = NULL;
    return service_from_segment(&order, &fixture->registry, service, &fixture->error);
}

static void needs(void)
{
    struct fixture fixture;
    struct service *service;
    set_up(&fixture);
    CHECK(make(&fixture, &service) == 0 && service->need_count == 0); /* nobody has registered it: pending addresses */
    CHECK(service->await_count == 1 && strcmp(service->awaits[0].name, "log") == 0);
    service_free(service);
    struct service *log = add_log(&fixture.registry, LOG_FINGERPRINT, 1);
    CHECK(make(&fixture, &service) == FARD_REFUSED && strstr(fixture.error.text, "1.2") &&
          strstr(fixture.error.text, "1.1"));
    log->executable[0].iface->minor = 2;
    log->hidden = true;
    CHECK(make(&fixture, &service) == 0 && service->need_count == 0 && service->await_count == 1);
    service_free(service);
    log->hidden = false;
    CHECK(make(&fixture, &service) == 0 && service->need_count == 1 && strcmp(service->needs[0].name, "log") == 0);
    service_free(service);
    registry_free(&fixture.registry);
    add_log(&fixture.registry, LOG_FINGERPRINT + 1, 2);
    CHECK(make(&fixture, &service) == FARD_REFUSED && strstr(fixture.error.text, "log_write"));
    tear_down(&fixture);
}

static uint64_t word(int fd, uint64_t offset)
{
    uint64_t value = 0;
    CHECK(pread(fd, &value, sizeof value, (off_t)offset) == sizeof value);
    return value;
}

static void words(void)
{
    struct fixture fixture;
    struct service *service;
    set_up(&fixture);
    add_log(&fixture.registry, LOG_FINGERPRINT, 2);
    CHECK(make(&fixture, &service) == 0);
    service->id = 2;
    service->range = (struct range){FAR_WINDOW_BEGIN, FAR_GRANULE};
    CHECK(service_materialise(service, &fixture.segment, &fixture.registry, &fixture.error) == 0);
    uint64_t base = FAR_WINDOW_BEGIN, constants = fixture.segment.part[FAR_PART_CONST].address;
    CHECK(word(service->executable[0].image, constants) == base + fixture.segment.part[FAR_PART_CODE].address + 48);
    CHECK(word(service->executable[0].image, constants + 8) == base + fixture.segment.part[FAR_PART_DATA].address);
    CHECK(word(service->executable[0].image, constants + 16) ==
          0x2000000 + FAR_STUB_SIZE); /* log_write is data-shipped, slot 1 */
    CHECK(word(service->data, 8) == service->executable[0].part[FAR_PART_DSTUBS].address + FAR_STUB_SIZE); /* kv_find */
    CHECK(word(service->data_read_only, 8) == word(service->data, 8));
    CHECK(service->executable[0].init_array.address == base + constants && service->executable[0].init_array.size == 8);
    CHECK(write(service->executable[0].image, "x", 1) < 0 && write(service->data_read_only, "x", 1) < 0);
    service_free(service);
    tear_down(&fixture);
}

static bool all_are(const uint8_t *bytes, uint8_t value, size_t count)
{
    while (count && bytes[count - 1] == value)
        count--;
    return count == 0;
}

static void stubs(void)
{
    struct fixture fixture;
    set_up(&fixture);
    size_t size = image_stubs_size(&fixture.segment);
    uint8_t *bytes = malloc(size);
    if (!bytes)
        abort();
    for (enum stub_kind_of_domain kind = 0; kind < STUBS_COUNT; kind++) {
        const uint8_t *f = bytes, *d = bytes + fixture.segment.part[FAR_PART_DSTUBS].address;
        image_compose_stubs(&fixture.segment, fixture.segment.iface, kind, bytes);
        /* Slot 0 in both; 1 kv_find (data, neutral), 2 kv_put (function), 3 kv_read (function, absent). */
        CHECK(memcmp(f, fixture.segment.traps[0], FAR_STUB_SIZE) == 0 &&
              memcmp(d, fixture.segment.traps[1], FAR_STUB_SIZE) == 0);
        CHECK(all_are(f + 16, 0xcc, 16) && all_are(d + 32, 0xcc, 0x10000 - 32) && all_are(f + 64, 0xcc, 0x10000 - 64));
        CHECK((d[16 + 4] == 0xe9) == (kind != STUBS_TRAP));
        CHECK((f[32 + 4] == 0xe9) == (kind == STUBS_HOST));
        CHECK(f[48 + 4] != 0xe9);
    }
    free(bytes);
    tear_down(&fixture);
}

int main(void)
{
    needs();
    words();
    stubs();
    return check_result();
}
