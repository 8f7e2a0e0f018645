// SPDX-License-Identifier: BSD-2-Clause
/* Truncation and damage. */
#include "stress.h"

#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "oracle.h"
#include "probe.h"

#define DAMAGED_FORMS 200
#define HEADERS	      96 /* bytes: where most of the damage goes */

bool stress_truncate(struct world *w, const struct frame *frame, int interface,
		     struct report *report)
{
	static struct probe probe;
	size_t n, end = frame->ip_end && frame->ip_end < frame->len ? frame->ip_end : frame->len;

	for (n = FRAME_MIN_SENT; n < end; n++) {
		if (!probe_run(w, frame->bytes, n, interface, true, &probe, report))
			return report_fail(report, "(cut to %zu bytes)", n);
		if (probe.outcome.action != XDP_PASS)
			return report_fail(report, "cut to %zu bytes it is %s, not the stack's", n,
					   verdict_name(probe.verdict));
	}
	return true;
}

/* One to three bytes of another value, seldom another length; every other time with checksums that
 * are right nevertheless, so that what the program makes of them shows. */
static size_t damage(uint8_t *bytes, size_t len, unsigned int *seed)
{
	int n = 1 + rand_r(seed) % 3;

	while (n--) {
		size_t room = rand_r(seed) % 4 && len > HEADERS ? HEADERS : len;

		bytes[(size_t)rand_r(seed) % room] ^=
			(uint8_t)(rand_r(seed) % 2 ? 1u << rand_r(seed) % 8
						   : (unsigned int)rand_r(seed));
	}
	if (rand_r(seed) % 8 == 0)
		len = FRAME_MIN_SENT + (size_t)rand_r(seed) % (len - FRAME_MIN_SENT + 1);
	if (rand_r(seed) % 2)
		oracle_repair(bytes, len);
	return len;
}

static bool check_leaving(const struct probe *p, const uint8_t *frame, size_t len,
			  struct report *report)
{
	const char *wrong =
		oracle_leaving(p->verdict, frame, len, p->outcome.bytes, p->outcome.len);

	return !wrong || report_fail(report, "%s: %s", verdict_name(p->verdict), wrong);
}

static bool run_damaged(struct world *w, const uint8_t *bytes, size_t len, int interface,
			struct report *report)
{
	static struct probe probe;
	bool ok = probe_run(w, bytes, len, interface, true, &probe, report);

	if (ok && (probe.outcome.action == XDP_TX || probe.outcome.action == XDP_REDIRECT))
		ok = check_leaving(&probe, bytes, len, report);
	if (ok)
		return true;
	report_fail(report, "(a damaged form)");
	report_hex(report, "damaged", bytes, len);
	report_hex(report, "seen", probe.outcome.bytes, probe.outcome.len);
	return false;
}

bool stress_damage(struct world *w, const struct frame *frame, int interface, unsigned int seed,
		   struct report *report)
{
	static struct tables tables;
	static uint8_t bytes[FRAME_MAX];
	bool ok = true;
	int i;

	tables_read(w->program, &tables);
	seed += (unsigned int)frame->len;
	for (i = 0; ok && i < DAMAGED_FORMS && frame->len >= FRAME_MIN_SENT; i++) {
		memcpy(bytes, frame->bytes, frame->len);
		ok = run_damaged(w, bytes, damage(bytes, frame->len, &seed), interface, report);
	}
	tables_write(w->program, &tables);
	program_fill_buckets(w->program, true);
	return ok;
}
