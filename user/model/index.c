/* SPDX-License-Identifier: BSD-2-Clause */
/* Sorted views of arrays, and the orders of the nouns. Pure. */
#include "index.h"

#include <stdlib.h>
#include <string.h>

#include "model.h"

/* Places break ties, so that twins come out in the order they were written. */
static int compare_items(const void *a, const void *b, void *arg)
{
	const struct index *index = arg;
	const char *x = *(const char *const *)a, *y = *(const char *const *)b;
	int order = index->cmp(x, y);

	return order ? order : (x > y) - (x < y);
}

struct index index_build(struct arena *arena, const void *array, size_t count, size_t element_bytes,
			 int (*cmp)(const void *a, const void *b))
{
	struct index index = {.count = count, .cmp = cmp};

	index.items = arena_alloc(arena, count * sizeof(*index.items));
	for (size_t i = 0; i < count; i++)
		index.items[i] = (const char *)array + i * element_bytes;
	if (count)
		qsort_r(index.items, count, sizeof(*index.items), compare_items, &index);
	return index;
}

const void *index_find(const struct index *index, const void *like)
{
	size_t low = 0, high = index->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (index->cmp(index->items[middle], like) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < index->count && index->cmp(index->items[low], like) == 0)
		return index->items[low];
	return NULL;
}

bool index_twins(const struct index *index, const void **first, const void **second)
{
	for (size_t i = 1; i < index->count; i++) {
		if (index->cmp(index->items[i - 1], index->items[i]) != 0)
			continue;
		*first = index->items[i - 1];
		*second = index->items[i];
		return true;
	}
	return false;
}

int index_by_address(const void *a, const void *b)
{
	return addr_cmp(a, b);
}

int index_by_prefix(const void *a, const void *b)
{
	return prefix_cmp(a, b);
}

int index_by_priority(const void *a, const void *b)
{
	const struct rule *x = a, *y = b;

	return (x->priority > y->priority) - (x->priority < y->priority);
}

int index_by_lb_name(const void *a, const void *b)
{
	const struct load_balancer *x = a, *y = b;

	return strcmp(x->name, y->name);
}

int index_by_tg_name(const void *a, const void *b)
{
	const struct target_group *x = a, *y = b;

	return strcmp(x->name, y->name);
}

int index_by_sg_name(const void *a, const void *b)
{
	const struct security_group *x = a, *y = b;

	return strcmp(x->name, y->name);
}

int index_by_protocol_port(const void *a, const void *b)
{
	const struct listener *x = a, *y = b;

	int order = (int)x->port - (int)y->port;

	if (!order)
		order = (int)x->last_port - (int)y->last_port;
	return order ? order : (int)x->protocol - (int)y->protocol;
}

int index_by_endpoint(const void *a, const void *b)
{
	const struct target *x = a, *y = b;
	int order = addr_cmp(&x->address, &y->address);

	return order ? order : (int)x->port - (int)y->port;
}
