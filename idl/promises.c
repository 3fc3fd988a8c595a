/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "idl/promises.h"

#include <string.h>

static bool has_promises(const struct model *model)
{
    for (uint32_t i = 0; i < model->op_count; i++)
        if (model->ops[i].promise || model->ops[i].ticket)
            return true;
    return false;
}

bool promises_write(const struct model *model, const char *header, FILE *out)
{
    const char *slash = strrchr(header, '/');
    if (!has_promises(model))
        return false;
    fprintf(out,
            "/* Asynchronous and queued calls of service %s, written by faridl. */\n"
            "#ifndef FAR_PROMISES_OF_%s\n#define FAR_PROMISES_OF_%s\n\n"
            "#include \"%s\"\n#include <farcall/farcall.h>\n\n"
            "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n",
            model->service, model->service, model->service, slash ? slash + 1 : header);
    for (uint32_t i = 0; i < model->op_count; i++) {
        if (model->ops[i].promise)
            fprintf(out, "%s;\n", model->ops[i].promise);
        if (model->ops[i].ticket)
            fprintf(out, "%s;\n", model->ops[i].ticket);
    }
    fprintf(out, "\n#ifdef __cplusplus\n}\n#endif\n\n#endif\n");
    return true;
}
