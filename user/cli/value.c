/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Text to JSON, one field at a time. Only what the table says is checked here; ranges, addresses
 * and names are leatd's to judge, so that there is one judge.
 */
#include "value.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

bool value_is_word(const char *words, const char *text)
{
	size_t len = strlen(text), word_len;

	for (; *words; words += word_len + (words[word_len] == '|')) {
		word_len = strcspn(words, "|");
		if (word_len == len && strncmp(words, text, len) == 0)
			return true;
	}
	return false;
}

static int refuse_word(const struct operation_field *field, const char *text, struct err *err)
{
	struct buf known = {0};

	for (const char *c = field->words; *c; c++)
		buf_append(&known, *c == '|' ? ", " : c, *c == '|' ? 2 : 1);
	err_set(err, -EINVAL, "%s: '%s' is not one of %s", field->option, text, known.data);
	buf_fini(&known);
	return -EINVAL;
}

/* ---- kinds: each gives a new reference, or NULL with err ---- */

static json_t *parse_string(const struct operation_field *field, const char *text, struct err *err)
{
	json_t *value;

	if (field->words && !value_is_word(field->words, text)) {
		refuse_word(field, text, err);
		return NULL;
	}
	value = json_string(text);
	if (!value)
		err_set(err, -EINVAL, "%s: the value is not UTF-8 text", field->option);
	return value;
}

static json_t *parse_number(const struct operation_field *field, const char *text, struct err *err)
{
	size_t digits = strspn(text + (*text == '-'), "0123456789");
	long long number;

	errno = 0;
	number = strtoll(text, NULL, 10);
	if (!digits || text[digits + (*text == '-')] || errno) {
		err_set(err, -EINVAL, "%s: '%s' is not a whole number", field->option, text);
		return NULL;
	}
	return json_integer(number);
}

static json_t *parse_bool(const struct operation_field *field, const char *text, struct err *err)
{
	if (strcmp(text, "true") == 0)
		return json_true();
	if (strcmp(text, "false") == 0)
		return json_false();
	err_set(err, -EINVAL, "%s: '%s' is neither true nor false", field->option, text);
	return NULL;
}

static json_t *parse_ports(const struct operation_field *field, const char *text, struct err *err)
{
	if (!text[strspn(text, "0123456789")])
		return parse_number(field, text, err);
	if (strcmp(text, "all") == 0 || (text[0] != '-' && !text[strspn(text, "0123456789-")]))
		return parse_string(field, text, err);
	err_set(err, -EINVAL, "%s: '%s' is neither a port nor FIRST-LAST nor all", field->option,
		text);
	return NULL;
}

static json_t *parse(const struct operation_field *field, const char *text, struct err *err)
{
	if (!*text) {
		err_set(err, -EINVAL, "%s: the value is empty", field->option);
		return NULL;
	}
	switch (field->kind) {
	case OP_NUMBER:
		return parse_number(field, text, err);
	case OP_PORTS:
		return parse_ports(field, text, err);
	case OP_BOOL:
		return parse_bool(field, text, err);
	case OP_STRING:
	case OP_STRINGS:
		break;
	}
	return parse_string(field, text, err);
}

/* ---- places ---- */

static json_t *descend(json_t *object, const char *part, size_t len, bool make)
{
	json_t *inner = json_object_getn(object, part, len);

	if (!inner && make) {
		inner = json_object();
		json_object_setn_new(object, part, len, inner);
	}
	return inner;
}

/* The object that has the field as a member, and the member's key. */
static json_t *find_place(json_t *object, const char *name, bool make, const char **key)
{
	const char *slash;

	for (; object && (slash = strchr(name, '/')); name = slash + 1)
		object = descend(object, name, (size_t)(slash - name), make);
	*key = name;
	return object;
}

json_t *value_get(const json_t *object, const struct operation_field *field)
{
	const char *key;
	json_t *place = find_place((json_t *)object, field->name, false, &key);

	return json_object_get(place, key);
}

static void put_item(json_t *place, const char *key, json_t *value)
{
	if (!json_object_get(place, key))
		json_object_set_new(place, key, json_array());
	json_array_append_new(json_object_get(place, key), value);
}

int value_put(json_t *object, const struct operation_field *field, const char *text,
	      struct err *err)
{
	const char *key;
	json_t *value, *place;

	if (field->kind != OP_STRINGS && value_get(object, field))
		return err_set(err, -EINVAL, "%s is given twice", field->option);
	value = parse(field, text, err);
	if (!value)
		return -EINVAL;
	place = find_place(object, field->name, true, &key);
	if (field->kind == OP_STRINGS)
		put_item(place, key, value);
	else
		json_object_set_new(place, key, value);
	return 0;
}
