/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The two columns of a ring. In: targets as (identity, weight, takes_new), key, size. Out: indexes
 * into the targets.
 *
 * Primary: every target has a sequence of slots of its own and takes those that are free when it
 * gets there, until it has its quota; so shares are exact. Like Maglev, but a try that meets a
 * taken slot costs the turn. Then what a target reaches, and when, does not depend on who else is
 * there, and a target that goes moves half as many slots that were not its own as with Maglev (10
 * targets, 8209 slots: 0.5 % against 0.8 %; 100 targets, 16411 slots: 0.7 % against 1.3 %).
 *
 * Secondary: a slot looks at other slots of the ring in an order of its own and takes the first
 * owner that is not its primary and takes new flows. Owners stand in the ring by weight, so second
 * choices are spread by weight; and when one target goes, only the slots that had it as second
 * choice look further.
 *
 * No state, no clock; memory is scratch and gone on return. Order of arrays never matters: ties go
 * by identity.
 */
#include "nlb/maglev.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/base.h"
#include "base/hash.h"
#include "leat/nlb_hash.h"

/* Primes, and up to how many targets each serves. Few steps: where a ring changes its size nearly
 * every slot moves, so the sizes of everyday groups are one size, with slots to spare. A single
 * target needs no spreading. The largest fits twice into NLB_MAX_SLOTS, so that even that ring can
 * be replaced. */
static const struct {
	uint32_t size, targets;
} ring_sizes[] = {
	{101, 1},	{8209, 40},	{16411, 164},	       {65537, 655},
	{262147, 2621}, {524287, 5242}, {1048573, UINT32_MAX},
};

#define TRIES_PER_SLOT 32 /* turns dealt for each slot before the last free slots are given away \
			   */
#define SECONDARY_TRIES                                                                           \
	64 /* slots looked at before the slow way: enough while one target in ten takes new flows \
	    */

uint32_t maglev_ring_size(size_t targets)
{
	size_t i = 0;

	if (!targets)
		return 0;
	while (targets > ring_sizes[i].targets && i < ARRAY_SIZE(ring_sizes) - 1)
		i++;
	return ring_sizes[i].size;
}

/* A walk over the slots that meets every one once: size is prime. */
struct walk {
	uint32_t at, step;
};

static void walk_on(struct walk *walk, uint32_t size)
{
	walk->at += walk->step;
	if (walk->at >= size)
		walk->at -= size;
}

/* ---- primary
 * --------------------------------------------------------------------------------------------------------
 */
struct runner {
	uint64_t identity;
	uint64_t random;    /* state of its sequence of slots */
	uint64_t remainder; /* of its share, in units of 1/Σweights */
	uint64_t speed;	    /* tries a round, 32.32 */
	uint64_t credit;    /* what is left of the last round's tries, 32.32 */
	uint32_t target;    /* index in the caller's array */
	uint32_t weight;
	uint32_t rank;	/* by identity */
	uint32_t quota; /* slots still to take */
};

#define ONE_TRY (UINT64_C(1) << 32)

static int by_identity(const void *a, const void *b)
{
	const struct runner *x = a, *y = b;

	if (x->identity != y->identity)
		return x->identity < y->identity ? -1 : 1;
	return x->weight < y->weight ? -1 : x->weight > y->weight;
}

static int by_remainder(const void *a, const void *b)
{
	const struct runner *x = *(struct runner *const *)a, *y = *(struct runner *const *)b;

	if (x->remainder != y->remainder)
		return x->remainder > y->remainder ? -1 : 1;
	return x->rank < y->rank ? -1 : x->rank > y->rank;
}

static uint64_t sum_of_weights(const struct maglev_target *targets, size_t count)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += targets[i].weight;
	return sum;
}

static struct runner *new_runners(struct arena *arena, const struct maglev_target *targets,
				  size_t count, const uint64_t key[2], uint64_t weights)
{
	struct runner *runners = arena_alloc(arena, count * sizeof(*runners));

	for (size_t i = 0; i < count; i++) {
		runners[i].identity = targets[i].identity;
		runners[i].random =
			hash_siphash24(key, &targets[i].identity, sizeof(targets[i].identity));
		runners[i].weight = targets[i].weight;
		runners[i].target = (uint32_t)i;
		runners[i].speed = ((uint64_t)targets[i].weight << 32) / weights * count;
		runners[i].credit = ONE_TRY / 2;
	}
	qsort(runners, count, sizeof(*runners), by_identity);
	for (size_t i = 0; i < count; i++)
		runners[i].rank = (uint32_t)i;
	return runners;
}

/* Largest remainder: everyone gets the whole part of its share, the slots left over go to the
 * largest fractions. */
static void deal_quotas(struct arena *arena, struct runner *runners, size_t count, uint64_t weights,
			uint32_t size)
{
	struct runner **order = arena_alloc(arena, count * sizeof(*order));
	uint32_t left = size;

	for (size_t i = 0; i < count; i++) {
		uint64_t share = (uint64_t)size * runners[i].weight;

		runners[i].quota = (uint32_t)(share / weights);
		runners[i].remainder = share % weights;
		left -= runners[i].quota;
		order[i] = &runners[i];
	}
	qsort(order, count, sizeof(struct runner *), by_remainder);
	for (uint32_t i = 0; i < left; i++)
		order[i]->quota++;
}

/* The ring while it is filled. */
struct filling {
	uint64_t *taken; /* a bit a slot */
	uint32_t *primary;
	uint32_t size, free;
};

static bool take_slot(struct filling *ring, struct runner *runner, uint32_t slot)
{
	uint64_t bit = UINT64_C(1) << (slot % 64);

	if (ring->taken[slot / 64] & bit)
		return false;
	ring->taken[slot / 64] |= bit;
	ring->primary[slot] = runner->target;
	ring->free--;
	runner->quota--;
	return true;
}

/* SplitMix64 (Steele, Lea, Flood 2014); its seed is keyed. */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static void run_round(struct filling *ring, struct runner *runner)
{
	runner->credit += runner->speed;
	for (; runner->credit >= ONE_TRY && runner->quota; runner->credit -= ONE_TRY)
		take_slot(ring, runner, nlb_hash_slot(next_random(&runner->random), ring->size));
}

/* Gives the last free slots to those that have quota left: each walks a permutation of the ring. */
static void finish(struct filling *ring, struct runner *runner)
{
	struct walk walk;

	if (!runner->quota)
		return;
	walk.at = nlb_hash_slot(next_random(&runner->random), ring->size);
	walk.step = ring->size > 1 ? 1 + nlb_hash_slot(next_random(&runner->random), ring->size - 1)
				   : 0;
	for (; runner->quota; walk_on(&walk, ring->size))
		take_slot(ring, runner, walk.at);
}

void maglev_primary(const struct maglev_target *targets, size_t count, const uint64_t key[2],
		    uint32_t *primary, uint32_t size)
{
	struct arena *arena = arena_new();
	uint64_t weights = sum_of_weights(targets, count);
	struct filling ring = {arena_alloc(arena, (size / 64 + 1) * sizeof(uint64_t)), primary,
			       size, size};
	struct runner *runners = new_runners(arena, targets, count, key, weights);
	uint64_t rounds = count ? (uint64_t)size * TRIES_PER_SLOT / count : 0;

	deal_quotas(arena, runners, count, weights, size);
	for (; rounds && ring.free; rounds--)
		for (size_t i = 0; i < count; i++)
			run_round(&ring, &runners[i]);
	for (size_t i = 0; i < count; i++)
		finish(&ring, &runners[i]);
	arena_free(arena);
}

/* ---- secondary
 * ------------------------------------------------------------------------------------------------------
 */
struct candidate {
	uint64_t identity;
	uint64_t weights_to; /* of this one and all before it */
	uint32_t target;
	uint32_t weight;
};

/* The slow way's view: everyone that takes new flows, by identity. */
struct candidates {
	struct candidate *all;
	size_t count;
	uint32_t *place_of; /* target index → place in all; MAGLEV_NONE: takes no new flows */
};

static int by_candidate_identity(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->identity != y->identity)
		return x->identity < y->identity ? -1 : 1;
	return x->weight < y->weight ? -1 : x->weight > y->weight;
}

static struct candidates new_candidates(struct arena *arena, const struct maglev_target *targets,
					size_t count)
{
	struct candidates c = {arena_alloc(arena, count * sizeof(*c.all)), 0,
			       arena_alloc(arena, count * sizeof(*c.place_of))};
	uint64_t sum = 0;

	memset(c.place_of, 0xff, count * sizeof(*c.place_of)); /* MAGLEV_NONE */
	for (size_t i = 0; i < count; i++)
		if (targets[i].takes_new)
			c.all[c.count++] = (struct candidate){targets[i].identity, 0, (uint32_t)i,
							      targets[i].weight};
	qsort(c.all, c.count, sizeof(*c.all), by_candidate_identity);
	for (size_t i = 0; i < c.count; i++) {
		sum += c.all[i].weight;
		c.all[i].weights_to = sum;
		c.place_of[c.all[i].target] = (uint32_t)i;
	}
	return c;
}

/* The candidate at `point` of the line on which each has its weight. */
static uint32_t candidate_at(const struct candidates *c, uint64_t point)
{
	size_t low = 0, high = c->count - 1;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (c->all[middle].weights_to > point)
			high = middle;
		else
			low = middle + 1;
	}
	return c->all[low].target;
}

/* One of all candidates but `primary`, by weight. */
static uint32_t pick_by_weight(const struct candidates *c, uint32_t primary, uint64_t hash)
{
	uint32_t place = c->place_of[primary];
	uint64_t total = c->all[c->count - 1].weights_to, point;

	if (place == MAGLEV_NONE)
		return candidate_at(c, hash % total);
	total -= c->all[place].weight;
	point = hash % total;
	if (point >= c->all[place].weights_to - c->all[place].weight)
		point += c->all[place].weight;
	return candidate_at(c, point);
}

static bool has_other(const struct candidates *c, uint32_t primary)
{
	return c->count > 1 || (c->count == 1 && c->all[0].target != primary);
}

static uint32_t second_choice(const struct candidates *c, const uint32_t *primary,
			      const uint64_t key[2], uint32_t slot, uint32_t size)
{
	uint64_t words[2] = {slot, 2};
	uint64_t hash = hash_siphash24(key, words, sizeof(words));
	struct walk walk = {nlb_hash_slot(hash, size),
			    size > 1 ? 1 + nlb_hash_slot(hash >> 32, size - 1) : 0};

	if (!has_other(c, primary[slot]))
		return MAGLEV_NONE;
	for (int i = 0; i < SECONDARY_TRIES; i++, walk_on(&walk, size)) {
		uint32_t owner = primary[walk.at];

		if (owner != primary[slot] && c->place_of[owner] != MAGLEV_NONE)
			return owner;
	}
	return pick_by_weight(c, primary[slot], hash);
}

void maglev_secondary(const struct maglev_target *targets, size_t count, const uint64_t key[2],
		      const uint32_t *primary, uint32_t *secondary, uint32_t size)
{
	struct arena *arena;
	struct candidates candidates;

	if (!count || !size)
		return;
	arena = arena_new();
	candidates = new_candidates(arena, targets, count);
	for (uint32_t slot = 0; slot < size; slot++)
		secondary[slot] = second_choice(&candidates, primary, key, slot, size);
	arena_free(arena);
}
