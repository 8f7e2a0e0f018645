/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For the tests of the pure half: wants as one-liners, and what must hold of every image. A want
 * and all it points to live in one arena.
 */
#ifndef LEAT_TEST_NLB_WANT_H
#define LEAT_TEST_NLB_WANT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/base.h"
#include "nlb/image.h"

#define WANT_GROUPS    32
#define WANT_TARGETS   256 /* a group */
#define WANT_LISTENERS 64

struct want {
	struct arena *arena;
	struct nlb_want want;
};

static inline struct addr address_of(const char *text)
{
	struct addr addr;

	assert_int_equal(addr_parse(text, &addr, NULL), 0);
	return addr;
}

static inline struct want want_new(void)
{
	struct want w = {.arena = arena_new()};

	w.want.groups = arena_alloc(w.arena, WANT_GROUPS * sizeof(*w.want.groups));
	w.want.listeners = arena_alloc(w.arena, WANT_LISTENERS * sizeof(*w.want.listeners));
	w.want.hash_key[0] = 0x0706050403020100u;
	w.want.hash_key[1] = 0x0f0e0d0c0b0a0908u;
	return w;
}

static inline void want_free(struct want *w)
{
	arena_free(w->arena);
	memset(w, 0, sizeof(*w));
}

static inline struct nlb_want_group *want_group(struct want *w, const char *name, uint8_t family)
{
	struct nlb_want_group *group = &w->want.groups[w->want.group_count++];

	assert_true(w->want.group_count <= WANT_GROUPS);
	*group = (struct nlb_want_group){
		.name = arena_strdup(w->arena, name),
		.family = family,
		.forwarding = NLB_FORWARD_NAT,
		.targets = arena_alloc(w->arena, WANT_TARGETS * sizeof(*group->targets))};
	return group;
}

/* A healthy target on a resolved path, with one source address. */
static inline struct nlb_want_target *want_target(struct nlb_want_group *group, const char *address,
						  uint16_t port)
{
	struct nlb_want_target *target = &group->targets[group->target_count++];

	assert_true(group->target_count <= WANT_TARGETS);
	*target = (struct nlb_want_target){
		.address = address_of(address),
		.port = port,
		.weight = 1,
		.in_ring = true,
		.takes_new = true,
		.path = {.is_resolved = true,
			 .ifindex = 2,
			 .dst_mac = {2, 0, 0, 0, 0, 1},
			 .src_mac = {2, 0, 0, 0, 0, 2},
			 .mtu = 1500},
		.snat_count = 1};
	target->snats[0] = address_of(group->family == AF_INET ? "10.0.9.9" : "fd00::9:9");
	return target;
}

/* count targets 10.1.x.y:80 */
static inline struct nlb_want_group *want_group_of(struct want *w, const char *name, unsigned count)
{
	struct nlb_want_group *group = want_group(w, name, AF_INET);
	char text[32];

	for (unsigned i = 0; i < count; i++) {
		snprintf(text, sizeof(text), "10.1.%u.%u", i / 250, i % 250 + 1);
		want_target(group, text, 80);
	}
	return group;
}

static inline struct nlb_want_listener *
want_listener(struct want *w, const char *name, const char *vip, uint16_t port, const char *group)
{
	struct nlb_want_listener *listener = &w->want.listeners[w->want.listener_count++];

	assert_true(w->want.listener_count <= WANT_LISTENERS);
	*listener =
		(struct nlb_want_listener){.name = arena_strdup(w->arena, name),
					   .vip = address_of(vip),
					   .port = port,
					   .has_tcp = true,
					   .group = group ? arena_strdup(w->arena, group) : NULL,
					   .tcp_idle_s = 350,
					   .udp_idle_s = 120};
	return listener;
}

static inline struct nlb_image *compile_ok(const struct want *w, const struct nlb_image *now,
					   uint64_t now_ms)
{
	struct nlb_image *next = NULL;
	struct err err = {""};

	if (nlb_compile(&w->want, now, now_ms, &next, &err))
		fail_msg("compile refused: %s", err.text);
	return next;
}

/* Compiles against *image and puts the result there. */
static inline void advance(const struct want *w, struct nlb_image **image, uint64_t now_ms)
{
	struct nlb_image *next = compile_ok(w, *image, now_ms);

	nlb_image_free(*image);
	*image = next;
}

static inline void assert_refused(const struct want *w, const struct nlb_image *now, int code,
				  const char *sentence)
{
	struct nlb_image *next = (struct nlb_image *)&next;
	struct err err = {""};

	assert_int_equal(nlb_compile(&w->want, now, 1000, &next, &err), code);
	assert_string_equal(err.text, sentence);
	assert_null(next);
}

static inline void assert_bytes_equal(const void *a, const void *b, size_t bytes)
{
	if (bytes)
		assert_memory_equal(a, b, bytes);
}

/* Deeply, and with nothing shared. */
static inline void assert_images_equal(const struct nlb_image *a, const struct nlb_image *b)
{
	assert_ptr_not_equal(a, b);
	assert_memory_equal(a->hash_key, b->hash_key, sizeof(a->hash_key));
	assert_int_equal(a->max_slots, b->max_slots);
	assert_int_equal(a->listener_count, b->listener_count);
	assert_int_equal(a->group_count, b->group_count);
	assert_int_equal(a->target_count, b->target_count);
	assert_int_equal(a->nexthop_count, b->nexthop_count);
	assert_int_equal(a->snat_count, b->snat_count);
	assert_int_equal(a->hole_count, b->hole_count);
	assert_bytes_equal(a->listeners, b->listeners, a->listener_count * sizeof(*a->listeners));
	assert_int_equal(a->vip_count, b->vip_count);
	assert_int_equal(a->port_range_count, b->port_range_count);
	assert_int_equal(a->action_count, b->action_count);
	assert_bytes_equal(a->vips, b->vips, a->vip_count * sizeof(*a->vips));
	assert_bytes_equal(a->port_ranges, b->port_ranges,
			   a->port_range_count * sizeof(*a->port_ranges));
	assert_bytes_equal(a->actions, b->actions, a->action_count * sizeof(*a->actions));
	assert_bytes_equal(a->targets, b->targets, a->target_count * sizeof(*a->targets));
	assert_bytes_equal(a->nexthops, b->nexthops, a->nexthop_count * sizeof(*a->nexthops));
	assert_bytes_equal(a->snats, b->snats, a->snat_count * sizeof(*a->snats));
	assert_bytes_equal(a->holes, b->holes, a->hole_count * sizeof(*a->holes));
	for (size_t i = 0; i < a->group_count; i++) {
		const struct image_group *x = &a->groups[i], *y = &b->groups[i];

		assert_memory_equal(&x->row, &y->row, sizeof(x->row));
		assert_true(x->members_digest == y->members_digest &&
			    x->secondary_digest == y->secondary_digest);
		assert_true(x->freed_ms == y->freed_ms);
		assert_true(!x->slots == !y->slots && (!x->slots || x->slots != y->slots));
		if (x->slots)
			assert_memory_equal(x->slots, y->slots,
					    NLB_RING_SIZE(x->row.ring) * sizeof(*x->slots));
	}
}

static inline void assert_plan_is_empty(const struct nlb_image *from, const struct nlb_image *to)
{
	struct nlb_plan plan;

	nlb_plan_make(from, to, &plan);
	assert_int_equal(plan.listeners_added + plan.listeners_changed + plan.listeners_removed, 0);
	assert_int_equal(plan.groups_added + plan.groups_changed + plan.groups_removed, 0);
	assert_int_equal(plan.targets_added + plan.targets_changed + plan.targets_removed, 0);
	assert_int_equal(plan.slots_moved, 0);
	assert_int_equal(plan.removed_target_count, 0);
	nlb_plan_fini(&plan);
}

static inline void *copy_bytes(const void *from, size_t bytes)
{
	void *copy = malloc(bytes ? bytes : 1);

	assert_non_null(copy);
	if (bytes)
		memcpy(copy, from, bytes);
	return copy;
}

/* What a restarted controller reads from the maps: no names of listeners, no digests, no times, no
 * holes. */
static inline struct nlb_image *read_back(const struct nlb_image *image)
{
	struct nlb_image *copy = nlb_image_new();

	*copy = *image;
	copy->listeners =
		copy_bytes(image->listeners, image->listener_count * sizeof(*image->listeners));
	copy->groups = copy_bytes(image->groups, image->group_count * sizeof(*image->groups));
	copy->targets = copy_bytes(image->targets, image->target_count * sizeof(*image->targets));
	copy->nexthops =
		copy_bytes(image->nexthops, image->nexthop_count * sizeof(*image->nexthops));
	copy->snats = copy_bytes(image->snats, image->snat_count * sizeof(*image->snats));
	copy->vips = copy_bytes(image->vips, image->vip_count * sizeof(*image->vips));
	copy->port_ranges =
		copy_bytes(image->port_ranges, image->port_range_count * sizeof(*image->port_ranges));
	copy->actions = copy_bytes(image->actions, image->action_count * sizeof(*image->actions));
	for (size_t i = 0; i < copy->action_count; i++)
		copy->actions[i].freed_ms = 0;
	copy->sources = copy_bytes(image->sources, image->source_count * sizeof(*image->sources));
	for (size_t i = 0; i < copy->source_count; i++) {
		struct image_sources *list = &copy->sources[i];

		list->keys = copy_bytes(list->keys, list->count * sizeof(*list->keys));
		list->answers = copy_bytes(list->answers, list->count * sizeof(*list->answers));
	}
	copy->holes = NULL;
	copy->hole_count = 0;
	for (size_t i = 0; i < copy->listener_count; i++)
		memset(copy->listeners[i].name, 0, sizeof(copy->listeners[i].name));
	for (size_t i = 0; i < copy->group_count; i++) {
		struct image_group *group = &copy->groups[i];

		group->members_digest = group->secondary_digest = group->freed_ms = 0;
		if (group->slots)
			group->slots = copy_bytes(group->slots, NLB_RING_SIZE(group->row.ring) *
									sizeof(*group->slots));
	}
	for (size_t i = 0; i < copy->target_count; i++)
		copy->targets[i].freed_ms = 0;
	for (size_t i = 0; i < copy->nexthop_count; i++)
		copy->nexthops[i].freed_ms = 0;
	for (size_t i = 0; i < copy->snat_count; i++)
		copy->snats[i].freed_ms = 0;
	return copy;
}

/* ---- what holds of every image, and of every step from one to the next ---- */

static inline bool do_overlap(uint32_t base, uint32_t size, uint32_t other_base,
			      uint32_t other_size)
{
	return size && other_size && base < other_base + other_size && other_base < base + size;
}

static inline const struct image_target *target_by_id(const struct nlb_image *image, uint32_t id)
{
	uint32_t index = NLB_TARGET_INDEX(id);

	return id && index < image->target_count && image->targets[index].row.id == id
		       ? &image->targets[index]
		       : NULL;
}

static inline void check_ring(const struct nlb_image *image, size_t index)
{
	const struct image_group *group = &image->groups[index];
	uint32_t size = NLB_RING_SIZE(group->row.ring);

	assert_true(NLB_RING_BASE(group->row.ring) + (uint64_t)size <= image->max_slots);
	assert_true(!size == !group->slots);
	for (size_t i = 0; i < index; i++)
		assert_false(do_overlap(NLB_RING_BASE(group->row.ring), size,
					NLB_RING_BASE(image->groups[i].row.ring),
					NLB_RING_SIZE(image->groups[i].row.ring)));
	for (size_t i = 0; i < image->hole_count; i++)
		assert_false(do_overlap(NLB_RING_BASE(group->row.ring), size, image->holes[i].base,
					image->holes[i].size));
	for (uint32_t i = 0; i < size; i++) {
		const struct image_target *primary = target_by_id(image, group->slots[i].primary);
		const struct image_target *secondary =
			target_by_id(image, group->slots[i].secondary);

		if (!primary || primary->row.target_group != index || primary == secondary)
			fail_msg("slot %u: primary %x, secondary %x", i, group->slots[i].primary,
				 group->slots[i].secondary);
		if (group->slots[i].secondary &&
		    (!secondary || secondary->row.target_group != index || !secondary->takes_new))
			fail_msg("slot %u: secondary %x", i, group->slots[i].secondary);
	}
}

static inline void check_target(const struct nlb_image *image, size_t index)
{
	const struct image_target *target = &image->targets[index];
	uint32_t first = NLB_SNAT_FIRST(target->row.snat);

	if (!target->row.id)
		return;
	assert_int_equal(NLB_TARGET_INDEX(target->row.id), index);
	assert_int_equal(NLB_TARGET_GEN(target->row.id), target->last_gen);
	assert_int_equal(target->row.last_gen, target->last_gen);
	assert_true(target->last_gen > 0);
	assert_true(target->row.target_group < image->group_count);
	assert_true(image->groups[target->row.target_group].row.name[0]);
	if (target->row.nexthop) {
		assert_true(target->row.nexthop < image->nexthop_count);
		assert_true(image->nexthops[target->row.nexthop].row.ifindex);
	}
	for (uint32_t i = first; i < first + NLB_SNAT_COUNT(target->row.snat); i++) {
		assert_true(i < image->snat_count);
		assert_true(image->snats[i].is_used);
	}
}

static inline void check_action(const struct nlb_image *image, uint32_t index)
{
	const struct nlb_action *row;

	assert_true(index < image->action_count);
	row = &image->actions[index].row;
	assert_true(row->count > 0 && row->count <= NLB_ACTION_GROUPS);
	assert_true(row->ends[row->count - 1] > 0);
	assert_true(!row->able || row->able_ends[row->count - 1] > 0);
	for (unsigned i = 0; i < row->count; i++) {
		assert_true(row->groups[i] < image->group_count);
		assert_true(image->groups[row->groups[i]].row.name[0]);
	}
}

static inline void check_image(const struct nlb_image *image)
{
	for (size_t i = 0; i < image->group_count; i++)
		check_ring(image, i);
	for (size_t i = 0; i < image->target_count; i++)
		check_target(image, i);
	for (size_t i = 0; i < image->listener_count; i++) {
		const struct image_listener *entry = &image->listeners[i];

		if (i)
			assert_true(memcmp(&entry[-1].key, &entry->key, sizeof(entry->key)) < 0);
		if (!entry->key.protocol || entry->value.flags & NLB_LISTENER_LOCAL)
			continue;
		if (entry->value.flags & NLB_LISTENER_ACTION) {
			check_action(image, entry->value.target_group);
			continue;
		}
		assert_true(entry->value.target_group < image->group_count);
		assert_true(image->groups[entry->value.target_group].row.name[0]);
	}
	if (image->nexthop_count)
		assert_int_equal(image->nexthops[0].row.ifindex, 0);
}

static inline bool is_in_grace(uint64_t freed_ms, uint64_t now_ms)
{
	return freed_ms && now_ms < freed_ms + NLB_GRACE_MS;
}

/* A row that was free and is in use was free long enough; one that was in use and still is did not
 * change what may not. */
static inline void check_rows(const struct nlb_image *from, const struct nlb_image *to,
			      uint64_t now_ms)
{
	for (size_t i = 0; i < from->target_count; i++) {
		const struct image_target *a = &from->targets[i], *b = &to->targets[i];

		if (a->row.id && b->row.id)
			assert_int_equal(a->row.id, b->row.id);
		if (!a->row.id && b->row.id)
			assert_false(is_in_grace(a->freed_ms, now_ms));
	}
	for (size_t i = 0; i < from->nexthop_count; i++) {
		const struct image_nexthop *a = &from->nexthops[i], *b = &to->nexthops[i];

		if (a->row.ifindex && b->row.ifindex)
			assert_memory_equal(&a->row, &b->row, sizeof(a->row));
		if (!a->row.ifindex && b->row.ifindex)
			assert_false(is_in_grace(a->freed_ms, now_ms));
	}
	for (size_t i = 0; i < from->snat_count; i++) {
		const struct image_snat *a = &from->snats[i], *b = &to->snats[i];

		if (a->is_used && b->is_used)
			assert_memory_equal(&a->row, &b->row, sizeof(a->row));
		if (!a->is_used && b->is_used)
			assert_false(is_in_grace(a->freed_ms, now_ms));
	}
	for (size_t i = 0; i < from->group_count; i++) {
		const struct image_group *a = &from->groups[i], *b = &to->groups[i];

		if (a->row.name[0] && b->row.name[0])
			assert_string_equal(a->row.name, b->row.name);
		if (!a->row.name[0] && b->row.name[0])
			assert_false(is_in_grace(a->freed_ms, now_ms));
	}
}

/* A ring that is written anew lies where no packet reads. */
static inline void check_place(const struct nlb_image *from, const struct image_group *group,
			       size_t index, uint64_t now_ms)
{
	uint32_t base = NLB_RING_BASE(group->row.ring), size = NLB_RING_SIZE(group->row.ring);

	if (index < from->group_count && from->groups[index].row.ring == group->row.ring)
		return;
	for (size_t i = 0; i < from->group_count; i++)
		assert_false(do_overlap(base, size, NLB_RING_BASE(from->groups[i].row.ring),
					NLB_RING_SIZE(from->groups[i].row.ring)));
	for (size_t i = 0; i < from->hole_count; i++)
		if (is_in_grace(from->holes[i].freed_ms, now_ms))
			assert_false(
				do_overlap(base, size, from->holes[i].base, from->holes[i].size));
}

static inline void check_step(const struct nlb_image *from, const struct nlb_image *to,
			      uint64_t now_ms)
{
	assert_true(to->target_count >= from->target_count &&
		    to->nexthop_count >= from->nexthop_count);
	assert_true(to->snat_count >= from->snat_count && to->group_count >= from->group_count);
	check_rows(from, to, now_ms);
	for (size_t i = 0; i < to->group_count; i++)
		check_place(from, &to->groups[i], i, now_ms);
}

#endif
