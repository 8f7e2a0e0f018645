/* SPDX-License-Identifier: BSD-2-Clause */
/* Linear probing over a table that is at most half full. */
#include "nlb/lookup.h"

#include <string.h>

#include "base/hash.h"

void lookup_init(struct lookup *lookup, struct arena *arena, size_t key_bytes, size_t entries)
{
	size_t cells = 8;

	while (cells < 2 * entries)
		cells *= 2;
	lookup->cells = arena_alloc(arena, cells * sizeof(*lookup->cells));
	lookup->mask = cells - 1;
	lookup->key_bytes = key_bytes;
}

/* The cell that has the key, or the empty one where it belongs. */
static struct lookup_cell *find_cell(const struct lookup *lookup, const void *key)
{
	uint64_t hash = hash_fnv1a(0, key, lookup->key_bytes);
	size_t at = (hash ^ hash >> 32) & lookup->mask;

	while (lookup->cells[at].key && memcmp(lookup->cells[at].key, key, lookup->key_bytes))
		at = (at + 1) & lookup->mask;
	return &lookup->cells[at];
}

void lookup_put(struct lookup *lookup, const void *key, uint32_t value)
{
	struct lookup_cell *cell = find_cell(lookup, key);

	if (cell->key)
		return;
	cell->key = key;
	cell->value = value;
}

uint32_t lookup_get(const struct lookup *lookup, const void *key)
{
	const struct lookup_cell *cell = find_cell(lookup, key);

	return cell->key ? cell->value : LOOKUP_NONE;
}
