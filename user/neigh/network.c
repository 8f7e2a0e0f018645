/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The network that an address lies in, as this host's own routes tell it: who shares the link with
 * a target reaches it, and is reached by it, without a router between them.
 */
#include <linux/rtnetlink.h>

#include "neigh_private.h"

struct question {
	unsigned ifindex;
	unsigned bits;
};

static void on_route(struct nlmsghdr *hdr, void *arg)
{
	struct question *question = arg;
	const struct rtmsg *rtm = nlmsg_data(hdr);
	struct nlattr *tb[RTA_MAX + 1];

	if (hdr->nlmsg_type != RTM_NEWROUTE || !netlink_parse(hdr, sizeof(*rtm), tb, RTA_MAX))
		return;
	if (rtm->rtm_type != RTN_UNICAST || tb[RTA_GATEWAY] || tb[RTA_VIA] || !tb[RTA_OIF] ||
	    nla_get_u32(tb[RTA_OIF]) != question->ifindex)
		return;
	question->bits = rtm->rtm_dst_len;
}

/* RTM_F_FIB_MATCH (Linux 4.13, IPv6 5.2): the route itself is told, rather than what follows from
 * it for this one address. */
unsigned neigh_link_bits(struct neigh *neigh, const struct addr *address, unsigned ifindex)
{
	struct rtmsg rtm = {
		.rtm_family = (unsigned char)address->family,
		.rtm_dst_len = address->family == AF_INET ? 32 : 128,
		.rtm_flags = RTM_F_FIB_MATCH,
	};
	struct nl_msg *msg = netlink_message(RTM_GETROUTE, 0, &rtm, sizeof(rtm));
	struct question question = {.ifindex = ifindex};

	netlink_put_addr(msg, RTA_DST, address);
	return netlink_request(neigh->requests, msg, on_route, &question) ? 0 : question.bits;
}
