/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Statements about listeners beyond one address and port (statement_range.c), and what they share
 * with those about plain ones (statements.c).
 */
#ifndef LEAT_TESTS_BPF_STATEMENT_RANGE_H
#define LEAT_TESTS_BPF_STATEMENT_RANGE_H

#include "world.h"

bool statement_range(struct world *world, const struct line *line, struct report *report);
bool statement_action(struct world *world, const struct line *line, struct report *report);

/* A listener that is known by this name keeps its id. NULL: no room. */
struct listener_def *listener_make(struct world *world, const char *name, struct report *report);
/* tcp|udp ip4|ip6, from the line's second word on */
bool listener_set_kind(struct listener_def *listener, const struct line *line,
		       struct report *report);
bool listener_set_group(struct world *world, struct listener_def *listener, const char *word,
			struct report *report);
bool listener_take_word(struct world *world, struct listener_def *listener, const char *word,
			struct report *report);

#endif
