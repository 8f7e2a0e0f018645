/* SPDX-License-Identifier: BSD-2-Clause */
/* The column printer. Cells are formatted twice, once to measure and once to print: nothing is
 * kept. */
#include "table.h"

#include <stdlib.h>
#include <string.h>

#include "format.h"
#include "text.h"

#define GAP "  "

static size_t count_columns(const struct operation_column *columns)
{
	size_t count = 0;

	while (columns[count].key)
		count++;
	return count;
}

/* Text of a cell; lives in *cell until the next call. */
static const char *format_cell(const struct operation_column *column, const json_t *row,
			       struct buf *cell)
{
	buf_clear(cell);
	format_value(json_object_get(row, column->key), column->format, cell);
	return cell->data;
}

static size_t measure(const struct operation_column *column, const json_t *rows, bool headers,
		      struct buf *cell)
{
	size_t widest = headers ? text_width(column->header) : 0, width, i;
	json_t *row;

	json_array_foreach(rows, i, row)
	{
		width = text_width(format_cell(column, row, cell));
		if (width > widest)
			widest = width;
	}
	return widest;
}

/* row NULL: the header line. */
static void append_line(const struct operation_column *columns, const size_t *widths,
			const json_t *row, struct buf *cell, struct buf *out)
{
	const char *text;
	bool is_last;

	for (size_t i = 0; columns[i].key; i++) {
		is_last = !columns[i + 1].key;
		text = row ? format_cell(&columns[i], row, cell) : columns[i].header;
		text_append_cell(out, text, widths[i], format_is_right(columns[i].format), is_last);
		buf_append_text(out, is_last ? "\n" : GAP);
	}
}

void table_append_rows(const struct operation_column *columns, const json_t *rows, bool headers,
		       struct buf *out)
{
	size_t *widths = calloc(count_columns(columns) + 1, sizeof(*widths));
	struct buf cell = {0};
	json_t *row;
	size_t i;

	if (!widths)
		abort();
	for (i = 0; columns[i].key; i++)
		widths[i] = measure(&columns[i], rows, headers, &cell);
	if (headers)
		append_line(columns, widths, NULL, &cell, out);
	json_array_foreach(rows, i, row) append_line(columns, widths, row, &cell, out);
	buf_fini(&cell);
	free(widths);
}

/* ---- one object ---- */

struct sheet { /* "label: value" lines, gathered before the widest label is known */
	json_t *labels;
	struct buf values; /* zero-terminated one after the other */
	size_t widest;
};

static void add_value(struct sheet *sheet, const char *label, const json_t *value,
		      enum operation_format format)
{
	size_t width = text_width(label);

	json_array_append_new(sheet->labels, json_string(label));
	format_value(value, format, &sheet->values);
	buf_append(&sheet->values, "", 1);
	if (width > sheet->widest)
		sheet->widest = width;
}

static bool has_column(const struct operation_column *columns, const char *key)
{
	for (; columns->key; columns++)
		if (strcmp(columns->key, key) == 0)
			return true;
	return false;
}

static void add_rest(struct sheet *sheet, const struct operation_column *columns,
		     const char *prefix, const json_t *object)
{
	struct buf label = {0};
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)object, key, value)
	{
		if (!*prefix && has_column(columns, key))
			continue;
		buf_clear(&label);
		buf_printf(&label, "%s%s%s", prefix, *prefix ? "." : "", key);
		if (json_object_size(value))
			add_rest(sheet, columns, label.data, value);
		else
			add_value(sheet, label.data, value, OP_TEXT);
	}
	buf_fini(&label);
}

static void append_sheet(const struct sheet *sheet, struct buf *out)
{
	const char *value = sheet->values.data;
	struct buf label = {0};
	json_t *text;
	size_t i;

	json_array_foreach(sheet->labels, i, text)
	{
		buf_clear(&label);
		text_append_clean(&label, json_string_value(text));
		buf_append_text(&label, ":");
		text_append_cell(out, label.data, sheet->widest + 1, false, false);
		buf_printf(out, GAP "%s\n", value);
		value += strlen(value) + 1;
	}
	buf_fini(&label);
}

void table_append_object(const struct operation_column *columns, const json_t *object,
			 struct buf *out)
{
	struct sheet sheet = {.labels = json_array()};

	for (const struct operation_column *column = columns; column->key; column++)
		add_value(&sheet, column->header, json_object_get(object, column->key),
			  column->format);
	add_rest(&sheet, columns, "", object);
	append_sheet(&sheet, out);
	buf_fini(&sheet.values);
	json_decref(sheet.labels);
}
