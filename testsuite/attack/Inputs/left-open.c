/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* An honest client of kv lists what is open and mapped in it after a call. */
#include "kv.h"

#include <dirent.h>
#include <farcall/farcall.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void list_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        char path[300], to[256] = "";
        snprintf(path, sizeof path, "/proc/self/fd/%s", entry->d_name);
        if (atoi(entry->d_name) > 2 && atoi(entry->d_name) != dirfd(folder) && readlink(path, to, sizeof to - 1) > 0)
            printf("open: %.9s\n", to);
    }
    closedir(folder);
}

static void list_mappings(void)
{
    char line[512];
    FILE *maps = fopen("/proc/self/maps", "re");
    while (maps && fgets(line, sizeof line, maps)) {
        char *name = strstr(line, "/memfd:far:"), rights[8] = "";
        unsigned long from;
        if (!name || sscanf(line, "%lx-%*x %7s", &from, rights) != 2)
            continue;
        name[strcspn(name, " \n")] = '\0';
        printf("mapped: %s %s\n", name, rights);
    }
    fclose(maps);
}

int main(void)
{
    printf("calls: %d, level %s\n", kv_null_function(), far_level_name(far_level("kv")));
    list_descriptors();
    list_mappings();
    return 0;
}
