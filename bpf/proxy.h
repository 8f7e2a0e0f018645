/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Puts a PROXY header (leat/proxy_v2.h) between the headers of a client's segment and its data: the
 * frame grows at its front, its headers move there, lengths and checksums follow. When: shift.h.
 */
#ifndef LEAT_BPF_PROXY_H
#define LEAT_BPF_PROXY_H

#include <linux/ip.h>
#include <linux/ipv6.h>

#include <leat/proxy_v2.h>

#include "csum.h"
#include "packet.h"
#include "reset.h"

#define PROXY_ROOM_MAX 256 /* of the headers that are moved: the loop that the verifier walks */

enum { TCP_URG = 32 };

static __always_inline int proxy_make_room(struct xdp_md *ctx, __u32 headers, __u32 bytes)
{
	__u32 at;

	if (bpf_xdp_adjust_head(ctx, -(int)bytes))
		return -NLB_INTERNAL;
	for (at = 0; at < PROXY_ROOM_MAX; at += 2) {
		word16 *from, *to;

		if (at >= headers)
			break;
		forget_frame(ctx);
		from = frame_at(ctx, at + bytes, 2);
		to = frame_at(ctx, at, 2);
		if (!from || !to)
			return -NLB_INTERNAL;
		*to = *from;
	}
	return 0;
}

static __always_inline int proxy_lengthen_ip(struct xdp_md *ctx, __u8 family, __u32 l3_offset,
					     __u16 bytes)
{
	struct ipv6hdr *ip6;
	struct iphdr *ip;
	__be16 old;

	if (family == NLB_IPV6) {
		ip6 = frame_at(ctx, l3_offset, sizeof(*ip6));
		if (!ip6)
			return -NLB_INTERNAL;
		ip6->payload_len = bpf_htons(bpf_ntohs(ip6->payload_len) + bytes);
		return 0;
	}
	ip = frame_at(ctx, l3_offset, sizeof(*ip));
	if (!ip)
		return -NLB_INTERNAL;
	old = ip->tot_len;
	ip->tot_len = bpf_htons(bpf_ntohs(old) + bytes);
	ip->check = csum_apply(ip->check, (__u64)(__u16)~old + ip->tot_len);
	return 0;
}

/* `sum`: of the bytes put in. The length is in the sum of the pseudo header; an urgent pointer
 * counts from the segment's first byte. */
static __always_inline void proxy_lengthen_tcp(struct tcp_header *tcp, __u16 bytes, __u64 sum)
{
	__be16 old = tcp->urgent;

	sum += bpf_htons(bytes);
	if (tcp->flags & TCP_URG) {
		tcp->urgent = bpf_htons(bpf_ntohs(old) + bytes);
		sum += (__u64)(__u16)~old + tcp->urgent;
	}
	tcp->check = csum_apply(tcp->check, sum);
}

/* `bytes`: a constant, of the header. */
static __always_inline int proxy_put(struct xdp_md *ctx, __u8 family, __u32 l3_offset,
				     __u32 l4_offset, const void *header, __u32 bytes)
{
	struct tcp_header *tcp = frame_at(ctx, l4_offset, sizeof(*tcp));
	__u32 data;
	void *to;

	if (!tcp)
		return -NLB_INTERNAL;
	data = (l4_offset + (tcp->offset >> 4) * 4) & PACKET_OFFSET_MAX;
	if (proxy_make_room(ctx, data, bytes) || proxy_lengthen_ip(ctx, family, l3_offset, bytes))
		return -NLB_INTERNAL;
	tcp = frame_at(ctx, l4_offset, sizeof(*tcp));
	to = frame_at(ctx, data, bytes);
	if (!tcp || !to)
		return -NLB_INTERNAL;
	__builtin_memcpy(to, header, bytes);
	proxy_lengthen_tcp(tcp, bytes, csum_words(header, bytes / 4));
	return 0;
}

/* The segment, as received, gets the header that names its client and the address that this one
 * sent to. A global function: it is long, and few segments of a connection need it. Returns 0 or
 * minus INTERNAL. */
__noinline int proxy_insert(struct xdp_md *ctx, const struct nlb_tuple *from, __u32 l3_offset,
			    __u32 l4_offset)
{
	word32 header[PROXY_V2_MAX_BYTES / 4];
	struct proxy_v2_ends ends;

	l3_offset &= PACKET_OFFSET_MAX;
	l4_offset &= PACKET_OFFSET_MAX;
	if (!from)
		return -NLB_INTERNAL;
	ends = (struct proxy_v2_ends){from->src, from->dst, from->sport, from->dport};
	if (from->family == NLB_IPV4) {
		proxy_v2_write_ipv4(header, PROXY_V2_PROXY, &ends);
		return proxy_put(ctx, NLB_IPV4, l3_offset, l4_offset, header, PROXY_V2_IPV4_BYTES);
	}
	proxy_v2_write_ipv6(header, PROXY_V2_PROXY, &ends);
	return proxy_put(ctx, NLB_IPV6, l3_offset, l4_offset, header, PROXY_V2_IPV6_BYTES);
}

#endif
