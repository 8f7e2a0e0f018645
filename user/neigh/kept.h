/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses that were put on an interface and shall stay there: notices when somebody else takes one away. */
#ifndef LEAT_NEIGH_KEPT_H
#define LEAT_NEIGH_KEPT_H

#include "base/list.h"
#include "neigh.h"
#include "netlink.h"

struct kept_addresses {
	struct list all;
	bool is_dirty; /* one of them may be gone: kept_check() */
};

void kept_init(struct kept_addresses *kept);
void kept_fini(struct kept_addresses *kept);

void kept_put(struct kept_addresses *kept, const char *ifname, const struct addr *address); /* twice: fine */
void kept_drop(struct kept_addresses *kept, const char *ifname, const struct addr *address); /* none: fine */

/* Takes RTM_DELADDR. Returns true when it concerns one of them; kept is dirty then. */
bool kept_take_event(struct kept_addresses *kept, struct nlmsghdr *hdr);
/* Reads the truth from the kernel; nothing when not dirty. An address of an interface that is down or gone is not missed: whoever waits for
 * the interface puts it there again. 0 or -errno; dirty as before then. */
__must_check int kept_check(struct kept_addresses *kept, struct nl_sock *requests);
/* The next one that kept_check() missed; false: there is none. */
bool kept_next_missing(struct kept_addresses *kept, char ifname[16], struct addr *address);

#endif
