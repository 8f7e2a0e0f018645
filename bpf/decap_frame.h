/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * A frame as both hooks see it (XDP and tc keep it in different structs), and what the stages of
 * decapsulation learn of it.
 */
#ifndef LEAT_BPF_DECAP_FRAME_H
#define LEAT_BPF_DECAP_FRAME_H

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <leat/gue.h>

#include "csum.h"
#include "decap_maps.h"

/* As <linux/tcp.h> and <linux/udp.h> don't say it, and libc's do otherwise. */
#define DECAP_UDP_BYTES	  8
#define DECAP_TCP_BYTES	  20
#define DECAP_IPV4_BYTES  20
#define DECAP_IPV6_BYTES  40
#define DECAP_OFFSET_MAX  511 /* every header lies before this: the verifier wants a bound */
#define DECAP_HEADERS_MAX 256 /* what tc makes linear: two IP headers with options, GUE, TCP */
#define DECAP_MORE_OFFSET 0x3fff
#define DECAP_OFFSET_ONLY 0x1fff
#define DECAP_EXTENSIONS  2 /* outer IPv6: hop-by-hop and destination options (RFC 2473 4.1.1) */

struct decap_frame {
	void *data, *data_end; /* the linear part */
	__u32 bytes;	       /* all of it */
};

struct tunnel {
	__u32 l3;	 /* offsets from the frame's first byte: outer IP header */
	__u32 l4;	 /* outer UDP header, or the inner datagram */
	__u32 inner;	 /* inner IP header */
	__u32 end;	 /* where the outer datagram ends */
	__u32 alternate; /* offset of the alternate's address; 0: none */
	__u8 outer_family;
	__u8 inner_family;
	__u8 outer_tos; /* DSCP and ECN */
	__u8 proto;	/* the outer header's; then GUE's: 4 or 41 */
	__u8 alternate_family;
	bool is_gue;
};

static __always_inline void *decap_at(const struct decap_frame *f, __u32 offset, __u32 bytes)
{
	void *at;

	if (offset > DECAP_OFFSET_MAX)
		return NULL;
	at = f->data + offset;
	return at + bytes > f->data_end ? NULL : at;
}

static __always_inline const struct decap_settings *decap_read_settings(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&decap_settings, &zero);
}

/* IPv4 as ::ffff:a.b.c.d */
static __always_inline void decap_set_address4(struct decap_address *address, __be32 ip4)
{
	word64 *words = (word64 *)address;

	words[0] = 0;
	words[1] = 0xffff0000u | (__u64)ip4 << 32;
}

static __always_inline void decap_set_address6(struct decap_address *address, const void *ip6)
{
	const word32 *from = ip6;
	word64 *words = (word64 *)address;

	words[0] = from[0] | (__u64)from[1] << 32;
	words[1] = from[2] | (__u64)from[3] << 32;
}

#endif
