/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Generic UDP encapsulation as Leat speaks it on the wire, between the load balancer (mode gue) and leat-target: variant 0 of
 * draft-ietf-intarea-gue-09, section 3, over UDP.
 *
 *     outer IP | UDP, destination port 6080 | gue_header | private data, hlen words | inner IP datagram
 *
 * The sender sets no flag and so has no optional fields: all hlen words are private data, whose meaning the two ends agree on
 * (draft, section 3.4). Leat's private data is empty, or names the alternate target of the second hop:
 *
 *     hlen 0    no alternate
 *     hlen 2    gue_alternate, family 4, the address (4 bytes)
 *     hlen 5    gue_alternate, family 6, the address (16 bytes)
 *
 * The UDP checksum is 0, over IPv6 too (RFC 6935, RFC 6936 section 4: what is inside has checksums of its own); a receiver takes any.
 * The receiver leaves to the host's stack whatever is not exactly this: another variant, control messages (C), flags, other lengths.
 */
#ifndef LEAT_GUE_H
#define LEAT_GUE_H

#include <linux/types.h>

#define GUE_PORT 6080 /* IANA: gue. Host order */

/* First byte: variant (2 bits), C (1 bit: control message), hlen (5 bits: 32-bit words behind the header's four bytes). */
#define GUE_VARIANT_MASK 0xc0
#define GUE_CONTROL	 0x20
#define GUE_HLEN_MASK	 0x1f
#define GUE_FIRST_BYTE(hlen) ((__u8)((hlen)&GUE_HLEN_MASK)) /* variant 0, C 0 */

/* proto: the IP protocol number of what is inside. */
#define GUE_PROTO_IPV4 4
#define GUE_PROTO_IPV6 41

struct gue_header {
	__u8 variant_c_hlen;
	__u8 proto;
	__be16 flags; /* 0 */
};
_Static_assert(sizeof(struct gue_header) == 4, "gue_header is not 4 bytes");

/* Private data: the target that takes the packet if the one it was sent to does not know its connection. */
#define GUE_TYPE_ALTERNATE 1
#define GUE_FAMILY_IPV4	   4
#define GUE_FAMILY_IPV6	   6

struct gue_alternate {
	__u8 type;	 /* GUE_TYPE_ALTERNATE */
	__u8 family;	 /* GUE_FAMILY_IPV4 or GUE_FAMILY_IPV6; the address follows */
	__be16 reserved; /* 0; ignored */
};
_Static_assert(sizeof(struct gue_alternate) == 4, "gue_alternate is not 4 bytes");

#define GUE_HLEN_NONE	   0
#define GUE_HLEN_ALTERNATE4 2
#define GUE_HLEN_ALTERNATE6 5

/* Bytes from the UDP header's first to the inner datagram's. */
#define GUE_UDP_BYTES	   8
#define GUE_BYTES(hlen)	   (GUE_UDP_BYTES + 4 + 4 * (hlen))

/* UDP source port: varies with the flow, for receive-side scaling and ECMP; of the dynamic range (RFC 6335 section 6), as the draft's
 * section 5.11 has it. `hash`: any 14 bits of the flow's. Host order. */
#define GUE_SOURCE_PORT(hash) (0xc000u | ((hash)&0x3fffu))

#endif
