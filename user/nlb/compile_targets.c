/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Step 2: every wanted target gets an id: its own while group, address, port and forwarding stay,
 * else a free index with the next generation. Next hop and source addresses follow in steps 3
 * and 4.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "nlb/compile.h"
#include "nlb/lookup.h"

/* What makes a target the same one. */
struct target_key {
	uint32_t group;
	uint8_t address[16];
	__be16 port;
	uint8_t forwarding;
	uint8_t flags; /* enum nlb_target_flags */
};

struct numbering {
	struct compile *c;
	struct lookup now; /* struct target_key → index */
	struct lookup next;
	struct target_key *keys; /* of the wanted ones, as they come */
	size_t key_count;
	size_t free_from, used;
};

static struct target_key key_of_row(const struct nlb_target *row)
{
	struct target_key key = {
		.group = row->target_group,
		.port = row->port,
		.forwarding = row->forwarding,
		.flags = row->flags,
	};

	memcpy(key.address, row->address, sizeof(key.address));
	return key;
}

static bool is_free(const struct numbering *n, size_t index)
{
	const struct nlb_image *now = n->c->now;

	if (n->c->next->targets[index].row.id)
		return false;
	return index >= now->target_count ||
	       (!now->targets[index].row.id &&
		!compile_is_in_grace(n->c, now->targets[index].freed_ms));
}

static uint32_t take_free(struct numbering *n)
{
	while (n->free_from < n->c->next->target_count && !is_free(n, n->free_from))
		n->free_from++;
	return n->free_from < n->c->next->target_count ? (uint32_t)n->free_from : LOOKUP_NONE;
}

static uint16_t next_generation(uint16_t last)
{
	return last >= NLB_TARGET_GEN_MAX ? 1 : last + 1;
}

/* The row of a key: the old id where there is one, else a new one. Its last_gen is that of the
 * index (copied by start()). */
static uint32_t number(struct numbering *n, const struct target_key *key)
{
	uint32_t index = lookup_get(&n->now, key);
	struct image_target *target;

	if (index != LOOKUP_NONE) {
		n->c->next->targets[index].row.id = n->c->now->targets[index].row.id;
		return index;
	}
	index = take_free(n);
	if (index == LOOKUP_NONE)
		return index;
	target = &n->c->next->targets[index];
	target->last_gen = next_generation(target->last_gen);
	target->row.id = NLB_TARGET_ID(index, target->last_gen);
	return index;
}

static void fill_row(struct image_target *target, const struct target_key *key, uint8_t family)
{
	target->row.target_group = key->group;
	memcpy(target->row.address, key->address, sizeof(target->row.address));
	target->row.port = key->port;
	target->row.family = family;
	target->row.forwarding = key->forwarding;
	target->row.flags = key->flags;
	target->row.overhead = nlb_encap_bytes(key->forwarding, family);
	target->row.last_gen = target->last_gen;
	target->freed_ms = 0;
}

static int refuse(const struct numbering *n, const struct nlb_want_group *group,
		  const struct nlb_want_target *want, const char *why)
{
	char text[ENDPOINT_TEXT_MAX];

	return err_set(n->c->err, -EINVAL, "target '%s/%s': %s", group->name,
		       endpoint_format(&want->address, want->port, text), why);
}

static int refuse_full(const struct numbering *n, const struct nlb_want_group *group,
		       const struct nlb_want_target *want)
{
	char text[ENDPOINT_TEXT_MAX];

	return err_set(n->c->err, -ENOSPC,
		       "target '%s/%s': the table of targets is full (%d entries)", group->name,
		       endpoint_format(&want->address, want->port, text), NLB_MAX_TARGETS);
}

static int add_target(struct numbering *n, const struct nlb_want_group *group, uint32_t group_index,
		      const struct nlb_want_target *want, uint32_t *index)
{
	struct target_key *key = &n->keys[n->key_count++];

	key->group = group_index;
	key->port = htons(want->port);
	key->forwarding = group->forwarding;
	key->flags = group->preserves_port ? NLB_TARGET_PRESERVE_PORT : 0;
	memcpy(key->address, want->address.bytes, sizeof(key->address));
	if (want->address.family != group->family)
		return refuse(n, group, want, "the address is not of the group's family");
	if (lookup_get(&n->next, key) != LOOKUP_NONE)
		return refuse(n, group, want, "wanted twice");
	*index = number(n, key);
	if (*index == LOOKUP_NONE)
		return refuse_full(n, group, want);
	lookup_put(&n->next, key, *index);
	fill_row(&n->c->next->targets[*index], key, image_family(group->family));
	n->c->next->targets[*index].takes_new = want->takes_new;
	if (group->forwarding == NLB_FORWARD_IPIP)
		n->c->next->targets[*index].row.source_bits = want->source_bits;
	if (group->forwarding == NLB_FORWARD_DNAT)
		n->c->next->targets[*index].row.link_bits = want->link_bits;
	if (n->used <= *index)
		n->used = *index + 1;
	return 0;
}

static size_t count_wanted(const struct nlb_want *want)
{
	size_t count = 0;

	for (size_t i = 0; i < want->group_count; i++)
		count += want->groups[i].target_count;
	return count;
}

static uint16_t newest_generation(const struct image_target *target)
{
	return target->row.id ? NLB_TARGET_GEN(target->row.id) : target->last_gen;
}

static void start(struct numbering *n, struct compile *c)
{
	const struct nlb_image *now = c->now;
	size_t wanted = count_wanted(c->want);
	size_t room = compile_room(now->target_count, wanted, NLB_MAX_TARGETS);
	struct target_key *keys =
		arena_alloc(c->arena, (wanted + now->target_count) * sizeof(*keys));

	*n = (struct numbering){.c = c, .keys = keys + now->target_count};
	lookup_init(&n->now, c->arena, sizeof(*keys), now->target_count);
	lookup_init(&n->next, c->arena, sizeof(*keys), wanted);
	c->next->targets =
		image_grow(NULL, &c->next->target_count, room, sizeof(*c->next->targets));
	for (size_t i = 0; i < now->target_count; i++) {
		c->next->targets[i].last_gen = newest_generation(&now->targets[i]);
		if (!now->targets[i].row.id)
			continue;
		keys[i] = key_of_row(&now->targets[i].row);
		lookup_put(&n->now, &keys[i], (uint32_t)i);
	}
}

static void end(struct numbering *n)
{
	const struct nlb_image *now = n->c->now;
	struct nlb_image *next = n->c->next;

	for (size_t i = 0; i < now->target_count; i++) {
		if (next->targets[i].row.id)
			continue;
		next->targets[i].row.last_gen = next->targets[i].last_gen;
		next->targets[i].freed_ms =
			now->targets[i].row.id ? compile_freed_ms(n->c) : now->targets[i].freed_ms;
	}
	next->target_count = n->used > now->target_count ? n->used : now->target_count;
}

int compile_targets(struct compile *c)
{
	struct numbering n;
	int rc = 0;

	start(&n, c);
	c->target_of = arena_alloc(c->arena, c->want->group_count * sizeof(uint32_t *));
	for (size_t i = 0; i < c->want->group_count && !rc; i++) {
		const struct nlb_want_group *group = &c->want->groups[i];

		c->target_of[i] = arena_alloc(c->arena, group->target_count * sizeof(uint32_t));
		for (size_t j = 0; j < group->target_count && !rc; j++)
			rc = add_target(&n, group, c->group_of_want[i], &group->targets[j],
					&c->target_of[i][j]);
	}
	end(&n);
	return rc;
}
