/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Settings of hosts: what may be said, what it means, and that it comes out as it went in. */
#include "runtime/fard/host_settings.h"
#include "testsuite/unit/check.h"

#include <stdio.h>
#include <string.h>

static bool takes(const char *name, const char *value)
{
    struct host_settings settings;
    struct far_error error;
    host_settings_init(&settings);
    int result = host_settings_add(&settings, name, value, &error);
    host_settings_free(&settings);
    return result == 0;
}

static uint64_t memory_of(const char *value)
{
    struct host_settings settings;
    struct far_error error;
    host_settings_init(&settings);
    uint64_t memory = host_settings_add(&settings, "memory", value, &error) == 0 ? settings.rights.memory : 0;
    host_settings_free(&settings);
    return memory;
}

static void check_values(void)
{
    CHECK(memory_of("1") == 1 && memory_of("4K") == 4096 && memory_of("3M") == 3u << 20 &&
          memory_of("2G") == 2ull << 30);
    CHECK(!memory_of("0") && !memory_of("") && !memory_of("-1") && !memory_of(" 1") && !memory_of("1T"));
    CHECK(!memory_of("1KK") && !memory_of("18446744073709551615") && !memory_of("9223372036854775807G"));
    CHECK(takes("sandbox", "default") && takes("sandbox", "strict") && takes("sandbox", "off"));
    CHECK(!takes("sandbox", "none") && !takes("sandbox", ""));
    CHECK(takes("cpu", "1") && !takes("cpu", "1K") && takes("files", "16") && !takes("files", "15"));
    CHECK(takes("processes", "1") && !takes("processes", "4294967296") && takes("idle", "1") && !takes("idle", "0"));
    CHECK(takes("allow-net", "yes") && !takes("allow-net", "no"));
    CHECK(takes("start", "now") && takes("start", "demand") && !takes("start", "later"));
    CHECK(takes("allow-path", "/") && takes("allow-path", "/a:rw") && !takes("allow-path", "a") &&
          !takes("allow-path", ""));
    CHECK(!takes("allow-paths", "/") && !takes("", "1"));
}

static bool sensible(const char *first, const char *value, const char *second, const char *other)
{
    struct host_settings settings;
    struct far_error error = {0};
    host_settings_init(&settings);
    CHECK(host_settings_add(&settings, first, value, &error) == 0);
    CHECK(!second || host_settings_add(&settings, second, other, &error) == 0);
    int result = host_settings_check(&settings, 1024, &error);
    host_settings_free(&settings);
    return result == 0;
}

/* What could not work is refused at once, and not by every call. */
static void check_together(void)
{
    CHECK(!sensible("memory", "1", NULL, NULL) && !sensible("memory", "8191K", NULL, NULL));
    CHECK(sensible("memory", "8M", NULL, NULL) && sensible("memory", "2M", "stack", "64K"));
    CHECK(!sensible("memory", "8M", "stack", "512K") && sensible("stack", "256M", NULL, NULL));
    CHECK(!sensible("idle", "5", NULL, NULL) && !sensible("idle", "5", "start", "now") &&
          sensible("idle", "5", "start", "demand"));
    CHECK(!sensible("files", "1025", NULL, NULL) && sensible("files", "1024", NULL, NULL));
    CHECK(!sensible("processes", "1", NULL, NULL) && sensible("processes", "2", NULL, NULL));
    CHECK(takes("stack", "64K") && !takes("stack", "63K") && !takes("stack", "100000") && !takes("stack", "257M"));
}

static void check_paths(void)
{
    struct host_settings settings;
    struct far_error error;
    host_settings_init(&settings);
    CHECK(host_settings_add(&settings, "allow-path", "/a", &error) == 0);
    CHECK(host_settings_add(&settings, "allow-path", "/b:rw", &error) == 0);
    CHECK(settings.rights.path_bytes == 8 && memcmp(settings.rights.paths, "r/a\0w/b\0", 8) == 0);
    CHECK(strcmp(settings.value[HOST_SETTING_ALLOW_PATH], "/a\n/b:rw") == 0);
    CHECK(host_settings_add(&settings, "cpu", "1", &error) == 0);
    CHECK(host_settings_add(&settings, "cpu", "1", &error) == FARD_REFUSED);
    char path[600];
    int added = 0;
    snprintf(path, sizeof path, "/%0500d", 0);
    while (added < 100 && host_settings_add(&settings, "allow-path", path, &error) == 0)
        added++;
    CHECK(added == 4 && settings.rights.path_bytes <= FAR_HOST_PATHS_MAX);
    host_settings_free(&settings);
}

static void check_strings(void)
{
    static const char strings[] = "memory=1G\0allow-path=/a\0allow-path=/b\nc";
    static const char kept[] = "memory=1G\0allow-path=/a\n/b";
    char out[64];
    struct host_settings settings, copy;
    struct far_error error;
    host_settings_init(&settings);
    CHECK(host_settings_read(&settings, strings, sizeof strings, &error) == FARD_REFUSED); /* "c" is no path */
    host_settings_free(&settings);
    CHECK(host_settings_read(&settings, strings, 37, &error) == FARD_REFUSED); /* not terminated */
    host_settings_free(&settings);
    CHECK(host_settings_read(&settings, "memory", 7, &error) == FARD_REFUSED);
    CHECK(host_settings_read(&settings, "memory=1G\0allow-path=/a\0allow-path=/b", 38, &error) == 0);
    CHECK(host_settings_copy(&copy, &settings) == 0);
    CHECK(host_settings_write(&copy, out, sizeof out) == sizeof kept && memcmp(out, kept, sizeof kept) == 0);
    CHECK(host_settings_write(&copy, out, 3) == sizeof kept); /* says how much it needs */
    CHECK(!host_settings_are_default(&copy));
    host_settings_free(&settings);
    host_settings_free(&copy);
    CHECK(host_settings_are_default(&copy) && copy.idle_s == HOST_IDLE_DEFAULT);
}

int main(void)
{
    check_values();
    check_together();
    check_paths();
    check_strings();
    return check_result();
}
