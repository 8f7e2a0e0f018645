// SPDX-License-Identifier: BSD-2-Clause
/*
 * vips and port_ranges, in an order in which no packet to a port that is heard before and after the
 * change meets a hole: new ports, new vips, the flag; then vips and ports that are not wanted any
 * more. Pieces of one vip don't overlap in either image, so while both are there a longer old one
 * may hide a new one, but each finds a listener.
 */
#include "nlb/apply_ranges.h"

#include <arpa/inet.h>
#include <errno.h>

static int refuse_vip(const struct nlb_vip_key *key, const char *what, int rc, struct err *err)
{
	char text[IMAGE_VIP_TEXT_MAX];

	return err_set_errno(err, rc, "map 'vips', key '%s': %s failed",
			     image_vip_format(key, text), what);
}

static int refuse_range(const struct nlb_port_range_key *key, const char *what, int rc,
			struct err *err)
{
	return err_set_errno(err, rc, "map 'port_ranges', vip %u protocol %u port %u/%u: %s failed",
			     key->vip, key->protocol, ntohs(key->port),
			     key->prefix_bits - NLB_PORT_RANGE_VIP_BITS, what);
}

static int put_ranges(const struct nlb_maps *maps, const struct nlb_image *now,
		      const struct nlb_image *next, struct err *err)
{
	const struct image_port_range *range, *old;
	int rc = 0;

	for (size_t i = 0; i < next->port_range_count && !rc; i++) {
		range = &next->port_ranges[i];
		old = image_find_port_range(now, &range->key);
		if (old && old->listener == range->listener)
			continue;
		rc = nlb_maps_put_number(maps, NLB_MAP_PORT_RANGES, &range->key, range->listener);
		if (rc)
			rc = refuse_range(&range->key, "update", rc, err);
	}
	return rc;
}

static int put_vips(const struct nlb_maps *maps, const struct nlb_image *now,
		    const struct nlb_image *next, struct err *err)
{
	const struct image_vip *vip, *old;
	int rc = 0;

	for (size_t i = 0; i < next->vip_count && !rc; i++) {
		vip = &next->vips[i];
		old = image_find_vip(now, &vip->key);
		if (old && old->vip == vip->vip)
			continue;
		rc = nlb_maps_put_number(maps, NLB_MAP_VIPS, &vip->key, vip->vip);
		if (rc)
			rc = refuse_vip(&vip->key, "update", rc, err);
	}
	return rc;
}

static void put_flag(const struct nlb_maps *maps, const struct nlb_image *next)
{
	__u32 flags = maps->settings->flags & ~(__u32)NLB_SETTINGS_RANGES;

	if (next->vip_count)
		flags |= NLB_SETTINGS_RANGES;
	if (flags != maps->settings->flags)
		NLB_STORE(&maps->settings->flags, flags);
}

static int delete_vips(const struct nlb_maps *maps, const struct nlb_image *now,
		       const struct nlb_image *next, struct err *err)
{
	for (size_t i = 0; i < now->vip_count; i++) {
		const struct nlb_vip_key *key = &now->vips[i].key;
		int rc;

		if (image_find_vip(next, key))
			continue;
		rc = nlb_maps_delete(maps, NLB_MAP_VIPS, key);
		if (rc && rc != -ENOENT)
			return refuse_vip(key, "deletion", rc, err);
	}
	return 0;
}

static int delete_ranges(const struct nlb_maps *maps, const struct nlb_image *now,
			 const struct nlb_image *next, struct err *err)
{
	for (size_t i = 0; i < now->port_range_count; i++) {
		const struct nlb_port_range_key *key = &now->port_ranges[i].key;
		int rc;

		if (image_find_port_range(next, key))
			continue;
		rc = nlb_maps_delete(maps, NLB_MAP_PORT_RANGES, key);
		if (rc && rc != -ENOENT)
			return refuse_range(key, "deletion", rc, err);
	}
	return 0;
}

int nlb_apply_ranges(const struct nlb_maps *maps, const struct nlb_image *now,
		     const struct nlb_image *next, struct err *err)
{
	int rc = put_ranges(maps, now, next, err);

	if (!rc)
		rc = put_vips(maps, now, next, err);
	if (rc)
		return rc;
	put_flag(maps, next);
	rc = delete_vips(maps, now, next, err);
	return rc ? rc : delete_ranges(maps, now, next, err);
}
