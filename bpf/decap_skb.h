/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * tc's half of the work that differs by hook: taking the outer headers off an skb, and sending one
 * on to the alternate target, whose MAC address the kernel finds.
 *
 * A datagram of the other family than its outer header is of another skb->protocol: it comes in
 * once more by the same interface, which sets that (Linux 6.3 could set it in place).
 */
#ifndef LEAT_BPF_DECAP_SKB_H
#define LEAT_BPF_DECAP_SKB_H

#include <linux/pkt_cls.h>

#include "decap_inner.h"

#define FORWARD_TTL 64

/* What the headers need is made linear: some drivers put nothing of a frame into the linear part.
 */
static __always_inline struct decap_frame skb_frame_of(struct __sk_buff *skb)
{
	__u32 wanted = skb->len < DECAP_HEADERS_MAX ? skb->len : DECAP_HEADERS_MAX;

	if ((void *)(long)skb->data + wanted > (void *)(long)skb->data_end)
		bpf_skb_pull_data(skb, wanted);
	return (struct decap_frame){
		.data = (void *)(long)skb->data,
		.data_end = (void *)(long)skb->data_end,
		.bytes = skb->len,
	};
}

static __always_inline int skb_family(const struct __sk_buff *skb)
{
	return skb->protocol == bpf_htons(ETH_P_IP)	? 4
	       : skb->protocol == bpf_htons(ETH_P_IPV6) ? 6
							: 0;
}

static __always_inline __be16 ethertype(int family)
{
	return family == 4 ? bpf_htons(ETH_P_IP) : bpf_htons(ETH_P_IPV6);
}

/* The kernel keeps a sum over the packet up to date (CHECKSUM_COMPLETE), if it is told. */
static __always_inline int skb_write_ecn(struct __sk_buff *skb, const struct tunnel *t, __u16 was,
					 __u16 word)
{
	__be16 before = bpf_htons(was), after = bpf_htons(word);

	if (t->inner_family == 4 &&
	    bpf_l3_csum_replace(skb, t->inner + __builtin_offsetof(struct iphdr, check), before,
				after, 2))
		return -1;
	return bpf_skb_store_bytes(skb, t->inner, &after, 2, BPF_F_RECOMPUTE_CSUM);
}

/* Shrinking leaves no less than a header of the outer family: a short IPv4 datagram in IPv6 is
 * padded first, behind its end. */
static __always_inline int skb_take_off(struct __sk_buff *skb, const struct tunnel *t)
{
	__u32 least = t->inner + (t->outer_family == 6 ? DECAP_IPV6_BYTES : DECAP_IPV4_BYTES);
	__s32 strip = t->inner - t->l3;

	if (skb->len < least && bpf_skb_change_tail(skb, least, 0))
		return -1;
	return bpf_skb_adjust_room(skb, -strip, BPF_ADJ_ROOM_MAC, BPF_F_ADJ_ROOM_FIXED_GSO);
}

static __always_inline int skb_decap(struct __sk_buff *skb, const struct decap_frame *f,
				     const struct tunnel *t, int verdict)
{
	__be16 proto = ethertype(t->inner_family);
	__u16 was = 0;
	int word = inner_ecn(f, t, &was);

	if (word < 0)
		return -word;
	if (word != was && skb_write_ecn(skb, t, was, word))
		return DECAP_EDIT_REFUSED;
	if (skb_take_off(skb, t))
		return DECAP_EDIT_REFUSED;
	if (t->inner_family != t->outer_family &&
	    bpf_skb_store_bytes(skb, ETH_HLEN - 2, &proto, 2, 0))
		return DECAP_EDIT_REFUSED;
	return verdict;
}

/* ---- second hop ---- */

/* The new outer header, whole: IP, UDP, GUE without private data. */
struct forward4 {
	struct iphdr ip;
	__be16 udp[4];
	struct gue_header gue;
} __attribute__((packed));

struct forward6 {
	struct ipv6hdr ip;
	__be16 udp[4];
	struct gue_header gue;
} __attribute__((packed));

static __always_inline void set_tail(__be16 udp[4], struct gue_header *gue, const struct tunnel *t,
				     __be16 sport, __be16 dport)
{
	udp[0] = sport; /* of the flow still */
	udp[1] = dport;
	udp[2] = bpf_htons(GUE_BYTES(0) + t->end - t->inner);
	udp[3] = 0;
	gue->variant_c_hlen = GUE_FIRST_BYTE(GUE_HLEN_NONE);
	gue->proto = t->proto;
	gue->flags = 0;
}

/* Own address of the alternate's family: the one it came to, else the host's. */
static __always_inline bool make_forward4(const struct decap_frame *f, const struct tunnel *t,
					  const struct decap_settings *settings,
					  struct forward4 *to)
{
	const word16 *udp = decap_at(f, t->l4, DECAP_UDP_BYTES);
	const word32 *alternate = decap_at(f, t->alternate, 4);
	const struct iphdr *ip = decap_at(f, t->l3, sizeof(*ip));

	if (!udp || !alternate || !ip)
		return false;
	to->ip.version = 4;
	to->ip.ihl = 5;
	to->ip.tos = t->outer_tos;
	to->ip.tot_len = bpf_htons(sizeof(*to) + t->end - t->inner);
	to->ip.id = 0; /* never fragmented: RFC 6864 4.1 */
	to->ip.frag_off = bpf_htons(0x4000);
	to->ip.ttl = FORWARD_TTL;
	to->ip.protocol = IPPROTO_UDP;
	to->ip.saddr = t->outer_family == 4 ? ip->daddr : settings->source4;
	to->ip.daddr = *alternate;
	to->ip.check = 0;
	to->ip.check = ~csum_fold(csum_words(&to->ip, sizeof(to->ip) / 4));
	set_tail(to->udp, &to->gue, t, udp[0], udp[1]);
	return true;
}

static __always_inline bool make_forward6(const struct decap_frame *f, const struct tunnel *t,
					  const struct decap_settings *settings,
					  struct forward6 *to)
{
	const word16 *udp = decap_at(f, t->l4, DECAP_UDP_BYTES);
	const void *alternate = decap_at(f, t->alternate, 16);
	const struct ipv6hdr *ip = decap_at(f, t->l3, sizeof(*ip));
	const void *source = settings->source6.bytes;

	if (!udp || !alternate || !ip)
		return false;
	if (t->outer_family == 6)
		source = &ip->daddr;
	*(word32 *)&to->ip = bpf_htonl(6u << 28 | (__u32)t->outer_tos << 20);
	to->ip.payload_len = bpf_htons(sizeof(*to) - sizeof(to->ip) + t->end - t->inner);
	to->ip.nexthdr = IPPROTO_UDP;
	to->ip.hop_limit = FORWARD_TTL;
	__builtin_memcpy(&to->ip.saddr, source, 16);
	__builtin_memcpy(&to->ip.daddr, alternate, 16);
	set_tail(to->udp, &to->gue, t, udp[0], udp[1]);
	return true;
}

/* Makes exactly `room` bytes stand before the inner datagram, of protocol `family`. What stands
 * there is never shorter: an alternate's address leaves with its private data. */
static __always_inline int skb_make_room(struct __sk_buff *skb, const struct tunnel *t, int family,
					 __u32 room)
{
	__s32 surplus = t->inner - t->l3 - room;

	if (family != t->outer_family) {
		if (bpf_skb_change_proto(skb, ethertype(family), 0))
			return -1;
		surplus += family == 6 ? DECAP_IPV6_BYTES - DECAP_IPV4_BYTES
				       : DECAP_IPV4_BYTES - DECAP_IPV6_BYTES;
	}
	if (surplus < 0)
		return -1;
	return surplus ? bpf_skb_adjust_room(skb, -surplus, BPF_ADJ_ROOM_MAC, 0) : 0;
}

static __always_inline int skb_forward4(struct __sk_buff *skb, const struct decap_frame *f,
					const struct tunnel *t,
					const struct decap_settings *settings)
{
	struct forward4 to = {};

	if (!make_forward4(f, t, settings, &to) || skb_make_room(skb, t, 4, sizeof(to)) ||
	    bpf_skb_store_bytes(skb, t->l3, &to, sizeof(to), 0))
		return DECAP_FORWARD_REFUSED;
	return DECAP_SECOND_HOP_FORWARDED;
}

static __always_inline int skb_forward6(struct __sk_buff *skb, const struct decap_frame *f,
					const struct tunnel *t,
					const struct decap_settings *settings)
{
	struct forward6 to = {};

	if (!make_forward6(f, t, settings, &to) || skb_make_room(skb, t, 6, sizeof(to)) ||
	    bpf_skb_store_bytes(skb, t->l3, &to, sizeof(to), 0))
		return DECAP_FORWARD_REFUSED;
	return DECAP_SECOND_HOP_FORWARDED;
}

/* In GUE without an alternate, so that there is no third hop. */
static __always_inline int skb_forward(struct __sk_buff *skb, const struct decap_frame *f,
				       const struct tunnel *t)
{
	const struct decap_settings *settings = decap_read_settings();

	if (!settings)
		return DECAP_FORWARD_REFUSED;
	if (t->alternate_family == 4)
		return skb_forward4(skb, f, t, settings);
	return skb_forward6(skb, f, t, settings);
}

#endif
