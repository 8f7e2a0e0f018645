/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The difference between two images, as numbers for a person and ids for the flow table. Listeners
 * are counted by id, groups and targets by index; names that only one side knows (read back from a
 * pin) are no difference.
 */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "nlb/image.h"

/* ---- listeners ---- */

enum { IS_IN_FROM = 1, IS_IN_TO = 2, IS_CHANGED = 4 };

static int by_key(const void *a, const void *b)
{
	const struct image_listener *x = a, *y = b;

	return memcmp(&x->key, &y->key, sizeof(x->key));
}

static bool has_same_entry(const struct nlb_image *image, const struct image_listener *entry)
{
	const struct image_listener *found;

	if (!image->listener_count)
		return false;
	found = bsearch(entry, image->listeners, image->listener_count, sizeof(*entry), by_key);
	return found && !memcmp(&found->value, &entry->value, sizeof(entry->value));
}

/* Marks every listener of an image by id, and those that have an entry that the other image has not
 * or has otherwise. */
static void mark_listeners(const struct nlb_image *image, const struct nlb_image *other,
			   uint8_t where, uint8_t *marks)
{
	for (size_t i = 0; i < image->listener_count; i++) {
		const struct image_listener *entry = &image->listeners[i];

		if (image_is_marker(&entry->key) || entry->value.id >= NLB_MAX_LISTENERS)
			continue;
		marks[entry->value.id] |= where;
		if (!has_same_entry(other, entry))
			marks[entry->value.id] |= IS_CHANGED;
	}
	for (size_t i = 0; i < image->port_range_count; i++) {
		const struct image_port_range *range = &image->port_ranges[i], *same;

		same = image_find_port_range(other, &range->key);
		if ((!same || same->listener != range->listener) &&
		    range->listener < NLB_MAX_LISTENERS)
			marks[range->listener] |= IS_CHANGED;
	}
}

static void plan_listeners(const struct nlb_image *from, const struct nlb_image *to,
			   struct nlb_plan *plan)
{
	uint8_t *marks = calloc(NLB_MAX_LISTENERS, 1);

	if (!marks)
		abort();
	mark_listeners(from, to, IS_IN_FROM, marks);
	mark_listeners(to, from, IS_IN_TO, marks);
	for (size_t i = 0; i < NLB_MAX_LISTENERS; i++) {
		plan->listeners_added += (marks[i] & (IS_IN_FROM | IS_IN_TO)) == IS_IN_TO;
		plan->listeners_removed += (marks[i] & (IS_IN_FROM | IS_IN_TO)) == IS_IN_FROM;
		plan->listeners_changed += marks[i] == (IS_IN_FROM | IS_IN_TO | IS_CHANGED);
	}
	free(marks);
}

/* ---- groups ---- */

static const struct image_group *group_at(const struct nlb_image *image, size_t index)
{
	return index < image->group_count && image->groups[index].row.name[0]
		       ? &image->groups[index]
		       : NULL;
}

static bool is_group_changed(const struct image_group *a, const struct image_group *b)
{
	if (memcmp(&a->row, &b->row, sizeof(a->row)))
		return true;
	return a->slots && b->slots &&
	       memcmp(a->slots, b->slots, NLB_RING_SIZE(a->row.ring) * sizeof(*a->slots));
}

/* Slots of the new ring whose part of the hash space had another owner. A ring of another size is
 * compared at the middle of each slot. */
static void count_moves(const struct image_group *a, const struct image_group *b,
			struct nlb_plan *plan)
{
	uint64_t old_size = NLB_RING_SIZE(a->row.ring), size = NLB_RING_SIZE(b->row.ring);

	if (!a->slots)
		return;
	if (!b->slots) { /* the last owner leaves: every slot loses its owner */
		plan->slots_total += (unsigned)old_size;
		plan->slots_moved += (unsigned)old_size;
		return;
	}
	plan->slots_total += (unsigned)size;
	for (uint64_t i = 0; i < size; i++) {
		uint64_t old = (2 * i + 1) * old_size / (2 * size);

		plan->slots_moved += a->slots[old].primary != b->slots[i].primary;
	}
}

static void plan_group(const struct image_group *a, const struct image_group *b,
		       struct nlb_plan *plan)
{
	bool is_same = a && b && !strcmp(a->row.name, b->row.name);

	plan->groups_removed += a && !is_same;
	plan->groups_added += b && !is_same;
	if (!is_same)
		return;
	plan->groups_changed += is_group_changed(a, b);
	count_moves(a, b, plan);
}

/* ---- targets ---- */

static const struct image_target *target_at(const struct nlb_image *image, size_t index)
{
	return index < image->target_count && image->targets[index].row.id ? &image->targets[index]
									   : NULL;
}

static void remove_target(struct nlb_plan *plan, uint32_t id)
{
	plan->removed_targets =
		image_grow(plan->removed_targets, &plan->removed_target_count,
			   plan->removed_target_count + 1, sizeof(*plan->removed_targets));
	plan->removed_targets[plan->removed_target_count - 1] = id;
	plan->targets_removed++;
}

static void plan_target(const struct image_target *a, const struct image_target *b,
			struct nlb_plan *plan)
{
	bool is_same = a && b && a->row.id == b->row.id;

	if (a && !is_same)
		remove_target(plan, a->row.id);
	plan->targets_added += b && !is_same;
	if (is_same)
		plan->targets_changed +=
			a->takes_new != b->takes_new || memcmp(&a->row, &b->row, sizeof(a->row));
}

static size_t larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

void nlb_plan_make(const struct nlb_image *from, const struct nlb_image *to, struct nlb_plan *plan)
{
	memset(plan, 0, sizeof(*plan));
	plan_listeners(from, to, plan);
	for (size_t i = 0; i < larger(from->group_count, to->group_count); i++)
		plan_group(group_at(from, i), group_at(to, i), plan);
	for (size_t i = 0; i < larger(from->target_count, to->target_count); i++)
		plan_target(target_at(from, i), target_at(to, i), plan);
}

void nlb_plan_fini(struct nlb_plan *plan)
{
	free(plan->removed_targets);
	memset(plan, 0, sizeof(*plan));
}
