/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What runs in the tests' domains. Compiled as any library is, with guards on its stack, and without data of its own. */
#include "runtime/pku/library.h"

#include "runtime/pku/gate.h"

#pragma clang diagnostic ignored "-Wunused-parameter" /* naked functions find theirs in registers */

struct inside_data {
    uint64_t kept;
    pthread_mutex_t mutex;
};

uint64_t inside_add_up(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f, uint64_t g, uint64_t h);
uint64_t inside_add_up(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f, uint64_t g, uint64_t h)
{
    return a + 10 * b + 100 * c + 1000 * d + 10000 * e + 100000 * f + 1000000 * g + 10000000 * h;
}

double inside_sum_floats(double a, double b, double c);
double inside_sum_floats(double a, double b, double c)
{
    return a + b + b + c + c + c + c; /* constants lie in the caller's memory */
}

/* Adds to what is kept in the domain's memory, and gives what it was. */
uint64_t inside_keep(volatile struct inside_data *data, uint64_t more);
uint64_t inside_keep(volatile struct inside_data *data, uint64_t more)
{
    uint64_t before = data->kept;
    data->kept = before + more;
    return before;
}

uint64_t inside_sum_bytes(const uint8_t *bytes, uint64_t size);
uint64_t inside_sum_bytes(const uint8_t *bytes, uint64_t size)
{
    uint64_t sum = 0;
    for (uint64_t i = 0; i < size; i++)
        sum += bytes[i];
    return sum;
}

/* errno, where this domain has it. */
int inside_fail(int error);
int inside_fail(int error)
{
    __asm__ volatile("movl %0, %%fs:0x40" : : "r"(error));
    return -1;
}

/* Until the byte in the area changes: the caller's other threads can see when. */
uint64_t inside_spin(volatile uint64_t *flag);
uint64_t inside_spin(volatile uint64_t *flag)
{
    uint64_t turns = 0;
    flag[1] = 1;
    while (!flag[0])
        turns++;
    return turns != 0;
}

/* What a caller left in registers that carry no argument: all of them or'ed. */
uint64_t inside_registers(void);
__attribute__((naked)) uint64_t inside_registers(void)
{
    __asm__ volatile(
        "movq %rbx, %rax\n\torq %rbp, %rax\n\torq %r10, %rax\n\torq %r12, %rax\n\torq %r13, %rax\n\t"
        "orq %r14, %rax\n\torq %r15, %rax\n\t"
        "orps %xmm8, %xmm7\n\torps %xmm9, %xmm7\n\torps %xmm10, %xmm7\n\torps %xmm11, %xmm7\n\t"
        "orps %xmm12, %xmm7\n\torps %xmm13, %xmm7\n\torps %xmm14, %xmm7\n\torps %xmm15, %xmm7\n\t"
        "movq %xmm7, %rcx\n\torq %rcx, %rax\n\tpunpckhqdq %xmm7, %xmm7\n\tmovq %xmm7, %rcx\n\t"
        "orq %rcx, %rax\n\tsubq $520, %rsp\n\tfxsave64 (%rsp)\n\torq 32(%rsp), %rax\n\torq 48(%rsp), %rax\n\t"
        "orq 64(%rsp), %rax\n\torq 80(%rsp), %rax\n\torq 96(%rsp), %rax\n\torq 112(%rsp), %rax\n\t"
        "orq 128(%rsp), %rax\n\torq 144(%rsp), %rax\n\taddq $520, %rsp\n\tret");
}

/* Comes back with everything changed that a function must keep, the direction flag, a full register stack. */
uint64_t inside_disturb(void);
__attribute__((naked)) uint64_t inside_disturb(void)
{
    __asm__ volatile(
        "movq $-1, %rbx\n\tmovq $-1, %rbp\n\tmovq $-1, %r12\n\tmovq $-1, %r13\n\tmovq $-1, %r14\n\t"
        "movq $-1, %r15\n\tmovl $0, -8(%rsp)\n\tldmxcsr -8(%rsp)\n\tmovw $0, -8(%rsp)\n\tfldcw -8(%rsp)\n\t"
        "fld1\n\tfld1\n\tfld1\n\tfld1\n\tfld1\n\tfld1\n\tfld1\n\tfld1\n\t"
        "wrgsbase %rbx\n\tstd\n\tmovl $7, %eax\n\tret");
}

/* The compiler puts a guard on this one's stack, which it reads from %fs:0x28. */
uint64_t inside_guarded(const uint8_t *bytes, uint64_t size);
uint64_t inside_guarded(const uint8_t *bytes, uint64_t size)
{
    volatile uint8_t copy[64];
    for (uint64_t i = 0; i < size && i < sizeof copy; i++)
        copy[i] = bytes[i];
    return copy[size - 1];
}

uint64_t inside_read(volatile uint64_t *address);
uint64_t inside_read(volatile uint64_t *address)
{
    return *address;
}

uint64_t inside_write(volatile uint64_t *address, uint64_t value);
uint64_t inside_write(volatile uint64_t *address, uint64_t value)
{
    *address = value;
    return 1;
}

/* A system call by number. */
long inside_call(long number, long a, long b, long c, long d, long e);
long inside_call(long number, long a, long b, long c, long d, long e)
{
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
                     : "rcx", "r11", "memory");
    return result;
}

#pragma clang diagnostic ignored "-Winfinite-recursion"
/* getpid, as 32-bit programs call it. */
long inside_call_the_old_way(void);
long inside_call_the_old_way(void)
{
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(20L) : "memory", "r8", "r9", "r10", "r11");
    return result;
}

uint64_t inside_recurse(uint64_t depth);
uint64_t inside_recurse(uint64_t depth)
{
    volatile uint8_t room[256];
    room[depth % sizeof room] = (uint8_t)depth;
    return inside_recurse(depth + 1) + room[(depth + 1) % sizeof room];
}

uint64_t inside_lose_stack(void);
__attribute__((naked)) uint64_t inside_lose_stack(void)
{
    __asm__ volatile("movq $0x10, %rsp\n\tpushq %rax\n\tret");
}

/* As low in the stack for signals as a signal's frame does not fit any more. */
uint64_t inside_stack_in_signal_stack(uint64_t low);
__attribute__((naked)) uint64_t inside_stack_in_signal_stack(uint64_t low)
{
    __asm__ volatile("leaq 1024(%rdi), %rsp\n\tud2");
}

uint64_t inside_lose_fs(uint64_t base);
__attribute__((naked)) uint64_t inside_lose_fs(uint64_t base)
{
    __asm__ volatile("wrfsbase %rdi\n\tret");
}

uint64_t inside_divide(uint64_t a, uint64_t b);
uint64_t inside_divide(uint64_t a, uint64_t b)
{
    __asm__ volatile("divq %1" : "+a"(a) : "r"(b), "d"(0L));
    return a;
}

uint64_t inside_breakpoint(void);
__attribute__((naked)) uint64_t inside_breakpoint(void)
{
    __asm__ volatile("int3\n\tret");
}

uint64_t inside_no_instruction(void);
__attribute__((naked)) uint64_t inside_no_instruction(void)
{
    __asm__ volatile("ud2\n\tret");
}

/* Jump to `where` with rax = rights, the rest as that place wants it: r8 a result, r9 errno, r12 a slot, rbx a context. */
uint64_t inside_jump(uint64_t where, uint64_t rights);
__attribute__((naked)) uint64_t inside_jump(uint64_t where, uint64_t rights)
{
    __asm__ volatile("movq %rsi, %rax\n\tmovl $1, %r12d\n\txorl %ebx, %ebx\n\tmovq $1234, %r8\n\tmovl $5, %r9d\n\txorl "
                     "%ecx, %ecx\n\t"
                     "xorl %edx, %edx\n\tjmp *%rdi");
}

/* The same, to come in again: with a ticket, which lies in its own area. */
uint64_t inside_reenter(uint64_t where, uint64_t rights, uint64_t *ticket);
__attribute__((naked)) uint64_t inside_reenter(uint64_t where, uint64_t rights, uint64_t *ticket)
{
    __asm__ volatile("movq $1, (%rdx)\n\tmovq %rsi, %rax\n\tmovl $7, %r12d\n\txorl %ebx, %ebx\n\txorl %ecx, "
                     "%ecx\n\txorl %edx, %edx\n\tjmp *%rdi");
}

/* Jump to an xrstor 64(%rsp) with an image that holds all rights. `image`: 1024 bytes of the domain's. */
uint64_t inside_restore(uint64_t where, uint8_t *image);
__attribute__((naked)) uint64_t inside_restore(uint64_t where, uint8_t *image)
{
    __asm__ volatile("leaq -64(%rsi), %rsp\n\tmovl $0x200, %eax\n\txorl %edx, %edx\n\tjmp *%rdi");
}

/* Comes back with a numeric exception waiting for the next instruction of the x87. */
uint64_t inside_unmask(void);
__attribute__((naked)) uint64_t inside_unmask(void)
{
    __asm__ volatile("movw $0x340, -8(%rsp)\n\tfldcw -8(%rsp)\n\tfldz\n\tfld1\n\tfdivp\n\tmovl $9, %eax\n\tret");
}

static struct pku_thread *self(void)
{
    struct pku_thread *thread;
    __asm__("movq %%fs:0, %0" : "=r"(thread));
    return thread;
}

/* Asks who called it for anything: what comes back, and errno as it was. */
int64_t inside_ask(uint64_t what, uint64_t word0, uint64_t word1, uint64_t word2);
int64_t inside_ask(uint64_t what, uint64_t word0, uint64_t word1, uint64_t word2)
{
    struct pku_arguments *area = self()->area;
    const uint64_t word[] = {word0, word1, word2};
    self()->error = 3;
    for (unsigned i = 0; i < 3; i++)
        area->word[i] = word[i];
    area->asked = (uint32_t)what;
    far_pku_ask();
    return area->answer;
}

/* Holds a mutex, and what its thread's list says of it is a lie in one place: it must not be followed out of the domain. */
void inside_lock_and_die(struct inside_data *data, uint64_t lie);
void inside_lock_and_die(struct inside_data *data, uint64_t lie)
{
    far_pku_pthread_mutex_lock(&data->mutex);
    data->mutex.__data.__list.__next = (void *)lie;
    __builtin_trap();
}

/* To the way in with its own rights and a ticket, but another context than there is. */
uint64_t inside_jump_context(uint64_t where, uint64_t rights, uint64_t *ticket, uint64_t context);
__attribute__((naked)) uint64_t inside_jump_context(uint64_t where, uint64_t rights, uint64_t *ticket, uint64_t context)
{
    __asm__ volatile("movq $1, (%rdx)\n\tmovq %rcx, %rbx\n\tmovq %rsi, %rax\n\tmovl $1, %r12d\n\txorl %ecx, %ecx\n\t"
                     "xorl %edx, %edx\n\tjmp *%rdi");
}
