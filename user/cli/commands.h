/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What leatctl can be told: the operation table (include/leat/operations.h), the commands that need
 * no leatd (completion), and the options that go with every command. All are rows of the same
 * types, so that parsing, help, completion and the manual treat them alike.
 */
#ifndef LEAT_CLI_COMMANDS_H
#define LEAT_CLI_COMMANDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "leat/operations.h"

/* Names of the operations that have a printer of their own or are carried out by leatctl itself. */
#define COMMAND_COMPLETION "completion"
#define COMMAND_MANUAL	   "manual" /* hidden: for whoever builds the man page */

/* Every command in the table's order: NULL gives the first, the last gives NULL. Hidden ones (help
 * is NULL) are left out. */
const struct operation *commands_next(const struct operation *command);

/* "status", NULL or "tg", "list"; NULL when there is none. Hidden ones are found. */
const struct operation *commands_find(const char *first, const char *second);

/* Is it the first of two words ("tg")? */
bool commands_has_noun(const char *word);
/* Does the command begin with this noun? Returns its second word, else NULL. */
const char *commands_verb(const struct operation *command, const char *noun);

/* First words, each once ("apply, diff, …, lb, …"); second words of a noun. Appended to out with
 * the separator between. */
void commands_list_first(const char *separator, struct buf *out);
void commands_list_verbs(const char *noun, const char *separator, struct buf *out);

/* The command is done by leatctl itself: there is no request. */
bool commands_is_local(const struct operation *command);

/* Global options; ends with name NULL. */
const struct operation_field *commands_globals(void);

/* ---- fields ---- */
bool field_is_option(const struct operation_field *field);     /* can be typed as an option */
bool field_is_positional(const struct operation_field *field); /* can be typed as a word */
/* An option without a value: a boolean of the request itself. Booleans further in ("a/b") are
 * settings of a noun and may have a value. */
bool field_is_flag(const struct operation_field *field);
/* Field of the list with this option ("--weight"), NULL when there is none. */
const struct operation_field *field_find_option(const struct operation_field *fields,
						const char *option);
/* What stands for the value in help: "FILE", "N", "TCP|UDP"; NULL for flags. */
const char *field_value_name(const struct operation_field *field);

#endif
