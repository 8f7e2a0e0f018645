/* SPDX-License-Identifier: BSD-2-Clause */
/* The part of an image that is tries in the maps: vips and port_ranges as sorted arrays. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "nlb/image.h"

static int by_vip_key(const void *a, const void *b)
{
	const struct image_vip *x = a, *y = b;

	return memcmp(&x->key, &y->key, sizeof(x->key));
}

static int by_range_key(const void *a, const void *b)
{
	const struct image_port_range *x = a, *y = b;

	return memcmp(&x->key, &y->key, sizeof(x->key));
}

const struct image_vip *image_find_vip(const struct nlb_image *image, const struct nlb_vip_key *key)
{
	const struct image_vip like = {.key = *key};

	if (!image->vip_count)
		return NULL;
	return bsearch(&like, image->vips, image->vip_count, sizeof(like), by_vip_key);
}

const struct image_port_range *image_find_port_range(const struct nlb_image *image,
						     const struct nlb_port_range_key *key)
{
	const struct image_port_range like = {.key = *key};

	if (!image->port_range_count)
		return NULL;
	return bsearch(&like, image->port_ranges, image->port_range_count, sizeof(like),
		       by_range_key);
}

void image_sort_ranges(struct nlb_image *image)
{
	if (image->vip_count)
		qsort(image->vips, image->vip_count, sizeof(*image->vips), by_vip_key);
	if (image->port_range_count)
		qsort(image->port_ranges, image->port_range_count, sizeof(*image->port_ranges),
		      by_range_key);
}

char *image_vip_format(const struct nlb_vip_key *key, char text[IMAGE_VIP_TEXT_MAX])
{
	struct addr address = {.family = key->family == NLB_IPV6 ? AF_INET6 : AF_INET};
	char plain[ADDR_TEXT_MAX];

	memcpy(address.bytes, key->address, sizeof(address.bytes));
	snprintf(text, IMAGE_VIP_TEXT_MAX, "%s/%u", addr_format(&address, plain),
		 key->prefix_bits - NLB_VIP_FAMILY_BITS);
	return text;
}

bool image_is_marker(const struct nlb_listener_key *key)
{
	return !key->port && !key->protocol;
}

bool image_is_range_row(const struct nlb_listener_key *key)
{
	return key->protocol == NLB_RANGE_ROW_PROTOCOL;
}
