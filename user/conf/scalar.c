/* SPDX-License-Identifier: BSD-2-Clause */
/* Kinds of single values: text, number, truth, word of an enum. */
#include "codec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

static void *member(void *record, size_t offset)
{
	return (char *)record + offset;
}

static const void *const_member(const void *record, size_t offset)
{
	return (const char *)record + offset;
}

/* ---- text ---------------------------------------------------------------------------------- */

const char *codec_decode_text(const struct decoder *d, const struct node *node,
			      const char *expected)
{
	if (node->kind == NODE_SCALAR && !node_is_nothing(node))
		return node->text;
	node_refuse_kind(&d->reader, node, expected);
	return NULL;
}

static int text_decode(const struct decoder *d, const struct field *field, const struct node *node,
		       void *record)
{
	const char *text = codec_decode_text(d, node, "a text");

	if (!text)
		return -EINVAL;
	*(const char **)member(record, field->offset) = arena_strdup(d->reader.arena, text);
	return 0;
}

static json_t *text_encode(const struct encoder *e, const struct field *field, const void *record,
			   const void *plain)
{
	const char *text = *(const char *const *)const_member(record, field->offset);

	return text ? json_string(text) : NULL;
}

static json_t *text_describe(const struct field *field)
{
	json_t *schema = json_pack("{s:s}", "type", "string");

	if (field->max)
		json_object_set_new(schema, "maxLength", json_integer(field->max));
	return schema;
}

const struct codec codec_text = {text_decode, text_encode, text_describe};

/* ---- numbers ------------------------------------------------------------------------------- */

/* Decimal digits, perhaps a minus, no leading zero: what YAML 1.1, 1.2 and JSON read alike. */
static bool is_number(const struct node *node)
{
	const char *digits = node->text;

	if (node->kind != NODE_SCALAR || !node->plain)
		return false;
	if (*digits == '-')
		digits++;
	return *digits && strspn(digits, "0123456789") == strlen(digits) &&
	       (digits[0] != '0' || !digits[1]);
}

int codec_decode_number(const struct decoder *d, const struct node *node, unsigned min,
			unsigned max, unsigned *value)
{
	long long number;

	if (node->kind != NODE_SCALAR || !is_number(node))
		return node_refuse_kind(&d->reader, node, "a number");
	number = strtoll(node->text, NULL, 10); /* too long ones come out as LLONG_MAX */
	if (number < min || number > max)
		return node_refuse(&d->reader, node, "%.32s is out of range (%u..%u)", node->text,
				   min, max);
	*value = (unsigned)number;
	return 0;
}

static json_t *number_describe(const struct field *field)
{
	return json_pack("{s:s, s:I, s:I}", "type", "integer", "minimum", (json_int_t)field->min,
			 "maximum", (json_int_t)field->max);
}

static int uint_decode(const struct decoder *d, const struct field *field, const struct node *node,
		       void *record)
{
	return codec_decode_number(d, node, field->min, field->max, member(record, field->offset));
}

static json_t *uint_encode(const struct encoder *e, const struct field *field, const void *record,
			   const void *plain)
{
	return json_integer(*(const unsigned *)const_member(record, field->offset));
}

const struct codec codec_uint = {uint_decode, uint_encode, number_describe};

static int u16_decode(const struct decoder *d, const struct field *field, const struct node *node,
		      void *record)
{
	unsigned value = 0;
	int rc = codec_decode_number(d, node, field->min, field->max, &value);

	if (!rc)
		*(uint16_t *)member(record, field->offset) = (uint16_t)value;
	return rc;
}

static json_t *u16_encode(const struct encoder *e, const struct field *field, const void *record,
			  const void *plain)
{
	return json_integer(*(const uint16_t *)const_member(record, field->offset));
}

const struct codec codec_u16 = {u16_decode, u16_encode, number_describe};

/* ---- truth --------------------------------------------------------------------------------- */

static int bool_decode(const struct decoder *d, const struct field *field, const struct node *node,
		       void *record)
{
	bool is_true = node->kind == NODE_SCALAR && strcmp(node->text, "true") == 0;
	bool is_false = node->kind == NODE_SCALAR && strcmp(node->text, "false") == 0;

	if (!node->plain || (!is_true && !is_false))
		return node_refuse_kind(&d->reader, node, "true or false");
	*(bool *)member(record, field->offset) = is_true;
	if (field->also)
		*(bool *)member(record, field->also) = true;
	return 0;
}

static json_t *bool_encode(const struct encoder *e, const struct field *field, const void *record,
			   const void *plain)
{
	return json_boolean(*(const bool *)const_member(record, field->offset));
}

static json_t *bool_describe(const struct field *field)
{
	return json_pack("{s:s}", "type", "boolean");
}

const struct codec codec_bool = {bool_decode, bool_encode, bool_describe};

/* ---- words --------------------------------------------------------------------------------- */

static int refuse_word(const struct decoder *d, const struct field *field, const struct node *node)
{
	struct buf expected = {0};

	for (const char *const *word = field->words; *word; word++)
		buf_printf(&expected, "%s%s",
			   word == field->words ? ""
			   : word[1]		? ", "
						: " or ",
			   *word);
	node_refuse_kind(&d->reader, node, expected.data);
	buf_fini(&expected);
	return -EINVAL;
}

/* The enum's first word has the value field->min. */
static int word_decode(const struct decoder *d, const struct field *field, const struct node *node,
		       void *record)
{
	unsigned value = 0;

	if (node->kind == NODE_SCALAR)
		value = model_word_value(field->words, node->text);
	if (!value)
		return refuse_word(d, field, node);
	*(unsigned *)member(record, field->offset) = value - 1 + field->min;
	return 0;
}

json_t *codec_word_encode(const struct encoder *e, const struct field *field, const void *record,
			  const void *plain)
{
	unsigned value = *(const unsigned *)const_member(record, field->offset);

	return json_string(model_word_name(field->words, value + 1 - field->min));
}

json_t *codec_word_describe(const struct field *field)
{
	json_t *words = json_array();

	for (const char *const *word = field->words; *word; word++)
		json_array_append_new(words, json_string(*word));
	return json_pack("{s:o}", "enum", words);
}

const struct codec codec_word = {word_decode, codec_word_encode, codec_word_describe};
