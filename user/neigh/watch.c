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
#include "egress.h"
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

/* ---- ways ---- */

static void drop_ways(struct watch *watch, struct hop *old[ROUTE_HOPS_MAX])
{
	for (size_t i = 0; i < watch->way_count; i++) {
		list_remove(&watch->ways[i].node);
		old[i] = watch->ways[i].hop;
	}
	watch->way_count = 0;
}

/* A next hop that is in the new ways as well is not asked for anew: the old ones go last. */
static void use_ways(struct watch *watch, const struct watch_way *ways, size_t count)
{
	struct hop *old[ROUTE_HOPS_MAX];
	size_t old_count = watch->way_count;

	drop_ways(watch, old);
	for (size_t i = 0; i < count; i++) {
		watch->ways[i] = ways[i];
		list_append(&ways[i].hop->paths, &watch->ways[i].node);
	}
	watch->way_count = count;
	for (size_t i = 0; i < old_count; i++)
		hop_put(old[i]);
}

static unsigned rank(const struct watch_way *way)
{
	switch (hop_state(way->hop)) {
	case NEIGH_RESOLVED:
		return 2;
	case NEIGH_RESOLVING:
		return 1;
	default:
		return 0;
	}
}

/* As many draws as it has weight; the best counts. So each way gets its share of the addresses, and
 * one that ends moves no address but its own. */
static uint64_t score(const struct watch *watch, const struct watch_way *way)
{
	uint64_t hash, best = 0;

	for (uint32_t draw = 0; draw < way->weight; draw++) {
		hash = hash_fnv1a(0, &draw, sizeof(draw));
		hash = hash_fnv1a(hash, &way->hop->addr, sizeof(way->hop->addr));
		hash = hash_fnv1a(hash, &watch->address, sizeof(watch->address));
		hash = (hash ^ (hash >> 29)) * 0xbf58476d1ce4e5b9ULL;
		best = hash > best ? hash : best;
	}
	return best;
}

static const struct watch_way *choose(const struct watch *watch)
{
	const struct watch_way *best = &watch->ways[0], *way;

	for (size_t i = 1; i < watch->way_count; i++) {
		way = &watch->ways[i];
		if (rank(way) > rank(best) ||
		    (rank(way) == rank(best) && score(watch, way) > score(watch, best)))
			best = way;
	}
	return best;
}

/* ---- a path ---- */

static bool paths_equal(const struct neigh_path *a, const struct neigh_path *b)
{
	return a->state == b->state && a->ifindex == b->ifindex &&
	       strcmp(a->ifname, b->ifname) == 0 && a->is_direct == b->is_direct &&
	       addr_equal(&a->next_hop, &b->next_hop) && addr_equal(&a->source, &b->source) &&
	       memcmp(a->next_hop_mac, b->next_hop_mac, 6) == 0 &&
	       memcmp(a->local_mac, b->local_mac, 6) == 0 && a->mtu == b->mtu &&
	       a->port == b->port && strcmp(a->port_name, b->port_name) == 0 &&
	       a->vlan_proto == b->vlan_proto && a->vlan_outer == b->vlan_outer &&
	       a->vlan_inner == b->vlan_inner;
}

static void set_path(struct watch *watch, const struct neigh_path *path)
{
	if (paths_equal(&watch->path, path))
		return;
	watch->path = *path;
	if (list_is_empty(&watch->report))
		list_append(&watch->watches->reports, &watch->report);
}

/* The interface, and what really carries its frames. */
static void set_link(const struct watch *watch, struct neigh_path *path,
		     const struct neigh_link *link)
{
	struct egress egress;

	egress_find(watch->watches->links, link, &watch->address, &egress);
	path->ifindex = link->ifindex;
	memcpy(path->ifname, link->ifname, sizeof(path->ifname));
	memcpy(path->local_mac, link->mac, sizeof(path->local_mac));
	if (path->mtu == 0 || path->mtu > egress.mtu)
		path->mtu = egress.mtu;
	path->port = egress.port;
	memcpy(path->port_name, egress.port_name, sizeof(path->port_name));
	path->vlan_proto = egress.vlan_proto;
	path->vlan_outer = egress.vlan_outer;
	path->vlan_inner = egress.vlan_inner;
	if (path->state == NEIGH_LOCAL)
		return;
	if (!egress.is_supported)
		path->state = NEIGH_TAGS_UNSUPPORTED;
	else if (!link->is_up || !egress.port)
		path->state = NEIGH_LINK_DOWN;
}

static void set_hop(struct neigh_path *path, const struct hop *hop)
{
	path->state = hop_state(hop);
	if (hop->has_mac)
		memcpy(path->next_hop_mac, hop->mac, sizeof(path->next_hop_mac));
}

/* The path along the best way. Its link may have gone: then an event about it is under way. */
static void take_best_way(struct watch *watch)
{
	const struct watch_way *way = choose(watch);
	const struct neigh_link *link = links_find(watch->watches->links, way->ifindex);
	struct neigh_path path = {
		.state = NEIGH_RESOLVING,
		.ifindex = way->ifindex,
		.is_direct = way->is_direct,
		.next_hop = way->hop->addr,
		.source = way->source,
		.mtu = way->mtu,
	};

	if (link)
		set_link(watch, &path, link);
	if (link && path.state == NEIGH_RESOLVING)
		set_hop(&path, way->hop);
	set_path(watch, &path);
}

static bool can_use(const struct watch *watch, unsigned ifindex)
{
	const struct neigh_link *link = links_find(watch->watches->links, ifindex);
	struct neigh_path path = {.state = NEIGH_RESOLVING};

	if (link)
		set_link(watch, &path, link);
	return link && path.state == NEIGH_RESOLVING;
}

/* The hop of a way; a route that names one twice (the kernel lets it) has it once. */
static size_t add_way(struct watch *watch, struct watch_way *ways, size_t count,
		      const struct addr *gateway)
{
	struct watch_way *way = &ways[count];

	way->watch = watch;
	way->is_direct = !addr_is_set(gateway);
	way->hop = hop_get(watch->watches->hops, way->ifindex,
			   way->is_direct ? &watch->address : gateway);
	for (size_t i = 0; i < count; i++)
		if (ways[i].hop == way->hop)
			return count;
	return count + 1;
}

/* Out of another interface than the kernel's choice the host has another address. */
static void look_up_way(const struct watch *watch, const struct route *route, struct watch_way *way)
{
	struct route other;

	way->source = route->source;
	way->mtu = route->mtu;
	if (way->ifindex == route->ifindex)
		return;
	if (route_lookup(watch->watches->requests, &watch->address, way->ifindex, &other) ||
	    other.answer != ROUTE_FOUND)
		return;
	way->source = other.source;
	way->mtu = other.mtu;
}

/* Those of a multipath route whose interface can transmit. */
static size_t find_ways(struct watch *watch, const struct route *route, struct watch_way *ways)
{
	struct route_hop hops[ROUTE_HOPS_MAX];
	size_t count = route_hops(watch->watches->requests, &watch->address, hops), used = 0;

	for (size_t i = 0; i < count && count > 1; i++) {
		if (!can_use(watch, hops[i].ifindex))
			continue;
		ways[used] =
			(struct watch_way){.ifindex = hops[i].ifindex, .weight = hops[i].weight};
		look_up_way(watch, route, &ways[used]);
		used = add_way(watch, ways, used, &hops[i].gateway);
	}
	if (used || !can_use(watch, route->ifindex))
		return used;
	ways[0] = (struct watch_way){.ifindex = route->ifindex, .weight = 1};
	look_up_way(watch, route, &ways[0]);
	return add_way(watch, ways, 0, &route->gateway);
}

/* No next hop is asked for where the interface can't be used, or is not known yet: its event comes. */
static void stop_at_link(struct watch *watch, const struct route *route)
{
	const struct neigh_link *link = links_find(watch->watches->links, route->ifindex);
	struct neigh_path path = {
		.state = route->answer == ROUTE_LOCAL ? NEIGH_LOCAL : NEIGH_RESOLVING,
		.ifindex = route->ifindex,
		.is_direct = !addr_is_set(&route->gateway),
		.next_hop = addr_is_set(&route->gateway) ? route->gateway : watch->address,
		.source = route->source,
		.mtu = route->mtu,
	};

	if (link)
		set_link(watch, &path, link);
	use_ways(watch, NULL, 0);
	set_path(watch, &path);
}

static void follow_route(struct watch *watch, const struct route *route)
{
	struct watch_way ways[ROUTE_HOPS_MAX];
	size_t count = route->answer == ROUTE_FOUND ? find_ways(watch, route, ways) : 0;

	if (!count) {
		stop_at_link(watch, route);
		return;
	}
	use_ways(watch, ways, count);
	take_best_way(watch);
}

static enum neigh_path_state refusal_of(enum route_answer answer)
{
	switch (answer) {
	case ROUTE_BLACKHOLE:
		return NEIGH_BLACKHOLE;
	case ROUTE_UNREACHABLE:
		return NEIGH_UNREACHABLE_ROUTE;
	case ROUTE_PROHIBITED:
		return NEIGH_PROHIBITED;
	default:
		return NEIGH_NO_ROUTE;
	}
}

/* An interface that was taken down has lost its routes with it. Its name says more than "no route".
 */
static void lose_route(struct watch *watch, enum route_answer answer)
{
	const struct neigh_link *link = links_find(watch->watches->links, watch->path.ifindex);
	struct neigh_path path = {.state = refusal_of(answer), .next_hop = watch->address};

	if (answer == ROUTE_NONE && watch->path.ifindex && link && !link->is_up &&
	    watch->path.state != NEIGH_LOCAL) {
		path = watch->path;
		path.state = NEIGH_LINK_DOWN;
		memset(path.next_hop_mac, 0, sizeof(path.next_hop_mac));
	}
	use_ways(watch, NULL, 0);
	set_path(watch, &path);
}

int watch_resolve(struct watch *watch)
{
	struct route route;
	int ret = route_lookup(watch->watches->requests, &watch->address, 0, &route);

	list_remove(&watch->dirty);
	if (ret)
		return ret;
	if (route.answer == ROUTE_FOUND || route.answer == ROUTE_LOCAL)
		follow_route(watch, &route);
	else
		lose_route(watch, route.answer);
	return 0;
}

void watches_follow_hop(struct hop *hop)
{
	struct watch_way *way;

	list_for_each(way, &hop->paths, node)
		take_best_way(way->watch);
}

void watch_doubt(struct watch *watch)
{
	for (size_t i = 0; i < watch->way_count; i++)
		if (addr_equal(&watch->ways[i].hop->addr, &watch->path.next_hop))
			hop_doubt(watch->ways[i].hop);
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
	list_init(&watch->report);
	list_append(&watches->buckets[bucket_of(address)], &watch->bucket_node);
	list_append(&watches->all, &watch->node);
	list_append(&watches->reports, &watch->report); /* the first path is always news */
	list_append(&watches->dirty, &watch->dirty);
	return watch;
}

void watch_free(struct watch *watch)
{
	use_ways(watch, NULL, 0);
	list_remove(&watch->dirty);
	list_remove(&watch->report);
	list_remove(&watch->bucket_node);
	list_remove(&watch->node);
	free(watch);
}
