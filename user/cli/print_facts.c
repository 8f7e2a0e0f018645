/* SPDX-License-Identifier: BSD-2-Clause */
/* Answers that are one fact: the exported state, versions, that the data path is down. */
#include <errno.h>

#include "format.h"
#include "print.h"

int print_export(const struct view *view, struct buf *out, struct err *err)
{
	const json_t *text = print_member(view->answer, "text", JSON_STRING, err);

	if (!text)
		return -EPROTO;
	buf_append(out, json_string_value(text), json_string_length(text));
	return 0;
}

/* The answer here is what cli.c puts together: {"leatctl": "0.1.0", "leatd": {…} or null}. */
int print_version(const struct view *view, struct buf *out, struct err *err)
{
	const json_t *leatd = json_object_get(view->answer, "leatd");

	if (json_is_object(leatd) && !print_member(leatd, "version", JSON_STRING, err))
		return -EPROTO;
	buf_append_text(out, "leatctl ");
	format_value(json_object_get(view->answer, "leatctl"), OP_TEXT, out);
	if (json_is_object(leatd)) {
		buf_append_text(out, "\nleatd   ");
		format_value(json_object_get(leatd, "version"), OP_TEXT, out);
	} else {
		buf_append_text(out, "\nleatd:  no answer");
	}
	buf_append_text(out, "\n");
	return 0;
}

int print_detach(const struct view *view, struct buf *out, struct err *err)
{
	if (!json_is_true(json_object_get(view->answer, "detached")))
		return err_set(err, -EPROTO, "'detached' is missing");
	buf_append_text(out, "the data path is down and leatd ends; the state is kept\n");
	return 0;
}
