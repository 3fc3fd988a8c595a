/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What the operations of V_TYPES do. The service has them as v_…, the client as here_…, to compare with. */
#define V_BODY(prefix, name, type)                                                                               \
    type prefix##name(int which, type first, double b, long c, type second, long d, long e, type third, float f, \
                      long g, type fourth)                                                                       \
    {                                                                                                            \
        type nothing;                                                                                            \
        memset(&nothing, 0, sizeof nothing);                                                                     \
        if (b != 2.5 || c != -3 || d != 4000000000000 || e != 5 || f != 6.25f || g != -7)                        \
            return nothing;                                                                                      \
        return which == 1 ? first : which == 2 ? second : which == 3 ? third : fourth;                           \
    }
