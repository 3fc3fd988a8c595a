/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The least client of kv, for start.c. It never heard of farcall. */
int kv_null(void);

int main(void)
{
    return kv_null();
}
