/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The generic check of a request. An operation may have several rows (commands); a request is one
 * of them, so fields are looked up over all rows, and a field is required when every row requires
 * it.
 */
#include "request.h"

#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "base/buf.h"
#include "leat/operations.h"

#define FIELD_NAME_MAX 192
#define DEPTH_MAX      4
#define QUOTE_MAX      64 /* bytes of a wrong value that are repeated to its author */

const struct operation *request_next_row(const char *operation, const struct operation *row)
{
	for (row = row ? row + 1 : operations; row < operations + OPERATION_COUNT; row++)
		if (strcmp(row->name, operation) == 0)
			return row;
	return NULL;
}

const struct operation *request_row(size_t index)
{
	return index < OPERATION_COUNT ? &operations[index] : NULL;
}

static const struct operation_field *field_of_row(const struct operation *row, const char *name)
{
	for (const struct operation_field *field = row->fields; field->name; field++)
		if (strcmp(field->name, name) == 0)
			return field;
	return NULL;
}

const struct operation_field *request_field(const char *operation, const char *name,
					    bool *is_required)
{
	const struct operation_field *found = NULL, *field;
	const struct operation *row = NULL;

	*is_required = true;
	while ((row = request_next_row(operation, row))) {
		field = field_of_row(row, name);
		if (!field || !(field->flags & OP_REQUIRED))
			*is_required = false;
		if (!found)
			found = field;
	}
	return found;
}

static bool is_listed(const struct operation_field **fields, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(fields[i]->name, name) == 0)
			return true;
	return false;
}

size_t request_fields(const char *operation,
		      const struct operation_field *fields[REQUEST_FIELDS_MAX])
{
	const struct operation *row = NULL;
	const struct operation_field *field;
	size_t count = 0;

	while ((row = request_next_row(operation, row)))
		for (field = row->fields; field->name && count < REQUEST_FIELDS_MAX; field++)
			if (!is_listed(fields, count, field->name))
				fields[count++] = field;
	return count;
}

/* ---- kinds ---- */

static bool is_strings(const json_t *value)
{
	size_t i;
	json_t *item;

	if (!json_is_array(value))
		return false;
	json_array_foreach((json_t *)value, i, item) if (!json_is_string(item)) return false;
	return true;
}

static bool has_kind(const json_t *value, enum operation_kind kind)
{
	switch (kind) {
	case OP_STRING:
		return json_is_string(value);
	case OP_NUMBER:
		return json_is_integer(value);
	case OP_PORTS:
		return json_is_integer(value) || json_is_string(value);
	case OP_BOOL:
		return json_is_boolean(value);
	case OP_STRINGS:
		return is_strings(value);
	}
	return false;
}

static const char *kind_text(enum operation_kind kind)
{
	static const char *const texts[] = {
		[OP_STRING] = "a string",
		[OP_NUMBER] = "a whole number",
		[OP_PORTS] = "a whole number or a string",
		[OP_BOOL] = "true or false",
		[OP_STRINGS] = "an array of strings",
	};

	return texts[kind];
}

static bool is_word(const char *words, const char *value)
{
	size_t len = strlen(value);

	if (strchr(value, '|'))
		return false;
	for (const char *word = words; word; word = strchr(word, '|')) {
		word += *word == '|';
		if (strncmp(word, value, len) == 0 && (word[len] == '|' || word[len] == '\0'))
			return len > 0;
	}
	return false;
}

static int check_value(const struct operation_field *field, const json_t *value,
		       struct refusal *refusal)
{
	if (!has_kind(value, field->kind))
		return refuse(refusal, REFUSED_VALIDATION, "'%s' must be %s", field->name,
			      kind_text(field->kind));
	if (field->words && field->kind == OP_STRING &&
	    !is_word(field->words, json_string_value(value)))
		return refuse(refusal, REFUSED_VALIDATION, "'%s': '%.*s' is not one of %s",
			      field->name, QUOTE_MAX, json_string_value(value), field->words);
	return 0;
}

/* ---- the walk ---- */

static int refuse_unknown(const char *operation, const char *name, struct refusal *refusal)
{
	const struct operation_field *fields[REQUEST_FIELDS_MAX];
	size_t count = request_fields(operation, fields);
	struct buf known = {0};

	for (size_t i = 0; i < count; i++)
		buf_printf(&known, "%s%s", i ? ", " : "", fields[i]->name);
	refuse(refusal, REFUSED_VALIDATION, "unknown field '%.*s' (known: %s)", QUOTE_MAX, name,
	       count ? known.data : "none");
	buf_fini(&known);
	return -1;
}

/* Is there a field below this name? */
static bool is_prefix(const char *operation, const char *name)
{
	const struct operation_field *fields[REQUEST_FIELDS_MAX];
	size_t count = request_fields(operation, fields), len = strlen(name);

	for (size_t i = 0; i < count; i++)
		if (strncmp(fields[i]->name, name, len) == 0 && fields[i]->name[len] == '/')
			return true;
	return false;
}

static int check_object(const char *operation, const char *prefix, const json_t *object,
			unsigned depth, struct refusal *refusal);

static int check_member(const char *operation, const char *name, const json_t *value,
			unsigned depth, struct refusal *refusal)
{
	const struct operation_field *field;
	bool is_required;

	field = request_field(operation, name, &is_required);
	if (field)
		return check_value(field, value, refusal);
	if (depth == DEPTH_MAX || !is_prefix(operation, name))
		return refuse_unknown(operation, name, refusal);
	if (!json_is_object(value))
		return refuse(refusal, REFUSED_VALIDATION, "'%s' must be an object", name);
	return check_object(operation, name, value, depth + 1, refusal);
}

static int check_object(const char *operation, const char *prefix, const json_t *object,
			unsigned depth, struct refusal *refusal)
{
	char name[FIELD_NAME_MAX];
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)object, key, value)
	{
		snprintf(name, sizeof(name), "%s%s%s", prefix, *prefix ? "/" : "", key);
		if (check_member(operation, name, value, depth, refusal))
			return -1;
	}
	return 0;
}

static const json_t *look_up(const json_t *object, const char *name)
{
	char part[FIELD_NAME_MAX];
	const char *slash;

	while (object && (slash = strchr(name, '/'))) {
		snprintf(part, sizeof(part), "%.*s", (int)(slash - name), name);
		object = json_object_get(object, part);
		name = slash + 1;
	}
	return object ? json_object_get(object, name) : NULL;
}

static int check_required(const char *operation, const json_t *request, struct refusal *refusal)
{
	const struct operation_field *fields[REQUEST_FIELDS_MAX];
	size_t count = request_fields(operation, fields);
	bool is_required;

	for (size_t i = 0; i < count; i++) {
		request_field(operation, fields[i]->name, &is_required);
		if (is_required && !look_up(request, fields[i]->name))
			return refuse(refusal, REFUSED_VALIDATION, "'%s' is missing",
				      fields[i]->name);
	}
	return 0;
}

int request_check(const char *operation, const json_t *request, struct refusal *refusal)
{
	if (!request_next_row(operation, NULL))
		return refuse(refusal, REFUSED_INVALID_ACTION, "there is no operation '%.*s'",
			      QUOTE_MAX, operation);
	if (!json_is_object(request))
		return refuse(refusal, REFUSED_VALIDATION, "a request must be a JSON object");
	if (check_object(operation, "", request, 0, refusal))
		return -1;
	return check_required(operation, request, refusal);
}

/* ---- readers ---- */

const char *request_string(const json_t *request, const char *name)
{
	return json_string_value(look_up(request, name));
}

bool request_bool(const json_t *request, const char *name)
{
	return json_is_true(look_up(request, name));
}

json_int_t request_number(const json_t *request, const char *name, json_int_t otherwise)
{
	const json_t *value = look_up(request, name);

	return json_is_integer(value) ? json_integer_value(value) : otherwise;
}
