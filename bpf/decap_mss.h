/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The MSS that a target announces: with direct server return it, and not the load balancer, tells
 * the client how long its segments may be. Lowered in SYNs and SYN-ACKs from a VIP, so that a full
 * segment still fits the path to the target with the outer headers on. Never raised, never added.
 */
#ifndef LEAT_BPF_DECAP_MSS_H
#define LEAT_BPF_DECAP_MSS_H

#include "decap_inner.h"

#define MSS_KIND  2
#define MSS_BYTES 4
#define MSS_OPTIONS_MAX \
	10	     /* options looked at before giving up: 40 bytes hold few that are longer */
#define TCP_CHECK 16 /* offset of the checksum */

/* Offset of the MSS option's value in the packet; 0: there is none. */
static __always_inline __u32 mss_find(const struct decap_frame *f, __u32 at, __u32 end)
{
	const __u8 *option;
	int i;

	for (i = 0; i < MSS_OPTIONS_MAX; i++) {
		option = decap_at(f, at, 2);
		if (!option || at + 2 > end || option[0] == 0)
			return 0;
		if (option[0] == MSS_KIND)
			return option[1] == MSS_BYTES && at + MSS_BYTES <= end ? at + 2 : 0;
		if (option[0] != 1 && option[1] < 2)
			return 0;
		at += option[0] == 1 ? 1 : option[1];
	}
	return 0;
}

/* The checksum may be the hardware's to finish: the helper knows. */
static __always_inline int mss_write(struct __sk_buff *skb, __u32 at, __u32 tcp_at, __be16 before,
				     __u16 mss)
{
	__be16 after = bpf_htons(mss);

	/* at an odd offset the option straddles two words of the sum */
	if ((at - tcp_at) & 1) {
		before = __builtin_bswap16(before);
		if (bpf_l4_csum_replace(skb, tcp_at + TCP_CHECK, before, __builtin_bswap16(after),
					2))
			return DECAP_PASSED;
	} else if (bpf_l4_csum_replace(skb, tcp_at + TCP_CHECK, before, after, 2)) {
		return DECAP_PASSED;
	}
	return bpf_skb_store_bytes(skb, at, &after, 2, 0) ? DECAP_EDIT_REFUSED : DECAP_MSS_CLAMPED;
}

static __always_inline int mss_clamp(struct __sk_buff *skb, const struct decap_frame *f,
				     __u32 tcp_at, __u16 limit)
{
	const __u8 *tcp = decap_at(f, tcp_at, DECAP_TCP_BYTES);
	const word16 *value;
	__u32 at;

	if (!tcp || !(tcp[13] & TCP_SYN))
		return DECAP_PASSED;
	at = mss_find(f, tcp_at + DECAP_TCP_BYTES, tcp_at + (tcp[12] >> 4) * 4);
	value = at ? decap_at(f, at, 2) : NULL;
	if (!value || bpf_ntohs(*value) <= limit)
		return DECAP_PASSED;
	return mss_write(skb, at, tcp_at, *value, limit);
}

static __always_inline int mss_ipv4(struct __sk_buff *skb, const struct decap_frame *f, __u32 l3,
				    const struct decap_settings *settings)
{
	const struct iphdr *ip = decap_at(f, l3, sizeof(*ip));
	struct decap_address from;

	if (!ip || !settings->mss4 || ip->protocol != IPPROTO_TCP ||
	    ip->frag_off & bpf_htons(DECAP_OFFSET_ONLY))
		return DECAP_PASSED;
	decap_set_address4(&from, ip->saddr);
	return is_vip(&from) ? mss_clamp(skb, f, l3 + ip->ihl * 4, settings->mss4) : DECAP_PASSED;
}

static __always_inline int mss_ipv6(struct __sk_buff *skb, const struct decap_frame *f, __u32 l3,
				    const struct decap_settings *settings)
{
	const struct ipv6hdr *ip = decap_at(f, l3, sizeof(*ip));
	struct decap_address from;

	if (!ip || !settings->mss6 || ip->nexthdr != IPPROTO_TCP)
		return DECAP_PASSED;
	decap_set_address6(&from, &ip->saddr);
	return is_vip(&from) ? mss_clamp(skb, f, l3 + sizeof(*ip), settings->mss6) : DECAP_PASSED;
}

#endif
