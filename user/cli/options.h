/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The command line: words and options in, a command and its JSON request out. Driven by the tables
 * of commands.h; knows no command by name. Pure: files that are named are read by request.c.
 */
#ifndef LEAT_CLI_OPTIONS_H
#define LEAT_CLI_OPTIONS_H

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"
#include "leat/operations.h"

struct invocation {
	const struct operation *command; /* NULL: none was named (help, version) */
	const char *noun;		 /* first word of a command of two; else NULL. From argv */
	json_t *request;		 /* owned */
	json_t *globals;		 /* owned: values of the global options */
};

/* 0, or -EINVAL with err: one sentence that begins with the command's name once that is known.
 * Options may stand anywhere, "--" ends them; "--name value", "--name=value", "-n value",
 * "-nvalue". With --help or --version only an unknown command is refused. invocation is to be freed
 * in any case. */
__must_check int options_parse(int argc, char *const argv[], struct invocation *invocation,
			       struct err *err);
void options_fini(struct invocation *invocation);

const char *options_output(const struct invocation *invocation); /* "table", "json", "yaml" */
const char *options_socket(const struct invocation *invocation); /* NULL: not given */
/* "help", "version", "no_headers" */
bool options_has(const struct invocation *invocation, const char *global);

/* What to type for help about what was understood so far: "leatctl tg --help". Returns text. */
#define OPTIONS_HINT_MAX 128
char *options_hint(const struct invocation *invocation, char text[OPTIONS_HINT_MAX]);

#endif
