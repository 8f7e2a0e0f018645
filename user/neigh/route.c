/* SPDX-License-Identifier: BSD-2-Clause */
/* RTM_GETROUTE (rtnetlink(7)): one lookup in the kernel's FIB, rules and policy included. */
#include "route.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "base/base.h"

/* RTA_VIA: a gateway of the other family (RFC 5549 style). */
static bool get_via(struct nlattr *attr, struct addr *gateway)
{
	const struct rtvia *via;
	size_t len;

	if (!attr || nla_len(attr) < (int)sizeof(*via))
		return false;
	via = nla_data(attr);
	len = via->rtvia_family == AF_INET ? 4 : 16;
	if (nla_len(attr) < (int)(sizeof(*via) + len))
		return false;
	*gateway = (struct addr){.family = via->rtvia_family};
	memcpy(gateway->bytes, via->rtvia_addr, len);
	return true;
}

static unsigned mtu_of(struct nlattr *metrics)
{
	struct nlattr *tb[RTAX_MAX + 1];

	if (!metrics || nla_parse_nested(tb, RTAX_MAX, metrics, NULL) < 0 || !tb[RTAX_MTU])
		return 0;
	return nla_get_u32(tb[RTAX_MTU]);
}

/* ---- one lookup ---- */

static enum route_answer answer_of(unsigned char type)
{
	switch (type) {
	case RTN_UNICAST:
		return ROUTE_FOUND;
	case RTN_LOCAL:
	case RTN_ANYCAST:
		return ROUTE_LOCAL;
	case RTN_BLACKHOLE:
		return ROUTE_BLACKHOLE;
	case RTN_UNREACHABLE:
		return ROUTE_UNREACHABLE;
	case RTN_PROHIBIT:
		return ROUTE_PROHIBITED;
	default: /* broadcast, multicast */
		return ROUTE_NONE;
	}
}

static void on_route(struct nlmsghdr *hdr, void *arg)
{
	struct route *route = arg;
	const struct rtmsg *rtm = nlmsg_data(hdr);
	struct nlattr *tb[RTA_MAX + 1];

	if (hdr->nlmsg_type != RTM_NEWROUTE || !netlink_parse(hdr, sizeof(*rtm), tb, RTA_MAX))
		return;
	*route = (struct route){.answer = answer_of(rtm->rtm_type)};
	if (tb[RTA_OIF])
		route->ifindex = nla_get_u32(tb[RTA_OIF]);
	if (!netlink_get_addr(tb[RTA_GATEWAY], rtm->rtm_family, &route->gateway))
		get_via(tb[RTA_VIA], &route->gateway);
	netlink_get_addr(tb[RTA_PREFSRC], rtm->rtm_family, &route->source);
	route->mtu = mtu_of(tb[RTA_METRICS]);
}

/* Errors that are answers: what the FIB returns where a route says so, or where there is none. */
static const struct {
	int error;
	enum route_answer answer;
} answers[] = {
	{-ENETUNREACH, ROUTE_NONE},  {-ENETDOWN, ROUTE_NONE},	 {-EHOSTUNREACH, ROUTE_UNREACHABLE},
	{-EACCES, ROUTE_PROHIBITED}, {-EINVAL, ROUTE_BLACKHOLE},
};

static int take_error(int ret, struct route *route)
{
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		if (answers[i].error != ret)
			continue;
		*route = (struct route){.answer = answers[i].answer};
		return 0;
	}
	return ret;
}

static struct nl_msg *question(const struct addr *to, unsigned flags)
{
	struct rtmsg rtm = {
		.rtm_family = (unsigned char)to->family,
		.rtm_dst_len = to->family == AF_INET ? 32 : 128,
		.rtm_flags = flags,
	};
	struct nl_msg *msg = netlink_message(RTM_GETROUTE, 0, &rtm, sizeof(rtm));

	netlink_put_addr(msg, RTA_DST, to);
	return msg;
}

int route_lookup(struct nl_sock *requests, const struct addr *to, unsigned ifindex,
		 struct route *route)
{
	struct nl_msg *msg = question(to, 0);
	uint32_t oif = ifindex;
	int ret;

	*route = (struct route){.answer = ROUTE_NONE};
	if (ifindex)
		netlink_put(msg, RTA_OIF, &oif, sizeof(oif));
	ret = netlink_request(requests, msg, on_route, route);
	return ret ? take_error(ret, route) : 0;
}

/* ---- multipath ---- */

struct hop_list {
	struct route_hop *hops;
	size_t count;
};

static void add_hop(struct hop_list *list, const struct rtnexthop *nexthop, int family)
{
	struct route_hop *hop = &list->hops[list->count];
	struct nlattr *tb[RTA_MAX + 1];
	int len = nexthop->rtnh_len - (int)RTNH_LENGTH(0);

	if (nexthop->rtnh_flags & (RTNH_F_DEAD | RTNH_F_LINKDOWN) || list->count == ROUTE_HOPS_MAX)
		return;
	if (nla_parse(tb, RTA_MAX, (struct nlattr *)RTNH_DATA(nexthop), len, NULL) < 0)
		return;
	*hop = (struct route_hop){
		.ifindex = (unsigned)nexthop->rtnh_ifindex,
		.weight = nexthop->rtnh_hops + 1U,
	};
	if (!netlink_get_addr(tb[RTA_GATEWAY], family, &hop->gateway))
		get_via(tb[RTA_VIA], &hop->gateway);
	list->count++;
}

static void on_multipath(struct nlmsghdr *hdr, void *arg)
{
	const struct rtmsg *rtm = nlmsg_data(hdr);
	struct nlattr *tb[RTA_MAX + 1];
	struct rtnexthop *nexthop;
	int len;

	if (hdr->nlmsg_type != RTM_NEWROUTE || !netlink_parse(hdr, sizeof(*rtm), tb, RTA_MAX) ||
	    !tb[RTA_MULTIPATH])
		return;
	nexthop = nla_data(tb[RTA_MULTIPATH]);
	len = nla_len(tb[RTA_MULTIPATH]);
	/* RTNH_OK alone reads the length of what may lie behind the end. */
	for (; len >= (int)sizeof(*nexthop) && RTNH_OK(nexthop, len);
	     len -= RTNH_ALIGN(nexthop->rtnh_len), nexthop = RTNH_NEXT(nexthop))
		add_hop(arg, nexthop, rtm->rtm_family);
}

size_t route_hops(struct nl_sock *requests, const struct addr *to,
		  struct route_hop hops[ROUTE_HOPS_MAX])
{
	struct hop_list list = {.hops = hops};

	if (netlink_request(requests, question(to, RTM_F_FIB_MATCH), on_multipath, &list))
		return 0;
	return list.count;
}

/* ---- events ---- */

void route_event_prefix(struct nlmsghdr *hdr, struct prefix *prefix)
{
	const struct rtmsg *rtm = nlmsg_data(hdr);
	struct nlattr *tb[RTA_MAX + 1];

	*prefix = (struct prefix){0};
	if (!netlink_parse(hdr, sizeof(*rtm), tb, RTA_MAX) ||
	    rtm->rtm_dst_len > (rtm->rtm_family == AF_INET ? 32 : 128))
		return;
	if (rtm->rtm_dst_len == 0)
		prefix->addr.family = rtm->rtm_family;
	else if (netlink_get_addr(tb[RTA_DST], rtm->rtm_family, &prefix->addr))
		prefix->bits = rtm->rtm_dst_len;
}

bool prefix_covers(const struct prefix *prefix, const struct addr *addr)
{
	unsigned whole = prefix->bits / 8, rest = prefix->bits % 8;

	if (!addr_is_set(&prefix->addr))
		return true;
	if (prefix->addr.family != addr->family ||
	    memcmp(prefix->addr.bytes, addr->bytes, whole) != 0)
		return false;
	return rest == 0 || (prefix->addr.bytes[whole] ^ addr->bytes[whole]) >> (8 - rest) == 0;
}
