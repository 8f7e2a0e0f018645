/* SPDX-License-Identifier: BSD-2-Clause */
/* One value of an answer as a person reads it; the formats of operations.h. Pure. */
#ifndef LEAT_CLI_FORMAT_H
#define LEAT_CLI_FORMAT_H

#include <jansson.h>
#include <stdbool.h>

#include "base/buf.h"
#include "leat/operations.h"

/* Appends the value, cleaned of control characters. Absent, null, empty, or not what the format is
 * for: "-", or the value as it is. */
void format_value(const json_t *value, enum operation_format format, struct buf *out);

void format_age(double seconds, struct buf *out);   /* "12s", "3m 12s", "5h 3m", "12d 4h" */
void format_bytes(double bytes, struct buf *out);   /* "512 B", "1.2 MiB" */
bool format_is_right(enum operation_format format); /* belongs at the right edge of its column */

#endif
