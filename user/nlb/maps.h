/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Typed access to the program's maps; private to user/nlb. Arrays are mapped into memory and shared
 * with the program: a change is a plain store, whose width and order the caller chooses (nlb_abi.h
 * says what a packet may see). Hash maps and per-CPU arrays are reached by system calls.
 */
#ifndef LEAT_NLB_MAPS_H
#define LEAT_NLB_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "leat/nlb_abi.h"

#define NLB_MAPS(X)                       \
	X(SETTINGS, settings)             \
	X(LISTENERS, listeners)           \
	X(VIPS, vips)                     \
	X(PORT_RANGES, port_ranges)       \
	X(ACTIONS, actions)               \
	X(TARGET_GROUPS, target_groups)   \
	X(SLOTS, slots)                   \
	X(TARGETS, targets)               \
	X(HEALTH, health)                 \
	X(NEXTHOPS, nexthops)             \
	X(SNATS, snats)                   \
	X(SOURCES, sources)               \
	X(TX_PORTS, tx_ports)             \
	X(STAGES, stages)                 \
	X(FLOWS, flows)                   \
	X(REPLIES, replies)               \
	X(VERDICT_STATS, verdict_stats)   \
	X(LISTENER_STATS, listener_stats) \
	X(TARGET_STATS, target_stats)

enum nlb_map_id {
#define X(id, name) NLB_MAP_##id,
	NLB_MAPS(X)
#undef X
		NLB_MAP_COUNT
};

struct nlb_maps {
	int fd[NLB_MAP_COUNT];		 /* owned; -1: not open */
	uint32_t entries[NLB_MAP_COUNT]; /* max_entries, as the kernel says */
	size_t mapped_bytes[NLB_MAP_COUNT];

	/* shared memory; NULL until nlb_maps_share(). Array lengths: entries[] */
	struct nlb_settings *settings;
	struct nlb_action *actions;
	struct nlb_target_group *target_groups;
	struct nlb_slot *slots;
	struct nlb_target *targets;
	uint64_t *health;
	struct nlb_nexthop *nexthops;
	struct nlb_snat *snats;

	int cpus;		 /* possible CPUs: values of an element of a per-CPU map */
	uint64_t *percpu_values; /* owned: room for one element of any per-CPU map */
};

/* What aligned stores a packet may meet half-way: everything written before is visible to it when
 * this is. */
#define NLB_STORE(place, value) __atomic_store_n(place, value, __ATOMIC_RELEASE)
#define NLB_LOAD(place)		__atomic_load_n(place, __ATOMIC_ACQUIRE)

const char *nlb_map_name(enum nlb_map_id id);

void nlb_maps_init(struct nlb_maps *maps);
void nlb_maps_fini(struct nlb_maps *maps); /* the maps themselves stay */

/* With every fd set: learns the sizes and maps the arrays into memory. 0 or -errno with err. */
__must_check int nlb_maps_share(struct nlb_maps *maps, struct err *err);

/* 0 or -errno. Deleting what is not there is -ENOENT. */
__must_check int nlb_maps_put_listener(const struct nlb_maps *maps,
				       const struct nlb_listener_key *key,
				       const struct nlb_listener *value);
__must_check int nlb_maps_delete_listener(const struct nlb_maps *maps,
					  const struct nlb_listener_key *key);

/* The tries vips and port_ranges: a key's value is a number. 0 or -errno. */
__must_check int nlb_maps_put_number(const struct nlb_maps *maps, enum nlb_map_id id,
				     const void *key, uint32_t value);
__must_check int nlb_maps_delete(const struct nlb_maps *maps, enum nlb_map_id id, const void *key);
/* Every key of `sources`: fn gets each with its answer. 0 or -errno. */
typedef void nlb_maps_source_fn(const struct nlb_source_key *key, uint32_t answer, void *arg);
__must_check int nlb_maps_each_source(const struct nlb_maps *maps, nlb_maps_source_fn *fn,
				      void *arg);
__must_check int nlb_maps_put_source(const struct nlb_maps *maps, const struct nlb_source_key *key,
				     uint32_t answer);
/* 0 or -errno. Deleting what is not there is -ENOENT. */
__must_check int nlb_maps_delete_source(const struct nlb_maps *maps,
					const struct nlb_source_key *key);

/* An element of a per-CPU array of 64-bit counters: words[count] get the sums over CPUs. 0 or
 * -errno. */
__must_check int nlb_maps_sum(const struct nlb_maps *maps, enum nlb_map_id id, uint32_t index,
			      uint64_t *words, size_t count);
/* All CPUs' counters of an element become 0. 0 or -errno. */
__must_check int nlb_maps_zero(const struct nlb_maps *maps, enum nlb_map_id id, uint32_t index,
			       size_t count);

static inline bool nlb_maps_is_healthy(const struct nlb_maps *maps, uint32_t target_index)
{
	return maps->health[target_index / 64] >> (target_index % 64) & 1;
}

#endif
