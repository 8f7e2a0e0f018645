/* SPDX-License-Identifier: BSD-2-Clause */
/* The completion script for bash, from the tables. Pure. */
#ifndef LEAT_CLI_COMPLETION_H
#define LEAT_CLI_COMPLETION_H

#include "base/buf.h"

void completion_append_bash(struct buf *out);

#endif
