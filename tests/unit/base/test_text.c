/* SPDX-License-Identifier: BSD-2-Clause */
/* Text that people read: refusals, log lines, times. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/base.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"

static void test_err_first_text_wins(void **state)
{
	struct err err = {""};

	assert_int_equal(err_set(&err, -EINVAL, "port %d is bad", 0), -EINVAL);
	assert_int_equal(err_set(&err, -ENOMEM, "later"), -ENOMEM);
	assert_int_equal(err_set_errno(&err, -EIO, "later"), -EIO);
	assert_string_equal(err.text, "port 0 is bad");
	err_prefix(&err, "listener '%s': ", "http");
	err_prefix(&err, "load balancer '%s': ", "edge");
	assert_string_equal(err.text, "load balancer 'edge': listener 'http': port 0 is bad");
	err_clear(&err);
	assert_string_equal(err.text, "");
	assert_int_equal(err_set_errno(&err, -ENOENT, "can't open '%s'", "x"), -ENOENT);
	assert_string_equal(err.text, "can't open 'x': No such file or directory");
}

static void test_err_null_and_empty(void **state)
{
	struct err err = {""};

	assert_int_equal(err_set(NULL, -EPERM, "x"), -EPERM);
	assert_int_equal(err_set_errno(NULL, -EPERM, "x"), -EPERM);
	err_prefix(NULL, "x");
	err_clear(NULL);
	err_prefix(&err, "x");
	assert_string_equal(err.text, "");
}

static void test_err_long_text_is_cut(void **state)
{
	char text[2 * ERR_TEXT_MAX];
	struct err err = {""};

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	err_set_errno(&err, -EIO, "%s", text);
	assert_int_equal(strlen(err.text), ERR_TEXT_MAX - 1);
	err_prefix(&err, "who: ");
	assert_int_equal(strlen(err.text), ERR_TEXT_MAX - 1);
	assert_memory_equal(err.text, "who: xxx", 8);
	err_prefix(&err, "%s", text);
	assert_int_equal(strlen(err.text), ERR_TEXT_MAX - 1);
}

static void test_clock_format(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
	} rows[] = {
		{0, "1970-01-01T00:00:00.000Z"},
		{1, "1970-01-01T00:00:00.001Z"},
		{1795423505123, "2026-11-23T08:45:05.123Z"},
		{951782400000, "2000-02-29T00:00:00.000Z"},
		{-1, "1969-12-31T23:59:59.999Z"},
		{-1000, "1969-12-31T23:59:59.000Z"},
		{253402300799999, "9999-12-31T23:59:59.999Z"},
	};
	char text[CLOCK_TEXT_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_string_equal(clock_format_utc(rows[i].ms, text), rows[i].text);
	/* nonsense must stay inside the buffer */
	assert_true(strlen(clock_format_utc(INT64_MAX, text)) < CLOCK_TEXT_MAX);
	assert_true(strlen(clock_format_utc(INT64_MIN, text)) < CLOCK_TEXT_MAX);
}

static void test_clocks_agree(void **state)
{
	uint64_t ns = clock_mono_ns(), ms = clock_mono_ms();

	assert_true(ms >= ns / 1000000 && ms < ns / 1000000 + 1000);
	assert_true(clock_mono_ns() >= ns);
	assert_true(clock_wall_ms() > 1700000000000);
}

/* Everything that is logged between begin_log() and end_log() comes back as text. */
static FILE *log_file;
static int real_stderr;

static void begin_log(void)
{
	log_file = tmpfile();
	assert_non_null(log_file);
	real_stderr = dup(STDERR_FILENO);
	dup2(fileno(log_file), STDERR_FILENO);
}

static char *end_log(char *text, size_t size)
{
	size_t len;

	dup2(real_stderr, STDERR_FILENO);
	close(real_stderr);
	rewind(log_file);
	len = fread(text, 1, size - 1, log_file);
	text[len] = '\0';
	fclose(log_file);
	return text;
}

/* The prefix is chosen once a process, so this is the first test that logs. */
static void test_log_lines(void **state)
{
	char text[8192], name[3000];

	unsetenv("LEAT_LOG_TIME");
	setenv("JOURNAL_STREAM", "1:1", 1); /* of another process: must not count */
	begin_log();
	errno = EAGAIN;
	log_info("health: target '%s' %s -> %s", "web/10.0.0.1:80", "healthy", "unhealthy");
	assert_int_equal(errno, EAGAIN);
	log_debug("dropped");
	log_set_level(LOG_LEVEL_DEBUG);
	log_debug("api: kept");
	log_set_level(LOG_LEVEL_WARN);
	log_info("dropped");
	log_warn("name 'a\nb\x1b[31m\x7f'");
	log_set_level(LOG_LEVEL_INFO);
	assert_string_equal(end_log(text, sizeof(text)),
			    "health: target 'web/10.0.0.1:80' healthy -> unhealthy\n"
			    "api: kept\n"
			    "name 'a b [31m '\n");

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	begin_log();
	log_error("%s", name);
	end_log(text, sizeof(text));
	assert_int_equal(strlen(text), 2048);
	assert_string_equal(text + 2048 - 5, "x...\n");
}

static void test_log_limit(void **state)
{
	struct log_limit limit = {0};
	unsigned long long suppressed = 99;

	assert_true(log_limit_pass(&limit, 50, &suppressed));
	assert_int_equal(suppressed, 0);
	for (int i = 0; i < 3; i++)
		assert_false(log_limit_pass(&limit, 60000, &suppressed));
	usleep(60000);
	assert_true(log_limit_pass(&limit, 50, &suppressed));
	assert_int_equal(suppressed, 3);
	usleep(60000);
	assert_true(log_limit_pass(&limit, 50, &suppressed));
	assert_int_equal(suppressed, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_err_first_text_wins),
		cmocka_unit_test(test_err_null_and_empty),
		cmocka_unit_test(test_err_long_text_is_cut),
		cmocka_unit_test(test_clock_format),
		cmocka_unit_test(test_clocks_agree),
		cmocka_unit_test(test_log_lines),
		cmocka_unit_test(test_log_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
