/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From a case to a table of packets and programs that know its flows: fills the maps, lets flows
 * open as they would in life (SYN, answer, ACK), and looks at everything that a program sends while
 * that goes on. Nothing here is timed.
 */
#ifndef LEAT_BENCH_TRAFFIC_H
#define LEAT_BENCH_TRAFFIC_H

#include "cases.h"
#include "rig.h"

struct traffic_state {
	uint32_t *order; /* flow numbers of the table, shuffled */
	uint32_t order_count;
	uint32_t next_flow;    /* never used yet */
	uint64_t refreshed_ns; /* when the entries of both directions last met */
};

struct traffic_peer { /* what became of a peer's packets: it is not ours to judge */
	uint32_t looked_at, changed, longer, left; /* left: TX or REDIRECT, of looked_at */
};

/* Leaves the packets to be measured in rig->frames. Ends the program with a message where Leat
 * sends something else than it must. `batch`: how many packets traffic_renew will be asked for. */
void traffic_prepare(struct rig *rig, const struct bench_case *c, struct traffic_state *state,
		     uint32_t batch);
/* TRAFFIC_NEW: puts packets of new flows into the first places of the table. */
void traffic_renew(struct rig *rig, const struct bench_case *c, struct traffic_state *state,
		   uint32_t batch);
/* nat: Leat's program tells both entries of a flow every 2 s. So that no known flow falls due while
 * it is measured, this runs over all of them when they are old. */
void traffic_keep_fresh(struct rig *rig, const struct bench_case *c, struct traffic_state *state);
/* Before the first case. Entries of a table that has just been made lie in memory in the order in
 * which they are made, and never again after: fills all tables, and empties them in the order of
 * the hash. */
void traffic_age(struct rig *rig, const struct bench_case *c, struct traffic_state *state);
/* Shows a peer the flows and looks what it does with a sample. Before traffic_prepare of Leat. */
struct traffic_peer traffic_show_peer(struct rig *rig, int subject, const struct bench_case *c,
				      struct traffic_state *state);
void traffic_free(struct traffic_state *state);

#endif
