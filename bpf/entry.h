/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What the flow table is told of a packet of a client: the one piece of the walk that crosses into
 * global functions, which see no struct packet. And how an entry is made of it.
 */
#ifndef LEAT_BPF_ENTRY_H
#define LEAT_BPF_ENTRY_H

#include "config.h"
#include "maps.h"
#include "packet.h"
#include "state.h"

struct sighting {
	__u64 now_ns;
	__u32 target;	/* id */
	__u16 listener; /* id */
	__u16 sources;
	__be16 vlan_outer;
	__be16 vlan_inner;
	__u16 idle_s;
	__u8 tcp_flags;
	__u8 flags; /* NLB_FLOW_ODD_TPID or 0 */
	/* Of a packet that begins a flow: SIGHT_SEGMENT(), of which nat_open() makes a
	 * SHIFT_BEGIN(). */
	__u64 shift;
};

_Static_assert(NLB_MAX_LISTENERS <= 1 << 16, "a listener's id fits 16 bits");

/* Where the TCP header is, and the bytes of it and its data. */
#define SIGHT_SEGMENT(l4_offset, l4_bytes) ((__u64)(l4_offset) << 32 | (l4_bytes))
#define SIGHT_L4_OFFSET(shift)		   ((__u32)((shift) >> 32) & PACKET_OFFSET_MAX)
#define SIGHT_L4_BYTES(shift)		   ((__u32)(shift))

/* The shift of a new flow, to_client apart; 0: none. */
#define SHIFT_BEGIN(flags, to_target, isn) ((__u64)(flags) << 48 | (__u64)(to_target) << 32 | (isn))
#define SHIFT_REFUSED			   1 /* no flags: no shift */

static __always_inline struct draft *draft_get(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&drafts, &zero);
}

/* A link is the way back to whom the frame came from: the frame's MAC addresses the other way
 * round, its interface and its VLANs. */
static __always_inline int link_fill(struct nlb_link *link, const struct xdp_md *ctx,
				     const struct sighting *seen)
{
	const word16 *eth = frame_at(ctx, 0, ETH_HLEN);
	word32 *words = (word32 *)link;

	if (!eth)
		return NLB_INTERNAL;
	words[0] = eth[3] | (__u32)eth[4] << 16;
	words[1] = eth[5] | (__u32)eth[0] << 16;
	words[2] = eth[1] | (__u32)eth[2] << 16;
	link->ifindex = ctx->ingress_ifindex;
	link->vlan_outer = seen->vlan_outer;
	link->vlan_inner = seen->vlan_inner;
	return 0;
}

/* Whether the frame came as those before it. The priority of a tag may differ from packet to
 * packet. */
static __always_inline bool link_is(const struct nlb_link *known, const struct packet *p)
{
	const word16 *eth = packet_at(p, 0, ETH_HLEN);
	const word32 *words = (const word32 *)known;
	const __u32 vlan_ids = bpf_htonl(0x0fff0fff);
	__u32 differs;

	if (!eth)
		return true;
	differs = words[0] ^ (eth[3] | (__u32)eth[4] << 16);
	differs |= words[1] ^ (eth[5] | (__u32)eth[0] << 16);
	differs |= words[2] ^ (eth[1] | (__u32)eth[2] << 16);
	differs |= known->ifindex ^ p->ctx->ingress_ifindex;
	differs |= (words[4] ^ (p->vlan_outer | (__u32)p->vlan_inner << 16)) & vlan_ids;
	return !differs;
}

static __always_inline int flow_fill(struct nlb_flow *f, const struct xdp_md *ctx,
				     const struct sighting *seen, __u8 protocol)
{
	__builtin_memset(f, 0, sizeof(*f));
	f->last_seen_ns = seen->now_ns;
	f->target = seen->target;
	f->listener = seen->listener;
	f->synced_s = f->created_s = seen->now_ns / NSEC_PER_SEC;
	f->state = protocol == IPPROTO_TCP ? state_first(seen->tcp_flags) : NLB_FLOW_UDP;
	f->flags = seen->flags | (f->state == NLB_FLOW_CLOSING ? NLB_FLOW_FIN_CLIENT : 0);
	f->idle_s = seen->idle_s;
	f->sources = seen->sources;
	return link_fill(&f->link, ctx, seen);
}

#endif
