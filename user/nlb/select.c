/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the program's listener and select stages (bpf/listener.h, bpf/select.h) would decide for a
 * packet whose flow knows no target, over an image instead of the maps.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "leat/nlb_hash.h"
#include "nlb/image.h"

static int by_key(const void *a, const void *b)
{
	const struct image_listener *x = a, *y = b;

	return memcmp(&x->key, &y->key, sizeof(x->key));
}

static bool is_in_vip(const struct nlb_vip_key *key, const struct nlb_tuple *tuple)
{
	unsigned bits = key->prefix_bits - NLB_VIP_FAMILY_BITS, whole = bits / 8, rest = bits % 8;

	if (key->family != tuple->family || memcmp(key->address, tuple->dst, whole) != 0)
		return false;
	return !rest || (key->address[whole] ^ tuple->dst[whole]) >> (8 - rest) == 0;
}

static uint32_t find_vip(const struct nlb_image *image, const struct nlb_tuple *tuple)
{
	const struct image_vip *best = NULL;

	for (size_t i = 0; i < image->vip_count; i++)
		if (is_in_vip(&image->vips[i].key, tuple) &&
		    (!best || image->vips[i].key.prefix_bits > best->key.prefix_bits))
			best = &image->vips[i];
	return best ? best->vip : 0;
}

static bool is_in_ports(const struct nlb_port_range_key *key, uint32_t vip,
			const struct nlb_tuple *tuple)
{
	unsigned rest = NLB_PORT_RANGE_VIP_BITS + 16 - key->prefix_bits;

	return key->vip == vip && key->protocol == tuple->protocol &&
	       (ntohs(key->port) ^ ntohs(tuple->dport)) >> rest == 0;
}

static const struct nlb_listener *find_by_range(const struct nlb_image *image,
						const struct nlb_tuple *tuple)
{
	uint32_t vip = find_vip(image, tuple);
	struct image_listener like;
	const struct image_listener *found;

	for (size_t i = 0; vip && i < image->port_range_count; i++) {
		if (!is_in_ports(&image->port_ranges[i].key, vip, tuple))
			continue;
		nlb_range_row(&like.key, image->port_ranges[i].listener, tuple->family);
		found = bsearch(&like, image->listeners, image->listener_count, sizeof(like),
				by_key);
		return found ? &found->value : NULL;
	}
	return NULL;
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
	return found ? &found->value : find_by_range(image, tuple);
}

static bool takes_new(const struct nlb_image *image, uint32_t id)
{
	uint32_t index = NLB_TARGET_INDEX(id);

	return id && index < image->target_count && image->targets[index].row.id == id &&
	       image->targets[index].takes_new;
}

typedef __u64 hash_fn(const __u64 key[2], const struct nlb_tuple *tuple, __u8 fields);

static __u64 hash_slots(const __u64 key[2], const struct nlb_tuple *tuple, __u8 fields)
{
	return nlb_hash_tuple(key, tuple, fields);
}

static __u64 hash_groups(const __u64 key[2], const struct nlb_tuple *tuple, __u8 fields)
{
	return nlb_hash_action(key, tuple, fields);
}

/* The hashes read whole words, so they want them aligned. */
static uint64_t hash(const struct nlb_image *image, const struct nlb_tuple *tuple, uint8_t fields,
		     hash_fn *fn)
{
	const __u64 key[2] = {image->hash_key[0], image->hash_key[1]};
	union {
		struct nlb_tuple tuple;
		__u64 words[sizeof(*tuple) / sizeof(__u64)];
	} aligned;

	memcpy(&aligned, tuple, sizeof(*tuple));
	return fn(key, &aligned.tuple, fields);
}

static uint32_t group_of(const struct nlb_image *image, const struct nlb_listener *listener,
			 const struct nlb_tuple *tuple)
{
	const struct nlb_action *action;

	if (!(listener->flags & NLB_LISTENER_ACTION))
		return listener->target_group;
	if (listener->target_group >= image->action_count)
		return UINT32_MAX;
	action = &image->actions[listener->target_group].row;
	return action->groups[nlb_action_choose(
		action, hash(image, tuple, action->hash_fields, hash_groups))];
}

uint32_t nlb_image_select(const struct nlb_image *image, const struct nlb_tuple *tuple)
{
	const struct nlb_listener *listener = find_listener(image, tuple);
	const struct image_group *group;
	struct nlb_slot slot;
	uint32_t index;

	if (!listener || listener->flags & NLB_LISTENER_LOCAL)
		return 0;
	index = group_of(image, listener, tuple);
	if (index >= image->group_count)
		return 0;
	group = &image->groups[index];
	if (!group->slots)
		return 0;
	slot = group->slots[nlb_hash_slot(hash(image, tuple, group->row.hash_fields, hash_slots),
					  NLB_RING_SIZE(group->row.ring))];
	if (takes_new(image, slot.primary))
		return slot.primary;
	return takes_new(image, slot.secondary) ? slot.secondary : 0;
}
