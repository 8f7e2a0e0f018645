/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The outer headers: IP, and UDP with GUE. Decides whether a packet is encapsulated, to this host,
 * and in a way that Leat speaks; what is inside is not looked at. An ordinary packet leaves here
 * before any map but the settings is asked.
 */
#ifndef LEAT_BPF_DECAP_OUTER_H
#define LEAT_BPF_DECAP_OUTER_H

#include "decap_frame.h"

static __always_inline bool is_own(const struct decap_address *address)
{
	return bpf_map_lookup_elem(&decap_own, address);
}

static __always_inline bool may_be_tunnel(__u8 proto)
{
	return proto == IPPROTO_IPIP || proto == IPPROTO_IPV6 || proto == IPPROTO_UDP;
}

/* Private data: none, or the alternate target's address. */
static __always_inline int gue_private(const struct decap_frame *f, struct tunnel *t, __u8 hlen)
{
	__u32 at = t->l4 + GUE_BYTES(0);
	const struct gue_alternate *alternate;

	if (hlen == GUE_HLEN_NONE)
		return 0;
	alternate = decap_at(f, at, sizeof(*alternate));
	if (!alternate)
		return DECAP_OUTER_BAD;
	if (alternate->type != GUE_TYPE_ALTERNATE)
		return DECAP_GUE_UNKNOWN;
	if (!(hlen == GUE_HLEN_ALTERNATE4 && alternate->family == GUE_FAMILY_IPV4) &&
	    !(hlen == GUE_HLEN_ALTERNATE6 && alternate->family == GUE_FAMILY_IPV6))
		return DECAP_GUE_UNKNOWN;
	t->alternate = at + sizeof(*alternate);
	t->alternate_family = alternate->family;
	return 0;
}

static __always_inline int gue_header(const struct decap_frame *f, struct tunnel *t,
				      __u16 udp_bytes)
{
	const struct gue_header *gue = decap_at(f, t->l4 + GUE_UDP_BYTES, sizeof(*gue));
	__u8 hlen;

	if (!gue)
		return DECAP_OUTER_BAD;
	hlen = gue->variant_c_hlen & GUE_HLEN_MASK;
	if (gue->variant_c_hlen & (GUE_VARIANT_MASK | GUE_CONTROL) || gue->flags)
		return DECAP_GUE_UNKNOWN;
	if (gue->proto != GUE_PROTO_IPV4 && gue->proto != GUE_PROTO_IPV6)
		return DECAP_GUE_UNKNOWN;
	if (udp_bytes < GUE_BYTES(hlen))
		return DECAP_OUTER_BAD;
	t->proto = gue->proto;
	t->inner = t->l4 + GUE_BYTES(hlen);
	return gue_private(f, t, hlen);
}

/* UDP: GUE if it goes to the port. The checksum is not looked at (gue.h says why). */
static __always_inline int outer_udp(const struct decap_frame *f, struct tunnel *t,
				     bool is_fragment)
{
	const struct decap_settings *settings = decap_read_settings();
	const word16 *udp = decap_at(f, t->l4, DECAP_UDP_BYTES);
	__u16 udp_bytes;

	if (!settings || !udp || udp[1] != settings->gue_port)
		return DECAP_PASSED;
	if (is_fragment)
		return DECAP_OUTER_FRAGMENT;
	udp_bytes = bpf_ntohs(udp[2]);
	if (udp_bytes < DECAP_UDP_BYTES || t->l4 + udp_bytes > t->end)
		return DECAP_OUTER_BAD;
	t->is_gue = true;
	t->end = t->l4 + udp_bytes;
	return gue_header(f, t, udp_bytes);
}

static __always_inline int outer_content(const struct decap_frame *f, struct tunnel *t,
					 const struct decap_address *to, bool is_fragment)
{
	int verdict = 0;

	t->inner = t->l4;
	if (t->proto == IPPROTO_UDP)
		verdict = outer_udp(f, t, is_fragment);
	else if (is_fragment)
		verdict = DECAP_OUTER_FRAGMENT;
	if (verdict == DECAP_PASSED)
		return verdict;
	return is_own(to) ? verdict : DECAP_NOT_OUR_ADDRESS;
}

static __always_inline int outer_ipv4(const struct decap_frame *f, struct tunnel *t)
{
	const struct iphdr *ip = decap_at(f, t->l3, sizeof(*ip));
	struct decap_address to;
	__u32 header_bytes;

	if (!ip || !may_be_tunnel(ip->protocol))
		return DECAP_PASSED;
	if (ip->protocol == IPPROTO_UDP && ip->frag_off & bpf_htons(DECAP_OFFSET_ONLY))
		return DECAP_PASSED; /* no ports in it */
	header_bytes = ip->ihl * 4;
	t->end = t->l3 + bpf_ntohs(ip->tot_len);
	t->l4 = t->l3 + header_bytes;
	if (ip->version != 4 || header_bytes < sizeof(*ip) || t->end < t->l4 || t->end > f->bytes)
		return DECAP_OUTER_BAD;
	t->outer_family = 4;
	t->outer_tos = ip->tos;
	t->proto = ip->protocol;
	decap_set_address4(&to, ip->daddr);
	return outer_content(f, t, &to, ip->frag_off & bpf_htons(DECAP_MORE_OFFSET));
}

/* Hop-by-hop and destination options, as the tunnel encapsulation limit is one, are stepped over.
 */
static __always_inline int outer_extensions(const struct decap_frame *f, struct tunnel *t)
{
	const __u8 *header;
	int i;

#pragma unroll
	for (i = 0; i < DECAP_EXTENSIONS; i++) {
		if (t->proto != IPPROTO_HOPOPTS && t->proto != IPPROTO_DSTOPTS)
			return 0;
		header = decap_at(f, t->l4, 8);
		if (!header)
			return DECAP_PASSED;
		t->proto = header[0];
		t->l4 += (header[1] + 1) * 8;
	}
	return 0;
}

static __always_inline int outer_fragment6(const struct decap_frame *f, const struct tunnel *t)
{
	const __u8 *header = decap_at(f, t->l4, 8);

	if (header && (header[0] == IPPROTO_IPIP || header[0] == IPPROTO_IPV6))
		return DECAP_OUTER_FRAGMENT;
	return DECAP_PASSED;
}

static __always_inline int outer_ipv6(const struct decap_frame *f, struct tunnel *t)
{
	const struct ipv6hdr *ip = decap_at(f, t->l3, sizeof(*ip));
	struct decap_address to;

	if (!ip)
		return DECAP_PASSED;
	t->end = t->l3 + sizeof(*ip) + bpf_ntohs(ip->payload_len);
	t->l4 = t->l3 + sizeof(*ip);
	t->proto = ip->nexthdr;
	t->outer_family = 6;
	t->outer_tos = bpf_ntohs(*(const word16 *)ip) >> 4;
	decap_set_address6(&to, &ip->daddr);
	if (!may_be_tunnel(t->proto) && outer_extensions(f, t))
		return DECAP_PASSED;
	if (t->proto == IPPROTO_FRAGMENT)
		return outer_fragment6(f, t);
	if (!may_be_tunnel(t->proto))
		return DECAP_PASSED;
	if (ip->version != 6 || t->end < t->l4 || t->end > f->bytes)
		return DECAP_OUTER_BAD;
	return outer_content(f, t, &to, false);
}

/* family: what the link layer says, 4 or 6. */
static __always_inline int decap_outer(const struct decap_frame *f, struct tunnel *t, int family)
{
	return family == 4 ? outer_ipv4(f, t) : outer_ipv6(f, t);
}

#endif
