/* SPDX-License-Identifier: BSD-2-Clause */
/* The registry's rows are well formed, and the exposition comes out to the byte. */
#include <ctype.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/base.h"
#include "metrics/metrics.h"

static bool ends_with(const char *text, const char *end)
{
	return strlen(text) >= strlen(end) && strcmp(text + strlen(text) - strlen(end), end) == 0;
}

static bool is_name(const char *text, size_t len)
{
	if (len == 0 || isdigit((unsigned char)text[0]))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!islower((unsigned char)text[i]) && !isdigit((unsigned char)text[i]) &&
		    text[i] != '_')
			return false;
	return true;
}

static void check_labels(const char *labels)
{
	size_t len;

	while (*labels) {
		len = strcspn(labels, ",");
		assert_true(is_name(labels, len));
		labels += len;
		if (*labels == ',')
			assert_true(*++labels != '\0');
	}
}

static void test_registry_rows(void **state)
{
	const struct metric_info *info;

	for (int id = 0; id < METRIC_COUNT; id++) {
		info = metrics_info(id);
		assert_memory_equal(info->name, "leat_", 5);
		assert_true(is_name(info->name, strlen(info->name)));
		assert_int_equal(ends_with(info->name, "_total"),
				 info->kind == METRIC_KIND_COUNTER);
		check_labels(info->labels);
		/* printed without escaping */
		assert_null(strpbrk(info->help, "\\\n"));
		assert_true(ends_with(info->help, "."));
		assert_non_null(info->unit);
		for (int other = 0; other < id; other++)
			assert_string_not_equal(info->name, metrics_info(other)->name);
	}
}

static void test_nothing_added(void **state)
{
	struct metrics_writer writer;
	struct buf out = {0};

	metrics_begin(&writer, &out);
	metrics_end(&writer);
	assert_int_equal(out.len, 0);
	buf_fini(&out);
}

/* Added criss-cross, comes out by family in the table's order. */
static void test_families(void **state)
{
	static const char *const listeners[] = {"TCP:80", "UDP:53"};
	struct metrics_writer writer;
	struct buf out = {0};

	buf_append_text(&out, "# before\n");
	metrics_begin(&writer, &out);
	for (unsigned i = 0; i < 2; i++) {
		metrics_add_u64(&writer, METRIC_LISTENER_BYTES, 1000 + i, "edge", listeners[i]);
		metrics_add_u64(&writer, METRIC_LISTENER_PACKETS, 10 + i, "edge", listeners[i]);
	}
	metrics_add(&writer, METRIC_BUILD_INFO, 1, "0.1.0");
	metrics_add_u64(&writer, METRIC_CONFIG_CHANGE_NUMBER, 42);
	metrics_end(&writer);
	assert_string_equal(
		out.data,
		"# before\n"
		"# HELP leat_build_info Always 1; the label tells the version of the running "
		"leatd.\n"
		"# TYPE leat_build_info gauge\n"
		"leat_build_info{version=\"0.1.0\"} 1\n"
		"# HELP leat_config_change_number Number of the change of the desired state that "
		"is in force.\n"
		"# TYPE leat_config_change_number gauge\n"
		"leat_config_change_number 42\n"
		"# HELP leat_listener_packets_total Packets from clients that a listener took.\n"
		"# TYPE leat_listener_packets_total counter\n"
		"leat_listener_packets_total{load_balancer=\"edge\",listener=\"TCP:80\"} 10\n"
		"leat_listener_packets_total{load_balancer=\"edge\",listener=\"UDP:53\"} 11\n"
		"# HELP leat_listener_bytes_total Bytes from clients that a listener took.\n"
		"# TYPE leat_listener_bytes_total counter\n"
		"leat_listener_bytes_total{load_balancer=\"edge\",listener=\"TCP:80\"} 1000\n"
		"leat_listener_bytes_total{load_balancer=\"edge\",listener=\"UDP:53\"} 1001\n");
	buf_fini(&out);
}

/* The last line that one sample makes, without its newline. */
static char *last_line(struct buf *out)
{
	char *newline;

	out->data[out->len - 1] = '\0';
	newline = strrchr(out->data, '\n');
	return newline + 1;
}

static void test_label_escaping(void **state)
{
	static const struct {
		const char *value, *text;
	} rows[] = {
		{"", ""},
		{"plain", "plain"},
		{"a\"b", "a\\\"b"},
		{"a\\b", "a\\\\b"},
		{"a\nb", "a\\nb"},
		{"\\\"\n", "\\\\\\\"\\n"},
		{"\\n", "\\\\n"},
		{"{a=\"b\"},c", "{a=\\\"b\\\"},c"},
		{"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f"},
		{"tab\tstays", "tab\tstays"},
	};
	struct metrics_writer writer;
	char expected[200];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct buf out = {0};

		metrics_begin(&writer, &out);
		metrics_add(&writer, METRIC_FLOWS, 0, rows[i].value);
		metrics_end(&writer);
		snprintf(expected, sizeof(expected), "leat_flows{table=\"%s\"} 0", rows[i].text);
		assert_string_equal(last_line(&out), expected);
		buf_fini(&out);
	}
}

static void test_doubles(void **state)
{
	const struct {
		double value;
		const char *text;
	} rows[] = {
		{0, "0"},
		{1, "1"},
		{-1, "-1"},
		{0.1, "0.1"},
		{0.25, "0.25"},
		{1e6, "1000000"},
		{1795423505.123, "1795423505.123"},
		{9007199254740992.0, "9007199254740992"},
		{-9007199254740992.0, "-9007199254740992"},
		{1e300, "1e+300"},
		{1.0 / 3, "0.3333333333333333"},
		{0.1 + 0.2, "0.30000000000000004"},
		{(double)NAN, "NaN"},
		{-(double)NAN, "NaN"},
		{(double)INFINITY, "+Inf"},
		{-(double)INFINITY, "-Inf"},
	};
	struct metrics_writer writer;
	char expected[200];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct buf out = {0};

		metrics_begin(&writer, &out);
		metrics_add(&writer, METRIC_RECONCILE_DURATION_SECONDS, rows[i].value);
		metrics_end(&writer);
		snprintf(expected, sizeof(expected), "leat_reconcile_duration_seconds %s",
			 rows[i].text);
		assert_string_equal(last_line(&out), expected);
		buf_fini(&out);
	}
}

static void test_integers_are_exact(void **state)
{
	static const struct {
		uint64_t value;
		const char *text;
	} rows[] = {
		{0, "leat_reconcile_total 0"},
		{9007199254740993, "leat_reconcile_total 9007199254740993"}, /* 2^53 + 1 */
		{UINT64_MAX, "leat_reconcile_total 18446744073709551615"},
	};
	struct metrics_writer writer;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct buf out = {0};

		metrics_begin(&writer, &out);
		metrics_add_u64(&writer, METRIC_RECONCILE, rows[i].value);
		metrics_end(&writer);
		assert_string_equal(last_line(&out), rows[i].text);
		buf_fini(&out);
	}
}

static bool does_abort(const char *const *values, size_t count)
{
	struct metrics_writer writer;
	struct buf out = {0};
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		signal(SIGABRT, SIG_DFL);
		metrics_begin(&writer, &out);
		metrics_add_labelled(&writer, METRIC_TARGET_FLOWS, 1, values, count);
		_exit(0);
	}
	waitpid(child, &status, 0);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void test_wrong_number_of_labels_aborts(void **state)
{
	static const char *const values[] = {"web", "10.0.0.1:80", "more"};

	assert_true(does_abort(values, 0));
	assert_true(does_abort(values, 1));
	assert_false(does_abort(values, 2));
	assert_true(does_abort(values, 3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_registry_rows),
		cmocka_unit_test(test_nothing_added),
		cmocka_unit_test(test_families),
		cmocka_unit_test(test_label_escaping),
		cmocka_unit_test(test_doubles),
		cmocka_unit_test(test_integers_are_exact),
		cmocka_unit_test(test_wrong_number_of_labels_aborts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
