/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What no fixture spells out: a packet's truncated and damaged forms. The laws of probe.h hold for
 * each; and
 *   - a packet that ends before its IP datagram does is the stack's
 *   - what leaves has checksums that are as right, or as wrong, as those of what came in; a RST's
 * are right Neither form changes what the fixture's own steps find.
 */
#ifndef LEAT_TESTS_BPF_STRESS_H
#define LEAT_TESTS_BPF_STRESS_H

#include "world.h"

/* Before the packet is run: it, cut at every length. */
bool stress_truncate(struct world *world, const struct frame *frame, int interface,
		     struct report *report);
/* After it was run: it, with bytes changed, `seed` and the packet deciding which. */
bool stress_damage(struct world *world, const struct frame *frame, int interface, unsigned int seed,
		   struct report *report);

#endif
