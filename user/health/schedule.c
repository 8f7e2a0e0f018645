/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The arithmetic of the schedule. Jitter comes from a hash of (seed, round) instead of a random
 * number generator, so a test can tell it beforehand; who picks the seeds keeps two balancers from
 * marching in step.
 */
#include "schedule.h"

/* splitmix64's finaliser: every bit of the input reaches every bit of the output. */
static uint64_t mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
	return x ^ (x >> 31);
}

unsigned schedule_first_delay(uint64_t seed)
{
	return (unsigned)(mix(seed) % SCHEDULE_SPREAD_MS);
}

unsigned schedule_interval(uint64_t seed, uint64_t round, unsigned interval_ms)
{
	uint64_t swing = (uint64_t)interval_ms * SCHEDULE_JITTER_PCT / 100;
	uint64_t offset = mix(seed + (round + 1) * 0x9e3779b97f4a7c15ULL) % (2 * swing + 1);
	uint64_t length = interval_ms - swing + offset;

	return length ? (unsigned)length : 1;
}

uint64_t schedule_next_due(uint64_t seed, uint64_t round, uint64_t last_due_ms,
			   unsigned interval_ms, uint64_t now_ms)
{
	uint64_t due = last_due_ms + schedule_interval(seed, round, interval_ms);

	return due > now_ms ? due : now_ms;
}
