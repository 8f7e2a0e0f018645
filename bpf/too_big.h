/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * A client's packet is longer than the path to its target: the frame becomes the ICMP error that
 * says so, from the address that the packet was sent to, back out of the interface it came in: IPv4
 * fragmentation needed (RFC 1191 4), IPv6 packet too big (RFC 4443 3.2).
 *
 * No error is made, and the packet just ends (MTU_EXCEEDED), where
 *   - IPv4 allows fragmenting it: that would be the router's work, which Leat is not,
 *   - the path is narrower than every host may count on: nobody would believe it (RFC 791, 8201 4),
 *   - the source is no single host (RFC 1812 4.3.2.7),
 *   - this CPU has just made too many.
 */
#ifndef LEAT_BPF_TOO_BIG_H
#define LEAT_BPF_TOO_BIG_H

#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>

#include "answer.h"
#include "bucket.h"
#include "config.h"
#include "csum.h"
#include "maps.h"
#include "packet.h"

#define IPV4_MTU_MIN 68
#define IPV6_MTU_MIN 1280

#define IPV4_DONT_FRAGMENT  0x4000
#define IPV4_TOS_ICMP_ERROR 0xc0 /* internetwork control (RFC 1812 4.3.2.5) */

enum icmp_type {
	ICMP4_ECHO_REPLY = 0,
	ICMP4_UNREACHABLE = 3,
	ICMP4_ECHO = 8,
	ICMP4_TIME_EXCEEDED = 11,
	ICMP4_PARAMETER_PROBLEM = 12,
	ICMP6_UNREACHABLE = 1,
	ICMP6_TOO_BIG = 2,
	ICMP6_TIME_EXCEEDED = 3,
	ICMP6_PARAMETER_PROBLEM = 4,
	ICMP6_ECHO = 128,
	ICMP6_ECHO_REPLY = 129,
};

enum { ICMP4_FRAGMENTATION_NEEDED = 4 }; /* code of ICMP4_UNREACHABLE */

struct icmp_header {
	__u8 type;
	__u8 code;
	__sum16 check;
	__be32 rest; /* IPv6: the MTU; IPv4: its lower half is */
};

/* The bytes before the datagram: MAC addresses, EtherType, two tags at most. */
struct front {
	__u16 words[11];
};

static __always_inline bool is_tellable(const struct xdp_md *ctx, const struct nlb_tuple *from,
					__u32 l3_offset, __u32 mtu)
{
	const struct iphdr *ip = frame_at(ctx, l3_offset, sizeof(*ip));

	if (from->family == NLB_IPV6)
		return mtu >= IPV6_MTU_MIN;
	return mtu >= IPV4_MTU_MIN && ip && ip->frag_off & bpf_htons(IPV4_DONT_FRAGMENT);
}

/* Is the source of a packet that is longer than `mtu` told so? A global function, as all in this
 * file: most connections ask once, if at all. */
__noinline int too_big_is_told(struct xdp_md *ctx, const struct nlb_tuple *from, __u32 l3_offset,
			       __u32 mtu)
{
	return from && is_tellable(ctx, from, l3_offset & PACKET_OFFSET_MAX, mtu) &&
	       is_single_host(from) &&
	       bucket_take_answer(BUCKET_TOO_BIG, TOO_BIG_PER_SECOND, TOO_BIG_BURST);
}

static __always_inline int too_big(struct packet *p, __u16 mtu)
{
	p->mtu = mtu;
	return too_big_is_told(p->ctx, p->tuple, l3_offset(p), mtu) ? NLB_PACKET_TOO_BIG
								    : NLB_MTU_EXCEEDED;
}

/* Room for the headers before the datagram, and its end cut off behind what is quoted. */
static __always_inline int too_big_move(struct xdp_md *ctx, __u32 header_bytes, __u32 frame_bytes)
{
	struct front front, *old = frame_at(ctx, 0, sizeof(front)), *new;

	if (!old)
		return NLB_INTERNAL;
	front = *old;
	if (bpf_xdp_adjust_head(ctx, -(int)header_bytes) ||
	    bpf_xdp_adjust_tail(ctx, (int)frame_bytes - (int)frame_length(ctx)))
		return NLB_INTERNAL;
	new = frame_at(ctx, 0, sizeof(front));
	if (!new)
		return NLB_INTERNAL;
	swap_macs(&front);
	*new = front; /* with fewer tags it is too much: the headers are written over it */
	return 0;
}

/* The ICMP header before a quote of `quote` bytes, a constant. `sum`: of the pseudo header. */
static __always_inline int too_big_icmp(struct xdp_md *ctx, __u32 offset,
					const struct icmp_header *header, __u64 sum, __u32 quote)
{
	struct icmp_header *icmp = frame_at(ctx, offset, sizeof(*icmp) + quote);

	if (!icmp)
		return NLB_INTERNAL;
	*icmp = *header;
	sum += (__u32)bpf_csum_diff(NULL, 0, (void *)icmp, sizeof(*icmp) + quote, 0);
	icmp->check = (__u16)~csum_fold(sum);
	return 0;
}

static __always_inline int too_big_ipv4(struct xdp_md *ctx, const struct nlb_tuple *from,
					__u32 l3_offset, __u32 mtu, __u32 quote)
{
	const struct icmp_header header = {
		.type = ICMP4_UNREACHABLE,
		.code = ICMP4_FRAGMENTATION_NEEDED,
		.rest = bpf_htonl(mtu),
	};
	struct iphdr *ip;

	if (too_big_move(ctx, sizeof(*ip) + sizeof(header),
			 l3_offset + sizeof(*ip) + sizeof(header) + quote))
		return NLB_INTERNAL;
	ip = frame_at(ctx, l3_offset, sizeof(*ip));
	if (!ip)
		return NLB_INTERNAL;
	answer_ipv4(ip, from, IPPROTO_ICMP, IPV4_TOS_ICMP_ERROR, sizeof(header) + quote);
	return too_big_icmp(ctx, l3_offset + sizeof(*ip), &header, 0, quote);
}

static __always_inline int too_big_ipv6(struct xdp_md *ctx, const struct nlb_tuple *from,
					__u32 l3_offset, __u32 mtu, __u32 quote)
{
	const struct icmp_header header = {.type = ICMP6_TOO_BIG, .rest = bpf_htonl(mtu)};
	__u64 sum = bpf_htons(IPPROTO_ICMPV6) + bpf_htons(sizeof(header) + quote);
	struct ipv6hdr *ip;

	if (too_big_move(ctx, sizeof(*ip) + sizeof(header),
			 l3_offset + sizeof(*ip) + sizeof(header) + quote))
		return NLB_INTERNAL;
	ip = frame_at(ctx, l3_offset, sizeof(*ip));
	if (!ip)
		return NLB_INTERNAL;
	answer_ipv6(ip, from, IPPROTO_ICMPV6, sizeof(header) + quote);
	return too_big_icmp(ctx, l3_offset + sizeof(*ip), &header, sum + csum_words(from->src, 8),
			    quote);
}

/* Returns 0 or INTERNAL. Of a short datagram the IPv4 header and 8 bytes are quoted at least, and
 * every one that is longer than its path has them. */
__noinline int too_big_answer(struct xdp_md *ctx, const struct nlb_tuple *from, __u32 l3_offset,
			      __u32 ip_bytes, __u32 mtu)
{
	l3_offset &= PACKET_OFFSET_MAX;
	if (!from)
		return NLB_INTERNAL;
	if (from->family == NLB_IPV6)
		return too_big_ipv6(ctx, from, l3_offset, mtu, TOO_BIG_QUOTE);
	if (ip_bytes >= TOO_BIG_QUOTE)
		return too_big_ipv4(ctx, from, l3_offset, mtu, TOO_BIG_QUOTE);
	return too_big_ipv4(ctx, from, l3_offset, mtu, IPV4_MTU_MIN);
}

static __always_inline int tell_too_big(const struct packet *p)
{
	return too_big_answer(p->ctx, p->tuple, l3_offset(p), p->ip_bytes, p->mtu)
		       ? NLB_INTERNAL
		       : NLB_PACKET_TOO_BIG;
}

#endif
