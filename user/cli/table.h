/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rows of an answer as columns, or one row as "HEADER: value" lines. Nothing is cut: a terminal
 * that is too narrow wraps, a pipe gets everything. Columns stand two spaces apart, numbers at the
 * right edge of theirs.
 */
#ifndef LEAT_CLI_TABLE_H
#define LEAT_CLI_TABLE_H

#include <jansson.h>
#include <stdbool.h>

#include "base/buf.h"
#include "leat/operations.h"

/* rows: array of objects. No row: the header alone. */
void table_append_rows(const struct operation_column *columns, const json_t *rows, bool headers,
		       struct buf *out);

/* The columns' values first, then whatever else the object has, by its keys ("health_check.path").
 */
void table_append_object(const struct operation_column *columns, const json_t *object,
			 struct buf *out);

#endif
