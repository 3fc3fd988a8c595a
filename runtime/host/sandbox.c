/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/host/sandbox.h"

/* Each step needs something that a later one takes away; the filter of system calls comes last. */
int sandbox_enter(const struct host *host, const struct far_host_rights *rights, struct far_error *error)
{
    int failed = sandbox_limit(rights, error);
    if (failed || rights->sandbox == FAR_SANDBOX_OFF)
        return failed;
    failed = sandbox_landlock(rights, error);
    failed = failed ? failed : sandbox_drop_rights(error);
    failed = failed ? failed : sandbox_report(host, error);
    return failed ? failed : sandbox_seccomp(rights, error);
}
