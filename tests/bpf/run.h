/* SPDX-License-Identifier: BSD-2-Clause */
/* One test of a fixture file, from an empty world to its last line. */
#ifndef LEAT_TESTS_BPF_RUN_H
#define LEAT_TESTS_BPF_RUN_H

#include "step.h"
#include "world.h"

/* The program twice: as it will be, and with tables that refuse. */
struct programs {
	struct program usual;
	struct program limited;
};

/*
 * Runs a test and fills in the report. Two lines say something of the test as a whole:
 *     must-fail "TEXT"    it tests the runner: it has passed when its other lines fail with a
 * report that contains TEXT limited             it runs with the limited tables of program.h
 */
void run_test(struct world *world, struct programs *programs, const struct fixtures *fixtures,
	      const struct record *test, const struct step_options *options, struct report *report);

#endif
