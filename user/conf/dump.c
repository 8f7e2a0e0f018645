/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From a model to text. The model becomes a JSON value by the tables; JSON is printed by
 * jansson, YAML by yaml.c. What equals its default is left out unless everything is asked for.
 */
#include "codec.h"

#include <stdlib.h>

#include "base/buf.h"

static bool is_empty_list(const json_t *value)
{
	return json_is_array(value) && !json_array_size(value);
}

/* Nothing is lost by leaving the value out: reading the file back fills it in again. */
static bool is_default(const struct encoder *e, const struct field *field, const json_t *value,
		       const void *plain)
{
	json_t *usual;
	bool equal;

	if (e->all || field->required)
		return false;
	if (is_empty_list(value))
		return true;
	if (field->codec == &codec_map || field->codec == &codec_nouns)
		return false; /* decided inside */
	usual = field->codec->encode(e, field, plain, plain);
	equal = usual && json_equal(value, usual);
	json_decref(usual);
	return equal;
}

json_t *codec_encode_record(const struct encoder *e, const struct noun *noun, const void *record,
			    const void *plain)
{
	json_t *object = json_object();

	for (const struct field *f = noun->fields; f < noun->fields + noun->field_count; f++) {
		json_t *value = f->codec->encode(e, f, record, plain);

		if (value && !is_default(e, f, value, plain))
			json_object_set_new(object, f->key, value);
		else
			json_decref(value);
	}
	return object;
}

static json_t *encode_state(const struct model *model, bool all, bool short_targets)
{
	struct encoder e = {.all = all, .short_targets = short_targets, .plain = model_new(NULL)};
	json_t *state = codec_encode_record(&e, &noun_state, model, e.plain);

	model_free(e.plain);
	return state;
}

char *conf_dump_yaml(const struct model *model, bool all)
{
	json_t *state = encode_state(model, all, !all);
	struct buf buf = {0};

	conf_yaml_write(&buf, state);
	json_decref(state);
	return buf_take(&buf);
}

char *conf_dump_json(const struct model *model, bool all)
{
	json_t *state = encode_state(model, all, false);
	char *text = json_dumps(state, JSON_COMPACT);

	if (!text)
		abort(); /* out of memory, or a text that validation must not let through */
	json_decref(state);
	return text;
}
