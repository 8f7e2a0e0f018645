// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * nlb_ingress: the network data path. Calls the stages in order, and has no logic of its own: a
 * stage returns 0 for "go on", or the verdict that ends the walk. README.md tells the walk; each
 * stage's header says what it decides. Below it the programs that it goes on into (stages.h).
 */
#include "admit.h"
#include "echo.h"
#include "family.h"
#include "flow.h"
#include "icmp.h"
#include "icmp_family.h"
#include "listener.h"
#include "nexthop.h"
#include "packet.h"
#include "parse.h"
#include "reply.h"
#include "rewrite.h"
#include "select.h"
#include "settings.h"
#include "shift.h"
#include "stages.h"
#include "track.h"
#include "verdict.h"

/* From the frame to the verdict, for all but ICMP: the stages in their order. */
static __always_inline int walk(struct packet *p)
{
	int verdict = parse(p);

	if (unlikely(verdict == NLB_OTHER_PROTOCOL) && is_icmp(p))
		stage_enter(p->ctx, NLB_STAGE_ICMP);
	if (!verdict)
		verdict = fragment(p);
	if (!verdict)
		verdict = load_settings(p);
	if (!verdict)
		verdict = reply(p);
	if (!verdict)
		verdict = listener(p);
	if (verdict == NLB_NOT_OURS)
		verdict = reply_dnat(p);
	if (!verdict)
		verdict = local(p);
	if (!verdict)
		verdict = flow(p);
	verdict = admit(p, verdict);
	if (!verdict)
		verdict = shift(p);
	if (!verdict)
		verdict = select_target(p);
	if (!verdict)
		verdict = family(p);
	if (!verdict)
		verdict = nexthop(p);
	if (!verdict)
		verdict = shift_forward(p, track(p));
	count_walk(p, verdict);
	return verdict;
}

SEC("xdp")
int nlb_ingress(struct xdp_md *ctx)
{
	struct nlb_tuple tuple;
	struct packet p = {
		.ctx = ctx,
		.tuple = &tuple,
		.frame_bytes = frame_length(ctx),
	};
	int verdict = walk(&p);

	return verdict_action(&p, edit(&p, verdict));
}

/* The same walk, for connections whose sequence numbers are not the same on both sides. */
SEC("xdp")
int nlb_shift(struct xdp_md *ctx)
{
	struct nlb_tuple tuple;
	struct packet p = {
		.ctx = ctx,
		.tuple = &tuple,
		.frame_bytes = frame_length(ctx),
		.shifts = true,
	};
	int verdict = walk(&p);

	return verdict_action(&p, edit(&p, verdict));
}

/* What is neither TCP nor UDP but may be about them. */
SEC("xdp")
int nlb_icmp(struct xdp_md *ctx)
{
	struct nlb_tuple tuple;
	struct packet p = {
		.ctx = ctx,
		.tuple = &tuple,
		.frame_bytes = frame_length(ctx),
	};
	int verdict = parse(&p);

	if (verdict == NLB_OTHER_PROTOCOL && is_icmp(&p))
		verdict = echo(&p);
	if (verdict == NLB_OTHER_PROTOCOL)
		verdict = icmp(&p);
	if (unlikely(verdict == NLB_UNTRANSLATABLE))
		stage_enter(ctx, NLB_STAGE_ICMP_FAMILY);
	return verdict_action(&p, verdict ? verdict : NLB_INTERNAL);
}

/* Packets of clients and targets of different address families. */
SEC("xdp")
int nlb_family(struct xdp_md *ctx)
{
	struct nlb_tuple tuple;
	struct packet p = {
		.ctx = ctx,
		.tuple = &tuple,
		.frame_bytes = frame_length(ctx),
	};
	int verdict = parse(&p);

	if (!verdict)
		verdict = translatable(&p);
	if (!verdict)
		verdict = load_settings(&p);
	if (!verdict)
		verdict = reply_family(&p);
	if (!verdict)
		verdict = listener(&p);
	if (!verdict)
		verdict = flow(&p);
	if (!verdict)
		verdict = select_target(&p);
	if (!verdict)
		verdict = family_nexthop(&p);
	if (!verdict)
		verdict = track(&p);
	count_walk(&p, verdict);
	return verdict_action(&p, family_edit(&p, verdict));
}

/* ICMP errors about their packets. */
SEC("xdp")
int nlb_icmp_family(struct xdp_md *ctx)
{
	struct nlb_tuple tuple;
	struct packet p = {
		.ctx = ctx,
		.tuple = &tuple,
		.frame_bytes = frame_length(ctx),
	};
	int verdict = parse(&p);

	if (verdict == NLB_OTHER_PROTOCOL)
		verdict = icmp_family(&p);
	return verdict_action(&p, verdict ? verdict : NLB_INTERNAL);
}

char _license[] SEC("license") = "Dual BSD/GPL";
