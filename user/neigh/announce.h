/* SPDX-License-Identifier: BSD-2-Clause */
/* Announcements under way: each address is announced a few times, since a single frame may be lost. */
#ifndef LEAT_NEIGH_ANNOUNCE_H
#define LEAT_NEIGH_ANNOUNCE_H

#include "base/list.h"
#include "link.h"
#include "neigh.h"

struct announcements {
	struct loop *loop;
	const struct links *links;
	struct list under_way;
};

void announcements_init(struct announcements *announcements, struct loop *loop, const struct links *links);
void announcements_fini(struct announcements *announcements);

/* Begins on the next turn; one that is under way begins anew. */
void announcement_start(struct announcements *announcements, const char *ifname, const struct addr *address);
void announcement_stop(struct announcements *announcements, const char *ifname, const struct addr *address); /* none: fine */

#endif
