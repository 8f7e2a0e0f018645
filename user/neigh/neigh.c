/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sensor. Netlink events only mark what they concern as dirty; a round, on one of the next
 * turns of the loop, reads the truth from the kernel and tells what has changed. A storm of events
 * (a BGP daemon that loads its table) so costs one round every ROUND_GAP_MS and not one an event.
 */
#include "neigh.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/clock.h"
#include "base/log.h"
#include "egress.h"
#include "neigh_private.h"

#define ROUND_GAP_MS 20
#define ROUND_SHARE                                                                            \
	4 /* and at least so many times as long as the last round took: a fifth of the time at \
	     most */
#define ROUTE_EVENTS_MAX 256  /* in a round: more are not looked at one by one */
#define ROUND_RETRY_MS	 1000 /* after the kernel could not answer */

/* ---- words ---- */

static const struct {
	const char *name, *help;
} path_states[] = {
#define X(id, word, help) [NEIGH_##id] = {word, help},
	NEIGH_PATH_STATES(X)
#undef X
};

const char *neigh_path_state_name(enum neigh_path_state state)
{
	return (size_t)state < ARRAY_SIZE(path_states) ? path_states[state].name : "?";
}

const char *neigh_path_state_help(enum neigh_path_state state)
{
	return (size_t)state < ARRAY_SIZE(path_states) ? path_states[state].help : "";
}

/* ---- rounds ---- */

static void want_round(void *arg)
{
	struct neigh *neigh = arg;
	uint64_t since = clock_mono_ms() - neigh->last_round_ms;

	if (!neigh->round.loop)
		loop_timer_set(neigh->loop, &neigh->round,
			       since < neigh->round_gap_ms ? neigh->round_gap_ms - since : 0);
}

static void retry(struct neigh *neigh, int ret)
{
	static struct log_limit limit;
	unsigned long long swallowed;

	if (log_limit_pass(&limit, 60000, &swallowed))
		log_warn("neigh: the kernel does not answer over netlink, trying again: %s (%llu "
			 "more)",
			 strerror(-ret), swallowed);
	loop_timer_set(neigh->loop, &neigh->round, ROUND_RETRY_MS);
}

static int recover(struct neigh *neigh)
{
	int ret;

	if (!neigh->has_lost_events)
		return 0;
	ret = links_sync(&neigh->links, neigh->requests);
	if (ret)
		return ret;
	neigh->has_lost_events = false;
	neigh->resyncs++;
	watches_make_dirty(&neigh->watches);
	hops_make_dirty(&neigh->hops);
	neigh->kept.is_dirty = true;
	return 0;
}

static int resolve_dirty(struct neigh *neigh)
{
	struct watch *watch;
	struct hop *hop;
	int ret;

	while (!list_is_empty(&neigh->watches.dirty)) {
		watch = list_entry(neigh->watches.dirty.next, struct watch, dirty);
		ret = watch_resolve(watch);
		if (ret) {
			list_append(&neigh->watches.dirty, &watch->dirty);
			return ret;
		}
	}
	while ((hop = hops_next_dirty(&neigh->hops))) {
		hop_refresh(hop);
		watches_follow_hop(hop);
	}
	return 0;
}

/* The callbacks may watch and unwatch: nothing but the list's head is kept across one. */
static void tell_paths(struct neigh *neigh)
{
	struct list *reports = &neigh->watches.reports;
	struct watch *watch;
	struct addr address;
	struct neigh_path path;

	while (!list_is_empty(reports)) {
		watch = list_entry(reports->next, struct watch, report);
		list_remove(&watch->report);
		address = watch->address;
		path = watch->path;
		if (neigh->events.on_path)
			neigh->events.on_path(&address, &path, neigh->events.arg);
	}
}

static void tell_links(struct neigh *neigh)
{
	struct neigh_link link;

	while (links_next_report(&neigh->links, &link))
		if (neigh->events.on_link)
			neigh->events.on_link(link.ifname, &link, neigh->events.arg);
}

/* After the links: one that came up again may have brought its addresses back. */
static int tell_addresses(struct neigh *neigh)
{
	int ret = kept_check(&neigh->kept, neigh->requests);
	struct addr address;
	char ifname[16];

	while (kept_next_missing(&neigh->kept, ifname, &address))
		if (neigh->on_address_gone)
			neigh->on_address_gone(ifname, &address, neigh->on_address_gone_arg);
	return ret;
}

void neigh_on_address_gone(struct neigh *neigh, neigh_address_gone_fn *fn, void *arg)
{
	neigh->on_address_gone = fn;
	neigh->on_address_gone_arg = arg;
}

static void on_round(struct loop_timer *timer)
{
	struct neigh *neigh = timer->owner;
	uint64_t begin = clock_mono_ms();
	int ret = recover(neigh);

	if (ret == 0)
		ret = resolve_dirty(neigh);
	neigh->last_round_ms = clock_mono_ms();
	neigh->round_gap_ms = ROUND_GAP_MS + ROUND_SHARE * (neigh->last_round_ms - begin);
	neigh->route_events = 0;
	tell_links(neigh);
	if (ret == 0)
		ret = tell_addresses(neigh);
	if (ret)
		retry(neigh, ret);
	tell_paths(neigh);
}

/* ---- events ---- */

static void on_link_event(struct neigh *neigh, struct nlmsghdr *hdr)
{
	if (!links_take_event(&neigh->links, hdr))
		return;
	watches_make_dirty(&neigh->watches);
	want_round(neigh);
}

static void on_any_path_event(struct neigh *neigh, struct nlmsghdr *hdr)
{
	watches_make_dirty(&neigh->watches);
	want_round(neigh);
}

static void on_address_lost(struct neigh *neigh, struct nlmsghdr *hdr)
{
	kept_take_event(&neigh->kept, hdr);
	on_any_path_event(neigh, hdr);
}

static void on_route_event(struct neigh *neigh, struct nlmsghdr *hdr)
{
	if (++neigh->route_events == ROUTE_EVENTS_MAX)
		on_any_path_event(neigh, hdr);
	else if (neigh->route_events < ROUTE_EVENTS_MAX &&
		 watches_take_route_event(&neigh->watches, hdr))
		want_round(neigh);
}

static void on_neighbour_event(struct neigh *neigh, struct nlmsghdr *hdr)
{
	hops_take_event(&neigh->hops, hdr);
}

static const struct {
	int type;
	void (*on_event)(struct neigh *neigh, struct nlmsghdr *hdr);
} event_types[] = {
	{RTM_NEWLINK, on_link_event},	     {RTM_DELLINK, on_link_event},
	{RTM_NEWADDR, on_any_path_event},    {RTM_DELADDR, on_address_lost},
	{RTM_NEWRULE, on_any_path_event},    {RTM_DELRULE, on_any_path_event},
	{RTM_NEWNEXTHOP, on_any_path_event}, {RTM_DELNEXTHOP, on_any_path_event},
	{RTM_NEWROUTE, on_route_event},	     {RTM_DELROUTE, on_route_event},
	{RTM_NEWNEIGH, on_neighbour_event},  {RTM_DELNEIGH, on_neighbour_event},
};

static void on_message(struct nlmsghdr *hdr, void *arg)
{
	for (size_t i = 0; i < ARRAY_SIZE(event_types); i++)
		if (event_types[i].type == hdr->nlmsg_type)
			event_types[i].on_event(arg, hdr);
}

static void on_readable(struct loop_fd *watch, uint32_t events)
{
	struct neigh *neigh = watch->owner;

	if (netlink_read(neigh->event_sock, on_message, neigh) == 0)
		return;
	neigh->has_lost_events = true;
	want_round(neigh);
}

/* ---- watching ---- */

int neigh_watch(struct neigh *neigh, const struct addr *address, struct err *err)
{
	struct watch *watch;

	if (!addr_is_set(address))
		return err_set(err, -EINVAL, "no address to watch");
	watch = watches_find(&neigh->watches, address);
	if (watch) {
		watch->users++;
		return 0;
	}
	watch = watch_new(&neigh->watches, address);
	if (watch_resolve(watch))
		list_append(&neigh->watches.dirty,
			    &watch->dirty); /* the round tries again, and complains */
	want_round(neigh);
	return 0;
}

void neigh_unwatch(struct neigh *neigh, const struct addr *address)
{
	struct watch *watch = watches_find(&neigh->watches, address);

	if (watch && --watch->users == 0)
		watch_free(watch);
}

bool neigh_path(const struct neigh *neigh, const struct addr *address, struct neigh_path *path)
{
	const struct watch *watch = watches_find(&neigh->watches, address);

	if (watch)
		*path = watch->path;
	return watch != NULL;
}

bool neigh_link_by_name(const struct neigh *neigh, const char *ifname, struct neigh_link *link)
{
	const struct neigh_link *found = links_find_name(&neigh->links, ifname);

	if (found)
		*link = *found;
	return found != NULL;
}

void neigh_ports(const struct neigh *neigh, const char *ifname, struct neigh_ports *ports)
{
	const struct neigh_link *link = links_find_name(&neigh->links, ifname);

	ports->count = 0;
	if (link)
		egress_ports(&neigh->links, link, ports);
}

void neigh_doubt(struct neigh *neigh, const struct addr *address)
{
	struct watch *watch = watches_find(&neigh->watches, address);

	if (watch)
		watch_doubt(watch);
}

bool neigh_is_local(const struct neigh *neigh, const struct addr *address)
{
	struct route route;

	return route_lookup(neigh->requests, address, 0, &route) || route.answer == ROUTE_LOCAL;
}

bool neigh_can_transmit(struct neigh *neigh, unsigned ifindex)
{
	return features_can_transmit(&neigh->features, ifindex);
}

struct tally {
	unsigned *counts;
	size_t n;
};

static void count_one(const struct watch *watch, void *arg)
{
	struct tally *tally = arg;

	if ((size_t)watch->path.state < tally->n)
		tally->counts[watch->path.state]++;
}

void neigh_count(const struct neigh *neigh, unsigned counts[], size_t n)
{
	struct tally tally = {counts, n};

	memset(counts, 0, n * sizeof(*counts));
	watches_each(&neigh->watches, count_one, &tally);
}

/* ---- life ---- */

static int open_sockets(struct neigh *neigh, struct err *err)
{
	int ret = netlink_open_requests(&neigh->requests, err);

	if (ret)
		return ret;
	ret = netlink_open_events(&neigh->event_sock, err);
	if (ret)
		return ret;
	neigh->event_watch = (struct loop_fd){
		.fd = nl_socket_get_fd(neigh->event_sock),
		.events = EPOLLIN,
		.on_event = on_readable,
		.owner = neigh,
	};
	ret = loop_fd_add(neigh->loop, &neigh->event_watch);
	return ret ? err_set_errno(err, ret, "can't watch netlink events") : 0;
}

/* Subscribed first, read then: what changes in between is told. What is there at the start is no
 * news. */
static int learn_links(struct neigh *neigh, struct err *err)
{
	int ret = links_sync(&neigh->links, neigh->requests);

	if (ret)
		return err_set_errno(err, ret, "can't list the interfaces");
	links_drop_reports(&neigh->links);
	return 0;
}

int neigh_new(struct loop *loop, const struct neigh_events *events, struct neigh **neigh,
	      struct err *err)
{
	struct neigh *n = calloc(1, sizeof(*n));
	int ret;

	if (!n)
		abort();
	n->loop = loop;
	n->events = *events;
	n->round = (struct loop_timer){.on_expire = on_round, .owner = n};
	links_init(&n->links);
	ret = open_sockets(n, err);
	hops_init(&n->hops, loop, n->requests, want_round, n);
	watches_init(&n->watches, n->requests, &n->links, &n->hops);
	announcements_init(&n->announcements, loop, &n->links);
	kept_init(&n->kept);
	if (ret == 0)
		ret = learn_links(n, err);
	if (ret)
		neigh_free(n);
	else
		*neigh = n;
	return ret;
}

void neigh_free(struct neigh *neigh)
{
	if (!neigh)
		return;
	features_fini(&neigh->features);
	announcements_fini(&neigh->announcements);
	kept_fini(&neigh->kept);
	watches_fini(&neigh->watches);
	links_fini(&neigh->links);
	loop_timer_clear(&neigh->round);
	loop_fd_remove(&neigh->event_watch);
	nl_socket_free(neigh->event_sock);
	nl_socket_free(neigh->requests);
	free(neigh);
}
