/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the program's listener and select stages (bpf/listener.h, bpf/select.h) would decide for a
 * packet whose flow knows no target, over an image instead of the maps.
 */
#include <stdlib.h>
#include <string.h>

#include "leat/nlb_hash.h"
#include "nlb/image.h"

static int by_key(const void *a, const void *b)
{
	const struct image_listener *x = a, *y = b;

	return memcmp(&x->key, &y->key, sizeof(x->key));
}

static const struct nlb_listener *find_listener(const struct nlb_image *image,
						const struct nlb_tuple *tuple)
{
	struct image_listener like = {.key = {.port = tuple->dport,
					      .protocol = tuple->protocol,
					      .family = tuple->family}};
	const struct image_listener *found;

	memcpy(like.key.address, tuple->dst, sizeof(like.key.address));
	if (!image->listener_count)
		return NULL;
	found = bsearch(&like, image->listeners, image->listener_count, sizeof(like), by_key);
	return found ? &found->value : NULL;
}

static bool takes_new(const struct nlb_image *image, uint32_t id)
{
	uint32_t index = NLB_TARGET_INDEX(id);

	return id && index < image->target_count && image->targets[index].row.id == id &&
	       image->targets[index].takes_new;
}

/* nlb_hash_tuple() reads whole words, so it wants them aligned. */
static uint64_t hash(const struct nlb_image *image, const struct nlb_tuple *tuple, uint8_t fields)
{
	const __u64 key[2] = {image->hash_key[0], image->hash_key[1]};
	union {
		struct nlb_tuple tuple;
		__u64 words[sizeof(*tuple) / sizeof(__u64)];
	} aligned;

	memcpy(&aligned, tuple, sizeof(*tuple));
	return nlb_hash_tuple(key, &aligned.tuple, fields);
}

uint32_t nlb_image_select(const struct nlb_image *image, const struct nlb_tuple *tuple)
{
	const struct nlb_listener *listener = find_listener(image, tuple);
	const struct image_group *group;
	struct nlb_slot slot;

	if (!listener || listener->target_group >= image->group_count)
		return 0;
	group = &image->groups[listener->target_group];
	if (!group->slots)
		return 0;
	slot = group->slots[nlb_hash_slot(hash(image, tuple, group->row.hash_fields),
					  NLB_RING_SIZE(group->row.ring))];
	if (takes_new(image, slot.primary))
		return slot.primary;
	return takes_new(image, slot.secondary) ? slot.secondary : 0;
}
