/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The state around a packet: hosts, listeners, target groups, targets, rings, health. Statements of
 * a fixture change it here and in the maps at once (statements.c), as a controller would. Indices
 * are chosen so that none is 0, none equals another's, and targets lie in two words of the health
 * map.
 */
#ifndef LEAT_TESTS_BPF_WORLD_H
#define LEAT_TESTS_BPF_WORLD_H

#include "fixture.h"
#include "names.h"
#include "netns.h"
#include "program.h"

#define LISTENERS_MAX	   16
#define GROUPS_MAX	   8
#define TARGETS_MAX	   16
#define SNATS_MAX	   8
#define ACTIONS_MAX	   4
#define SNAT_ADDRESSES_MAX 8
#define RING_MAX	   1024 /* slots */
#define WRITTEN_MAX	   65536

struct listener_def {
	char name[NAME_BYTES];
	struct nlb_listener_key key;
	struct nlb_listener value;
	/* of a range: bits of its addresses' prefix, its ports; else 0 */
	uint32_t prefix_bits;
	uint16_t first, last;
};

struct action_def {
	char name[NAME_BYTES];
	uint32_t index;
	struct nlb_action value;
};

struct group_def {
	char name[NAME_BYTES];
	uint32_t index;
	struct nlb_target_group value;
	struct nlb_slot ring[RING_MAX];
	uint32_t ring_size;
	int ring_half; /* two places in slots[], used by turns */
};

struct target_def {
	char name[NAME_BYTES];
	uint32_t index, gen;
	struct nlb_target value;
	struct nlb_nexthop nexthop;
};

struct snat_def {
	char name[NAME_BYTES];
	int family;
	uint32_t first;
	uint32_t count;
	uint8_t addresses[SNAT_ADDRESSES_MAX][16];
};

struct world {
	struct program *program;
	struct names names;
	struct nlb_settings settings;
	struct listener_def listeners[LISTENERS_MAX];
	struct group_def groups[GROUPS_MAX];
	struct target_def targets[TARGETS_MAX];
	struct snat_def snats[SNATS_MAX];
	struct action_def actions[ACTIONS_MAX];
	int listener_count, group_count, target_count, snat_count, action_count;
	bool tx_ports[IF_COUNT];
	struct target_def *primary, *secondary; /* of the packet at hand; NULL: none */
	struct {
		enum program_map map;
		uint32_t key;
	} written[WRITTEN_MAX]; /* elements of arrays to be zeroed by the reset */
	int written_count;
};

/* Empties every map and forgets every name. */
void world_reset(struct world *world);

/* Writes an element of an array, to be zeroed by the next reset. */
void world_write(struct world *world, enum program_map map, uint32_t key, const void *value);
void world_set_health(struct world *world, const struct target_def *target, bool healthy);

/* By name; `primary` and `secondary` are those of the packet at hand. NULL with a complaint when
 * unknown. */
struct target_def *world_target(struct world *world, const char *name, struct report *report);
struct listener_def *world_listener(struct world *world, const char *name, struct report *report);
struct snat_def *world_snat(struct world *world, const char *name, struct report *report);

/* By name, without a complaint; NULL: none. */
struct group_def *world_find_group(struct world *world, const char *name);
struct target_def *world_find_target(struct world *world, const char *name);
struct action_def *world_find_action(struct world *world, const char *name);
struct listener_def *world_find_listener(struct world *world, const char *name);

/* By the value in a map; NULL: none. */
const struct target_def *world_target_by_id(const struct world *world, uint32_t id);
const struct listener_def *world_listener_by_key(const struct world *world,
						 const struct nlb_tuple *tuple);

/* Computes which targets the ring names for a packet of the client, by the keyed hash of the
 * contract. */
void world_pick(struct world *world, const struct nlb_tuple *tuple);

/* Only that interface transmits (IF_COUNT: those that `tx` named). */
void world_limit_tx(struct world *world, int interface);

#endif
