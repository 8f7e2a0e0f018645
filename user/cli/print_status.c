/* SPDX-License-Identifier: BSD-2-Clause */
/* The node at a glance: who answers, what it serves, and, last because read first, what is wrong.
 */
#include "print.h"

#include <errno.h>

#include "base/base.h"
#include "format.h"
#include "table.h"

static const struct operation_table parts[] = {
	{"interfaces", "Interfaces",
	 OP_COLUMNS({"name", "NAME", OP_TEXT}, {"of", "OF", OP_TEXT}, {"mode", "MODE", OP_TEXT},
		    {"state", "STATE", OP_TEXT}, {"mac", "MAC", OP_TEXT}, {"mtu", "MTU", OP_COUNT},
		    {"link", "LINK", OP_TEXT}, {"reason", "REASON", OP_TEXT}, )},
	{"load_balancers", "Load balancers",
	 OP_COLUMNS({"name", "NAME", OP_TEXT}, {"addresses", "ADDRESSES", OP_LIST},
		    {"listeners", "LISTENERS", OP_COUNT}, {"announce", "ANNOUNCE", OP_TEXT},
		    {"state", "STATE", OP_TEXT}, )},
	{"target_groups", "Target groups",
	 OP_COLUMNS({"name", "NAME", OP_TEXT}, {"healthy", "HEALTHY", OP_COUNT},
		    {"targets", "TARGETS", OP_COUNT}, {"state", "STATE", OP_TEXT}, )},
};

static void append_text(const json_t *object, const char *key, enum operation_format format,
			const char *before, struct buf *out)
{
	buf_append_text(out, before);
	format_value(json_object_get(object, key), format, out);
}

static void append_identity(const json_t *answer, struct buf *out)
{
	append_text(answer, "version", OP_TEXT, "leatd ", out);
	append_text(answer, "controller", OP_TEXT, " ", out);
	append_text(answer, "pid", OP_COUNT, ", pid ", out);
	append_text(answer, "uptime_s", OP_AGE, ", up ", out);
	append_text(answer, "started", OP_TEXT, " since ", out);
	append_text(answer, "change", OP_COUNT, "\nchange ", out);
	append_text(answer, "digest", OP_TEXT, ", tables ", out);
	buf_append_text(out, "\n");
}

static void append_flows(const json_t *flows, struct buf *out)
{
	double used = json_number_value(json_object_get(flows, "used"));
	double size = json_number_value(json_object_get(flows, "size"));

	append_text(flows, "used", OP_COUNT, "\nFlows: ", out);
	append_text(flows, "size", OP_COUNT, " of ", out);
	if (size > 0)
		buf_printf(out, " (%.1f %%)", 100 * used / size);
	buf_append_text(out, "\n");
}

/* "up" is true or false in the answer, up or down on the screen. */
static json_t *with_link_words(const json_t *interfaces)
{
	json_t *list = json_deep_copy(interfaces), *interface;
	size_t i;

	json_array_foreach(list, i, interface) json_object_set_new(
		interface, "link",
		json_string(json_is_true(json_object_get(interface, "up")) ? "up" : "down"));
	return list;
}

static void append_part(const struct operation_table *part, const json_t *rows, bool headers,
			struct buf *out)
{
	buf_append_text(out, "\n");
	if (!json_array_size(rows)) {
		buf_printf(out, "%s: none\n", part->title);
		return;
	}
	if (headers)
		buf_printf(out, "%s\n", part->title);
	table_append_rows(part->columns, rows, headers, out);
}

static void append_problems(const json_t *problems, struct buf *out)
{
	json_t *problem;
	size_t i;

	buf_append_text(out, json_array_size(problems) ? "\nProblems\n" : "\nno problems\n");
	json_array_foreach(problems, i, problem)
	{
		append_text(problem, "severity", OP_TEXT, "", out);
		append_text(problem, "text", OP_TEXT, ": ", out);
		buf_append_text(out, "\n");
		if (json_is_string(json_object_get(problem, "cure"))) {
			append_text(problem, "cure", OP_TEXT, "    cure: ", out);
			buf_append_text(out, "\n");
		}
	}
}

static int check(const json_t *answer, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (!print_member(answer, parts[i].key, JSON_ARRAY, err))
			return -EPROTO;
	if (!print_member(answer, "flows", JSON_OBJECT, err) ||
	    !print_member(answer, "problems", JSON_ARRAY, err))
		return -EPROTO;
	return 0;
}

int print_status(const struct view *view, struct buf *out, struct err *err)
{
	json_t *interfaces = with_link_words(json_object_get(view->answer, "interfaces"));
	const json_t *rows;
	int ret = check(view->answer, err);

	if (ret)
		goto out;
	append_identity(view->answer, out);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		rows = i ? json_object_get(view->answer, parts[i].key) : interfaces;
		append_part(&parts[i], rows, view->headers, out);
	}
	append_flows(json_object_get(view->answer, "flows"), out);
	append_problems(json_object_get(view->answer, "problems"), out);
out:
	json_decref(interfaces);
	return ret;
}
