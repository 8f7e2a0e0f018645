// SPDX-License-Identifier: BSD-2-Clause
/* The world as structs and as maps; what changes it is statements.c. */
#include "world.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "leat/nlb_hash.h"

/* ---- into the maps ---- */

void world_write(struct world *w, enum program_map map, uint32_t key, const void *value)
{
	if (w->written_count == WRITTEN_MAX)
		abort();
	w->written[w->written_count].map = map;
	w->written[w->written_count++].key = key;
	program_put(w->program, map, &key, value);
}

static void clear_hash(struct world *w, enum program_map map)
{
	program_clear(w->program, map);
}

void world_limit_tx(struct world *w, int interface)
{
	int i;

	clear_hash(w, MAP_TX_PORTS);
	for (i = 0; i < IF_COUNT; i++)
		if (w->tx_ports[i] && (interface == IF_COUNT || interface == i))
			program_put(w->program, MAP_TX_PORTS, &netns_ifindexes[i],
				    &netns_ifindexes[i]);
}

void world_set_health(struct world *w, const struct target_def *t, bool healthy)
{
	uint32_t word = t->index / 64;
	uint64_t bits;

	program_get(w->program, MAP_HEALTH, &word, &bits);
	bits = healthy ? bits | 1ull << (t->index % 64) : bits & ~(1ull << (t->index % 64));
	world_write(w, MAP_HEALTH, word, &bits);
}

void world_reset(struct world *w)
{
	static const uint8_t zero[1024]; /* longer than any value */
	struct program *program = w->program;
	int i;

	for (i = 0; i < w->written_count; i++)
		program_put(program, w->written[i].map, &w->written[i].key, zero);
	clear_hash(w, MAP_LISTENERS);
	clear_hash(w, MAP_VIPS);
	clear_hash(w, MAP_PORT_RANGES);
	clear_hash(w, MAP_FLOWS);
	clear_hash(w, MAP_REPLIES);
	clear_hash(w, MAP_SOURCES);
	clear_hash(w, MAP_SOURCE_RATES);
	clear_hash(w, MAP_TX_PORTS);
	program_fill_buckets(program, true);
	memset(w, 0, sizeof(*w));
	w->program = program;
}

/* ---- finding ---- */

struct group_def *world_find_group(struct world *w, const char *name)
{
	int i;

	for (i = 0; i < w->group_count; i++)
		if (word_is(w->groups[i].name, name))
			return &w->groups[i];
	return NULL;
}

struct target_def *world_find_target(struct world *w, const char *name)
{
	int i;

	for (i = 0; i < w->target_count; i++)
		if (word_is(w->targets[i].name, name))
			return &w->targets[i];
	return NULL;
}

struct action_def *world_find_action(struct world *w, const char *name)
{
	int i;

	for (i = 0; i < w->action_count; i++)
		if (word_is(w->actions[i].name, name))
			return &w->actions[i];
	return NULL;
}

struct target_def *world_target(struct world *w, const char *name, struct report *report)
{
	struct target_def *t = world_find_target(w, name);

	if (word_is(name, "primary"))
		t = w->primary;
	if (word_is(name, "secondary"))
		t = w->secondary;
	if (!t)
		report_fail(report, "unknown target '%s'", name);
	return t;
}

struct listener_def *world_find_listener(struct world *w, const char *name)
{
	int i;

	for (i = 0; i < w->listener_count; i++)
		if (word_is(w->listeners[i].name, name))
			return &w->listeners[i];
	return NULL;
}

struct listener_def *world_listener(struct world *w, const char *name, struct report *report)
{
	struct listener_def *l = world_find_listener(w, name);

	if (!l)
		report_fail(report, "unknown listener '%s'", name);
	return l;
}

struct snat_def *world_snat(struct world *w, const char *name, struct report *report)
{
	int i;

	for (i = 0; i < w->snat_count; i++)
		if (word_is(w->snats[i].name, name))
			return &w->snats[i];
	report_fail(report, "unknown snats '%s'", name);
	return NULL;
}

const struct target_def *world_target_by_id(const struct world *w, uint32_t id)
{
	int i;

	for (i = 0; i < w->target_count; i++)
		if (NLB_TARGET_ID(w->targets[i].index, w->targets[i].gen) == id)
			return &w->targets[i];
	return NULL;
}

static bool is_in_prefix(const uint8_t *address, const uint8_t *prefix, uint32_t bits)
{
	uint32_t whole = bits / 8, rest = bits % 8;

	if (memcmp(address, prefix, whole) != 0)
		return false;
	return !rest || (address[whole] ^ prefix[whole]) >> (8 - rest) == 0;
}

static bool is_in_range(const struct listener_def *l, const struct nlb_tuple *tuple)
{
	uint16_t port = ntohs(tuple->dport);

	return l->prefix_bits && l->key.family == tuple->family &&
	       l->key.protocol == tuple->protocol && port >= l->first && port <= l->last &&
	       is_in_prefix(tuple->dst, l->key.address, l->prefix_bits);
}

static bool is_narrower(const struct listener_def *a, const struct listener_def *b)
{
	if (a->prefix_bits != b->prefix_bits)
		return a->prefix_bits > b->prefix_bits;
	return a->last - a->first < b->last - b->first;
}

static const struct listener_def *find_range(const struct world *w, const struct nlb_tuple *tuple)
{
	const struct listener_def *best = NULL;
	int i;

	for (i = 0; i < w->listener_count; i++)
		if (is_in_range(&w->listeners[i], tuple) &&
		    (!best || is_narrower(&w->listeners[i], best)))
			best = &w->listeners[i];
	return best;
}

const struct listener_def *world_listener_by_key(const struct world *w,
						 const struct nlb_tuple *tuple)
{
	int i;

	for (i = w->listener_count; i-- > 0;) { /* the newest of a key is the one in the map */
		const struct nlb_listener_key *key = &w->listeners[i].key;

		if (!w->listeners[i].prefix_bits && key->family == tuple->family &&
		    key->protocol == tuple->protocol && key->port == tuple->dport &&
		    !memcmp(key->address, tuple->dst, 16))
			return &w->listeners[i];
	}
	return find_range(w, tuple);
}

/* Index of the group that the contract's hash takes. */
static uint32_t pick_group(const struct world *w, const struct listener_def *l,
			   const struct nlb_tuple *tuple)
{
	uint64_t hash;
	int i;

	if (!(l->value.flags & NLB_LISTENER_ACTION))
		return l->value.target_group;
	for (i = 0; i < w->action_count; i++) {
		const struct nlb_action *a = &w->actions[i].value;

		if (w->actions[i].index != l->value.target_group)
			continue;
		hash = nlb_hash_action(w->settings.hash_key, tuple, a->hash_fields);
		return a->groups[nlb_action_choose(a, hash)];
	}
	return 0;
}

/* `primary` and `secondary` are hosts, too. */
static void alias(struct world *w, const char *name, const struct target_def *t)
{
	struct host *source = t ? names_host(&w->names, t->name, false) : NULL;
	struct host *host = names_host(&w->names, name, true);

	if (!host)
		abort();
	*host = source ? *source : (struct host){0};
	snprintf(host->name, sizeof(host->name), "%s", name);
}

void world_pick(struct world *w, const struct nlb_tuple *tuple)
{
	const struct listener_def *l = world_listener_by_key(w, tuple);
	const struct group_def *g = NULL;
	uint32_t group = l ? pick_group(w, l, tuple) : 0;
	int i;

	for (i = 0; l && i < w->group_count; i++)
		if (w->groups[i].index == group)
			g = &w->groups[i];
	w->primary = w->secondary = NULL;
	if (g && g->ring_size) {
		uint64_t hash = nlb_hash_tuple(w->settings.hash_key, tuple, g->value.hash_fields);
		const struct nlb_slot *slot = &g->ring[nlb_hash_slot(hash, g->ring_size)];

		w->primary = (struct target_def *)world_target_by_id(w, slot->primary);
		w->secondary = (struct target_def *)world_target_by_id(w, slot->secondary);
	}
	alias(w, "primary", w->primary);
	alias(w, "secondary", w->secondary);
}
