/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What Leat sends in answer to a client's packet, in the same frame: Ethernet and IP headers the
 * other way round, and whom it answers at all. What they carry is reset.h's, too_big.h's and
 * echo.h's.
 */
#ifndef LEAT_BPF_ANSWER_H
#define LEAT_BPF_ANSWER_H

#include <linux/ip.h>
#include <linux/ipv6.h>

#include "config.h"
#include "csum.h"
#include "packet.h"

/* Neither unspecified, loopback, multicast, broadcast nor reserved. */
static __always_inline bool is_single_host(const struct nlb_tuple *from)
{
	const word64 *words = (const word64 *)from->src;
	__u8 first = from->src[0];

	if (from->family == NLB_IPV4)
		return first && first != 127 && first < 224;
	return first != 0xff && (words[0] || words[1] & bpf_cpu_to_be64(~1ULL));
}

static __always_inline void swap_macs(void *eth)
{
	word16 *words = eth, word;
	int i;

#pragma unroll
	for (i = 0; i < 3; i++) {
		word = words[i];
		words[i] = words[3 + i];
		words[3 + i] = word;
	}
}

/* `from`: of the packet that is answered. `bytes`: what follows the header. */
static __always_inline void answer_ipv4(struct iphdr *ip, const struct nlb_tuple *from,
					__u8 protocol, __u8 tos, __u16 bytes)
{
	struct iphdr header = {
		.version = 4,
		.ihl = sizeof(header) / 4,
		.tos = tos,
		.tot_len = bpf_htons(sizeof(header) + bytes),
		.frag_off = bpf_htons(
			0x4000), /* don't fragment; with it the id may be 0 (RFC 6864 4.1) */
		.ttl = ANSWER_TTL,
		.protocol = protocol,
		.saddr = *(const word32 *)from->dst,
		.daddr = *(const word32 *)from->src,
	};

	header.check = (__u16)~csum_fold(csum_words(&header, sizeof(header) / 4));
	*ip = header;
}

static __always_inline void answer_ipv6(struct ipv6hdr *ip, const struct nlb_tuple *from,
					__u8 protocol, __u16 bytes)
{
	ip->version = 6;
	ip->priority = 0;
	ip->flow_lbl[0] = ip->flow_lbl[1] = ip->flow_lbl[2] = 0;
	ip->payload_len = bpf_htons(bytes);
	ip->nexthdr = protocol;
	ip->hop_limit = ANSWER_TTL;
	address_copy(&ip->saddr, from->dst);
	address_copy(&ip->daddr, from->src);
}

#endif
