/* SPDX-License-Identifier: BSD-2-Clause */
/* How fast counters grow: sampled once a second, a bounded number of targets at a time. */
#ifndef LEAT_CONTROL_RATES_H
#define LEAT_CONTROL_RATES_H

#include <stdint.h>

#include "base/list.h"
#include "nlb/nlb.h"
#include "want.h"

struct control;

struct rate_listener {
	struct list node;
	char name[WANT_LISTENER_NAME_MAX];
	uint64_t new_flows;
	double new_flows_per_s;
	bool is_seen;
};

struct rates {
	uint64_t taken_ms; /* monotonic; 0: never */
	struct nlb_count verdicts[NLB_VERDICT_COUNT];
	double verdict_packets_per_s[NLB_VERDICT_COUNT];
	struct list listeners;
};

void rates_init(struct control *control);
void rates_fini(struct control *control);
void rates_tick(struct control *control);

double rates_of_listener(const struct control *control, const char *name); /* new flows a second */

/* By how much a second a counter grew; 0 when it was set back. Pure. */
double rate_per_s(uint64_t from, uint64_t to, uint64_t elapsed_ms);

#endif
