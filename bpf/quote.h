/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The packet that an ICMP error is about, as far as the error quotes it: 8 bytes behind its IP
 * header are enough (RFC 792). Reading gives the tuple that a packet of the other direction has, by
 * which the tables know the flow; translating makes the quote what its sender had sent.
 *
 * What stands behind the quote (RFC 4884) is left as it is.
 */
#ifndef LEAT_BPF_QUOTE_H
#define LEAT_BPF_QUOTE_H

#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>

#include "csum.h"
#include "packet.h"
#include "parse.h"

#define QUOTE_L4_MIN 8

#define IPV4_OFFSET 0x1fff /* of frag_off: not the first fragment */

#define TCP_CHECK 16 /* offsets of the checksums */
#define UDP_CHECK 6

#define QUOTE_OFFSET 8 /* all offsets of the quote are from the ICMP header */

struct quote {
	__u32 l4;	/* offset of TCP or UDP */
	__u32 l4_bytes; /* of it and what follows */
};

static __always_inline int quote_ipv4(struct packet *p, struct quote *q)
{
	const struct iphdr *ip = packet_at(p, p->l4_offset + QUOTE_OFFSET, sizeof(*ip));
	__u32 header_bytes;

	if (!ip)
		return NLB_ICMP_QUOTE_BAD;
	header_bytes = ip->ihl * 4;
	if (ip->version != 4 || header_bytes < sizeof(*ip) || ip->frag_off & bpf_htons(IPV4_OFFSET))
		return NLB_ICMP_QUOTE_BAD;
	q->l4 = QUOTE_OFFSET + header_bytes;
	set_addresses_v4(p->tuple, ip->daddr, ip->saddr);
	p->tuple->protocol = ip->protocol;
	return 0;
}

static __always_inline int quote_ipv6(struct packet *p, struct quote *q, __u32 end)
{
	const struct ipv6hdr *ip = packet_at(p, p->l4_offset + QUOTE_OFFSET, sizeof(*ip));
	int walk;

	if (!ip || ip->version != 6)
		return NLB_ICMP_QUOTE_BAD;
	address_copy(p->tuple->src, &ip->daddr);
	address_copy(p->tuple->dst, &ip->saddr);
	*(word64 *)&p->tuple->sport = 0;
	p->tuple->family = NLB_IPV6;
	walk = walk_extensions(p->ctx, p->l4_offset + QUOTE_OFFSET + sizeof(*ip), ip->nexthdr, end);
	if (walk < 0 || WALK_FRAGMENT(walk))
		return NLB_ICMP_QUOTE_BAD;
	q->l4 = WALK_OFFSET(walk) - p->l4_offset;
	p->tuple->protocol = WALK_NEXT(walk);
	return 0;
}

/* Quote -> tuple. `end`: of the ICMP error. */
static __always_inline int quote_parse(struct packet *p, struct quote *q, __u8 family, __u32 end)
{
	const word16 *ports;
	__u32 l4_offset;
	int verdict;

	verdict = family == NLB_IPV4 ? quote_ipv4(p, q) : quote_ipv6(p, q, end);
	if (verdict)
		return verdict;
	if (!is_balanced(p->tuple->protocol))
		return NLB_OTHER_PROTOCOL;
	l4_offset = (p->l4_offset + q->l4) & PACKET_OFFSET_MAX;
	ports = packet_at(p, l4_offset, QUOTE_L4_MIN);
	if (!ports || l4_offset + QUOTE_L4_MIN > end)
		return NLB_ICMP_QUOTE_BAD;
	q->l4_bytes = end - l4_offset;
	p->tuple->sport = ports[1];
	p->tuple->dport = ports[0];
	return 0;
}

/* The header's checksum takes up what its addresses gain, so what covers both gains nothing. */
static __always_inline int translate_quote_ipv4(struct packet *p, const struct quote *q,
						__u64 change)
{
	struct iphdr *ip =
		packet_at(p, (p->l4_offset + QUOTE_OFFSET) & PACKET_OFFSET_MAX, sizeof(*ip));

	if (!ip)
		return NLB_INTERNAL;
	ip->check = csum_apply(ip->check, change);
	ip->saddr = *(const word32 *)p->ends.dst;
	ip->daddr = *(const word32 *)p->ends.src;
	return 0;
}

static __always_inline int translate_quote_ipv6(struct packet *p, const struct quote *q)
{
	struct ipv6hdr *ip =
		packet_at(p, (p->l4_offset + QUOTE_OFFSET) & PACKET_OFFSET_MAX, sizeof(*ip));

	if (!ip)
		return NLB_INTERNAL;
	address_copy(&ip->saddr, p->ends.dst);
	address_copy(&ip->daddr, p->ends.src);
	return 0;
}

/* The checksum of the quoted segment or datagram, if it is quoted and there is one. */
static __always_inline int translate_quote_check(struct packet *p, const struct quote *q,
						 __u64 change, __u64 *gain)
{
	__u32 at = is_tcp(p) ? TCP_CHECK : UDP_CHECK;
	word16 *check = packet_at(p, (p->l4_offset + q->l4 + at) & PACKET_OFFSET_MAX, 2);
	__u16 old;

	if (q->l4_bytes < at + sizeof(*check))
		return 0;
	if (!check)
		return NLB_INTERNAL;
	old = *check;
	if (!is_tcp(p) && !old)
		return 0;
	*check = csum_apply(old, change);
	if (!is_tcp(p) && !*check)
		*check = 0xffff;
	*gain += (__u16)~old + (__u64)*check;
	return 0;
}

static __always_inline __u64 address_change(const struct packet *p, const void *from,
					    const void *to)
{
	return is_ipv4(p) ? csum_change(from, to, 1) : csum_change(from, to, 4);
}

/* The quoted packet, of which the tuple is the other direction's, becomes the one of which p->ends
 * are. `gain`: what that adds to the sum of the ICMP message. */
static __always_inline int translate_quote(struct packet *p, const struct quote *q, __u64 *gain)
{
	const struct nlb_tuple *from = p->tuple;
	const struct endpoints *to = &p->ends;
	__u64 change =
		address_change(p, from->src, to->src) + address_change(p, from->dst, to->dst);
	__u64 ports = (__u16)~from->sport + (__u64)to->sport + (__u16)~from->dport + to->dport;
	word16 *l4 = packet_at(p, (p->l4_offset + q->l4) & PACKET_OFFSET_MAX, QUOTE_L4_MIN);

	if (!l4)
		return NLB_INTERNAL;
	l4[0] = to->dport;
	l4[1] = to->sport;
	*gain = is_ipv4(p) ? ports : change + ports;
	if (is_ipv4(p) ? translate_quote_ipv4(p, q, change) : translate_quote_ipv6(p, q))
		return NLB_INTERNAL;
	return translate_quote_check(p, q, change + ports, gain);
}

#endif
