/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Log lines to stderr, each with one write(2), so that lines of several processes on one descriptor
 * don't mix. Control characters are replaced: whatever a name contains, a line stays one line.
 */
#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"

#define LINE_MAX_BYTES 2048 /* longer lines are cut and end in "..." */

enum prefix { PREFIX_UNKNOWN, PREFIX_NONE, PREFIX_TIME, PREFIX_PRIORITY };

static enum log_level max_level = LOG_LEVEL_INFO;
static enum prefix prefix_kind = PREFIX_UNKNOWN;

void log_set_level(enum log_level level)
{
	max_level = level;
}

/* JOURNAL_STREAM is inherited by children whose stderr is redirected elsewhere; it counts only
 * while stderr is that stream. */
static bool is_stderr_the_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long dev, inode;
	struct stat st;

	if (!stream || sscanf(stream, "%llu:%llu", &dev, &inode) != 2)
		return false;
	return fstat(STDERR_FILENO, &st) == 0 && st.st_dev == dev && st.st_ino == inode;
}

static enum prefix choose_prefix(void)
{
	const char *wanted = getenv("LEAT_LOG_TIME");

	if (wanted && strcmp(wanted, "1") == 0)
		return PREFIX_TIME;
	if (is_stderr_the_journal())
		return PREFIX_PRIORITY;
	return isatty(STDERR_FILENO) ? PREFIX_TIME : PREFIX_NONE;
}

static size_t put_prefix(char *line, size_t size, enum log_level level)
{
	static const int priority[] = {
		[LOG_LEVEL_ERROR] = 3,
		[LOG_LEVEL_WARN] = 4,
		[LOG_LEVEL_INFO] = 6,
		[LOG_LEVEL_DEBUG] = 7,
	};
	char now[CLOCK_TEXT_MAX];

	if (prefix_kind == PREFIX_UNKNOWN)
		prefix_kind = choose_prefix();
	if (prefix_kind == PREFIX_TIME)
		return (size_t)snprintf(line, size, "%s ", clock_format_utc(clock_wall_ms(), now));
	if (prefix_kind == PREFIX_PRIORITY)
		return (size_t)snprintf(line, size, "<%d>", priority[level]);
	return 0;
}

static void make_one_line(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			*text = ' ';
}

static void write_all(const char *bytes, size_t len)
{
	ssize_t n;

	while (len) {
		n = write(STDERR_FILENO, bytes, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return; /* nowhere left to complain */
		bytes += n;
		len -= (size_t)n;
	}
}

void log_write(enum log_level level, const char *fmt, ...)
{
	char line[LINE_MAX_BYTES + 2];
	int saved_errno = errno;
	size_t start, len;
	va_list args;

	if (level > max_level)
		return;
	start = put_prefix(line, LINE_MAX_BYTES, level);
	va_start(args, fmt);
	if (vsnprintf(line + start, LINE_MAX_BYTES - start, fmt, args) >=
	    (int)(LINE_MAX_BYTES - start))
		memcpy(line + LINE_MAX_BYTES - 4, "...", 4);
	va_end(args);
	make_one_line(line);
	len = strlen(line);
	line[len++] = '\n';
	write_all(line, len);
	errno = saved_errno;
}

int log_limit_pass(struct log_limit *limit, unsigned interval_ms, unsigned long long *suppressed)
{
	unsigned long long now = clock_mono_ms();

	if (limit->last_ms && now - limit->last_ms < interval_ms) {
		limit->swallowed++;
		return 0;
	}
	*suppressed = limit->swallowed;
	limit->swallowed = 0;
	limit->last_ms = now;
	return 1;
}
