/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* A binding's plans are made at the first call through the gate, once, and the gate loses nothing until then. */
#include "runtime/lib/binding.h"
#include "runtime/lib/gate.h"
#include "testsuite/unit/check.h"
#include "testsuite/unit/make_segment.h"

#include <stdlib.h>
#include <string.h>

static void none_yet(struct far_binding *binding)
{
    CHECK(binding->slot_count == FAR_SLOT_MAX + 1 && !binding->plans.memory);
    for (uint32_t slot = 0; slot <= FAR_SLOT_MAX; slot++) {
        CHECK(!binding->plan[slot]);
        CHECK(binding->slot_flags[slot] == (FAR_SLOT_HAS_FLOATS | FAR_SLOT_WHOLE)); /* who knows what they take */
    }
}

static void all_at_once(struct far_binding *binding)
{
    const struct far_plan *find = binding_plan(binding, 1);
    CHECK(find && !strcmp(find->name, "kv_find") && find->param_count == 1);
    CHECK(binding_plan(binding, 1) == find && binding->plan[1] == find);
    CHECK(binding->plan[2] && !strcmp(binding->plan[2]->name, "kv_put"));
    CHECK(binding->slot_flags[1] == 0 && binding->slot_flags[FAR_SLOT_MAX] == 0);
    CHECK(!binding_plan(binding, 0) && !binding_plan(binding, FAR_SLOT_MAX) && !binding_plan(binding, UINT32_MAX));
    CHECK(binding->slot_count == FAR_SLOT_MAX + 1);
}

int main(void)
{
    struct made record = make_record(MAKE_PLAIN);
    struct far_binding binding = {.iface = (const struct far_iface *)record.bytes};
    binding_plan_later(&binding);
    none_yet(&binding);
    all_at_once(&binding);
    plans_free(&binding.plans);
    free(record.bytes);
    return check_result();
}
