/* SPDX-License-Identifier: BSD-2-Clause */
/* The two flow tables, read in batches; private to user/nlb. */
#ifndef LEAT_NLB_FLOW_TABLE_H
#define LEAT_NLB_FLOW_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "nlb/maps.h"

#define NLB_FLOW_SLICE 2048 /* entries a batch: well under a millisecond */

/* A walk over one table. Entries that the program adds or moves meanwhile may be missed or met
 * twice. */
struct nlb_flow_walk {
	enum nlb_map_id table; /* NLB_MAP_FLOWS or NLB_MAP_REPLIES */
	bool is_begun, is_over;
	uint32_t position;	/* the kernel's */
	uint32_t room;		/* entries that keys and values hold */
	uint32_t count;		/* entries of this batch */
	struct nlb_tuple *keys; /* owned */
	void *values;		/* owned: struct nlb_flow or struct nlb_reply */
};

__must_check int nlb_flow_walk_init(struct nlb_flow_walk *walk, enum nlb_map_id table);
void nlb_flow_walk_fini(struct nlb_flow_walk *walk);
void nlb_flow_walk_restart(struct nlb_flow_walk *walk);

/* Reads the next batch (count may be 0). is_over is set with the last one. 0 or -errno. */
__must_check int nlb_flow_walk_next(struct nlb_flow_walk *walk, const struct nlb_maps *maps);

static inline const struct nlb_flow *nlb_flow_walk_flow(const struct nlb_flow_walk *walk,
							uint32_t i)
{
	return (const struct nlb_flow *)walk->values + i;
}

static inline const struct nlb_reply *nlb_flow_walk_reply(const struct nlb_flow_walk *walk,
							  uint32_t i)
{
	return (const struct nlb_reply *)walk->values + i;
}

/* Both directions of one flow: of a nat flow there are two entries, of others (or after an
 * eviction) one. */
struct nlb_flow_pair {
	struct nlb_tuple flow_key, reply_key;
	struct nlb_flow flow;
	struct nlb_reply reply;
	bool has_flow, has_reply;
};

/* Looks the pair up afresh by either key. */
void nlb_flow_pair_of_flow(const struct nlb_maps *maps, const struct nlb_tuple *key,
			   struct nlb_flow_pair *pair);
void nlb_flow_pair_of_reply(const struct nlb_maps *maps, const struct nlb_tuple *key,
			    struct nlb_flow_pair *pair);

/* Deletes what there is of it; returns the number of entries deleted. */
unsigned nlb_flow_pair_delete(const struct nlb_maps *maps, const struct nlb_flow_pair *pair);

/* Has the entry, or the flow as its two entries know it together, been idle for longer than its
 * state allows? */
bool nlb_flow_is_expired(const struct nlb_settings *settings, const struct nlb_flow *flow,
			 uint64_t now_ns);
bool nlb_reply_is_expired(const struct nlb_settings *settings, const struct nlb_reply *reply,
			  uint64_t now_ns);
bool nlb_flow_pair_is_expired(const struct nlb_settings *settings, const struct nlb_flow_pair *pair,
			      uint64_t now_ns);

#endif
