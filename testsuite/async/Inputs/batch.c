/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* client WHAT: calls that cross together. */
#include "row_promises.h"

#include <errno.h>
#include <farcall/farcall.h>
#include <linux/futex.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define MANY 64

static void wait_until(int (*condition)(void), int least)
{
    for (int tries = 0; condition() < least && tries < 4000; tries++)
        usleep(5000);
}

static void begin(unsigned flags)
{
    if (far_batch_begin(flags) != 0)
        printf("begin: %s\n", strerror(errno));
}

static void run(void)
{
    if (far_batch_run() != 0)
        printf("run: %s\n", strerror(errno));
}

/* What becomes of each of them, in one line. */
static void claim_all(const char *what, far_promise **promise, int count)
{
    char line[1024];
    size_t used = 0;
    line[0] = 0;
    for (int i = 0; i < count; i++) {
        int result = 0;
        errno = 0;
        int claimed = far_claim(promise[i], &result);
        used += (size_t)snprintf(line + used, sizeof line - used,
                                 claimed ? " %d:%s"
                                 : errno ? " %d!%s"
                                         : " %d",
                                 result, errno ? strerrorname_np(errno) : "");
    }
    printf("%s%s\n", what, line);
}

static void print_row(const char *what, int first)
{
    printf("%s", what);
    for (int i = first; i < row_count(); i++)
        printf(" %d", row_at(i));
    printf("\n");
}

/* --- order, results --- */

static void order(void)
{
    far_promise *promise[4];
    begin(0);
    for (int i = 0; i < 4; i++) {
        promise[i] = row_put_async(10 + i);
        row_say(20 + i);
    }
    row_spell("A");
    int ordinary = row_put(1);
    printf("ordinary %d, ready %d\n", ordinary, far_ready(promise[0]));
    run();
    row_say(30);
    printf("then %d\n", row_put(2));
    claim_all("places", promise, 4);
    print_row("row", 0);
    printf("again %d %s\n", far_batch_run(), strerrorname_np(errno));
}

static int twice(int n)
{
    return 2 * n;
}

/* Parameters and results of all kinds. */
static void kinds(void)
{
    struct row_node last = {3, NULL}, first = {4, &last};
    char to[8] = "", *upper = NULL;
    double mixed = 0;
    int copied = 0, sum = 0, each = 0, upped = 0, freed = 0;
    long nothing = 1;
    struct row_shelf *shelf = NULL;
    begin(0);
    far_promise *a = row_mix_async(1, 2, 3, 4, 5, 6, 7, 8, 9);
    far_promise *b = row_copy_async(to, "seven", 6);
    far_promise *c = row_sum_async(&first);
    far_promise *d = row_upper_async(&upper, "loud");
    far_promise *e = row_each_async(3, twice);
    far_promise *f = row_shelf_new_async(17);
    far_promise *g = row_nothing_async();
    far_promise *h = row_mix_async(1, 1, 1, 1, 1, 1, 1, 1, 1);
    run();
    printf("nothing %d", far_claim(g, &nothing));
    printf(" %ld\n", nothing);
    printf("copy %d", far_claim(b, &copied));
    printf(" %d %s\n", copied, to);
    printf("mix %d", far_claim(a, &mixed));
    printf(" %.0f\n", mixed);
    printf("sum %d", far_claim(c, &sum));
    printf(" %d\n", sum);
    printf("upper %d", far_claim(d, &upped));
    printf(" %d %s\n", upped, upper ? upper : "-");
    row_free(upper);
    printf("each %d", far_claim(e, &each));
    printf(" %d\n", each);
    printf("shelf %d\n", far_claim(f, &shelf));
    printf("mix %d", far_claim(h, &mixed));
    printf(" %.0f\n", mixed);
    begin(0);
    a = row_shelf_free_async(shelf);
    b = row_shelf_free_async(shelf);
    run();
    errno = 0;
    printf("free %d", far_claim(a, &freed));
    printf(" %d\n", freed);
    int claimed = far_claim(b, &freed);
    printf("free %d %d %s\n", claimed, freed, strerrorname_np(errno));
}

/* --- what fails --- */

static void failing(void)
{
    far_promise *promise[4];
    begin(0);
    promise[0] = row_put_async(0);
    promise[1] = row_put_async(-1);
    promise[2] = row_jump_async();
    promise[3] = row_put_async(1);
    run();
    claim_all("others", promise, 4);
    begin(FAR_BATCH_LINK);
    promise[0] = row_put_async(2);
    promise[1] = row_put_async(-1);
    promise[2] = row_put_async(3);
    row_say(4);
    run();
    claim_all("linked", promise, 3);
    begin(FAR_BATCH_LINK);
    promise[0] = row_put_async(5);
    promise[1] = row_copy_async(NULL, NULL, 4);
    promise[2] = row_put_async(6);
    run();
    printf("null %d\n", promise[1] == NULL);
    promise[1] = promise[2];
    claim_all("broken", promise, 2);
    begin(0);
    promise[0] = row_put_async(7);
    promise[1] = row_end_thread_async();
    promise[2] = row_put_async(8);
    run();
    claim_all("ended", promise, 3);
    print_row("row", 0);
}

/* --- wakes --- */

static int wakes;

/* Instead of the C library's: how often this process wakes somebody. It reads more arguments than there may be, as that does. */
__attribute__((no_sanitize("address"))) long syscall(long number, ...)
{
    va_list arguments;
    long argument[6];
    va_start(arguments, number);
    for (int i = 0; i < 6; i++)
        argument[i] = va_arg(arguments, long);
    va_end(arguments);
    if (number == SYS_futex && argument[1] == FUTEX_WAKE)
        __atomic_add_fetch(&wakes, 1, __ATOMIC_SEQ_CST);
#ifdef __x86_64__
    register long r10 __asm__("r10") = argument[3];
    register long r8 __asm__("r8") = argument[4];
    register long r9 __asm__("r9") = argument[5];
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(argument[0]), "S"(argument[1]), "d"(argument[2]), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
#else
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = argument[0];
    register long x1 __asm__("x1") = argument[1];
    register long x2 __asm__("x2") = argument[2];
    register long x3 __asm__("x3") = argument[3];
    register long x4 __asm__("x4") = argument[4];
    register long x5 __asm__("x5") = argument[5];
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
    long result = x0;
#endif
    if (result < 0 && result > -4096) {
        errno = (int)-result;
        return -1;
    }
    return result;
}

static int wakes_of_batch(void)
{
    far_promise *promise[MANY];
    int before = wakes, sum = 0;
    begin(0);
    for (int i = 0; i < MANY; i++)
        promise[i] = row_put_async(i);
    run();
    for (int i = 0, place; i < MANY; i++)
        sum += far_claim(promise[i], &place);
    return sum ? -1 : wakes - before;
}

/* With a pause before each, so that the worker has gone to sleep. */
static void count_wakes(void)
{
    row_put(0);
    row_clear();
    wakes_of_batch();
    usleep(20000);
    int together = wakes_of_batch(), before = wakes;
    for (int i = 0; i < MANY; i++) {
        usleep(2000);
        row_put(i);
    }
    int alone = wakes - before;
    printf("served %d\n", row_count());
    printf("together at most one: %d\n", together >= 0 && together <= 1);
    printf("one by one many: %d\n", alone > MANY / 4);
}

/* --- more than one crossing takes --- */

static void large(void)
{
    enum { CALLS = 1000, BYTES = 300000 };
    static far_promise *promise[CALLS];
    static char from[BYTES], to[8][BYTES];
    int wrong = 0, place;
    begin(0);
    for (int i = 0; i < CALLS; i++)
        promise[i] = row_put_async(i);
    run();
    for (int i = 0; i < CALLS; i++)
        wrong += far_claim(promise[i], &place) != 0 || place != i;
    printf("many %d wrong, %d in a row\n", wrong, row_count());
    memset(from, 'x', sizeof from);
    begin(0);
    for (int i = 0; i < 8; i++)
        promise[i] = row_copy_async(to[i], from, BYTES);
    run();
    wrong = 0;
    for (int i = 0; i < 8; i++)
        wrong += far_claim(promise[i], &place) != 0 || memcmp(to[i], from, BYTES) != 0;
    printf("large %d wrong\n", wrong);
    static char more[3 << 20], back[3 << 20];
    memset(more, 'y', sizeof more);
    begin(0);
    promise[0] = row_put_async(1);
    promise[1] = row_copy_async(back, more, sizeof more);
    promise[2] = row_put_async(2);
    run();
    claim_all("larger", promise, 3);
    printf("same %d\n", memcmp(more, back, sizeof more) == 0);
    begin(FAR_BATCH_LINK);
    for (int i = 0; i < 600; i++)
        promise[i] = row_put_async(i == 100 ? -1 : i);
    run();
    int cancelled = 0;
    for (int i = 0; i < 600; i++)
        cancelled += far_claim(promise[i], &place) != 0 && errno == ECANCELED;
    printf("cancelled %d\n", cancelled);
    row_clear();
    begin(0);
    for (int i = 0; i < 20000; i++)
        row_say(i);
    run();
    printf("said %d\n", row_count());
}

/* --- giving up --- */

static void cancelling(void)
{
    far_promise *promise[4];
    row_open(0);
    begin(0);
    for (int i = 0; i < 4; i++)
        promise[i] = row_wait_async(i);
    printf("gathered %d\n", far_cancel(promise[3]));
    run();
    wait_until(row_begun, 1);
    printf("cancel %d", far_cancel(promise[2])); /* does not begin any more */
    printf(" %d\n", far_cancel(promise[0]));     /* hears it */
    wait_until(row_gave_up, 1);
    row_open(1);
    claim_all("left", promise + 1, 1);
    printf("gave up %d, begun %d\n", row_gave_up(), row_begun());
    print_row("row", 0);
    begin(0);
    promise[0] = row_put_async(1);
    printf("drop %d\n", far_batch_drop());
    claim_all("dropped", promise, 1);
    print_row("row", 0);
}

static void deadline(void)
{
    far_promise *promise[3];
    row_open(0);
    begin(0);
    promise[0] = row_put_async(1);
    promise[1] = row_hurry_async(2);
    promise[2] = row_put_async(3);
    run();
    claim_all("hurry", promise, 3);
    printf("gave up %d\n", row_gave_up());
}

/* --- waiting --- */

static void waiting(void)
{
    far_promise *promise[3];
    row_open(0);
    begin(0);
    promise[0] = row_put_async(5);
    promise[1] = row_wait_async(6);
    run();
    promise[2] = row_wait_async(7); /* alone */
    wait_until(row_begun, 2);
    printf("ready %d %d %d\n", far_ready(promise[0]), far_ready(promise[1]), far_ready(promise[2]));
    far_promise *late[2] = {promise[1], promise[2]};
    int none = far_wait(late, 2, 20);
    printf("wait %d %s\n", none, strerrorname_np(errno));
    row_open(1);
    for (int left = 2; left; left--) {
        int i = far_wait(late, 2, -1);
        if (i < 0 || far_claim(late[i], NULL) != 0)
            printf("wrong: %d\n", i);
        else
            late[i] = NULL;
    }
    claim_all("first", promise, 1);
    begin(0);
    promise[0] = row_put_async(8);
    claim_all("in the middle", promise, 1); /* is sent for that */
    promise[0] = row_put_async(9);
    run();
    claim_all("after it", promise, 1);
}

static void *claim_one(void *promise)
{
    int result = -1;
    if (far_claim(promise, &result) != 0)
        result = -2;
    return (void *)(intptr_t)result;
}

static void threads(void)
{
    enum { THREADS = 8 };
    far_promise *promise[THREADS];
    pthread_t thread[THREADS];
    void *result;
    int wrong = 0;
    row_open(0);
    for (int round = 0; round < 20; round++) {
        row_clear();
        begin(0);
        for (int i = 0; i < THREADS; i++)
            promise[i] = round == 0 && i == 3 ? row_wait_async(i) : row_put_async(i);
        run();
        for (int i = 0; i < THREADS; i++)
            pthread_create(&thread[i], NULL, claim_one, promise[i]);
        row_open(1);
        for (int i = 0; i < THREADS; i++) {
            pthread_join(thread[i], &result);
            wrong += (intptr_t)result != i;
        }
    }
    printf("wrong %d\n", wrong);
}

/* --- functions of ours --- */

static far_promise *same;
static far_promise *others[3];

static int claim_inside(int n)
{
    errno = 0;
    int own = far_claim(same, NULL), because = errno, place = -1;
    row_put(40 + n); /* goes to the worker that waits for us */
    begin(0);
    others[n] = row_put_async(50 + n);
    run();
    far_claim(others[n], &place);
    printf("inside %d %s, %d\n", own, strerrorname_np(because), place);
    errno = 0;
    return n;
}

static jmp_buf back;

static int jump(int n)
{
    (void)n;
    longjmp(back, 1);
}

/* Where a frame was that was jumped out of there is something else. */
static void use_stack(void)
{
    volatile char memory[65536];
    for (size_t i = 0; i < sizeof memory; i++)
        memory[i] = 1;
}

static void functions(void)
{
    far_promise *promise[3];
    begin(0);
    promise[0] = row_put_async(1);
    promise[1] = row_each_async(2, claim_inside);
    same = promise[2] = row_put_async(2);
    run();
    far_wait(promise, 1, -1);
    claim_all("functions", promise + 1, 1);
    claim_all("others", promise, 1);
    claim_all("same", &same, 1);
    print_row("row", 0);
    begin(0);
    promise[0] = row_each_async(1, jump);
    promise[1] = row_put_async(3);
    run();
    if (setjmp(back) == 0)
        far_claim(promise[1], NULL);
    use_stack();
    claim_all("jumped", promise, 2);
    printf("then %d\n", row_put(4) > 0);
}

/* A service that asks for functions again and again does not outlast its deadline. */
static int say_nothing(int n)
{
    (void)n;
    return 0;
}

static void asked(void)
{
    errno = 0;
    int result = row_ask(say_nothing);
    printf("asked %d %s\n", result, strerrorname_np(errno));
    errno = 0;
    result = row_press(say_nothing);
    printf("pressed %d %s\n", result, strerrorname_np(errno));
    printf("then %d\n", row_count());
}

static jmp_buf in_handler;
static int handled;

static int jump_into_handler(int n)
{
    (void)n;
    longjmp(in_handler, 1);
}

static int three(int n)
{
    (void)n;
    return 3;
}

static void handle(int number)
{
    volatile int saved = errno;
    (void)number;
    if (setjmp(in_handler) == 0)
        row_alone(jump_into_handler);
    errno = saved;
    __atomic_store_n(&handled, 1, __ATOMIC_SEQ_CST);
}

static void *interrupt(void *thread)
{
    wait_until(row_begun, 1);
    pthread_kill(*(pthread_t *)thread, SIGUSR1);
    for (int tries = 0; !__atomic_load_n(&handled, __ATOMIC_SEQ_CST) && tries < 4000; tries++)
        usleep(5000);
    row_open(1);
    return NULL;
}

/* A handler's call that was left by a jump back into the handler ends with the call that the handler has interrupted. */
static void left_in_handler(void)
{
    struct sigaction action = {.sa_handler = handle, .sa_flags = SA_NODEFER};
    pthread_t self = pthread_self(), other;
    sigaction(SIGUSR1, &action, NULL);
    row_open(0);
    pthread_create(&other, NULL, interrupt, &self);
    printf("interrupted %d\n", row_wait(5));
    pthread_join(other, NULL);
    for (int i = 0; i < 3; i++)
        printf("alone %d\n", row_alone(three));
}

/* --- fork, death, another version --- */

static void forked(void)
{
    far_promise *promise[2], *own[1];
    int status = -1;
    row_open(0);
    begin(0);
    promise[0] = row_wait_async(1);
    run();
    begin(0);
    promise[1] = row_put_async(2);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        claim_all("child", promise, 2);
        int ran = far_batch_run();
        printf("run %d %s\n", ran, strerrorname_np(errno));
        begin(0);
        own[0] = row_put_async(3);
        run();
        claim_all("own", own, 1);
        fflush(stdout);
        _exit(0);
    }
    waitpid(child, &status, 0);
    row_open(1);
    run();
    far_claim(promise[0], NULL);
    far_claim(promise[1], NULL);
    printf("parent, child ended %d\n", status);
    printf("count %d\n", row_count());
}

static void died(void)
{
    far_promise *promise[4];
    begin(0);
    promise[0] = row_put_async(1);
    promise[1] = row_die_async();
    promise[2] = row_put_async(2);
    promise[3] = row_put_async(3);
    run();
    claim_all("died", promise, 4);
    begin(0);
    promise[0] = row_put_async(4);
    run();
    claim_all("then", promise, 1);
    print_row("row", 0);
}

static void wait_for_file(const char *name)
{
    for (int tries = 0; access(name, F_OK) != 0 && tries < 4000; tries++)
        usleep(5000);
}

static void *open_soon(void *unused)
{
    (void)unused;
    wait_for_file("upgraded");
    row_open(1);
    return NULL;
}

/* What its old host has not begun the new one does, in order. */
static void upgraded(void)
{
    far_promise *promise[8];
    pthread_t thread;
    row_put(0);
    row_open(0);
    begin(0);
    promise[0] = row_put_async(1);
    promise[1] = row_wait_async(2);
    for (int i = 2; i < 8; i++)
        promise[i] = row_put_async(i + 1);
    run();
    wait_until(row_begun, 1);
    fclose(fopen("begun", "w"));
    pthread_create(&thread, NULL, open_soon, NULL);
    claim_all("upgraded", promise, 8);
    pthread_join(thread, NULL);
    print_row("row", 0);
}

/* The call that the old host was in the middle of fails, and they are linked: the new one does nothing of what comes after. */
static void cut_short(void)
{
    far_promise *promise[4];
    pthread_t thread;
    row_open(0);
    begin(FAR_BATCH_LINK);
    promise[0] = row_put_async(1);
    promise[1] = row_wait_async(-1);
    promise[2] = row_put_async(2);
    promise[3] = row_put_async(3);
    run();
    wait_until(row_begun, 1);
    fclose(fopen("begun", "w"));
    pthread_create(&thread, NULL, open_soon, NULL);
    claim_all("cut short", promise, 4);
    pthread_join(thread, NULL);
    print_row("row", 0);
}

/* Gathered for a host that has left when it is sent. */
static void moved(void)
{
    far_promise *promise[2];
    begin(0);
    promise[0] = row_put_async(1);
    promise[1] = row_put_async(2);
    fclose(fopen("begun", "w"));
    wait_for_file("upgraded");
    run();
    claim_all("moved", promise, 2);
}

/* In a function that the old host has called: objects that it makes there are soon the new host's. */
static int use_shelves(int n)
{
    int failed = 0;
    (void)n;
    fclose(fopen("begun", "w"));
    for (int more = 20; more && failed == 0; more -= access("upgraded", F_OK) == 0) {
        struct row_shelf *shelf = row_shelf_new(17);
        usleep(5000);
        failed = row_shelf_free(shelf) == 17 ? 0 : errno;
    }
    return failed ? -failed : 1;
}

static void upgraded_inside(void)
{
    struct row_shelf *shelf = row_shelf_new(1);
    printf("inside %d\n", row_each(1, use_shelves));
    printf("after %d\n", row_shelf_free(shelf));
}

/* The last that a process does. */
static void leave(void)
{
    begin(0);
    for (int i = 0; i < 100; i++)
        row_say(i);
    run();
    exit(0);
}

static void get(void)
{
    printf("count %d\n", row_count());
}

/* A branch runs at once. */
static void branch(void)
{
    far_promise *promise[3];
    begin(FAR_BATCH_LINK);
    promise[0] = row_put_async(1);
    printf("ready %d, count %d\n", far_ready(promise[0]), row_count());
    promise[1] = row_put_async(-1);
    promise[2] = row_put_async(2);
    run();
    claim_all("branch", promise, 3);
}

static void wrong_use(void)
{
    errno = 0;
    int flags = far_batch_begin(~0u), because = errno;
    printf("flags %d %s\n", flags, strerrorname_np(because));
    begin(0);
    int twice_begun = far_batch_begin(0);
    printf("twice %d %s\n", twice_begun, strerrorname_np(errno));
    run();
    int drop = far_batch_drop();
    printf("drop %d %s\n", drop, strerrorname_np(errno));
    far_promise *promise[4200];
    int count = 0;
    begin(0);
    while (count < 4200 && (promise[count] = row_put_async(count)))
        count++;
    printf("at most %d %s\n", count, strerrorname_np(errno));
    run();
    for (int i = 0; i < count; i++)
        far_claim(promise[i], NULL);
    printf("count %d\n", row_count());
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } parts[] = {{"order", order},
                 {"kinds", kinds},
                 {"failing", failing},
                 {"wakes", count_wakes},
                 {"large", large},
                 {"cancel", cancelling},
                 {"deadline", deadline},
                 {"waiting", waiting},
                 {"threads", threads},
                 {"functions", functions},
                 {"forked", forked},
                 {"died", died},
                 {"upgraded", upgraded},
                 {"cut-short", cut_short},
                 {"moved", moved},
                 {"leave", leave},
                 {"get", get},
                 {"asked", asked},
                 {"left-in-handler", left_in_handler},
                 {"inside", upgraded_inside},
                 {"branch", branch},
                 {"wrong", wrong_use}};
    for (size_t i = 0; argc == 2 && i < sizeof parts / sizeof *parts; i++)
        if (strcmp(argv[1], parts[i].name) == 0) {
            parts[i].run();
            return 0;
        }
    return 64;
}
