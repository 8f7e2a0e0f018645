/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fixture files as text: records of lines of words. What a word means is decided where it is used
 * (statements.c, entries.c, step.c, packet.c), and each of them refuses words it doesn't know.
 *
 *     topology NAME          a named list of statements, used with `use NAME`
 *     test DESCRIPTION       a list of statements and steps
 *     | a layer              continues the packet above
 *     .. more words          continues the line above
 *     # remark               to the end of the line
 *
 * Words are separated by blanks; "..." is one word, the quotes stay on it.
 */
#ifndef LEAT_TESTS_BPF_FIXTURE_H
#define LEAT_TESTS_BPF_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>

struct line {
	int number; /* in the file, from 1 */
	int count;
	const char **words;
};

struct record {
	const char *file; /* without its folder */
	const char *name;
	int number; /* line of the file */
	bool is_test;
	struct line *lines;
	int count;
};

struct fixtures {
	struct record *records;
	int count;
	char **texts; /* owned: what all words point into */
	int text_count;
};

/* Reads every *.topo and *.fix of a folder in the order of their names. On failure says why on
 * stderr. */
bool fixtures_read(struct fixtures *fixtures, const char *folder);
void fixtures_fini(struct fixtures *fixtures);

const struct record *fixtures_topology(const struct fixtures *fixtures,
				       const char *name); /* NULL: unknown */

/* What follows `key=` in a word, or NULL when the word is another. */
const char *word_value(const char *word, const char *key);
bool word_is(const char *word, const char *text);

#endif
