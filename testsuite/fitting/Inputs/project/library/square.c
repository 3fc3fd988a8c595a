/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
int square(int n);
int square(int n)
{
    return n * n;
}
