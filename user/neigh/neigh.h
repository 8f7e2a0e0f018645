/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the kernel knows of links, routes, addresses and neighbours, through netlink (libnl; confined here). Two halves:
 *   - a sensor: for every watched address the path to it (route → interface → next hop → MAC), kept resolved and followed when links, addresses,
 *     routes or neighbours change; it reports and decides nothing;
 *   - the announcer's hands: VIPs on and off an interface, gratuitous ARP / unsolicited NA.
 */
#ifndef LEAT_NEIGH_NEIGH_H
#define LEAT_NEIGH_NEIGH_H

#include "base/addr.h"
#include "base/loop.h"

struct neigh;

/* X(id, word, what to do about it) */
#define NEIGH_PATH_STATES(X)                                                                                  \
	X(RESOLVING, "resolving", "no answer to ARP or neighbour discovery yet")                              \
	X(RESOLVED, "resolved", "")                                                                           \
	X(UNREACHABLE, "unreachable", "nobody answers ARP or neighbour discovery for the next hop")            \
	X(NO_ROUTE, "no-route", "the host has no route to the address")                                       \
	X(LOCAL, "local", "the address is one of this host's own")                                            \
	X(LINK_DOWN, "link-down", "the interface of the route is down")

enum neigh_path_state {
#define X(id, word, help) NEIGH_##id,
	NEIGH_PATH_STATES(X)
#undef X
};

struct neigh_path {
	enum neigh_path_state state;
	unsigned ifindex;      /* 0 with NO_ROUTE */
	char ifname[16];
	bool is_direct;	       /* no gateway: same L2 */
	struct addr next_hop;  /* the gateway, or the address itself */
	struct addr source;    /* address the host would send from: preferred source of the route or first address of the interface in the family */
	uint8_t next_hop_mac[6]; /* valid when RESOLVED; while a known neighbour is re-checked it stays RESOLVED with the old MAC */
	uint8_t local_mac[6];
	unsigned mtu; /* of the route or the interface, L3 bytes */
};

struct neigh_link {
	unsigned ifindex;
	char ifname[16];
	uint8_t mac[6];
	unsigned mtu;
	bool is_up; /* administratively up and with carrier */
};

/* on_path: the path to a watched address changed. on_link: a link appeared, changed or (is_up false, ifindex 0) vanished. Called in the loop, never from within neigh_watch(). The
 * first path of a new watch is always told; the links that exist at neigh_new() are not: ask neigh_link_by_name(). A callback may watch and
 * unwatch, but not free. */
struct neigh_events {
	void (*on_path)(const struct addr *address, const struct neigh_path *path, void *arg);
	void (*on_link)(const char *ifname, const struct neigh_link *link, void *arg);
	void *arg;
};

__must_check int neigh_new(struct loop *loop, const struct neigh_events *events, struct neigh **neigh, struct err *err);
void neigh_free(struct neigh *neigh);

/* Watches are counted per address: two watches need two unwatches. Resolution starts at once (an ARP/NS is provoked) and is repeated. */
__must_check int neigh_watch(struct neigh *neigh, const struct addr *address, struct err *err);
void neigh_unwatch(struct neigh *neigh, const struct addr *address);
/* The path as known now; false: not watched. */
bool neigh_path(const struct neigh *neigh, const struct addr *address, struct neigh_path *path);
bool neigh_link_by_name(const struct neigh *neigh, const char *ifname, struct neigh_link *link);

/* Counts by state, for metrics: counts[enum neigh_path_state]. */
void neigh_count(const struct neigh *neigh, unsigned counts[], size_t n);

/* Puts address/32 or /128 on the interface (noprefixroute, nodad for v6) and announces it three times (gratuitous ARP request and reply, unsolicited NA with the
 * override flag), 0 s, 1 s and 2 s later. *was_there: it existed before and Leat had not put it there
 * (then it is not ours to remove); an address of an earlier leatd is known by its IFA_PROTO. Needs no turn of the loop after the interface
 * was made. -ENODEV, -EPERM with err. */
__must_check int neigh_address_add(struct neigh *neigh, const char *ifname, const struct addr *address, bool *was_there, struct err *err);
__must_check int neigh_address_remove(struct neigh *neigh, const char *ifname, const struct addr *address, struct err *err); /* absent: 0 */
/* Somebody else took an address away that neigh_address_add() had put, or found, on the interface; it is gone for sure, and the interface is up.
 * Called in the loop, like the other events; it may put the address there again. NULL: nobody is told. */
typedef void neigh_address_gone_fn(const char *ifname, const struct addr *address, void *arg);
void neigh_on_address_gone(struct neigh *neigh, neigh_address_gone_fn *fn, void *arg);
void neigh_address_announce(struct neigh *neigh, const char *ifname, const struct addr *address);

const char *neigh_path_state_name(enum neigh_path_state state);
const char *neigh_path_state_help(enum neigh_path_state state);

#endif
