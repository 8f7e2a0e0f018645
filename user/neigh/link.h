/* SPDX-License-Identifier: BSD-2-Clause */
/* The interfaces of this network namespace. */
#ifndef LEAT_NEIGH_LINK_H
#define LEAT_NEIGH_LINK_H

#include "base/list.h"
#include "neigh.h"
#include "netlink.h"

struct links {
	struct list known;
	struct list reports; /* what has changed and was not told yet, in order */
};

void links_init(struct links *links);
void links_fini(struct links *links);

/* Takes RTM_NEWLINK or RTM_DELLINK. Returns true when something that we show has changed; it is in reports then. */
bool links_take_event(struct links *links, struct nlmsghdr *hdr);
/* Asks for all links, forgets those that are gone. 0 or -errno. */
__must_check int links_sync(struct links *links, struct nl_sock *requests);

/* Enters a link as it is now, as an event would; true when that is news. */
bool links_put(struct links *links, const struct neigh_link *info);

const struct neigh_link *links_find(const struct links *links, unsigned ifindex);	/* NULL: unknown */
const struct neigh_link *links_find_name(const struct links *links, const char *ifname); /* NULL: unknown */

/* Calls on_link for every one. */
void links_each(const struct links *links, void (*on_link)(const struct neigh_link *link, void *arg), void *arg);

/* Takes the next report; false: there is none. */
bool links_next_report(struct links *links, struct neigh_link *link);
void links_drop_reports(struct links *links);

#endif
