/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * ipip and gue: the client's datagram, byte for byte as it came, inside a datagram to the target
 * (RFC 2003, RFC 2473, RFC 4213; leat/gue.h), any family in any. Neither its TTL nor a checksum of
 * it is touched: to the client Leat is the host that it has called, not a router on the way.
 *
 *   - Same flow, same outer header, but for what is copied of the packet: of the flow's hash are
 * the source's low bits (ipip, as far as settings give a prefix), the UDP source port (gue) and the
 *     flow label (IPv6), by which receivers and routers spread flows (RFC 6438).
 *   - Traffic class: copied, ECN included (RFC 6040 4.1, normal mode).
 *   - IPv4: don't-fragment as inside, so that routers behind the first hop may fragment what its
 *     sender allowed to be fragmented. Set, the id is 0 (RFC 6864 4.1), else it is random.
 *   - gue, TCP: names the slot's second target, for the second hop (leat-target).
 *
 * The hash is no secret choice as that of a target is, so it needs speed and spread only.
 */
#ifndef LEAT_BPF_ENCAP_H
#define LEAT_BPF_ENCAP_H

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <leat/gue.h>
#include <leat/nlb_encap.h>

#include "config.h"
#include "csum.h"
#include "maps.h"
#include "packet.h"
#include "parse.h"
#include "select.h"
#include "settings.h"
#include "target.h"
#include "too_big.h"

/* Of the datagram inside, and of its flow. */
struct inner {
	__u32 bytes;
	__u32 hash;
	__u8 protocol; /* as the outer header names it */
	__u8 tos;
	bool dont_fragment;
};

/* Keyed, so that nobody aims at one queue of a target. The fold between the two products brings the
 * high bits down, as those of an address' last bytes reach no others. */
static __always_inline __u32 encap_hash(const struct nlb_settings *s, const struct nlb_tuple *flow)
{
	const word64 *w = (const word64 *)flow;
	__u64 a = s->hash_key[0] | 1, b = s->hash_key[1] | 1, hash;

	hash = (w[0] ^ w[3]) * a + (w[1] ^ w[2]) * b + w[4] * (a ^ b << 1);
	hash = (hash ^ hash >> 32) * a;
	return hash >> 32;
}

static __always_inline int encap_inspect_ipv4(const struct xdp_md *ctx, __u32 l3_offset,
					      struct inner *inner)
{
	const struct iphdr *ip = frame_at(ctx, l3_offset, sizeof(*ip));

	if (!ip)
		return NLB_INTERNAL;
	inner->bytes = bpf_ntohs(ip->tot_len);
	inner->protocol = IPPROTO_IPIP;
	inner->tos = ip->tos;
	inner->dont_fragment = ip->frag_off & bpf_htons(IPV4_DONT_FRAGMENT);
	return 0;
}

static __always_inline int encap_inspect_ipv6(const struct xdp_md *ctx, __u32 l3_offset,
					      struct inner *inner)
{
	const struct ipv6hdr *ip = frame_at(ctx, l3_offset, sizeof(*ip));

	if (!ip)
		return NLB_INTERNAL;
	inner->bytes = sizeof(*ip) + bpf_ntohs(ip->payload_len);
	inner->protocol = IPPROTO_IPV6;
	inner->tos = bpf_ntohl(*(const word32 *)ip) >> 20;
	inner->dont_fragment = true;
	return 0;
}

/* `bytes` more between what is before the datagram and the datagram. The tags move to the new
 * front, the EtherType is that of what now follows; MAC addresses are the caller's to write. */
static __always_inline int encap_grow(struct xdp_md *ctx, __u32 l3_offset, __u32 bytes,
				      __be16 proto)
{
	word32 *front = frame_at(ctx, 2 * ETH_ALEN, 2 * sizeof(struct vlan_tag)), tags[2] = {};
	bool is_tagged = l3_offset != ETH_HLEN;
	word16 *type;

	if (unlikely(is_tagged) && front) {
		tags[0] = front[0];
		tags[1] = front[1];
	}
	if (bpf_xdp_adjust_head(ctx, -(int)bytes))
		return NLB_INTERNAL;
	front = frame_at(ctx, 2 * ETH_ALEN, 2 * sizeof(struct vlan_tag));
	if (unlikely(is_tagged) && front) {
		front[0] = tags[0];
		front[1] = tags[1];
	}
	type = frame_at(ctx, (l3_offset - sizeof(*type)) & PACKET_OFFSET_MAX, sizeof(*type));
	if (!type)
		return NLB_INTERNAL;
	*type = proto;
	return 0;
}

static __always_inline const struct nlb_snat *encap_source(const struct nlb_target *target)
{
	__u32 snat = READ_ONCE(target->snat), index = NLB_SNAT_FIRST(snat);

	return NLB_SNAT_COUNT(snat) ? bpf_map_lookup_elem(&snats, &index) : NULL;
}

/* The source's last word: the prefix, and below it the flow's bits. */
static __always_inline __be32 encap_vary(__be32 prefix, __u8 bits, __u32 hash)
{
	return prefix | bpf_htonl(hash & (__u32)((1ULL << (bits & 63)) - 1));
}

/* `bytes`: of all that follows the header. Made word by word, never read back: the checksum would
 * wait for the stores of the fields. */
static __always_inline int encap_ipv4(struct xdp_md *ctx, __u32 l3_offset,
				      const struct inner *inner, const struct nlb_snat *source,
				      const struct nlb_target *target, __u8 protocol, __u32 bytes)
{
	word32 *ip = frame_at(ctx, l3_offset, sizeof(struct iphdr));
	__u32 first = 0x45 | (__u32)inner->tos << 8 |
		      (__u32)bpf_htons(sizeof(struct iphdr) + bytes) << 16;
	__u32 fragment = (__u32)bpf_htons(IPV4_DONT_FRAGMENT) << 16;
	__u32 third = ENCAP_TTL | (__u32)protocol << 8;
	__u32 src = encap_vary(*(const word32 *)source->address, target->source_bits, inner->hash);
	__u32 dst = *(const word32 *)target->address;

	if (!ip)
		return NLB_INTERNAL;
	if (unlikely(!inner->dont_fragment))
		fragment = bpf_get_prandom_u32() & 0xffff; /* the id */
	third |= (__u32)(__u16)~csum_fold((__u64)first + fragment + third + src + dst) << 16;
	ip[0] = first;
	ip[1] = fragment;
	ip[2] = third;
	ip[3] = src;
	ip[4] = dst;
	return 0;
}

static __always_inline int encap_ipv6(struct xdp_md *ctx, __u32 l3_offset,
				      const struct inner *inner, const struct nlb_snat *source,
				      const struct nlb_target *target, __u8 protocol, __u32 bytes)
{
	word32 *ip = frame_at(ctx, l3_offset, sizeof(struct ipv6hdr));
	const word32 *src = (const word32 *)source->address;
	const word32 *dst = (const word32 *)target->address;

	if (!ip)
		return NLB_INTERNAL;
	ip[0] = bpf_htonl(6U << 28 | (__u32)inner->tos << 20 | (inner->hash & 0xfffff));
	ip[1] = bpf_htons(bytes) | (__u32)protocol << 16 | (__u32)ENCAP_TTL << 24;
	ip[2] = src[0];
	ip[3] = src[1];
	ip[4] = src[2];
	ip[5] = encap_vary(src[3], target->source_bits, inner->hash);
	ip[6] = dst[0];
	ip[7] = dst[1];
	ip[8] = dst[2];
	ip[9] = dst[3];
	return 0;
}

/* `bytes`: of UDP header and all. Its checksum is 0, in IPv6 too: what is inside has its own. */
static __always_inline int encap_udp(struct xdp_md *ctx, __u32 offset, const struct inner *inner,
				     __u8 hlen, __u32 bytes)
{
	struct udp_header *udp = frame_at(ctx, offset, GUE_BYTES(GUE_HLEN_NONE));
	struct gue_header *gue = (void *)(udp + 1);

	if (!udp)
		return NLB_INTERNAL;
	udp->source = bpf_htons(GUE_SOURCE_PORT(inner->hash));
	udp->dest = bpf_htons(GUE_PORT);
	udp->length = bpf_htons(bytes);
	udp->check = 0;
	gue->variant_c_hlen = GUE_FIRST_BYTE(hlen);
	gue->proto = inner->protocol;
	gue->flags = 0;
	return 0;
}

/* The private data. */
static __always_inline int encap_alternate(struct xdp_md *ctx, __u32 offset,
					   const struct nlb_target *alternate)
{
	const word32 *address = (const word32 *)alternate->address;
	bool is_ipv4 = alternate->family == NLB_IPV4;
	word32 *words = frame_at(ctx, offset, 4 * GUE_HLEN_ALTERNATE4);
	struct gue_alternate *what = (void *)words;

	if (!words)
		return NLB_INTERNAL;
	what->type = GUE_TYPE_ALTERNATE;
	what->family = is_ipv4 ? GUE_FAMILY_IPV4 : GUE_FAMILY_IPV6;
	what->reserved = 0;
	words[1] = address[0];
	if (is_ipv4)
		return 0;
	words = frame_at(ctx, offset, 4 * GUE_HLEN_ALTERNATE6);
	if (!words)
		return NLB_INTERNAL;
	words[2] = address[1];
	words[3] = address[2];
	words[4] = address[3];
	return 0;
}

static __always_inline int encap_ip(struct xdp_md *ctx, __u32 l3_offset, const struct inner *inner,
				    const struct nlb_target *target, __u8 protocol, __u32 bytes)
{
	const struct nlb_snat *source = encap_source(target);

	if (!source)
		return NLB_NO_SNAT_ADDRESS;
	if (target->family == NLB_IPV4)
		return encap_grow(ctx, l3_offset, sizeof(struct iphdr) + bytes - inner->bytes,
				  bpf_htons(ETH_P_IP)) ||
		       encap_ipv4(ctx, l3_offset, inner, source, target, protocol, bytes);
	return encap_grow(ctx, l3_offset, sizeof(struct ipv6hdr) + bytes - inner->bytes,
			  bpf_htons(ETH_P_IPV6)) ||
	       encap_ipv6(ctx, l3_offset, inner, source, target, protocol, bytes);
}

static __always_inline int encap_gue(struct xdp_md *ctx, __u32 l3_offset, const struct inner *inner,
				     const struct nlb_target *target,
				     const struct nlb_target *alternate)
{
	__u32 offset = l3_offset +
		       (target->family == NLB_IPV4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr));
	__u32 bytes;
	__u8 hlen = GUE_HLEN_NONE;

	if (alternate)
		hlen = alternate->family == NLB_IPV4 ? GUE_HLEN_ALTERNATE4 : GUE_HLEN_ALTERNATE6;
	bytes = GUE_BYTES(hlen) + inner->bytes;
	if (encap_ip(ctx, l3_offset, inner, target, IPPROTO_UDP, bytes) ||
	    encap_udp(ctx, offset, inner, hlen, bytes))
		return NLB_INTERNAL;
	return alternate && encap_alternate(ctx, offset + GUE_BYTES(GUE_HLEN_NONE), alternate);
}

/* Puts the outer headers before the datagram at `l3_offset`. Returns 0, or not 0 where it can't.
 * `flow`: as its client's packets have it; `alternate`: target id. A global function: four
 * combinations of families, two modes, and all of it once for the verifier. */
__noinline int encap_push(struct xdp_md *ctx, const struct nlb_tuple *flow,
			  const struct nlb_target *target, __u32 l3_offset, __u32 alternate)
{
	const struct nlb_settings *s = settings_get();
	struct inner inner;
	int error;

	if (!flow || !target || !s)
		return NLB_INTERNAL;
	l3_offset &= PACKET_OFFSET_MAX;
	error = flow->family == NLB_IPV4 ? encap_inspect_ipv4(ctx, l3_offset, &inner)
					 : encap_inspect_ipv6(ctx, l3_offset, &inner);
	if (error)
		return error;
	inner.hash = encap_hash(s, flow);
	if (target->forwarding == NLB_FORWARD_IPIP)
		return encap_ip(ctx, l3_offset, &inner, target, inner.protocol, inner.bytes);
	return encap_gue(ctx, l3_offset, &inner, target, alternate ? target_find(alternate) : NULL);
}

static __always_inline bool is_encapsulated(const struct packet *p)
{
	return p->target->overhead;
}

/* An outer source of the target's family. */
static __always_inline bool encap_has_source(const struct packet *p)
{
	return NLB_SNAT_COUNT(READ_ONCE(p->target->snat));
}

/* gue: the target that packets of a flow without an entry name as alternate, 0: none. Of TCP alone,
 * as leat-target asks for connections only. */
static __always_inline __u32 encap_alternate_of(const struct nlb_tuple *flow,
						const struct nlb_target *target)
{
	if (target->forwarding != NLB_FORWARD_GUE || flow->protocol != IPPROTO_TCP)
		return 0;
	return select_alternate(flow, target);
}

/* What becomes of a packet to a target, when its tags are those it leaves with and before its MAC
 * addresses are written. Target and tuple must be known, a flow may be. */
static __always_inline int encap(struct packet *p)
{
	__u32 alternate = p->flow ? p->flow->alternate : encap_alternate_of(p->tuple, p->target);

	return encap_push(p->ctx, p->tuple, p->target, l3_offset(p), alternate);
}

/* The same for what is not of the flow's own packets (ICMP errors, later fragments): nobody asks a
 * second target for them. */
static __always_inline int encap_plain(struct packet *p)
{
	return encap_push(p->ctx, p->tuple, p->target, l3_offset(p), 0);
}

#endif
