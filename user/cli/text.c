/* SPDX-License-Identifier: BSD-2-Clause */
/* Text for terminals. */
#include "text.h"

#include <stdint.h>
#include <string.h>
#include <wchar.h>

#define NOT_UTF8 UINT32_MAX

static bool is_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* Length of the sequence that begins with this byte, 0 when none does. */
static size_t sequence_bytes(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first >= 0xc2 && first < 0xe0)
		return 2;
	if (first >= 0xe0 && first < 0xf0)
		return 3;
	return first >= 0xf0 && first < 0xf5 ? 4 : 0;
}

/* The next character; *len: bytes it takes. NOT_UTF8 takes one. */
static uint32_t decode(const char *text, size_t *len)
{
	static const unsigned char first_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	size_t bytes = sequence_bytes((unsigned char)*text);
	uint32_t c;

	*len = 1;
	if (!bytes)
		return NOT_UTF8;
	c = (unsigned char)*text & first_bits[bytes];
	for (size_t i = 1; i < bytes; i++) {
		if (!is_continuation(text[i]))
			return NOT_UTF8;
		c = c << 6 | ((unsigned char)text[i] & 0x3f);
	}
	*len = bytes;
	return c;
}

size_t text_width(const char *text)
{
	size_t width = 0, len;
	uint32_t c;
	int columns;

	for (; *text; text += len) {
		c = decode(text, &len);
		columns = c == NOT_UTF8 ? -1 : wcwidth((wchar_t)c);
		width += columns < 0 ? 1 : (size_t)columns;
	}
	return width;
}

static bool is_harmless(uint32_t c)
{
	return c != NOT_UTF8 && c >= 0x20 && !(c >= 0x7f && c < 0xa0);
}

void text_append_clean(struct buf *out, const char *text)
{
	size_t len;
	uint32_t c;

	for (; *text; text += len) {
		c = decode(text, &len);
		if (is_harmless(c))
			buf_append(out, text, len);
		else
			buf_append_text(out, "?");
	}
}

void text_append_spaces(struct buf *out, size_t count)
{
	buf_printf(out, "%*s", (int)count, "");
}

void text_append_cell(struct buf *out, const char *text, size_t width, bool is_right, bool is_last)
{
	size_t taken = text_width(text), spaces = taken < width ? width - taken : 0;

	if (is_right)
		text_append_spaces(out, spaces);
	buf_append_text(out, text);
	if (!is_right && !is_last)
		text_append_spaces(out, spaces);
}
