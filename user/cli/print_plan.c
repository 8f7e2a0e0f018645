/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A plan: what a change makes, changes and takes away, and what that moves. The answer of every
 * write, and of diff. One line a difference; the summary counts nouns, so three fields of one
 * target are one change.
 */
#include "print.h"

#include <errno.h>
#include <string.h>

#include "base/base.h"
#include "format.h"

enum action { CREATE, MODIFY, DELETE, ACTION_COUNT };

/* clang-format off */
static const struct {
	const char *name; /* in the answer */
	char sign;
	const char *will, *did; /* in the summary */
} actions[] = {
	[CREATE] = {"create", '+', "to create", "created"},
	[MODIFY] = {"modify", '~', "to change", "changed"},
	[DELETE] = {"delete", '-', "to delete", "deleted"},
};
/* clang-format on */

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* ACTION_COUNT when it is none. */
static enum action action_of(const json_t *entry)
{
	enum action action = CREATE;

	while (action < ACTION_COUNT && strcmp(actions[action].name, text_of(entry, "action")) != 0)
		action++;
	return action;
}

static int check_plan(const json_t *plan, struct err *err)
{
	const json_t *entries = print_member(plan, "entries", JSON_ARRAY, err), *entry;
	size_t i;

	if (!entries)
		return -EPROTO;
	json_array_foreach(entries, i, entry) if (action_of(entry) == ACTION_COUNT) return err_set(
		err, -EPROTO, "the plan has an entry with no known action");
	return 0;
}

/* ---- lines ---- */

static void append_entry(const json_t *entry, struct buf *out)
{
	enum action action = action_of(entry);

	buf_printf(out, "%c ", actions[action].sign);
	format_value(json_object_get(entry, "noun"), OP_TEXT, out);
	buf_append_text(out, " '");
	format_value(json_object_get(entry, "name"), OP_TEXT, out);
	buf_append_text(out, "'");
	if (*text_of(entry, "field")) {
		buf_append_text(out, ": ");
		format_value(json_object_get(entry, "field"), OP_TEXT, out);
		buf_append_text(out, " ");
		format_value(json_object_get(entry, "from"), OP_TEXT, out);
		buf_append_text(out, " -> ");
		format_value(json_object_get(entry, "to"), OP_TEXT, out);
	}
	buf_append_text(out, "\n");
}

/* ---- the summary ---- */

static bool is_same_noun(const json_t *a, const json_t *b)
{
	return strcmp(text_of(a, "noun"), text_of(b, "noun")) == 0 &&
	       strcmp(text_of(a, "name"), text_of(b, "name")) == 0;
}

/* Differences of one noun stand together in a plan. */
static void count_nouns(const json_t *entries, size_t counts[ACTION_COUNT])
{
	const json_t *entry, *previous = NULL;
	size_t i;

	json_array_foreach(entries, i, entry)
	{
		if (!previous || action_of(previous) != action_of(entry) ||
		    !is_same_noun(previous, entry))
			counts[action_of(entry)]++;
		previous = entry;
	}
}

static json_int_t number_of(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static void append_moves(const json_t *plan, bool is_done, struct buf *out)
{
	json_int_t moved = number_of(plan, "slots_moved"), total = number_of(plan, "slots_total");
	json_int_t flows = number_of(plan, "flows_ended");

	if (total > 0)
		buf_printf(out,
			   "; %" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT
			   " slots %s (%.1f %%)",
			   moved, total, is_done ? "moved" : "would move",
			   100.0 * (double)moved / (double)total);
	if (total > 0 || flows > 0)
		buf_printf(out, "%s%" JSON_INTEGER_FORMAT " live flow%s %s end",
			   total > 0 ? ", " : "; ", flows, flows == 1 ? "" : "s",
			   is_done ? "will" : "would");
}

static void append_summary(const json_t *plan, bool is_done, struct buf *out)
{
	size_t counts[ACTION_COUNT] = {0};

	count_nouns(json_object_get(plan, "entries"), counts);
	for (enum action action = CREATE; action < ACTION_COUNT; action++)
		buf_printf(out, "%s%zu %s", action ? ", " : "", counts[action],
			   is_done ? actions[action].did : actions[action].will);
	append_moves(plan, is_done, out);
	buf_append_text(out, "\n");
}

int print_plan(const struct view *view, struct buf *out, struct err *err)
{
	const json_t *plan = print_member(view->answer, "plan", JSON_OBJECT, err), *entry;
	bool is_dry = json_is_true(json_object_get(view->answer, "dry_run"));
	bool is_done = view->command->is_write && !is_dry;
	const json_t *entries = json_object_get(plan, "entries");
	size_t i;

	if (!plan || check_plan(plan, err))
		return -EPROTO;
	json_array_foreach(entries, i, entry) append_entry(entry, out);
	if (!json_array_size(entries)) {
		buf_append_text(out, "nothing to change\n");
		return 0;
	}
	append_summary(plan, is_done, out);
	if (is_done)
		buf_printf(out, "change %" JSON_INTEGER_FORMAT " applied\n",
			   number_of(view->answer, "change"));
	else if (view->command->is_write)
		buf_append_text(out, "dry run: nothing was changed\n");
	return 0;
}
