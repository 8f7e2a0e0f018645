/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A JSON value as YAML that a person would write: load balancers and target groups as blocks, what
 * fits one line in flow style. Text is quoted whenever some YAML reader might take it for something
 * else.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/addr.h"
#include "base/base.h"
#include "base/buf.h"
#include "codec.h"

#define LINE_MAX_BYTES 100u
#define BLOCK_LEVELS \
	2u /* the top map and the nouns in its lists are never squeezed into one line */

static bool is_reserved(const char *text)
{
	static const char *const words[] = {"true", "false", "yes", "no", "on",
					    "off",  "null",  "y",   "n"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strcasecmp(words[i], text) == 0)
			return true;
	return false;
}

/* A text that every YAML reader takes for that text: a word or path, or a dotted quad. */
static bool is_plain(const char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_./-";
	struct addr address;

	if (strspn(text, letters) != strlen(text))
		return false;
	if (isdigit((unsigned char)text[0]))
		return !addr_parse(text, &address, NULL);
	return (isalpha((unsigned char)text[0]) || text[0] == '/') && !is_reserved(text);
}

static void write_scalar(struct buf *buf, const json_t *value)
{
	char *text;

	if (json_is_string(value) && is_plain(json_string_value(value))) {
		buf_append_text(buf, json_string_value(value));
		return;
	}
	text = json_dumps(value, JSON_ENCODE_ANY); /* also a YAML double-quoted scalar */
	if (!text)
		abort();
	buf_append_text(buf, text);
	free(text);
}

static void write_flow(struct buf *buf, const json_t *value)
{
	const char *separator = "";
	const char *key;
	json_t *child;
	size_t i;

	if (json_is_object(value)) {
		buf_append_text(buf, "{");
		json_object_foreach((json_t *)value, key, child)
		{
			buf_printf(buf, "%s%s: ", separator, key);
			write_flow(buf, child);
			separator = ", ";
		}
		buf_append_text(buf, "}");
	} else if (json_is_array(value)) {
		buf_append_text(buf, "[");
		json_array_foreach(value, i, child)
		{
			buf_append_text(buf, separator);
			write_flow(buf, child);
			separator = ", ";
		}
		buf_append_text(buf, "]");
	} else {
		write_scalar(buf, value);
	}
}

/* Maps of scalars and maps, lists of scalars. */
static bool may_flow(const json_t *value, size_t level)
{
	const char *key;
	json_t *child;
	size_t i;

	if (json_is_object(value)) {
		if (level < BLOCK_LEVELS)
			return false;
		json_object_foreach((json_t *)value, key,
				    child) if (!may_flow(child, level + 1)) return false;
	}
	json_array_foreach(value, i,
			   child) if (json_is_object(child) || i * 4 > LINE_MAX_BYTES) return false;
	return true;
}

/* Appends the value if it fits the rest of a line that has `used` bytes. */
static bool try_flow(struct buf *buf, const json_t *value, size_t level, size_t used)
{
	struct buf line = {0};
	bool fits = false;

	if (may_flow(value, level)) {
		write_flow(&line, value);
		fits = used + line.len <= LINE_MAX_BYTES ||
		       (!json_is_object(value) && !json_is_array(value));
		if (fits)
			buf_append(buf, line.data, line.len);
		buf_fini(&line);
	}
	return fits;
}

static void indent(struct buf *buf, size_t level)
{
	for (size_t i = 0; i < level; i++)
		buf_append_text(buf, "  ");
}

static void write_block(struct buf *buf, const json_t *value, size_t level, bool indented);

static void write_list(struct buf *buf, const json_t *list, size_t level)
{
	json_t *child;
	size_t i;

	json_array_foreach(list, i, child)
	{
		indent(buf, level);
		buf_append_text(buf, "- ");
		if (try_flow(buf, child, level, 2 * level + 2))
			buf_append_text(buf, "\n");
		else
			write_block(buf, child, level + 1, true);
	}
}

/* indented: the first key goes behind "- ". */
static void write_map(struct buf *buf, const json_t *map, size_t level, bool indented)
{
	const char *key;
	json_t *child;

	json_object_foreach((json_t *)map, key, child)
	{
		if (!indented)
			indent(buf, level);
		indented = false;
		buf_printf(buf, "%s: ", key);
		if (try_flow(buf, child, level, 2 * level + strlen(key) + 2)) {
			buf_append_text(buf, "\n");
			continue;
		}
		buf->data[buf->len - 1] = '\n';
		write_block(buf, child, level + 1, false);
	}
}

static void write_block(struct buf *buf, const json_t *value, size_t level, bool indented)
{
	if (json_is_object(value))
		write_map(buf, value, level, indented);
	else
		write_list(buf, value, level);
}

void conf_yaml_write(struct buf *buf, const json_t *value)
{
	if (json_object_size(value))
		write_block(buf, value, 0, false);
	else
		buf_append_text(buf, "{}\n");
}
