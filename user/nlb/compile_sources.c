/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Step 6: lists of sources. A list that is there is kept under its id, found by its contents;
 * another one gets the next id. Lists are never changed in place: packets would meet half of the
 * new one.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "nlb/compile.h"
#include "nlb/lookup.h"

static int by_key(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct nlb_source_key));
}

struct rule { /* a row of the map, to sort */
	struct nlb_source_key key;
	uint32_t answer;
};

static struct rule rule_of(const struct nlb_want_source *want)
{
	struct rule rule = {
		.key = {.prefix_bits = NLB_SOURCE_LIST_BITS + want->bits,
			.family = image_family(want->address.family)},
		.answer = want->is_allowed ? NLB_SOURCE_ALLOWED : NLB_SOURCE_DENIED,
	};

	memcpy(rule.key.address, want->address.bytes, sizeof(rule.key.address));
	return rule;
}

/* Heap memory, owned by the caller: image_sources_fini(). */
static struct image_sources list_of(const struct compile *c, const struct nlb_want_sources *want)
{
	struct image_sources list = {.count = want->count};
	struct rule *rules = arena_alloc(c->arena, want->count * sizeof(*rules));
	size_t room = 0;

	for (size_t i = 0; i < want->count; i++)
		rules[i] = rule_of(&want->rules[i]);
	qsort(rules, want->count, sizeof(*rules), by_key);
	list.keys = image_grow(NULL, &room, want->count, sizeof(*list.keys));
	room = 0;
	list.answers = image_grow(NULL, &room, want->count, sizeof(*list.answers));
	for (size_t i = 0; i < want->count; i++) {
		list.keys[i] = rules[i].key;
		list.answers[i] = rules[i].answer;
	}
	list.digest = image_sources_digest(&list);
	return list;
}

static bool is_same(const struct image_sources *a, const struct image_sources *b)
{
	if (!a->keys || a->digest != b->digest || a->count != b->count ||
	    memcmp(a->answers, b->answers, a->count * sizeof(*a->answers)))
		return false;
	for (size_t i = 0; i < a->count; i++) {
		struct nlb_source_key key = a->keys[i];

		key.list = b->keys[i].list;
		if (memcmp(&key, &b->keys[i], sizeof(key)))
			return false;
	}
	return true;
}

static const struct image_sources *find_like(const struct nlb_image *image,
					     const struct image_sources *list)
{
	for (size_t i = 0; i < image->source_count; i++)
		if (is_same(&image->sources[i], list))
			return &image->sources[i];
	return NULL;
}

static bool has_id(const struct nlb_image *image, uint16_t id)
{
	for (size_t i = 0; i < image->source_count; i++)
		if (image->sources[i].id == id)
			return true;
	return false;
}

/* In turn, so that an id comes back long after every flow that remembers it. 0: none is free. */
static uint16_t take_id(const struct compile *c)
{
	uint16_t id = c->next->last_source_list;

	for (unsigned tries = 0; tries < NLB_MAX_SOURCE_LISTS; tries++) {
		id = id == NLB_MAX_SOURCE_LISTS ? 1 : id + 1;
		if (has_id(c->now, id) || has_id(c->next, id))
			continue;
		c->next->last_source_list = id;
		return id;
	}
	return 0;
}

/* Takes the list. */
static void put(const struct compile *c, uint16_t id, struct image_sources *list)
{
	list->id = id;
	for (size_t i = 0; i < list->count; i++)
		list->keys[i].list = id;
	c->next->sources[c->next->source_count++] = *list;
}

/* Takes the list; returns its id, 0 where there is none left. */
static uint16_t place(const struct compile *c, struct image_sources *list)
{
	const struct image_sources *there = find_like(c->next, list);
	uint16_t id;

	if (there) {
		image_sources_fini(list);
		return there->id;
	}
	there = find_like(c->now, list);
	id = there ? there->id : take_id(c);
	if (id)
		put(c, id, list);
	else
		image_sources_fini(list);
	return id;
}

/* While a change is applied the map holds what leaves as well as what comes. */
static int check_room(const struct compile *c)
{
	size_t wanted = 0, leaving = 0;

	for (size_t i = 0; i < c->next->source_count; i++)
		wanted += c->next->sources[i].count;
	for (size_t i = 0; i < c->now->source_count; i++)
		if (!has_id(c->next, c->now->sources[i].id))
			leaving += c->now->sources[i].count;
	if (wanted + leaving <= NLB_MAX_SOURCES)
		return 0;
	return err_set(c->err, -ENOSPC,
		       "the table of sources is full (%d entries): the security groups of all "
		       "listeners come to %zu prefixes while %zu leave",
		       NLB_MAX_SOURCES, wanted, leaving);
}

int compile_sources(struct compile *c)
{
	const struct nlb_want *want = c->want;
	size_t room = 0;

	c->list_of_want = arena_alloc(c->arena, want->source_list_count * sizeof(uint16_t));
	c->next->last_source_list = c->now->last_source_list;
	c->next->sources =
		image_grow(NULL, &room, want->source_list_count, sizeof(*c->next->sources));
	for (size_t i = 0; i < want->source_list_count; i++) {
		struct image_sources list = list_of(c, &want->source_lists[i]);

		c->list_of_want[i] = place(c, &list);
		if (!c->list_of_want[i])
			return err_set(c->err, -ENOSPC,
				       "the table of source lists is full (%d lists): security "
				       "groups are combined in too many ways",
				       NLB_MAX_SOURCE_LISTS);
	}
	return check_room(c);
}
