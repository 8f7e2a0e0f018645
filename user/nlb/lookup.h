/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A hash table from bytes of one length to a number, for as long as an arena lives: how compile.c
 * and its steps find a row by its contents. Grows never: the caller knows how many entries there
 * can be.
 */
#ifndef LEAT_NLB_LOOKUP_H
#define LEAT_NLB_LOOKUP_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

#define LOOKUP_NONE UINT32_MAX

struct lookup_cell {
	const void *key; /* borrowed; NULL: empty */
	uint32_t value;
};

struct lookup {
	struct lookup_cell *cells; /* open addressing; of the arena */
	size_t mask, key_bytes;
};

/* Room for `entries` keys of key_bytes. */
void lookup_init(struct lookup *lookup, struct arena *arena, size_t key_bytes, size_t entries);
/* Keeps the pointer: the key must outlive the lookup, unchanged. A key that is there already stays
 * with its first value. */
void lookup_put(struct lookup *lookup, const void *key, uint32_t value);
/* The value or LOOKUP_NONE. */
uint32_t lookup_get(const struct lookup *lookup, const void *key);

#endif
