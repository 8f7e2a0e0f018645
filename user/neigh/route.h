/* SPDX-License-Identifier: BSD-2-Clause */
/* One question to the kernel's routing: where would a packet to this address go? No table of routes is kept: a host may carry a full BGP table. */
#ifndef LEAT_NEIGH_ROUTE_H
#define LEAT_NEIGH_ROUTE_H

#include "netlink.h"

struct route {
	bool is_local;	     /* one of this host's own addresses */
	unsigned ifindex;
	struct addr gateway; /* not set: on the link. May be of the other family */
	struct addr source;  /* not set: the host has none of this family */
	unsigned mtu;	     /* 0: the interface's */
};

/* 0; -ENETUNREACH: there is none (also unreachable, prohibit, blackhole, broadcast); other -errno: the kernel could not say. */
__must_check int route_lookup(struct nl_sock *requests, const struct addr *to, struct route *route);

struct prefix {
	struct addr addr;
	unsigned bits;
};

/* What a route event is about; one that can't be read is about everything (addr not set). */
void route_event_prefix(struct nlmsghdr *hdr, struct prefix *prefix);
bool prefix_covers(const struct prefix *prefix, const struct addr *addr);

#endif
