// SPDX-License-Identifier: BSD-2-Clause
/*
 * Maps, by the kernel's rules for each kind. Every value is a piece of memory of its own, freed
 * with its entry: the address sanitizer sees what a program does beyond a value or after it has
 * deleted or replaced it. (The kernel may give such a value to another CPU at once.)
 *
 * Of per-CPU maps there is one CPU.
 */
#include "maps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CHAINS 1024

struct entry {
	struct entry *next;
	void *key;
	void *value;
	uint64_t used; /* of the set's clock */
};

struct native_map {
	const void *address;
	char name[32];
	struct native_shape shape;
	struct native *owner;
	void **elements; /* arrays; NULL: never touched, so zero */
	struct entry *chains[CHAINS];
	uint32_t count;
};

struct native *native_in_use;

static void *must(void *memory)
{
	if (!memory)
		native_die("no memory");
	return memory;
}

static void *copy(const void *from, size_t bytes)
{
	return memcpy(must(malloc(bytes)), from, bytes);
}

static bool is_lru(const struct native_map *m)
{
	return m->shape.type == BPF_MAP_TYPE_LRU_HASH ||
	       m->shape.type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

bool native_map_is_array(const struct native_map *m)
{
	return m->shape.type == BPF_MAP_TYPE_ARRAY || m->shape.type == BPF_MAP_TYPE_PERCPU_ARRAY;
}

const struct native_shape *native_map_shape(const struct native_map *m)
{
	return &m->shape;
}

const char *native_map_name(const struct native_map *m)
{
	return m->name;
}

uint32_t native_map_count(const struct native_map *m)
{
	return m->count;
}

/* ---- sets ---- */

struct native *native_new(void)
{
	return must(calloc(1, sizeof(struct native)));
}

static void map_free(struct native_map *m)
{
	native_map_clear(m);
	free(m->elements);
	free(m);
}

void native_free(struct native *n)
{
	if (!n)
		return;
	native_commit(n);
	while (n->map_count)
		map_free(n->maps[--n->map_count]);
	if (native_in_use == n)
		native_in_use = NULL;
	free(n);
}

void native_use(struct native *n)
{
	native_in_use = n;
}

struct native_map *native_map_add(struct native *n, const void *address, const char *name,
				  const struct native_shape *shape)
{
	struct native_map *m;

	if (n->map_count == MAPS_MAX || !NATIVE_KNOWS(shape->type) ||
	    shape->key_bytes > sizeof(n->touches[0].key))
		native_die("map %s: too many, an unknown kind or too long a key", name);
	m = must(calloc(1, sizeof(*m)));
	m->address = address;
	m->shape = *shape;
	m->owner = n;
	strncpy(m->name, name, sizeof(m->name) - 1);
	if (native_map_is_array(m))
		m->elements = must(calloc(shape->max_entries, sizeof(void *)));
	n->maps[n->map_count++] = m;
	return m;
}

struct native_map *native_map_of(const void *address, const struct native_shape *shape, size_t none)
{
	struct native *n = native_in_use;
	int i;

	for (i = 0; i < n->map_count; i++) {
		struct native_map *m = n->maps[i];

		if (m->address != address)
			continue;
		if (m->shape.key_bytes != shape->key_bytes ||
		    m->shape.value_bytes != shape->value_bytes)
			native_die("map %s has keys of %u and values of %u bytes, not %u and %u",
				   m->name, m->shape.key_bytes, m->shape.value_bytes,
				   shape->key_bytes, shape->value_bytes);
		return m;
	}
	return native_map_add(n, address, "without a name", shape);
}

/* ---- hash maps, tries ---- */

static bool prefix_covers(const struct bpf_lpm_trie_key *prefix, const struct bpf_lpm_trie_key *key)
{
	uint32_t whole = prefix->prefixlen / 8, bits = prefix->prefixlen % 8;

	if (prefix->prefixlen > key->prefixlen || memcmp(prefix->data, key->data, whole) != 0)
		return false;
	return !bits || !((prefix->data[whole] ^ key->data[whole]) >> (8 - bits));
}

static bool is_trie(const struct native_map *m)
{
	return m->shape.type == BPF_MAP_TYPE_LPM_TRIE;
}

/* What stands behind a prefix's length is no part of it. */
static bool is_same_key(const struct native_map *m, const void *a, const void *b)
{
	const struct bpf_lpm_trie_key *x = a, *y = b;

	if (!is_trie(m))
		return !memcmp(a, b, m->shape.key_bytes);
	return x->prefixlen == y->prefixlen && prefix_covers(x, y);
}

static uint32_t chain_of(const struct native_map *m, const void *key)
{
	const uint8_t *bytes = key;
	uint32_t hash = 2166136261u, i; /* FNV-1a */

	if (is_trie(m))
		return 0;
	for (i = 0; i < m->shape.key_bytes; i++)
		hash = (hash ^ bytes[i]) * 16777619u;
	return hash % CHAINS;
}

/* Where the entry hangs, or would. */
static struct entry **find(struct native_map *m, const void *key)
{
	struct entry **at = &m->chains[chain_of(m, key)];

	while (*at && !is_same_key(m, (*at)->key, key))
		at = &(*at)->next;
	return at;
}

/* The longest prefix of the key (linux Documentation/bpf/map_lpm_trie.rst). */
static struct entry *find_prefix(struct native_map *m, const void *key)
{
	const struct bpf_lpm_trie_key *longest = NULL;
	struct entry *found = NULL, *e;

	for (e = m->chains[chain_of(m, key)]; e; e = e->next) {
		const struct bpf_lpm_trie_key *prefix = e->key;

		if (!prefix_covers(prefix, key) ||
		    (longest && longest->prefixlen >= prefix->prefixlen))
			continue;
		longest = prefix;
		found = e;
	}
	return found;
}

static void entry_remove(struct native_map *m, struct entry **at)
{
	struct entry *e = *at;

	*at = e->next;
	free(e->key);
	free(e->value);
	free(e);
	m->count--;
}

/* A value that is replaced is another piece of memory than before. */
static void entry_put(struct native_map *m, const void *key, const void *value)
{
	struct entry **at = find(m, key), *e = *at;
	void *new = copy(value, m->shape.value_bytes);

	if (!e) {
		e = must(calloc(1, sizeof(*e)));
		e->key = copy(key, m->shape.key_bytes);
		*at = e;
		m->count++;
	}
	free(e->value);
	e->value = new;
	e->used = ++m->owner->clock;
}

static struct entry *oldest(struct native_map *m)
{
	struct entry *found = NULL, *e;
	int i;

	for (i = 0; i < CHAINS; i++)
		for (e = m->chains[i]; e; e = e->next)
			if (!found || e->used < found->used)
				found = e;
	return found;
}

/* ---- arrays ---- */

static uint32_t index_of(const void *key)
{
	uint32_t index;

	memcpy(&index, key, sizeof(index));
	return index;
}

static void *element(struct native_map *m, const void *key)
{
	uint32_t index = index_of(key);

	if (index >= m->shape.max_entries)
		return NULL;
	if (!m->elements[index])
		m->elements[index] = must(calloc(1, m->shape.value_bytes));
	return m->elements[index];
}

/* ---- the journal ---- */

static void *value_at(struct native_map *m, const void *key)
{
	struct entry *e;

	if (native_map_is_array(m))
		return element(m, key);
	e = *find(m, key);
	return e ? e->value : NULL;
}

static void touch(struct native_map *m, const void *key)
{
	struct native *n = m->owner;
	struct native_touch *t;
	const void *value;
	int i;

	for (i = 0; i < n->touch_count; i++)
		if (n->touches[i].map == m && !memcmp(n->touches[i].key, key, m->shape.key_bytes))
			return;
	if (n->touch_count == TOUCHES_MAX)
		native_die("a packet that touches more than %d entries", TOUCHES_MAX);
	value = value_at(m, key);
	t = &n->touches[n->touch_count++];
	t->map = m;
	memcpy(t->key, key, m->shape.key_bytes);
	t->before = value ? copy(value, m->shape.value_bytes) : NULL;
}

void native_commit(struct native *n)
{
	while (n->touch_count)
		free(n->touches[--n->touch_count].before);
}

void native_undo(struct native *n)
{
	int i;

	for (i = 0; i < n->touch_count; i++) {
		const struct native_touch *t = &n->touches[i];

		if (t->before)
			native_map_put(t->map, t->key, t->before);
		else
			native_map_remove(t->map, t->key);
	}
	native_commit(n);
}

const struct native_touch *native_touches(const struct native *n, int *count)
{
	*count = n->touch_count;
	return n->touches;
}

/* ---- from the program ---- */

void *native_map_lookup(struct native_map *m, const void *key)
{
	struct entry *e;

	if (native_map_is_array(m)) {
		if (index_of(key) >= m->shape.max_entries)
			return NULL;
		touch(m, key);
		return element(m, key);
	}
	e = is_trie(m) ? find_prefix(m, key) : *find(m, key);
	touch(m, e ? e->key : key);
	if (!e)
		return NULL;
	e->used = ++m->owner->clock;
	return e->value;
}

/* 0, or the kernel's answer where there is no room. */
static long make_room(struct native_map *m)
{
	struct entry *e;

	if (m->count < m->shape.max_entries)
		return 0;
	if (!is_lru(m))
		return is_trie(m) ? -ENOSPC : -E2BIG;
	e = oldest(m);
	touch(m, e->key);
	entry_remove(m, find(m, e->key));
	return 0;
}

static long array_update(struct native_map *m, const void *key, const void *value, __u64 flags)
{
	if (index_of(key) >= m->shape.max_entries)
		return -E2BIG;
	if (flags == BPF_NOEXIST)
		return -EEXIST;
	touch(m, key);
	memcpy(element(m, key), value, m->shape.value_bytes);
	return 0;
}

long native_map_update(struct native_map *m, const void *key, const void *value, __u64 flags)
{
	uint8_t own[sizeof(
		((struct native_touch *)0)->key)]; /* the key may lie in what is evicted */
	bool exists;
	long error;

	if (flags > BPF_EXIST)
		return -EINVAL;
	if (native_map_is_array(m))
		return array_update(m, key, value, flags);
	memcpy(own, key, m->shape.key_bytes);
	touch(m, own);
	exists = *find(m, own);
	if (exists && flags == BPF_NOEXIST)
		return -EEXIST;
	if (!exists && flags == BPF_EXIST)
		return -ENOENT;
	error = exists ? 0 : make_room(m);
	if (!error)
		entry_put(m, own, value);
	return error;
}

long native_map_delete(struct native_map *m, const void *key)
{
	struct entry **at;

	if (native_map_is_array(m))
		return -EINVAL;
	touch(m, key);
	at = find(m, key);
	if (!*at)
		return -ENOENT;
	entry_remove(m, at);
	return 0;
}

/* ---- from outside ---- */

const void *native_map_get(struct native_map *m, const void *key)
{
	return value_at(m, key);
}

void native_map_put(struct native_map *m, const void *key, const void *value)
{
	if (!native_map_is_array(m))
		entry_put(m, key, value);
	else if (index_of(key) < m->shape.max_entries)
		memcpy(element(m, key), value, m->shape.value_bytes);
	else
		native_die("map %s has no index %u", m->name, index_of(key));
}

void native_map_remove(struct native_map *m, const void *key)
{
	struct entry **at = find(m, key);

	if (*at)
		entry_remove(m, at);
}

void native_map_clear(struct native_map *m)
{
	uint32_t i;

	for (i = 0; i < CHAINS; i++)
		while (m->chains[i])
			entry_remove(m, &m->chains[i]);
	for (i = 0; m->elements && i < m->shape.max_entries; i++) {
		free(m->elements[i]);
		m->elements[i] = NULL;
	}
}

bool native_map_each(struct native_map *m,
		     bool (*see)(const void *key, const void *value, void *context), void *context)
{
	struct entry *e;
	int i;

	for (i = 0; i < CHAINS; i++)
		for (e = m->chains[i]; e; e = e->next)
			if (!see(e->key, e->value, context))
				return false;
	return true;
}
