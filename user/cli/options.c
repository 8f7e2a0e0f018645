/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One walk over the arguments. The first words name the command; until it is known only global
 * options can stand there. Names are compared whole, never by prefix.
 */
#include "options.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "commands.h"
#include "value.h"

#define OPTION_MAX 64 /* bytes of "--option", terminating zero included */

struct parser {
	char *const *argv;
	int argc;
	int at; /* next argument */
	bool options_ended;
	bool lost;		/* the command is unknown: no help can be given about it */
	size_t positional_next; /* place in the command's fields */
	struct invocation *invocation;
};

/* ---- commands ---- */

static int refuse_command(struct parser *parser, const char *word, struct err *err)
{
	const char *noun = parser->invocation->noun;
	struct buf known = {0};

	parser->lost = true;
	if (noun)
		commands_list_verbs(noun, ", ", &known);
	else
		commands_list_first(", ", &known);
	err_set(err, -EINVAL, "there is no command '%s%s%s' (there are: %s)", noun ? noun : "",
		noun ? " " : "", word, known.data);
	buf_fini(&known);
	return -EINVAL;
}

static int take_command_word(struct parser *parser, const char *word, struct err *err)
{
	struct invocation *invocation = parser->invocation;

	if (invocation->noun)
		invocation->command = commands_find(invocation->noun, word);
	else if (commands_has_noun(word))
		invocation->noun = word;
	else
		invocation->command = commands_find(word, NULL);
	if (!invocation->command && invocation->noun != word)
		return refuse_command(parser, word, err);
	return 0;
}

/* ---- words ---- */

static int take_positional(struct parser *parser, const char *word, struct err *err)
{
	const struct operation_field *field =
		parser->invocation->command->fields + parser->positional_next;

	while (field->name && !field_is_positional(field))
		field++;
	if (!field->name)
		return err_set(err, -EINVAL, "unexpected argument '%s'", word);
	parser->positional_next = (size_t)(field - parser->invocation->command->fields);
	if (field->kind != OP_STRINGS)
		parser->positional_next++;
	return value_put(parser->invocation->request, field, word, err);
}

static int take_word(struct parser *parser, const char *word, struct err *err)
{
	if (!parser->invocation->command)
		return take_command_word(parser, word, err);
	return take_positional(parser, word, err);
}

/* ---- options ---- */

/* "--name=value" and "-nvalue" into name and value; value NULL when the argument has none. */
static const char *split_option(const char *arg, char name[OPTION_MAX])
{
	size_t len = arg[1] == '-' ? strcspn(arg, "=") : 2;

	snprintf(name, OPTION_MAX, "%.*s", (int)len, arg);
	if (!arg[len])
		return NULL;
	return arg + len + (arg[1] == '-');
}

static const struct operation_field *find_option(const struct parser *parser, const char *name,
						 json_t **into)
{
	const struct operation *command = parser->invocation->command;
	const struct operation_field *field = NULL;

	*into = parser->invocation->request;
	if (command)
		field = field_find_option(command->fields, name);
	if (field)
		return field;
	*into = parser->invocation->globals;
	return field_find_option(commands_globals(), name);
}

static bool is_truth(const char *arg)
{
	return arg && (strcmp(arg, "true") == 0 || strcmp(arg, "false") == 0);
}

/* The value of an option that did not bring it along. A value never begins with "--": that is a
 * forgotten value. NULL: there is none. */
static const char *next_value(struct parser *parser, const struct operation_field *field)
{
	const char *next = parser->at < parser->argc ? parser->argv[parser->at] : NULL;

	if (field_is_flag(field) || (field->kind == OP_BOOL && !is_truth(next)))
		return "true";
	if (!next || strncmp(next, "--", 2) == 0)
		return NULL;
	parser->at++;
	return next;
}

static int take_option(struct parser *parser, const char *arg, struct err *err)
{
	const struct operation_field *field;
	char name[OPTION_MAX];
	const char *value = split_option(arg, name);
	json_t *into;

	field = find_option(parser, name, &into);
	if (!field)
		return err_set(err, -EINVAL, "there is no option '%s'%s", name,
			       parser->invocation->command ? "" : " before the command");
	if (!value)
		value = next_value(parser, field);
	if (!value)
		return err_set(err, -EINVAL, "%s needs a value", name);
	return value_put(into, field, value, err);
}

/* ---- all of it ---- */

static int take_argument(struct parser *parser, struct err *err)
{
	const char *arg = parser->argv[parser->at++];

	if (parser->options_ended || arg[0] != '-' || !arg[1])
		return take_word(parser, arg, err);
	if (strcmp(arg, "--") != 0)
		return take_option(parser, arg, err);
	parser->options_ended = true;
	return 0;
}

static int refuse_incomplete(const struct invocation *invocation, struct err *err)
{
	struct buf known = {0};

	if (invocation->noun)
		commands_list_verbs(invocation->noun, ", ", &known);
	else
		commands_list_first(", ", &known);
	err_set(err, -EINVAL, "%s is missing (one of: %s)",
		invocation->noun ? "what to do" : "the command", known.data);
	buf_fini(&known);
	return -EINVAL;
}

static int check_complete(const struct invocation *invocation, struct err *err)
{
	const struct operation_field *field;

	if (!invocation->command)
		return refuse_incomplete(invocation, err);
	for (field = invocation->command->fields; field->name; field++)
		if ((field->flags & OP_REQUIRED) && !value_get(invocation->request, field))
			return err_set(err, -EINVAL, "%s is missing", field->option);
	return 0;
}

/* Somebody who asks for help gets it, whatever else is wrong on the line. */
static bool asks_for_help(const struct parser *parser)
{
	for (int i = 1; i < parser->argc && strcmp(parser->argv[i], "--") != 0; i++)
		if (strcmp(parser->argv[i], "--help") == 0 || strcmp(parser->argv[i], "-h") == 0)
			return true;
	return false;
}

static int finish(struct parser *parser, int ret, struct err *err)
{
	struct invocation *invocation = parser->invocation;

	if (!parser->lost && asks_for_help(parser)) {
		json_object_set_new(invocation->globals, "help", json_true());
		err_clear(err);
		return 0;
	}
	if (!ret && !options_has(invocation, "version"))
		ret = check_complete(invocation, err);
	if (ret && invocation->command)
		err_prefix(err, "%s: ", invocation->command->command);
	else if (ret && invocation->noun && !parser->lost)
		err_prefix(err, "%s: ", invocation->noun);
	return ret;
}

int options_parse(int argc, char *const argv[], struct invocation *invocation, struct err *err)
{
	struct parser parser = {.argv = argv, .argc = argc, .at = 1, .invocation = invocation};
	int ret = 0;

	*invocation = (struct invocation){.request = json_object(), .globals = json_object()};
	while (!ret && parser.at < argc)
		ret = take_argument(&parser, err);
	return finish(&parser, ret, err);
}

void options_fini(struct invocation *invocation)
{
	json_decref(invocation->request);
	json_decref(invocation->globals);
	*invocation = (struct invocation){0};
}

const char *options_output(const struct invocation *invocation)
{
	const char *output = json_string_value(json_object_get(invocation->globals, "output"));

	return output ? output : "table";
}

const char *options_socket(const struct invocation *invocation)
{
	return json_string_value(json_object_get(invocation->globals, "socket"));
}

bool options_has(const struct invocation *invocation, const char *global)
{
	return json_is_true(json_object_get(invocation->globals, global));
}

char *options_hint(const struct invocation *invocation, char text[OPTIONS_HINT_MAX])
{
	const char *about = invocation->command ? invocation->command->command : invocation->noun;

	snprintf(text, OPTIONS_HINT_MAX, "leatctl %s%s--help", about ? about : "",
		 about ? " " : "");
	return text;
}
