/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The contract between leat-target's programs (bpf/decap.bpf.c) and the command that sets them up (user/target): keys and values of
 * their maps. One text for both compilers; fixed-width fields, explicit padding, sizes asserted.
 *
 * User space writes decap_settings, decap_vips and decap_own, the programs write decap_stats. A change takes effect from one packet to the
 * next; each element is replaced as a whole, so that no packet sees half of one.
 *
 * Addresses are 16 bytes in network order; IPv4 as ::ffff:a.b.c.d (RFC 4291 2.5.5.2), so that one table serves both families.
 */
#ifndef LEAT_DECAP_ABI_H
#define LEAT_DECAP_ABI_H

#include <linux/types.h>

#define DECAP_MAX_VIPS	    1024
#define DECAP_MAX_ADDRESSES 1024 /* of the host */
#define DECAP_MAPPED_BITS   96	 /* prefix bits before an IPv4 address */

struct decap_address {
	__u8 bytes[16];
};
_Static_assert(sizeof(struct decap_address) == 16, "decap_address is not 16 bytes");

/* decap_settings[1] */
#define DECAP_SECOND_HOP 1u /* flags: ask for sockets, send on to the alternate target */

struct decap_settings {
	__u32 flags;
	__be16 gue_port;
	__u16 pad;
	/* Largest MSS that SYNs and SYN-ACKs from a VIP announce; 0: whatever TCP says. Host order. */
	__u16 mss4;
	__u16 mss6;
	/* Sources of what is sent on across families (the address that the packet came to is of the other one); all 0: the host has none. */
	__be32 source4;
	struct decap_address source6;
};
_Static_assert(sizeof(struct decap_settings) == 32, "decap_settings is not 32 bytes");

/* decap_vips: LPM trie → nothing. Prefix bits count from the first of the 16 bytes: an IPv4 VIP has 128. */
struct decap_vip {
	__u32 prefix_bits;
	struct decap_address address;
};
_Static_assert(sizeof(struct decap_vip) == 20, "decap_vip is not 20 bytes");

/* decap_stats: per-CPU array, verdict → count. Bytes are those of the frame as it came. */
struct decap_count {
	__u64 packets;
	__u64 bytes;
};

#endif
