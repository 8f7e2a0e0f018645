/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * When targets drain. Pure: the wall clock comes in. A target drains because it left the model
 * (deregistered) or because the model says `drain: true`; for how long is its group's
 * deregistration delay at the moment it begins.
 */
#ifndef LEAT_CONTROL_DRAIN_H
#define LEAT_CONTROL_DRAIN_H

#include "observed.h"

enum drain_step {
	DRAIN_NONE,  /* neither drains nor shall */
	DRAIN_BEGIN, /* shall from now on */
	DRAIN_GOES_ON,
	DRAIN_OVER,	  /* its time is up, or it had none */
	DRAIN_TAKEN_BACK, /* drained, and is wanted again */
};

/* What the target does when `next` becomes the model; target NULL: it is not in `next`. *until_ms:
 * with DRAIN_BEGIN and DRAIN_GOES_ON when it ends. */
enum drain_step drain_next(const struct observed_target *seen, const struct model *next,
			   const struct target *target, int64_t now_ms, int64_t *until_ms);

/* Of a target that left the model: has a pass over the flow table that began after the last new flow
 * could come also ended? passes: those that have ended by now. */
bool drain_is_counted(const struct observed_target *seen, uint64_t passes, int64_t now_ms);

/* Has a drain that began ended? */
bool drain_is_over(const struct observed_target *seen, int64_t now_ms);

#endif
