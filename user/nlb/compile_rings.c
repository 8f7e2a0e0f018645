/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Step 5: every group's targets become its ring. What did not change is not computed, what was
 * computed and came out equal stays where it is; anything else is written where no packet reads,
 * and switched to by the store of row.ring. The old place is a hole for NLB_GRACE_MS.
 *
 * A change of second choices alone may not fail for want of room: it then goes into the old place,
 * slot by slot, each one store.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "nlb/compile.h"
#include "nlb/extents.h"
#include "nlb/maglev.h"

struct rings {
	struct compile *c;
	struct extents extents;
	uint32_t *member_of; /* target index → place among the members of the group at hand */
};

/* Those of a group that own slots, by identity, and the columns that are made of them. */
struct ring {
	struct arena *arena; /* scratch, a group */
	struct maglev_target *members;
	uint32_t *ids; /* target ids, as members */
	size_t count;
	uint32_t size;
	bool has_new_ids;
	uint64_t members_digest, secondary_digest;
};

/* ---- members ---- */

struct member {
	struct maglev_target maglev;
	uint32_t id;
};

static int by_identity(const void *a, const void *b)
{
	const struct member *x = a, *y = b;

	if (x->maglev.identity != y->maglev.identity)
		return x->maglev.identity < y->maglev.identity ? -1 : 1;
	return 0;
}

static uint64_t identity_of(const struct compile *c, const struct nlb_want_target *want)
{
	struct {
		uint8_t address[16];
		__be16 port;
		__be16 family;
		uint32_t pad;
	} name = {.port = htons(want->port), .family = htons(image_family(want->address.family))};

	memcpy(name.address, want->address.bytes, sizeof(name.address));
	return hash_siphash24(c->want->hash_key, &name, sizeof(name));
}

static bool is_member(const struct nlb_want_target *want)
{
	return want->in_ring && want->weight;
}

static struct member *new_members(const struct compile *c, struct arena *arena, size_t group,
				  size_t *count)
{
	const struct nlb_want_group *want = &c->want->groups[group];
	struct member *members = arena_alloc(arena, want->target_count * sizeof(*members));

	*count = 0;
	for (size_t i = 0; i < want->target_count; i++) {
		const struct nlb_want_target *target = &want->targets[i];

		if (!is_member(target))
			continue;
		members[(*count)++] = (struct member){
			{identity_of(c, target), target->weight, target->takes_new},
			c->next->targets[c->target_of[group][i]].row.id,
		};
	}
	qsort(members, *count, sizeof(*members), by_identity);
	return members;
}

static bool is_known_id(const struct nlb_image *now, uint32_t id)
{
	return NLB_TARGET_INDEX(id) < now->target_count &&
	       now->targets[NLB_TARGET_INDEX(id)].row.id == id;
}

static uint64_t not_zero(uint64_t digest)
{
	return digest ? digest : 1;
}

/* Keyed, because the digest is shown and must not tell the key. */
static void digest_members(const struct compile *c, struct ring *ring)
{
	uint64_t *words = arena_alloc(ring->arena, (2 * ring->count + 1) * sizeof(*words));
	size_t used = 0;

	words[used++] = ring->size;
	for (size_t i = 0; i < ring->count; i++) {
		words[used++] = ring->members[i].identity;
		words[used++] = ring->members[i].weight;
	}
	ring->members_digest =
		not_zero(hash_siphash24(c->want->hash_key, words, used * sizeof(*words)));
	used = 0;
	words[used++] = ring->members_digest;
	for (size_t i = 0; i < ring->count; i++)
		words[used++] = ring->members[i].takes_new;
	ring->secondary_digest =
		not_zero(hash_siphash24(c->want->hash_key, words, used * sizeof(*words)));
}

static void start_ring(const struct compile *c, struct ring *ring, size_t group)
{
	struct member *members;

	memset(ring, 0, sizeof(*ring));
	ring->arena = arena_new();
	members = new_members(c, ring->arena, group, &ring->count);
	ring->members = arena_alloc(ring->arena, ring->count * sizeof(*ring->members));
	ring->ids = arena_alloc(ring->arena, ring->count * sizeof(*ring->ids));
	ring->size = maglev_ring_size(ring->count);
	for (size_t i = 0; i < ring->count; i++) {
		ring->members[i] = members[i].maglev;
		ring->ids[i] = members[i].id;
		ring->has_new_ids |= !is_known_id(c->now, members[i].id);
	}
	digest_members(c, ring);
}

/* ---- columns ---- */

/* The old ring's primary column holds: same members, same ids. */
static bool is_primary_known(const struct ring *ring, const struct image_group *old)
{
	return old && old->slots && NLB_RING_SIZE(old->row.ring) == ring->size &&
	       !ring->has_new_ids && old->members_digest == ring->members_digest;
}

static uint32_t *primary_from(struct rings *r, const struct ring *ring,
			      const struct nlb_slot *slots)
{
	uint32_t *primary = arena_alloc(ring->arena, ring->size * sizeof(*primary));

	for (size_t i = 0; i < ring->count; i++)
		r->member_of[NLB_TARGET_INDEX(ring->ids[i])] = (uint32_t)i;
	for (uint32_t i = 0; i < ring->size; i++)
		primary[i] = r->member_of[NLB_TARGET_INDEX(slots[i].primary)];
	return primary;
}

static uint32_t *primary_anew(const struct rings *r, const struct ring *ring)
{
	uint32_t *primary = arena_alloc(ring->arena, ring->size * sizeof(*primary));

	maglev_primary(ring->members, ring->count, r->c->want->hash_key, primary, ring->size);
	return primary;
}

/* Heap: what becomes the group's slots. */
static struct nlb_slot *make_slots(const struct rings *r, const struct ring *ring,
				   const uint32_t *primary)
{
	uint32_t *secondary = arena_alloc(ring->arena, ring->size * sizeof(*secondary));
	struct nlb_slot *slots = malloc(ring->size * sizeof(*slots));

	if (!slots)
		abort();
	maglev_secondary(ring->members, ring->count, r->c->want->hash_key, primary, secondary,
			 ring->size);
	for (uint32_t i = 0; i < ring->size; i++) {
		slots[i].primary = ring->ids[primary[i]];
		slots[i].secondary = secondary[i] == MAGLEV_NONE ? 0 : ring->ids[secondary[i]];
	}
	return slots;
}

static struct nlb_slot *copy_slots(const struct image_group *old)
{
	size_t bytes = NLB_RING_SIZE(old->row.ring) * sizeof(*old->slots);
	struct nlb_slot *slots = malloc(bytes);

	if (!slots)
		abort();
	memcpy(slots, old->slots, bytes);
	return slots;
}

static struct nlb_slot *ring_slots(struct rings *r, const struct ring *ring,
				   const struct image_group *old)
{
	bool is_known = is_primary_known(ring, old);

	if (is_known && old->secondary_digest == ring->secondary_digest)
		return copy_slots(old);
	return make_slots(r, ring,
			  is_known ? primary_from(r, ring, old->slots) : primary_anew(r, ring));
}

/* ---- places ---- */

static int refuse_full(const struct rings *r, const struct nlb_want_group *want, uint32_t size)
{
	const struct extents *extents = &r->extents;
	uint64_t taken = 0;

	for (size_t i = 0; i < extents->count; i++)
		taken += extents->taken[i].size;
	return err_set(r->c->err, -ENOSPC,
		       "target group '%s': no room for a ring of %u slots: %llu of %u are taken by "
		       "rings and by rings "
		       "that are being replaced, the largest gap is %u",
		       want->name, size, (unsigned long long)taken, extents->max_slots,
		       extents_largest_gap(extents));
}

static bool is_unchanged(const struct ring *ring, const struct image_group *old,
			 const struct nlb_slot *slots)
{
	return old && old->slots && NLB_RING_SIZE(old->row.ring) == ring->size &&
	       !memcmp(old->slots, slots, ring->size * sizeof(*slots));
}

static bool has_same_primaries(const struct ring *ring, const struct image_group *old,
			       const struct nlb_slot *slots)
{
	if (!old || !old->slots || NLB_RING_SIZE(old->row.ring) != ring->size)
		return false;
	for (uint32_t i = 0; i < ring->size; i++)
		if (old->slots[i].primary != slots[i].primary)
			return false;
	return true;
}

static int place(struct rings *r, const struct ring *ring, const struct image_group *old,
		 struct image_group *group, const struct nlb_want_group *want)
{
	uint32_t base;

	if (is_unchanged(ring, old, group->slots)) {
		group->row.ring = old->row.ring;
		return 0;
	}
	if (extents_find(&r->extents, ring->size, &base)) {
		group->row.ring = NLB_RING(base, ring->size);
		return 0;
	}
	if (has_same_primaries(ring, old, group->slots)) {
		group->row.ring = old->row.ring;
		return 0;
	}
	return refuse_full(r, want, ring->size);
}

/* The group as packets see it now; NULL: it is new. */
static const struct image_group *old_group(const struct compile *c, uint32_t index)
{
	return index < c->now->group_count && c->now->groups[index].row.name[0]
		       ? &c->now->groups[index]
		       : NULL;
}

static int make_ring(struct rings *r, size_t want)
{
	uint32_t index = r->c->group_of_want[want];
	struct image_group *group = &r->c->next->groups[index];
	const struct image_group *old = old_group(r->c, index);
	struct ring ring;
	int rc = 0;

	start_ring(r->c, &ring, want);
	group->members_digest = ring.members_digest;
	group->secondary_digest = ring.secondary_digest;
	if (ring.count) {
		group->slots = ring_slots(r, &ring, old);
		rc = place(r, &ring, old, group, &r->c->want->groups[want]);
	}
	arena_free(ring.arena);
	return rc;
}

/* ---- holes ---- */

static void add_hole(struct nlb_image *image, uint32_t base, uint32_t size, uint64_t freed_ms)
{
	image->holes = image_grow(image->holes, &image->hole_count, image->hole_count + 1,
				  sizeof(*image->holes));
	image->holes[image->hole_count - 1] = (struct image_hole){base, size, freed_ms};
}

/* Taken from the start: what packets read now, and what they may still read. */
static void start(struct rings *r, struct compile *c)
{
	const struct nlb_image *now = c->now;

	r->c = c;
	r->member_of = arena_alloc(c->arena, c->next->target_count * sizeof(*r->member_of));
	extents_init(&r->extents, now->max_slots);
	for (size_t i = 0; i < now->group_count; i++)
		if (now->groups[i].row.name[0])
			extents_take(&r->extents, NLB_RING_BASE(now->groups[i].row.ring),
				     NLB_RING_SIZE(now->groups[i].row.ring));
	for (size_t i = 0; i < now->hole_count; i++) {
		if (!compile_is_in_grace(c, now->holes[i].freed_ms))
			continue;
		extents_take(&r->extents, now->holes[i].base, now->holes[i].size);
		add_hole(c->next, now->holes[i].base, now->holes[i].size, now->holes[i].freed_ms);
	}
}

static void give_up_old_places(const struct compile *c)
{
	for (size_t i = 0; i < c->now->group_count; i++) {
		uint64_t ring = c->now->groups[i].row.ring;

		if (NLB_RING_SIZE(ring) && ring != c->next->groups[i].row.ring)
			add_hole(c->next, NLB_RING_BASE(ring), NLB_RING_SIZE(ring),
				 compile_freed_ms(c));
	}
}

/* Groups that only a listener names have no targets, and a digest that says so. */
static void digest_placeholders(const struct compile *c)
{
	struct ring none = {.arena = c->arena};

	digest_members(c, &none);
	for (size_t i = 0; i < c->next->group_count; i++) {
		struct image_group *group = &c->next->groups[i];

		if (!group->row.name[0] || group->members_digest)
			continue;
		group->members_digest = none.members_digest;
		group->secondary_digest = none.secondary_digest;
	}
}

int compile_rings(struct compile *c)
{
	struct rings r;
	int rc = 0;

	start(&r, c);
	for (size_t i = 0; i < c->want->group_count && !rc; i++)
		rc = make_ring(&r, i);
	digest_placeholders(c);
	give_up_old_places(c);
	extents_fini(&r.extents);
	return rc;
}
