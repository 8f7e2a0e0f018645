/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * ICMP errors about packets of flows. A walk of its own, beside that of TCP and UDP, for the tuple
 * that a packet of the flow's other direction has:
 *
 *     about an answer, sent to a VIP         to the target that sent the answer
 *     about a packet to a nat target,        to the client
 *       sent to a SNAT address, or of dnat
 *       to the client, on its way there
 *
 * nat and dnat translate the error and what it quotes, as Linux does: each end sees the error come
 * from the one address it knows, not from the router (RFC 5508 4.2, for both directions). l2
 * rewrites MAC addresses only. No entry is made or changed, and none is kept alive.
 *
 * Those of flows between address families are icmp_family.h's.
 *
 * The stack's are: errors about no flow, whatever else is ICMP, and fragments of it.
 */
#ifndef LEAT_BPF_ICMP_H
#define LEAT_BPF_ICMP_H

#include "family.h"
#include "flow.h"
#include "listener.h"
#include "maps.h"
#include "nexthop.h"
#include "packet.h"
#include "quote.h"
#include "reply.h"
#include "rewrite.h"
#include "select.h"
#include "settings.h"
#include "shift.h"
#include "target.h"
#include "too_big.h"
#include "track.h"

/* Verdict and interface in one scalar. */
#define ICMP_FATE(verdict, egress) ((__u64)(verdict) << 32 | (egress))
#define ICMP_FATE_VERDICT(fate)	   ((int)((fate) >> 32))
#define ICMP_FATE_EGRESS(fate)	   ((__u32)(fate))

static __always_inline bool is_icmp_error(__u8 family, __u8 type)
{
	if (family == NLB_IPV4)
		return type == ICMP4_UNREACHABLE || type == ICMP4_TIME_EXCEEDED ||
		       type == ICMP4_PARAMETER_PROBLEM;
	return type >= ICMP6_UNREACHABLE && type <= ICMP6_PARAMETER_PROBLEM;
}

/* No host believes such an MTU (RFC 1191 3, RFC 8201 4); those that do are to be harmed. */
static __always_inline bool is_mtu_bad(const struct packet *p)
{
	const struct icmp_header *icmp = packet_at(p, p->l4_offset, sizeof(*icmp));
	__u32 rest;

	if (!icmp)
		return true;
	rest = bpf_ntohl(icmp->rest);
	if (!is_ipv4(p))
		return icmp->type == ICMP6_TOO_BIG && rest < IPV6_MTU_MIN;
	return icmp->type == ICMP4_UNREACHABLE && icmp->code == ICMP4_FRAGMENTATION_NEEDED &&
	       (rest & 0xffff) < IPV4_MTU_MIN;
}

/* The error's own addresses, and its checksum, which covers them (IPv6 only) and the quote. */
static __always_inline int icmp_translate(struct packet *p, const struct quote *q,
					  const struct nlb_tuple *outer)
{
	__u64 change = address_change(p, outer->src, p->ends.src) +
		       address_change(p, outer->dst, p->ends.dst);
	struct icmp_header *icmp;
	__u64 gain;

	if (translate_quote(p, q, &gain))
		return NLB_INTERNAL;
	icmp = packet_at(p, p->l4_offset, sizeof(*icmp));
	if (!icmp)
		return NLB_INTERNAL;
	if (is_ipv4(p)) {
		icmp->check = csum_apply(icmp->check, gain);
		return rewrite_ipv4(p, &p->ends, change);
	}
	icmp->check = csum_apply(icmp->check, gain + change);
	return rewrite_ipv6(p, &p->ends);
}

/* Before anything moves. */
static __always_inline int icmp_shift(const struct packet *p, const struct quote *q,
				      const struct nlb_shift *s, bool to_client)
{
	if (likely(!s->flags))
		return 0;
	return shift_quote(p->ctx, s, QUOTE_AT(p->l4_offset, p->l4_offset + q->l4), q->l4_bytes,
			   to_client);
}

/* To the client by the link of its reply. */
static __always_inline int icmp_to_client(struct packet *p, const struct quote *q,
					  const struct nlb_tuple *outer)
{
	const struct nlb_reply *r = bpf_map_lookup_elem(&replies, p->tuple);
	int verdict;

	if (!r || is_expired_reply(p, r) || !target_find(r->target))
		return NLB_OTHER_PROTOCOL;
	if (r->client.family != p->tuple->family)
		return NLB_UNTRANSLATABLE;
	if (is_mtu_bad(p))
		return NLB_ICMP_MTU_BAD;
	if (is_ttl_used_up(p))
		return NLB_TTL_EXPIRED;
	verdict = egress(p, r->link.ifindex);
	if (verdict)
		return verdict;
	reply_back(p, r);
	if (icmp_shift(p, q, &r->shift, true) ||
	    rewrite_tags(p, r->link.vlan_outer, r->link.vlan_inner) || rewrite_macs(p) ||
	    icmp_translate(p, q, outer))
		return NLB_INTERNAL;
	return p->egress ? NLB_ICMP_TO_CLIENT_REDIRECT : NLB_ICMP_TO_CLIENT_TX;
}

/* The target as the flow knows it; for l2 else as the hash does, as that is where the flow's SYN
 * went. */
static __always_inline int icmp_find_target(struct packet *p)
{
	p->flow = bpf_map_lookup_elem(&flows, p->tuple);
	if (p->flow && !is_expired_flow(p, p->flow))
		p->target = target_find(p->flow->target);
	if (p->target)
		return 0;
	p->group = listener_group(p);
	if (!p->group || is_translating(p->group->forwarding))
		return NLB_OTHER_PROTOCOL;
	p->flow = NULL;
	return select_target(p);
}

static __always_inline int icmp_to_target(struct packet *p, const struct quote *q,
					  const struct nlb_tuple *outer)
{
	const struct nlb_flow *f;
	int verdict;

	if (listener(p) || is_local(p))
		return NLB_OTHER_PROTOCOL;
	verdict = icmp_find_target(p);
	if (verdict)
		return verdict;
	if (crosses_family(p))
		return NLB_UNTRANSLATABLE;
	if (is_mtu_bad(p))
		return NLB_ICMP_MTU_BAD;
	verdict = nexthop(p);
	if (verdict)
		return verdict;
	f = is_translated(p) ? p->flow : NULL;
	if (f && icmp_shift(p, q, &f->shift, false))
		return NLB_INTERNAL;
	if (rewrite_tags_to_target(p) || (is_encapsulated(p) && encap_plain(p)) || rewrite_macs(p))
		return NLB_INTERNAL;
	if (f) {
		translate_from(p, f->snat, f->snat_port);
		if (icmp_translate(p, q, outer))
			return NLB_INTERNAL;
	}
	return p->egress ? NLB_ICMP_TO_TARGET_REDIRECT : NLB_ICMP_TO_TARGET_TX;
}

/* Errors are sent to whom the packet came from: the quote's source is the error's destination. */
static __always_inline int icmp_walk(struct packet *p, const struct quote *q,
				     const struct nlb_tuple *outer)
{
	int verdict = NLB_OTHER_PROTOCOL;

	if (!address_equal(p->tuple->dst, outer->dst))
		return NLB_OTHER_PROTOCOL;
	if (load_settings(p))
		return NLB_INTERNAL;
	p->now_ns = bpf_ktime_get_coarse_ns();
	if (is_snat_port(p) || uses_dnat(p))
		verdict = icmp_to_client(p, q, outer);
	return verdict == NLB_OTHER_PROTOCOL ? icmp_to_target(p, q, outer) : verdict;
}

static __always_inline __u8 ttl_of(const struct packet *p, __u8 family)
{
	const __u8 *ip = packet_at(p, l3_offset(p), sizeof(struct iphdr));

	if (!ip)
		return 0;
	return family == NLB_IPV4 ? ((const struct iphdr *)ip)->ttl
				  : ((const struct ipv6hdr *)ip)->hop_limit;
}

/* Everything from the ICMP header to the frame that leaves: the verdict and, of a redirect, where
 * to. A global function, off the path of TCP and UDP, with a struct packet of its own. `outer`: the
 * error's own addresses; `tags`, `l4_offset`, `ip_bytes`: as in struct packet. */
__noinline __u64 icmp_steer(struct xdp_md *ctx, const struct nlb_tuple *outer, __u32 tags,
			    __u32 l4_offset, __u32 ip_bytes)
{
	struct nlb_tuple tuple = {};
	struct quote q;
	struct packet p = {
		.ctx = ctx,
		.tuple = &tuple,
		.tags = tags & 3,
		.ip_bytes = ip_bytes,
		.l4_offset = l4_offset & PACKET_OFFSET_MAX,
		.is_error = true,
	};
	const struct icmp_header *icmp = packet_at(&p, p.l4_offset, sizeof(*icmp));
	__u32 end = l3_offset(&p) + ip_bytes;
	int verdict;

	if (!outer || !icmp || p.l4_offset + sizeof(*icmp) > end ||
	    !is_icmp_error(outer->family, icmp->type))
		return ICMP_FATE(NLB_OTHER_PROTOCOL, 0);
	p.ttl = ttl_of(&p, outer->family);
	verdict = quote_parse(&p, &q, outer->family, end);
	if (!verdict)
		verdict = icmp_walk(&p, &q, outer);
	return ICMP_FATE(verdict, p.egress);
}

static __always_inline bool is_icmp(const struct packet *p)
{
	return p->tuple->protocol == (is_ipv4(p) ? IPPROTO_ICMP : IPPROTO_ICMPV6) &&
	       !p->is_fragment;
}

/* The whole of the program nlb_icmp: ends the walk. */
static __always_inline int icmp(struct packet *p)
{
	__u64 fate;

	if (!is_icmp(p))
		return NLB_OTHER_PROTOCOL;
	fate = icmp_steer(p->ctx, p->tuple, p->tags, p->l4_offset, p->ip_bytes);
	p->egress = ICMP_FATE_EGRESS(fate);
	return ICMP_FATE_VERDICT(fate);
}

#endif
