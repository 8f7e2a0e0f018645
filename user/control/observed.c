/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of observed targets: a chained hash by (target group, address, port) and a list in
 * order of appearance.
 */
#include "observed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#define BUCKETS_MIN 64

static void *must_calloc(size_t count, size_t bytes)
{
	void *memory = calloc(count, bytes);

	if (!memory)
		abort();
	return memory;
}

static size_t bucket_of(const struct observed *observed, const char *group,
			const struct addr *address, uint16_t port)
{
	uint64_t hash = hash_fnv1a(0, group, strlen(group));

	hash = hash_fnv1a(hash, address->bytes, sizeof(address->bytes));
	hash = hash_fnv1a(hash, &port, sizeof(port));
	return (hash ^ hash >> 32) & (observed->bucket_count - 1);
}

static void chain_up(struct observed *observed, struct observed_target *seen)
{
	size_t bucket = bucket_of(observed, seen->group, &seen->address, seen->port);

	seen->chain = observed->buckets[bucket];
	observed->buckets[bucket] = seen;
}

static void grow(struct observed *observed)
{
	struct observed_target *seen;

	free(observed->buckets);
	observed->bucket_count *= 2;
	observed->buckets = must_calloc(observed->bucket_count, sizeof(*observed->buckets));
	list_for_each(seen, &observed->targets, node) chain_up(observed, seen);
}

void observed_init(struct observed *observed)
{
	*observed = (struct observed){.bucket_count = BUCKETS_MIN};
	list_init(&observed->targets);
	observed->buckets = must_calloc(BUCKETS_MIN, sizeof(*observed->buckets));
}

void observed_fini(struct observed *observed)
{
	struct observed_target *seen, *next;

	if (!observed->buckets)
		return;
	list_for_each_safe(seen, next, &observed->targets, node) free(seen);
	free(observed->buckets);
	*observed = (struct observed){0};
}

struct observed_target *observed_find(const struct observed *observed, const char *group,
				      const struct addr *address, uint16_t port)
{
	struct observed_target *seen;

	seen = observed->buckets[bucket_of(observed, group, address, port)];
	for (; seen; seen = seen->chain)
		if (seen->port == port && addr_equal(&seen->address, address) &&
		    strcmp(seen->group, group) == 0)
			return seen;
	return NULL;
}

struct observed_target *observed_add(struct observed *observed, const char *group,
				     const struct addr *address, uint16_t port)
{
	struct observed_target *seen = must_calloc(1, sizeof(*seen));

	snprintf(seen->group, sizeof(seen->group), "%s", group);
	seen->address = *address;
	seen->port = port;
	seen->sample.index = -1;
	list_append(&observed->targets, &seen->node);
	if (++observed->count > observed->bucket_count)
		grow(observed);
	else
		chain_up(observed, seen);
	return seen;
}

void observed_remove(struct observed *observed, struct observed_target *seen)
{
	struct observed_target **link;

	link = &observed->buckets[bucket_of(observed, seen->group, &seen->address, seen->port)];
	while (*link != seen)
		link = &(*link)->chain;
	*link = seen->chain;
	list_remove(&seen->node);
	observed->count--;
	free(seen);
}

static void mark_group(struct observed *observed, const struct target_group *tg)
{
	struct observed_target *seen;
	const struct target *target;

	for (size_t i = 0; i < tg->target_count; i++) {
		target = &tg->targets[i];
		seen = observed_find(observed, tg->name, &target->address, target->port);
		if (seen)
			seen->pass = observed->pass;
	}
}

unsigned observed_pass(struct observed *observed, const struct model *model)
{
	observed->pass++;
	for (size_t i = 0; i < model->target_group_count; i++)
		mark_group(observed, &model->target_groups[i]);
	return observed->pass;
}

char *observed_name(const struct observed_target *seen, char text[OBSERVED_NAME_MAX])
{
	char endpoint[ENDPOINT_TEXT_MAX];

	snprintf(text, OBSERVED_NAME_MAX, "%s/%s", seen->group,
		 endpoint_format(&seen->address, seen->port, endpoint));
	return text;
}
