/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bash completion. The script is a fixed part, which finds out what stands before the cursor, and
 * three generated functions that are tables: the words after a word, the options of a command, the
 * kind of value an option or place takes. Names that live in leatd (target groups, load balancers,
 * listeners, targets) are asked from the first columns of `leatctl … list --no-headers`; without
 * leatd there are none.
 */
#include "completion.h"

#include <string.h>

#include "base/base.h"
#include "commands.h"

/* Words are taken from the line itself, because bash's own word list breaks at ':' and '='. A colon
 * before the cursor is what bash has kept of the word: candidates lose it. */
static const char script[] =
	"# bash completion for leatctl; made by: leatctl completion bash\n"
	"\n"
	"# Names that leatd knows; KIND GROUP\n"
	"_leatctl_live() {\n"
	"\tlocal ctl=(leatctl --no-headers ${_leatctl_socket:+--socket \"$_leatctl_socket\"})\n"
	"\tcase $1 in\n"
	"\ttarget) \"${ctl[@]}\" target list \"$2\" ;;\n"
	"\t*) \"${ctl[@]}\" \"$1\" list ;;\n"
	"\tesac 2>/dev/null | while read -r first second _; do\n"
	"\t\tif [ \"$1\" = target ]; then echo \"$second\"; else echo \"$first\"; fi\n"
	"\tdone\n"
	"}\n"
	"\n"
	"# Values of a kind, one a line; KIND FIRST-ARGUMENT\n"
	"_leatctl_values() {\n"
	"\tcase $1 in\n"
	"\t@file) compgen -f -- \"$_leatctl_word\" ;;\n"
	"\t-) ;;\n"
	"\t@*) _leatctl_live \"${1#@}\" \"$2\" ;;\n"
	"\t?*) printf '%s\\n' ${1//|/ } ;;\n"
	"\tesac\n"
	"}\n"
	"\n"
	"# Candidates for the word at the cursor; the words before it\n"
	"_leatctl_candidates() {\n"
	"\tlocal command= place=0 first= expects= word\n"
	"\tfor word in \"$@\"; do\n"
	"\t\tif [ -n \"$expects\" ]; then\n"
	"\t\t\t[ \"$expects\" != --socket ] || _leatctl_socket=$word\n"
	"\t\t\texpects=\n"
	"\t\t\tcontinue\n"
	"\t\tfi\n"
	"\t\tcase $word in\n"
	"\t\t-*=*) ;;\n"
	"\t\t-*) [ -z \"$(_leatctl_kind \"$command\" \"$word\")\" ] || expects=$word ;;\n"
	"\t\t*)\n"
	"\t\t\tif [ -n \"$(_leatctl_next \"$command\")\" ]; then\n"
	"\t\t\t\tcommand=${command:+$command }$word\n"
	"\t\t\telse\n"
	"\t\t\t\tplace=$((place + 1))\n"
	"\t\t\t\tfirst=${first:-$word}\n"
	"\t\t\tfi\n"
	"\t\t\t;;\n"
	"\t\tesac\n"
	"\tdone\n"
	"\tif [ -n \"$expects\" ]; then\n"
	"\t\t_leatctl_values \"$(_leatctl_kind \"$command\" \"$expects\")\" \"$first\"\n"
	"\telif [[ $_leatctl_word == -* ]]; then\n"
	"\t\tprintf '%s\\n' $(_leatctl_options \"$command\")\n"
	"\telif [ -n \"$(_leatctl_next \"$command\")\" ]; then\n"
	"\t\tprintf '%s\\n' $(_leatctl_next \"$command\")\n"
	"\telse\n"
	"\t\t_leatctl_values \"$(_leatctl_kind \"$command\" \"$place\")\" \"$first\"\n"
	"\tfi\n"
	"}\n"
	"\n"
	"_leatctl() {\n"
	"\tlocal line=${COMP_LINE:0:COMP_POINT} words _leatctl_word _leatctl_socket= candidate\n"
	"\tread -ra words <<<\"${line}x\"\n"
	"\twhile [[ ${#words[@]} -gt 2 && ${words[0]##*/} != leatctl ]]; do "
	"words=(\"${words[@]:1}\"); done\n"
	"\t_leatctl_word=${words[-1]%x}\n"
	"\tlocal kept=${_leatctl_word%\"${_leatctl_word##*:}\"}\n"
	"\t[[ $COMP_WORDBREAKS == *:* ]] || kept=\n"
	"\tCOMPREPLY=()\n"
	"\twhile read -r candidate; do\n"
	"\t\t[[ -n $candidate && $candidate == \"$_leatctl_word\"* ]] || continue\n"
	"\t\tCOMPREPLY+=(\"${candidate#\"$kept\"}\")\n"
	"\tdone < <(_leatctl_candidates \"${words[@]:1:${#words[@]}-2}\")\n"
	"\t[[ ${#COMPREPLY[@]} != 1 || ! -d ${COMPREPLY[0]} ]] || compopt -o nospace -o filenames\n"
	"}\n"
	"complete -F _leatctl leatctl\n";

/* What leatd can be asked for a field's values; the first row that fits. */
static const struct {
	const char *field;
	const char *noun; /* only in commands of this noun; NULL: all */
	const char *kind;
} live[] = {
	{"load_balancer", NULL, "@lb"},
	{"target_group", NULL, "@tg"},
	{"default_action/forward", NULL, "@tg"},
	{"targets", "target", "@target"},
	{"name", "lb", "@lb"},
	{"name", "tg", "@tg"},
	{"name", "listener", "@listener"},
	{"socket", NULL, "@file"},
};

static bool is_verb(const struct operation *command, const char *noun, const char *verb)
{
	const char *own = command ? commands_verb(command, noun) : NULL;

	return own && (!verb || strcmp(own, verb) == 0);
}

/* A name that is about to be given is not one that exists. */
static bool names_something_new(const struct operation *command,
				const struct operation_field *field)
{
	if (is_verb(command, "target", "add"))
		return strcmp(field->name, "targets") == 0;
	return strcmp(field->name, "name") == 0 &&
	       (is_verb(command, "lb", "create") || is_verb(command, "tg", "create"));
}

/* What a value can be: words "a|b", "@lb" (ask leatd), "@file", "-" (anything). */
static const char *kind_of(const struct operation *command, const struct operation_field *field)
{
	if (field->flags & OP_FILE)
		return "@file";
	if (field->words)
		return field->words;
	if (field->kind == OP_BOOL)
		return "true|false";
	if (names_something_new(command, field))
		return "-";
	for (size_t i = 0; i < ARRAY_SIZE(live); i++)
		if (strcmp(live[i].field, field->name) == 0 &&
		    (!live[i].noun || is_verb(command, live[i].noun, NULL)))
			return live[i].kind;
	return "-";
}

/* ---- the generated functions ---- */

static void append_next(struct buf *out)
{
	const struct operation *command = NULL;
	struct buf noun = {0}, known = {0};
	size_t len;

	buf_append_text(out, "\n# Words that continue a command\n"
			     "_leatctl_next() {\n\tcase $1 in\n\t'') echo '");
	commands_list_first(" ", out);
	buf_append_text(out, "' ;;\n");
	while ((command = commands_next(command))) {
		len = strcspn(command->command, " ");
		buf_clear(&noun);
		buf_append(&noun, command->command, len);
		if (!command->command[len] || (known.data && !strcmp(known.data, noun.data)))
			continue;
		buf_clear(&known);
		buf_append_text(&known, noun.data);
		buf_printf(out, "\t%s) echo '", noun.data);
		commands_list_verbs(noun.data, " ", out);
		buf_append_text(out, "' ;;\n");
	}
	buf_fini(&noun);
	buf_fini(&known);
	buf_append_text(out, "\tesac\n}\n");
}

static void append_names(const struct operation_field *fields, struct buf *out)
{
	for (; fields->name; fields++)
		if (field_is_option(fields) && !(fields->flags & OP_HIDDEN))
			buf_printf(out, "%s ", fields->option);
}

static void append_options(struct buf *out)
{
	const struct operation *command = NULL;

	buf_append_text(out, "\n# Options of a command\n_leatctl_options() {\n\techo '");
	append_names(commands_globals(), out);
	buf_append_text(out, "'\n\tcase $1 in\n");
	while ((command = commands_next(command))) {
		buf_printf(out, "\t'%s') echo '", command->command);
		append_names(command->fields, out);
		buf_append_text(out, "' ;;\n");
	}
	buf_append_text(out, "\tesac\n}\n");
}

/* Options by name, words by their place, counted from 0; the last list goes on for ever. */
static void append_kinds_of(const struct operation *command, const struct operation_field *fields,
			    struct buf *out)
{
	const char *name = command ? command->command : "*";
	const char *quote = command ? "'" : "";
	size_t place = 0;

	for (; fields->name; fields++) {
		if (field_is_positional(fields) && fields->kind == OP_STRINGS)
			buf_printf(out, "\t%s%s%s:[0-9]*", quote, name, quote);
		else if (field_is_positional(fields))
			buf_printf(out, "\t%s%s%s:%zu", quote, name, quote, place++);
		else if (field_is_option(fields) && !field_is_flag(fields))
			buf_printf(out, "\t%s%s%s:%s", quote, name, quote, fields->option);
		else
			continue;
		buf_printf(out, ") echo '%s' ;;\n", kind_of(command, fields));
	}
}

static void append_kinds(struct buf *out)
{
	const struct operation *command = NULL;

	buf_append_text(out, "\n# What stands after an option or at a place; nothing: a flag\n"
			     "_leatctl_kind() {\n\tcase $1:$2 in\n");
	while ((command = commands_next(command)))
		append_kinds_of(command, command->fields, out);
	append_kinds_of(NULL, commands_globals(), out);
	buf_append_text(out, "\tesac\n}\n");
}

void completion_append_bash(struct buf *out)
{
	buf_append_text(out, script);
	append_next(out);
	append_options(out);
	append_kinds(out);
}
