/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Brings the maps in line with the model and what was observed: want → compile → plan → apply.
 * Idempotent. Events only ask for it and share one run in the same turn of the loop; write
 * operations run it before they answer. When it fails the last good state stays in force, and it is
 * tried again, ever more seldom.
 */
#ifndef LEAT_CONTROL_RECONCILE_H
#define LEAT_CONTROL_RECONCILE_H

#include "base/loop.h"
#include "base/log.h"
#include "nlb/nlb.h"

struct control;
struct model;

struct reconcile {
	struct loop_timer timer; /* armed: wanted, or to be tried again */
	bool is_held;	     /* the start: what is asked for meanwhile comes with its first run */
	unsigned backoff_ms; /* 0: the last run succeeded */
	uint64_t runs, errors;
	uint64_t ended_ms; /* monotonic: the last run */
	double last_seconds;
	char error[ERR_TEXT_MAX]; /* of the last run; empty: it succeeded */
	struct log_limit limit;
};

void reconcile_init(struct control *control);
void reconcile_fini(struct control *control);

/* Soon: at the end of this turn of the loop; where runs take long, after a pause as long as the
 * last one. */
void reconcile_want(struct control *control);
/* Now. -errno with err: the old state is in force, it will be tried again. */
int reconcile_now(struct control *control, struct err *err);

/* What reconciling with `model` would do. Pure but for reading the maps' image. The caller frees
 * with nlb_plan_fini(). -ENOSPC … */
__must_check int reconcile_plan(struct control *control, const struct model *model,
				struct nlb_plan *plan, struct err *err);

/* Live flows that end with the targets that leave by the plan. */
uint64_t reconcile_flows_ended(const struct control *control, const struct nlb_plan *plan);

#endif
