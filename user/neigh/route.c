/* SPDX-License-Identifier: BSD-2-Clause */
/* RTM_GETROUTE (rtnetlink(7)): one lookup in the kernel's FIB, rules and policy included. */
#include "route.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>

struct lookup {
	struct route *route;
	bool is_usable;
};

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

static void on_route(struct nlmsghdr *hdr, void *arg)
{
	struct lookup *lookup = arg;
	struct route *route = lookup->route;
	const struct rtmsg *rtm = nlmsg_data(hdr);
	struct nlattr *tb[RTA_MAX + 1];

	if (hdr->nlmsg_type != RTM_NEWROUTE || !netlink_parse(hdr, sizeof(*rtm), tb, RTA_MAX))
		return;
	*route = (struct route){.is_local =
					rtm->rtm_type == RTN_LOCAL || rtm->rtm_type == RTN_ANYCAST};
	lookup->is_usable = route->is_local || rtm->rtm_type == RTN_UNICAST;
	if (tb[RTA_OIF])
		route->ifindex = nla_get_u32(tb[RTA_OIF]);
	if (!netlink_get_addr(tb[RTA_GATEWAY], rtm->rtm_family, &route->gateway))
		get_via(tb[RTA_VIA], &route->gateway);
	netlink_get_addr(tb[RTA_PREFSRC], rtm->rtm_family, &route->source);
	route->mtu = mtu_of(tb[RTA_METRICS]);
}

/* Errors that are answers: what the FIB returns for no, unreachable, prohibit and blackhole routes.
 */
static bool is_no_route(int ret)
{
	return ret == -ENETUNREACH || ret == -EHOSTUNREACH || ret == -EACCES || ret == -EINVAL ||
	       ret == -ENETDOWN;
}

int route_lookup(struct nl_sock *requests, const struct addr *to, struct route *route)
{
	struct lookup lookup = {.route = route};
	struct rtmsg rtm = {
		.rtm_family = (unsigned char)to->family,
		.rtm_dst_len = to->family == AF_INET ? 32 : 128,
	};
	struct nl_msg *msg = netlink_message(RTM_GETROUTE, 0, &rtm, sizeof(rtm));
	int ret;

	netlink_put_addr(msg, RTA_DST, to);
	ret = netlink_request(requests, msg, on_route, &lookup);
	if (ret)
		return is_no_route(ret) ? -ENETUNREACH : ret;
	return lookup.is_usable ? 0 : -ENETUNREACH;
}

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
