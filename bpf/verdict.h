/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The end of every walk: counts the verdict and turns it into what the kernel is to do. The only
 * file that names XDP_*.
 */
#ifndef LEAT_BPF_VERDICT_H
#define LEAT_BPF_VERDICT_H

#include "maps.h"
#include "packet.h"
#include "rewrite.h"

enum action {
	ACTION_PASS = XDP_PASS,
	ACTION_DROP = XDP_DROP,
	ACTION_TX = XDP_TX,
	ACTION_REDIRECT = XDP_REDIRECT,
};

static __always_inline int action_of(int verdict)
{
	switch (verdict) {
#define X(id, name, action, help) \
	case NLB_##id:            \
		return ACTION_##action;
		NLB_VERDICTS(X)
#undef X
	}
	return XDP_DROP;
}

static __always_inline void count_verdict(const struct packet *p, __u32 verdict)
{
	struct nlb_count *count = bpf_map_lookup_elem(&verdict_stats, &verdict);

	if (!count)
		return;
	count->packets++;
	count->bytes += p->frame_bytes;
}

static __always_inline void count_listener(const struct packet *p, int verdict)
{
	struct nlb_listener_count *count = bpf_map_lookup_elem(&listener_stats, &p->listener->id);

	if (!count)
		return;
	if (!is_forward(verdict) && verdict != NLB_LOCAL) {
		count->dropped++;
		return;
	}
	count->packets++;
	count->bytes += p->frame_bytes;
	count->new_flows += p->is_new_flow;
}

static __always_inline void count_target(const struct packet *p, int verdict)
{
	__u32 index = NLB_TARGET_INDEX(p->target_id);
	struct nlb_target_count *count = bpf_map_lookup_elem(&target_stats, &index);

	if (!count)
		return;
	if (is_reply(verdict)) {
		count->reply_packets++;
		count->reply_bytes += p->frame_bytes;
	} else if (is_forward(verdict)) {
		count->packets++;
		count->bytes += p->frame_bytes;
		count->new_flows += p->is_new_flow;
	} else if (verdict == NLB_NAT_PORTS_EXHAUSTED) {
		count->ports_exhausted++;
	}
}

/* What the walk decided, for the listener and the target. Asked before the packet is edited: little
 * is left to remember then. */
static __always_inline void count_walk(const struct packet *p, int verdict)
{
	if (p->listener)
		count_listener(p, verdict);
	if (p->target_id)
		count_target(p, verdict);
}

static __always_inline int verdict_action(const struct packet *p, int verdict)
{
	int action = action_of(verdict);

	count_verdict(p, verdict);
	return action == XDP_REDIRECT ? bpf_redirect_map(&tx_ports, p->egress, XDP_DROP) : action;
}

#endif
