/* SPDX-License-Identifier: BSD-2-Clause */
/* The Internet checksum (RFC 1071), always over everything: what the program's incremental
 * arithmetic is measured against. */
#ifndef LEAT_TESTS_BPF_CHECKSUM_H
#define LEAT_TESTS_BPF_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/* One's complement sum of big-endian 16-bit words, not complemented, on top of `sum`; an odd last
 * byte counts as its high half. */
uint32_t checksum_add(uint32_t sum, const uint8_t *bytes, size_t len);
/* Folded and complemented: the value of a checksum field (0 … 0xffff, host order). */
uint16_t checksum_finish(uint32_t sum);
/* Sum of the pseudo header of TCP, UDP (RFC 9293 3.1, RFC 768) and IPv6 (RFC 8200 8.1). Addresses
 * of 4 or 16 bytes. */
uint32_t checksum_pseudo(const uint8_t *src, const uint8_t *dst, size_t address_bytes,
			 uint8_t protocol, uint32_t l4_bytes);

#endif
