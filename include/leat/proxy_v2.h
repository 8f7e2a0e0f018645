/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The header of the PROXY protocol, version 2 (HAProxy's doc/proxy-protocol.txt, 2.2), as Leat writes it before the first byte that a
 * target receives: the data path those of clients' connections, leatd those of its health checks. One text for both compilers.
 *
 *     signature, version and command, family and protocol, length
 *     addresses and ports of both ends
 *     PP2_TYPE_CRC32C over all of it
 *     PP2_TYPE_NOOP up to a multiple of 8 bytes
 *
 * The length depends on the family alone, so a connection's sequence numbers are known to move by it from its SYN on. A multiple of 4 keeps
 * the words of checksums where they are.
 */
#ifndef LEAT_PROXY_V2_H
#define LEAT_PROXY_V2_H

#include <linux/types.h>

#define PROXY_V2_IPV4_BYTES 40
#define PROXY_V2_IPV6_BYTES 64
#define PROXY_V2_MAX_BYTES  64

#define PROXY_V2_CRC_START 0xffffffffu

enum proxy_v2_command {
	PROXY_V2_LOCAL = 0x20, /* the sender speaks for itself: a health check */
	PROXY_V2_PROXY = 0x21,
};

enum proxy_v2_family {
	PROXY_V2_TCP_IPV4 = 0x11,
	PROXY_V2_TCP_IPV6 = 0x21,
};

enum proxy_v2_type {
	PROXY_V2_TYPE_CRC32C = 0x03,
	PROXY_V2_TYPE_NOOP = 0x04,
};

typedef __u32 __attribute__((may_alias)) proxy_v2_word;

struct proxy_v2_ends {
	const void *src; /* 4 or 16 bytes */
	const void *dst;
	__be16 sport;
	__be16 dport;
};

static inline __attribute__((always_inline)) __u16 proxy_v2_bytes(int is_ipv4)
{
	return is_ipv4 ? PROXY_V2_IPV4_BYTES : PROXY_V2_IPV6_BYTES;
}

/* One bit further. A product and not a mask: verifiers since Linux 6.18 follow each of the two masks on its own. */
static inline __attribute__((always_inline)) __u32 proxy_v2_crc_bit(__u32 crc)
{
	__u32 bit = crc & 1;

	__asm__ volatile("" : "+r"(bit));
	return (crc >> 1) ^ bit * 0x82f63b78u;
}

/* CRC32C (RFC 3720 B.4; reflected polynomial 0x82f63b78) of `words` 32-bit words, going on from `crc`: PROXY_V2_CRC_START at first; what
 * comes out at last is to be inverted. Without a table: it is for some ten words of a connection. Little-endian hosts. */
static inline __attribute__((always_inline)) __u32 proxy_v2_crc(__u32 crc, const proxy_v2_word *word, int words)
{
	int i, bit;

	for (i = 0; i < words; i++) {
		crc ^= word[i];
#pragma GCC unroll 32
		for (bit = 0; bit < 32; bit++)
			crc = proxy_v2_crc_bit(crc);
	}
	return crc;
}

/* `at`: of the first TLV in a header of `bytes` bytes. */
static inline __attribute__((always_inline)) void proxy_v2_tlvs(__u8 *header, int at, int bytes)
{
	__u32 crc;

	header[at] = PROXY_V2_TYPE_CRC32C;
	header[at + 2] = sizeof(crc);
	header[at + 7] = PROXY_V2_TYPE_NOOP;
	header[at + 9] = (__u8)(bytes - at - 10);
	crc = __builtin_bswap32(~proxy_v2_crc(PROXY_V2_CRC_START, (const proxy_v2_word *)header, bytes / 4));
	__builtin_memcpy(header + at + 3, &crc, sizeof(crc));
}

static inline __attribute__((always_inline)) void proxy_v2_start(__u8 *header, __u8 command, __u8 family, int bytes)
{
	__builtin_memset(header, 0, (unsigned long)bytes);
	__builtin_memcpy(header, "\r\n\r\n\0\r\nQUIT\n", 12);
	header[12] = command;
	header[13] = family;
	header[15] = (__u8)(bytes - 16);
}

/* Writes PROXY_V2_IPV4_BYTES. */
static inline __attribute__((always_inline)) void proxy_v2_write_ipv4(void *header, __u8 command, const struct proxy_v2_ends *ends)
{
	__u8 *to = (__u8 *)header;

	proxy_v2_start(to, command, PROXY_V2_TCP_IPV4, PROXY_V2_IPV4_BYTES);
	__builtin_memcpy(to + 16, ends->src, 4);
	__builtin_memcpy(to + 20, ends->dst, 4);
	__builtin_memcpy(to + 24, &ends->sport, 2);
	__builtin_memcpy(to + 26, &ends->dport, 2);
	proxy_v2_tlvs(to, 28, PROXY_V2_IPV4_BYTES);
}

/* Writes PROXY_V2_IPV6_BYTES. */
static inline __attribute__((always_inline)) void proxy_v2_write_ipv6(void *header, __u8 command, const struct proxy_v2_ends *ends)
{
	__u8 *to = (__u8 *)header;

	proxy_v2_start(to, command, PROXY_V2_TCP_IPV6, PROXY_V2_IPV6_BYTES);
	__builtin_memcpy(to + 16, ends->src, 16);
	__builtin_memcpy(to + 32, ends->dst, 16);
	__builtin_memcpy(to + 48, &ends->sport, 2);
	__builtin_memcpy(to + 50, &ends->dport, 2);
	proxy_v2_tlvs(to, 52, PROXY_V2_IPV6_BYTES);
}

#endif
