/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Can the packet be sent where it is to go? All that may forbid it is asked here, before anything
 * is written: the MAC address, the path's MTU, the TTL, the interface.
 */
#ifndef LEAT_BPF_NEXTHOP_H
#define LEAT_BPF_NEXTHOP_H

#include "encap.h"
#include "maps.h"
#include "packet.h"
#include "target.h"
#include "too_big.h"

/* bpf_redirect_map would drop for a missing port as well, but after the packet was counted as sent.
 */
static __always_inline int egress(struct packet *p, __u32 ifindex)
{
	if (ifindex == p->ctx->ingress_ifindex)
		return 0;
	p->egress = ifindex;
	return bpf_map_lookup_elem(&tx_ports, &ifindex) ? 0 : NLB_REDIRECT_NO_PORT;
}

/* Who translates is a router (RFC 1812 5.3.1): a packet that would leave with TTL 0 ends here. */
static __always_inline bool is_ttl_used_up(const struct packet *p)
{
	return p->ttl <= 1;
}

/* What outer headers, or bytes put before the data, leave of a path's MTU. */
static __always_inline __u16 mtu_inside(const struct packet *p, __u16 mtu)
{
	__u32 more = p->target->overhead + p->grows;

	return mtu > more ? mtu - more : 0;
}

/* `bytes`: of the datagram as it leaves, but for outer headers. `mtu_change`: to an MTU, as the
 * sender is to be told it. */
static __always_inline int nexthop_sized(struct packet *p, __u32 bytes, int mtu_change)
{
	__u32 index = READ_ONCE(p->target->nexthop);
	const struct nlb_nexthop *hop = bpf_map_lookup_elem(&nexthops, &index);

	if (!hop || !index || !hop->ifindex)
		return NLB_NO_NEXT_HOP;
	if (hop->mtu && bytes + p->target->overhead + p->grows > hop->mtu)
		return p->is_error ? NLB_MTU_EXCEEDED
				   : too_big(p, mtu_inside(p, hop->mtu) + mtu_change);
	if (is_encapsulated(p) && !encap_has_source(p))
		return NLB_NO_SNAT_ADDRESS;
	if (is_translating(p->target->forwarding) && is_ttl_used_up(p))
		return NLB_TTL_EXPIRED;
	p->macs = hop->dst_mac;
	return egress(p, hop->ifindex);
}

static __always_inline int nexthop(struct packet *p)
{
	return nexthop_sized(p, p->ip_bytes, 0);
}

#endif
