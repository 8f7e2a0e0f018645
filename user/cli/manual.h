/* SPDX-License-Identifier: BSD-2-Clause */
/* The part of leatctl(8) that the tables know. Pure. */
#ifndef LEAT_CLI_MANUAL_H
#define LEAT_CLI_MANUAL_H

#include "base/buf.h"

/* The sections COMMANDS and OPTIONS in man(7). user/programs/leatctl.8 holds them word for word; a
 * unit test compares. */
void manual_append(struct buf *out);

#endif
