/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * An echo request to a VIP becomes its reply (RFC 792, RFC 4443 4.1), in the same frame, back out
 * of the interface it came in. Whether an address is a VIP is told by its listeners, so it answers
 * where no interface has it, and as long as it has a listener: of its targets it says nothing.
 *
 * Identifier, sequence number and data stay, and with them a wrong checksum: checksums are updated,
 * not made. The stack's are requests in fragments, with IPv4 options or IPv6 extension headers, and
 * from what is no single host.
 */
#ifndef LEAT_BPF_ECHO_H
#define LEAT_BPF_ECHO_H

#include <linux/ip.h>
#include <linux/ipv6.h>

#include "answer.h"
#include "bucket.h"
#include "config.h"
#include "csum.h"
#include "icmp.h"
#include "listener.h"
#include "packet.h"

static __always_inline bool is_echo(const struct packet *p)
{
	__u32 header_bytes = is_ipv4(p) ? sizeof(struct iphdr) : sizeof(struct ipv6hdr);
	const struct icmp_header *icmp = packet_at(p, p->l4_offset, sizeof(*icmp));

	if (!icmp || p->l4_offset != l3_offset(p) + header_bytes ||
	    p->ip_bytes < header_bytes + sizeof(*icmp))
		return false;
	return icmp->type == (is_ipv4(p) ? ICMP4_ECHO : ICMP6_ECHO) && !icmp->code;
}

/* Source and destination change places, which no sum notices: what changes is the TTL. */
static __always_inline int echo_ipv4(struct packet *p)
{
	struct iphdr *ip = packet_at(p, l3_offset(p), sizeof(*ip));
	__u64 change;

	if (!ip)
		return NLB_INTERNAL;
	change = (__u16)~bpf_htons(ip->ttl << 8) + (__u64)bpf_htons(ANSWER_TTL << 8);
	ip->ttl = ANSWER_TTL;
	ip->check = csum_apply(ip->check, change);
	ip->saddr = *(const word32 *)p->tuple->dst;
	ip->daddr = *(const word32 *)p->tuple->src;
	return 0;
}

static __always_inline int echo_ipv6(struct packet *p)
{
	struct ipv6hdr *ip = packet_at(p, l3_offset(p), sizeof(*ip));

	if (!ip)
		return NLB_INTERNAL;
	ip->hop_limit = ANSWER_TTL;
	address_copy(&ip->saddr, p->tuple->dst);
	address_copy(&ip->daddr, p->tuple->src);
	return 0;
}

static __always_inline int echo_answer(struct packet *p)
{
	__u8 reply = is_ipv4(p) ? ICMP4_ECHO_REPLY : ICMP6_ECHO_REPLY;
	struct icmp_header *icmp;
	void *eth = packet_at(p, 0, ETH_HLEN);

	if (!eth)
		return NLB_INTERNAL;
	swap_macs(eth);
	icmp = packet_at(p, p->l4_offset, sizeof(*icmp));
	if (!icmp)
		return NLB_INTERNAL;
	icmp->check = csum_apply(icmp->check, (__u16)~icmp->type + (__u64)reply);
	icmp->type = reply;
	return is_ipv4(p) ? echo_ipv4(p) : echo_ipv6(p);
}

/* Of ICMP, no fragment. */
static __always_inline int echo(struct packet *p)
{
	if (!is_echo(p) || !is_single_host(p->tuple) || !is_listeners_address(p->tuple))
		return NLB_OTHER_PROTOCOL;
	if (!bucket_take_answer(BUCKET_ECHO, ECHO_PER_SECOND, ECHO_BURST))
		return NLB_ECHO_LIMITED;
	return echo_answer(p) ? NLB_INTERNAL : NLB_ECHO_REPLY;
}

#endif
