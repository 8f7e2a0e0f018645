/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What the flow table learns from a packet that is sure to be sent to its target: a new entry, or
 * time, state and link of the one there is. For nat and dnat also the source towards the target.
 */
#ifndef LEAT_BPF_TRACK_H
#define LEAT_BPF_TRACK_H

#include "entry.h"
#include "maps.h"
#include "nat.h"
#include "open.h"
#include "packet.h"
#include "state.h"
#include "target.h"

static __always_inline bool is_translated(const struct packet *p)
{
	return is_translating(p->target->forwarding);
}

static __always_inline struct sighting sighting(const struct packet *p)
{
	struct sighting seen = {
		.now_ns = p->now_ns,
		.target = p->target_id,
		.listener = p->listener->id,
		.vlan_outer = p->vlan_outer,
		.vlan_inner = p->vlan_inner,
		.idle_s = p->idle_s,
		.sources = p->listener->sources,
		.tcp_flags = p->tcp_flags,
		.flags = p->odd_tpid,
	};

	return seen;
}

/* l2 needs no entry to find the target, only to stay on it: a SYN goes by the hash alone, so that a
 * flood of them leaves nothing, and where the table refuses an entry the packet goes by the hash as
 * well. */
static __always_inline int track_new_l2(struct packet *p, const struct sighting *seen)
{
	if (!(p->tcp_flags & (TCP_SYN | TCP_RST)))
		p->is_new_flow = l2_open(p->ctx, p->tuple, seen);
	else if (p->replaces_flow)
		bpf_map_delete_elem(&flows, p->tuple);
	return 0;
}

static __always_inline void translate_from(struct packet *p, const void *snat, __be16 port)
{
	p->ends = (struct endpoints){snat, p->target->address, port,
				     nat_target_port(p->target, p->tuple)};
}

static __always_inline int track_new_nat(struct packet *p, struct sighting *seen)
{
	int source = nat_open(p->ctx, p->tuple, seen);
	const struct nlb_snat *snat;
	__u32 index;

	if (source < 0)
		return -source;
	p->is_new_flow = true;
	index = NAT_SOURCE_SNAT(source);
	if (index == NAT_SNAT_OWN) {
		translate_from(p, p->tuple->src, NAT_SOURCE_PORT(source));
		return 0;
	}
	snat = bpf_map_lookup_elem(&snats, &index);
	if (!snat)
		return NLB_INTERNAL;
	translate_from(p, snat->address, NAT_SOURCE_PORT(source));
	return 0;
}

static __always_inline int track_new(struct packet *p)
{
	struct sighting seen = sighting(p);

	seen.shift = SIGHT_SEGMENT(p->l4_offset, l3_offset(p) + p->ip_bytes - p->l4_offset);
	return is_translated(p) ? track_new_nat(p, &seen) : track_new_l2(p, &seen);
}

static __always_inline bool tells_news(const struct packet *p, const struct nlb_flow *f)
{
	return may_change_from_client(f->state, p->tcp_flags) || f->idle_s != p->idle_s ||
	       f->listener != p->listener->id || (f->flags & NLB_FLOW_ODD_TPID) != p->odd_tpid ||
	       !link_is(&f->link, p) || (f->snat_port && is_sync_due(f->synced_s, p->now_ns));
}

static __always_inline int track_known(struct packet *p)
{
	struct nlb_flow *f = p->flow;
	struct sighting seen;

	if (is_translated(p))
		translate_from(p, f->snat, f->snat_port);
	if (f->last_seen_ns != p->now_ns) /* else the line stays shared between CPUs */
		f->last_seen_ns = p->now_ns;
	if (likely(!tells_news(p, f)))
		return 0;
	seen = sighting(p);
	if (!flow_learn(p->ctx, p->tuple, f, &seen))
		return 0;
	bpf_map_delete_elem(&flows, p->tuple);
	return NLB_NAT_PORT_LOST;
}

/* The last stage of the way to a target. */
static __always_inline int track(struct packet *p)
{
	int verdict = likely(p->flow) ? track_known(p) : track_new(p);

	if (verdict)
		return verdict;
	return p->egress ? NLB_FORWARD_REDIRECT : NLB_FORWARD_TX;
}

#endif
