// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * The target's side of the modes ipip and gue: takes the outer headers off packets to a VIP, so
 * that no tunnel device is needed. Two programs do the same at two hooks, one is attached to an
 * interface (with the second hop: both); a third lowers the MSS of what goes out. Calls the stages
 * in order, has no logic of its own. user/target/README.md tells which hook is used when.
 */
#include "decap_inner.h"
#include "decap_local.h"
#include "decap_mss.h"
#include "decap_outer.h"
#include "decap_skb.h"
#include "decap_verdict.h"
#include "decap_xdp.h"

SEC("xdp.frags")
int decap_xdp(struct xdp_md *ctx)
{
	struct decap_frame f = xdp_frame_of(ctx);
	struct tunnel t = {};
	int family = 0, verdict = DECAP_PASSED;

	t.l3 = xdp_find_ip(&f, &family);
	if (t.l3)
		verdict = decap_outer(&f, &t, family);
	if (!verdict)
		verdict = decap_inner(&f, &t);
	if (!verdict)
		verdict = decap_local(ctx, &f, &t);
	if (decap_action_of(verdict) == DECAP_DO_DECAP)
		verdict = xdp_decap(ctx, &f, &t, verdict);
	return decap_xdp_action(verdict, f.bytes);
}

SEC("tc")
int decap_tc(struct __sk_buff *skb)
{
	struct tunnel t = {.l3 = ETH_HLEN};
	int family = skb_family(skb), verdict = DECAP_PASSED;
	struct decap_frame f;

	if (decap_comes_again(skb))
		return decap_next_filter();
	f = skb_frame_of(skb);
	if (family)
		verdict = decap_outer(&f, &t, family);
	if (!verdict && t.is_gue && skb->gso_size)
		verdict = DECAP_MERGED;
	if (!verdict)
		verdict = decap_inner(&f, &t);
	if (!verdict)
		verdict = decap_local(skb, &f, &t);
	if (decap_action_of(verdict) == DECAP_DO_DECAP)
		verdict = skb_decap(skb, &f, &t, verdict);
	else if (verdict == DECAP_SECOND_HOP_FORWARDED)
		verdict = skb_forward(skb, &f, &t);
	return decap_tc_action(skb, &t, verdict, f.bytes);
}

SEC("tc")
int decap_mss(struct __sk_buff *skb)
{
	const struct decap_settings *settings = decap_read_settings();
	int family = skb_family(skb), verdict = DECAP_PASSED;
	struct decap_frame f;

	if (!settings || !family)
		return decap_egress_action(verdict, 0);
	f = skb_frame_of(skb);
	verdict = family == 4 ? mss_ipv4(skb, &f, ETH_HLEN, settings)
			      : mss_ipv6(skb, &f, ETH_HLEN, settings);
	return decap_egress_action(verdict, f.bytes);
}

char _license[] SEC("license") = "Dual BSD/GPL";
