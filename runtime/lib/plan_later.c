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

/* What the fast paths publish in shared memory. */
static void only_slow_paths(struct far_plans *plans)
{
    for (uint32_t slot = 0; slot < plans->slot_count; slot++)
        if (plans->plan[slot])
            __atomic_and_fetch(&plans->plan[slot]->flags, (uint8_t)~(FAR_PLAN_FAST | FAR_PLAN_DIRECT),
                               __ATOMIC_RELAXED);
}

/* A thread that is in the gate by a fast path has a channel of its own, which is not away. */
void binding_goes_away(struct far_binding *binding)
{
    if (binding->away)
        return;
    binding->away = true;
    if (binding->plans.memory)
        only_slow_paths(&binding->plans);
}

/* With the lock held. Others may be in the gate: flags first, either value is right for them, then the plans. */
static void make_plans(struct far_binding *binding)
{
    if (binding->plan != no_plans || plans_from_iface(&binding->plans, binding->iface) != 0)
        return;
    if (binding->away)
        only_slow_paths(&binding->plans);
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
