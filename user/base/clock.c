/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading the clocks, and the one text form of a time. Formatting is pure.
 */
#include "clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static struct timespec read_clock(clockid_t id)
{
	struct timespec ts;

	if (clock_gettime(id, &ts) != 0)
		abort();
	return ts;
}

uint64_t clock_mono_ns(void)
{
	struct timespec ts = read_clock(CLOCK_MONOTONIC);

	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

uint64_t clock_mono_ms(void)
{
	return clock_mono_ns() / 1000000u;
}

int64_t clock_wall_ms(void)
{
	struct timespec ts = read_clock(CLOCK_REALTIME);

	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

char *clock_format_utc(int64_t wall_ms, char text[CLOCK_TEXT_MAX])
{
	int ms = (int)(wall_ms % 1000);
	time_t seconds = (time_t)(wall_ms / 1000);
	struct tm tm;
	size_t len;

	if (ms < 0) { /* before 1970: round down, not towards zero */
		ms += 1000;
		seconds--;
	}
	if (!gmtime_r(&seconds, &tm))
		tm = (struct tm){.tm_mday = 1};
	len = strftime(text, CLOCK_TEXT_MAX - 5, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text + len, CLOCK_TEXT_MAX - len, ".%03dZ", ms);
	return text;
}
