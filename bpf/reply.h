/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * nat and dnat: a target's answer, from its arrival at a SNAT address, or on its way to the
 * client's own, to its client. The one stage that walks to the end by itself: an answer needs no
 * listener, no selection, no next hop; its entry knows all of them.
 *
 * Only destination ports of the SNAT range are looked up at first, so most packets to listeners are
 * spared a look-up that finds nothing. Clients' own ports are any: packets to them are looked up
 * when they turned out to be no listener's, and that only where there are dnat targets.
 */
#ifndef LEAT_BPF_REPLY_H
#define LEAT_BPF_REPLY_H

#include "maps.h"
#include "nat.h"
#include "nexthop.h"
#include "packet.h"
#include "shift.h"
#include "stages.h"
#include "state.h"
#include "target.h"

static __always_inline bool is_snat_port(const struct packet *p)
{
	__u16 port = bpf_ntohs(p->tuple->dport);

	return port >= p->settings->nat_port_first && port <= p->settings->nat_port_last;
}

static __always_inline bool is_expired_reply(const struct packet *p, const struct nlb_reply *r)
{
	return is_older_than(r->last_seen_ns, p->now_ns,
			     state_timeout_ns(p->settings, r->state, r->idle_s));
}

static __always_inline int reply_track(struct packet *p, struct nlb_reply *r)
{
	if (r->last_seen_ns != p->now_ns)
		r->last_seen_ns = p->now_ns;
	if (likely(!may_change_from_target(p->tcp_flags) && !is_sync_due(r->synced_s, p->now_ns)))
		return 0;
	if (!reply_learn(p->tuple, r, p->tcp_flags))
		return 0;
	bpf_map_delete_elem(&replies, p->tuple);
	return NLB_REPLY_NO_FLOW;
}

static __always_inline int reply_back(struct packet *p, const struct nlb_reply *r)
{
	p->macs = &r->link;
	p->odd_tpid = r->flags & NLB_FLOW_ODD_TPID;
	p->ends =
		(struct endpoints){r->client.dst, r->client.src, r->client.dport, r->client.sport};
	return p->egress ? NLB_REPLY_REDIRECT : NLB_REPLY_TX;
}

/* Without settings: a fragment, whose walk ended before. */
static __always_inline bool uses_dnat(const struct packet *p)
{
	return p->settings && p->settings->flags & NLB_SETTINGS_DNAT;
}

/* Who sends into an expired flow is told so (elbv2.md 3.2), and an RST is never answered. */
static __always_inline int reply_expired(const struct packet *p)
{
	return is_tcp(p) && !is_rst(p) ? NLB_RESET_TARGET : NLB_REPLY_NO_FLOW;
}

/* `unknown`: the verdict where there is no such flow. `crosses`: clients of the other family are
 * meant, else they are another stage's (family.h). */
static __always_inline int reply_walk(struct packet *p, int unknown, bool crosses)
{
	struct nlb_reply *r = bpf_map_lookup_elem(&replies, p->tuple);
	int verdict;

	if (!r)
		return unknown;
	if (unlikely(r->shift.flags) && shift_enter(p))
		return NLB_INTERNAL;
	if (unlikely((r->client.family != p->tuple->family) != crosses)) {
		if (!crosses)
			stage_enter(p->ctx, NLB_STAGE_FAMILY);
		return NLB_UNTRANSLATABLE;
	}
	p->now_ns = bpf_ktime_get_coarse_ns();
	if (is_expired_reply(p, r))
		return reply_expired(p);
	if (!target_find(r->target))
		return NLB_TARGET_GONE;
	if (is_ttl_used_up(p))
		return NLB_TTL_EXPIRED;
	p->target_id = r->target;
	verdict = egress(p, r->link.ifindex);
	if (!verdict)
		verdict = reply_track(p, r);
	if (!verdict && p->shifts && r->shift.flags)
		verdict = shift_to_client(p->ctx, p->tuple, r, p->l4_offset);
	return verdict ? verdict : reply_back(p, r);
}

static __always_inline int reply(struct packet *p)
{
	return unlikely(is_snat_port(p)) ? reply_walk(p, 0, false) : 0;
}

/* What is no listener's: an answer of a dnat target, or the stack's, which may route what else the
 * targets send. */
static __always_inline int reply_dnat(struct packet *p)
{
	return uses_dnat(p) ? reply_walk(p, NLB_NOT_OURS, false) : NLB_NOT_OURS;
}

#endif
