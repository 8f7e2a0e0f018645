/* SPDX-License-Identifier: BSD-2-Clause */
/* VIPs as values. */
#include "vip.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX_MIN4 8
#define PREFIX_MIN6 16

static unsigned bits_of(const struct addr *addr)
{
	return addr->family == AF_INET ? 32 : 128;
}

static int parse_prefix(const char *text, const char *slash, struct vip *vip, struct err *err)
{
	unsigned most = bits_of(&vip->addr);
	unsigned least = vip->addr.family == AF_INET ? PREFIX_MIN4 : PREFIX_MIN6;
	unsigned long prefix;
	char *end;

	prefix = strtoul(slash + 1, &end, 10);
	if (slash[1] < '0' || slash[1] > '9' || *end || prefix > most || prefix < least)
		return err_set(err, -EINVAL, "'%s': a prefix length is a number from %u to %u",
			       text, least, most);
	vip->prefix = (unsigned)prefix;
	return 0;
}

static bool has_host_bits(const struct vip *vip)
{
	unsigned bit;

	for (bit = vip->prefix; bit < bits_of(&vip->addr); bit++)
		if (vip->addr.bytes[bit / 8] & (0x80 >> bit % 8))
			return true;
	return false;
}

static int check(const char *text, const struct vip *vip, struct err *err)
{
	const struct addr *addr = &vip->addr;

	if (addr_is_unspecified(addr) || addr_is_multicast(addr) || addr_is_broadcast(addr) ||
	    addr_is_loopback(addr) || addr_is_link_local(addr))
		return err_set(err, -EINVAL, "'%s' can't be a VIP: it is no global unicast address",
			       text);
	if (has_host_bits(vip))
		return err_set(err, -EINVAL, "'%s': bits behind the prefix are not 0", text);
	return 0;
}

int vip_parse(const char *text, struct vip *vip, struct err *err)
{
	const char *slash = strchr(text, '/');
	char address[ADDR_TEXT_MAX];
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	int rc;

	if (len >= sizeof(address))
		return err_set(err, -EINVAL, "'%.60s' is no IP address", text);
	snprintf(address, sizeof(address), "%.*s", (int)len, text);
	memset(vip, 0, sizeof(*vip));
	rc = addr_parse(address, &vip->addr, err);
	if (rc)
		return rc;
	vip->prefix = bits_of(&vip->addr);
	if (slash)
		rc = parse_prefix(text, slash, vip, err);
	return rc ? rc : check(text, vip, err);
}

bool vip_is_single(const struct vip *vip)
{
	return vip->prefix == bits_of(&vip->addr);
}

char *vip_format(const struct vip *vip, char text[VIP_TEXT_MAX])
{
	char address[ADDR_TEXT_MAX];

	addr_format(&vip->addr, address);
	if (vip_is_single(vip))
		snprintf(text, VIP_TEXT_MAX, "%s", address);
	else
		snprintf(text, VIP_TEXT_MAX, "%s/%u", address, vip->prefix);
	return text;
}

bool vip_covers(const struct vip *vip, const struct addr *addr)
{
	unsigned whole = vip->prefix / 8, rest = vip->prefix % 8;

	if (vip->addr.family != addr->family || memcmp(vip->addr.bytes, addr->bytes, whole))
		return false;
	return !rest || !((vip->addr.bytes[whole] ^ addr->bytes[whole]) >> (8 - rest));
}

bool vips_have(const struct vips *vips, const struct vip *vip)
{
	size_t i;

	for (i = 0; i < vips->count; i++)
		if (vips->at[i].prefix == vip->prefix && addr_equal(&vips->at[i].addr, &vip->addr))
			return true;
	return false;
}

bool vips_cover(const struct vips *vips, const struct addr *addr)
{
	size_t i;

	for (i = 0; i < vips->count; i++)
		if (vip_covers(&vips->at[i], addr))
			return true;
	return false;
}

int vips_add(struct vips *vips, const struct vip *vip, struct err *err)
{
	if (vips_have(vips, vip))
		return 0;
	if (vips->count == VIPS_MAX)
		return err_set(err, -E2BIG, "more than %d VIPs", VIPS_MAX);
	vips->at[vips->count++] = *vip;
	return 0;
}

void addr_to_key(const struct addr *addr, struct decap_address *key)
{
	memset(key, 0, sizeof(*key));
	if (addr->family == AF_INET6) {
		memcpy(key->bytes, addr->bytes, 16);
		return;
	}
	key->bytes[10] = key->bytes[11] = 0xff;
	memcpy(key->bytes + 12, addr->bytes, 4);
}

void vip_to_key(const struct vip *vip, struct decap_vip *key)
{
	key->prefix_bits = vip->prefix + (vip->addr.family == AF_INET ? DECAP_MAPPED_BITS : 0);
	addr_to_key(&vip->addr, &key->address);
}
