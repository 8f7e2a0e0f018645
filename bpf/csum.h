/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The Internet checksum: sums of 32-bit words kept in 64 bits, so that no carry is lost, folded
 * once at the end. Byte order doesn't matter (RFC 1071 2). Bytes in, bytes out; no packet is known
 * here.
 */
#ifndef LEAT_BPF_CSUM_H
#define LEAT_BPF_CSUM_H

#include "packet.h"

/* One's complement sum of less than 2^16 words -> 16 bits. */
static __always_inline __u16 csum_fold(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static __always_inline __u64 csum_words(const void *from, int words)
{
	const word32 *w = from;
	__u64 sum = 0;
	int i;

#pragma unroll
	for (i = 0; i < words; i++)
		sum += w[i];
	return sum;
}

/* What a checksum's sum gains when `from` is replaced by `to` (RFC 1624, equation 3). */
static __always_inline __u64 csum_change(const void *from, const void *to, int words)
{
	const word32 *old = from, *new = to;
	__u64 change = 0;
	int i;

#pragma unroll
	for (i = 0; i < words; i++)
		change += (__u64)(__u32)~old[i] + new[i];
	return change;
}

static __always_inline __sum16 csum_apply(__sum16 check, __u64 change)
{
	return (__u16)~csum_fold((__u16)~check + change);
}

#endif
