/* SPDX-License-Identifier: BSD-2-Clause */
/* VIPs on loopback: planned, put, taken. */
#include "addresses.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>

#include "netlink.h"

/* ---- the host's own ---- */

struct own_search {
	const struct vips *vips;
	unsigned ifindex;
	struct own_addresses *own;
	bool is_full;
};

static bool may_be_outer(const struct addr *addr)
{
	return !addr_is_loopback(addr) && !addr_is_link_local(addr) && !addr_is_multicast(addr) &&
	       !addr_is_unspecified(addr);
}

static void take_source(struct addr *source, const struct host_address *address)
{
	if (!source->family && address->is_global)
		*source = address->addr;
}

static void on_own(const struct host_address *address, void *arg)
{
	struct own_search *search = arg;
	struct own_addresses *own = search->own;

	if (!may_be_outer(&address->addr) || vips_cover(search->vips, &address->addr))
		return;
	if (own->count == DECAP_MAX_ADDRESSES) {
		search->is_full = true;
		return;
	}
	own->at[own->count++] = address->addr;
	if (address->ifindex == search->ifindex)
		take_source(address->addr.family == AF_INET ? &own->source4 : &own->source6,
			    address);
}

int addresses_find_own(const struct vips *vips, const char *interface, struct own_addresses *own,
		       struct err *err)
{
	struct own_search search = {.vips = vips, .own = own};
	int rc;

	memset(own, 0, sizeof(*own));
	search.ifindex = if_nametoindex(interface);
	rc = netlink_addresses(on_own, &search);
	if (rc)
		return err_set_errno(err, rc, "reading the host's addresses failed");
	if (search.is_full)
		return err_set(err, -E2BIG, "this host has more than %d addresses",
			       DECAP_MAX_ADDRESSES);
	if (!own->count)
		return err_set(err, -ENOENT,
			       "this host has no address of its own that packets could be "
			       "encapsulated to: give one to interface '%s' first",
			       interface);
	return 0;
}

/* ---- a VIP that is an interface's ---- */

struct misplaced {
	const struct vips *vips;
	unsigned lo;
	struct addr addr;
	unsigned ifindex;
};

static void on_misplaced(const struct host_address *address, void *arg)
{
	struct misplaced *misplaced = arg;

	if (address->ifindex == misplaced->lo || !vips_cover(misplaced->vips, &address->addr))
		return;
	misplaced->addr = address->addr;
	misplaced->ifindex = address->ifindex;
}

static int refuse_misplaced(const struct vips *vips, struct err *err)
{
	struct misplaced misplaced = {.vips = vips, .lo = if_nametoindex("lo")};
	char text[ADDR_TEXT_MAX], name[IF_NAMESIZE] = "?";
	int rc = netlink_addresses(on_misplaced, &misplaced);

	if (rc)
		return err_set_errno(err, rc, "reading the host's addresses failed");
	if (!misplaced.ifindex)
		return 0;
	if_indextoname(misplaced.ifindex, name);
	return err_set(err, -EEXIST,
		       "VIP '%s' is an address of interface '%s', which would answer ARP for it in "
		       "the load balancer's place: remove it there",
		       addr_format(&misplaced.addr, text), name);
}

/* ---- plan, put, take ---- */

int addresses_plan(const struct state *before, struct state *state, struct err *err)
{
	char text[VIP_TEXT_MAX];
	size_t i;
	int rc = refuse_misplaced(&state->vips, err);

	for (i = 0; !rc && i < state->vips.count; i++) {
		const struct vip *vip = &state->vips.at[i];
		int is_there = netlink_has_vip(vip);

		if (is_there < 0)
			return err_set_errno(err, is_there, "looking for VIP '%s' failed",
					     vip_format(vip, text));
		if (!is_there || vips_have(&before->added, vip))
			rc = vips_add(&state->added, vip, err);
	}
	return rc;
}

static int put_one(const struct vip *vip, FILE *out, struct err *err)
{
	char text[VIP_TEXT_MAX];
	int rc = netlink_add_vip(vip);

	vip_format(vip, text);
	if (rc == -EEXIST)
		return 0;
	if (rc)
		return err_set_errno(err, rc, "putting VIP '%s' on loopback failed", text);
	fprintf(out, "VIP %s: on loopback\n", text);
	return 0;
}

int addresses_put(const struct state *state, FILE *out, struct err *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; !rc && i < state->added.count; i++)
		rc = put_one(&state->added.at[i], out, err);
	return rc;
}

int addresses_take(const struct vips *added, const struct vips *keep, FILE *out, struct err *err)
{
	char text[VIP_TEXT_MAX];
	int rc = 0, first = 0;
	size_t i;

	for (i = 0; i < added->count; i++) {
		const struct vip *vip = &added->at[i];

		if (keep && vips_have(keep, vip))
			continue;
		rc = netlink_remove_vip(vip);
		vip_format(vip, text);
		if (!rc)
			fprintf(out, "VIP %s: off loopback\n", text);
		else if (rc != -ENOENT && !first)
			first = err_set_errno(err, rc, "taking VIP '%s' off loopback failed", text);
	}
	return first;
}
