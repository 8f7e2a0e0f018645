/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A sorted view of an array: finds elements and twins in n log n where the limits of the model
 * would make a loop in a loop slow. Private to model.
 */
#ifndef LEAT_MODEL_INDEX_H
#define LEAT_MODEL_INDEX_H

#include <stdbool.h>
#include <stddef.h>

struct arena;

struct index {
	const void **items; /* sorted by cmp; equal ones in the array's order */
	size_t count;
	int (*cmp)(const void *a, const void *b); /* of two elements */
};

/* The array must stay where it is while the index is used. */
struct index index_build(struct arena *arena, const void *array, size_t count, size_t element_bytes,
			 int (*cmp)(const void *a, const void *b));

/* The first element equal to `like`, an element of the same type; NULL: none. */
const void *index_find(const struct index *index, const void *like);

/* Two equal elements, the earlier one first. False: every element is unique. */
bool index_twins(const struct index *index, const void **first, const void **second);

/* Orders for the nouns. */
int index_by_address(const void *a, const void *b);	  /* struct addr */
int index_by_lb_name(const void *a, const void *b);	  /* struct load_balancer */
int index_by_tg_name(const void *a, const void *b);	  /* struct target_group */
int index_by_sg_name(const void *a, const void *b);	  /* struct security_group */
int index_by_protocol_port(const void *a, const void *b); /* struct listener */
int index_by_prefix(const void *a, const void *b);	  /* struct prefix */
int index_by_priority(const void *a, const void *b);	  /* struct rule */
int index_by_endpoint(const void *a, const void *b);	  /* struct target */

#endif
