/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The edits, after every decision: VLAN tags and MAC addresses, and for nat and dnat addresses,
 * ports, TTL and checksums. One place for both directions. What can fail (moving the frame's head)
 * comes first, so a packet is never half edited when it is dropped.
 *
 * A frame to a target carries the tags of its next hop (none, unless the way there leads through
 * VLAN subinterfaces). An answer carries those that its client's frames carry.
 */
#ifndef LEAT_BPF_REWRITE_H
#define LEAT_BPF_REWRITE_H

#include "csum.h"
#include "encap.h"
#include "mss.h"
#include "packet.h"
#include "parse.h"
#include "reset.h"
#include "too_big.h"

static __always_inline int move_head(struct packet *p, __u32 tags)
{
	int fewer = (int)(p->tags - tags) * (int)sizeof(struct vlan_tag);

	if (bpf_xdp_adjust_head(p->ctx, fewer))
		return NLB_INTERNAL;
	p->tags = tags;
	p->l4_offset = (p->l4_offset - fewer) & PACKET_OFFSET_MAX;
	return 0;
}

/* EtherType and tags: [TPID TCI]* EtherType from byte 12 on. */
static __always_inline int write_tags(struct packet *p, __be16 outer, __be16 inner)
{
	__be16 one_tag = p->odd_tpid ? bpf_htons(ETH_P_8021AD) : bpf_htons(ETH_P_8021Q);
	__be16 two_tags = p->odd_tpid ? bpf_htons(ETH_P_8021Q) : bpf_htons(ETH_P_8021AD);
	__be16 proto = is_ipv4(p) ? bpf_htons(ETH_P_IP) : bpf_htons(ETH_P_IPV6);
	word16 *words = packet_at(p, 2 * ETH_ALEN, 10);

	if (!words)
		return NLB_INTERNAL;
	if (p->tags == 0) {
		words[0] = proto;
	} else if (p->tags == 1) {
		words[0] = one_tag;
		words[1] = outer ? outer : inner;
		words[2] = proto;
	} else {
		words[0] = two_tags;
		words[1] = outer;
		words[2] = bpf_htons(ETH_P_8021Q);
		words[3] = inner;
		words[4] = proto;
	}
	return 0;
}

static __always_inline int rewrite_tags(struct packet *p, __be16 outer, __be16 inner)
{
	__u32 tags = !!outer + !!inner;

	if (likely(!(p->tags | tags)))
		return 0;
	if (tags != p->tags && move_head(p, tags))
		return NLB_INTERNAL;
	return write_tags(p, outer, inner);
}

/* p->macs lies in the next hop here. */
static __always_inline int rewrite_tags_to_target(struct packet *p)
{
	const struct nlb_nexthop *hop = p->macs - __builtin_offsetof(struct nlb_nexthop, dst_mac);
	__be16 usual = hop->vlan_inner ? bpf_htons(ETH_P_8021AD) : bpf_htons(ETH_P_8021Q);

	if (unlikely(hop->vlan_outer)) /* every decision that the client's TPID had a say in has fallen */
		p->odd_tpid = hop->vlan_outer_proto != usual;
	return rewrite_tags(p, hop->vlan_outer, hop->vlan_inner);
}

static __always_inline int rewrite_macs(struct packet *p)
{
	const word32 *macs = p->macs;
	word32 *eth = packet_at(p, 0, ETH_HLEN);

	if (!eth)
		return NLB_INTERNAL;
	eth[0] = macs[0];
	eth[1] = macs[1];
	eth[2] = macs[2];
	return 0;
}

static __always_inline int rewrite_ipv4(struct packet *p, const struct endpoints *to, __u64 change)
{
	struct iphdr *ip = packet_at(p, l3_offset(p), sizeof(*ip));

	if (!ip)
		return NLB_INTERNAL;
	change += (__u16)~bpf_htons(ip->ttl << 8);
	ip->ttl--;
	change += bpf_htons(ip->ttl << 8);
	ip->check = csum_apply(ip->check, change);
	ip->saddr = *(const word32 *)to->src;
	ip->daddr = *(const word32 *)to->dst;
	return 0;
}

static __always_inline int rewrite_ipv6(struct packet *p, const struct endpoints *to)
{
	struct ipv6hdr *ip = packet_at(p, l3_offset(p), sizeof(*ip));
	word32 *addresses;
	const word32 *src = to->src, *dst = to->dst;
	int i;

	if (!ip)
		return NLB_INTERNAL;
	ip->hop_limit--;
	addresses = (word32 *)&ip->saddr;
#pragma unroll
	for (i = 0; i < 4; i++) {
		addresses[i] = src[i];
		addresses[4 + i] = dst[i];
	}
	return 0;
}

static __always_inline int rewrite_tcp(struct packet *p, const struct endpoints *to, __u64 change)
{
	word16 *tcp = packet_at(p, p->l4_offset, TCP_HEADER_MIN);

	if (!tcp)
		return NLB_INTERNAL;
	tcp[0] = to->sport;
	tcp[1] = to->dport;
	tcp[8] = csum_apply(tcp[8], change);
	return 0;
}

/* A checksum of 0 means that there is none, and stays (RFC 768; RFC 6935 for IPv6); one that comes
 * out as 0 is sent as 0xffff. */
static __always_inline int rewrite_udp(struct packet *p, const struct endpoints *to, __u64 change)
{
	struct udp_header *udp = packet_at(p, p->l4_offset, UDP_HEADER);

	if (!udp)
		return NLB_INTERNAL;
	udp->source = to->sport;
	udp->dest = to->dport;
	if (udp->check) {
		udp->check = csum_apply(udp->check, change);
		if (!udp->check)
			udp->check = 0xffff;
	}
	return 0;
}

/* Addresses, ports and TTL, with the checksums that cover them. What is replaced is known from the
 * tuple. */
static __always_inline int rewrite_endpoints(struct packet *p, const struct endpoints *to)
{
	const struct nlb_tuple *from = p->tuple;
	__u64 change;
	int verdict;

	if (is_ipv4(p)) {
		change = csum_change(from->src, to->src, 1) + csum_change(from->dst, to->dst, 1);
		verdict = rewrite_ipv4(p, to, change);
	} else {
		change = csum_change(from->src, to->src, 4) + csum_change(from->dst, to->dst, 4);
		verdict = rewrite_ipv6(p, to);
	}
	if (verdict)
		return verdict;
	change += (__u16)~from->sport + (__u64)to->sport + (__u16)~from->dport + to->dport;
	return is_tcp(p) ? rewrite_tcp(p, to, change) : rewrite_udp(p, to, change);
}

static __always_inline bool is_forward(int verdict)
{
	return verdict == NLB_FORWARD_TX || verdict == NLB_FORWARD_REDIRECT;
}

static __always_inline bool is_reply(int verdict)
{
	return verdict == NLB_REPLY_TX || verdict == NLB_REPLY_REDIRECT;
}

static __always_inline int rewrite(struct packet *p, int verdict)
{
	const struct nlb_link *link = p->macs;
	int error;

	if (!link)
		return NLB_INTERNAL;
	error = is_reply(verdict) ? rewrite_tags(p, link->vlan_outer, link->vlan_inner)
				  : rewrite_tags_to_target(p);
	if (!error && !p->ends.src && is_encapsulated(p))
		error = encap(p);
	if (error || rewrite_macs(p))
		return NLB_INTERNAL;
	if (p->ends.src && rewrite_endpoints(p, &p->ends))
		return NLB_INTERNAL;
	if (unlikely(p->tcp_flags & TCP_SYN) && p->ends.src)
		mss_clamp(p->ctx, p->target_id, p->l4_offset);
	return verdict;
}

/* What goes back to whom the packet came from. */
static __always_inline int edit_answer(struct packet *p, int verdict)
{
	if (is_reset(verdict))
		return reset(p, verdict);
	if (verdict == NLB_PACKET_TOO_BIG)
		return tell_too_big(p);
	return verdict;
}

/* Carries out the verdict that the walk ended with. No other one touches the packet. */
static __always_inline int edit(struct packet *p, int verdict)
{
	if (is_forward(verdict) || is_reply(verdict))
		return rewrite(p, verdict);
	return edit_answer(p, verdict);
}

#endif
