/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a frame for an interface really leaves the host: VLAN subinterfaces and bonds have no XDP transmit of their own, so they are resolved to
 * an Ethernet interface and tags. Pure: only the table of links is asked, so a test can write down any host it likes.
 */
#ifndef LEAT_NEIGH_EGRESS_H
#define LEAT_NEIGH_EGRESS_H

#include "link.h"

struct egress {
	unsigned port; /* ifindex; 0: nothing can transmit now */
	char port_name[16];
	unsigned mtu; /* the smallest on the way down */
	uint16_t vlan_proto, vlan_outer, vlan_inner; /* as in struct neigh_path */
	bool is_supported; /* false: the tags are not such as Leat can put on */
};

/* Of a bond's members that can transmit, `address` always gets the same one, and another only when that one fails. */
void egress_find(const struct links *links, const struct neigh_link *link, const struct addr *address, struct egress *egress);

/* See neigh_ports(). */
void egress_ports(const struct links *links, const struct neigh_link *link, struct neigh_ports *ports);

#endif
