/* SPDX-License-Identifier: BSD-2-Clause */
/* Expectations about flow and reply entries. */
#ifndef LEAT_TESTS_BPF_LOOK_H
#define LEAT_TESTS_BPF_LOOK_H

#include "entries.h"

/* flow|reply none, or flow|reply KEY=VALUE...: the entry of the flow that the packet belongs to,
 * whichever way the packet went. What isn't named is not compared, but padding must be zero.
 * started_ns: when the packet was run, for seen=now. */
bool look_entry(struct world *world, const struct line *line, const struct nlb_tuple *packet,
		uint64_t started_ns, struct report *report);

/* entries [flows=N] [replies=N] */
bool look_entries(struct world *world, const struct line *line, struct report *report);

#endif
