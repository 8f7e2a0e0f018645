/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One packet through the program, and what it did, checked against the laws that hold for every
 * packet:
 *   - the kernel runs it; exactly one verdict is counted, with the frame's bytes; the action is
 * that verdict's
 *   - PASS: neither the frame nor a flow or reply is touched; DROP: no entry is added
 *   - verdict `none` never comes
 *   - the native build of the same headers does the same (twin.h)
 */
#ifndef LEAT_TESTS_BPF_PROBE_H
#define LEAT_TESTS_BPF_PROBE_H

#include "entries.h"
#include "world.h"

struct probe {
	struct outcome outcome;
	int verdict;
	uint64_t started_ns;
	struct nlb_listener_count
		listeners[LISTENERS_MAX];	      /* what was added, as world->listeners */
	struct nlb_target_count targets[TARGETS_MAX]; /* what was added, as world->targets */
};

/* Runs a frame that came in on an interface (IF_…). watch_entries: also obey the laws about flows
 * and replies, which is slow. False: a law was broken, and the report says which. */
bool probe_run(struct world *world, const uint8_t *frame, size_t len, int interface,
	       bool watch_entries, struct probe *probe, struct report *report);

#endif
