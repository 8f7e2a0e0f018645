/* SPDX-License-Identifier: BSD-2-Clause */
/* man(7) from the tables. */
#include "manual.h"

#include "commands.h"
#include "help.h"

/* Text in roff: hyphens that are typed, backslashes; a line must not begin with a dot or quote. */
static void append_roff(const char *text, struct buf *out)
{
	if (*text == '.' || *text == '\'')
		buf_append_text(out, "\\&");
	for (; *text; text++) {
		if (*text == '-')
			buf_append_text(out, "\\-");
		else if (*text == '\\')
			buf_append_text(out, "\\e");
		else
			buf_append(out, text, 1);
	}
}

static void append_item(const char *tag, const char *text, const char *more, struct buf *out)
{
	buf_append_text(out, ".TP\n.B ");
	append_roff(tag, out);
	buf_append_text(out, "\n");
	append_roff(text, out);
	buf_printf(out, "%s\n", more);
}

static void append_field(const struct operation_field *field, struct buf *out)
{
	const char *more = field->flags & OP_REQUIRED ? " (required)" : "";
	struct buf tag = {0};

	if (field_is_positional(field)) {
		append_item(field->option, field->help, more, out);
	} else if (field_is_option(field) && !(field->flags & OP_HIDDEN)) {
		help_append_option(field, &tag);
		append_item(tag.data, field->help, more, out);
	}
	buf_fini(&tag);
}

static void append_fields(const struct operation_field *fields, struct buf *out)
{
	for (; fields->name; fields++)
		append_field(fields, out);
}

static void append_command(const struct operation *command, struct buf *out)
{
	struct buf synopsis = {0};

	help_append_synopsis(command, &synopsis);
	buf_append_text(out, ".SS ");
	append_roff(synopsis.data, out);
	buf_append_text(out, "\n");
	append_roff(command->help, out);
	buf_append_text(out, "\n");
	append_fields(command->fields, out);
	buf_fini(&synopsis);
}

void manual_append(struct buf *out)
{
	const struct operation *command = NULL;

	buf_append_text(out, ".SH COMMANDS\n");
	while ((command = commands_next(command)))
		append_command(command, out);
	buf_append_text(out, ".SH OPTIONS\nThese go with every command, before or after it.\n");
	append_fields(commands_globals(), out);
}
