/* SPDX-License-Identifier: BSD-2-Clause */
/* Clocks. Pure code never calls these: it takes `now` as a parameter. */
#ifndef LEAT_BASE_CLOCK_H
#define LEAT_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

uint64_t clock_mono_ns(void); /* CLOCK_MONOTONIC, nanoseconds: the clock of bpf_ktime_get_ns() */
uint64_t clock_mono_ms(void);
int64_t clock_wall_ms(void); /* CLOCK_REALTIME, milliseconds since 1970 */

#define CLOCK_TEXT_MAX 32
/* "2026-11-23T08:45:05.123Z" of milliseconds since 1970 into text[CLOCK_TEXT_MAX]; returns text. */
char *clock_format_utc(int64_t wall_ms, char text[CLOCK_TEXT_MAX]);

#endif
