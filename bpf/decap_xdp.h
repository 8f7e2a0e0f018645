/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * XDP's half of the work that differs by hook: where the IP header lies (tags are in the frame),
 * and taking the outer headers off a frame that has no skb yet.
 */
#ifndef LEAT_BPF_DECAP_XDP_H
#define LEAT_BPF_DECAP_XDP_H

#include "decap_inner.h"

#define TAGS_MAX 2

static __always_inline struct decap_frame xdp_frame_of(struct xdp_md *ctx)
{
	return (struct decap_frame){
		.data = (void *)(long)ctx->data,
		.data_end = (void *)(long)ctx->data_end,
		.bytes = bpf_xdp_get_buff_len(ctx),
	};
}

static __always_inline bool xdp_is_tagged(const struct decap_frame *f, __u32 l3)
{
	const word16 *proto = decap_at(f, l3 - 2, 2);

	return proto && (*proto == bpf_htons(ETH_P_8021Q) || *proto == bpf_htons(ETH_P_8021AD));
}

/* Offset of the IP header and its family; 0: not for us. Tags that the hardware strips stay with
 * the frame without being seen here. */
static __always_inline __u32 xdp_find_ip(const struct decap_frame *f, int *family)
{
	const word16 *proto;
	__u32 l3 = ETH_HLEN;

	if (xdp_is_tagged(f, l3))
		l3 += 4;
	if (l3 > ETH_HLEN && xdp_is_tagged(f, l3))
		l3 += 4;
	proto = decap_at(f, l3 - 2, 2);
	if (!proto)
		return 0;
	*family = *proto == bpf_htons(ETH_P_IP) ? 4 : *proto == bpf_htons(ETH_P_IPV6) ? 6 : 0;
	return *family ? l3 : 0;
}

static __always_inline void xdp_write_ecn(const struct decap_frame *f, const struct tunnel *t,
					  __u16 was, __u16 word)
{
	word16 *ip = decap_at(f, t->inner, DECAP_IPV4_BYTES);

	if (!ip)
		return;
	ip[0] = bpf_htons(word);
	if (t->inner_family == 4)
		ip[5] = csum_apply(ip[5], (__u16)~bpf_htons(was) + (__u64)bpf_htons(word));
}

/* MAC addresses and tags, with the EtherType of what is inside. Words of the frame's head, moved by
 * `strip` bytes: read before the frame's head moves, written after. */
struct link_header {
	word16 words[(ETH_HLEN + 4 * TAGS_MAX) / 2];
};

static __always_inline bool xdp_read_link(const struct decap_frame *f, struct link_header *link,
					  __u32 l3)
{
	const word16 *from = decap_at(f, 0, ETH_HLEN + 4 * TAGS_MAX);
	__u32 i;

	if (!from)
		return false;
#pragma unroll
	for (i = 0; i < sizeof(*link) / 2; i++)
		link->words[i] = from[i];
	return true;
}

static __always_inline bool xdp_write_link(struct xdp_md *ctx, const struct link_header *link,
					   __u32 l3, int family)
{
	word16 *to = (void *)(long)ctx->data;
	__be16 proto = family == 4 ? bpf_htons(ETH_P_IP) : bpf_htons(ETH_P_IPV6);
	__u32 i;

	if ((void *)(to + sizeof(*link) / 2) > (void *)(long)ctx->data_end)
		return false;
#pragma unroll
	for (i = 0; i < sizeof(*link) / 2; i++) {
		if (2 * i + 2 == l3)
			to[i] = proto;
		else if (2 * i + 2 < l3)
			to[i] = link->words[i];
	}
	return true;
}

/* Takes the outer headers off. The marks of RFC 6040 are written first. */
static __always_inline int xdp_decap(struct xdp_md *ctx, const struct decap_frame *f,
				     const struct tunnel *t, int verdict)
{
	struct link_header link;
	__u16 was = 0;
	int word = inner_ecn(f, t, &was);

	if (word < 0)
		return -word;
	if (!xdp_read_link(f, &link, t->l3))
		return DECAP_EDIT_REFUSED;
	if (word != was)
		xdp_write_ecn(f, t, was, word);
	if (bpf_xdp_adjust_head(ctx, t->inner - t->l3) ||
	    !xdp_write_link(ctx, &link, t->l3, t->inner_family))
		return DECAP_EDIT_REFUSED;
	return verdict;
}

#endif
