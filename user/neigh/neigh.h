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
	X(LINK_DOWN, "link-down", "the interface of the route is down")                                       \
	X(BLACKHOLE, "blackhole", "the host's route to the address is a blackhole")                           \
	X(UNREACHABLE_ROUTE, "unreachable-route", "the host's route to the address says unreachable")         \
	X(PROHIBITED, "prohibited", "the host's route or rule for the address says prohibit")                 \
	X(TAGS_UNSUPPORTED, "tags-unsupported", "the route needs more than two VLAN tags, or an inner one that is not 802.1Q")

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

	/* What the frame leaves by: the interface itself, what a VLAN subinterface lies on, one member of a bond (by the address). 0: nothing can transmit. */
	unsigned port;
	char port_name[16];
	uint16_t vlan_proto; /* TPID of the outer tag; host order, 0: no tag */
	uint16_t vlan_outer, vlan_inner; /* VLAN ids of the tags it carries there, host order, 0: none; one tag is the outer */
};

struct neigh_link {
	unsigned ifindex;
	char ifname[16];
	uint8_t mac[6];
	unsigned mtu;
	bool is_up; /* administratively up and with carrier */

	char kind[16];	 /* "vlan", "bond", "bridge", "veth" …; empty: hardware */
	unsigned parent; /* vlan: the interface below; 0: none, or in another network namespace */
	uint16_t vlan_id, vlan_proto; /* vlan; host order */
	unsigned master;  /* the bond, bridge … that it is part of */
	bool is_member;	  /* of the bond `master` */
	bool is_active;	  /* as its member: in use, and its own link is up */
	unsigned active;  /* bond in a mode with one active member: which; 0: all are in use, or none is */
};

#define NEIGH_PORTS_MAX 32

/* The Ethernet interfaces that carry an interface's frames: see neigh_ports(). */
struct neigh_ports {
	struct neigh_link links[NEIGH_PORTS_MAX];
	size_t count;
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

/* What XDP has to be attached to for the frames of an interface: itself; of a VLAN subinterface what it lies on; of a bond all members, those
 * that are down too. Empty: there is no such interface, or the bond has no member. */
void neigh_ports(const struct neigh *neigh, const char *ifname, struct neigh_ports *ports);

/* The address may not be where it was: a check of it went unanswered. Unless the kernel has heard of its next hop just now, its MAC is asked for anew, with
 * the old one in use until the answer. At most once a second for each next hop. */
void neigh_doubt(struct neigh *neigh, const struct addr *address);

/* Does the interface's driver transmit what XDP redirects to it? (Of a veth that depends on its other end.) True also when the kernel can't say: before
 * Linux 6.3. */
bool neigh_can_transmit(struct neigh *neigh, unsigned ifindex);

/* Is it one of this host's own addresses? True also when the kernel can't say. */
bool neigh_is_local(const struct neigh *neigh, const struct addr *address);

/* Who else is on the link of an address: the bits of the prefix of the route to it, if that is a route of `ifindex` without a gateway; else 0 (also: the
 * kernel could not say). Asks the kernel. */
unsigned neigh_link_bits(struct neigh *neigh, const struct addr *address, unsigned ifindex);

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
