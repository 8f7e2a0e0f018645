/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Frame -> tuple and offsets. Everything a later stage reads from the packet has been checked here
 * against the frame's end and against the length that the IP header names: a frame may be longer
 * than its datagram (padding), never shorter.
 *
 * What is not well-formed is the stack's to judge (PASS). Header checksums are not verified:
 * rewriting is incremental, so a wrong checksum stays wrong and its receiver drops the packet.
 */
#ifndef LEAT_BPF_PARSE_H
#define LEAT_BPF_PARSE_H

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>

#include "config.h"
#include "packet.h"

#define IPV4_MORE_OR_OFFSET 0x3fff /* of frag_off: more fragments, or not the first */
#define IPV6_MORE_OR_OFFSET 0xfff9

#define TCP_HEADER_MIN 20
#define UDP_HEADER     8

struct udp_header {
	__be16 source, dest, length, check;
};

static __always_inline bool is_balanced(__u8 protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP;
}

static __always_inline bool is_vlan(__be16 proto)
{
	return proto == bpf_htons(ETH_P_8021Q) || proto == bpf_htons(ETH_P_8021AD);
}

/* Whether the outermost of the tags that are recorded has the TPID that their number does not
 * suggest. A TCI of 0 (no VLAN, no priority) says nothing, and such a tag is not recorded. */
static __always_inline bool is_odd_tpid(const struct packet *p, bool is_outer_ad, bool is_inner_ad)
{
	bool is_ad = p->vlan_outer ? is_outer_ad : is_inner_ad;

	return p->vlan_outer && p->vlan_inner ? !is_ad : is_ad;
}

static __always_inline int parse_vlans(struct packet *p, __be16 *proto)
{
	bool is_outer_ad = *proto == bpf_htons(ETH_P_8021AD), is_inner_ad = false;
	struct vlan_tag *tag = packet_at(p, ETH_HLEN, sizeof(*tag));

	if (!tag)
		return NLB_ETH_TRUNCATED;
	p->tags = 1;
	p->vlan_outer = tag->tci;
	*proto = tag->inner_proto;
	if (is_vlan(*proto)) {
		is_inner_ad = *proto == bpf_htons(ETH_P_8021AD);
		tag = packet_at(p, ETH_HLEN + sizeof(*tag), sizeof(*tag));
		if (!tag)
			return NLB_ETH_TRUNCATED;
		p->tags = 2;
		p->vlan_inner = tag->tci;
		*proto = tag->inner_proto;
	}
	p->odd_tpid = is_odd_tpid(p, is_outer_ad, is_inner_ad) ? NLB_FLOW_ODD_TPID : 0;
	return is_vlan(*proto) ? NLB_VLAN_TOO_DEEP : 0;
}

static __always_inline int parse_ethernet(struct packet *p, __be16 *proto)
{
	struct ethhdr *eth = packet_at(p, 0, sizeof(*eth));

	if (!eth)
		return NLB_ETH_TRUNCATED;
	if (eth->h_dest[0] & 1)
		return NLB_NOT_UNICAST;
	*proto = eth->h_proto;
	return unlikely(is_vlan(*proto)) ? parse_vlans(p, proto) : 0;
}

static __always_inline void set_addresses_v4(struct nlb_tuple *tuple, __be32 src, __be32 dst)
{
	word64 *words = (word64 *)tuple;

	words[0] = src;
	words[1] = 0;
	words[2] = dst;
	words[3] = 0;
	words[4] = 0;
	tuple->family = NLB_IPV4;
}

static __always_inline int parse_ipv4(struct packet *p)
{
	struct iphdr *ip = packet_at(p, l3_offset(p), sizeof(*ip));
	__u32 header_bytes;

	if (!ip)
		return NLB_IP_TRUNCATED;
	header_bytes = ip->ihl * 4;
	p->ip_bytes = bpf_ntohs(ip->tot_len);
	if (ip->version != 4 || header_bytes < sizeof(*ip) || p->ip_bytes < header_bytes)
		return NLB_IP_HEADER_BAD;
	if (l3_offset(p) + p->ip_bytes > p->frame_bytes)
		return NLB_IP_TRUNCATED;

	p->ttl = ip->ttl;
	p->l4_offset = l3_offset(p) + header_bytes;
	p->is_fragment = ip->frag_off & bpf_htons(IPV4_MORE_OR_OFFSET);
	set_addresses_v4(p->tuple, ip->saddr, ip->daddr);
	p->tuple->protocol = ip->protocol;
	return 0;
}

static __always_inline void set_addresses_v6(struct nlb_tuple *tuple, const struct ipv6hdr *ip)
{
	word64 *words = (word64 *)tuple;
	const word32 *from = (const word32 *)&ip->saddr;

	words[0] = from[0] | (__u64)from[1] << 32;
	words[1] = from[2] | (__u64)from[3] << 32;
	words[2] = from[4] | (__u64)from[5] << 32;
	words[3] = from[6] | (__u64)from[7] << 32;
	words[4] = 0;
	tuple->family = NLB_IPV6;
}

/* Where the walk over extension headers ended, in one scalar: offset, next header, fragment. */
#define WALK(offset, next, fragment) ((offset) | (next) << 16 | (fragment) << 24)
#define WALK_OFFSET(walk)	     ((walk)&PACKET_OFFSET_MAX)
#define WALK_NEXT(walk)		     (((walk) >> 16) & 0xff)
#define WALK_FRAGMENT(walk)	     (((walk) >> 24) & 1)

/* Steps over the extension headers of the datagram that ends at `end`. Returns WALK(), or minus a
 * verdict. A global function: the verifier walks its loop once, on its own, and its callers see one
 * unknown number. */
__noinline int walk_extensions(struct xdp_md *ctx, __u32 offset, __u32 next, __u32 end)
{
	int i;

	for (i = 0; i < EXTENSIONS_MAX; i++) {
		void *data = (void *)(long)ctx->data;
		__u8 *header;
		__u32 bytes;

		if (next != IPPROTO_HOPOPTS && next != IPPROTO_ROUTING && next != IPPROTO_DSTOPTS &&
		    next != IPPROTO_FRAGMENT && next != IPPROTO_AH)
			return WALK(offset & PACKET_OFFSET_MAX, next, 0);
		if (offset > PACKET_OFFSET_MAX || offset + 8 > end)
			return -NLB_IP_TRUNCATED;
		header = data + offset;
		if (header + 8 > (__u8 *)(long)ctx->data_end)
			return -NLB_IP_TRUNCATED;

		bytes = (header[1] + 1) * 8;
		if (next == IPPROTO_AH)
			bytes = (header[1] + 2) * 4; /* RFC 4302 2.2 */
		if (next == IPPROTO_FRAGMENT) {
			bytes = 8;
			if (*(word16 *)(header + 2) & bpf_htons(IPV6_MORE_OR_OFFSET))
				return WALK(offset, header[0], 1); /* RFC 6946: others are whole */
		}
		if (next == IPPROTO_ROUTING && header[3])
			return -NLB_OTHER_PROTOCOL; /* segments left: the address is not yet the
						       destination */
		next = header[0];
		offset += bytes;
	}
	if (is_balanced(next))
		return WALK(offset & PACKET_OFFSET_MAX, next, 0);
	return -NLB_EXTENSIONS_TOO_DEEP;
}

static __always_inline int parse_extensions(struct packet *p, __u8 next)
{
	int walk = walk_extensions(p->ctx, p->l4_offset, next, l3_offset(p) + p->ip_bytes);

	if (walk < 0)
		return -walk;
	p->l4_offset = WALK_OFFSET(walk);
	p->tuple->protocol = WALK_NEXT(walk);
	p->is_fragment = WALK_FRAGMENT(walk);
	return 0;
}

static __always_inline int parse_ipv6(struct packet *p)
{
	struct ipv6hdr *ip = packet_at(p, l3_offset(p), sizeof(*ip));

	if (!ip)
		return NLB_IP_TRUNCATED;
	if (ip->version != 6)
		return NLB_IP_HEADER_BAD;
	p->ip_bytes = sizeof(*ip) + bpf_ntohs(ip->payload_len);
	if (l3_offset(p) + p->ip_bytes > p->frame_bytes)
		return NLB_IP_TRUNCATED;

	p->ttl = ip->hop_limit;
	p->l4_offset = l3_offset(p) + sizeof(*ip);
	set_addresses_v6(p->tuple, ip);
	p->tuple->protocol = ip->nexthdr;
	return likely(is_balanced(ip->nexthdr)) ? 0 : parse_extensions(p, ip->nexthdr);
}

static __always_inline int parse_tcp(struct packet *p, __u32 l4_bytes)
{
	__u8 *tcp = packet_at(p, p->l4_offset, TCP_HEADER_MIN);
	__u32 header_bytes;

	if (!tcp || l4_bytes < TCP_HEADER_MIN)
		return NLB_L4_TRUNCATED;
	header_bytes = (tcp[12] >> 4) * 4;
	if (header_bytes < TCP_HEADER_MIN || header_bytes > l4_bytes)
		return NLB_TCP_HEADER_BAD;
	p->tcp_flags = tcp[13];
	p->tuple->sport = ((word16 *)tcp)[0];
	p->tuple->dport = ((word16 *)tcp)[1];
	return 0;
}

static __always_inline int parse_udp(struct packet *p, __u32 l4_bytes)
{
	struct udp_header *udp = packet_at(p, p->l4_offset, UDP_HEADER);
	__u32 length;

	if (!udp || l4_bytes < UDP_HEADER)
		return NLB_L4_TRUNCATED;
	length = bpf_ntohs(udp->length);
	if (length < UDP_HEADER || length > l4_bytes)
		return NLB_UDP_LENGTH_BAD;
	p->tuple->sport = udp->source;
	p->tuple->dport = udp->dest;
	return 0;
}

static __always_inline int parse_l4(struct packet *p)
{
	__u32 end = l3_offset(p) + p->ip_bytes;
	__u32 l4_bytes = end > p->l4_offset ? end - p->l4_offset : 0;

	if (is_tcp(p))
		return parse_tcp(p, l4_bytes);
	return parse_udp(p, l4_bytes);
}

static __always_inline int parse(struct packet *p)
{
	__be16 proto = 0;
	int verdict = parse_ethernet(p, &proto);

	if (verdict)
		return verdict;
	if (proto == bpf_htons(ETH_P_IP))
		verdict = parse_ipv4(p);
	else if (proto == bpf_htons(ETH_P_IPV6))
		verdict = parse_ipv6(p);
	else
		return NLB_NOT_IP;
	if (verdict)
		return verdict;

	if (!is_balanced(p->tuple->protocol))
		return NLB_OTHER_PROTOCOL;
	if (unlikely(p->is_fragment))
		return 0; /* may have no ports; the fragment stage ends its walk */
	return parse_l4(p);
}

#endif
