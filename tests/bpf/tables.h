/* SPDX-License-Identifier: BSD-2-Clause */
/* The flow table and the reply table as a whole: copied, compared, put back. */
#ifndef LEAT_TESTS_BPF_TABLES_H
#define LEAT_TESTS_BPF_TABLES_H

#include "program.h"

struct flows {
	uint32_t count;
	struct nlb_tuple keys[PROGRAM_FLOWS];
	struct nlb_flow values[PROGRAM_FLOWS];
};

struct replies {
	uint32_t count;
	struct nlb_tuple keys[PROGRAM_FLOWS];
	struct nlb_reply values[PROGRAM_FLOWS];
};

struct tables {
	struct flows flows;
	struct replies replies;
};

void tables_read(struct program *program, struct tables *tables);
/* Makes the maps what was read. */
void tables_write(struct program *program, const struct tables *tables);
bool tables_equal(const struct tables *a, const struct tables *b);
/* An entry of b that a doesn't have: its key; NULL: none. */
const struct nlb_tuple *tables_new_key(const struct tables *a, const struct tables *b);

#endif
