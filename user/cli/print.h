/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Answers for people: one printer a kind of answer. A printer checks that what it needs is there
 * before it prints anything. Pure.
 */
#ifndef LEAT_CLI_PRINT_H
#define LEAT_CLI_PRINT_H

#include <jansson.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "leat/operations.h"

struct view {
	const struct operation *command; /* that was answered */
	const json_t *answer;
	bool headers;
};

/* All: 0, or -EPROTO with err ("'targets' is missing"): out is as it was. */
__must_check int print_tables(const struct view *view, struct buf *out, struct err *err);
__must_check int print_plan(const struct view *view, struct buf *out, struct err *err);
__must_check int print_export(const struct view *view, struct buf *out, struct err *err);
__must_check int print_status(const struct view *view, struct buf *out, struct err *err);
__must_check int print_version(const struct view *view, struct buf *out, struct err *err);
__must_check int print_detach(const struct view *view, struct buf *out, struct err *err);

/* For printers: the member, or NULL with err when it is missing or has another type. */
json_t *print_member(const json_t *object, const char *key, json_type type, struct err *err);

#endif
