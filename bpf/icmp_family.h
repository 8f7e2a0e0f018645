/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * ICMP errors about packets of nat flows between address families: the error and what it quotes
 * become ICMP of the other family (RFC 7915 4.2, 4.3, 5.2, 5.3), from and to the addresses that the
 * other end knows. A program of its own, which nlb_icmp goes on into; it looks the flow up anew.
 *
 * Errors that the other family has no word for end here (UNTRANSLATABLE). Extensions behind the
 * quote (RFC 4884) are cut off, as is what would make an ICMPv6 error longer than 1280 bytes. The
 * quote's checksum is updated where it is quoted; that of the message is made anew, so it must have
 * been right: else the error is the stack's.
 */
#ifndef LEAT_BPF_ICMP_FAMILY_H
#define LEAT_BPF_ICMP_FAMILY_H

#include "family.h"
#include "icmp.h"
#include "packet.h"
#include "quote.h"

#define ICMP_HEADER 8

/* TCP or UDP of the quote, at most. */
#define QUOTE_KEPT_MAX (IPV6_MTU_MIN - 2 * (int)sizeof(struct ipv6hdr) - ICMP_HEADER)

/* Type, code and what the other four bytes say (an MTU, a pointer) in one scalar; 0: no such error.
 */
#define ICMP_ERROR(type, code, value) ((__u64)(value) << 16 | (code) << 8 | (type))
#define ICMP_ERROR_TYPE(error)	      ((__u8)(error))
#define ICMP_ERROR_CODE(error)	      ((__u8)((error) >> 8))
#define ICMP_ERROR_VALUE(error)	      ((__u32)((error) >> 16))

#define ICMP4_PROTOCOL_UNREACHABLE 2
#define ICMP6_NO_ROUTE		   0
#define ICMP6_PROHIBITED	   1
#define ICMP6_PORT_UNREACHABLE	   4
#define ICMP6_NEXT_HEADER_UNKNOWN  1
#define ICMP4_HOST_UNREACHABLE	   1
#define ICMP4_HOST_PROHIBITED	   10
#define ICMP4_PORT_UNREACHABLE	   3

#define NO_POINTER 0xff

/* ---- what it says ---- */

/* The field of the IPv6 header that an octet of the IPv4 header became (RFC 7915, figure 3). */
static __always_inline __u32 pointer_to_ipv6(__u32 at)
{
	if (at <= 1)
		return at;
	if (at == 2 || at == 3)
		return 4;
	if (at == 8)
		return 7;
	if (at == 9)
		return 6;
	if (at >= 12 && at < 16)
		return 8;
	return at >= 16 && at < 20 ? 24 : NO_POINTER;
}

/* Figure 6. */
static __always_inline __u32 pointer_to_ipv4(__u32 at)
{
	if (at <= 1)
		return at;
	if (at == 4 || at == 5)
		return 2;
	if (at == 6)
		return 9;
	if (at == 7)
		return 8;
	if (at >= 8 && at < 24)
		return 12;
	return at >= 24 && at < 40 ? 16 : NO_POINTER;
}

static __always_inline __u64 unreachable_to_ipv6(__u8 code, __u32 rest)
{
	__u32 mtu = (rest & 0xffff) + HEADER_GROWTH;

	switch (code) {
	case ICMP4_PROTOCOL_UNREACHABLE:
		return ICMP_ERROR(ICMP6_PARAMETER_PROBLEM, ICMP6_NEXT_HEADER_UNKNOWN, 6);
	case ICMP4_PORT_UNREACHABLE:
		return ICMP_ERROR(ICMP6_UNREACHABLE, ICMP6_PORT_UNREACHABLE, 0);
	case ICMP4_FRAGMENTATION_NEEDED:
		return ICMP_ERROR(ICMP6_TOO_BIG, 0, mtu < IPV6_MTU_MIN ? IPV6_MTU_MIN : mtu);
	case 9:	 /* network prohibited */
	case 10: /* host prohibited */
	case 13: /* communication prohibited */
	case 15: /* precedence cutoff */
		return ICMP_ERROR(ICMP6_UNREACHABLE, ICMP6_PROHIBITED, 0);
	case 14: /* precedence violation */
		return 0;
	}
	return code <= 12 ? ICMP_ERROR(ICMP6_UNREACHABLE, ICMP6_NO_ROUTE, 0) : 0;
}

static __always_inline __u64 error_to_ipv6(__u8 type, __u8 code, __u32 rest)
{
	__u32 pointer = pointer_to_ipv6(rest >> 24);

	if (type == ICMP4_UNREACHABLE)
		return unreachable_to_ipv6(code, rest);
	if (type == ICMP4_TIME_EXCEEDED)
		return ICMP_ERROR(ICMP6_TIME_EXCEEDED, code, 0);
	if ((code != 0 && code != 2) || pointer == NO_POINTER)
		return 0;
	return ICMP_ERROR(ICMP6_PARAMETER_PROBLEM, 0, pointer);
}

static __always_inline __u64 unreachable_to_ipv4(__u8 code)
{
	if (code == ICMP6_PROHIBITED)
		return ICMP_ERROR(ICMP4_UNREACHABLE, ICMP4_HOST_PROHIBITED, 0);
	if (code == ICMP6_PORT_UNREACHABLE)
		return ICMP_ERROR(ICMP4_UNREACHABLE, ICMP4_PORT_UNREACHABLE, 0);
	return code <= 3 ? ICMP_ERROR(ICMP4_UNREACHABLE, ICMP4_HOST_UNREACHABLE, 0) : 0;
}

static __always_inline __u64 error_to_ipv4(__u8 type, __u8 code, __u32 rest)
{
	__u32 mtu = rest > 0xffff ? 0xffff : rest - HEADER_GROWTH, pointer;

	if (type == ICMP6_UNREACHABLE)
		return unreachable_to_ipv4(code);
	if (type == ICMP6_TOO_BIG)
		return ICMP_ERROR(ICMP4_UNREACHABLE, ICMP4_FRAGMENTATION_NEEDED, mtu);
	if (type == ICMP6_TIME_EXCEEDED)
		return ICMP_ERROR(ICMP4_TIME_EXCEEDED, code, 0);
	if (code == ICMP6_NEXT_HEADER_UNKNOWN)
		return ICMP_ERROR(ICMP4_UNREACHABLE, ICMP4_PROTOCOL_UNREACHABLE, 0);
	pointer = rest < 40 ? pointer_to_ipv4(rest) : NO_POINTER;
	return code || pointer == NO_POINTER ? 0 : ICMP_ERROR(ICMP4_PARAMETER_PROBLEM, 0, pointer);
}

/* The error in the words of the other family; 0: it has none. */
static __always_inline __u64 icmp_error(const struct packet *p)
{
	const struct icmp_header *icmp = packet_at(p, p->l4_offset, sizeof(*icmp));
	__u32 rest;

	if (!icmp)
		return 0;
	rest = bpf_ntohl(icmp->rest);
	return is_ipv4(p) ? error_to_ipv6(icmp->type, icmp->code, rest)
			  : error_to_ipv4(icmp->type, icmp->code, rest);
}

/* Bytes of the datagram that is quoted, if the error says so because more follows (RFC 4884 4);
 * else 0. */
static __always_inline __u32 quote_length(const struct packet *p)
{
	const struct icmp_header *icmp = packet_at(p, p->l4_offset, sizeof(*icmp));
	__u32 rest;

	asm volatile(""
		     : "+r"(icmp)); /* else clang 16 tests the frame's end again, not the pointer: Linux
				       6.1 can't tell that it is the same */
	if (!icmp)
		return 0;
	rest = bpf_ntohl(icmp->rest);
	if (is_ipv4(p)) /* of all three types; an MTU and a pointer leave it free */
		return (rest >> 16 & 0xff) * 4;
	return icmp->type == ICMP6_UNREACHABLE || icmp->type == ICMP6_TIME_EXCEEDED
		       ? (rest >> 24) * 8
		       : 0;
}

static __always_inline void quote_shorten(const struct packet *p, struct quote *q)
{
	__u32 length = quote_length(p), headers = q->l4 - QUOTE_OFFSET;

	if (length > headers + QUOTE_L4_MIN && q->l4_bytes > length - headers)
		q->l4_bytes = length - headers;
	if (q->l4_bytes > QUOTE_KEPT_MAX)
		q->l4_bytes = QUOTE_KEPT_MAX;
}

/* ---- the message ---- */

struct quoted_header {
	__u8 tos, ttl;
	__u16 l4_bytes; /* of the whole datagram, not what is quoted of it */
};

static __always_inline int cross_quote_ports(struct xdp_md *ctx, __u32 offset,
					     const struct nlb_tuple *quoted,
					     const struct crossing *c)
{
	__u32 at = quoted->protocol == IPPROTO_TCP ? TCP_CHECK : UDP_CHECK;
	word16 *l4 = frame_at(ctx, offset & PACKET_OFFSET_MAX, QUOTE_L4_MIN), *check;

	if (!l4)
		return NLB_INTERNAL;
	l4[0] = c->dport;
	l4[1] = c->sport;
	if (c->l4_bytes < at + sizeof(*check))
		return 0;
	check = frame_at(ctx, (offset + at) & PACKET_OFFSET_MAX, sizeof(*check));
	if (!check)
		return NLB_INTERNAL;
	if (quoted->protocol == IPPROTO_UDP && !*check)
		return 0;
	*check = csum_apply(*check, cross_change(quoted, c));
	if (quoted->protocol == IPPROTO_UDP && !*check)
		*check = 0xffff;
	return 0;
}

/* Nothing stands behind what is kept. */
static __always_inline int cross_tail(struct xdp_md *ctx, __u32 frame_bytes)
{
	return bpf_xdp_adjust_tail(ctx, (int)frame_bytes - (int)frame_length(ctx)) ? NLB_INTERNAL
										   : 0;
}

static __always_inline int icmp_check(struct xdp_md *ctx, __u32 offset, __u32 bytes, __u64 pseudo)
{
	int sum = sum_bytes(ctx, offset, bytes);
	struct icmp_header *icmp;

	if (sum < 0)
		return NLB_INTERNAL;
	icmp = frame_at(ctx, offset & PACKET_OFFSET_MAX, sizeof(*icmp));
	if (!icmp)
		return NLB_INTERNAL;
	icmp->check = (__u16)~csum_fold(pseudo + (__u32)sum);
	return 0;
}

static __always_inline struct icmp_header icmp_header_of(__u64 error, __be32 rest)
{
	return (struct icmp_header){
		.type = ICMP_ERROR_TYPE(error), .code = ICMP_ERROR_CODE(error), .rest = rest};
}

static __always_inline int icmp_cross_to_ipv6(struct xdp_md *ctx, const struct nlb_tuple *quoted,
					      const struct crossing *c, __u32 quote_l4, __u64 error)
{
	struct message {
		struct ipv6hdr outer;
		struct icmp_header icmp;
		struct ipv6hdr quote;
	} * to;
	__u32 l3_offset = c->l3_offset & PACKET_OFFSET_MAX;
	__u32 bytes = sizeof(to->icmp) + sizeof(to->quote) + c->l4_bytes;
	const struct iphdr *ip = frame_at(ctx, l3_offset, sizeof(*ip)), *inside;
	struct quoted_header old;
	__u8 tos, ttl;

	inside = frame_at(ctx, (l3_offset + c->header_bytes + ICMP_HEADER) & PACKET_OFFSET_MAX,
			  sizeof(*inside));
	if (!ip || !inside)
		return NLB_INTERNAL;
	tos = ip->tos;
	ttl = ip->ttl - 1;
	old = (struct quoted_header){inside->tos, inside->ttl,
				     bpf_ntohs(inside->tot_len) - inside->ihl * 4};
	if (cross_head(ctx, c->header_bytes + quote_l4, sizeof(*to)))
		return NLB_INTERNAL;
	to = frame_at(ctx, l3_offset, sizeof(*to));
	if (!to)
		return NLB_INTERNAL;
	write_ipv6(&to->outer, c->src, c->dst, IPPROTO_ICMPV6, tos, ttl, bytes);
	to->icmp = icmp_header_of(error, bpf_htonl(ICMP_ERROR_VALUE(error)));
	write_ipv6(&to->quote, c->dst, c->src, quoted->protocol, old.tos, old.ttl, old.l4_bytes);
	if (cross_ethertype(ctx, l3_offset, bpf_htons(ETH_P_IPV6)) ||
	    cross_quote_ports(ctx, l3_offset + sizeof(*to), quoted, c) ||
	    cross_tail(ctx, l3_offset + sizeof(to->outer) + bytes))
		return NLB_INTERNAL;
	return icmp_check(ctx, l3_offset + sizeof(to->outer), bytes,
			  csum_words(c->src, 8) + bpf_htons(bytes) + bpf_htons(IPPROTO_ICMPV6));
}

static __always_inline int icmp_cross_to_ipv4(struct xdp_md *ctx, const struct nlb_tuple *quoted,
					      const struct crossing *c, __u32 quote_l4, __u64 error)
{
	struct message {
		struct iphdr outer;
		struct icmp_header icmp;
		struct iphdr quote;
	} * to;
	__u32 l3_offset = c->l3_offset & PACKET_OFFSET_MAX, value = ICMP_ERROR_VALUE(error);
	__u32 bytes = sizeof(to->icmp) + sizeof(to->quote) + c->l4_bytes;
	const struct ipv6hdr *ip = frame_at(ctx, l3_offset, sizeof(*ip)), *inside;
	struct quoted_header old;
	__u8 tos, ttl;

	inside = frame_at(ctx, (l3_offset + c->header_bytes + ICMP_HEADER) & PACKET_OFFSET_MAX,
			  sizeof(*inside));
	if (!ip || !inside)
		return NLB_INTERNAL;
	tos = traffic_class(ip);
	ttl = ip->hop_limit - 1;
	/* quote_l4 counts the ICMP header, the quote's own and its extensions, which go. */
	old = (struct quoted_header){traffic_class(inside), inside->hop_limit,
				     bpf_ntohs(inside->payload_len) + sizeof(*inside) +
					     ICMP_HEADER - quote_l4};
	if (cross_head(ctx, c->header_bytes + quote_l4, sizeof(*to)))
		return NLB_INTERNAL;
	to = frame_at(ctx, l3_offset, sizeof(*to));
	if (!to)
		return NLB_INTERNAL;
	write_ipv4(&to->outer, c->src, c->dst, IPPROTO_ICMP, tos, ttl, sizeof(to->outer) + bytes);
	if (ICMP_ERROR_TYPE(error) == ICMP4_PARAMETER_PROBLEM)
		value <<= 24;
	to->icmp = icmp_header_of(error, bpf_htonl(value));
	write_ipv4(&to->quote, c->dst, c->src, quoted->protocol, old.tos, old.ttl,
		   (__u16)(sizeof(to->quote) + old.l4_bytes));
	if (cross_ethertype(ctx, l3_offset, bpf_htons(ETH_P_IP)) ||
	    cross_quote_ports(ctx, l3_offset + sizeof(*to), quoted, c) ||
	    cross_tail(ctx, l3_offset + sizeof(to->outer) + bytes))
		return NLB_INTERNAL;
	return icmp_check(ctx, l3_offset + sizeof(to->outer), bytes, 0);
}

/* The error becomes one of the other family. `quoted`: the tuple that a packet of the other
 * direction than the quoted one has; `c`: of the error itself, its l4_bytes those of the quote that
 * are kept; `quote_l4`: where they begin, from the ICMP header. Returns 0 or INTERNAL. */
__noinline int icmp_cross(struct xdp_md *ctx, const struct nlb_tuple *quoted,
			  const struct crossing *c, __u32 quote_l4, __u64 error)
{
	if (!quoted || !c)
		return NLB_INTERNAL;
	return quoted->family == NLB_IPV4 ? icmp_cross_to_ipv6(ctx, quoted, c, quote_l4, error)
					  : icmp_cross_to_ipv4(ctx, quoted, c, quote_l4, error);
}

/* ---- the walk ---- */

static __always_inline int icmp_family_to_client(struct packet *p)
{
	const struct nlb_reply *r = bpf_map_lookup_elem(&replies, p->tuple);
	int verdict;

	if (!r || is_expired_reply(p, r) || !target_find(r->target))
		return NLB_OTHER_PROTOCOL;
	if (r->client.family == p->tuple->family)
		return NLB_UNTRANSLATABLE; /* it was another one a moment ago */
	if (is_mtu_bad(p))
		return NLB_ICMP_MTU_BAD;
	if (is_ttl_used_up(p))
		return NLB_TTL_EXPIRED;
	verdict = egress(p, r->link.ifindex);
	if (verdict)
		return verdict;
	reply_back(p, r);
	return p->egress ? NLB_ICMP_TO_CLIENT_REDIRECT : NLB_ICMP_TO_CLIENT_TX;
}

static __always_inline int icmp_family_to_target(struct packet *p, const struct quote *q)
{
	__u32 header = is_ipv4(p) ? sizeof(struct ipv6hdr) : sizeof(struct iphdr);
	int verdict;

	if (listener(p))
		return NLB_OTHER_PROTOCOL;
	verdict = icmp_find_target(p);
	if (verdict)
		return verdict;
	if (!p->flow || !crosses_family(p))
		return NLB_UNTRANSLATABLE;
	if (is_mtu_bad(p))
		return NLB_ICMP_MTU_BAD;
	verdict = nexthop_sized(p, 2 * header + ICMP_HEADER + q->l4_bytes, 0);
	if (verdict)
		return verdict;
	translate_from(p, p->flow->snat, p->flow->snat_port);
	return p->egress ? NLB_ICMP_TO_TARGET_REDIRECT : NLB_ICMP_TO_TARGET_TX;
}

static __always_inline bool is_to_client(int verdict)
{
	return verdict == NLB_ICMP_TO_CLIENT_TX || verdict == NLB_ICMP_TO_CLIENT_REDIRECT;
}

static __always_inline bool is_to_target(int verdict)
{
	return verdict == NLB_ICMP_TO_TARGET_TX || verdict == NLB_ICMP_TO_TARGET_REDIRECT;
}

static __always_inline int icmp_family_rewrite(struct packet *p, const struct quote *q, __u64 error,
					       int verdict)
{
	const struct nlb_link *link = p->macs;
	struct crossing c = {
		.sport = p->ends.sport,
		.dport = p->ends.dport,
		.l3_offset = l3_offset(p),
		.header_bytes = p->l4_offset - l3_offset(p),
		.l4_bytes = q->l4_bytes,
	};
	int failed;

	if (!link || !p->ends.src)
		return NLB_INTERNAL;
	address_copy(c.src, p->ends.src);
	address_copy(c.dst, p->ends.dst);
	if (icmp_cross(p->ctx, p->tuple, &c, q->l4, error))
		return NLB_INTERNAL;
	p->tuple->family = is_ipv4(p) ? NLB_IPV6 : NLB_IPV4;
	failed = is_to_client(verdict) ? rewrite_tags(p, link->vlan_outer, link->vlan_inner)
				       : rewrite_tags(p, 0, 0);
	return failed || rewrite_macs(p) ? NLB_INTERNAL : verdict;
}

static __always_inline bool is_damaged(const struct packet *p)
{
	__u32 bytes = l4_bytes_of(p);
	int sum = sum_bytes(p->ctx, p->l4_offset, bytes);
	__u64 pseudo = 0;

	if (sum < 0 || is_header_damaged(p))
		return true;
	if (!is_ipv4(p))
		pseudo =
			csum_words(p->tuple->src, 8) + bpf_htons(bytes) + bpf_htons(IPPROTO_ICMPV6);
	return csum_fold(pseudo + (__u32)sum) != 0xffff;
}

/* The whole of the program nlb_icmp_family: ends the walk. */
static __always_inline int icmp_family(struct packet *p)
{
	__u32 end = l3_offset(p) + p->ip_bytes;
	int verdict = NLB_OTHER_PROTOCOL;
	__u8 outer_dst[16] __attribute__((aligned(8)));
	struct quote q;
	__u64 error;

	if (!is_icmp(p) || is_damaged(p))
		return NLB_OTHER_PROTOCOL;
	p->is_error = true;
	error = icmp_error(p);
	address_copy(outer_dst, p->tuple->dst);
	verdict = quote_parse(p, &q, p->tuple->family, end);
	if (verdict)
		return verdict;
	quote_shorten(p, &q);
	if (!address_equal(p->tuple->dst, outer_dst))
		return NLB_OTHER_PROTOCOL;
	if (load_settings(p))
		return NLB_INTERNAL;
	p->now_ns = bpf_ktime_get_coarse_ns();
	verdict = NLB_OTHER_PROTOCOL;
	if (is_snat_port(p))
		verdict = icmp_family_to_client(p);
	if (verdict == NLB_OTHER_PROTOCOL)
		verdict = icmp_family_to_target(p, &q);
	if (!is_to_client(verdict) && !is_to_target(verdict))
		return verdict;
	return error ? icmp_family_rewrite(p, &q, error, verdict) : NLB_UNTRANSLATABLE;
}

#endif
