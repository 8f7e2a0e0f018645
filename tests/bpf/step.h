/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A step of a test: a packet goes in (`in`), and what comes of it is compared with the lines below
 * it (`verdict`, `out`, `count`, `flow`, `reply`, `entries`).
 */
#ifndef LEAT_TESTS_BPF_STEP_H
#define LEAT_TESTS_BPF_STEP_H

#include "probe.h"

struct step_options {
	bool stress; /* also run the packet's truncated and damaged forms */
	bool verbose;
	unsigned int seed;
	const char *seeds; /* folder that gets every packet as an input of tests/fuzz/fuzz_packet;
			      or NULL */
};

/* Does the line say what a step expects? */
bool step_is_expectation(const struct line *line);

/* lines[0] is the `in`; the others what is expected. In a loop (not first) what is slow and the
 * same each time is left out. */
bool step_run(struct world *world, const struct line *lines, int count,
	      const struct step_options *options, bool first, struct report *report);

#endif
