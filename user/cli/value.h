/* SPDX-License-Identifier: BSD-2-Clause */
/* A value as it was typed, checked against its field and put into a JSON object. Pure. */
#ifndef LEAT_CLI_VALUE_H
#define LEAT_CLI_VALUE_H

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"
#include "leat/operations.h"

/* Puts text into the object at the field's place ("a/b": object b within a, made when missing):
 * string, integer, boolean, or one more item of an array. -EINVAL with err ("--weight: 'x' is not a
 * whole number"): wrong kind, none of the words, empty, not UTF-8, given before. */
__must_check int value_put(json_t *object, const struct operation_field *field, const char *text,
			   struct err *err);

/* What stands at the field's place; NULL when nothing does. Borrowed. */
json_t *value_get(const json_t *object, const struct operation_field *field);

/* Is text one of "a|b|c"? */
bool value_is_word(const char *words, const char *text);

#endif
