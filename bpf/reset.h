/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * A segment, of a client or of a target, becomes an RST in answer to it (RFC 9293 3.10.7.1), in the
 * same frame, back out of the interface it came in. Nothing but sequence and acknowledgement
 * numbers is kept of the segment; the answer is never longer than it and an RST is never answered,
 * so it is not rate-limited: nobody gains by provoking it.
 */
#ifndef LEAT_BPF_RESET_H
#define LEAT_BPF_RESET_H

#include "answer.h"
#include "csum.h"
#include "packet.h"
#include "parse.h"

struct tcp_header {
	__be16 source;
	__be16 dest;
	__be32 seq;
	__be32 ack;
	__u8 offset; /* upper four bits: header length in 4-byte words */
	__u8 flags;
	__be16 window;
	__sum16 check;
	__be16 urgent;
};

static __always_inline bool is_reset(int verdict)
{
	return verdict == NLB_RESET_UNHEALTHY || verdict == NLB_RESET_NO_FLOW ||
	       verdict == NLB_RESET_TARGET;
}

/* seq, ack and flags of the answer; SEG.LEN counts SYN and FIN. `l4_bytes`: header and data. */
static __always_inline void reset_numbers(struct tcp_header *rst, const struct tcp_header *segment,
					  __u32 l4_bytes)
{
	__u32 length = l4_bytes - (segment->offset >> 4) * 4;

	if (segment->flags & TCP_ACK) {
		rst->seq = segment->ack;
		rst->flags = TCP_RST;
		return;
	}
	length += !!(segment->flags & TCP_SYN) + !!(segment->flags & TCP_FIN);
	rst->ack = bpf_htonl(bpf_ntohl(segment->seq) + length);
	rst->flags = TCP_RST | TCP_ACK;
}

static __always_inline void reset_checksum(struct tcp_header *rst, const struct nlb_tuple *from)
{
	__u64 sum = bpf_htons(IPPROTO_TCP) + bpf_htons(sizeof(*rst));

	sum += csum_words(from->src, 8); /* both addresses: what IPv4 leaves of them is zero */
	rst->check = (__u16)~csum_fold(sum + csum_words(rst, sizeof(*rst) / 4));
}

static __always_inline int reset_write(struct xdp_md *ctx, const struct nlb_tuple *from,
				       __u32 l3_offset, const struct tcp_header *rst)
{
	__u32 ip_bytes = from->family == NLB_IPV4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr);
	__u32 frame_bytes = l3_offset + ip_bytes + sizeof(*rst);
	void *frame, *ip;

	if (bpf_xdp_adjust_tail(ctx, (int)frame_bytes - (int)frame_length(ctx)))
		return NLB_INTERNAL;
	frame = frame_at(ctx, 0, ETH_HLEN);
	if (!frame)
		return NLB_INTERNAL;
	swap_macs(frame);
	ip = frame_at(ctx, l3_offset, ip_bytes + sizeof(*rst));
	if (!ip)
		return NLB_INTERNAL;
	if (from->family == NLB_IPV4)
		answer_ipv4(ip, from, IPPROTO_TCP, 0, sizeof(*rst));
	else
		answer_ipv6(ip, from, IPPROTO_TCP, sizeof(*rst));
	*(struct tcp_header *)(ip + ip_bytes) = *rst;
	return 0;
}

/* Returns 0 or INTERNAL. Offsets are of the segment that is answered; a global function, as it is
 * rare and long. */
__noinline int reset_answer(struct xdp_md *ctx, const struct nlb_tuple *from, __u32 l3_offset,
			    __u32 l4_offset, __u32 l4_bytes)
{
	const struct tcp_header *segment =
		frame_at(ctx, l4_offset & PACKET_OFFSET_MAX, sizeof(*segment));
	struct tcp_header rst = {};

	if (!segment || !from)
		return NLB_INTERNAL;
	rst.source = from->dport;
	rst.dest = from->sport;
	rst.offset = (sizeof(rst) / 4) << 4;
	reset_numbers(&rst, segment, l4_bytes);
	reset_checksum(&rst, from);
	return reset_write(ctx, from, l3_offset & PACKET_OFFSET_MAX, &rst);
}

static __always_inline int reset(const struct packet *p, int verdict)
{
	__u32 l4_bytes = l3_offset(p) + p->ip_bytes - p->l4_offset;

	return reset_answer(p->ctx, p->tuple, l3_offset(p), p->l4_offset, l4_bytes) ? NLB_INTERNAL
										    : verdict;
}

#endif
