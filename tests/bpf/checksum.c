// SPDX-License-Identifier: BSD-2-Clause
#include "checksum.h"

uint32_t checksum_add(uint32_t sum, const uint8_t *bytes, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		sum += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
	return (sum & 0xffff) + (sum >> 16);
}

uint16_t checksum_finish(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

uint32_t checksum_pseudo(const uint8_t *src, const uint8_t *dst, size_t address_bytes,
			 uint8_t protocol, uint32_t l4_bytes)
{
	uint32_t sum = checksum_add(0, src, address_bytes);

	sum = checksum_add(sum, dst, address_bytes);
	return sum + (l4_bytes >> 16) + (l4_bytes & 0xffff) + protocol;
}
