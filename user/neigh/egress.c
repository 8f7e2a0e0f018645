/* SPDX-License-Identifier: BSD-2-Clause */
/* Walks from an interface down to the hardware. */
#include "egress.h"

#include <net/ethernet.h>
#include <string.h>

#include "base/hash.h"

#define DEPTH_MAX	 8 /* interfaces above each other: a bond in a VLAN in a VLAN is three */
#define TAGS_MAX	 2
#define ETHERTYPE_8021AD 0x88a8

struct tags {
	unsigned count;
	uint16_t id[TAGS_MAX], proto[TAGS_MAX]; /* inner first */
};

/* VLAN 0 is no VLAN: a tag with it would only carry a priority. */
static bool push(struct tags *tags, const struct neigh_link *link)
{
	if (!link->vlan_id)
		return true;
	if (tags->count == TAGS_MAX)
		return false;
	tags->id[tags->count] = link->vlan_id;
	tags->proto[tags->count++] = link->vlan_proto;
	return true;
}

/* What lies below all VLANs; NULL: that is not in this network namespace. */
static const struct neigh_link *below_vlans(const struct links *links,
					    const struct neigh_link *link, struct tags *tags,
					    bool *is_supported)
{
	for (unsigned depth = 0; link && strcmp(link->kind, "vlan") == 0; depth++) {
		if (depth == DEPTH_MAX)
			return NULL;
		*is_supported &= push(tags, link);
		link = links_find(links, link->parent);
	}
	return link;
}

/* The program writes 0x8100 on an inner tag and knows these two on an outer one. */
static bool are_known(const struct tags *tags)
{
	const uint16_t outer = tags->count ? tags->proto[tags->count - 1] : ETHERTYPE_VLAN;

	if (tags->count == TAGS_MAX && tags->proto[0] != ETHERTYPE_VLAN)
		return false;
	return outer == ETHERTYPE_VLAN || outer == ETHERTYPE_8021AD;
}

static void set_tags(struct egress *egress, const struct tags *tags)
{
	egress->is_supported &= are_known(tags);
	if (!tags->count)
		return;
	egress->vlan_outer = tags->id[tags->count - 1];
	egress->vlan_proto = tags->proto[tags->count - 1];
	if (tags->count == TAGS_MAX)
		egress->vlan_inner = tags->id[0];
}

/* ---- bonds ---- */

static bool is_bond(const struct neigh_link *link)
{
	return strcmp(link->kind, "bond") == 0;
}

struct choice {
	const struct neigh_link *bond;
	const struct addr *address;
	const struct neigh_link *best;
	uint64_t score;
};

static bool can_transmit(const struct neigh_link *bond, const struct neigh_link *member)
{
	return member->is_up && member->is_active &&
	       (!bond->active || bond->active == member->ifindex);
}

/* The highest score wins: whoever leaves takes only its own addresses along. */
static void consider(const struct neigh_link *link, void *arg)
{
	struct choice *choice = arg;
	uint64_t score;

	if (!link->is_member || link->master != choice->bond->ifindex ||
	    !can_transmit(choice->bond, link))
		return;
	score = hash_fnv1a(0, choice->address, sizeof(*choice->address));
	score = hash_fnv1a(score, link->ifname, strlen(link->ifname));
	score ^= score >> 29; /* the last bytes hardly reach the upper bits */
	score *= 0xbf58476d1ce4e5b9ULL;
	if (choice->best && score <= choice->score)
		return;
	choice->best = link;
	choice->score = score;
}

static const struct neigh_link *member_for(const struct links *links, const struct neigh_link *bond,
					   const struct addr *address)
{
	struct choice choice = {.bond = bond, .address = address};

	links_each(links, consider, &choice);
	return choice.best;
}

/* ---- the door ---- */

void egress_find(const struct links *links, const struct neigh_link *link,
		 const struct addr *address, struct egress *egress)
{
	struct tags tags = {0};
	const struct neigh_link *port;

	*egress = (struct egress){.mtu = link->mtu, .is_supported = true};
	port = below_vlans(links, link, &tags, &egress->is_supported);
	set_tags(egress, &tags);
	if (port && is_bond(port))
		port = member_for(links, port, address);
	if (!port || !port->is_up)
		return;
	egress->port = port->ifindex;
	memcpy(egress->port_name, port->ifname, sizeof(egress->port_name));
	if (port->mtu < egress->mtu)
		egress->mtu = port->mtu;
}

struct collection {
	struct neigh_ports *ports;
	unsigned bond;
};

static void add(struct neigh_ports *ports, const struct neigh_link *link)
{
	if (ports->count < NEIGH_PORTS_MAX)
		ports->links[ports->count++] = *link;
}

static void collect(const struct neigh_link *link, void *arg)
{
	struct collection *collection = arg;

	if (link->is_member && link->master == collection->bond)
		add(collection->ports, link);
}

void egress_ports(const struct links *links, const struct neigh_link *link,
		  struct neigh_ports *ports)
{
	struct collection collection = {.ports = ports};
	bool unused = true;
	struct tags tags = {0};

	ports->count = 0;
	link = below_vlans(links, link, &tags, &unused);
	if (!link)
		return;
	if (!is_bond(link)) {
		add(ports, link);
		return;
	}
	collection.bond = link->ifindex;
	links_each(links, collect, &collection);
}
