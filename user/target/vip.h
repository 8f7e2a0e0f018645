/* SPDX-License-Identifier: BSD-2-Clause */
/* A virtual address of a load balancer, or a prefix of them, as a value. Pure. */
#ifndef LEAT_TARGET_VIP_H
#define LEAT_TARGET_VIP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"
#include "leat/decap_abi.h"

#define VIPS_MAX     DECAP_MAX_VIPS
#define VIP_TEXT_MAX (ADDR_TEXT_MAX + 4)

struct vip {
	struct addr addr;
	unsigned prefix; /* bits, of the address's own family: 32 or 128 for a single one */
};

struct vips {
	struct vip at[VIPS_MAX];
	size_t count;
};

/* "203.0.113.10", "2001:db8::/64". 0 or -EINVAL: no address, no unicast one, host bits set, a
 * prefix shorter than 8 (IPv4) or 16 (IPv6) bits. */
__must_check int vip_parse(const char *text, struct vip *vip, struct err *err);
char *vip_format(const struct vip *vip, char text[VIP_TEXT_MAX]); /* returns text */
bool vip_is_single(const struct vip *vip);
bool vip_covers(const struct vip *vip, const struct addr *addr);

bool vips_have(const struct vips *vips, const struct vip *vip);
bool vips_cover(const struct vips *vips, const struct addr *addr);
/* Twice is no error: the second is ignored. -E2BIG with err when there are too many. */
__must_check int vips_add(struct vips *vips, const struct vip *vip, struct err *err);

/* As the maps have it. */
void vip_to_key(const struct vip *vip, struct decap_vip *key);
void addr_to_key(const struct addr *addr, struct decap_address *key);

#endif
