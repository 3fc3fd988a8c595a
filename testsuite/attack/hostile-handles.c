/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * REQUIRES: x86-64
 * The host's books on its clients: a handle given anew while it is being released, and clients that have come and gone.
 *
 * RUN: %client-cc -std=gnu17 -D_GNU_SOURCE -g -I%root -I%root/include %s -o %t -L%build/lib -lfarhostcore -lfarcallcore \
 * RUN:   -lfarnet -lfarrecord -lfarstub -lfarformat -lcrypto -lpthread
 * RUN: %t
 */
#include "runtime/host/host.h"
#include "testsuite/unit/check.h"
#include "testsuite/unit/handles.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * One thread releases a handle; the service frees the object, and gives the same address to another thread of the same
 * client before the first call has ended. The second thread's handle must live.
 */
static void given_while_released(void)
{
    struct host_client *client = client_get((uint32_t)getpid(), getuid());
    CHECK(gives(client, 0x5000));
    CHECK(begins(client, 0x5000, true));
    CHECK(gives(client, 0x5000));
    ends(client, 0x5000, true);
    CHECK(begins(client, 0x5000, true));
    ends(client, 0x5000, true);
    CHECK(!begins(client, 0x5000, false));
    client_put(client);
}

static int open_descriptors(void)
{
    int count = 0;
    for (int fd = 0; fd < 1024; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

/* Clients that hold no handle and have no channel cost nothing, however long they live. */
static void gone_but_alive(void)
{
    pid_t child[20];
    int before = open_descriptors();
    for (int i = 0; i < 20; i++) {
        child[i] = fork();
        if (child[i] == 0) {
            pause();
            _exit(0);
        }
        client_put(client_get((uint32_t)child[i], getuid()));
    }
    CHECK(open_descriptors() <= before + 1);
    for (int i = 0; i < 20; i++) {
        kill(child[i], SIGKILL);
        waitpid(child[i], NULL, 0);
    }
}

int main(void)
{
    given_while_released();
    gone_but_alive();
    return check_result();
}
