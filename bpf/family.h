/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * nat between address families: clients of one, targets of the other. The flow is of the client's
 * family, its reply of the target's, and each packet gets the other family's header (RFC 7915,
 * stateless translation, with both ends' addresses from the entries rather than from a prefix).
 *
 * A program of its own (NLB_STAGE_FAMILY): nlb_ingress notices that the families differ and goes on
 * into it; here the walk begins anew with what differs. Most packets pay one comparison for it.
 *
 *   - Traffic class and ECN are copied, TTL and hop limit go down by one, the flow label is 0.
 *   - IPv4 options and IPv6 extension headers are dropped; an IPv4 header whose checksum is wrong
 * is the stack's, since IPv6 has none that would stay wrong.
 *   - To IPv4: don't-fragment above 1260 bytes, else off and a random id (RFC 7915 5.1).
 *   - The headers differ by 20 bytes, and so do the MTUs that are told.
 *   - A UDP checksum of 0 means none in IPv4 and nothing in IPv6, so one is made; of datagrams up
 * to UDP_SUM_MAX.
 *
 * A maximum segment size that fits the client's path is 20 bytes too long for IPv6 targets: who
 * clamps it in SYNs does so before this stage's edit, on the segment as it came.
 */
#ifndef LEAT_BPF_FAMILY_H
#define LEAT_BPF_FAMILY_H

#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>

#include "config.h"
#include "csum.h"
#include "flow.h"
#include "nexthop.h"
#include "packet.h"
#include "parse.h"
#include "reply.h"
#include "reset.h"
#include "rewrite.h"
#include "stages.h"
#include "too_big.h"
#include "track.h"

#define HEADER_GROWTH ((int)(sizeof(struct ipv6hdr) - sizeof(struct iphdr)))

#define SUM_CHUNK  64
#define SUM_CHUNKS (UDP_SUM_MAX / SUM_CHUNK)
_Static_assert(UDP_SUM_MAX % SUM_CHUNK == 0, "whole chunks");

/* IPv4 packets up to here may be fragmented on their way: with the IPv6 header they are of the size
 * that every IPv6 path takes (RFC 7915 5.1). */
#define FRAGMENTABLE_MAX 1260

/* What the header of the other family is made of. */
struct crossing {
	__u8 src[16]; /* as in a tuple */
	__u8 dst[16];
	__be16 sport;
	__be16 dport;
	__u32 l3_offset;
	__u32 header_bytes; /* the old one, with options and extension headers */
	__u32 l4_bytes;
};

/* ---- sums ---- */

/* One's complement sum of at most UDP_SUM_MAX bytes of the frame, or -1. */
__noinline int sum_bytes(struct xdp_md *ctx, __u32 offset, __u32 bytes)
{
	const __u8 *last;
	__u64 sum = 0;
	__u32 i;

	offset &= PACKET_OFFSET_MAX;
	for (i = 0; i < SUM_CHUNKS && bytes >= SUM_CHUNK; i++) {
		const void *chunk = frame_at(ctx, offset, SUM_CHUNK);

		if (!chunk)
			return -1;
		sum += csum_words(chunk, SUM_CHUNK / 4);
		offset = (offset + SUM_CHUNK) & PACKET_OFFSET_MAX;
		bytes -= SUM_CHUNK;
	}
	for (i = 0; i < SUM_CHUNK / 2 && bytes >= 2; i++) {
		const word16 *word = frame_at(ctx, offset, sizeof(*word));

		if (!word)
			return -1;
		sum += *word;
		offset = (offset + 2) & PACKET_OFFSET_MAX;
		bytes -= 2;
	}
	if (bytes > 1)
		return -1;
	if (bytes) {
		last = frame_at(ctx, offset, 1);
		if (!last)
			return -1;
		sum += *last;
	}
	return csum_fold(sum);
}

/* ---- the header ---- */

/* The frame's head moves by the difference of the headers; what stands before them moves with it.
 */
static __always_inline int cross_head(struct xdp_md *ctx, __u32 old_bytes, __u32 new_bytes)
{
	struct front front, *at = frame_at(ctx, 0, sizeof(front));

	if (!at)
		return NLB_INTERNAL;
	front = *at;
	if (bpf_xdp_adjust_head(ctx, (int)(old_bytes & PACKET_OFFSET_MAX) - (int)new_bytes))
		return NLB_INTERNAL;
	at = frame_at(ctx, 0, sizeof(front));
	if (!at)
		return NLB_INTERNAL;
	*at = front; /* with fewer tags it is too much: the headers are written over it */
	return 0;
}

static __always_inline int cross_ethertype(struct xdp_md *ctx, __u32 l3_offset, __be16 proto)
{
	word16 *at = frame_at(ctx, (l3_offset - 2) & PACKET_OFFSET_MAX, sizeof(*at));

	if (!at)
		return NLB_INTERNAL;
	*at = proto;
	return 0;
}

static __always_inline void write_ipv4(struct iphdr *ip, const void *src, const void *dst,
				       __u8 protocol, __u8 tos, __u8 ttl, __u32 bytes)
{
	bool is_whole = bytes > FRAGMENTABLE_MAX;
	struct iphdr header = {
		.version = 4,
		.ihl = sizeof(header) / 4,
		.tos = tos,
		.tot_len = bpf_htons(bytes),
		.id = is_whole ? 0 : (__be16)bpf_get_prandom_u32(),
		.frag_off = is_whole ? bpf_htons(IPV4_DONT_FRAGMENT) : 0,
		.ttl = ttl,
		.protocol = protocol,
		.saddr = *(const word32 *)src,
		.daddr = *(const word32 *)dst,
	};

	header.check = (__u16)~csum_fold(csum_words(&header, sizeof(header) / 4));
	*ip = header;
}

static __always_inline void write_ipv6(struct ipv6hdr *ip, const void *src, const void *dst,
				       __u8 protocol, __u8 tos, __u8 hop_limit, __u32 l4_bytes)
{
	*(word32 *)ip = bpf_htonl(6u << 28 | (__u32)tos << 20);
	ip->payload_len = bpf_htons(l4_bytes);
	ip->nexthdr = protocol;
	ip->hop_limit = hop_limit;
	address_copy(&ip->saddr, src);
	address_copy(&ip->daddr, dst);
}

static __always_inline __u8 traffic_class(const struct ipv6hdr *ip)
{
	return bpf_ntohl(*(const word32 *)ip) >> 20;
}

static __always_inline int cross_to_ipv6(struct xdp_md *ctx, const struct crossing *c,
					 __u8 protocol)
{
	__u32 l3_offset = c->l3_offset & PACKET_OFFSET_MAX;
	const struct iphdr *old = frame_at(ctx, l3_offset, sizeof(*old));
	struct ipv6hdr *ip;
	__u8 tos, ttl;

	if (!old)
		return NLB_INTERNAL;
	tos = old->tos;
	ttl = old->ttl - 1;
	if (cross_head(ctx, c->header_bytes, sizeof(*ip)))
		return NLB_INTERNAL;
	ip = frame_at(ctx, l3_offset, sizeof(*ip));
	if (!ip)
		return NLB_INTERNAL;
	write_ipv6(ip, c->src, c->dst, protocol, tos, ttl, c->l4_bytes);
	return cross_ethertype(ctx, l3_offset, bpf_htons(ETH_P_IPV6));
}

static __always_inline int cross_to_ipv4(struct xdp_md *ctx, const struct crossing *c,
					 __u8 protocol)
{
	__u32 l3_offset = c->l3_offset & PACKET_OFFSET_MAX;
	const struct ipv6hdr *old = frame_at(ctx, l3_offset, sizeof(*old));
	struct iphdr *ip;
	__u8 tos, ttl;

	if (!old)
		return NLB_INTERNAL;
	tos = traffic_class(old);
	ttl = old->hop_limit - 1;
	if (cross_head(ctx, c->header_bytes, sizeof(*ip)))
		return NLB_INTERNAL;
	ip = frame_at(ctx, l3_offset, sizeof(*ip));
	if (!ip)
		return NLB_INTERNAL;
	write_ipv4(ip, c->src, c->dst, protocol, tos, ttl, sizeof(*ip) + c->l4_bytes);
	return cross_ethertype(ctx, l3_offset, bpf_htons(ETH_P_IP));
}

/* ---- TCP and UDP: ports and checksums ---- */

/* Length and protocol weigh the same in both pseudo headers; what IPv4 leaves of an address is
 * zero.
 */
static __always_inline __u64 cross_change(const struct nlb_tuple *from, const struct crossing *c)
{
	return csum_change(from->src, c->src, 8) + (__u16)~from->sport + (__u64)c->sport +
	       (__u16)~from->dport + c->dport;
}

static __always_inline int cross_tcp(struct xdp_md *ctx, __u32 offset, const struct crossing *c,
				     __u64 change)
{
	word16 *tcp = frame_at(ctx, offset & PACKET_OFFSET_MAX, TCP_HEADER_MIN);

	if (!tcp)
		return NLB_INTERNAL;
	tcp[0] = c->sport;
	tcp[1] = c->dport;
	tcp[8] = csum_apply(tcp[8], change);
	return 0;
}

/* The checksum that an IPv4 sender has left out. Its field is 0 and the ports are written. */
static __always_inline int udp_check(struct xdp_md *ctx, __u32 offset, const struct crossing *c,
				     __be16 length)
{
	int sum = sum_bytes(ctx, offset, bpf_ntohs(length));
	__u16 check;

	if (sum < 0)
		return -1;
	check = (__u16)~csum_fold(csum_words(c->src, 8) + length + bpf_htons(IPPROTO_UDP) +
				  (__u32)sum);
	return check ? check : 0xffff;
}

static __always_inline int cross_udp(struct xdp_md *ctx, __u32 offset, const struct crossing *c,
				     __u64 change, bool is_to_ipv6)
{
	struct udp_header *udp = frame_at(ctx, offset & PACKET_OFFSET_MAX, sizeof(*udp));
	int check;

	if (!udp)
		return NLB_INTERNAL;
	udp->source = c->sport;
	udp->dest = c->dport;
	if (udp->check) {
		check = csum_apply(udp->check, change);
		udp->check = check ? check : 0xffff;
		return 0;
	}
	if (!is_to_ipv6)
		return 0;
	check = udp_check(ctx, offset, c, udp->length);
	if (check < 0)
		return NLB_INTERNAL;
	udp = frame_at(ctx, offset & PACKET_OFFSET_MAX, sizeof(*udp));
	if (!udp)
		return NLB_INTERNAL;
	udp->check = check;
	return 0;
}

/* Ports and offsets in one scalar, as a function takes five arguments and the main function's stack
 * has no room for them. */
#define CROSSING(sport, dport, header_bytes, l3_offset) \
	((__u64)(sport) << 48 | (__u64)(dport) << 32 | (__u64)(header_bytes) << 8 | (l3_offset))

static __always_inline int crossing_fill(struct xdp_md *ctx, const struct nlb_tuple *from,
					 __u64 packed, struct crossing *c)
{
	const struct ipv6hdr *ip6;
	const struct iphdr *ip4;

	c->sport = packed >> 48;
	c->dport = packed >> 32;
	c->header_bytes = (packed >> 8) & PACKET_OFFSET_MAX;
	c->l3_offset = packed & 0xff;
	ip4 = frame_at(ctx, c->l3_offset, sizeof(*ip4));
	if (!ip4)
		return NLB_INTERNAL;
	c->l4_bytes = bpf_ntohs(ip4->tot_len) - c->header_bytes;
	if (from->family == NLB_IPV4)
		return 0;
	ip6 = frame_at(ctx, c->l3_offset, sizeof(*ip6));
	if (!ip6)
		return NLB_INTERNAL;
	c->l4_bytes = bpf_ntohs(ip6->payload_len) + sizeof(*ip6) - c->header_bytes;
	return 0;
}

/* The packet of the tuple `from` becomes one from `src` to `dst` of the other family, MAC addresses
 * and tags apart. Returns 0 or INTERNAL. */
__noinline int family_cross(struct xdp_md *ctx, const struct nlb_tuple *from,
			    const struct nlb_snat *src, const struct nlb_snat *dst, __u64 packed)
{
	struct crossing c;
	bool is_to_ipv6;
	__u32 offset;

	if (!from || !src || !dst || crossing_fill(ctx, from, packed, &c))
		return NLB_INTERNAL;
	address_copy(c.src, src);
	address_copy(c.dst, dst);
	is_to_ipv6 = from->family == NLB_IPV4;
	if (is_to_ipv6 ? cross_to_ipv6(ctx, &c, from->protocol)
		       : cross_to_ipv4(ctx, &c, from->protocol))
		return NLB_INTERNAL;
	offset = c.l3_offset + (is_to_ipv6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr));
	if (from->protocol == IPPROTO_TCP)
		return cross_tcp(ctx, offset, &c, cross_change(from, &c));
	return cross_udp(ctx, offset, &c, cross_change(from, &c), is_to_ipv6);
}

/* ---- the walk ---- */

static __always_inline bool crosses_family(const struct packet *p)
{
	return unlikely(p->target->family != p->tuple->family) && is_translated(p);
}

/* nlb_ingress: is the chosen target of the client's family? The verdict is for where the stage
 * can't be entered. */
static __always_inline int family(const struct packet *p)
{
	if (!crosses_family(p))
		return 0;
	stage_enter(p->ctx, NLB_STAGE_FAMILY);
	return NLB_UNTRANSLATABLE;
}

static __always_inline __u32 l4_bytes_of(const struct packet *p)
{
	return l3_offset(p) + p->ip_bytes - p->l4_offset;
}

/* Elsewhere a wrong checksum of the IP header stays wrong, and the receiver drops the packet; here
 * nobody would learn of it. */
static __always_inline bool is_header_damaged(const struct packet *p)
{
	return is_ipv4(p) && sum_bytes(p->ctx, l3_offset(p), p->l4_offset - l3_offset(p)) != 0xffff;
}

/* What has no counterpart in the other family. Asked before anything is written. */
static __always_inline int translatable(const struct packet *p)
{
	const struct udp_header *udp;

	if (p->is_fragment)
		return NLB_UNTRANSLATABLE;
	if (is_header_damaged(p))
		return NLB_IP_HEADER_BAD;
	if (is_tcp(p) || !is_ipv4(p))
		return 0;
	udp = packet_at(p, p->l4_offset, sizeof(*udp));
	if (!udp)
		return NLB_INTERNAL;
	return !udp->check && bpf_ntohs(udp->length) > UDP_SUM_MAX ? NLB_UNTRANSLATABLE : 0;
}

/* The answer of a target of another family than its client's. */
static __always_inline int reply_family(struct packet *p)
{
	return is_snat_port(p) ? reply_walk(p, 0, true) : 0;
}

static __always_inline int family_nexthop(struct packet *p)
{
	if (!crosses_family(p))
		return NLB_UNTRANSLATABLE; /* it was another one a moment ago */
	if (is_ipv4(p))
		return nexthop_sized(p, sizeof(struct ipv6hdr) + l4_bytes_of(p), -HEADER_GROWTH);
	return nexthop_sized(p, sizeof(struct iphdr) + l4_bytes_of(p), HEADER_GROWTH);
}

static __always_inline int family_rewrite(struct packet *p, int verdict)
{
	const struct nlb_link *link = p->macs;
	__u64 packed =
		CROSSING(p->ends.sport, p->ends.dport, p->l4_offset - l3_offset(p), l3_offset(p));
	int error;

	if (!link || !p->ends.src ||
	    family_cross(p->ctx, p->tuple, p->ends.src, p->ends.dst, packed))
		return NLB_INTERNAL;
	p->tuple->family = is_ipv4(p) ? NLB_IPV6 : NLB_IPV4;
	error = is_reply(verdict) ? rewrite_tags(p, link->vlan_outer, link->vlan_inner)
				  : rewrite_tags(p, 0, 0);
	return error || rewrite_macs(p) ? NLB_INTERNAL : verdict;
}

static __always_inline int family_edit(struct packet *p, int verdict)
{
	if (is_forward(verdict) || is_reply(verdict))
		return family_rewrite(p, verdict);
	return edit_answer(p, verdict);
}

#endif
