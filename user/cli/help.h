/* SPDX-License-Identifier: BSD-2-Clause */
/* Help from the tables: of leatctl, of a noun, of a command. Pure. */
#ifndef LEAT_CLI_HELP_H
#define LEAT_CLI_HELP_H

#include "base/buf.h"
#include "leat/operations.h"

/* command NULL: the commands of noun; noun NULL too: all of them. */
void help_append(const struct operation *command, const char *noun, struct buf *out);

/* "tg create TG --protocol TCP|UDP|TCP_UDP --port N [OPTION...]" */
void help_append_synopsis(const struct operation *command, struct buf *out);

/* "--weight N", "--dry-run", "-f FILE" */
void help_append_option(const struct operation_field *field, struct buf *out);

#endif
