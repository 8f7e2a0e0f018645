/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What is inside: a whole IP datagram to one of the VIPs? Then which marks of the outer header it
 * keeps.
 */
#ifndef LEAT_BPF_DECAP_INNER_H
#define LEAT_BPF_DECAP_INNER_H

#include "decap_frame.h"

static __always_inline bool is_vip(const struct decap_address *address)
{
	struct decap_vip key = {.prefix_bits = 128, .address = *address};

	return bpf_map_lookup_elem(&decap_vips, &key);
}

static __always_inline int inner_ipv4(const struct decap_frame *f, const struct tunnel *t)
{
	const struct iphdr *ip = decap_at(f, t->inner, sizeof(*ip));
	struct decap_address to;
	__u32 ip_bytes;

	if (!ip)
		return DECAP_INNER_BAD;
	ip_bytes = bpf_ntohs(ip->tot_len);
	if (ip->version != 4 || ip->ihl < 5 || ip_bytes < ip->ihl * 4 ||
	    t->inner + ip_bytes > t->end)
		return DECAP_INNER_BAD;
	decap_set_address4(&to, ip->daddr);
	if (!is_vip(&to))
		return DECAP_NOT_OUR_VIP;
	return ip->ttl ? 0 : DECAP_TTL_EXPIRED;
}

static __always_inline int inner_ipv6(const struct decap_frame *f, const struct tunnel *t)
{
	const struct ipv6hdr *ip = decap_at(f, t->inner, sizeof(*ip));
	struct decap_address to;

	if (!ip || ip->version != 6 || t->inner + sizeof(*ip) + bpf_ntohs(ip->payload_len) > t->end)
		return DECAP_INNER_BAD;
	decap_set_address6(&to, &ip->daddr);
	if (!is_vip(&to))
		return DECAP_NOT_OUR_VIP;
	return ip->hop_limit ? 0 : DECAP_TTL_EXPIRED;
}

static __always_inline int decap_inner(const struct decap_frame *f, struct tunnel *t)
{
	t->inner_family = t->proto == IPPROTO_IPIP ? 4 : 6;
	return t->inner_family == 4 ? inner_ipv4(f, t) : inner_ipv6(f, t);
}

/* ---- explicit congestion notification ---- */

enum ecn { ECN_NOT_ECT, ECN_ECT1, ECN_ECT0, ECN_CE, ECN_MASK = 3 };

/* RFC 6040, figure 4: the inner field as it goes on, or minus a verdict. */
static __always_inline int ecn_combine(int outer_ecn, int inner_ecn)
{
	if (inner_ecn == ECN_NOT_ECT)
		return outer_ecn == ECN_CE ? -DECAP_ECN_DROPPED : ECN_NOT_ECT;
	if (outer_ecn == ECN_CE)
		return ECN_CE;
	if (inner_ecn == ECN_ECT0 && outer_ecn == ECN_ECT1)
		return ECN_ECT1;
	return inner_ecn;
}

/* The word of the inner header that holds ECN: IPv4's first 16 bits (with them the checksum
 * changes), IPv6's too. Returns the word as it is to be, or minus a verdict. */
static __always_inline int inner_ecn(const struct decap_frame *f, const struct tunnel *t,
				     __u16 *was)
{
	const word16 *word = decap_at(f, t->inner, 2);
	int shift = t->inner_family == 4 ? 0 : 4, value, ecn;

	if (!word)
		return -DECAP_INNER_BAD;
	*was = bpf_ntohs(*word);
	value = *was;
	ecn = ecn_combine(t->outer_tos & ECN_MASK, (value >> shift) & ECN_MASK);
	if (ecn < 0)
		return ecn;
	return (value & ~(ECN_MASK << shift) & 0xffff) | ecn << shift;
}

#endif
