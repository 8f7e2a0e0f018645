/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tables are turned into: help, the manual page, the completion script. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/base.h"
#include "base/fd.h"
#include "cli/commands.h"
#include "cli/completion.h"
#include "cli/help.h"
#include "cli/manual.h"

#define PAGE	 "user/programs/leatctl.8" /* tests run in the top folder */
#define PAGE_MAX ((size_t)1 << 20)

static void check_contains(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("'%s' is not in:\n%s", part, text);
}

/* ---- help ---- */

static void test_help_of_a_command(void **state)
{
	struct buf out = {0};

	help_append(commands_find("target", "add"), "target", &out);
	check_contains(out.data,
		       "usage: leatctl target add TG ADDR[:PORT]... [OPTION...]\n"
		       "add targets, or take drained ones back\n"
		       "\n"
		       "arguments:\n"
		       "  TG                                 target group\n"
		       "  ADDR[:PORT]                        targets\n"
		       "\n"
		       "options:\n"
		       "  --weight N                         0..999 (default 1)\n"
		       "  --dry-run                          only show what would change\n"
		       "\n"
		       "options of every command:\n"
		       "  -o table|json|yaml                 form of the answer (default table)\n");
	assert_null(strstr(out.data, "-h ")); /* the short form is not advertised */
	buf_fini(&out);
}

static void test_help_of_a_noun(void **state)
{
	struct buf out = {0};

	help_append(NULL, "tg", &out);
	check_contains(out.data, "usage: leatctl tg COMMAND [ARGUMENT...] [OPTION...]\n");
	check_contains(out.data, "  tg create           create a target group\n");
	assert_null(strstr(out.data, "target add"));
	buf_fini(&out);
}

static void test_help_has_everything(void **state)
{
	const struct operation *command = NULL;
	const struct operation_field *field;
	struct buf all = {0}, one = {0};

	help_append(NULL, NULL, &all);
	while ((command = commands_next(command))) {
		check_contains(all.data, command->command);
		check_contains(all.data, command->help);
		buf_clear(&one);
		help_append(command, NULL, &one);
		for (field = command->fields; field->name; field++)
			if (!(field->flags & OP_HIDDEN))
				check_contains(one.data, field->option);
	}
	assert_null(strstr(all.data, "manual  ")); /* hidden */
	buf_fini(&all);
	buf_fini(&one);
}

static void test_synopsis(void **state)
{
	static const struct {
		const char *first, *second, *synopsis;
	} cases[] = {
		{"apply", NULL, "apply -f FILE [OPTION...]"},
		{"diff", NULL, "diff -f FILE"},
		{"tg", "list", "tg list"},
		{"listener", "list", "listener list [LB]"},
		{"listener", "create",
		 "listener create LB --protocol TCP|UDP|TCP_UDP --port N|N-N|all --forward VALUE [OPTION...]"},
		{"target", "weight", "target weight TG ADDR[:PORT]... --weight N [OPTION...]"},
	};
	struct buf out = {0};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		buf_clear(&out);
		help_append_synopsis(commands_find(cases[i].first, cases[i].second), &out);
		assert_string_equal(out.data, cases[i].synopsis);
	}
	buf_fini(&out);
}

/* ---- the manual page ---- */

static void test_page_has_every_command_and_option(void **state)
{
	struct err err = {""};
	struct buf part = {0};
	char *page;

	if (fd_read_file(PAGE, PAGE_MAX, &page, NULL, &err))
		fail_msg("%s", err.text);
	manual_append(&part);
	if (!strstr(page, part.data))
		fail_msg(PAGE " is behind the operation table: see user/cli/README.md, 'The manual "
			      "page'");
	free(page);
	buf_fini(&part);
}

static void test_manual_in_roff(void **state)
{
	struct buf part = {0};

	manual_append(&part);
	check_contains(part.data, ".SH COMMANDS\n.SS apply \\-f FILE [OPTION...]\n"
				  "make the state match a file; prints the plan\n"
				  ".TP\n.B \\-f FILE\n"
				  "FILE in YAML or JSON, \\- for standard input (required)\n"
				  ".TP\n.B \\-\\-dry\\-run\nonly show what would change\n"
				  ".SS diff");
	check_contains(part.data, ".SH OPTIONS\n");
	buf_fini(&part);
}

/* ---- completion ---- */

static const struct {
	const char *line;	/* up to the cursor */
	const char *candidates; /* in brackets, one blank between */
} completions[] = {
	{"leatctl ap", "[apply]"},
	{"leatctl l", "[lb listener]"},
	{"leatctl tg ", "[list show create modify delete]"},
	{"leatctl tg --no-headers cr", "[create]"},
	{"leatctl -o json target d", "[drain]"},
	{"leatctl -o ", "[table json yaml]"},
	{"leatctl status -o y", "[yaml]"},
	{"leatctl target add web --",
	 "[--socket --no-headers --help --version --weight --dry-run]"},
	{"leatctl target add web --weight ", "[]"},
	{"leatctl tg create web --protocol ", "[TCP UDP TCP_UDP]"},
	{"leatctl tg modify web --stickiness ", "[true false]"},
	{"leatctl completion ", "[bash]"},
	/* names that leatd knows */
	{"leatctl tg show ", "[web api]"},
	{"leatctl tg delete a", "[api]"},
	{"leatctl tg create ", "[]"},
	{"leatctl lb show ", "[edge]"},
	{"leatctl lb create ", "[]"},
	{"leatctl listener create e", "[edge]"},
	{"leatctl listener create edge --protocol TCP --forward w", "[web]"},
	{"leatctl listener show edge/", "[edge/TCP:80 edge/UDP:53]"},
	{"leatctl listener show edge/TCP:", "[80]"},
	{"leatctl target add ", "[web api]"},
	{"leatctl target add web ", "[]"},
	{"leatctl target drain --dry-run web ", "[10.0.1.11:80 10.0.1.12:80]"},
	{"leatctl target drain web 10.0.1.11:80 10.0.1.1", "[10.0.1.11:80 10.0.1.12:80]"},
	{"leatctl flows --target-group ", "[web api]"},
	{"leatctl --socket /run/x.sock tg show ", "[of-x]"},
	{"LEAT_LOG=1 leatctl ap", "[apply]"},
	{"/usr/bin/leatctl ap", "[apply]"},
	/* files */
	{"leatctl apply -f /proc/uptim", "[/proc/uptime]"},
	{"leatctl --socket /proc/uptim", "[/proc/uptime]"},
};

/* The shell around the script: a leatctl that knows some names, and a line to complete. */
static const char driver[] =
	"leatctl() {\n"
	"  case $* in\n"
	"  '--no-headers tg list') echo 'web TCP 80'; echo 'api TCP 81' ;;\n"
	"  '--no-headers lb list') echo 'edge network' ;;\n"
	"  '--no-headers listener list') echo edge/TCP:80 x; echo edge/UDP:53 x ;;\n"
	"  '--no-headers target list web') echo web 10.0.1.11:80 1; echo web 10.0.1.12:80 1 ;;\n"
	"  '--no-headers --socket /run/x.sock tg list') echo of-x ;;\n"
	"  *) echo \"leatctl: asked for $*\" >&2; echo WRONG ;;\n"
	"  esac\n"
	"}\n"
	"COMP_WORDBREAKS=$' \\t\\n\"\\'><=;|&(:'\n"
	"complete_line() {\n"
	"  COMP_LINE=$1 COMP_POINT=${#1}\n"
	"  _leatctl leatctl\n"
	"  echo \"[${COMPREPLY[*]}]\"\n"
	"}\n";

struct script {
	char path[64];
	FILE *file;
};

static void open_script(struct script *script)
{
	struct buf text = {0};
	int fd;

	snprintf(script->path, sizeof(script->path), "/tmp/leat-cli-XXXXXX");
	fd = mkstemp(script->path);
	assert_true(fd >= 0);
	script->file = fdopen(fd, "w");
	completion_append_bash(&text);
	fputs(text.data, script->file);
	buf_fini(&text);
}

/* What bash prints of it. */
static FILE *run_script(struct script *script, const char *options)
{
	char command[128];
	FILE *output;

	fclose(script->file);
	snprintf(command, sizeof(command), "bash --norc %s %s 2>&1", options, script->path);
	output = popen(command, "r");
	assert_non_null(output);
	return output;
}

static void test_script_is_valid(void **state)
{
	struct script script;
	FILE *output;
	char line[256];

	open_script(&script);
	output = run_script(&script, "-n");
	assert_null(fgets(line, sizeof(line), output));
	assert_int_equal(pclose(output), 0);
	unlink(script.path);
}

static void test_script_completes(void **state)
{
	struct script script;
	char line[1024];
	FILE *output;

	open_script(&script);
	fputs(driver, script.file);
	for (size_t i = 0; i < ARRAY_SIZE(completions); i++)
		fprintf(script.file, "complete_line '%s'\n", completions[i].line);
	output = run_script(&script, "");
	for (size_t i = 0; i < ARRAY_SIZE(completions); i++) {
		assert_non_null(fgets(line, sizeof(line), output));
		line[strcspn(line, "\n")] = '\0';
		if (strcmp(line, completions[i].candidates) != 0)
			fail_msg("'%s' gives %s, not %s", completions[i].line, line,
				 completions[i].candidates);
	}
	assert_int_equal(pclose(output), 0);
	unlink(script.path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_help_of_a_command),
		cmocka_unit_test(test_help_of_a_noun),
		cmocka_unit_test(test_help_has_everything),
		cmocka_unit_test(test_synopsis),
		cmocka_unit_test(test_page_has_every_command_and_option),
		cmocka_unit_test(test_manual_in_roff),
		cmocka_unit_test(test_script_is_valid),
		cmocka_unit_test(test_script_completes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
