/* SPDX-License-Identifier: BSD-2-Clause */
/* Asks the flow census about targets that drain. */
#include "leavers.h"

#include "drain.h"
#include "nlb/nlb.h"

#define LOOKS_MAX 256 /* a call: each searches the image */

void leavers_note_maps(struct targets *targets, const struct nlb *nlb)
{
	uint64_t passes = nlb_flow_census(nlb)->passes;
	struct observed_target *seen;

	targets->nlb = nlb;
	list_for_each(seen, &targets->observed.targets, node) {
		if (!seen->drain_until_ms || seen->drain_is_in_maps)
			continue;
		seen->drain_is_in_maps = true;
		seen->drain_passes = passes;
	}
}

static uint32_t flows_of(const struct targets *targets, const struct observed_target *seen)
{
	int index = nlb_image_target_index(nlb_image(targets->nlb), seen->group, &seen->address,
					   seen->port);

	return index < 0 ? 0 : nlb_flow_census(targets->nlb)->by_target[index];
}

static void look_at(const struct targets *targets, struct observed_target *seen, int64_t now_ms)
{
	seen->idle_round = targets->idle_round;
	if (flows_of(targets, seen))
		return;
	seen->is_idle = true;
	seen->drain_until_ms = now_ms;
}

/* In rounds, so that those behind thousands of busy ones have their turn too. */
void leavers_end_idle(struct targets *targets, int64_t now_ms)
{
	struct observed_target *seen;
	unsigned looks = 0;

	if (!targets->nlb)
		return;
	list_for_each(seen, &targets->observed.targets, node) {
		if (seen->idle_round == targets->idle_round ||
		    !drain_is_counted(seen, nlb_flow_census(targets->nlb)->passes, now_ms))
			continue;
		if (++looks > LOOKS_MAX)
			return;
		look_at(targets, seen, now_ms);
	}
	targets->idle_round++;
}
