/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The growable buffer. Invariant: data is NULL and cap 0, or len < cap and data[len] is zero.
 */
#include "buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CAP_FIRST 128u

void buf_fini(struct buf *buf)
{
	free(buf->data);
	*buf = (struct buf){0};
}

void buf_clear(struct buf *buf)
{
	buf->len = 0;
	if (buf->data)
		buf->data[0] = '\0';
}

/* Room for `more` bytes and the terminating zero. */
static void reserve(struct buf *buf, size_t more)
{
	size_t cap = buf->cap ? buf->cap : CAP_FIRST;

	if (more > SIZE_MAX / 4 - buf->len)
		abort();
	while (cap - buf->len <= more)
		cap *= 2;
	if (cap == buf->cap)
		return;
	buf->data = realloc(buf->data, cap);
	if (!buf->data)
		abort();
	buf->cap = cap;
}

void buf_append(struct buf *buf, const void *bytes, size_t len)
{
	reserve(buf, len);
	if (len)
		memcpy(buf->data + buf->len, bytes, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
}

void buf_append_text(struct buf *buf, const char *text)
{
	buf_append(buf, text, strlen(text));
}

void buf_printf(struct buf *buf, const char *fmt, ...)
{
	va_list args;
	int len;

	reserve(buf, 0);
	va_start(args, fmt);
	len = vsnprintf(buf->data + buf->len, buf->cap - buf->len, fmt, args);
	va_end(args);
	if (len < 0)
		abort();
	if ((size_t)len >= buf->cap - buf->len) { /* did not fit: now the length is known */
		reserve(buf, (size_t)len);
		va_start(args, fmt);
		vsnprintf(buf->data + buf->len, buf->cap - buf->len, fmt, args);
		va_end(args);
	}
	buf->len += (size_t)len;
}

char *buf_take(struct buf *buf)
{
	char *text;

	reserve(buf, 0);
	text = buf->data;
	text[buf->len] = '\0';
	*buf = (struct buf){0};
	return text;
}
