/* SPDX-License-Identifier: BSD-2-Clause */
/* The tables as JSON Schema: for editors, for generated documentation, for the tests that compare
 * documents with code. */
#include "codec.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"

/* A default that is a number or a truth value is one, anything else is a text. */
static json_t *fallback_value(const char *text)
{
	json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);

	return value ? value : json_string(text);
}

static json_t *describe_field(const struct field *field)
{
	json_t *schema = field->codec->describe(field);

	if (field->help)
		json_object_set_new(schema, "description", json_string(field->help));
	if (field->fallback)
		json_object_set_new(schema, "default", fallback_value(field->fallback));
	return schema;
}

json_t *codec_describe_noun(const struct noun *noun)
{
	json_t *properties = json_object(), *required = json_array();
	json_t *schema = json_pack("{s:s, s:s, s:o, s:o, s:b}", "type", "object", "description",
				   noun->help, "properties", properties, "required", required,
				   "additionalProperties", 0);

	for (const struct field *f = noun->fields; f < noun->fields + noun->field_count; f++) {
		json_object_set_new(properties, f->key, describe_field(f));
		if (f->required)
			json_array_append_new(required, json_string(f->key));
	}
	return schema;
}

char *conf_schema_json(const char *name)
{
	static const struct noun *const nouns[] = {
		&noun_state,  &noun_load_balancer,  &noun_listener, &noun_target_group,
		&noun_target, &noun_security_group, &noun_node,
	};

	for (size_t i = 0; i < ARRAY_SIZE(nouns); i++) {
		json_t *schema;
		char *text;

		if (strcmp(nouns[i]->name, name) != 0)
			continue;
		schema = json_pack("{s:s, s:s}", "$schema",
				   "https://json-schema.org/draft/2020-12/schema", "title", name);
		json_object_update_new(schema, codec_describe_noun(nouns[i]));
		text = json_dumps(schema, JSON_INDENT(2));
		json_decref(schema);
		return text;
	}
	return NULL;
}
