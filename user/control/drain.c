/* SPDX-License-Identifier: BSD-2-Clause */
/* The decisions about draining. */
#include "drain.h"

bool drain_is_over(const struct observed_target *seen, int64_t now_ms)
{
	return seen->drain_until_ms && seen->drain_until_ms <= now_ms;
}

/* One pass may have been under way. */
bool drain_is_counted(const struct observed_target *seen, uint64_t passes, int64_t now_ms)
{
	return !seen->target && seen->drain_until_ms > now_ms && seen->drain_is_in_maps &&
	       passes >= seen->drain_passes + 2;
}

static unsigned delay_of(const struct observed_target *seen, const struct model *next)
{
	const struct target_group *tg = model_find_target_group(next, seen->group);

	return tg ? target_group_delay_s(tg) : seen->delay_s;
}

enum drain_step drain_next(const struct observed_target *seen, const struct model *next,
			   const struct target *target, int64_t now_ms, int64_t *until_ms)
{
	unsigned delay_s;

	if (target && !target->drain)
		return seen->drain_until_ms ? DRAIN_TAKEN_BACK : DRAIN_NONE;
	if (seen->ends_now || drain_is_over(seen, now_ms))
		return DRAIN_OVER;
	*until_ms = seen->drain_until_ms;
	if (seen->drain_until_ms)
		return DRAIN_GOES_ON;
	delay_s = delay_of(seen, next);
	*until_ms = now_ms + (int64_t)delay_s * 1000;
	return delay_s ? DRAIN_BEGIN : DRAIN_OVER;
}
