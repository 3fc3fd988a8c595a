/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* A service for two machines: pointers in data and heap, an operation's address in data, every way a value crosses. */
#include <farcall/annotate.h>
#include <stddef.h>
#include <stdint.h>
far_service(pair, 1, 0);

struct node {
    struct node *next;
    uint64_t value;
};

far_op far_data_shipped uint64_t count(void);
far_op far_data_shipped struct node *far_global push(uint64_t value);
far_op far_data_shipped const struct node *far_global head(void);
far_op far_data_shipped uint64_t sum(void);
/* Takes and gives back memory of the heap, `rounds` times; how often a block did not hold what was written to it. */
far_op far_data_shipped int churn(int rounds);
far_op far_data_shipped void set_hook(int wanted);
far_op far_data_shipped uint64_t call_hook(uint64_t value);
far_op far_data_shipped uint64_t twice(uint64_t value);
far_op far_data_shipped uint64_t thrice(uint64_t value);
far_op far_data_shipped const char *far_global machine(void);
far_op far_function_shipped far_fails(-1) int where(char *far_out __sized_by(n) text, size_t n);

far_op int64_t widths(signed char a, unsigned char b, short c, unsigned short d, int e, unsigned f, int64_t g,
                      uint64_t h);
far_op signed char narrow_schar(int v);
far_op unsigned char narrow_uchar(int v);
far_op short narrow_short(int v);
far_op unsigned short narrow_ushort(int v);
far_op int narrow_int(int64_t v);
far_op unsigned narrow_uint(int64_t v);
far_op _Bool negate(_Bool v);
far_op float thirds(float v);
far_op double mix(double a, float b, int c, double d, float e, uint64_t f, double g, float h, double i, double j, int k,
                  int l, int m, int n);
far_op int64_t many(int8_t a, int16_t b, int32_t c, int64_t d, int8_t e, int16_t f, int32_t g, int64_t h, int8_t i,
                    int16_t j);
far_op far_fails(-1) int join(const char *__null_terminated a, const char *__null_terminated b,
                              char *far_out __sized_by(n) to, size_t n);
far_op uint64_t total(const uint32_t *__counted_by(n) values, size_t n);
