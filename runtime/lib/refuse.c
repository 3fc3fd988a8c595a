/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Functions of a replaced library that the service does not have: far implib --like exports them all the same. */
#include "runtime/import.h"
#include "runtime/lib/failure.h"

#include <errno.h>

/* What such a function returns for errors nobody knows, so the handler decides: by default it says this and aborts. */
uint64_t far_refuse(struct far_import *import, const char *function)
{
    const struct far_failure failure = {
        import->table->service, function, ENOSYS,
        "the service has no operation of this name, the library in whose place it stands has: put it into the "
        "service's header, or use that library itself"};
    return operation_fails(&failure, NULL);
}
