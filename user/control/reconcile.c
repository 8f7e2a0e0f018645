/* SPDX-License-Identifier: BSD-2-Clause */
/* The way from what is wanted to what the maps hold. */
#include "reconcile.h"

#include <stdio.h>

#include "base/clock.h"
#include "controller.h"
#include "leavers.h"
#include "want.h"

#define BACKOFF_MIN_MS 500
#define BACKOFF_MAX_MS 30000
#define LOG_EVERY_MS   30000
#define NS_PER_S       1e9

static int compile(struct control *control, const struct model *model, struct nlb_image **next,
		   struct err *err)
{
	struct want_input in = control_want_input(control, model);
	struct arena *arena = arena_new();
	int ret;

	ret = nlb_compile(want_make(&in, arena), nlb_image(control->nlb), clock_mono_ms(), next,
			  err);
	arena_free(arena);
	return ret;
}

int reconcile_plan(struct control *control, const struct model *model, struct nlb_plan *plan,
		   struct err *err)
{
	struct nlb_image *next = NULL;
	int ret = compile(control, model, &next, err);

	if (ret)
		return ret;
	nlb_plan_make(nlb_image(control->nlb), next, plan);
	nlb_image_free(next);
	return 0;
}

static bool is_empty(const struct nlb_plan *p)
{
	return !(p->listeners_added || p->listeners_changed || p->listeners_removed ||
		 p->groups_added || p->groups_changed || p->groups_removed || p->targets_added ||
		 p->targets_changed || p->targets_removed || p->slots_moved);
}

/* As many as the last pass over the flow table counted. The census deletes their entries; until then
 * the program refuses their packets. */
uint64_t reconcile_flows_ended(const struct control *control, const struct nlb_plan *plan)
{
	const struct nlb_flow_census *census = nlb_flow_census(control->nlb);
	uint64_t flows = 0;

	for (size_t i = 0; i < plan->removed_target_count; i++)
		flows += census->by_target[NLB_TARGET_INDEX(plan->removed_targets[i])];
	return flows;
}

static void log_plan(const struct nlb_plan *p, uint64_t flows_ended, double seconds)
{
	if (is_empty(p))
		return;
	log_info("reconcile: listeners +%u ~%u -%u, groups +%u ~%u -%u, targets +%u ~%u -%u, %u of "
		 "%u slots moved, %llu flows ended (%.1f ms)",
		 p->listeners_added, p->listeners_changed, p->listeners_removed, p->groups_added,
		 p->groups_changed, p->groups_removed, p->targets_added, p->targets_changed,
		 p->targets_removed, p->slots_moved, p->slots_total, (unsigned long long)flows_ended, seconds * 1000);
}

static void mark_ports(struct control *control)
{
	struct observed_target *seen;

	list_for_each(seen, &control->targets.observed.targets, node)
		seen->lacks_port = control->interfaces.is_ready && seen->is_watched &&
				   seen->path.state == NEIGH_RESOLVED &&
				   !interfaces_carry(control, seen->path.port);
}

static int apply(struct control *control, struct err *err)
{
	uint64_t began_ns = clock_mono_ns();
	struct nlb_image *next = NULL;
	struct nlb_plan plan = {0};
	int ret;

	targets_refresh_paths(&control->targets);
	mark_ports(control);
	ret = compile(control, control->model, &next, err);
	if (ret)
		return ret;
	nlb_plan_make(nlb_image(control->nlb), next, &plan);
	ret = nlb_apply(control->nlb, next, err);
	if (ret) {
		nlb_image_free(next);
	} else {
		control->reconcile.last_seconds = (double)(clock_mono_ns() - began_ns) / NS_PER_S;
		log_plan(&plan, reconcile_flows_ended(control, &plan),
			 control->reconcile.last_seconds);
	}
	nlb_plan_fini(&plan);
	return ret;
}

static void note_failure(struct control *control, const struct err *err)
{
	struct reconcile *reconcile = &control->reconcile;
	unsigned long long swallowed;

	reconcile->errors++;
	snprintf(reconcile->error, sizeof(reconcile->error), "%s", err->text);
	reconcile->backoff_ms = reconcile->backoff_ms ? reconcile->backoff_ms * 2 : BACKOFF_MIN_MS;
	if (reconcile->backoff_ms > BACKOFF_MAX_MS)
		reconcile->backoff_ms = BACKOFF_MAX_MS;
	if (log_limit_pass(&reconcile->limit, LOG_EVERY_MS, &swallowed))
		log_error(
			"reconcile: %s; the last good state stays in force (%llu times more since "
			"the last such line)",
			err->text, swallowed);
	loop_timer_set(control->loop, &reconcile->timer, reconcile->backoff_ms);
}

static void note_success(struct reconcile *reconcile)
{
	if (reconcile->error[0])
		log_info("reconcile: works again");
	reconcile->error[0] = '\0';
	reconcile->backoff_ms = 0;
}

int reconcile_now(struct control *control, struct err *err)
{
	struct err own = {0};
	int ret;

	loop_timer_clear(&control->reconcile.timer);
	control->reconcile.runs++;
	ret = apply(control, &own);
	control->reconcile.ended_ms = clock_mono_ms();
	if (ret) {
		note_failure(control, &own);
		err_set(err, ret, "%s", own.text);
	} else {
		note_success(&control->reconcile);
		leavers_note_maps(&control->targets, control->nlb);
	}
	return ret;
}

static void on_due(struct loop_timer *timer)
{
	reconcile_now(timer->owner, NULL);
}

void reconcile_init(struct control *control)
{
	control->reconcile.timer = (struct loop_timer){.on_expire = on_due, .owner = control};
}

void reconcile_fini(struct control *control)
{
	loop_timer_clear(&control->reconcile.timer);
}

/* A storm of events over tens of thousands of targets shall not take more than half of the time. */
static uint64_t pause_ms(const struct reconcile *reconcile)
{
	uint64_t since_ms = clock_mono_ms() - reconcile->ended_ms;
	uint64_t took_ms = (uint64_t)(reconcile->last_seconds * 1000);

	return since_ms < took_ms ? took_ms - since_ms : 0;
}

void reconcile_want(struct control *control)
{
	if (!control->reconcile.is_held)
		loop_timer_set(control->loop, &control->reconcile.timer,
			       pause_ms(&control->reconcile));
}
