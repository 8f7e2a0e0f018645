/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Is the packet of a known flow, and may it go on? Sets flow and target where it does; leaves them
 * NULL where a target is to be chosen; else a verdict. Entries are only read here: what is written
 * waits until the packet is sure to leave (track.h).
 *
 * Exception: a flow that is reset is deleted here, as its RST is the last that is sent for it.
 */
#ifndef LEAT_BPF_FLOW_H
#define LEAT_BPF_FLOW_H

#include "action.h"
#include "listener.h"
#include "maps.h"
#include "nat.h"
#include "packet.h"
#include "stages.h"
#include "state.h"
#include "target.h"

static __always_inline bool is_expired_flow(const struct packet *p, const struct nlb_flow *f)
{
	__u64 timeout_ns = state_timeout_ns(p->settings, f->state, p->idle_s);

	return is_older_than(f->last_seen_ns, p->now_ns, timeout_ns);
}

/* A target is to be chosen, unless the packet is from the middle of a TCP connection and only its
 * flow knew the source port towards the target. `rst_verdict`: an RST is never answered by an RST.
 */
static __always_inline int flow_absent(struct packet *p, int rst_verdict)
{
	p->group = listener_group(p);
	if (!p->group)
		return NLB_INTERNAL;
	if (!is_tcp(p) || is_syn(p) || !is_translating(p->group->forwarding))
		return 0;
	return is_rst(p) ? rst_verdict : NLB_RESET_NO_FLOW;
}

enum fate { FLOW_STAYS, FLOW_MOVES, FLOW_ENDS };

/* The target takes no new flows because it is unhealthy. What becomes of those it has is the target
 * group's choice; what a SYN begins needs no target that may not answer. */
static __always_inline enum fate fate_with_unhealthy(const struct packet *p,
						     const struct nlb_flow *f,
						     const struct nlb_target *target)
{
	const struct nlb_target_group *group =
		bpf_map_lookup_elem(&target_groups, &target->target_group);
	__u32 flags = group ? group->flags : 0;

	if (!is_tcp(p))
		return flags & NLB_GROUP_MOVE_UNHEALTHY ? FLOW_MOVES : FLOW_STAYS;
	if (is_syn(p) && (is_half_open(f->state) || flags & NLB_GROUP_RESET_UNHEALTHY))
		return FLOW_MOVES;
	return flags & NLB_GROUP_RESET_UNHEALTHY && !is_rst(p) ? FLOW_ENDS : FLOW_STAYS;
}

static __always_inline int flow(struct packet *p)
{
	struct nlb_flow *f = bpf_map_lookup_elem(&flows, p->tuple);
	const struct nlb_target *target;
	enum fate fate = FLOW_STAYS;

	p->now_ns = bpf_ktime_get_coarse_ns();
	if (!f)
		return flow_absent(p, NLB_NO_FLOW);
	p->replaces_flow = true;
	if (is_expired_flow(p, f) || (is_syn(p) && is_over(f->state)))
		return flow_absent(p, NLB_NO_FLOW);
	target = target_find(f->target);
	if (!target)
		return flow_absent(p, NLB_TARGET_GONE);
	if (unlikely(!target_takes_new_flows(f->target)))
		fate = fate_with_unhealthy(p, f, target);
	if (fate == FLOW_ENDS) {
		flow_end(p->tuple, f);
		return NLB_RESET_UNHEALTHY;
	}
	if (fate == FLOW_MOVES)
		return flow_absent(p, NLB_NO_FLOW);
	p->flow = f;
	p->target = target;
	p->target_id = f->target;
	return unlikely(f->shift.flags) ? shift_enter(p) : 0;
}

#endif
