/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Paths. Nothing is called back from here: a path that has changed is put on the list of reports,
 * the door tells it when nobody is in the middle of anything.
 */
#include "watch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "route.h"

/* ---- the table ---- */

static size_t bucket_of(const struct addr *address)
{
	uint64_t hash = hash_fnv1a(0, address, sizeof(*address));

	return (hash ^ (hash >> 32)) % WATCH_BUCKETS;
}

struct watch *watches_find(const struct watches *watches, const struct addr *address)
{
	const struct list *head = &watches->buckets[bucket_of(address)];
	struct watch *watch;

	list_for_each(watch, head, bucket_node)
		if (addr_equal(&watch->address, address))
			return watch;
	return NULL;
}

void watches_init(struct watches *watches, struct nl_sock *requests, const struct links *links,
		  struct hops *hops)
{
	*watches = (struct watches){.requests = requests, .links = links, .hops = hops};
	for (size_t i = 0; i < WATCH_BUCKETS; i++)
		list_init(&watches->buckets[i]);
	list_init(&watches->all);
	list_init(&watches->dirty);
	list_init(&watches->reports);
}

void watches_fini(struct watches *watches)
{
	struct watch *watch, *tmp;

	list_for_each_safe(watch, tmp, &watches->all, node)
		watch_free(watch);
}

void watches_each(const struct watches *watches,
		  void (*on_watch)(const struct watch *watch, void *arg), void *arg)
{
	struct watch *watch;

	list_for_each(watch, &watches->all, node)
		on_watch(watch, arg);
}

/* ---- dirt ---- */

static void make_dirty(struct watch *watch)
{
	if (list_is_empty(&watch->dirty))
		list_append(&watch->watches->dirty, &watch->dirty);
}

void watches_make_dirty(struct watches *watches)
{
	struct watch *watch;

	list_for_each(watch, &watches->all, node)
		make_dirty(watch);
}

bool watches_take_route_event(struct watches *watches, struct nlmsghdr *hdr)
{
	struct prefix prefix;
	struct watch *watch;

	route_event_prefix(hdr, &prefix);
	list_for_each(watch, &watches->all, node)
		if (prefix_covers(&prefix, &watch->address))
			make_dirty(watch);
	return !list_is_empty(&watches->dirty);
}

/* ---- a path ---- */

static void use_hop(struct watch *watch, struct hop *hop)
{
	struct hop *old = watch->hop;

	if (hop == old)
		return;
	list_remove(&watch->hop_node);
	watch->hop = hop;
	if (hop)
		list_append(&hop->paths, &watch->hop_node);
	if (old)
		hop_put(old);
}

static bool paths_equal(const struct neigh_path *a, const struct neigh_path *b)
{
	return a->state == b->state && a->ifindex == b->ifindex &&
	       strcmp(a->ifname, b->ifname) == 0 && a->is_direct == b->is_direct &&
	       addr_equal(&a->next_hop, &b->next_hop) && addr_equal(&a->source, &b->source) &&
	       memcmp(a->next_hop_mac, b->next_hop_mac, 6) == 0 &&
	       memcmp(a->local_mac, b->local_mac, 6) == 0 && a->mtu == b->mtu;
}

static void set_path(struct watch *watch, const struct neigh_path *path)
{
	if (paths_equal(&watch->path, path))
		return;
	watch->path = *path;
	if (list_is_empty(&watch->report))
		list_append(&watch->watches->reports, &watch->report);
}

static void set_link(struct neigh_path *path, const struct neigh_link *link)
{
	path->ifindex = link->ifindex;
	memcpy(path->ifname, link->ifname, sizeof(path->ifname));
	memcpy(path->local_mac, link->mac, sizeof(path->local_mac));
	if (path->mtu == 0)
		path->mtu = link->mtu;
}

static void set_hop(struct neigh_path *path, const struct hop *hop)
{
	static const uint8_t none[6];

	path->state = hop_state(hop);
	memcpy(path->next_hop_mac, hop->has_mac ? hop->mac : none, sizeof(none));
}

/* An interface that was taken down has lost its routes with it. Its name says more than "no route".
 */
static void lose_route(struct watch *watch)
{
	const struct neigh_link *link = links_find(watch->watches->links, watch->path.ifindex);
	struct neigh_path path = {.state = NEIGH_NO_ROUTE, .next_hop = watch->address};

	if (watch->path.ifindex && link && !link->is_up && watch->path.state != NEIGH_LOCAL) {
		path = watch->path;
		path.state = NEIGH_LINK_DOWN;
		memset(path.next_hop_mac, 0, sizeof(path.next_hop_mac));
	}
	use_hop(watch, NULL);
	set_path(watch, &path);
}

static void follow_route(struct watch *watch, const struct route *route)
{
	const struct neigh_link *link = links_find(watch->watches->links, route->ifindex);
	struct neigh_path path = {
		.state = NEIGH_RESOLVING,
		.ifindex = route->ifindex,
		.is_direct = !addr_is_set(&route->gateway),
		.next_hop = addr_is_set(&route->gateway) ? route->gateway : watch->address,
		.source = route->source,
		.mtu = route->mtu,
	};

	if (link)
		set_link(&path, link);
	if (route->is_local)
		path.state = NEIGH_LOCAL;
	else if (link && !link->is_up)
		path.state = NEIGH_LINK_DOWN;
	if (path.state == NEIGH_RESOLVING && link)
		use_hop(watch, hop_get(watch->watches->hops, route->ifindex, &path.next_hop));
	else
		use_hop(watch, NULL); /* a link that we don't know yet is about to be announced */
	if (watch->hop)
		set_hop(&path, watch->hop);
	set_path(watch, &path);
}

int watch_resolve(struct watch *watch)
{
	struct route route;
	int ret = route_lookup(watch->watches->requests, &watch->address, &route);

	list_remove(&watch->dirty);
	if (ret == 0)
		follow_route(watch, &route);
	else if (ret == -ENETUNREACH)
		lose_route(watch);
	else
		return ret;
	return 0;
}

void watches_follow_hop(struct hop *hop)
{
	struct watch *watch;
	struct neigh_path path;

	list_for_each(watch, &hop->paths, hop_node) {
		path = watch->path;
		set_hop(&path, hop);
		set_path(watch, &path);
	}
}

/* ---- life ---- */

struct watch *watch_new(struct watches *watches, const struct addr *address)
{
	struct watch *watch = calloc(1, sizeof(*watch));

	if (!watch)
		abort();
	watch->watches = watches;
	watch->address = *address;
	watch->users = 1;
	list_init(&watch->dirty);
	list_init(&watch->hop_node);
	list_init(&watch->report);
	list_append(&watches->buckets[bucket_of(address)], &watch->bucket_node);
	list_append(&watches->all, &watch->node);
	list_append(&watches->reports, &watch->report); /* the first path is always news */
	list_append(&watches->dirty, &watch->dirty);
	return watch;
}

void watch_free(struct watch *watch)
{
	use_hop(watch, NULL);
	list_remove(&watch->dirty);
	list_remove(&watch->report);
	list_remove(&watch->bucket_node);
	list_remove(&watch->node);
	free(watch);
}
