/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * TCP connections that Leat has spoken in itself: what it put before the client's first byte (a
 * PROXY header), or another initial sequence number than the target's that it told the client. The
 * numbers of all later segments differ between the two sides, for the life of the connection:
 *
 *     client -> target   sequence number + to_target           acknowledgement - to_client, SACK
 * too target -> client   acknowledgement - to_target, SACK too  sequence number + to_client
 *
 * A header is given to every segment that begins with the client's first byte (isn + 1) until the
 * target has acknowledged all of the header, so it is sent again whenever it may have been lost.
 * Till then an acknowledgement within it is shown to the client as one of nothing, and segments
 * further on are moved already: the target keeps them until the header has come. From then on all
 * is arithmetic: isn is not looked at any more, so that numbers may wrap.
 *
 * SYNs are never moved. Their answers lose what can't work with bytes put in between: TCP fast open
 * and Multipath TCP; and their MSS leaves room for the header.
 *
 * All this is the program nlb_shift: it walks as nlb_ingress does, and shifts before the edits. It
 * is entered for known flows that have a shift; how they come to it is in open.h.
 */
#ifndef LEAT_BPF_SHIFT_H
#define LEAT_BPF_SHIFT_H

#include <leat/proxy_v2.h>

#include "csum.h"
#include "maps.h"
#include "nat.h"
#include "packet.h"
#include "parse.h"
#include "proxy.h"
#include "quote.h"
#include "reset.h"
#include "rewrite.h"
#include "target.h"
#include "too_big.h"

#define TCP_OPTIONS_MAX 40

enum tcp_option {
	OPTION_END = 0,
	OPTION_NOP = 1,
	OPTION_MSS = 2,
	OPTION_SACK = 5,
	OPTION_MPTCP = 30,
	OPTION_FAST_OPEN = 34,
	OPTION_EXPERIMENT = 254, /* the first fast open, SMC-R */
};

#define OPTION_MSS_BYTES 4
#define SACK_BLOCKS_MAX	 4

/* NOP, NOP, timestamps: nearly all segments of established connections. */
#define OPTIONS_TIMESTAMPS_ONLY 0x0a080101
#define OFFSET_TIMESTAMPS_ONLY	8

/* No window is larger: an acknowledgement further ahead is none (RFC 7323 2.3). */
#define TCP_WINDOW_MAX (1u << 30)

/* ---- numbers ---- */

static __always_inline __u32 shift_first(const struct nlb_shift *s)
{
	return s->isn + 1;
}

/* Does an acknowledgement of the target's say that it has the whole header? */
static __always_inline bool shift_hears_ack(const struct nlb_shift *s, __u32 ack)
{
	return (s->flags & (NLB_SHIFT_PROXY | NLB_SHIFT_ACKED)) == NLB_SHIFT_PROXY &&
	       ack - shift_first(s) - s->to_target < TCP_WINDOW_MAX;
}

/* A number of the client's that the target names, as the client knows it. */
static __always_inline __u32 shift_back(const struct nlb_shift *s, __u32 number)
{
	__s32 ahead = number - shift_first(s);

	if (s->flags & NLB_SHIFT_ACKED || ahead >= s->to_target)
		return number - s->to_target;
	return ahead > 0 ? shift_first(s) : number;
}

enum shift_fate { SEGMENT_STAYS, SEGMENT_MOVES, SEGMENT_GROWS };

/* What becomes of a client's segment with `data` bytes. Of RSTs before the client's first byte: one
 * that answers the target (no ACK) has the number that the target expects; one that ends the
 * connection comes after the header, if that is sent before any data. */
static __always_inline enum shift_fate shift_fate(const struct nlb_shift *s, __u32 seq, __u8 flags,
						  __u32 data)
{
	__s32 ahead = seq - shift_first(s);

	if (flags & TCP_SYN || !s->to_target)
		return SEGMENT_STAYS;
	if (s->flags & NLB_SHIFT_ACKED || ahead > 0)
		return SEGMENT_MOVES;
	if (ahead < 0) /* a keepalive */
		return SEGMENT_STAYS;
	if (flags & TCP_RST)
		return s->flags & NLB_SHIFT_ON_ACK && flags & TCP_ACK ? SEGMENT_MOVES
								      : SEGMENT_STAYS;
	return data || flags & TCP_FIN || s->flags & NLB_SHIFT_ON_ACK ? SEGMENT_GROWS
								      : SEGMENT_STAYS;
}

/* ---- options ---- */

/* What becomes of the options of one segment. */
struct option_edit {
	__u32 l4_offset;
	__u32 add;   /* to the edges of SACK blocks */
	__u32 first; /* SACK within `header` bytes from here on are of nothing */
	__u16 header;
	__u16 mss_max;
	bool is_syn;
	__u8 pad[3];
};

/* The checksum field of a header whose bytes at `at` have changed; the words of the sum begin at
 * even offsets. */
static __always_inline int option_csum(struct xdp_md *ctx, __u32 l4_offset, __u32 at, __u64 change)
{
	struct tcp_header *tcp = frame_at(ctx, l4_offset & PACKET_OFFSET_MAX, sizeof(*tcp));
	__u16 folded = csum_fold(change);

	if (!tcp)
		return NLB_INTERNAL;
	if (at & 1)
		folded = folded << 8 | folded >> 8;
	tcp->check = csum_apply(tcp->check, folded);
	return 0;
}

static __always_inline __u32 sack_edge(const struct option_edit *edit, __u32 edge)
{
	return edge - edit->first < edit->header ? edit->first : edge + edit->add;
}

/* One block. A report of the header as received twice (RFC 2883) is one of nothing to the client:
 * such a block is empty, and ignored. */
static __always_inline int sack_block(struct xdp_md *ctx, const struct option_edit *edit, __u32 at)
{
	word32 *edges = frame_at(ctx, (edit->l4_offset + at) & PACKET_OFFSET_MAX, 8);
	__u32 left, right;
	__u64 change;

	if (!edges)
		return NLB_INTERNAL;
	left = sack_edge(edit, bpf_ntohl(edges[0]));
	right = bpf_ntohl(edges[1]) + edit->add;
	if (edit->header && (__s32)(right - left) < 0)
		right = left;
	change = (__u64)(__u32)~edges[0] + (__u32)~edges[1] + bpf_htonl(left) + bpf_htonl(right);
	edges[0] = bpf_htonl(left);
	edges[1] = bpf_htonl(right);
	return option_csum(ctx, edit->l4_offset, at, change);
}

static __always_inline int sack_edit(struct xdp_md *ctx, const struct option_edit *edit, __u32 at,
				     __u32 bytes)
{
	__u32 i;

	for (i = 0; i < SACK_BLOCKS_MAX; i++) {
		if (2 + (i + 1) * 8 > bytes)
			return 0;
		forget_frame(ctx);
		if (sack_block(ctx, edit, at + 2 + i * 8))
			return NLB_INTERNAL;
	}
	return 0;
}

static __always_inline int mss_edit(struct xdp_md *ctx, const struct option_edit *edit, __u32 at)
{
	word16 *mss = frame_at(ctx, (edit->l4_offset + at + 2) & PACKET_OFFSET_MAX, 2);
	__u16 old, new;

	if (!mss)
		return NLB_INTERNAL;
	old = *mss;
	new = bpf_ntohs(old);
	if (edit->mss_max && new > edit->mss_max)
		new = edit->mss_max;
	if (new > edit->header)
		new -= edit->header;
	*mss = bpf_htons(new);
	return option_csum(ctx, edit->l4_offset, at, (__u64)(__u16)~old + bpf_htons(new));
}

/* NOPs in place of an option. */
static __always_inline int option_blank(struct xdp_md *ctx, const struct option_edit *edit,
					__u32 at, __u32 bytes)
{
	__u64 change = 0;
	__u32 i;

	for (i = 0; i < TCP_OPTIONS_MAX; i++) {
		__u32 shift = i & 1 ? 8 : 0;
		__u8 *byte;

		if (i >= bytes)
			break;
		forget_frame(ctx);
		byte = frame_at(ctx, (edit->l4_offset + at + i) & PACKET_OFFSET_MAX, 1);
		if (!byte)
			return NLB_INTERNAL;
		change += (__u16) ~(*byte << shift) + (__u64)(OPTION_NOP << shift);
		*byte = OPTION_NOP;
	}
	return option_csum(ctx, edit->l4_offset, at, change);
}

static __always_inline int option_edit(struct xdp_md *ctx, const struct option_edit *edit,
				       __u8 kind, __u32 at, __u32 bytes)
{
	if (!edit->is_syn)
		return kind == OPTION_SACK ? sack_edit(ctx, edit, at, bytes) : 0;
	if (kind == OPTION_MSS && bytes == OPTION_MSS_BYTES)
		return mss_edit(ctx, edit, at);
	if (kind == OPTION_FAST_OPEN || kind == OPTION_MPTCP || kind == OPTION_EXPERIMENT)
		return option_blank(ctx, edit, at, bytes);
	return 0;
}

/* The option at `at`, an offset in the TCP header, which ends at `end`. Returns where the next one
 * is; 0: that was the last. A global function: an unknown number comes back, so all rounds of the
 * caller's loop are the same to the verifier. */
__noinline int option_next(struct xdp_md *ctx, const struct option_edit *edit, __u32 at, __u32 end)
{
	const __u8 *option;
	__u32 bytes;

	at &= 63;
	if (!edit || at >= end)
		return 0;
	option = frame_at(ctx, (edit->l4_offset + at) & PACKET_OFFSET_MAX, 2);
	if (!option || option[0] == OPTION_END)
		return 0; /* the last byte of all alone is an END or a NOP */
	if (option[0] == OPTION_NOP)
		return at + 1;
	bytes = option[1];
	if (bytes < 2 || at + bytes > end)
		return 0;
	return option_edit(ctx, edit, option[0], at, bytes) ? 0 : at + bytes;
}

/* `end`: of the TCP header, from its start. */
static __always_inline void options_edit(struct xdp_md *ctx, const struct option_edit *edit,
					 __u32 end)
{
	int at = TCP_HEADER_MIN;
	int i;

	for (i = 0; i < TCP_OPTIONS_MAX && at; i++)
		at = option_next(ctx, edit, at, end);
}

/* Are there options that a shift is about? */
static __always_inline bool has_options(const struct xdp_md *ctx, __u32 l4_offset, bool is_syn)
{
	const struct tcp_header *tcp = frame_at(ctx, l4_offset, sizeof(*tcp) + 4);

	if (!tcp || tcp->offset >> 4 == TCP_HEADER_MIN / 4)
		return false;
	return is_syn || tcp->offset >> 4 != OFFSET_TIMESTAMPS_ONLY ||
	       *(const word32 *)(tcp + 1) != OPTIONS_TIMESTAMPS_ONLY;
}

/* ---- the header's numbers ---- */

static __always_inline int numbers_add(struct xdp_md *ctx, __u32 l4_offset, __u32 seq, __u32 ack)
{
	struct tcp_header *tcp = frame_at(ctx, l4_offset, sizeof(*tcp));
	__u64 change;

	if (!tcp)
		return NLB_INTERNAL;
	change = (__u64)(__u32)~tcp->seq + (__u32)~tcp->ack;
	tcp->seq = bpf_htonl(bpf_ntohl(tcp->seq) + seq);
	tcp->ack = bpf_htonl(bpf_ntohl(tcp->ack) + ack);
	change += (__u64)tcp->seq + tcp->ack;
	tcp->check = csum_apply(tcp->check, change);
	return 0;
}

/* The target has the whole header. The flow is told first: whoever makes an entry anew from the
 * other one then finds it there. */
static __always_inline void shift_acked(const struct nlb_tuple *reply_key, struct nlb_reply *reply)
{
	struct nlb_tuple client = reply->client;
	struct nlb_flow *f = bpf_map_lookup_elem(&flows, &client);

	if (f && nat_is_pair(f, reply_key, reply->target))
		f->shift.flags |= NLB_SHIFT_ACKED;
	reply->shift.flags |= NLB_SHIFT_ACKED;
}

/* The largest segment, without header, that the path to the target takes; 0: not known. */
static __always_inline __u16 path_mss(__u32 target_id, __u8 family)
{
	__u32 headers = family == NLB_IPV4 ? 40 : 60, index;
	const struct nlb_target *target = target_find(target_id);
	const struct nlb_nexthop *hop;

	if (!target)
		return 0;
	index = READ_ONCE(target->nexthop);
	hop = bpf_map_lookup_elem(&nexthops, &index);
	return hop && index && hop->mtu > headers ? hop->mtu - headers : 0;
}

/* A target's segment, before it is rewritten. Returns 0 or INTERNAL. */
__noinline int shift_to_client(struct xdp_md *ctx, const struct nlb_tuple *reply_key,
			       struct nlb_reply *reply, __u32 l4_offset)
{
	struct option_edit edit = {.l4_offset = l4_offset & PACKET_OFFSET_MAX};
	const struct tcp_header *tcp = frame_at(ctx, edit.l4_offset, sizeof(*tcp));
	__u32 end, ack;
	__u32 gain = 0;

	if (!tcp || !reply_key || !reply)
		return NLB_INTERNAL;
	edit.is_syn = tcp->flags & TCP_SYN;
	ack = bpf_ntohl(tcp->ack);
	end = (tcp->offset >> 4) * 4;
	if (tcp->flags & TCP_ACK && !edit.is_syn) {
		if (unlikely(shift_hears_ack(&reply->shift, ack)))
			shift_acked(reply_key, reply);
		gain = shift_back(&reply->shift, ack) - ack;
	}
	edit.header = reply->shift.to_target;
	edit.first = shift_first(&reply->shift);
	edit.add = -(__u32)edit.header;
	if (edit.is_syn)
		edit.mss_max = path_mss(reply->target, reply_key->family);
	if (numbers_add(ctx, edit.l4_offset, reply->shift.to_client, gain))
		return NLB_INTERNAL;
	if (edit.header && has_options(ctx, edit.l4_offset, edit.is_syn))
		options_edit(ctx, &edit, end);
	return 0;
}

/* ---- what ICMP errors quote ---- */

#define QUOTE_AT(icmp, l4)   ((icmp) << 16 | (l4))
#define QUOTE_AT_ICMP(quote) ((quote) >> 16 & PACKET_OFFSET_MAX)
#define QUOTE_AT_L4(quote)   ((quote)&PACKET_OFFSET_MAX)

/* A segment that has the header on its way is longer than its client knows: the path takes less of
 * the client's. Returns what the sum of the error gains. */
static __always_inline __u64 shift_mtu(struct icmp_header *icmp, __u16 header)
{
	bool is_ipv4 = icmp->type == ICMP4_UNREACHABLE;
	__u32 min = is_ipv4 ? IPV4_MTU_MIN : IPV6_MTU_MIN;
	__be32 old = icmp->rest;
	__u32 mtu = bpf_ntohl(old);

	if (is_ipv4 ? icmp->code != ICMP4_FRAGMENTATION_NEEDED : icmp->type != ICMP6_TOO_BIG)
		return 0;
	icmp->rest = bpf_htonl(mtu > min + header ? mtu - header : min);
	return (__u64)(__u32)~old + icmp->rest;
}

/* The number of the segment that an error quotes, as the side knows it that the error goes to: it
 * believes in no other (RFC 5927 4.1). `quote`: QUOTE_AT() of the error and the segment in it,
 * `bytes` of it are quoted. Returns 0 or INTERNAL. */
__noinline int shift_quote(struct xdp_md *ctx, const struct nlb_shift *s, __u32 quote, __u32 bytes,
			   bool to_client)
{
	word32 *segment = frame_at(ctx, QUOTE_AT_L4(quote), QUOTE_L4_MIN);
	struct icmp_header *icmp = frame_at(ctx, QUOTE_AT_ICMP(quote), sizeof(*icmp));
	word16 *check;
	__u64 change, gain;
	__u32 seq;
	__be32 old;

	if (!segment || !icmp || !s)
		return NLB_INTERNAL;
	old = segment[1];
	seq = bpf_ntohl(old);
	segment[1] = bpf_htonl(to_client ? shift_back(s, seq) : seq - s->to_client);
	change = (__u64)(__u32)~old + segment[1];
	gain = change;
	check = frame_at(ctx, (QUOTE_AT_L4(quote) + TCP_CHECK) & PACKET_OFFSET_MAX, 2);
	if (check && bytes >= TCP_CHECK + sizeof(*check)) {
		gain += (__u16) ~*check;
		*check = csum_apply(*check, change);
		gain += *check;
	}
	if (to_client && (s->flags & (NLB_SHIFT_PROXY | NLB_SHIFT_ACKED)) == NLB_SHIFT_PROXY)
		gain += shift_mtu(icmp, s->to_target);
	icmp->check = csum_apply(icmp->check, gain);
	return 0;
}

/* ---- stages of nlb_shift ---- */

/* A client that gave up its first SYN begins anew with another number: while the target has not
 * answered, that is the one that counts. */
static __always_inline void shift_restart(const struct nlb_tuple *client, struct nlb_flow *f,
					  __u32 isn)
{
	const struct nlb_target *target;
	struct nlb_reply *reply;
	struct nlb_tuple key;

	if (f->state != NLB_FLOW_SYN_SENT || f->shift.isn == isn)
		return;
	target = target_find(f->target);
	if (!target)
		return;
	nat_key_of(&key, target, client, f);
	reply = bpf_map_lookup_elem(&replies, &key);
	if (!reply || !tuple_equal(&reply->client, client))
		return;
	f->shift.isn = isn;
	reply->shift.isn = isn;
}

static __always_inline enum shift_fate segment_fate(const struct nlb_shift *s,
						    const struct tcp_header *tcp, __u32 l4_bytes)
{
	return shift_fate(s, bpf_ntohl(tcp->seq), tcp->flags, l4_bytes - (tcp->offset >> 4) * 4);
}

/* A client's segment of a flow that has a shift: the bytes that are to be put before its data, or
 * minus a verdict. */
__noinline int shift_plan(struct xdp_md *ctx, const struct nlb_tuple *client, struct nlb_flow *f,
			  __u32 l4_offset, __u32 l4_bytes)
{
	const struct tcp_header *tcp = frame_at(ctx, l4_offset & PACKET_OFFSET_MAX, sizeof(*tcp));

	if (!tcp || !client || !f)
		return -NLB_INTERNAL;
	if (tcp->flags & TCP_SYN && !(tcp->flags & TCP_ACK))
		shift_restart(client, f, bpf_ntohl(tcp->seq));
	if (segment_fate(&f->shift, tcp, l4_bytes) != SEGMENT_GROWS)
		return 0;
	/* Of a program that wrote other headers; its connections can't be gone on with. */
	if (f->shift.to_target != proxy_v2_bytes(client->family == NLB_IPV4))
		return -NLB_RESET_NO_FLOW;
	if (l4_offset + (tcp->offset >> 4) * 4 > PROXY_ROOM_MAX)
		return -NLB_PROXY_REFUSED;
	return f->shift.to_target;
}

static __always_inline __u32 segment_bytes(const struct packet *p)
{
	return l3_offset(p) + p->ip_bytes - p->l4_offset;
}

/* Between the flow and the way to its target. A flow that nlb_ingress has seen may be gone by now:
 * its client sends again. */
static __always_inline int shift(struct packet *p)
{
	int grows;

	if (!p->shifts)
		return 0;
	if (!p->flow)
		return NLB_NO_FLOW;
	if (!p->flow->shift.flags)
		return 0;
	grows = shift_plan(p->ctx, p->tuple, p->flow, p->l4_offset, segment_bytes(p));
	if (grows < 0)
		return -grows;
	p->grows = grows;
	return 0;
}

/* The numbers of a client's segment. What becomes of it is asked again rather than kept: the stack
 * is short, and the answer can only have become that it need not grow any more. Returns that, or
 * minus INTERNAL. */
__noinline int shift_to_target(struct xdp_md *ctx, const struct nlb_flow *f, __u32 l4_offset,
			       __u32 l4_bytes)
{
	struct option_edit edit = {.l4_offset = l4_offset & PACKET_OFFSET_MAX};
	const struct tcp_header *tcp = frame_at(ctx, edit.l4_offset, sizeof(*tcp));
	enum shift_fate fate;
	__u32 end;

	if (!tcp || !f)
		return -NLB_INTERNAL;
	edit.add = -f->shift.to_client;
	end = (tcp->offset >> 4) * 4;
	fate = segment_fate(&f->shift, tcp, l4_bytes);
	if (numbers_add(ctx, edit.l4_offset, fate == SEGMENT_MOVES ? f->shift.to_target : 0,
			tcp->flags & TCP_ACK ? edit.add : 0))
		return -NLB_INTERNAL;
	if (edit.add && has_options(ctx, edit.l4_offset, false))
		options_edit(ctx, &edit, end);
	return fate;
}

/* A packet that is sure to be sent to its target, before it is rewritten: addresses and lengths are
 * still those of the client's side. */
static __always_inline int shift_forward(struct packet *p, int verdict)
{
	int fate;

	if (!p->shifts || !is_forward(verdict) || !p->flow->shift.flags)
		return verdict;
	fate = shift_to_target(p->ctx, p->flow, p->l4_offset, segment_bytes(p));
	if (fate == SEGMENT_GROWS)
		fate = proxy_insert(p->ctx, p->tuple, l3_offset(p), p->l4_offset);
	return fate < 0 ? NLB_INTERNAL : verdict;
}

#endif
