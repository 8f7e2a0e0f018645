/* SPDX-License-Identifier: BSD-2-Clause */
/* A sorted array: there are as many extents as rings, some thousands at most. */
#include "nlb/extents.h"

#include <stdlib.h>
#include <string.h>

void extents_init(struct extents *extents, uint32_t max_slots)
{
	memset(extents, 0, sizeof(*extents));
	extents->max_slots = max_slots;
}

void extents_fini(struct extents *extents)
{
	free(extents->taken);
	memset(extents, 0, sizeof(*extents));
}

static void insert(struct extents *extents, size_t at, struct extent extent)
{
	if (extents->count == extents->room) {
		extents->room = extents->room ? 2 * extents->room : 64;
		extents->taken = realloc(extents->taken, extents->room * sizeof(*extents->taken));
		if (!extents->taken)
			abort();
	}
	memmove(extents->taken + at + 1, extents->taken + at,
		(extents->count - at) * sizeof(*extents->taken));
	extents->taken[at] = extent;
	extents->count++;
}

void extents_take(struct extents *extents, uint32_t base, uint32_t size)
{
	size_t at = extents->count;

	if (!size)
		return;
	while (at && extents->taken[at - 1].base > base)
		at--;
	insert(extents, at, (struct extent){base, size});
}

/* The free stretch before extents->taken[at]; at == count: the one behind all of them. */
static struct extent gap_before(const struct extents *extents, size_t at)
{
	uint32_t end = at < extents->count ? extents->taken[at].base : extents->max_slots;
	uint32_t start = at ? extents->taken[at - 1].base + extents->taken[at - 1].size : 0;

	return (struct extent){start, end > start ? end - start : 0};
}

bool extents_find(struct extents *extents, uint32_t size, uint32_t *base)
{
	for (size_t at = 0; at <= extents->count; at++) {
		struct extent gap = gap_before(extents, at);

		if (gap.size < size)
			continue;
		*base = gap.base;
		insert(extents, at, (struct extent){gap.base, size});
		return true;
	}
	return false;
}

uint32_t extents_largest_gap(const struct extents *extents)
{
	uint32_t largest = 0;

	for (size_t at = 0; at <= extents->count; at++) {
		struct extent gap = gap_before(extents, at);

		if (gap.size > largest)
			largest = gap.size;
	}
	return largest;
}
