/* SPDX-License-Identifier: BSD-2-Clause */
/* Looks commands and options up in their tables; the only place that walks the operation table. */
#include "commands.h"

#include <string.h>

#include "base/base.h"

static const struct operation local_commands[] = {
	{COMMAND_COMPLETION, "completion", false, "print the completion script of a shell",
	 OP_FIELDS({"shell", OP_STRING, OP_REQUIRED | OP_POSITIONAL, "SHELL", "which shell",
		    "bash"}, ),
	 NULL},
	{COMMAND_MANUAL, "manual", false, NULL, OP_FIELDS(), NULL},
};

/* clang-format off */
static const struct operation_field globals[] = {
	{"output", OP_STRING, 0, "-o", "form of the answer (default table)", "table|json|yaml"},
	{"socket", OP_STRING, 0, "--socket",
	 "path of leatd's socket (default LEAT_SOCKET, else /run/leat/leatd.sock)", NULL},
	{"no_headers", OP_BOOL, 0, "--no-headers", "tables without headers and titles", NULL},
	{"help", OP_BOOL, 0, "--help", "what a command does and takes", NULL},
	{"help", OP_BOOL, OP_HIDDEN, "-h", NULL, NULL},
	{"version", OP_BOOL, 0, "--version", "version of leatctl", NULL},
	{.name = NULL},
};
/* clang-format on */

const struct operation_field *commands_globals(void)
{
	return globals;
}

/* The operation table and the local commands as one array. */
static const struct operation *command_at(size_t i)
{
	if (i < OPERATION_COUNT)
		return &operations[i];
	i -= OPERATION_COUNT;
	return i < ARRAY_SIZE(local_commands) ? &local_commands[i] : NULL;
}

static size_t place_of(const struct operation *command)
{
	if (commands_is_local(command))
		return OPERATION_COUNT + (size_t)(command - local_commands);
	return (size_t)(command - operations);
}

const struct operation *commands_next(const struct operation *command)
{
	const struct operation *next;
	size_t i = command ? place_of(command) + 1 : 0;

	while ((next = command_at(i)) && !next->help)
		i++;
	return next;
}

bool commands_is_local(const struct operation *command)
{
	for (size_t i = 0; i < ARRAY_SIZE(local_commands); i++)
		if (command == &local_commands[i])
			return true;
	return false;
}

const char *commands_verb(const struct operation *command, const char *noun)
{
	size_t len = strlen(noun);

	if (strncmp(command->command, noun, len) != 0 || command->command[len] != ' ')
		return NULL;
	return command->command + len + 1;
}

static bool is_called(const struct operation *command, const char *first, const char *second)
{
	const char *verb;

	if (!second)
		return strcmp(command->command, first) == 0;
	verb = commands_verb(command, first);
	return verb && strcmp(verb, second) == 0;
}

const struct operation *commands_find(const char *first, const char *second)
{
	const struct operation *command;

	if (strchr(first, ' '))
		return NULL;
	for (size_t i = 0; (command = command_at(i)); i++)
		if (is_called(command, first, second))
			return command;
	return NULL;
}

bool commands_has_noun(const char *word)
{
	const struct operation *command = NULL;

	while ((command = commands_next(command)))
		if (commands_verb(command, word))
			return true;
	return false;
}

static bool same_first_word(const struct operation *a, const struct operation *b)
{
	size_t len = strcspn(a->command, " ");

	return len == strcspn(b->command, " ") && strncmp(a->command, b->command, len) == 0;
}

/* Rows of a noun stand together in the table. */
void commands_list_first(const char *separator, struct buf *out)
{
	const struct operation *command = NULL, *previous = NULL;

	while ((command = commands_next(command))) {
		if (!previous || !same_first_word(previous, command))
			buf_printf(out, "%s%.*s", previous ? separator : "",
				   (int)strcspn(command->command, " "), command->command);
		previous = command;
	}
}

void commands_list_verbs(const char *noun, const char *separator, struct buf *out)
{
	const struct operation *command = NULL;
	const char *between = "", *verb;

	while ((command = commands_next(command))) {
		verb = commands_verb(command, noun);
		if (!verb)
			continue;
		buf_printf(out, "%s%s", between, verb);
		between = separator;
	}
}

/* ---- fields ---- */

bool field_is_positional(const struct operation_field *field)
{
	return (field->flags & (OP_POSITIONAL | OP_HIDDEN)) == OP_POSITIONAL;
}

bool field_is_option(const struct operation_field *field)
{
	return field->option && !(field->flags & OP_POSITIONAL);
}

bool field_is_flag(const struct operation_field *field)
{
	return field->kind == OP_BOOL && !strchr(field->name, '/');
}

const struct operation_field *field_find_option(const struct operation_field *fields,
						const char *option)
{
	for (; fields->name; fields++)
		if (field_is_option(fields) && strcmp(fields->option, option) == 0)
			return fields;
	return NULL;
}

const char *field_value_name(const struct operation_field *field)
{
	if (field_is_flag(field))
		return NULL;
	if (field->words)
		return field->words;
	if (field->flags & OP_FILE)
		return "FILE";
	if (field->kind == OP_BOOL)
		return "true|false";
	if (field->kind == OP_PORTS)
		return "N|N-N|all";
	return field->kind == OP_NUMBER ? "N" : "VALUE";
}
