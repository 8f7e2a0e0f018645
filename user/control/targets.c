/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Follows the model: rows come and go, probes and watches with them. Each of the three reasons why
 * a target is not probed has its state: draining, unused, or healthy by decree (checks disabled).
 */
#include "targets.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "drain.h"
#include "nlb/nlb.h"
#include "store/store.h"

void targets_init(struct targets *targets)
{
	*targets = (struct targets){0};
	observed_init(&targets->observed);
	tally_init(&targets->tally);
}

static void stop_probe(struct observed_target *seen)
{
	health_probe_stop(seen->probe);
	seen->probe = NULL;
}

static void drop_row(struct targets *targets, struct observed_target *seen)
{
	stop_probe(seen);
	if (seen->is_watched)
		neigh_unwatch(targets->neigh, &seen->address);
	observed_remove(&targets->observed, seen);
}

void targets_fini(struct targets *targets)
{
	struct observed_target *seen, *next;

	if (!targets->observed.buckets)
		return;
	list_for_each_safe(seen, next, &targets->observed.targets, node) drop_row(targets, seen);
	observed_fini(&targets->observed);
	tally_fini(&targets->tally);
}

/* ---- health ---- */

static void log_state(const struct observed_target *seen, enum target_state from, const char *why)
{
	char name[OBSERVED_NAME_MAX];

	log_info("health: target '%s' %s -> %s (%s)", observed_name(seen, name),
		 target_state_name(from), target_state_name(seen->health.state), why);
}

/* To be asked before a decree changes the state. */
static bool is_routed(const struct observed_target *seen)
{
	return seen->health.state == TARGET_HEALTHY || seen->was_routed;
}

/* A state that comes from the model, not from a probe. */
static void set_state(struct targets *targets, struct observed_target *seen,
		      enum target_state state, enum health_reason reason)
{
	enum target_state from = seen->health.state;

	seen->was_routed = is_routed(seen);
	if (!health_state_set(&seen->health, state, reason, clock_wall_ms()))
		return;
	targets->transitions++;
	log_state(seen, from, health_reason_text(reason));
}

static void describe_result(const struct observed_target *seen, const struct health_result *result,
			    char *text, size_t size)
{
	const struct health_check *check = &seen->tg->health_check;
	unsigned threshold = result->passed ? check->healthy_threshold : check->unhealthy_threshold;
	const char *what = result->passed ? "check passed" : health_reason_text(result->reason);
	char detail[16] = "";

	if (!result->passed && result->detail)
		snprintf(detail, sizeof(detail), " %d", result->detail);
	snprintf(text, size, "%s%s, %u/%u, %u ms", what, detail, threshold, threshold,
		 result->took_ms);
}

static void on_result(struct health_probe *probe, const struct health_result *result, void *arg)
{
	struct observed_target *seen = arg;
	const struct health_check *check = &seen->tg->health_check;
	enum target_state from = seen->health.state;
	unsigned healthy_threshold = check->healthy_threshold;
	char why[160];

	seen->tally->counts[result->passed ? HEALTH_NONE : result->reason]++;
	if (!health_state_step(&seen->health, result, healthy_threshold, check->unhealthy_threshold,
			       clock_wall_ms()))
		return;
	seen->owner->transitions++;
	seen->was_routed = false;
	if (from == TARGET_INITIAL && result->passed)
		snprintf(why, sizeof(why), "first check passed, %u ms", result->took_ms);
	else
		describe_result(seen, result, why, sizeof(why));
	log_state(seen, from, why);
	seen->owner->on_change(seen->owner->arg);
}

static struct health_spec spec_of(const struct target_group *tg, const struct target *target)
{
	const struct health_check *check = &tg->health_check;

	return (struct health_spec){
		.protocol = check->protocol,
		.address = target->address,
		.port = check->port ? check->port : target->port,
		.path = check->path,
		.matcher = check->matcher,
		.matcher_count = check->matcher_count,
		.interval_ms = check->interval_s * 1000,
		.timeout_ms = check->timeout_s * 1000,
	};
}

static void start_probe(struct targets *targets, struct observed_target *seen)
{
	static struct log_limit limit;
	unsigned long long swallowed;
	struct err err = {0};

	seen->probe = health_probe_start(targets->health, &seen->spec, on_result, seen, &err);
	if (!seen->probe && log_limit_pass(&limit, 10000, &swallowed))
		log_error("health: %s", err.text);
}

static void probe(struct targets *targets, struct observed_target *seen)
{
	struct health_spec spec = spec_of(seen->tg, seen->target);
	bool same = seen->probe && health_spec_equal(&seen->spec, &spec);
	struct err err = {0};

	seen->spec = spec; /* also when it is equal: its strings live in the new model */
	if (!seen->probe)
		start_probe(targets, seen);
	else if (!same && health_probe_change(seen->probe, &spec, &err))
		log_error("health: %s", err.text);
}

static bool needs_probe(const struct observed_target *seen)
{
	return seen->target && seen->tg->in_use && !seen->target->drain &&
	       seen->tg->health_check.enabled;
}

/* From a state that is not of probes back to the beginning of them. */
static void begin_checks(struct targets *targets, struct observed_target *seen)
{
	if (seen->health.state == TARGET_UNUSED || seen->health.state == TARGET_DRAINING ||
	    seen->health.reason == HEALTH_CHECKS_DISABLED)
		set_state(targets, seen, TARGET_INITIAL, HEALTH_REGISTERING);
	probe(targets, seen);
}

static void follow_health(struct targets *targets, struct observed_target *seen)
{
	if (needs_probe(seen)) {
		begin_checks(targets, seen);
		return;
	}
	stop_probe(seen);
	if (!seen->tg->in_use)
		set_state(targets, seen, TARGET_UNUSED, HEALTH_NOT_IN_USE);
	else
		set_state(targets, seen, TARGET_HEALTHY, HEALTH_CHECKS_DISABLED);
}

/* ---- paths ---- */

static void watch(struct targets *targets, struct observed_target *seen)
{
	struct err err = {0};

	if (seen->is_watched)
		return;
	if (neigh_watch(targets->neigh, &seen->address, &err)) {
		log_error("neigh: %s", err.text);
		return;
	}
	seen->is_watched = true;
	neigh_path(targets->neigh, &seen->address, &seen->path);
}

void targets_refresh_paths(struct targets *targets)
{
	struct observed_target *seen;

	list_for_each(seen, &targets->observed.targets, node) if (seen->is_watched)
		neigh_path(targets->neigh, &seen->address, &seen->path);
}

bool targets_are_settled(struct targets *targets)
{
	struct observed_target *seen;

	targets_refresh_paths(targets);
	list_for_each(seen, &targets->observed.targets,
		      node) if (seen->is_watched &&
				seen->path.state == NEIGH_RESOLVING) return false;
	return true;
}

/* ---- drains ---- */

static struct store_draining draining_of(const struct observed_target *seen, int64_t until_ms)
{
	return (struct store_draining){
		.target_group = seen->group,
		.address = seen->address,
		.port = seen->port,
		.until_wall_ms = until_ms,
	};
}

static int store_drain(struct targets *targets, struct observed_target *seen,
		       const struct model *next, const struct target *target, int64_t now_ms,
		       struct err *err)
{
	int64_t until_ms = 0;
	enum drain_step step = drain_next(seen, next, target, now_ms, &until_ms);
	struct store_draining row = draining_of(seen, until_ms);

	if (step == DRAIN_BEGIN)
		return store_draining_put(targets->store, &row, err);
	if (step == DRAIN_TAKEN_BACK || step == DRAIN_OVER)
		return store_draining_remove(targets->store, &row, err);
	return 0;
}

static int store_drains_of_group(struct targets *targets, const struct model *next,
				 const struct target_group *tg, int64_t now_ms, struct err *err)
{
	struct observed_target *seen;
	const struct target *target;
	int ret = 0;

	for (size_t i = 0; i < tg->target_count && !ret; i++) {
		target = &tg->targets[i];
		seen = observed_find(&targets->observed, tg->name, &target->address, target->port);
		if (seen)
			ret = store_drain(targets, seen, next, target, now_ms, err);
	}
	return ret;
}

int targets_store_drains(struct targets *targets, const struct model *next, int64_t now_ms,
			 struct err *err)
{
	unsigned pass = observed_pass(&targets->observed, next);
	struct observed_target *seen;
	int ret = 0;

	for (size_t i = 0; i < next->target_group_count && !ret; i++)
		ret = store_drains_of_group(targets, next, &next->target_groups[i], now_ms, err);
	list_for_each(seen, &targets->observed.targets, node) if (!ret && seen->pass != pass) ret =
		store_drain(targets, seen, next, NULL, now_ms, err);
	return ret;
}

static void forget_drain(struct targets *targets, const struct observed_target *seen)
{
	struct store_draining row = draining_of(seen, 0);
	struct err err = {0};

	if (store_draining_remove(targets->store, &row, &err))
		log_error("store: %s", err.text);
}

static void begin_drain(struct targets *targets, struct observed_target *seen, int64_t until_ms,
			int64_t now_ms)
{
	char name[OBSERVED_NAME_MAX];

	stop_probe(seen);
	seen->was_routed = is_routed(seen);
	seen->drain_until_ms = until_ms;
	log_info("drain: target '%s' takes no new flows, open ones go on for %lld s",
		 observed_name(seen, name), (long long)(until_ms - now_ms + 999) / 1000);
	if (health_state_set(&seen->health, TARGET_DRAINING, HEALTH_DEREGISTERING, now_ms))
		targets->transitions++;
}

/* It stays registered as drained, or is gone. */
static void end_drain(struct targets *targets, struct observed_target *seen, int64_t now_ms)
{
	char name[OBSERVED_NAME_MAX];

	log_info("drain: target '%s' has ended%s", observed_name(seen, name),
		 seen->target ? ", it takes no flows until it is added again" : "");
	if (!seen->target) {
		drop_row(targets, seen);
		return;
	}
	stop_probe(seen);
	seen->was_routed = false; /* no flow of it is left */
	seen->drain_until_ms = now_ms;
	if (health_state_set(&seen->health, TARGET_UNUSED, HEALTH_DRAINED, now_ms))
		targets->transitions++;
}

static void follow_drain(struct targets *targets, struct observed_target *seen,
			 const struct model *model, int64_t now_ms)
{
	int64_t until_ms = 0;

	switch (drain_next(seen, model, seen->target, now_ms, &until_ms)) {
	case DRAIN_BEGIN:
		begin_drain(targets, seen, until_ms, now_ms);
		break;
	case DRAIN_OVER:
		if (seen->health.state != TARGET_UNUSED || !seen->target)
			end_drain(targets, seen, now_ms);
		break;
	case DRAIN_TAKEN_BACK:
		seen->drain_until_ms = 0;
		follow_health(targets, seen);
		break;
	case DRAIN_NONE:
		follow_health(targets, seen);
		break;
	case DRAIN_GOES_ON:
		break;
	}
}

void targets_end_drain(struct targets *targets, struct observed_target *seen)
{
	forget_drain(targets, seen);
	end_drain(targets, seen, clock_wall_ms());
	targets->on_change(targets->arg);
}

/* ---- rows ---- */

static struct observed_target *new_row(struct targets *targets, const char *group,
				       const struct addr *address, uint16_t port)
{
	struct observed_target *seen = observed_add(&targets->observed, group, address, port);

	seen->owner = targets;
	seen->tally = tally_row(&targets->tally, group);
	health_state_init(&seen->health, clock_wall_ms());
	return seen;
}

/* The routing bit that the last leatd left for a target is believed until its health is known. */
static bool was_routed(const struct targets *targets, const struct observed_target *seen)
{
	return targets->found &&
	       nlb_image_takes_new(targets->found, seen->group, &seen->address, seen->port);
}

/* A new target begins in the state that it keeps until something happens; no line is logged for it.
 */
static void set_first_state(struct observed_target *seen, const struct target_group *tg,
			    const struct target *target, int64_t now_ms)
{
	if (target->drain) { /* nothing to wait for: it had no flows here */
		seen->drain_until_ms = now_ms;
		health_state_set(&seen->health, TARGET_UNUSED, HEALTH_DRAINED, now_ms);
	} else if (!tg->in_use) {
		health_state_set(&seen->health, TARGET_UNUSED, HEALTH_NOT_IN_USE, now_ms);
	} else if (!tg->health_check.enabled) {
		health_state_set(&seen->health, TARGET_HEALTHY, HEALTH_CHECKS_DISABLED, now_ms);
	}
}

static struct observed_target *row_of(struct targets *targets, const struct target_group *tg,
				      const struct target *target, int64_t now_ms)
{
	struct observed_target *seen;

	seen = observed_find(&targets->observed, tg->name, &target->address, target->port);
	if (seen)
		return seen;
	seen = new_row(targets, tg->name, &target->address, target->port);
	seen->was_routed = was_routed(targets, seen);
	targets->found_count += seen->was_routed;
	set_first_state(seen, tg, target, now_ms);
	return seen;
}

static void adopt(struct targets *targets, const struct model *model, const struct target_group *tg,
		  const struct target *target, int64_t now_ms)
{
	struct observed_target *seen = row_of(targets, tg, target, now_ms);

	seen->tg = tg;
	seen->target = target;
	seen->forwarding = tg->forwarding;
	seen->delay_s = tg->deregistration_delay_s;
	watch(targets, seen);
	follow_drain(targets, seen, model, now_ms);
}

static void leave(struct targets *targets, struct observed_target *seen, const struct model *model,
		  int64_t now_ms)
{
	seen->target = NULL;
	seen->tg = NULL;
	stop_probe(seen);
	follow_drain(targets, seen, model, now_ms);
}

void targets_follow(struct targets *targets, const struct model *model, int64_t now_ms)
{
	struct observed_target *seen, *next;
	const struct target_group *tg;
	unsigned pass;

	for (size_t i = 0; i < model->target_group_count; i++) {
		tg = &model->target_groups[i];
		for (size_t t = 0; t < tg->target_count; t++)
			adopt(targets, model, tg, &tg->targets[t], now_ms);
	}
	pass = observed_pass(&targets->observed, model);
	list_for_each_safe(seen, next, &targets->observed.targets, node) if (seen->pass != pass)
		leave(targets, seen, model, now_ms);
}

void targets_tick(struct targets *targets, int64_t now_ms)
{
	struct observed_target *seen, *next;
	bool changed = false;

	list_for_each_safe(seen, next, &targets->observed.targets, node)
	{
		if (needs_probe(seen) && !seen->probe)
			start_probe(targets, seen);
		if (seen->health.state != TARGET_DRAINING || !drain_is_over(seen, now_ms))
			continue;
		forget_drain(targets, seen);
		end_drain(targets, seen, now_ms);
		changed = true;
	}
	if (changed)
		targets->on_change(targets->arg);
}

/* ---- after a restart ---- */

struct found_drains {
	struct targets *targets;
	const struct model *model;
	struct arena *arena; /* of the rows that nobody needs any more */
	struct store_draining *stale;
	size_t stale_count;
};

static int on_draining(const struct store_draining *row, void *arg)
{
	struct found_drains *found = arg;
	const struct target_group *tg = model_find_target_group(found->model, row->target_group);
	struct observed_target *seen;

	if (!tg) { /* how its packets were forwarded is not known any more */
		found->stale = arena_grow(found->arena, found->stale, found->stale_count,
					  sizeof(*found->stale));
		found->stale[found->stale_count] = *row;
		found->stale[found->stale_count++].target_group =
			arena_strdup(found->arena, row->target_group);
		return 0;
	}
	seen = new_row(found->targets, row->target_group, &row->address, row->port);
	seen->forwarding = tg->forwarding;
	seen->drain_until_ms = row->until_wall_ms;
	seen->was_routed = true;
	health_state_set(&seen->health, TARGET_DRAINING, HEALTH_DEREGISTERING, clock_wall_ms());
	watch(found->targets, seen);
	return 0;
}

int targets_restore(struct targets *targets, const struct model *model, struct err *err)
{
	struct found_drains found = {.targets = targets, .model = model, .arena = arena_new()};
	int ret = store_draining_list(targets->store, on_draining, &found, err);

	for (size_t i = 0; i < found.stale_count && !ret; i++)
		ret = store_draining_remove(targets->store, &found.stale[i], err);
	if (!ret) /* what drained and is wanted again, or has ended meanwhile */
		ret = targets_store_drains(targets, model, clock_wall_ms(), err);
	arena_free(found.arena);
	return ret;
}
