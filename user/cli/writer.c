/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The writers. JSON and YAML give the answer as leatd gave it; a table goes through the printer of
 * its operation. export is the exception: its point is the state, not the answer around it.
 */
#include "writer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "yaml.h"

struct printer {
	const char *operation;
	int (*print)(const struct view *view, struct buf *out, struct err *err);
};

static const struct printer printers[] = {
	{"ExportState", print_export},
	{"GetStatus", print_status},
	{"GetVersion", print_version},
	{"DetachDataPath", print_detach},
};

static bool is_export(const struct view *view)
{
	return strcmp(view->command->name, "ExportState") == 0;
}

static int write_table(const struct view *view, struct buf *out, struct err *err)
{
	if (view->command->tables)
		return print_tables(view, out, err);
	for (size_t i = 0; i < ARRAY_SIZE(printers); i++)
		if (strcmp(printers[i].operation, view->command->name) == 0)
			return printers[i].print(view, out, err);
	return print_plan(view, out, err);
}

static int write_json(const struct view *view, struct buf *out, struct err *err)
{
	const json_t *value = view->answer;
	char *text;

	if (is_export(view))
		value = print_member(view->answer, "state", JSON_OBJECT, err);
	if (!value)
		return -EPROTO;
	text = json_dumps(value, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
	if (!text)
		abort();
	buf_append_text(out, text);
	buf_append_text(out, "\n");
	free(text);
	return 0;
}

static int write_yaml(const struct view *view, struct buf *out, struct err *err)
{
	if (is_export(view))
		return print_export(view, out, err);
	yaml_append(view->answer, out);
	return 0;
}

const struct writer *writer_find(const char *name)
{
	static const struct writer writers[] = {
		{"table", write_table},
		{"json", write_json},
		{"yaml", write_yaml},
	};

	for (size_t i = 0; i < ARRAY_SIZE(writers); i++)
		if (strcmp(writers[i].name, name) == 0)
			return &writers[i];
	abort(); /* -o was checked against the same words */
}
