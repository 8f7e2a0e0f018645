/* SPDX-License-Identifier: BSD-2-Clause */
/* When a probe is due. Pure: the same seed gives the same times. All times are monotonic milliseconds. */
#ifndef LEAT_HEALTH_SCHEDULE_H
#define LEAT_HEALTH_SCHEDULE_H

#include <stdint.h>

#define SCHEDULE_SPREAD_MS  200 /* probes that are started together begin within this time */
#define SCHEDULE_JITTER_PCT 5   /* an interval is this much longer or shorter, at most */

/* Delay of the first probe, 0 .. SCHEDULE_SPREAD_MS - 1. */
unsigned schedule_first_delay(uint64_t seed);

/* Length of the interval after round (0, 1, …): interval_ms ± SCHEDULE_JITTER_PCT %, at least 1. */
unsigned schedule_interval(uint64_t seed, uint64_t round, unsigned interval_ms);

/* When the probe after the one that was due at last_due_ms is due: one interval later, however long the answer took (elbv2.md 4.12),
 * but never before now_ms: rounds that were missed are not made up for. */
uint64_t schedule_next_due(uint64_t seed, uint64_t round, uint64_t last_due_ms, unsigned interval_ms,
			   uint64_t now_ms);

#endif
