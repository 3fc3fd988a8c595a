/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Calls of all kinds. */
#include <farcall/annotate.h>
#include <stddef.h>
far_service(reads, 1, 0);

struct session;
struct stream {
    const char *__sized_by(avail_in) next_in;
    unsigned avail_in;
    char *far_out __sized_by(avail_out) next_out;
    unsigned avail_out;
    void *far_withheld own;
    char *__null_terminated far_nullable far_out far_lifetime(service) message;
};
struct node {
    struct node *next, *other;
    const char *__null_terminated far_nullable name;
    int value;
};
struct shape {
    int kind;
    unsigned flag : 3, more : 13;
    union {
        long far_default number;
        const char *__null_terminated far_case(1) text;
        struct {
            const int *__counted_by(count) at;
            int count;
        } far_case(2) list;
    } far_selected_by(kind) as;
};
struct packet {
    size_t n;
    int values[] __counted_by(n);
};
struct names {
    size_t n;
    const char *__null_terminated names[] __counted_by(n);
};
struct pair2 {
    long a;
    double b;
};
struct large {
    long a[5];
    char *__null_terminated far_nullable far_in name;
};
far_op far_fails(-1) int plain(int a, long b);
far_op far_fails(-1) double wide(double a, int b, long c, long d, long e, long f, long g, short h, float i);
far_op far_fails(0) _Bool truth(_Bool a);
far_op far_fails(-1) int text(const char *__null_terminated text);
far_op far_fails(-1) int sum(const unsigned char *__counted_by(n) bytes, int n);
far_op far_fails(-1) int fill(char *far_out __sized_by(*n) to, size_t *far_inout n);
far_op far_fails(-1) int turn(char *far_inout __sized_by(n) bytes, size_t n);
far_op far_fails(-1) int read_line(char *far_out __null_terminated __sized_by(room) to, size_t room);
far_op far_fails(-1) int stream_open(struct stream *far_inout far_lifetime(released) stream);
far_op far_fails(-1) int stream_run(struct stream *far_inout stream, int n);
far_op far_fails(-1) int stream_end(struct stream *far_inout far_release stream);
far_op far_fails(-1) int walk_nodes(struct node *far_inout far_deep first);
far_op far_fails(-1) int shapes(const struct shape *far_in __counted_by(n) shape, int n);
far_op far_fails(-1) int send_packet(const struct packet *far_in packet);
far_op far_fails(-1) int send_names(const struct names *far_in names);
far_op far_fails(-1) int read_wide(unsigned short *far_out __null_terminated __counted_by(room) to, int room);
far_op far_fails(-1) int words(const char *__null_terminated *far_in __null_terminated list);
far_op far_fails(-1) int utf16(const void *far_elements(unsigned short) __null_terminated text);
far_op struct pair2 swap(struct pair2 pair, struct large large);
struct larger {
    long a[5];
};
far_op struct larger grow(struct larger large, int by);
far_op far_fails(0) const char *__null_terminated far_lifetime(service) name_of(int which);
far_op far_fails(-1) int names(const char *__null_terminated far_lifetime(service) * far_out name,
                               void *__sized_by(*n) far_lifetime(service) * far_out bytes, size_t *far_out n);
far_op far_fails(-1) int size_both_ways(size_t *far_inout n,
                                        void *__sized_by(*n) far_lifetime(service) * far_out bytes);
far_op far_fails(-1) int size_out(size_t *far_out n, void *__sized_by(*n) far_lifetime(service) * far_out bytes);
far_op far_fails(0) struct node *far_deep far_lifetime(service) tree(void);
far_op far_fails(0) struct session *far_handle session_open(void);
far_op far_fails(-1) int session_ask(struct session *far_handle session, const char *__null_terminated what);
far_op far_fails(-1) int session_close(struct session *far_release session);
far_op far_fails(-1) int each(int (*far_callback visit)(void *far_opaque user, const char *__null_terminated text,
                                                        struct pair2 *far_inout pair, char *far_out __sized_by(n) to,
                                                        size_t n),
                              void *far_opaque user);
far_op far_fails(-1) int keep(const char *far_in __sized_by(n) far_lifetime(done) bytes, size_t n,
                              void (*far_callback done)(void *far_opaque bytes));
far_op far_fails(-1) int stop_keeping(void);
far_op far_oneway void hint(int a, const char *__null_terminated text);
