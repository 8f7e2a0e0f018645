/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Checks a request against the operation table (include/leat/operations.h) before its handler runs:
 * unknown, missing and mistyped fields, words that are not in the list. What one field can't tell
 * is the model's to judge. Pure.
 */
#ifndef LEAT_CONTROL_REQUEST_H
#define LEAT_CONTROL_REQUEST_H

#include <jansson.h>
#include <stdbool.h>

#include "refusal.h"

struct operation;
struct operation_field;

/* 0, or -1 with refusal filled: InvalidAction when there is no such operation, else
 * ValidationError. */
int request_check(const char *operation, const json_t *request, struct refusal *refusal);

/* Rows of the operation table with this name: *row is NULL at first, and the answer until there is
 * none left (NULL). */
const struct operation *request_next_row(const char *operation, const struct operation *row);

/* Every row in the table's order; NULL past the last. (The table is static in each file that
 * includes it: one copy is asked, so that rows can be compared.) */
const struct operation *request_row(size_t index);

/* The field as any row of the operation has it; NULL when there is none. is_required: every row
 * requires it. */
const struct operation_field *request_field(const char *operation, const char *name,
					    bool *is_required);

#define REQUEST_FIELDS_MAX 32 /* per operation, over all its rows */
/* Distinct fields over all rows, in the table's order; returns how many. */
size_t request_fields(const char *operation,
		      const struct operation_field *fields[REQUEST_FIELDS_MAX]);

/* Readers for handlers: the request was checked, so what is there has the right kind. */
const char *request_string(const json_t *request, const char *name); /* NULL: absent */
bool request_bool(const json_t *request, const char *name);	     /* false: absent */
json_int_t request_number(const json_t *request, const char *name, json_int_t otherwise);

#endif
