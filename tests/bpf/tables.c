// SPDX-License-Identifier: BSD-2-Clause
/* Copies of the flow table and the reply table. */
#include "tables.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t read_map(struct program *p, enum program_map map, void *keys, void *values)
{
	uint32_t next, count = PROGRAM_FLOWS;
	int err = bpf_map_lookup_batch(p->maps[map], NULL, &next, keys, values, &count, NULL);

	if (err == -ENOENT) /* the end of the table was reached */
		return count;
	fprintf(stderr, "bpf tests: reading map %d: %s\n", map, strerror(-err));
	abort();
}

void tables_read(struct program *p, struct tables *t)
{
	t->flows.count = read_map(p, MAP_FLOWS, t->flows.keys, t->flows.values);
	t->replies.count = read_map(p, MAP_REPLIES, t->replies.keys, t->replies.values);
}

void tables_write(struct program *p, const struct tables *t)
{
	uint32_t i;

	program_clear(p, MAP_FLOWS);
	program_clear(p, MAP_REPLIES);
	for (i = 0; i < t->flows.count; i++)
		program_put(p, MAP_FLOWS, &t->flows.keys[i], &t->flows.values[i]);
	for (i = 0; i < t->replies.count; i++)
		program_put(p, MAP_REPLIES, &t->replies.keys[i], &t->replies.values[i]);
}

/* The kernel walks an unchanged hash in the same order every time. */
bool tables_equal(const struct tables *a, const struct tables *b)
{
	return a->flows.count == b->flows.count && a->replies.count == b->replies.count &&
	       !memcmp(a->flows.keys, b->flows.keys, a->flows.count * sizeof(*a->flows.keys)) &&
	       !memcmp(a->flows.values, b->flows.values,
		       a->flows.count * sizeof(*a->flows.values)) &&
	       !memcmp(a->replies.keys, b->replies.keys,
		       a->replies.count * sizeof(*a->replies.keys)) &&
	       !memcmp(a->replies.values, b->replies.values,
		       a->replies.count * sizeof(*a->replies.values));
}

static const struct nlb_tuple *new_key(const struct nlb_tuple *a, uint32_t a_count,
				       const struct nlb_tuple *b, uint32_t b_count)
{
	uint32_t i, k;

	for (i = 0; i < b_count; i++) {
		for (k = 0; k < a_count && memcmp(&a[k], &b[i], sizeof(*a)) != 0;)
			k++;
		if (k == a_count)
			return &b[i];
	}
	return NULL;
}

const struct nlb_tuple *tables_new_key(const struct tables *a, const struct tables *b)
{
	const struct nlb_tuple *key =
		new_key(a->flows.keys, a->flows.count, b->flows.keys, b->flows.count);

	return key ? key
		   : new_key(a->replies.keys, a->replies.count, b->replies.keys, b->replies.count);
}
