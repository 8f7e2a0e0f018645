/* SPDX-License-Identifier: BSD-2-Clause */
/* What is measured: the kinds of traffic, as data. */
#ifndef LEAT_BENCH_CASES_H
#define LEAT_BENCH_CASES_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/nlb_abi.h>
#include <leat/nlb_verdicts.h>

#include "world.h"

enum traffic {
	TRAFFIC_KNOWN,	/* the same flows again and again, known to the program */
	TRAFFIC_ANSWER, /* the targets' side of them */
	TRAFFIC_NEW,	/* every packet is a flow that was never seen */
};

struct kind {
	const char *name; /* "nat/forward" */
	const char *help;
	uint8_t forwarding; /* enum nlb_forwarding */
	uint8_t protocol;
	uint8_t tcp_flags;
	enum traffic traffic;
	enum nlb_verdict verdict;
	uint32_t flows_min; /* fewer make no sense here */
	bool is_table_full; /* filled up by flows of no interest first */
	bool is_resync;	    /* flows were silent for so long that each packet tells both entries */
};

extern const struct kind kinds[];
extern const int kind_count;

const struct kind *cases_find(const char *name); /* must be there */

/* One row. */
struct bench_case {
	const struct kind *kind;
	struct world world;
	uint32_t flows;
};

#endif
