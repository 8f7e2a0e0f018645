/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A packet through the data path in this process, with maps of its own. For the runner (twin.c),
 * which runs each packet here as well as in the kernel, and for tests/fuzz/fuzz_packet.c.
 *
 * One set of maps is in use at a time. What a run does to the maps is kept in a journal: it can be
 * undone, and everything that it has touched can be looked at.
 */
#ifndef LEAT_TESTS_BPF_NATIVE_NATIVE_H
#define LEAT_TESTS_BPF_NATIVE_NATIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel.h"

#define NATIVE_FRAME_MAX 16384
#define NATIVE_DIRT	 32 /* bytes of 0xff before the frame, as in a run in the kernel */

struct native; /* a set of maps */

struct native *native_new(void);
void native_free(struct native *native);
void native_use(struct native *native);

/* Makes a map before its first use, with a size or a type (HASH for LRU_HASH) of its own. */
struct native_map *native_map_add(struct native *native, const void *address, const char *name,
				  const struct native_shape *shape);
const struct native_shape *native_map_shape(const struct native_map *map);
const char *native_map_name(const struct native_map *map);
bool native_map_is_array(const struct native_map *map);
uint32_t native_map_count(const struct native_map *map); /* entries; of an array: 0 */

/* From outside, without the journal. NULL: no such entry. An array's elements are zero at first. */
const void *native_map_get(struct native_map *map, const void *key);
void native_map_put(struct native_map *map, const void *key, const void *value);
void native_map_remove(struct native_map *map, const void *key);
/* No entry, or all zero. */
void native_map_clear(struct native_map *map);
/* Calls `see` for each entry of a hash map, in no order; false of it ends the round. */
bool native_map_each(struct native_map *map,
		     bool (*see)(const void *key, const void *value, void *context), void *context);

#define NATIVE_DRAWS 3

struct native_run {
	native_program *program;
	const uint8_t *frame;
	size_t len;
	uint32_t ifindex;
	uint32_t cpu;
	uint64_t now_ns;
	uint32_t random[NATIVE_DRAWS]; /* the draws' results, one after the other; the last one's of all that follow */

	int action; /* XDP_… */
	uint8_t out[NATIVE_FRAME_MAX];
	size_t out_len;
	uint32_t egress; /* ifindex of the redirect; 0: none */
	int draws;	 /* random numbers drawn */
};

void native_run(struct native *native, struct native_run *run);
/* The maps are again as before the last run. */
void native_undo(struct native *native);
/* What the last run did stands; its journal is empty. */
void native_commit(struct native *native);

/* What the last run looked at or changed, each entry once. */
struct native_touch {
	struct native_map *map;
	uint8_t key[64];
	void *before; /* NULL: there was none */
};
const struct native_touch *native_touches(const struct native *native, int *count);

#endif
