/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Keeps the table of observed targets in step with the model: every registered target of a group in
 * use is probed, every target's path is watched, targets that leave drain until their deadline.
 * Deadlines are in the store before they count, so a restart picks them up again. It reports that
 * something changed; what follows from it is reconcile.c's.
 */
#ifndef LEAT_CONTROL_TARGETS_H
#define LEAT_CONTROL_TARGETS_H

#include "observed.h"
#include "sources.h"
#include "tally.h"

struct nlb;
struct nlb_image;
struct store;

struct targets {
	struct observed observed;
	struct tally tally;
	struct health *health; /* all three borrowed */
	struct neigh *neigh;
	struct store *store;
	void (*on_change)(void *arg); /* routing may have changed: reconcile */
	void *arg;
	const struct nlb_image *found; /* the maps as found at the start, while the first model is
					  taken in; else NULL */
	size_t found_count;	       /* targets that took flows when leatd started */
	const struct nlb *nlb; /* borrowed; the plane whose maps follow the table; NULL: none yet */
	unsigned idle_round;   /* leavers.c */
	struct sources sources; /* that targets saw and do not see any more */
	uint64_t transitions;	       /* changes of health so far */
};

void targets_init(struct targets *targets);
void targets_fini(struct targets *targets); /* stops probes and watches */

/* Drains that were under way when leatd ended, from the store; to be followed by
 * targets_follow(model). */
__must_check int targets_restore(struct targets *targets, const struct model *model,
				 struct err *err);

/* Writes the drains that begin or end when `next` comes into force; within the caller's batch of
 * the store. Changes nothing here. */
__must_check int targets_store_drains(struct targets *targets, const struct model *next,
				      int64_t now_ms, struct err *err);

/* `model` is in force from now on. The previous one must still exist, and may be freed afterwards.
 */
void targets_follow(struct targets *targets, const struct model *model, int64_t now_ms);

/* Ends the drains whose time is up, or whose target has left and has no flow; starts probes that could not be started. Call once a second. */
void targets_tick(struct targets *targets, int64_t now_ms);

/* Ends the drain of a target that left the model, at once. */
void targets_end_drain(struct targets *targets, struct observed_target *seen);

/* Copies the paths as neigh knows them into the table. */
void targets_refresh_paths(struct targets *targets);
/* Is every watched path decided (not "resolving")? */
bool targets_are_settled(struct targets *targets);

#endif
