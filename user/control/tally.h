/* SPDX-License-Identifier: BSD-2-Clause */
/* Health checks that ended, counted by target group and result; kept while leatd runs, whatever
 * happens to the group. */
#ifndef LEAT_CONTROL_TALLY_H
#define LEAT_CONTROL_TALLY_H

#include "base/list.h"
#include "model/model.h"

struct tally_row {
	struct list node;
	char group[MODEL_NAME_MAX + 1];
	uint64_t counts[HEALTH_REASON_COUNT]; /* HEALTH_NONE: passed */
};

struct tally {
	struct list rows;
};

void tally_init(struct tally *tally);
void tally_fini(struct tally *tally);
/* The group's row, made when missing; lives as long as the tally. */
struct tally_row *tally_row(struct tally *tally, const char *group);

#endif
