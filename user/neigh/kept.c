/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An event only says where to look: by the time it is read, the address may be back, or its
 * interface gone. A storm of events costs one dump of addresses a round.
 */
#include "kept.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "link.h"

struct kept_address {
	struct list node;
	char ifname[16];
	struct addr address;
	unsigned ifindex; /* while checking; 0: nothing to be missed */
	bool is_missing;
};

void kept_init(struct kept_addresses *kept)
{
	list_init(&kept->all);
	kept->is_dirty = false;
}

static void drop(struct kept_address *one)
{
	list_remove(&one->node);
	free(one);
}

void kept_fini(struct kept_addresses *kept)
{
	struct kept_address *one, *tmp;

	list_for_each_safe(one, tmp, &kept->all, node)
		drop(one);
}

static struct kept_address *find(const struct kept_addresses *kept, const char *ifname,
				 const struct addr *address)
{
	struct kept_address *one;

	list_for_each(one, &kept->all, node)
		if (addr_equal(&one->address, address) && strcmp(one->ifname, ifname) == 0)
			return one;
	return NULL;
}

void kept_put(struct kept_addresses *kept, const char *ifname, const struct addr *address)
{
	struct kept_address *one;

	if (find(kept, ifname, address))
		return;
	one = calloc(1, sizeof(*one));
	if (!one)
		abort();
	one->address = *address;
	memcpy(one->ifname, ifname, strnlen(ifname, sizeof(one->ifname) - 1));
	list_append(&kept->all, &one->node);
}

void kept_drop(struct kept_addresses *kept, const char *ifname, const struct addr *address)
{
	struct kept_address *one = find(kept, ifname, address);

	if (one)
		drop(one);
}

/* ---- events ---- */

bool kept_take_event(struct kept_addresses *kept, struct nlmsghdr *hdr)
{
	struct kept_address *one;
	struct addr address;
	unsigned ifindex;

	if (hdr->nlmsg_type != RTM_DELADDR || !netlink_read_address(hdr, &ifindex, &address, NULL))
		return false;
	list_for_each(one, &kept->all, node)
		if (addr_equal(&one->address, &address))
			kept->is_dirty = true;
	return kept->is_dirty;
}

/* ---- looking ---- */

static unsigned ifindex_if_up(const struct links *links, const char *ifname)
{
	const struct neigh_link *link = links_find_name(links, ifname);

	return link && link->is_up ? link->ifindex : 0;
}

static int find_interfaces(struct kept_addresses *kept, struct nl_sock *requests)
{
	struct kept_address *one;
	struct links links;
	int ret;

	links_init(&links);
	ret = links_sync(&links, requests);
	list_for_each(one, &kept->all, node) {
		one->ifindex = ret ? 0 : ifindex_if_up(&links, one->ifname);
		one->is_missing = one->ifindex != 0;
	}
	links_fini(&links);
	return ret;
}

static void on_address(struct nlmsghdr *hdr, void *arg)
{
	struct kept_addresses *kept = arg;
	struct kept_address *one;
	struct addr address;
	unsigned ifindex;

	if (hdr->nlmsg_type != RTM_NEWADDR || !netlink_read_address(hdr, &ifindex, &address, NULL))
		return;
	list_for_each(one, &kept->all, node)
		if (one->ifindex == ifindex && addr_equal(&one->address, &address))
			one->is_missing = false;
}

static void miss_none(struct kept_addresses *kept)
{
	struct kept_address *one;

	list_for_each(one, &kept->all, node)
		one->is_missing = false;
}

int kept_check(struct kept_addresses *kept, struct nl_sock *requests)
{
	struct ifaddrmsg all = {.ifa_family = AF_UNSPEC};
	int ret;

	if (!kept->is_dirty)
		return 0;
	ret = find_interfaces(kept, requests);
	if (!ret)
		ret = netlink_request(requests,
				      netlink_message(RTM_GETADDR, NLM_F_DUMP, &all, sizeof(all)),
				      on_address, kept);
	if (ret)
		miss_none(kept);
	else
		kept->is_dirty = false;
	return ret;
}

bool kept_next_missing(struct kept_addresses *kept, char ifname[16], struct addr *address)
{
	struct kept_address *one;

	list_for_each(one, &kept->all, node) {
		if (!one->is_missing)
			continue;
		one->is_missing = false;
		memcpy(ifname, one->ifname, sizeof(one->ifname));
		*address = one->address;
		return true;
	}
	return false;
}
