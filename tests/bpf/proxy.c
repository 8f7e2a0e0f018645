// SPDX-License-Identifier: BSD-2-Clause
#include "proxy.h"

#include <string.h>

static const uint8_t signature[] = {0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d,
				    0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a};

static size_t put(uint8_t *header, size_t at, const void *bytes, size_t n)
{
	memcpy(header + at, bytes, n);
	return at + n;
}

/* By a table of the polynomial's multiples, byte by byte. */
static uint32_t crc32c(const uint8_t *bytes, size_t len)
{
	uint32_t table[256], crc = ~0u;
	size_t i;
	int bit;

	for (i = 0; i < 256; i++) {
		table[i] = (uint32_t)i;
		for (bit = 0; bit < 8; bit++)
			table[i] = table[i] & 1 ? table[i] >> 1 ^ 0x82f63b78 : table[i] >> 1;
	}
	for (i = 0; i < len; i++)
		crc = crc >> 8 ^ table[(crc ^ bytes[i]) & 0xff];
	return ~crc;
}

size_t proxy_header(uint8_t header[PROXY_HEADER_MAX], int family, const struct proxy_end *src,
		    const struct proxy_end *dst)
{
	static const uint8_t crc_tlv[] = {0x03, 0, 4, 0, 0, 0, 0}, noop_tlv[] = {0x04, 0, 2, 0, 0};
	const uint8_t start_4[] = {0x21, 0x11, 0, 24}, start_6[] = {0x21, 0x21, 0, 48};
	size_t n = family == NLB_IPV4 ? 4 : 16, at, crc_at;
	uint32_t crc;
	int i;

	at = put(header, 0, signature, sizeof(signature));
	at = put(header, at, family == NLB_IPV4 ? start_4 : start_6, 4);
	at = put(header, at, src->address, n);
	at = put(header, at, dst->address, n);
	at = put(header, at, &src->port, 2);
	at = put(header, at, &dst->port, 2);
	crc_at = at + 3;
	at = put(header, at, crc_tlv, sizeof(crc_tlv));
	at = put(header, at, noop_tlv, sizeof(noop_tlv));
	crc = crc32c(header, at);
	for (i = 0; i < 4; i++)
		header[crc_at + (size_t)i] = (uint8_t)(crc >> (24 - 8 * i));
	return at;
}
