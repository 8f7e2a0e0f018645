/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of API error codes. */
#include "refusal.h"

#include <stdarg.h>
#include <stdio.h>

static const struct {
	const char *name;
	unsigned status;
} codes[] = {
#define X(id, name, status) {name, status},
	REFUSALS(X)
#undef X
};

int refuse(struct refusal *refusal, enum refusal_code code, const char *fmt, ...)
{
	va_list args;

	if (refusal->err.text[0])
		return -1;
	refusal->code = code;
	va_start(args, fmt);
	vsnprintf(refusal->err.text, sizeof(refusal->err.text), fmt, args);
	va_end(args);
	return -1;
}

const char *refusal_name(enum refusal_code code)
{
	return codes[code].name;
}

unsigned refusal_status(enum refusal_code code)
{
	return codes[code].status;
}
