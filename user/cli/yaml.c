/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The YAML writer. Plain scalars are those that begin with a letter, have only harmless characters
 * and are no word of YAML's own, and IPv4 addresses; everything else is double-quoted.
 */
#include "yaml.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/base.h"
#include "text.h"

#define INDENT 2

/* Words that some YAML reader takes for a boolean or null. */
static bool is_reserved(const char *text)
{
	static const char *const words[] = {"true", "false", "yes", "no", "on",
					    "off",  "null",  "y",   "n"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strcasecmp(words[i], text) == 0)
			return true;
	return false;
}

static bool is_word_char(char c)
{
	return isalnum((unsigned char)c) || strchr("_-./", c);
}

static bool is_plain_word(const char *text)
{
	size_t len = strlen(text);

	if (!isalpha((unsigned char)text[0]) || text[len - 1] == ' ')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!is_word_char(text[i]) && text[i] != ' ')
			return false;
	return true;
}

/* Digits and exactly three dots: no number in any version of YAML. */
static bool is_dotted_quad(const char *text)
{
	size_t dots = 0;

	if (text[strspn(text, "0123456789.")] || !isdigit((unsigned char)text[0]))
		return false;
	for (; *text; text++)
		dots += *text == '.';
	return dots == 3;
}

/* Double-quoted; controls escaped: C0, DEL, and C1, which is the two bytes c2 80 … c2 9f. */
static void append_quoted(const char *text, size_t len, struct buf *out)
{
	unsigned char c, next;

	buf_append_text(out, "\"");
	for (size_t i = 0; i < len; i++) {
		c = (unsigned char)text[i];
		next = (unsigned char)text[i + 1]; /* at worst the terminating zero */
		if (c == '"' || c == '\\')
			buf_printf(out, "\\%c", c);
		else if (c == '\n')
			buf_append_text(out, "\\n");
		else if (c < 0x20 || c == 0x7f)
			buf_printf(out, "\\x%02x", c);
		else if (c == 0xc2 && next >= 0x80 && next < 0xa0)
			buf_printf(out, "\\x%02x", (unsigned char)text[++i]);
		else
			buf_append(out, text + i, 1);
	}
	buf_append_text(out, "\"");
}

static void append_string(const char *text, size_t len, struct buf *out)
{
	bool is_plain = strlen(text) == len && (is_plain_word(text) || is_dotted_quad(text)) &&
			!is_reserved(text);

	if (is_plain)
		buf_append_text(out, text);
	else
		append_quoted(text, len, out);
}

/* Numbers, true, false, null and the empty collections are written as in JSON. */
static void append_scalar(const json_t *value, struct buf *out)
{
	char *text;

	if (json_is_string(value)) {
		append_string(json_string_value(value), json_string_length(value), out);
		return;
	}
	text = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
	buf_append_text(out, text ? text : "null");
	free(text);
}

static bool is_block(const json_t *value)
{
	return json_object_size(value) || json_array_size(value);
}

static void append_block(const json_t *value, size_t indent, struct buf *out);

static void append_object(const json_t *object, size_t indent, struct buf *out)
{
	const char *key;
	json_t *value;
	bool is_first = true;

	json_object_foreach((json_t *)object, key, value)
	{
		if (!is_first)
			text_append_spaces(out, indent);
		is_first = false;
		append_string(key, strlen(key), out);
		buf_append_text(out, is_block(value) ? ":\n" : ": ");
		if (is_block(value))
			text_append_spaces(out, indent + INDENT);
		append_block(value, indent + INDENT, out);
	}
}

static void append_array(const json_t *array, size_t indent, struct buf *out)
{
	json_t *value;
	size_t i;

	json_array_foreach(array, i, value)
	{
		if (i)
			text_append_spaces(out, indent);
		buf_append_text(out, "- ");
		append_block(value, indent + INDENT, out);
	}
}

/* The first line is indented by the caller: it may follow "- ". */
static void append_block(const json_t *value, size_t indent, struct buf *out)
{
	if (json_object_size(value)) {
		append_object(value, indent, out);
	} else if (json_array_size(value)) {
		append_array(value, indent, out);
	} else {
		append_scalar(value, out);
		buf_append_text(out, "\n");
	}
}

void yaml_append(const json_t *value, struct buf *out)
{
	append_block(value, 0, out);
}
