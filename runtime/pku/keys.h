/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Which protection key is whose. x86 has 16. Key 0 is everybody's memory; of what is left, one is for the selector of
 * system calls (readable in every domain), one is for memory that nobody may reach, and the others are given to
 * domains when they are entered. If there are more domains than keys, the one that was entered longest ago is parked.
 */
#ifndef FARCALL_PKU_KEYS_H
#define FARCALL_PKU_KEYS_H

#include "runtime/pku/pku.h"

/* What a domain remembers of its key. */
struct pku_keyed {
    struct pku_range range[PKU_RANGE_MAX];
    uint32_t range_count;
    int key;                    /* 0: parked */
    uint64_t used;              /* greater: later */
    struct pku_control control; /* what its key's page gets; without rights, which follow from the key */
};

/* Takes all keys of the process, which must have none taken. 0 or -errno. */
int pku_keys_take(void);
int pku_selector_key(void);
/* Rights outside of domains, for a thread that uses them; and with a domain's memory besides. */
uint32_t pku_rights_outside(void);
uint32_t pku_rights_opened(const struct pku_keyed *domain);
/* Memory of a domain that was just made: nobody may reach it. 0 or -errno. */
int pku_key_park(struct pku_keyed *domain);
/* Its ranges were mapped anew. 0 or -errno. */
int pku_key_again(const struct pku_keyed *domain);
/* They are more, and what it remembers of its control page is new. With the domains taken. 0 or -errno. */
int pku_key_more(struct pku_keyed *domain);
/* Memory that is nobody's and that all domains may read. 0 or -errno. */
int pku_key_for_all(const void *memory, uint64_t size);
/* Its own key, and the rights to it. With the domains taken. 0: it could not be given one. */
uint32_t pku_key_give(struct pku_keyed *domain);

#endif
