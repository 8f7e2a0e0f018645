/* SPDX-License-Identifier: BSD-2-Clause */
/* What is wrong with a test: sentences, gathered while it runs, the first naming the line of the
 * fixture. */
#ifndef LEAT_TESTS_BPF_REPORT_H
#define LEAT_TESTS_BPF_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REPORT_TEXT_MAX 16384 /* longer text is cut */

struct report {
	int line; /* of the fixture, what is being looked at now; 0: none */
	bool failed;
	bool skipped; /* the machine can't do what the test needs; text says what */
	size_t len;
	char text[REPORT_TEXT_MAX];
};

void report_clear(struct report *report);
/* Adds a sentence and marks the test failed (skipped). Returns false, so that callers write `return
 * report_fail(…)`. */
bool report_fail(struct report *report, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool report_skip(struct report *report, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Adds a line of bytes below the sentences. */
void report_hex(struct report *report, const char *title, const uint8_t *bytes, size_t len);

#endif
