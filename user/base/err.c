/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sentence that explains a refusal. Text that does not fit is cut, never dropped: half a reason
 * is better than none.
 */
#include "err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static int is_open(const struct err *err)
{
	return err && err->text[0] == '\0';
}

int err_set(struct err *err, int code, const char *fmt, ...)
{
	va_list args;

	if (is_open(err)) {
		va_start(args, fmt);
		vsnprintf(err->text, sizeof(err->text), fmt, args);
		va_end(args);
	}
	return code;
}

int err_set_errno(struct err *err, int code, const char *fmt, ...)
{
	va_list args;
	size_t len;

	if (is_open(err)) {
		va_start(args, fmt);
		vsnprintf(err->text, sizeof(err->text), fmt, args);
		va_end(args);
		len = strlen(err->text);
		snprintf(err->text + len, sizeof(err->text) - len, ": %s", strerror(-code));
	}
	return code;
}

void err_prefix(struct err *err, const char *fmt, ...)
{
	char said[ERR_TEXT_MAX];
	va_list args;
	size_t len;

	if (!err || is_open(err))
		return;
	memcpy(said, err->text, sizeof(said));
	va_start(args, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, args);
	va_end(args);
	len = strlen(err->text);
	snprintf(err->text + len, sizeof(err->text) - len, "%s", said);
}

void err_clear(struct err *err)
{
	if (err)
		err->text[0] = '\0';
}
