/* SPDX-License-Identifier: BSD-2-Clause */
/* Turns rows of the operation table into JSON Schema. */
#include "schema.h"

#include <stdio.h>
#include <string.h>

#include "leat/operations.h"
#include "request.h"

#define PART_MAX 192

static json_t *words_of(const char *words)
{
	json_t *list = json_array();
	size_t len;

	for (; *words; words += len + (words[len] == '|')) {
		len = strcspn(words, "|");
		json_array_append_new(list, json_stringn(words, len));
	}
	return list;
}

static json_t *schema_of_field(const struct operation_field *field)
{
	static const char *const types[] = {
		[OP_STRING] = "string",
		[OP_NUMBER] = "integer",
		[OP_BOOL] = "boolean",
		[OP_STRINGS] = "array",
	};
	json_t *schema = field->kind == OP_PORTS
				 ? json_pack("{s[ss]}", "type", "integer", "string")
				 : json_pack("{ss}", "type", types[field->kind]);

	if (field->help)
		json_object_set_new(schema, "description", json_string(field->help));
	if (field->kind == OP_STRINGS)
		json_object_set_new(schema, "items", json_pack("{ss}", "type", "string"));
	if (field->words)
		json_object_set_new(schema, "enum", words_of(field->words));
	return schema;
}

static json_t *new_object_schema(void)
{
	return json_pack("{sss{}sb}", "type", "object", "properties", "additionalProperties", 0);
}

/* The schema of the nested object `part` within schema, made when missing. */
static json_t *descend(json_t *schema, const char *part)
{
	json_t *properties = json_object_get(schema, "properties");
	json_t *inner = json_object_get(properties, part);

	if (!inner) {
		inner = new_object_schema();
		json_object_set_new(properties, part, inner);
	}
	return inner;
}

static void require(json_t *schema, const char *name)
{
	json_t *list = json_object_get(schema, "required");

	if (!list) {
		list = json_array();
		json_object_set_new(schema, "required", list);
	}
	json_array_append_new(list, json_string(name));
}

static void add_field(json_t *schema, const struct operation_field *field, bool is_required)
{
	const char *name = field->name, *slash;
	char part[PART_MAX];

	while ((slash = strchr(name, '/'))) {
		snprintf(part, sizeof(part), "%.*s", (int)(slash - name), name);
		schema = descend(schema, part);
		name = slash + 1;
	}
	json_object_set_new(json_object_get(schema, "properties"), name, schema_of_field(field));
	if (is_required)
		require(schema, name);
}

json_t *schema_of_request(const char *operation)
{
	const struct operation_field *fields[REQUEST_FIELDS_MAX];
	size_t count = request_fields(operation, fields);
	json_t *schema;
	bool is_required;

	if (!request_next_row(operation, NULL))
		return NULL;
	schema = new_object_schema();
	json_object_set_new(schema, "$schema",
			    json_string("https://json-schema.org/draft/2020-12/schema"));
	json_object_set_new(schema, "title", json_string(operation));
	for (size_t i = 0; i < count; i++) {
		request_field(operation, fields[i]->name, &is_required);
		add_field(schema, fields[i], is_required);
	}
	return schema;
}

static json_t *commands_of(const char *operation)
{
	const struct operation *row = NULL;
	json_t *list = json_array();

	while ((row = request_next_row(operation, row)))
		json_array_append_new(list, json_string(row->command));
	return list;
}

json_t *schema_list_operations(void)
{
	json_t *list = json_array();
	const struct operation *row;

	for (size_t i = 0; (row = request_row(i)); i++) {
		if (request_next_row(row->name, NULL) != row)
			continue;
		json_array_append_new(list, json_pack("{sssbssso}", "name", row->name, "write",
						      row->is_write, "help", row->help, "commands",
						      commands_of(row->name)));
	}
	return json_pack("{so}", "operations", list);
}
