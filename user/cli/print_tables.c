/* SPDX-License-Identifier: BSD-2-Clause */
/* Answers whose tables the operation table describes: listings, one noun ("show"), counters. */
#include "print.h"

#include <errno.h>
#include <string.h>

#include "commands.h"
#include "table.h"

json_t *print_member(const json_t *object, const char *key, json_type type, struct err *err)
{
	json_t *member = json_object_get(object, key);

	if (!member)
		err_set(err, -EPROTO, "'%s' is missing", key);
	else if (json_typeof(member) != type)
		err_set(err, -EPROTO, "'%s' has the wrong type", key);
	else
		return member;
	return NULL;
}

/* "stats --drops" answers with the first table alone: the others were not asked for. */
static bool is_left_out(const struct view *view, const struct operation_table *table)
{
	return table != view->command->tables && json_object_size(view->answer) == 1 &&
	       json_object_get(view->answer, view->command->tables->key);
}

static int check_table(const struct view *view, const struct operation_table *table,
		       struct err *err)
{
	json_t *rows, *row;
	size_t i;

	if (is_left_out(view, table))
		return 0;
	rows = print_member(view->answer, table->key, JSON_ARRAY, err);
	if (!rows)
		return -EPROTO;
	json_array_foreach(rows, i, row) if (!json_is_object(row)) return err_set(
		err, -EPROTO, "'%s' has a row that is not an object", table->key);
	return 0;
}

/* One noun was asked for: "tg show". */
static bool is_one(const struct operation *command)
{
	const char *space = strchr(command->command, ' ');

	return space && strcmp(space + 1, "show") == 0;
}

static void append_objects(const struct operation_table *table, const json_t *rows, struct buf *out)
{
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
	{
		if (i)
			buf_append_text(out, "\n");
		table_append_object(table->columns, row, out);
	}
}

static void append_table(const struct view *view, const struct operation_table *table,
			 struct buf *out)
{
	const json_t *rows = json_object_get(view->answer, table->key);

	if (table != view->command->tables)
		buf_append_text(out, "\n");
	if (table->title && view->headers)
		buf_printf(out, "%s\n", table->title);
	if (is_one(view->command))
		append_objects(table, rows, out);
	else
		table_append_rows(table->columns, rows, view->headers, out);
}

int print_tables(const struct view *view, struct buf *out, struct err *err)
{
	const struct operation_table *table;
	int ret = 0;

	for (table = view->command->tables; !ret && table->key; table++)
		ret = check_table(view, table, err);
	if (ret)
		return ret;
	for (table = view->command->tables; table->key; table++)
		if (!is_left_out(view, table))
			append_table(view, table, out);
	return 0;
}
