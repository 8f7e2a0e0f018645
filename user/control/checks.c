/* SPDX-License-Identifier: BSD-2-Clause */
/* Probes of targets, and what their results mean. */
#include "checks.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"

void checks_stop(struct observed_target *seen)
{
	health_probe_stop(seen->probe);
	seen->probe = NULL;
}

static void log_state(const struct observed_target *seen, enum target_state from, const char *why)
{
	char name[OBSERVED_NAME_MAX];

	log_info("health: target '%s' %s -> %s (%s)", observed_name(seen, name),
		 target_state_name(from), target_state_name(seen->health.state), why);
}

/* To be asked before a decree changes the state. */
bool checks_is_routed(const struct observed_target *seen)
{
	return seen->health.state == TARGET_HEALTHY || seen->was_routed;
}

/* A state that comes from the model, not from a probe. */
static void set_state(struct targets *targets, struct observed_target *seen,
		      enum target_state state, enum health_reason reason)
{
	enum target_state from = seen->health.state;

	seen->was_routed = checks_is_routed(seen);
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

/* Nobody answered at all: perhaps because its MAC is another one now, and nobody has said so. */
static bool casts_doubt(const struct health_result *result)
{
	return !result->passed && (result->reason == HEALTH_CONNECT_TIMEOUT ||
				   result->reason == HEALTH_CONNECT_UNREACHABLE ||
				   result->reason == HEALTH_RESPONSE_TIMEOUT);
}

static void on_result(struct health_probe *probe, const struct health_result *result, void *arg)
{
	struct observed_target *seen = arg;
	const struct health_check *check = &seen->tg->health_check;
	enum target_state from = seen->health.state;
	unsigned healthy_threshold = check->healthy_threshold;
	char why[160];

	seen->tally->counts[result->passed ? HEALTH_NONE : result->reason]++;
	if (casts_doubt(result))
		neigh_doubt(seen->owner->neigh, &seen->address);
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
		.proxy_header = tg->proxy_protocol && tg->proxy_health_checks,
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

void checks_retry(struct targets *targets, struct observed_target *seen)
{
	if (needs_probe(seen) && !seen->probe)
		start_probe(targets, seen);
}

/* From a state that is not of probes back to the beginning of them. */
static void begin_checks(struct targets *targets, struct observed_target *seen)
{
	if (seen->health.state == TARGET_UNUSED || seen->health.state == TARGET_DRAINING ||
	    seen->health.reason == HEALTH_CHECKS_DISABLED)
		set_state(targets, seen, TARGET_INITIAL, HEALTH_REGISTERING);
	probe(targets, seen);
}

void checks_follow(struct targets *targets, struct observed_target *seen)
{
	if (needs_probe(seen)) {
		begin_checks(targets, seen);
		return;
	}
	checks_stop(seen);
	if (!seen->tg->in_use)
		set_state(targets, seen, TARGET_UNUSED, HEALTH_NOT_IN_USE);
	else
		set_state(targets, seen, TARGET_HEALTHY, HEALTH_CHECKS_DISABLED);
}
