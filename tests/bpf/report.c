// SPDX-License-Identifier: BSD-2-Clause
/* Text of failures. Who prints it, and the counting of tests, is main.c. */
#include "report.h"

#include <stdarg.h>
#include <stdio.h>

static void append(struct report *report, const char *fmt, va_list args)
{
	size_t room = sizeof(report->text) - report->len;
	int n = vsnprintf(report->text + report->len, room, fmt, args);

	if (n > 0)
		report->len += (size_t)n < room ? (size_t)n : room - 1;
}

__attribute__((format(printf, 2, 3))) static void add(struct report *report, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	append(report, fmt, args);
	va_end(args);
}

void report_clear(struct report *report)
{
	report->line = 0;
	report->failed = report->skipped = false;
	report->len = 0;
	report->text[0] = '\0';
}

static void start_sentence(struct report *report)
{
	if (report->len)
		add(report, "; ");
	if (report->line && !report->len)
		add(report, "line %d: ", report->line);
}

bool report_fail(struct report *report, const char *fmt, ...)
{
	va_list args;

	report->failed = true;
	start_sentence(report);
	va_start(args, fmt);
	append(report, fmt, args);
	va_end(args);
	return false;
}

bool report_skip(struct report *report, const char *fmt, ...)
{
	va_list args;

	report->skipped = true;
	start_sentence(report);
	va_start(args, fmt);
	append(report, fmt, args);
	va_end(args);
	return false;
}

void report_hex(struct report *report, const char *title, const uint8_t *bytes, size_t len)
{
	const size_t shown = len < 128 ? len : 128;
	size_t i;

	add(report, "\n      %-8s %4zu bytes:", title, len);
	for (i = 0; i < shown; i++)
		add(report, "%s%02x", i % 4 ? "" : " ", bytes[i]);
	if (shown < len)
		add(report, " ...");
}
