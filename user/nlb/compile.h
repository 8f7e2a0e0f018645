/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the steps of a compilation share; private to compile*.c. One table of the ABI a step; each
 * fills its rows of `next` and may rely on what the steps before it filled. The rule of them all: a
 * row of `now` that is in use is either kept where it is or not touched; what is new goes where
 * nothing is, and nothing was for NLB_GRACE_MS.
 */
#ifndef LEAT_NLB_COMPILE_H
#define LEAT_NLB_COMPILE_H

#include "base/arena.h"
#include "nlb/image.h"

struct compile {
	const struct nlb_want *want;
	const struct nlb_image *now;
	struct nlb_image *next; /* owned */
	uint64_t now_ms;
	struct arena *arena; /* owned; what the steps tell each other */
	struct err *err;

	uint32_t *group_of_want;     /* [want->group_count]: index in next->groups */
	uint32_t (*groups_of_listener)[NLB_ACTION_GROUPS]; /* [want->listener_count] */
	uint32_t *action_of_listener; /* [want->listener_count]; only of those that have choices */
	uint32_t *id_of_listener;     /* [want->listener_count] */
	uint16_t *list_of_want;	     /* [want->source_list_count]: id of the list */
	uint32_t **target_of;	     /* [want->group_count][target_count]: index in next->targets */
};

/* The order of the steps. 0, or a refusal: -EINVAL (the want contradicts itself), -ENOSPC (a table
 * is full). */
__must_check int compile_groups(struct compile *c);
__must_check int compile_targets(struct compile *c);
__must_check int compile_nexthops(struct compile *c);
__must_check int compile_snats(struct compile *c);
__must_check int compile_rings(struct compile *c);
__must_check int compile_actions(struct compile *c);
__must_check int compile_sources(struct compile *c);
__must_check int compile_listeners(struct compile *c);
__must_check int compile_ranges(struct compile *c);

/* Is it in the tries, and not in the hash of exact listeners? */
bool compile_is_range(const struct nlb_want_listener *want);

/* What was freed at freed_ms (0: long ago) may still be seen by a packet. */
bool compile_is_in_grace(const struct compile *c, uint64_t freed_ms);
/* The time to note for what is freed now; never 0. */
uint64_t compile_freed_ms(const struct compile *c);
/* How long a table may have to be: all that is there, and so many new rows, up to max. */
size_t compile_room(size_t there, size_t more, size_t max);

#endif
