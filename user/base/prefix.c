/* SPDX-License-Identifier: BSD-2-Clause */
/* Address prefixes: text forms, comparison, membership. */
#include "prefix.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

unsigned prefix_bits_max(uint16_t family)
{
	return family == AF_INET6 ? 128 : 32;
}

bool prefix_is_one(const struct prefix *prefix)
{
	return prefix->bits == prefix_bits_max(prefix->address.family);
}

/* Of the byte at index: the bits that lie within the prefix. */
static uint8_t mask_at(unsigned bits, unsigned index)
{
	if (bits >= 8 * (index + 1))
		return 0xff;
	return bits <= 8 * index ? 0 : (uint8_t)(0xff << (8 - bits % 8));
}

static bool has_host_bits(const struct prefix *prefix)
{
	for (unsigned i = 0; i < sizeof(prefix->address.bytes); i++)
		if (prefix->address.bytes[i] & (uint8_t)~mask_at(prefix->bits, i))
			return true;
	return false;
}

static int parse_bits(const char *text, struct prefix *prefix, const char *digits, struct err *err)
{
	unsigned max = prefix_bits_max(prefix->address.family);
	size_t len = strlen(digits);
	unsigned long bits;

	if (!len || len > 3 || strspn(digits, "0123456789") != len)
		return err_set(err, -EINVAL, "'%.64s' has no prefix length behind its '/'", text);
	bits = strtoul(digits, NULL, 10);
	if (bits > max)
		return err_set(err, -EINVAL, "'%.64s': a prefix length is 0 to %u", text, max);
	prefix->bits = (uint8_t)bits;
	return 0;
}

int prefix_parse(const char *text, struct prefix *prefix, struct err *err)
{
	const char *slash = strchr(text, '/');
	char address[ADDR_TEXT_MAX];
	int rc;

	if (slash && (size_t)(slash - text) >= sizeof(address))
		return err_set(err, -EINVAL, "'%.64s' is not an address prefix", text);
	snprintf(address, sizeof(address), "%.*s", slash ? (int)(slash - text) : ADDR_TEXT_MAX - 1,
		 text);
	memset(prefix, 0, sizeof(*prefix));
	rc = addr_parse(slash ? address : text, &prefix->address, err);
	if (rc)
		return rc;
	prefix->bits = (uint8_t)prefix_bits_max(prefix->address.family);
	if (!slash)
		return 0;
	rc = parse_bits(text, prefix, slash + 1, err);
	if (!rc && has_host_bits(prefix))
		return err_set(err, -EINVAL, "'%.64s' has bits set behind its prefix", text);
	return rc;
}

char *prefix_format(const struct prefix *prefix, char text[PREFIX_TEXT_MAX])
{
	char address[ADDR_TEXT_MAX];

	addr_format(&prefix->address, address);
	if (prefix_is_one(prefix))
		snprintf(text, PREFIX_TEXT_MAX, "%s", address);
	else
		snprintf(text, PREFIX_TEXT_MAX, "%s/%u", address, prefix->bits);
	return text;
}

bool prefix_has(const struct prefix *prefix, const struct addr *address)
{
	if (prefix->address.family != address->family)
		return false;
	for (unsigned i = 0; i < sizeof(address->bytes); i++)
		if ((prefix->address.bytes[i] ^ address->bytes[i]) & mask_at(prefix->bits, i))
			return false;
	return true;
}

int prefix_cmp(const struct prefix *a, const struct prefix *b)
{
	int order = addr_cmp(&a->address, &b->address);

	return order ? order : (int)a->bits - (int)b->bits;
}
