/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* A binding's plans, made at its first call through the gate: programs that only branch never wait for them. */
#include "runtime/lib/binding.h"
#include "runtime/lib/gate.h"

/* What a gate sees until then: no operation has a plan, and each may have values in whole floating-point registers. */
static struct far_plan *const no_plans[FAR_SLOT_MAX + 1];
static const uint8_t perhaps_floats[FAR_SLOT_MAX + 1] = {[0 ... FAR_SLOT_MAX] = FAR_SLOT_HAS_FLOATS | FAR_SLOT_WHOLE};

void binding_plan_later(struct far_binding *binding)
{
    binding->plan = no_plans;
    binding->slot_flags = perhaps_floats;
    binding->slot_count = FAR_SLOT_MAX + 1;
}

/* With the lock held. Others may be in the gate: flags first, either value is right for them, then the plans. */
static void make_plans(struct far_binding *binding)
{
    if (binding->plan != no_plans || plans_from_iface(&binding->plans, binding->iface) != 0)
        return;
    __atomic_store_n(&binding->slot_flags, binding->plans.slot_flags, __ATOMIC_RELEASE);
    __atomic_store_n(&binding->plan, binding->plans.plan, __ATOMIC_RELEASE);
}

const struct far_plan *binding_plan(struct far_binding *binding, uint32_t slot)
{
    if (__atomic_load_n(&binding->plan, __ATOMIC_ACQUIRE) == no_plans) {
        sigset_t saved;
        process_lock(&saved);
        make_plans(binding);
        process_unlock(&saved);
    }
    return slot < binding->slot_count ? __atomic_load_n(&binding->plan, __ATOMIC_ACQUIRE)[slot] : NULL;
}
