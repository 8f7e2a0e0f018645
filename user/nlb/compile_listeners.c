/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Step 7: listeners become entries of the hash, one a VIP and protocol, and one marker a VIP (port
 * 0, protocol 0) by which a fragment's address is known as ours. Those of ranges and prefixes get
 * one row a family, which the tries point to (compile_ranges.c). A listener keeps its id, and so
 * its counters, by name; by the name's hash where it was read back from a pin; by key where the
 * name is new.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/prefix.h"
#include "nlb/compile.h"
#include "nlb/lookup.h"

#define NAME_MAX_BYTES sizeof(((struct image_listener *)NULL)->name)

struct naming {
	struct compile *c;
	char (*names)[NAME_MAX_BYTES]; /* of the wanted ones, zero-padded */
	uint64_t *hashes;	       /* of the names */
	struct lookup now, next;       /* name → id */
	struct lookup now_hashes;      /* hash of a name → id */
	bool *is_claimed;	       /* [NLB_MAX_LISTENERS]: by id, in next */
	bool *is_known;		       /* the same in now */
	uint32_t free_from;
};

/* ---- entries ---- */

static int by_key(const void *a, const void *b)
{
	const struct image_listener *x = a, *y = b;

	return memcmp(&x->key, &y->key, sizeof(x->key));
}

static struct nlb_listener_key key_of(const struct nlb_want_listener *want, uint8_t protocol)
{
	struct nlb_listener_key key = {.protocol = protocol,
				       .family = image_family(want->vip.family)};

	memcpy(key.address, want->vip.bytes, sizeof(key.address));
	key.port = protocol ? htons(want->port) : 0;
	return key;
}

static const struct image_listener *find_entry(const struct nlb_image *image,
					       const struct nlb_listener_key *key)
{
	const struct image_listener like = {.key = *key};

	if (!image->listener_count)
		return NULL;
	return bsearch(&like, image->listeners, image->listener_count, sizeof(like), by_key);
}

/* ---- ids ---- */

static void claim(struct naming *n, size_t want, uint32_t id)
{
	n->is_claimed[id] = true;
	lookup_put(&n->next, n->names[want], id);
}

static bool has_id(const struct naming *n, size_t want)
{
	return lookup_get(&n->next, n->names[want]) != LOOKUP_NONE;
}

static void claim_by_name(struct naming *n, size_t want)
{
	uint32_t id = lookup_get(&n->now, n->names[want]);

	if (id == LOOKUP_NONE)
		id = lookup_get(&n->now_hashes, &n->hashes[want]);
	if (!has_id(n, want) && id != LOOKUP_NONE && !n->is_claimed[id])
		claim(n, want, id);
}

static void claim_by_key(struct naming *n, size_t want, uint8_t protocol)
{
	struct nlb_listener_key key = key_of(&n->c->want->listeners[want], protocol);
	const struct image_listener *entry = find_entry(n->c->now, &key);

	if (entry && entry->value.id < NLB_MAX_LISTENERS && !n->is_claimed[entry->value.id] &&
	    !has_id(n, want))
		claim(n, want, entry->value.id);
}

static int claim_new(struct naming *n, size_t want)
{
	if (has_id(n, want))
		return 0;
	while (n->free_from < NLB_MAX_LISTENERS &&
	       (n->is_known[n->free_from] || n->is_claimed[n->free_from]))
		n->free_from++;
	if (n->free_from == NLB_MAX_LISTENERS)
		return err_set(n->c->err, -ENOSPC,
			       "listener '%s': the table of listeners is full (%d entries)",
			       n->names[want], NLB_MAX_LISTENERS);
	claim(n, want, n->free_from);
	return 0;
}

static int claim_ids(struct naming *n)
{
	const struct nlb_want *want = n->c->want;
	int rc = 0;

	for (size_t i = 0; i < want->listener_count; i++)
		claim_by_name(n, i);
	for (size_t i = 0; i < want->listener_count; i++) {
		if (compile_is_range(&want->listeners[i]))
			continue;
		if (want->listeners[i].has_tcp)
			claim_by_key(n, i, IPPROTO_TCP);
		if (want->listeners[i].has_udp)
			claim_by_key(n, i, IPPROTO_UDP);
	}
	for (size_t i = 0; i < want->listener_count && !rc; i++)
		rc = claim_new(n, i);
	return rc;
}

static int check_listener(const struct compile *c, const struct nlb_want_listener *want)
{
	if (!want->name || !want->name[0])
		return err_set(c->err, -EINVAL, "a listener without a name is wanted");
	if (strlen(want->name) >= NAME_MAX_BYTES)
		return err_set(c->err, -EINVAL, "listener '%s': the name is too long", want->name);
	if (want->last_port && want->last_port < want->port)
		return err_set(c->err, -EINVAL, "listener '%s': its range ends before it begins",
			       want->name);
	if (want->sources > c->want->source_list_count)
		return err_set(c->err, -EINVAL, "listener '%s': there is no list of sources %zu",
			       want->name, want->sources);
	if (!addr_is_set(&want->vip))
		return err_set(c->err, -EINVAL, "listener '%s': there is no address", want->name);
	return 0;
}

static void learn_now(struct naming *n)
{
	const struct nlb_image *now = n->c->now;

	for (size_t i = 0; i < now->listener_count; i++) {
		const struct image_listener *entry = &now->listeners[i];

		if (image_is_marker(&entry->key) || entry->value.id >= NLB_MAX_LISTENERS)
			continue;
		n->is_known[entry->value.id] = true;
		if (entry->name[0])
			lookup_put(&n->now, entry->name, entry->value.id);
		else if (entry->value.name_hash)
			lookup_put(&n->now_hashes, &entry->value.name_hash, entry->value.id);
	}
}

static void take_name(struct naming *n, size_t want, const char *name)
{
	size_t len = strlen(name);

	memcpy(n->names[want], name, len);
	n->hashes[want] = hash_fnv1a(0, name, len);
	if (!n->hashes[want])
		n->hashes[want] = 1; /* 0: not known */
}

static int start(struct naming *n, struct compile *c)
{
	size_t count = c->want->listener_count;
	int rc = 0;

	memset(n, 0, sizeof(*n));
	n->c = c;
	n->names = arena_alloc(c->arena, count * sizeof(*n->names));
	n->is_claimed = arena_alloc(c->arena, NLB_MAX_LISTENERS);
	n->is_known = arena_alloc(c->arena, NLB_MAX_LISTENERS);
	n->hashes = arena_alloc(c->arena, count * sizeof(*n->hashes));
	lookup_init(&n->now, c->arena, NAME_MAX_BYTES, c->now->listener_count);
	lookup_init(&n->now_hashes, c->arena, sizeof(*n->hashes), c->now->listener_count);
	lookup_init(&n->next, c->arena, NAME_MAX_BYTES, count);
	for (size_t i = 0; i < count && !rc; i++) {
		rc = check_listener(c, &c->want->listeners[i]);
		if (!rc)
			take_name(n, i, c->want->listeners[i].name);
	}
	learn_now(n);
	return rc;
}

/* ---- the table ---- */

static void put_admission(const struct compile *c, const struct nlb_want_listener *want,
			  struct nlb_listener *value)
{
	value->flows_per_s = want->flows_per_s;
	value->flows_burst = want->flows_per_s ? want->flows_burst : 0;
	if (want->sources)
		value->sources = c->list_of_want[want->sources - 1];
	if (value->sources || value->flows_per_s)
		value->flags |= NLB_LISTENER_ADMITS;
}

static void fill_target(const struct compile *c, size_t want, struct nlb_listener *value)
{
	const struct nlb_want_listener *listener = &c->want->listeners[want];

	if (listener->is_local) {
		value->flags |= NLB_LISTENER_LOCAL;
	} else if (listener->group) {
		value->target_group = c->groups_of_listener[want][0];
	} else {
		value->flags |= NLB_LISTENER_ACTION;
		value->target_group = c->action_of_listener[want];
	}
}

static void add_entry(struct naming *n, size_t want, struct nlb_listener_key key)
{
	const struct nlb_want_listener *listener = &n->c->want->listeners[want];
	struct nlb_image *next = n->c->next;
	struct image_listener *entry = &next->listeners[next->listener_count++];

	entry->key = key;
	if (image_is_marker(&key))
		return;
	entry->value.id = n->c->id_of_listener[want];
	fill_target(n->c, want, &entry->value);
	entry->value.tcp_idle_s = listener->tcp_idle_s;
	entry->value.udp_idle_s = listener->udp_idle_s;
	entry->value.name_hash = n->hashes[want];
	put_admission(n->c, listener, &entry->value);
	memcpy(entry->name, n->names[want], sizeof(entry->name));
}

static void add_range_row(struct naming *n, size_t want)
{
	const struct nlb_want_listener *listener = &n->c->want->listeners[want];
	struct nlb_listener_key row;

	nlb_range_row(&row, n->c->id_of_listener[want], image_family(listener->vip.family));
	add_entry(n, want, row);
}

static bool is_one_address(const struct nlb_want_listener *want)
{
	return !want->vip_bits || want->vip_bits == prefix_bits_max(want->vip.family);
}

static void add_listener(struct naming *n, size_t want)
{
	const struct nlb_want_listener *listener = &n->c->want->listeners[want];

	n->c->id_of_listener[want] = lookup_get(&n->next, n->names[want]);
	if (compile_is_range(listener)) {
		add_range_row(n, want);
	} else {
		if (listener->has_tcp)
			add_entry(n, want, key_of(listener, IPPROTO_TCP));
		if (listener->has_udp)
			add_entry(n, want, key_of(listener, IPPROTO_UDP));
	}
	if (is_one_address(listener))
		add_entry(n, want, key_of(listener, 0));
}

static void add_entries(struct naming *n)
{
	const struct nlb_want *want = n->c->want;
	struct nlb_image *next = n->c->next;
	size_t room = 0;

	n->c->id_of_listener = arena_alloc(n->c->arena, want->listener_count * sizeof(uint32_t));
	next->listeners =
		image_grow(NULL, &room, 3 * want->listener_count, sizeof(*next->listeners));
	for (size_t i = 0; i < want->listener_count; i++)
		add_listener(n, i);
	qsort(next->listeners, next->listener_count, sizeof(*next->listeners), by_key);
}

static int refuse_twice(const struct compile *c, const struct image_listener *a,
			const struct image_listener *b)
{
	struct addr vip = {.family = a->key.family == NLB_IPV6 ? AF_INET6 : AF_INET};
	char text[ENDPOINT_TEXT_MAX];

	memcpy(vip.bytes, a->key.address, sizeof(vip.bytes));
	return err_set(c->err, -EINVAL, "listener '%s': %s %s is already used by '%s'", b->name,
		       a->key.protocol == IPPROTO_TCP ? "TCP" : "UDP",
		       endpoint_format(&vip, ntohs(a->key.port), text), a->name);
}

/* A family's rows are of one listener, and equal unless the want contradicts itself. */
static bool may_repeat(const struct image_listener *a, const struct image_listener *b)
{
	return image_is_marker(&a->key) ||
	       (image_is_range_row(&a->key) && !memcmp(&a->value, &b->value, sizeof(a->value)));
}

/* Markers that several listeners made become one, and so do rows; anything else must be there once.
 */
static int merge_entries(struct compile *c)
{
	struct nlb_image *next = c->next;
	struct image_listener *entries = next->listeners;
	size_t kept = 0;

	for (size_t i = 0; i < next->listener_count; i++) {
		bool is_same = kept && !by_key(&entries[kept - 1], &entries[i]);

		if (is_same && !may_repeat(&entries[kept - 1], &entries[i]))
			return refuse_twice(c, &entries[kept - 1], &entries[i]);
		if (!is_same)
			entries[kept++] = entries[i];
	}
	next->listener_count = kept;
	return 0;
}

/* While a change is applied the map holds what leaves as well as what comes. */
static int check_room(const struct compile *c)
{
	size_t leaving = 0;

	for (size_t i = 0; i < c->now->listener_count; i++)
		leaving += !find_entry(c->next, &c->now->listeners[i].key);
	if (c->next->listener_count + leaving <= NLB_MAX_LISTENERS)
		return 0;
	return err_set(c->err, -ENOSPC,
		       "the table of listeners is full (%d entries): %zu are wanted (one a VIP, "
		       "port and protocol, and one a "
		       "VIP) while %zu leave",
		       NLB_MAX_LISTENERS, c->next->listener_count, leaving);
}

int compile_listeners(struct compile *c)
{
	struct naming n;
	int rc = start(&n, c);

	if (!rc)
		rc = claim_ids(&n);
	if (rc)
		return rc;
	add_entries(&n);
	rc = merge_entries(c);
	return rc ? rc : check_room(c);
}
