/* SPDX-License-Identifier: BSD-2-Clause */
/* Kinds of values that hold others: a map of the same record, a list of nouns, of addresses, of
 * prefixes, of names, of interface names. */
#include "codec.h"

#include <errno.h>
#include <string.h>

static void *member(void *record, size_t offset)
{
	return (char *)record + offset;
}

/* The array behind a pointer member, and how many elements are in use. */
static const char *array_of(const struct field *field, const void *record, size_t *count)
{
	*count = *(const size_t *)((const char *)record + field->also);
	return *(const char *const *)((const char *)record + field->offset);
}

int codec_check_list(const struct decoder *d, const struct field *field, const struct node *node)
{
	if (node->kind != NODE_LIST && !node_is_nothing(node))
		return node_refuse_kind(&d->reader, node, "a list");
	if (field->max && node->count > field->max)
		return node_refuse(&d->reader, node, "%zu elements, at most %u are allowed",
				   node->count, field->max);
	return 0;
}

/* Room for one more element behind the field's array. */
static void *append(const struct decoder *d, const struct field *field, void *record, size_t bytes)
{
	void **array = member(record, field->offset);
	size_t *count = member(record, field->also);

	*array = arena_grow(d->reader.arena, *array, *count, bytes);
	return (char *)*array + (*count)++ * bytes;
}

/* ---- a map whose keys are members of the same record ---------------------------------------- */

static int map_decode(const struct decoder *d, const struct field *field, const struct node *node,
		      void *record)
{
	return codec_decode_record(d, field->noun, node, record);
}

static json_t *map_encode(const struct encoder *e, const struct field *field, const void *record,
			  const void *plain)
{
	json_t *object = codec_encode_record(e, field->noun, record, plain);

	if (json_object_size(object))
		return object;
	json_decref(object);
	return NULL;
}

static json_t *map_describe(const struct field *field)
{
	return codec_describe_noun(field->noun);
}

const struct codec codec_map = {map_decode, map_encode, map_describe};

/* ---- a list of nouns ------------------------------------------------------------------------ */

static int decode_element(const struct decoder *d, const struct noun *noun, const struct node *node,
			  void *record)
{
	if (noun->line != NO_LINE)
		*(unsigned *)member(record, noun->line) = node->line;
	if (noun->decode_short && node->kind == NODE_SCALAR)
		return noun->decode_short(d, node, record);
	if (node->kind != NODE_MAP)
		return node_refuse_kind(&d->reader, node, "a map");
	return codec_decode_record(d, noun, node, record);
}

static int nouns_decode(const struct decoder *d, const struct field *field, const struct node *node,
			void *record)
{
	int rc = codec_check_list(d, field, node);

	for (const struct node *n = node->first; n && !rc; n = n->next)
		rc = decode_element(d, field->noun, n, field->noun->add(d, record));
	return rc;
}

static json_t *encode_element(const struct encoder *e, const struct noun *noun, const void *parent,
			      const void *record)
{
	json_t *object = codec_encode_record(e, noun, record, noun->plain(e, parent, record));
	json_t *text;

	if (!noun->encode_short || !e->short_targets)
		return object;
	text = noun->encode_short(object);
	if (!text)
		return object;
	json_decref(object);
	return text;
}

static json_t *nouns_encode(const struct encoder *e, const struct field *field, const void *record,
			    const void *plain)
{
	json_t *list = json_array();
	size_t count;
	const char *array = array_of(field, record, &count);

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, encode_element(e, field->noun, record,
							   array + i * field->noun->bytes));
	return list;
}

static json_t *list_schema(const struct field *field, json_t *items)
{
	json_t *schema = json_pack("{s:s, s:o}", "type", "array", "items", items);

	if (field->max)
		json_object_set_new(schema, "maxItems", json_integer(field->max));
	if (field->min)
		json_object_set_new(schema, "minItems", json_integer(field->min));
	return schema;
}

static json_t *nouns_describe(const struct field *field)
{
	json_t *items = codec_describe_noun(field->noun);

	if (field->noun->decode_short)
		items = json_pack("{s:[{s:s}, o]}", "anyOf", "type", "string", items);
	return list_schema(field, items);
}

const struct codec codec_nouns = {nouns_decode, nouns_encode, nouns_describe};

/* ---- addresses ------------------------------------------------------------------------------ */

static int decode_address(const struct decoder *d, const struct node *node, struct addr *address)
{
	const char *text = codec_decode_text(d, node, "an IP address");
	struct err why = {0};
	const char *unusable;

	if (!text)
		return -EINVAL;
	if (addr_parse(text, address, &why))
		return node_refuse(&d->reader, node, "%s", why.text);
	unusable = address_is_unusable(address);
	if (unusable)
		return node_refuse(&d->reader, node, "%s is %s and cannot be used", text, unusable);
	return 0;
}

static int addresses_decode(const struct decoder *d, const struct field *field,
			    const struct node *node, void *record)
{
	int rc = codec_check_list(d, field, node);

	for (const struct node *n = node->first; n && !rc; n = n->next)
		rc = decode_address(d, n, append(d, field, record, sizeof(struct addr)));
	return rc;
}

static json_t *addresses_encode(const struct encoder *e, const struct field *field,
				const void *record, const void *plain)
{
	json_t *list = json_array();
	char text[ADDR_TEXT_MAX];
	size_t count;
	const struct addr *array = (const void *)array_of(field, record, &count);

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_string(addr_format(&array[i], text)));
	return list;
}

static json_t *addresses_describe(const struct field *field)
{
	return list_schema(field,
			   json_pack("{s:[{s:s, s:s}, {s:s, s:s}]}", "anyOf", "type", "string",
				     "format", "ipv4", "type", "string", "format", "ipv6"));
}

const struct codec codec_addresses = {addresses_decode, addresses_encode, addresses_describe};

/* ---- prefixes ------------------------------------------------------------------------------- */

static int decode_prefix(const struct decoder *d, const struct node *node, struct prefix *prefix)
{
	const char *text = codec_decode_text(d, node, "an address prefix");
	struct err why = {0};

	if (!text)
		return -EINVAL;
	return prefix_parse(text, prefix, &why) ? node_refuse(&d->reader, node, "%s", why.text) : 0;
}

static int prefixes_decode(const struct decoder *d, const struct field *field,
			   const struct node *node, void *record)
{
	int rc = codec_check_list(d, field, node);

	for (const struct node *n = node->first; n && !rc; n = n->next)
		rc = decode_prefix(d, n, append(d, field, record, sizeof(struct prefix)));
	return rc;
}

static json_t *prefixes_encode(const struct encoder *e, const struct field *field,
			       const void *record, const void *plain)
{
	json_t *list = json_array();
	char text[PREFIX_TEXT_MAX];
	size_t count;
	const struct prefix *array = (const void *)array_of(field, record, &count);

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_string(prefix_format(&array[i], text)));
	return list;
}

static json_t *prefixes_describe(const struct field *field)
{
	return list_schema(field, json_pack("{s:s}", "type", "string"));
}

const struct codec codec_prefixes = {prefixes_decode, prefixes_encode, prefixes_describe};

/* ---- names ---------------------------------------------------------------------------------- */

static int decode_once(const struct decoder *d, const struct node *node, const char *text,
		       const char **name)
{
	for (const struct node *n = node->parent->first; n != node; n = n->next)
		if (strcmp(n->text, text) == 0)
			return node_refuse(&d->reader, node, "'%s' is listed twice", text);
	*name = arena_strdup(d->reader.arena, text);
	return 0;
}

static int names_decode(const struct decoder *d, const struct field *field, const struct node *node,
			void *record)
{
	int rc = codec_check_list(d, field, node);

	for (const struct node *n = node->first; n && !rc; n = n->next) {
		const char *text = codec_decode_text(d, n, "a name");

		rc = text ? decode_once(d, n, text, append(d, field, record, sizeof(const char *)))
			  : -EINVAL;
	}
	return rc;
}

static json_t *names_encode(const struct encoder *e, const struct field *field, const void *record,
			    const void *plain)
{
	json_t *list = json_array();
	size_t count;
	const char *const *array = (const void *)array_of(field, record, &count);

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_string(array[i]));
	return list;
}

static json_t *names_describe(const struct field *field)
{
	return list_schema(field,
			   json_pack("{s:s, s:i}", "type", "string", "maxLength", MODEL_NAME_MAX));
}

const struct codec codec_names = {names_decode, names_encode, names_describe};

/* ---- interface names ------------------------------------------------------------------------ */

static int decode_interface(const struct decoder *d, const struct node *node, const char **name)
{
	const char *text = codec_decode_text(d, node, "the name of an interface");

	if (!text)
		return -EINVAL;
	if (!interface_name_is_valid(text))
		return node_refuse(&d->reader, node, "'%.64s' is not the name of an interface",
				   text);
	return decode_once(d, node, text, name);
}

static int interfaces_decode(const struct decoder *d, const struct field *field,
			     const struct node *node, void *record)
{
	int rc = codec_check_list(d, field, node);

	if (!rc && node->count < field->min)
		return node_refuse(&d->reader, node, "at least one interface is needed");
	for (const struct node *n = node->first; n && !rc; n = n->next)
		rc = decode_interface(d, n, append(d, field, record, sizeof(const char *)));
	return rc;
}

static json_t *interfaces_describe(const struct field *field)
{
	return list_schema(field, json_pack("{s:s, s:i}", "type", "string", "maxLength",
					    MODEL_INTERFACE_NAME_MAX));
}

const struct codec codec_interfaces = {interfaces_decode, names_encode, interfaces_describe};
