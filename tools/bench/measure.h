/* SPDX-License-Identifier: BSD-2-Clause */
/* Rounds: in each, every program runs over a batch of packets, one after the other in changing
 * order; what is kept is the difference from the bare XDP_TX of the same round. */
#ifndef LEAT_BENCH_MEASURE_H
#define LEAT_BENCH_MEASURE_H

#include "cases.h"
#include "rig.h"
#include "traffic.h"

#define MEASURE_ROUNDS_MAX 1024

struct spread { /* ns a packet */
	double median, q1, q3;
	double best; /* the quickest round, less the quickest of XDP_TX */
};

struct measured {
	struct spread net; /* of XDP_TX in the same round */
	struct spread raw; /* wrapper included */
	bool is_measured;  /* false: this program has no part in the case */
	bool is_wrong;	   /* a variant that did not do what the case is about */
	struct traffic_peer peer;
};

struct measure_options {
	int rounds;
	uint32_t batch; /* packets */
};

/* results[subject]. Ends the program with a message where Leat's verdicts are not the case's. */
void measure(struct rig *rig, const struct bench_case *c, struct traffic_state *state,
	     const struct measure_options *options, struct measured results[RIG_SUBJECTS_MAX]);

#endif
