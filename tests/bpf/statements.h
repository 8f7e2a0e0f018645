/* SPDX-License-Identifier: BSD-2-Clause */
/* Statements about the state around a packet: host, settings, snats, group, target, listener, ring,
 * healthy, unhealthy, gone, tx, bucket. */
#ifndef LEAT_TESTS_BPF_STATEMENTS_H
#define LEAT_TESTS_BPF_STATEMENTS_H

#include "world.h"

/* Carries out a statement; *known says whether its first word is one of these. */
bool statements_run(struct world *world, const struct line *line, bool *known,
		    struct report *report);

/* One of them: statement_target.c. */
bool statement_target(struct world *world, const struct line *line, struct report *report);

#endif
