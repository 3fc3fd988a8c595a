/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The bare ping-pongs: `cacheline` looks all the time, `futex` sleeps in between. One partner for each client; in case
 * `sessions` in a session of its own, as hosts are: the kernel's autogroups make it dearer to switch to.
 */
#include "testsuite/bench/pingpong.h"

#include "testsuite/bench/peers/peer.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#ifdef SLEEPING
#define NAME "futex"
#else
#define NAME     "cacheline"
#define SLEEPING false
#endif

static struct pingpong *tables;
static uint32_t last; /* round of this client */

static void serve(const struct peer_run *run)
{
    uint32_t mine = 0;
    if (peer_is(run, "sessions"))
        setsid();
    for (uint32_t other = 1; other < run->clients && !mine; other++) {
        pid_t child = fork();
        if (child < 0)
            peer_broken("no process for a partner");
        if (child == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            mine = other;
        }
    }
    if (mine == 0)
        peer_ready();
    for (uint32_t round = 0;; round++)
        pingpong_answer(&tables[mine], SLEEPING, round, 1);
}

static void call(void *connection, const struct peer_run *run, uint32_t count)
{
    (void)connection;
    pingpong_ask(&tables[run->client], SLEEPING, last, count);
    last += count;
}

int main(int argc, char **argv)
{
    const struct peer peer = {NAME, SLEEPING ? "null clients sessions" : "null", serve, NULL, call, 0};
    tables = mmap(NULL, PEER_CLIENTS_MAX * sizeof *tables, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (tables == MAP_FAILED)
        return 70;
    return peer_main(argc, argv, &peer);
}
