/* SPDX-License-Identifier: BSD-2-Clause */
/* Greedy from below: each prefix is the largest that begins where the one before it ended and
 * doesn't reach beyond the last port. */
#include "nlb/port_split.h"

size_t port_split(uint16_t first, uint16_t last, struct port_prefix prefixes[PORT_SPLIT_MAX])
{
	uint32_t port = first, size;
	size_t count = 0;
	uint8_t bits;

	while (port <= last) {
		bits = 16;
		for (size = 1; bits && port % (2 * size) == 0 && port + 2 * size - 1 <= last;
		     size *= 2)
			bits--;
		prefixes[count++] = (struct port_prefix){(uint16_t)port, bits};
		port += size;
	}
	return count;
}
