/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * nat: a target's answer, from its arrival at a SNAT address to its client. The one stage that
 * walks to the end by itself: an answer needs no listener, no selection, no next hop; its entry
 * knows all of them.
 *
 * Only destination ports of the SNAT range are looked up, so most packets to listeners are spared a
 * look-up that finds nothing.
 */
#ifndef LEAT_BPF_REPLY_H
#define LEAT_BPF_REPLY_H

#include "maps.h"
#include "nat.h"
#include "nexthop.h"
#include "packet.h"
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

static __always_inline int reply(struct packet *p)
{
	struct nlb_reply *r;
	int verdict;

	if (likely(!is_snat_port(p)))
		return 0;
	r = bpf_map_lookup_elem(&replies, p->tuple);
	if (!r)
		return 0;
	p->now_ns = bpf_ktime_get_coarse_ns();
	if (is_expired_reply(p, r))
		return NLB_REPLY_NO_FLOW;
	if (!target_find(r->target))
		return NLB_TARGET_GONE;
	if (is_ttl_used_up(p))
		return NLB_TTL_EXPIRED;
	p->target_id = r->target;
	verdict = egress(p, r->link.ifindex);
	if (!verdict)
		verdict = reply_track(p, r);
	return verdict ? verdict : reply_back(p, r);
}

#endif
