/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which stretches of slots[] are taken: by rings that packets read now, by rings that are about to
 * be written, and by what was given up so lately that a packet may still read it. First fit.
 */
#ifndef LEAT_NLB_EXTENTS_H
#define LEAT_NLB_EXTENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct extent {
	uint32_t base, size;
};

struct extents {
	struct extent *taken; /* heap, sorted by base, disjoint */
	size_t count, room;
	uint32_t max_slots;
};

void extents_init(struct extents *extents, uint32_t max_slots);
void extents_fini(struct extents *extents);

/* Marks a stretch as taken; size 0 is nothing. */
void extents_take(struct extents *extents, uint32_t base, uint32_t size);
/* Finds and takes the first gap of at least size slots. False when there is none. */
__attribute__((warn_unused_result)) bool extents_find(struct extents *extents, uint32_t size,
						      uint32_t *base);

uint32_t extents_largest_gap(const struct extents *extents);

#endif
