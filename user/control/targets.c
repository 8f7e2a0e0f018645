/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Follows the model: rows come and go, and with them probes (checks.c), watched paths and drains.
 */
#include "targets.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "checks.h"
#include "drain.h"
#include "leavers.h"
#include "nlb/nlb.h"
#include "store/store.h"

void targets_init(struct targets *targets)
{
	*targets = (struct targets){.idle_round = 1}; /* rows begin with 0 */
	observed_init(&targets->observed);
	tally_init(&targets->tally);
}

static void drop_row(struct targets *targets, struct observed_target *seen)
{
	checks_stop(seen);
	if (seen->is_watched)
		neigh_unwatch(targets->neigh, &seen->address);
	observed_remove(&targets->observed, seen);
}

void targets_fini(struct targets *targets)
{
	struct observed_target *seen, *next;

	if (!targets->observed.buckets)
		return;
	list_for_each_safe(seen, next, &targets->observed.targets, node)
		drop_row(targets, seen);
	observed_fini(&targets->observed);
	tally_fini(&targets->tally);
}

/* ---- paths ---- */

/* The kernel is asked for the network only when the path is another one, and for dnat only. */
static void refresh_path(struct targets *targets, struct observed_target *seen)
{
	const struct neigh_path before = seen->path;

	neigh_path(targets->neigh, &seen->address, &seen->path);
	if (seen->knows_link && memcmp(&before, &seen->path, sizeof(before)) == 0)
		return;
	seen->knows_link = seen->forwarding == FORWARDING_DNAT;
	if (seen->knows_link)
		seen->link_bits = (uint8_t)neigh_link_bits(targets->neigh, &seen->address,
							   seen->path.ifindex);
}

static void watch(struct targets *targets, struct observed_target *seen)
{
	struct err err = {0};

	if (seen->tg && seen->tg->target_type == TARGET_TYPE_ALB) {
		seen->path.state = NEIGH_RESOLVED; /* it is this host */
		return;
	}
	if (seen->is_watched)
		return;
	if (neigh_watch(targets->neigh, &seen->address, &err)) {
		log_error("neigh: %s", err.text);
		return;
	}
	seen->is_watched = true;
	refresh_path(targets, seen);
}

static void follow_source(struct targets *targets, struct observed_target *seen)
{
	const struct addr *now = &seen->path.source;

	if (seen->path.state != NEIGH_RESOLVED || !addr_is_set(now) ||
	    addr_equal(&seen->source, now))
		return;
	if (addr_is_set(&seen->source))
		sources_note(&targets->sources, &seen->source, clock_mono_ms());
	seen->source = *now;
}

void targets_refresh_paths(struct targets *targets)
{
	struct observed_target *seen;

	list_for_each(seen, &targets->observed.targets, node)
	{
		if (!seen->is_watched)
			continue;
		refresh_path(targets, seen);
		follow_source(targets, seen);
	}
}

bool targets_are_settled(struct targets *targets)
{
	struct observed_target *seen;

	targets_refresh_paths(targets);
	list_for_each(seen, &targets->observed.targets, node)
		if (seen->is_watched && seen->path.state == NEIGH_RESOLVING)
			return false;
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
	list_for_each(seen, &targets->observed.targets, node)
		if (!ret && seen->pass != pass)
			ret = store_drain(targets, seen, next, NULL, now_ms, err);
	return ret;
}

static void forget_drain(struct targets *targets, const struct observed_target *seen)
{
	struct store_draining row = draining_of(seen, 0);
	struct err err = {0};

	if (store_draining_remove(targets->store, &row, &err))
		log_error("store: %s", err.text);
}

static enum health_reason drain_reason(const struct observed_target *seen)
{
	return seen->target ? HEALTH_DRAIN_REQUESTED : HEALTH_DEREGISTERING;
}

static void begin_drain(struct targets *targets, struct observed_target *seen, int64_t until_ms,
			int64_t now_ms)
{
	char name[OBSERVED_NAME_MAX];

	checks_stop(seen);
	seen->was_routed = checks_is_routed(seen);
	seen->drain_until_ms = until_ms;
	seen->drain_is_in_maps = false;
	log_info("drain: target '%s' takes no new flows, open ones go on for %lld s",
		 observed_name(seen, name), (long long)(until_ms - now_ms + 999) / 1000);
	if (health_state_set(&seen->health, TARGET_DRAINING, drain_reason(seen), now_ms))
		targets->transitions++;
}

/* It stays registered as drained, or is gone. */
static void end_drain(struct targets *targets, struct observed_target *seen, int64_t now_ms)
{
	char name[OBSERVED_NAME_MAX];

	log_info("drain: target '%s' has ended%s%s", observed_name(seen, name),
		 seen->is_idle ? " before its time: it has no flow" : "",
		 seen->target ? ", it takes no flows until it is added again" : "");
	if (!seen->target) {
		drop_row(targets, seen);
		return;
	}
	checks_stop(seen);
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
		seen->drain_is_in_maps = false;
		seen->is_idle = false;
		checks_follow(targets, seen);
		break;
	case DRAIN_NONE:
		checks_follow(targets, seen);
		break;
	case DRAIN_GOES_ON: /* drained, then deregistered: another reason */
		health_state_set(&seen->health, TARGET_DRAINING, drain_reason(seen), now_ms);
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
	seen->delay_s = target_group_delay_s(tg);
	watch(targets, seen);
	follow_drain(targets, seen, model, now_ms);
}

static void leave(struct targets *targets, struct observed_target *seen, const struct model *model,
		  int64_t now_ms)
{
	seen->target = NULL;
	seen->tg = NULL;
	checks_stop(seen);
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
	list_for_each_safe(seen, next, &targets->observed.targets, node)
		if (seen->pass != pass)
			leave(targets, seen, model, now_ms);
}

/* Forgets all ended drains with one write to the disk: there may be thousands. */
static bool forget_ended(struct targets *targets, int64_t now_ms)
{
	struct observed_target *seen;
	struct err err = {0};
	bool any = false;

	list_for_each(seen, &targets->observed.targets, node) {
		if (seen->health.state != TARGET_DRAINING || !drain_is_over(seen, now_ms))
			continue;
		if (!any && store_begin(targets->store, &err))
			break;
		any = true;
		forget_drain(targets, seen);
	}
	if (any && store_finish(targets->store, &err) == 0)
		return true;
	if (err.text[0])
		log_error("store: %s", err.text);
	return any;
}

void targets_tick(struct targets *targets, int64_t now_ms)
{
	struct observed_target *seen, *next;

	list_for_each(seen, &targets->observed.targets, node)
		checks_retry(targets, seen);
	leavers_end_idle(targets, now_ms);
	if (!forget_ended(targets, now_ms))
		return;
	list_for_each_safe(seen, next, &targets->observed.targets, node)
		if (seen->health.state == TARGET_DRAINING && drain_is_over(seen, now_ms))
			end_drain(targets, seen, now_ms);
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
