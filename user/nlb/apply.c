// SPDX-License-Identifier: BSD-2-Clause
/*
 * Image → maps, in an order in which no packet sees a hole: health bits, next hops, source
 * addresses, targets, slots, rings, lists of sources, listeners; then what is no longer wanted, from the listeners
 * down. Each step makes reachable only what the steps before it filled.
 *
 * Compares with the maps themselves wherever they are shared memory, so that it also repairs what a
 * crash or a hand left, and writes nothing when there is nothing to change. Rows that are unlinked
 * keep their contents until they are reused: a packet may still be reading them. That the grace
 * time between the two has passed is compile.c's promise.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/addr.h"
#include "base/clock.h"
#include "base/log.h"
#include "nlb/apply_ranges.h"
#include "nlb/image.h"
#include "nlb/object.h"
#include "nlb/readback.h"

#define PACKET_PASSES_NS 1000000 /* longer than the walk of a packet */

#define WORDS(type) (sizeof(type) / sizeof(uint64_t))

/* ---- does it fit? ---- */

static int check_count(const struct nlb_maps *maps, enum nlb_map_id id, size_t count,
		       struct err *err)
{
	if (count <= maps->entries[id])
		return 0;
	return err_set(err, -ENOSPC, "map '%s' has room for %u entries, %zu are wanted",
		       nlb_map_name(id), maps->entries[id], count);
}

static int check_rings(const struct nlb_maps *maps, const struct nlb_image *next, struct err *err)
{
	uint64_t ring, end;
	size_t i;

	for (i = 0; i < next->group_count; i++) {
		ring = next->groups[i].row.ring;
		end = (uint64_t)NLB_RING_BASE(ring) + NLB_RING_SIZE(ring);
		if (end > maps->entries[NLB_MAP_SLOTS])
			return err_set(err, -ENOSPC,
				       "map 'slots' has room for %u slots, %llu are wanted",
				       maps->entries[NLB_MAP_SLOTS], (unsigned long long)end);
	}
	return 0;
}

static int check_fits(const struct nlb_maps *maps, const struct nlb_image *next, struct err *err)
{
	int rc = check_count(maps, NLB_MAP_LISTENERS, next->listener_count, err);

	if (!rc)
		rc = check_count(maps, NLB_MAP_VIPS, next->vip_count, err);
	if (!rc)
		rc = check_count(maps, NLB_MAP_PORT_RANGES, next->port_range_count, err);
	if (!rc)
		rc = check_count(maps, NLB_MAP_ACTIONS, next->action_count, err);
	if (!rc)
		rc = check_count(maps, NLB_MAP_TARGET_GROUPS, next->group_count, err);
	if (!rc)
		rc = check_count(maps, NLB_MAP_TARGETS, next->target_count, err);
	if (!rc)
		rc = check_count(maps, NLB_MAP_NEXTHOPS, next->nexthop_count, err);
	if (!rc)
		rc = check_count(maps, NLB_MAP_SNATS, next->snat_count, err);
	if (!rc)
		rc = check_rings(maps, next, err);
	return rc;
}

/* ---- health bits ---- */

static void put_bit(const struct nlb_maps *maps, size_t index, bool is_set)
{
	uint64_t *word = &maps->health[index / 64];
	uint64_t bit = 1ULL << (index % 64);
	uint64_t value = is_set ? *word | bit : *word & ~bit;

	if (value != *word)
		NLB_STORE(word, value);
}

static void put_health(const struct nlb_maps *maps, const struct nlb_image *next)
{
	size_t i;

	for (i = 0; i < next->target_count; i++)
		if (next->targets[i].row.id)
			put_bit(maps, i, next->targets[i].takes_new);
}

/* ---- next hops and source addresses: rows nobody refers to yet ---- */

static void put_nexthops(const struct nlb_maps *maps, const struct nlb_image *next)
{
	const struct nlb_nexthop *row;
	size_t i;

	for (i = 0; i < next->nexthop_count; i++) {
		row = &next->nexthops[i].row;
		if (row->ifindex && memcmp(&maps->nexthops[i], row, sizeof(*row)))
			maps->nexthops[i] = *row;
	}
}

static void put_snats(const struct nlb_maps *maps, const struct nlb_image *next)
{
	const struct nlb_snat *row;
	size_t i;

	for (i = 0; i < next->snat_count; i++) {
		row = &next->snats[i].row;
		if (next->snats[i].is_used && memcmp(&maps->snats[i], row, sizeof(*row)))
			maps->snats[i] = *row;
	}
}

/* ---- targets ---- */

/* Only what one store can change differs. */
static bool is_same_target(const struct nlb_target *a, const struct nlb_target *b)
{
	return a->id == b->id && a->target_group == b->target_group && a->port == b->port &&
	       a->family == b->family && a->forwarding == b->forwarding &&
	       a->overhead == b->overhead && !memcmp(a->address, b->address, sizeof(a->address));
}

static void put_references(struct nlb_target *there, const struct nlb_target *row)
{
	if (there->nexthop != row->nexthop)
		NLB_STORE(&there->nexthop, row->nexthop);
	if (there->snat != row->snat)
		NLB_STORE(&there->snat, row->snat);
	if (there->source_bits != row->source_bits)
		NLB_STORE(&there->source_bits, row->source_bits);
	if (there->link_bits != row->link_bits)
		NLB_STORE(&there->link_bits, row->link_bits);
}

static int put_new_target(const struct nlb_maps *maps, size_t index, const struct nlb_target *row,
			  struct err *err)
{
	struct nlb_target *there = &maps->targets[index];
	struct nlb_target filled = *row;
	int rc = 0;

	if (there->id != row->id)
		rc = nlb_maps_zero(maps, NLB_MAP_TARGET_STATS, (uint32_t)index,
				   WORDS(struct nlb_target_count));
	if (rc)
		return err_set_errno(err, rc, "map 'target_stats', key %zu: zeroing failed", index);
	NLB_STORE(&there->id, 0);
	filled.id = 0;
	filled.last_gen = (uint16_t)NLB_TARGET_GEN(row->id);
	*there = filled;
	NLB_STORE(&there->id, row->id);
	return 0;
}

static int put_target(const struct nlb_maps *maps, size_t index, const struct nlb_target *row,
		      struct err *err)
{
	struct nlb_target *there = &maps->targets[index];

	if (!is_same_target(there, row))
		return put_new_target(maps, index, row, err);
	put_references(there, row);
	return 0;
}

static int put_targets(const struct nlb_maps *maps, const struct nlb_image *next, struct err *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < next->target_count && !rc; i++)
		if (next->targets[i].row.id)
			rc = put_target(maps, i, &next->targets[i].row, err);
	return rc;
}

/* Whether answers of dnat targets are looked for. Their flows go with the targets, so none is left
 * when it is no more. */
static void put_dnat_flag(const struct nlb_maps *maps, const struct nlb_image *next)
{
	__u32 flags = maps->settings->flags & ~(__u32)NLB_SETTINGS_DNAT;
	size_t i;

	for (i = 0; i < next->target_count; i++)
		if (next->targets[i].row.id && next->targets[i].row.forwarding == NLB_FORWARD_DNAT)
			flags |= NLB_SETTINGS_DNAT;
	if (maps->settings->flags != flags)
		NLB_STORE(&maps->settings->flags, flags);
}

/* ---- slots and rings ---- */

static void put_slots(const struct nlb_maps *maps, const struct image_group *group)
{
	uint64_t *there = (uint64_t *)(void *)&maps->slots[NLB_RING_BASE(group->row.ring)];
	uint32_t i, size = group->slots ? NLB_RING_SIZE(group->row.ring) : 0;
	uint64_t slot;

	_Static_assert(sizeof(slot) == sizeof(struct nlb_slot), "a slot is one store");
	for (i = 0; i < size; i++) {
		memcpy(&slot, &group->slots[i], sizeof(slot));
		if (there[i] != slot)
			NLB_STORE(&there[i], slot);
	}
}

/* Flags, forwarding, hash fields and MSS are one aligned word, too. */
static void put_group_word(struct nlb_target_group *there, const struct nlb_target_group *row)
{
	uint64_t *at = (uint64_t *)(void *)&there->flags;
	uint64_t word;

	_Static_assert(offsetof(struct nlb_target_group, flags) == 8 &&
			       offsetof(struct nlb_target_group, name) == 16,
		       "not one word");
	memcpy(&word, &row->flags, sizeof(word));
	if (*at != word)
		NLB_STORE(at, word);
}

/* The name makes an index used, for the next controller; its first byte comes last. */
static void put_group_name(struct nlb_target_group *there, const struct nlb_target_group *row)
{
	if (!memcmp(there->name, row->name, sizeof(row->name)))
		return;
	NLB_STORE(&there->name[0], '\0');
	memcpy(there->name + 1, row->name + 1, sizeof(row->name) - 1);
	NLB_STORE(&there->name[0], row->name[0]);
}

static void put_group(const struct nlb_maps *maps, size_t index, const struct image_group *group)
{
	struct nlb_target_group *there = &maps->target_groups[index];

	put_slots(maps, group);
	put_group_word(there, &group->row);
	if (there->ring != group->row.ring)
		NLB_STORE(&there->ring, group->row.ring);
	put_group_name(there, &group->row);
}

static void put_groups(const struct nlb_maps *maps, const struct nlb_image *next)
{
	size_t i;

	for (i = 0; i < next->group_count; i++)
		if (next->groups[i].row.name[0])
			put_group(maps, i, &next->groups[i]);
}

/* A change of the key changes every ring with it: flows that no table knows move anyhow, between
 * whichever two stores. */
static void put_hash_key(const struct nlb_maps *maps, const struct nlb_image *next)
{
	__u64 *there = maps->settings->hash_key;
	int i;

	for (i = 0; i < 2; i++)
		if (there[i] != next->hash_key[i])
			NLB_STORE(&there[i], next->hash_key[i]);
}

/* ---- actions: rows nobody refers to yet ---- */

static void put_actions(const struct nlb_maps *maps, const struct nlb_image *next)
{
	const struct nlb_action *row;
	size_t i;

	for (i = 0; i < next->action_count; i++) {
		row = &next->actions[i].row;
		if (row->count && memcmp(&maps->actions[i], row, sizeof(*row)))
			maps->actions[i] = *row;
	}
}

/* ---- listeners ---- */

static int by_key(const void *a, const void *b)
{
	const struct image_listener *left = a, *right = b;

	return memcmp(&left->key, &right->key, sizeof(left->key));
}

static const struct image_listener *find_listener(const struct nlb_image *image,
						  const struct image_listener *like)
{
	return image->listener_count ? bsearch(like, image->listeners, image->listener_count,
					       sizeof(*like), by_key)
				     : NULL;
}

static int refuse_listener(const struct nlb_listener_key *key, const char *what, int rc,
			   struct err *err)
{
	char text[ENDPOINT_TEXT_MAX];
	struct addr address = {.family = key->family == NLB_IPV4 ? AF_INET : AF_INET6};

	memcpy(address.bytes, key->address, sizeof(address.bytes));
	return err_set_errno(err, rc, "map 'listeners', key '%s' protocol %u: %s failed",
			     endpoint_format(&address, ntohs(key->port), text), key->protocol,
			     what);
}

static bool *ids_in_use(const struct nlb_maps *maps, const struct nlb_image *image)
{
	bool *used = calloc(maps->entries[NLB_MAP_LISTENER_STATS], sizeof(*used));
	const struct image_listener *listener = image->listeners;
	size_t i;

	for (i = 0; used && i < image->listener_count; i++, listener++)
		if (!image_is_marker(&listener->key) &&
		    listener->value.id < maps->entries[NLB_MAP_LISTENER_STATS])
			used[listener->value.id] = true;
	return used;
}

/* An id that nobody had before begins to count at 0. */
static int begin_listener_counts(const struct nlb_maps *maps, uint32_t id, bool *used,
				 struct err *err)
{
	int rc;

	if (id >= maps->entries[NLB_MAP_LISTENER_STATS])
		return err_set(err, -ENOSPC,
			       "map 'listener_stats' has room for %u entries, %u is wanted",
			       maps->entries[NLB_MAP_LISTENER_STATS], id);
	if (used[id])
		return 0;
	used[id] = true;
	rc = nlb_maps_zero(maps, NLB_MAP_LISTENER_STATS, id, WORDS(struct nlb_listener_count));
	return rc ? err_set_errno(err, rc, "map 'listener_stats', key %u: zeroing failed", id) : 0;
}

static int put_listener(const struct nlb_maps *maps, const struct image_listener *listener,
			bool *used, struct err *err)
{
	int rc = 0;

	if (!image_is_marker(&listener->key))
		rc = begin_listener_counts(maps, listener->value.id, used, err);
	if (rc)
		return rc;
	rc = nlb_maps_put_listener(maps, &listener->key, &listener->value);
	return rc ? refuse_listener(&listener->key, "update", rc, err) : 0;
}

static bool is_listener_there(const struct nlb_image *now, const struct image_listener *listener)
{
	const struct image_listener *old = find_listener(now, listener);

	return old && !memcmp(&old->value, &listener->value, sizeof(old->value));
}

static int put_listeners(const struct nlb_maps *maps, const struct nlb_image *now,
			 const struct nlb_image *next, struct err *err)
{
	bool *used = ids_in_use(maps, now);
	size_t i;
	int rc = used ? 0 : -ENOMEM;

	for (i = 0; i < next->listener_count && !rc; i++)
		if (!is_listener_there(now, &next->listeners[i]))
			rc = put_listener(maps, &next->listeners[i], used, err);
	free(used);
	return rc;
}

static int delete_listeners(const struct nlb_maps *maps, const struct nlb_image *now,
			    const struct nlb_image *next, struct err *err)
{
	size_t i;
	int rc;

	for (i = 0; i < now->listener_count; i++) {
		if (find_listener(next, &now->listeners[i]))
			continue;
		rc = nlb_maps_delete_listener(maps, &now->listeners[i].key);
		if (rc && rc != -ENOENT)
			return refuse_listener(&now->listeners[i].key, "deletion", rc, err);
	}
	return 0;
}

/* ---- lists of sources ---- */

static bool has_list(const struct nlb_image *image, uint16_t id)
{
	size_t i;

	for (i = 0; i < image->source_count; i++)
		if (image->sources[i].id == id)
			return true;
	return false;
}

static int put_list(const struct nlb_maps *maps, const struct image_sources *list, struct err *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < list->count && !rc; i++)
		rc = nlb_maps_put_source(maps, &list->keys[i], list->answers[i]);
	return rc ? err_set_errno(err, rc, "map 'sources', list %u: update failed", list->id) : 0;
}

/* The id is noted before anything bears it. */
static int put_sources(const struct nlb_maps *maps, const struct nlb_image *now,
		       const struct nlb_image *next, struct err *err)
{
	size_t i;
	int rc = 0;

	if (maps->settings->last_source_list != next->last_source_list)
		NLB_STORE(&maps->settings->last_source_list, next->last_source_list);
	for (i = 0; i < next->source_count && !rc; i++)
		if (!has_list(now, next->sources[i].id))
			rc = put_list(maps, &next->sources[i], err);
	return rc;
}

static int delete_list(const struct nlb_maps *maps, const struct image_sources *list,
		       struct err *err)
{
	size_t i;
	int rc;

	for (i = 0; i < list->count; i++) {
		rc = nlb_maps_delete_source(maps, &list->keys[i]);
		if (rc && rc != -ENOENT)
			return err_set_errno(err, rc, "map 'sources', list %u: deletion failed",
					     list->id);
	}
	return 0;
}

/* ---- removals ---- */

/* The ring stays: a packet that met the listener before may still be on its way there. */
static void free_groups(const struct nlb_maps *maps, const struct nlb_image *now,
			const struct nlb_image *next)
{
	size_t i;

	for (i = 0; i < now->group_count; i++)
		if (i >= next->group_count || !next->groups[i].row.name[0])
			NLB_STORE(&maps->target_groups[i].name[0], '\0');
}

static bool is_freed(const struct nlb_image *now, const struct nlb_image *next, size_t index)
{
	if (!now->targets[index].row.id)
		return false;
	return index >= next->target_count || !next->targets[index].row.id;
}

/* Packets that read a slot before its ring was switched still look for the target. */
static void let_packets_pass(void)
{
	const struct timespec pause = {.tv_nsec = PACKET_PASSES_NS};

	nanosleep(&pause, NULL);
}

/* Packets that met the listener before it got another list still ask the old one. */
static int delete_sources(const struct nlb_maps *maps, const struct nlb_image *now,
			  const struct nlb_image *next, struct err *err)
{
	bool has_waited = false;
	size_t i;
	int rc = 0;

	for (i = 0; i < now->source_count && !rc; i++) {
		if (has_list(next, now->sources[i].id))
			continue;
		if (!has_waited)
			let_packets_pass();
		has_waited = true;
		rc = delete_list(maps, &now->sources[i], err);
	}
	return rc;
}

static void free_targets(const struct nlb_maps *maps, const struct nlb_image *now,
			 const struct nlb_image *next)
{
	bool has_waited = false;
	size_t i;

	for (i = 0; i < now->target_count; i++) {
		if (i < next->target_count && next->targets[i].row.id)
			continue;
		if (is_freed(now, next, i) && !has_waited) {
			let_packets_pass();
			has_waited = true;
		}
		if (maps->targets[i].id)
			NLB_STORE(&maps->targets[i].id, 0);
		put_bit(maps, i, false);
	}
}

/* ---- all of it ---- */

static int bring(const struct nlb_maps *maps, const struct nlb_image *now,
		 const struct nlb_image *next, struct err *err)
{
	int rc;

	put_health(maps, next);
	put_nexthops(maps, next);
	put_snats(maps, next);
	rc = put_targets(maps, next, err);
	if (rc)
		return rc;
	put_dnat_flag(maps, next);
	put_hash_key(maps, next);
	put_groups(maps, next);
	put_actions(maps, next);
	rc = put_sources(maps, now, next, err);
	if (!rc)
		rc = put_listeners(maps, now, next, err);
	if (!rc)
		rc = nlb_apply_ranges(maps, now, next, err);
	if (!rc)
		rc = delete_listeners(maps, now, next, err);
	if (!rc)
		rc = delete_sources(maps, now, next, err);
	if (rc)
		return rc;
	free_groups(maps, now, next);
	free_targets(maps, now, next);
	return 0;
}

/* After a failure half-way only the maps know what they hold. */
static void learn_what_is(struct nlb *nlb)
{
	struct nlb_image *image;

	if (nlb_readback(&nlb->maps, &image, NULL)) {
		log_error("nlb: what the maps hold after a failure is not known");
		return;
	}
	nlb_image_free(nlb->image);
	nlb->image = image;
	nlb_object_wait_for_grace(clock_mono_ms());
}

int nlb_apply(struct nlb *nlb, struct nlb_image *next, struct err *err)
{
	int rc = check_fits(&nlb->maps, next, err);

	if (rc)
		return rc;
	rc = bring(&nlb->maps, nlb->image, next, err);
	if (rc) {
		learn_what_is(nlb);
		return rc;
	}
	nlb_image_free(nlb->image);
	nlb->image = next;
	return 0;
}
