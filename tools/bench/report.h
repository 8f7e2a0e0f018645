/* SPDX-License-Identifier: BSD-2-Clause */
/* The table for people, line by line while the bench runs, and the record for programs. */
#ifndef LEAT_BENCH_REPORT_H
#define LEAT_BENCH_REPORT_H

#include <stdio.h>

#include "measure.h"

struct report {
	FILE *table;
	FILE *json; /* NULL: none */
	int rows;
};

void report_begin(struct report *report, const struct rig *rig,
		  const struct measure_options *options);
void report_row(struct report *report, const struct rig *rig, const struct bench_case *c,
		const struct measured results[RIG_SUBJECTS_MAX]);
void report_end(struct report *report);

#endif
