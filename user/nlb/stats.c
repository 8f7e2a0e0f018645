// SPDX-License-Identifier: BSD-2-Clause
/* Counters of the program, summed over CPUs. Read only; what they mean is leat/nlb_abi.h. */
#include <errno.h>
#include <string.h>

#include "nlb/object.h"

#define WORDS(type) (sizeof(type) / sizeof(uint64_t))

int nlb_read_verdicts(const struct nlb *nlb, struct nlb_count counts[NLB_VERDICT_COUNT])
{
	uint64_t words[WORDS(struct nlb_count)];
	uint32_t i;
	int rc;

	for (i = 0; i < NLB_VERDICT_COUNT; i++) {
		rc = nlb_maps_sum(&nlb->maps, NLB_MAP_VERDICT_STATS, i, words,
				  WORDS(struct nlb_count));
		if (rc)
			return rc;
		memcpy(&counts[i], words, sizeof(counts[i]));
	}
	return 0;
}

int nlb_read_listener(const struct nlb *nlb, unsigned id, struct nlb_listener_count *count)
{
	uint64_t words[WORDS(struct nlb_listener_count)];
	int rc = nlb_maps_sum(&nlb->maps, NLB_MAP_LISTENER_STATS, id, words,
			      WORDS(struct nlb_listener_count));

	if (!rc)
		memcpy(count, words, sizeof(*count));
	return rc;
}

int nlb_read_target(const struct nlb *nlb, unsigned index, struct nlb_target_count *count)
{
	uint64_t words[WORDS(struct nlb_target_count)];
	int rc = nlb_maps_sum(&nlb->maps, NLB_MAP_TARGET_STATS, index, words,
			      WORDS(struct nlb_target_count));

	if (!rc)
		memcpy(count, words, sizeof(*count));
	return rc;
}
