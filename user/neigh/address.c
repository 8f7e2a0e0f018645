/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * VIPs on interfaces. An address that we put there carries our IFA_PROTO (Linux 5.18), so a
 * leatd that comes back after a crash knows its own addresses from those of the host.
 */
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "neigh_private.h"

#define IFAPROT_LEAT	 76 /* 'L'; the kernel uses 1 to 3 */
#define LIFETIME_FOREVER 0xffffffffU

/* ---- what is there ---- */

struct search {
	const struct addr *address;
	unsigned ifindex;
	bool is_there, is_ours;
};

static void on_address(struct nlmsghdr *hdr, void *arg)
{
	struct search *search = arg;
	unsigned ifindex;
	struct addr addr;
	uint8_t proto;

	if (hdr->nlmsg_type != RTM_NEWADDR ||
	    !netlink_read_address(hdr, &ifindex, &addr, &proto) || ifindex != search->ifindex ||
	    !addr_equal(&addr, search->address))
		return;
	search->is_there = true;
	search->is_ours = proto == IFAPROT_LEAT;
}

static int look_for(struct neigh *neigh, struct search *search)
{
	struct ifaddrmsg ifa = {.ifa_family = (uint8_t)search->address->family};

	return netlink_request(neigh->requests,
			       netlink_message(RTM_GETADDR, NLM_F_DUMP, &ifa, sizeof(ifa)),
			       on_address, search);
}

/* ---- putting and taking ---- */

static struct nl_msg *message(int type, int flags, unsigned ifindex, const struct addr *address)
{
	struct ifaddrmsg ifa = {
		.ifa_family = (uint8_t)address->family,
		.ifa_prefixlen = address->family == AF_INET ? 32 : 128,
		.ifa_scope = RT_SCOPE_UNIVERSE,
		.ifa_index = ifindex,
	};
	struct nl_msg *msg = netlink_message(type, flags, &ifa, sizeof(ifa));

	netlink_put_addr(msg, IFA_LOCAL, address);
	netlink_put_addr(msg, IFA_ADDRESS, address);
	return msg;
}

/* A VIP must not become the source of the host's own packets (health checks, SNAT): IPv6 would
 * choose it by its long prefix unless it is deprecated. IPv4 chooses by subnet and is safe. */
static int put(struct neigh *neigh, unsigned ifindex, const struct addr *address)
{
	struct ifa_cacheinfo deprecated = {.ifa_valid = LIFETIME_FOREVER};
	uint32_t flags = IFA_F_NOPREFIXROUTE;
	uint8_t proto = IFAPROT_LEAT;
	struct nl_msg *msg = message(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, ifindex, address);

	if (address->family == AF_INET6) {
		flags |= IFA_F_NODAD;
		netlink_put(msg, IFA_CACHEINFO, &deprecated, sizeof(deprecated));
	}
	netlink_put(msg, IFA_FLAGS, &flags, sizeof(flags));
	netlink_put(msg, IFA_PROTO, &proto, sizeof(proto));
	return netlink_request(neigh->requests, msg, NULL, NULL);
}

/* The table may not have heard yet of an interface that was just made. Others than the event
 * handler may not change the table, so it is asked for in a table of its own. 0: there is none. */
static unsigned ifindex_of(struct neigh *neigh, const char *ifname)
{
	const struct neigh_link *link;
	struct links now;
	unsigned ifindex = 0;

	links_init(&now);
	if (links_sync(&now, neigh->requests) == 0) {
		link = links_find_name(&now, ifname);
		ifindex = link ? link->ifindex : 0;
	}
	links_fini(&now);
	return ifindex;
}

int neigh_address_add(struct neigh *neigh, const char *ifname, const struct addr *address,
		      bool *was_there, struct err *err)
{
	struct search search = {.address = address, .ifindex = ifindex_of(neigh, ifname)};
	char text[ADDR_TEXT_MAX];
	int ret;

	*was_there = false;
	if (!search.ifindex)
		return err_set(err, -ENODEV, "there is no interface '%s'", ifname);
	ret = look_for(neigh, &search);
	if (ret == 0 && !search.is_there)
		ret = put(neigh, search.ifindex, address);
	if (ret)
		return err_set_errno(err, ret, "can't put address '%s' on interface '%s'",
				     addr_format(address, text), ifname);
	*was_there = search.is_there && !search.is_ours;
	kept_put(&neigh->kept, ifname, address);
	announcement_start(&neigh->announcements, ifname, address);
	return 0;
}

int neigh_address_remove(struct neigh *neigh, const char *ifname, const struct addr *address,
			 struct err *err)
{
	unsigned ifindex = ifindex_of(neigh, ifname);
	char text[ADDR_TEXT_MAX];
	int ret;

	announcement_stop(&neigh->announcements, ifname, address);
	kept_drop(&neigh->kept, ifname, address);
	if (!ifindex)
		return 0;
	ret = netlink_request(neigh->requests, message(RTM_DELADDR, 0, ifindex, address), NULL,
			      NULL);
	if (ret && ret != -EADDRNOTAVAIL && ret != -ENODEV)
		return err_set_errno(err, ret, "can't take address '%s' off interface '%s'",
				     addr_format(address, text), ifname);
	return 0;
}

void neigh_address_announce(struct neigh *neigh, const char *ifname, const struct addr *address)
{
	announcement_start(&neigh->announcements, ifname, address);
}
