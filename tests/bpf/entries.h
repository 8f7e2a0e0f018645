/* SPDX-License-Identifier: BSD-2-Clause */
/* Statements about entries of the flow table and the reply table, and the names of what is in them.
 */
#ifndef LEAT_TESTS_BPF_ENTRIES_H
#define LEAT_TESTS_BPF_ENTRIES_H

#include "tables.h"
#include "world.h"

/* given, forget, age: as statements_run(). */
bool entries_statement(struct world *world, const struct line *line, bool *known,
		       struct report *report);

/* "client:port > vip:port" of a key, for messages; returns text. */
#define TUPLE_TEXT_MAX 128
char *tuple_format(const struct nlb_tuple *tuple, char text[TUPLE_TEXT_MAX]);

bool state_find(const char *name, uint8_t *state);
const char *state_name(uint8_t state);
bool fin_find(const char *name, uint8_t *flags);
const char *fin_name(uint8_t flags);

/* "none", or names of enum nlb_shift_flags with + between them. */
bool shift_find(const char *names, uint16_t *flags);

uint64_t now_ns(void); /* CLOCK_MONOTONIC */

#endif
