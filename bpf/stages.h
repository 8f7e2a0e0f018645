/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Programs that the walk goes on into by tail call: packets off the fast path, each kind with a
 * stack and a share of the verifier's patience of its own. A stage starts from the frame: it parses
 * anew and ends the walk, verdict included. Where the call fails the caller goes on.
 *
 * The map is pinned like the others: the kernel empties an array of programs that no process and no
 * pin refers to, and packets have to find their stages while no leatd runs.
 */
#ifndef LEAT_BPF_STAGES_H
#define LEAT_BPF_STAGES_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <leat/nlb_abi.h>

#include "packet.h"

int nlb_icmp(struct xdp_md *ctx);
int nlb_shift(struct xdp_md *ctx);
int nlb_family(struct xdp_md *ctx);
int nlb_icmp_family(struct xdp_md *ctx);

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, NLB_MAX_STAGES);
	__uint(key_size, sizeof(__u32));
	__array(values, int(void *));
} stages SEC(".maps") = {
	.values =
		{
			[NLB_STAGE_ICMP] = (void *)&nlb_icmp,
			[NLB_STAGE_SHIFT] = (void *)&nlb_shift,
			[NLB_STAGE_FAMILY] = (void *)&nlb_family,
			[NLB_STAGE_ICMP_FAMILY] = (void *)&nlb_icmp_family,
		},
};

/* Returns only where there is no such program. In the main function alone: elsewhere the kernel
 * would allow half the stack (check_max_stack_depth). */
static __always_inline void stage_enter(struct xdp_md *ctx, enum nlb_stage stage)
{
	bpf_tail_call(ctx, &stages, stage);
}

/* A packet whose numbers are shifted is nlb_shift's (shift.h): goes there, unless this is it.
 * Without that program the packet must not leave. */
static __always_inline int shift_enter(const struct packet *p)
{
	if (p->shifts)
		return 0;
	stage_enter(p->ctx, NLB_STAGE_SHIFT);
	return NLB_INTERNAL;
}

#endif
