/* SPDX-License-Identifier: BSD-2-Clause */
/* Counts of health checks by group and result. */
#include "tally.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void tally_init(struct tally *tally)
{
	list_init(&tally->rows);
}

void tally_fini(struct tally *tally)
{
	struct tally_row *row, *next;

	list_for_each_safe(row, next, &tally->rows, node) free(row);
	list_init(&tally->rows);
}

struct tally_row *tally_row(struct tally *tally, const char *group)
{
	struct tally_row *row;

	list_for_each(row, &tally->rows, node) if (strcmp(row->group, group) == 0) return row;
	row = calloc(1, sizeof(*row));
	if (!row)
		abort();
	snprintf(row->group, sizeof(row->group), "%s", group);
	list_append(&tally->rows, &row->node);
	return row;
}
