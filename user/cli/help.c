/* SPDX-License-Identifier: BSD-2-Clause */
/* Help texts. */
#include "help.h"

#include "commands.h"
#include "text.h"

#define COMMAND_WIDTH 18 /* columns of the left side; what is longer gets a line of its own */
#define OPTION_WIDTH  33

/* ---- pieces ---- */

void help_append_option(const struct operation_field *field, struct buf *out)
{
	const char *value = field_value_name(field);

	buf_append_text(out, field->option);
	if (value)
		buf_printf(out, " %s", value);
}

static void append_positional(const struct operation_field *field, struct buf *out)
{
	bool is_required = field->flags & OP_REQUIRED;

	buf_printf(out, " %s%s%s%s", is_required ? "" : "[", field->option,
		   field->kind == OP_STRINGS ? "..." : "", is_required ? "" : "]");
}

void help_append_synopsis(const struct operation *command, struct buf *out)
{
	const struct operation_field *field;
	bool has_more = false;

	buf_append_text(out, command->command);
	for (field = command->fields; field->name; field++)
		if (field_is_positional(field))
			append_positional(field, out);
	for (field = command->fields; field->name; field++) {
		if (!field_is_option(field))
			continue;
		if (!(field->flags & OP_REQUIRED)) {
			has_more = true;
			continue;
		}
		buf_append_text(out, " ");
		help_append_option(field, out);
	}
	if (has_more)
		buf_append_text(out, " [OPTION...]");
}

static void append_pair(const char *left, size_t width, const char *right, const char *more,
			struct buf *out)
{
	buf_append_text(out, "  ");
	text_append_cell(out, left, width, false, false);
	if (text_width(left) > width) {
		buf_append_text(out, "\n");
		text_append_spaces(out, width + 2);
	}
	buf_printf(out, "  %s%s\n", right, more);
}

static void append_options(const struct operation_field *fields, const char *title, struct buf *out)
{
	struct buf left = {0};

	for (; fields->name; fields++) {
		if (!field_is_option(fields) || fields->flags & OP_HIDDEN)
			continue;
		if (title)
			buf_printf(out, "\n%s:\n", title);
		title = NULL;
		buf_clear(&left);
		help_append_option(fields, &left);
		append_pair(left.data, OPTION_WIDTH, fields->help,
			    fields->flags & OP_REQUIRED ? " (required)" : "", out);
	}
	buf_fini(&left);
}

static void append_positionals(const struct operation_field *fields, struct buf *out)
{
	const char *title = "\narguments:\n";

	for (; fields->name; fields++) {
		if (!field_is_positional(fields))
			continue;
		buf_append_text(out, title);
		title = "";
		append_pair(fields->option, OPTION_WIDTH, fields->help, "", out);
	}
}

static void append_commands(const char *noun, struct buf *out)
{
	const struct operation *command = NULL;

	buf_append_text(out, "\ncommands:\n");
	while ((command = commands_next(command)))
		if (!noun || commands_verb(command, noun))
			append_pair(command->command, COMMAND_WIDTH, command->help, "", out);
}

/* ---- the three helps ---- */

static void append_command_help(const struct operation *command, struct buf *out)
{
	buf_append_text(out, "usage: leatctl ");
	help_append_synopsis(command, out);
	buf_printf(out, "\n%s\n", command->help ? command->help : "");
	append_positionals(command->fields, out);
	append_options(command->fields, "options", out);
	append_options(commands_globals(), "options of every command", out);
}

static void append_noun_help(const char *noun, struct buf *out)
{
	buf_printf(out, "usage: leatctl %s COMMAND [ARGUMENT...] [OPTION...]\n", noun);
	append_commands(noun, out);
	buf_printf(out, "\nleatctl %s COMMAND --help tells what a command takes\n", noun);
}

static void append_general_help(struct buf *out)
{
	buf_append_text(out, "usage: leatctl COMMAND [ARGUMENT...] [OPTION...]\n"
			     "controls the load balancer Leat on this host\n");
	append_commands(NULL, out);
	append_options(commands_globals(), "options of every command", out);
	buf_append_text(out, "\nexit status: 0 done, 1 refused, 2 wrong usage, 3 no answer from "
			     "leatd\nleatctl COMMAND --help tells what a command takes; "
			     "see also leatctl(8)\n");
}

void help_append(const struct operation *command, const char *noun, struct buf *out)
{
	if (command)
		append_command_help(command, out);
	else if (noun)
		append_noun_help(noun, out);
	else
		append_general_help(out);
}
