/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What far call has to pass and to show. */
#ifndef GEO_H
#define GEO_H
#include <farcall/annotate.h>
#include <stddef.h>
#include <stdint.h>
far_service(geo, 1, 0);
struct point {
    double x, y;
};
struct flags {
    unsigned a : 2;
};
struct figure {
    const char *__null_terminated name;
    uint32_t kind : 3;
    int32_t delta : 5;
    struct point corner[2];
};
/* It ends behind its bits, which begin in one byte and end in another. */
struct __attribute__((packed)) narrow {
    unsigned before : 6;
    int value : 9;
};
struct counter;
far_op int geo_add(int a, int b);
far_op double geo_length(struct point p);
far_op struct point geo_scale(struct point p, double by);
far_op long geo_sum(const int *__counted_by(count) values, size_t count);
far_op int geo_describe(const struct figure *figure, char *far_out __null_terminated __sized_by(room) text,
                        size_t room);
far_op struct counter *far_handle geo_counter(int from);
far_op int geo_open(int from, struct counter *far_handle *far_out counter);
far_op int geo_next(struct counter *far_handle counter);
far_op void geo_end(struct counter *far_handle far_release counter);
far_op int geo_words(const char *__null_terminated text, void *far_out __sized_by(*room) to, size_t *far_inout room);
far_op _Bool geo_die(unsigned char code);
far_op signed char geo_lower(signed char value);
far_op float geo_half(float value);
far_op int geo_narrow(struct narrow *far_inout narrow);
far_op short geo_halve(short value, short *far_out half);
far_op int geo_flags(struct flags flags);
far_op int geo_call(int (*far_callback function)(int value));
far_op int far_fails(-1) geo_count(const char *__null_terminated const *__null_terminated words);
#endif
