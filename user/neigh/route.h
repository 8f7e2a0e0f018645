/* SPDX-License-Identifier: BSD-2-Clause */
/* One question to the kernel's routing: where would a packet to this address go? No table of routes is kept: a host may carry a full BGP table. */
#ifndef LEAT_NEIGH_ROUTE_H
#define LEAT_NEIGH_ROUTE_H

#include "netlink.h"

#define ROUTE_HOPS_MAX 8 /* of a multipath route; more are not looked at */

enum route_answer { ROUTE_NONE, ROUTE_FOUND, ROUTE_LOCAL, ROUTE_BLACKHOLE, ROUTE_UNREACHABLE, ROUTE_PROHIBITED };

struct route {
	enum route_answer answer; /* the rest only with FOUND and LOCAL */
	unsigned ifindex;
	struct addr gateway; /* not set: on the link. May be of the other family */
	struct addr source;  /* not set: the host has none of this family */
	unsigned mtu;	     /* 0: the interface's */
};

/* One of the next hops of a multipath route. */
struct route_hop {
	unsigned ifindex;
	struct addr gateway; /* not set: on the link */
	unsigned weight;     /* 1..65536 */
};

/* 0; -errno: the kernel could not say. ifindex: only routes out of that interface; 0: any. */
__must_check int route_lookup(struct nl_sock *requests, const struct addr *to, unsigned ifindex, struct route *route);

/* The next hops of the route that a packet to the address takes, those left out that the kernel calls dead. Returns how many; less than 2: it is not a
 * multipath route, and route_lookup() says all there is to say. */
size_t route_hops(struct nl_sock *requests, const struct addr *to, struct route_hop hops[ROUTE_HOPS_MAX]);

struct prefix {
	struct addr addr;
	unsigned bits;
};

/* What a route event is about; one that can't be read is about everything (addr not set). */
void route_event_prefix(struct nlmsghdr *hdr, struct prefix *prefix);
bool prefix_covers(const struct prefix *prefix, const struct addr *addr);

#endif
