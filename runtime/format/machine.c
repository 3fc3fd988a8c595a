/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/machine.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

static const struct far_machine machines[] = {
#define X(NUMBER, name, processor, multiarch) {NUMBER, name, processor, multiarch},
    FAR_MACHINES(X)
#undef X
};

#define MACHINE_COUNT (sizeof machines / sizeof *machines)

const struct far_machine *far_machine_find(uint32_t number)
{
    for (size_t i = 0; i < MACHINE_COUNT; i++) {
        if (machines[i].number == number)
            return &machines[i];
    }
    return NULL;
}

const struct far_machine *far_machine_by_name(const char *name)
{
    for (size_t i = 0; i < MACHINE_COUNT; i++) {
        if (!strcmp(machines[i].name, name))
            return &machines[i];
    }
    return NULL;
}

const char *far_machine_name(uint32_t number)
{
    const struct far_machine *machine = far_machine_find(number);
    return machine ? machine->name : "another machine";
}

const char *far_machine_list(const uint32_t *numbers, unsigned count, char text[FAR_MACHINE_LIST])
{
    int used = 0;
    text[0] = '\0';
    for (unsigned i = 0; i < count && used < FAR_MACHINE_LIST; i++) {
        if (numbers[i])
            used += snprintf(text + used, (size_t)(FAR_MACHINE_LIST - used), "%s%s", used ? ", " : "",
                             far_machine_name(numbers[i]));
    }
    return text;
}
