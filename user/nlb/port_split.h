/* SPDX-License-Identifier: BSD-2-Clause */
/* A range of ports as prefixes of their 16 bits. Pure; private to user/nlb. */
#ifndef LEAT_NLB_PORT_SPLIT_H
#define LEAT_NLB_PORT_SPLIT_H

#include <stddef.h>
#include <stdint.h>

#define PORT_SPLIT_MAX 30 /* of any range: two for each bit but the first and the last */

struct port_prefix {
	uint16_t port; /* host order; the first of it */
	uint8_t bits;  /* 0: all ports */
};

/* The fewest prefixes that together are first..last, in their order. Returns how many. */
size_t port_split(uint16_t first, uint16_t last, struct port_prefix prefixes[PORT_SPLIT_MAX]);

#endif
