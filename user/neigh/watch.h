/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Watched addresses and the path to each: a route (asked for), a link (known), a next hop (kept resolved), put together.
 *
 * A multipath route gives several ways. The address decides which is taken, so it stays the same while it lives; when its next hop does not
 * answer, another's that does is taken, whatever the kernel does with its own packets.
 */
#ifndef LEAT_NEIGH_WATCH_H
#define LEAT_NEIGH_WATCH_H

#include "base/list.h"
#include "hop.h"
#include "link.h"
#include "neigh.h"
#include "netlink.h"
#include "route.h"

#define WATCH_BUCKETS 4096

struct watches {
	struct nl_sock *requests;
	const struct links *links;
	struct hops *hops;
	struct list buckets[WATCH_BUCKETS]; /* by address */
	struct list all;
	struct list dirty;   /* to be resolved anew */
	struct list reports; /* the path has changed and that was not told yet */
};

/* One way to the address; the hop's list of paths holds it. */
struct watch_way {
	struct list node;
	struct watch *watch;
	struct hop *hop;
	unsigned ifindex, mtu, weight;
	bool is_direct;
	struct addr source;
};

struct watch {
	struct watches *watches;
	struct list bucket_node, node, dirty, report;
	struct addr address;
	unsigned users;
	struct watch_way ways[ROUTE_HOPS_MAX]; /* all kept resolved; one of them is the path */
	size_t way_count;		       /* 0: no next hop is needed, or there is none */
	struct neigh_path path;
};

void watches_init(struct watches *watches, struct nl_sock *requests, const struct links *links, struct hops *hops);
void watches_fini(struct watches *watches);

/* NULL: not watched. */
struct watch *watches_find(const struct watches *watches, const struct addr *address);
/* A new watch with one user, dirty. */
struct watch *watch_new(struct watches *watches, const struct addr *address);
void watch_free(struct watch *watch);

/* Asks for the route again and puts the path together. A changed path goes to reports. 0, or -errno: the kernel could not say, the path stays
 * as it was. */
int watch_resolve(struct watch *watch);
/* The next hop has changed: the same for all its paths, without asking for routes. */
void watches_follow_hop(struct hop *hop);

/* See neigh_doubt(). */
void watch_doubt(struct watch *watch);

void watches_make_dirty(struct watches *watches);
/* Those that a route event may concern. Returns true when there is one. */
bool watches_take_route_event(struct watches *watches, struct nlmsghdr *hdr);

/* Calls on_watch for every one; it must not add or free any. */
void watches_each(const struct watches *watches, void (*on_watch)(const struct watch *watch, void *arg), void *arg);

#endif
