/* SPDX-License-Identifier: BSD-2-Clause */
/* Address prefixes ("10.0.0.0/8") as values. Bytes behind the prefix are zero, as in struct addr.
 */
#ifndef LEAT_BASE_PREFIX_H
#define LEAT_BASE_PREFIX_H

#include "addr.h"

#define PREFIX_TEXT_MAX (ADDR_TEXT_MAX + 4) /* "/128" */

struct prefix {
	struct addr address; /* the first of the prefix */
	uint8_t bits;	     /* 0..32, 0..128 */
};

/* "ADDR/BITS", or "ADDR" for that address alone. -EINVAL with err, also where bits behind the
 * prefix are set: "10.0.0.1/8" is rather a mistake than a network. */
__must_check int prefix_parse(const char *text, struct prefix *prefix, struct err *err);
/* "10.0.0.0/8"; a prefix of one address as the address alone. Returns text. */
char *prefix_format(const struct prefix *prefix, char text[PREFIX_TEXT_MAX]);

unsigned prefix_bits_max(uint16_t family);	 /* 32 or 128 */
bool prefix_is_one(const struct prefix *prefix); /* holds a single address */
bool prefix_has(const struct prefix *prefix, const struct addr *address);
/* IPv4 before IPv6, then by bytes, shorter prefixes first. */
int prefix_cmp(const struct prefix *a, const struct prefix *b);

#endif
