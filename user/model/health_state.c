/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Health state machine of one target: probe results in, state changes out. When probes are sent is
 * health's business; what a state means for the rings is the compiler's.
 */
#include "health_state.h"

#include <stddef.h>

#include "base/base.h"

static bool change(struct health_state *hs, enum target_state state, enum health_reason reason,
		   int detail, int64_t now_ms)
{
	bool changed = hs->state != state;

	hs->state = state;
	hs->reason = reason;
	hs->detail = detail;
	hs->streak = 0;
	if (changed)
		hs->since_ms = now_ms;
	return changed;
}

void health_state_init(struct health_state *hs, int64_t now_ms)
{
	*hs = (struct health_state){
		.state = TARGET_INITIAL,
		.reason = HEALTH_REGISTERING,
		.since_ms = now_ms,
	};
}

/* A success speaks against UNHEALTHY; INITIAL believes the first one. */
static bool step_passed(struct health_state *hs, unsigned threshold, int64_t now_ms)
{
	if (hs->state == TARGET_HEALTHY) {
		hs->streak = 0;
		return false;
	}
	hs->streak++;
	if (hs->state == TARGET_UNHEALTHY && hs->streak < threshold)
		return false;
	return change(hs, TARGET_HEALTHY, HEALTH_NONE, 0, now_ms);
}

/* A failure speaks against INITIAL and HEALTHY; UNHEALTHY keeps the newest reason. */
static bool step_failed(struct health_state *hs, const struct health_result *result,
			unsigned threshold, int64_t now_ms)
{
	if (hs->state == TARGET_UNHEALTHY)
		return change(hs, TARGET_UNHEALTHY, result->reason, result->detail, now_ms);
	if (hs->state == TARGET_INITIAL)
		hs->reason = HEALTH_CHECKING;
	if (++hs->streak < threshold)
		return false;
	return change(hs, TARGET_UNHEALTHY, result->reason, result->detail, now_ms);
}

bool health_state_step(struct health_state *hs, const struct health_result *result,
		       unsigned healthy_threshold, unsigned unhealthy_threshold, int64_t now_ms)
{
	if (hs->state == TARGET_DRAINING || hs->state == TARGET_UNUSED)
		return false;
	hs->checks++;
	hs->last_took_ms = result->took_ms;
	if (result->passed)
		return step_passed(hs, healthy_threshold, now_ms);
	hs->failures++;
	return step_failed(hs, result, unhealthy_threshold, now_ms);
}

bool health_state_set(struct health_state *hs, enum target_state state, enum health_reason reason,
		      int64_t now_ms)
{
	return change(hs, state, reason, 0, now_ms);
}

const char *target_state_name(enum target_state state)
{
	static const char *const names[] = {
		[TARGET_INITIAL] = "initial",	  [TARGET_HEALTHY] = "healthy",
		[TARGET_UNHEALTHY] = "unhealthy", [TARGET_DRAINING] = "draining",
		[TARGET_UNUSED] = "unused",
	};

	return (size_t)state < ARRAY_SIZE(names) ? names[state] : "?";
}

static const struct {
	const char *aws, *text;
} reasons[] = {
#define X(id, aws, text) {aws, text},
	HEALTH_REASONS(X)
#undef X
};

const char *health_reason_name(enum health_reason reason)
{
	return (size_t)reason < ARRAY_SIZE(reasons) ? reasons[reason].aws : "?";
}

const char *health_reason_text(enum health_reason reason)
{
	return (size_t)reason < ARRAY_SIZE(reasons) ? reasons[reason].text : "?";
}

bool health_fails_open(unsigned healthy, unsigned total, unsigned min_count, unsigned min_pct)
{
	uint64_t by_pct = ((uint64_t)total * min_pct + 99) / 100;
	uint64_t needed = min_count ? min_count : 1;

	if (by_pct > needed)
		needed = by_pct;
	return total > 0 && healthy < needed;
}
