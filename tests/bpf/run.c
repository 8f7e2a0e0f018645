// SPDX-License-Identifier: BSD-2-Clause
/* The order of a test's lines: statements as they come, steps with their expectations, loops. */
#include "run.h"

#include <stdio.h>
#include <string.h>

#include "entries.h"
#include "statements.h"

struct loop { /* each $NAME FIRST-LAST: the step below is repeated */
	const char *variable;
	unsigned int first, last;
};

static int step_length(const struct record *test, int at)
{
	int n = 1;

	while (at + n < test->count && step_is_expectation(&test->lines[at + n]))
		n++;
	return n;
}

static bool parse_each(struct loop *loop, const struct line *line, struct report *report)
{
	char rest;

	if (line->count != 3 || line->words[1][0] != '$' ||
	    sscanf(line->words[2], "%u-%u%c", &loop->first, &loop->last, &rest) != 2 ||
	    loop->first > loop->last)
		return report_fail(report, "usage: each $NAME FIRST-LAST");
	loop->variable = line->words[1];
	return true;
}

/* Whatever a round binds is unbound for the next one. */
static bool run_loop(struct world *w, const struct loop *loop, const struct line *lines, int count,
		     const struct step_options *options, struct report *report)
{
	int bound = w->names.variable_count;
	unsigned int n;

	for (n = loop->first; n <= loop->last; n++) {
		w->names.variable_count = bound;
		if (!names_bind_number(&w->names, loop->variable, n, report))
			return false;
		if (!step_run(w, lines, count, options, n == loop->first, report))
			return report_fail(report, "(%s = %u)", loop->variable, n);
	}
	w->names.variable_count = bound;
	return true;
}

static bool statement_differ(struct world *w, const struct line *line, struct report *report)
{
	const struct variable *a, *b;

	if (line->count != 3)
		return report_fail(report, "usage: differ $A $B");
	a = names_variable(&w->names, line->words[1]);
	b = names_variable(&w->names, line->words[2]);
	if (!a || !b)
		return report_fail(report, "a variable that is not bound");
	if (a->is_address == b->is_address &&
	    (a->is_address ? !memcmp(a->address, b->address, 16) : a->number == b->number))
		return report_fail(report, "%s and %s are the same", a->name, b->name);
	return true;
}

static bool run_statement(struct world *w, const struct fixtures *fixtures, const struct line *line,
			  struct report *report);

/* A topology's lines stand where it is used, and may use others. */
static bool statement_use(struct world *w, const struct fixtures *fixtures, const struct line *line,
			  struct report *report)
{
	const struct record *topology =
		line->count == 2 ? fixtures_topology(fixtures, line->words[1]) : NULL;
	int i;

	if (!topology)
		return report_fail(report, "unknown topology '%s'", line->words[line->count - 1]);
	for (i = 0; i < topology->count; i++)
		if (!run_statement(w, fixtures, &topology->lines[i], report))
			return report_fail(report, "(line %d of topology '%s')",
					   topology->lines[i].number, topology->name);
	return true;
}

static bool run_statement(struct world *w, const struct fixtures *fixtures, const struct line *line,
			  struct report *report)
{
	bool known, ok;

	if (word_is(line->words[0], "must-fail") || word_is(line->words[0], "limited"))
		return true; /* of the test as a whole: run_test() */
	if (word_is(line->words[0], "use"))
		return statement_use(w, fixtures, line, report);
	if (word_is(line->words[0], "differ"))
		return statement_differ(w, line, report);
	ok = statements_run(w, line, &known, report);
	if (!known)
		ok = entries_statement(w, line, &known, report);
	return known ? ok : report_fail(report, "unknown word '%s'", line->words[0]);
}

static bool run_step(struct world *w, const struct record *test, int *at, const struct loop *loop,
		     const struct step_options *options, struct report *report)
{
	const struct line *lines = &test->lines[*at];
	int n = step_length(test, *at);

	*at += n;
	if (loop->variable)
		return run_loop(w, loop, lines, n, options, report);
	return step_run(w, lines, n, options, true, report);
}

static bool run_lines(struct world *w, const struct fixtures *fixtures, const struct record *test,
		      const struct step_options *options, struct report *report)
{
	struct loop loop = {0};
	int at = 0, steps = 0;

	while (at < test->count) {
		const struct line *line = &test->lines[at];

		report->line = line->number;
		if (word_is(line->words[0], "in")) {
			if (!run_step(w, test, &at, &loop, options, report))
				return false;
			loop.variable = NULL;
			steps++;
			continue;
		}
		if (loop.variable)
			return report_fail(report, "`each` is not followed by `in`");
		if (word_is(line->words[0], "each") ? !parse_each(&loop, line, report)
						    : !run_statement(w, fixtures, line, report))
			return false;
		at++;
	}
	if (loop.variable || !steps)
		return report_fail(report, "the test ends without a packet");
	return true;
}

static const struct line *find_line(const struct record *test, const char *word)
{
	int i;

	for (i = 0; i < test->count; i++)
		if (word_is(test->lines[i].words[0], word))
			return &test->lines[i];
	return NULL;
}

/* must-fail "TEXT" */
static void judge_failure(const struct line *line, struct report *report)
{
	const char *quoted = line->count == 2 ? line->words[1] : "";
	char text[256];

	if (strlen(quoted) < 3 ||
	    snprintf(text, sizeof(text), "%s", quoted + 1) >= (int)sizeof(text)) {
		report_fail(report, "must-fail needs a \"TEXT\"");
		return;
	}
	text[strlen(text) - 1] = '\0';
	if (!report->failed)
		report_fail(report, "it passed, and should have failed with '%s'", text);
	else if (strstr(report->text, text))
		report_clear(report);
	else
		report_fail(report, "it should have failed with '%s'", text);
}

void run_test(struct world *w, struct programs *programs, const struct fixtures *fixtures,
	      const struct record *test, const struct step_options *options, struct report *report)
{
	const struct line *failure = find_line(test, "must-fail");

	report_clear(report);
	w->program = find_line(test, "limited") ? &programs->limited : &programs->usual;
	run_lines(w, fixtures, test, options, report);
	world_reset(w);
	if (failure && !report->skipped)
		judge_failure(failure, report);
}
