/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The end of every walk: counts the verdict and turns it into what the kernel is to do at each
 * hook. The only file of decapsulation that names XDP_* and TC_ACT_*.
 */
#ifndef LEAT_BPF_DECAP_VERDICT_H
#define LEAT_BPF_DECAP_VERDICT_H

#include <linux/pkt_cls.h>

#include "decap_frame.h"

enum decap_action { DECAP_DO_PASS, DECAP_DO_DECAP, DECAP_DO_DROP, DECAP_DO_FORWARD };

static __always_inline enum decap_action decap_action_of(int verdict)
{
	switch (verdict) {
#define X(id, name, action, help) \
	case DECAP_##id:          \
		return DECAP_DO_##action;
		DECAP_VERDICTS(X)
#undef X
	}
	return DECAP_DO_DROP;
}

static __always_inline void decap_count(__u32 verdict, __u32 bytes)
{
	struct decap_count *count = bpf_map_lookup_elem(&decap_stats, &verdict);

	if (!count)
		return;
	count->packets++;
	count->bytes += bytes;
}

/* XDP does not send on: the kernel's neighbour table is tc's to ask. The packet goes there as it
 * came and is counted there. */
static __always_inline int decap_xdp_action(int verdict, __u32 bytes)
{
	if (verdict == DECAP_SECOND_HOP_FORWARDED)
		return XDP_PASS;
	decap_count(verdict, bytes);
	return decap_action_of(verdict) == DECAP_DO_DROP ? XDP_DROP : XDP_PASS;
}

/* A packet that decap_tc has sent in once more, of the other family now: it has its verdict. The
 * mark is the kernel's word for classifiers; nothing on the wire sets it. */
#define DECAP_COMES_AGAIN 0x1ea7

static __always_inline bool decap_comes_again(struct __sk_buff *skb)
{
	if (skb->tc_index != DECAP_COMES_AGAIN)
		return false;
	skb->tc_index = 0;
	return true;
}

/* Other filters of the interface have their say about what passes. */
static __always_inline int decap_next_filter(void)
{
	return TC_ACT_UNSPEC;
}

static __always_inline int decap_tc_action(struct __sk_buff *skb, const struct tunnel *t,
					   int verdict, __u32 bytes)
{
	enum decap_action action = decap_action_of(verdict);

	decap_count(verdict, bytes);
	if (action == DECAP_DO_DROP)
		return TC_ACT_SHOT;
	if (action == DECAP_DO_FORWARD)
		return bpf_redirect_neigh(skb->ifindex, NULL, 0, 0);
	if (action == DECAP_DO_DECAP && t->inner_family != t->outer_family) {
		skb->tc_index = DECAP_COMES_AGAIN;
		return bpf_redirect(skb->ifindex, BPF_F_INGRESS);
	}
	return decap_next_filter();
}

static __always_inline int decap_egress_action(int verdict, __u32 bytes)
{
	if (verdict == DECAP_PASSED)
		return decap_next_filter();
	decap_count(verdict, bytes);
	return decap_action_of(verdict) == DECAP_DO_DROP ? TC_ACT_SHOT : decap_next_filter();
}

#endif
