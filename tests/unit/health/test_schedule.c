/* SPDX-License-Identifier: BSD-2-Clause */
/* The pure parts: when probes are due, which errno has which name, what a question is. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/base.h"
#include "health/probe.h"
#include "health/schedule.h"
#include "health/spec.h"

/* ---- schedule ---- */

static void test_interval_stays_within_the_jitter(void **state)
{
	unsigned shortest = UINT32_MAX, longest = 0, length;

	for (uint64_t round = 0; round < 10000; round++) {
		length = schedule_interval(42, round, 1000);
		shortest = length < shortest ? length : shortest;
		longest = length > longest ? length : longest;
	}
	assert_int_equal(shortest, 950);
	assert_int_equal(longest, 1050);
}

static void test_intervals_average_to_what_was_asked(void **state)
{
	uint64_t total = 0;

	for (uint64_t round = 0; round < 10000; round++)
		total += schedule_interval(7, round, 30000);
	assert_in_range(total / 10000, 29950, 30050);
}

static void test_schedule_is_deterministic(void **state)
{
	assert_int_equal(schedule_interval(1, 5, 30000), schedule_interval(1, 5, 30000));
	assert_int_not_equal(schedule_interval(1, 5, 30000), schedule_interval(1, 6, 30000));
	assert_int_not_equal(schedule_interval(1, 5, 30000), schedule_interval(2, 5, 30000));
}

static void test_short_intervals(void **state)
{
	assert_int_equal(schedule_interval(1, 1, 1), 1);
	assert_int_equal(schedule_interval(1, 1, 0), 1);
	assert_in_range(schedule_interval(1, 1, 20), 19, 21);
}

static void test_first_probes_are_spread_evenly(void **state)
{
	unsigned quarters[4] = {0};

	for (uint64_t seed = 0; seed < 4000; seed++) {
		assert_true(schedule_first_delay(seed) < SCHEDULE_SPREAD_MS);
		quarters[schedule_first_delay(seed) * 4 / SCHEDULE_SPREAD_MS]++;
	}
	for (int i = 0; i < 4; i++)
		assert_in_range(quarters[i], 850, 1150);
}

static void test_next_due(void **state)
{
	unsigned length = schedule_interval(3, 9, 1000);

	/* However long the answer took. */
	assert_int_equal(schedule_next_due(3, 9, 5000, 1000, 5001), 5000 + length);
	assert_int_equal(schedule_next_due(3, 9, 5000, 1000, 5900), 5000 + length);
	/* Late: now, and no round is made up for. */
	assert_int_equal(schedule_next_due(3, 9, 5000, 1000, 60000), 60000);
}

/* ---- reasons ---- */

static void test_reasons(void **state)
{
	static const struct {
		int error;
		enum health_reason reason;
		int detail;
	} cases[] = {
		{ECONNREFUSED, HEALTH_CONNECT_REFUSED, 0},
		{ETIMEDOUT, HEALTH_CONNECT_TIMEOUT, 0},
		{EHOSTUNREACH, HEALTH_CONNECT_UNREACHABLE, 0},
		{ENETUNREACH, HEALTH_CONNECT_UNREACHABLE, 0},
		{ECONNRESET, HEALTH_CONNECT_ERROR, ECONNRESET},
		{0, HEALTH_CONNECT_ERROR, 0},
		{EMFILE, HEALTH_PROBE_ERROR, EMFILE},
		{EADDRNOTAVAIL, HEALTH_PROBE_ERROR, EADDRNOTAVAIL},
	};
	int detail;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(probe_reason_of_errno(cases[i].error, &detail), cases[i].reason);
		assert_int_equal(detail, cases[i].detail);
	}
}

/* ---- questions ---- */

static const struct status_range ranges[] = {{200, 399}, {404, 404}};

static struct health_spec http_spec(void)
{
	return (struct health_spec){
		.protocol = HC_HTTP,
		.address = {AF_INET, {10, 0, 0, 1}},
		.port = 80,
		.path = "/healthz",
		.matcher = ranges,
		.matcher_count = 2,
		.interval_ms = 5000,
		.timeout_ms = 2000,
	};
}

static void test_copy_is_deep(void **state)
{
	struct health_spec spec = http_spec(), copy;
	char path[] = "/healthz";

	spec.path = path;
	assert_int_equal(spec_copy(&copy, &spec, NULL), 0);
	assert_true(health_spec_equal(&copy, &spec));
	path[1] = 'x';
	assert_string_equal(copy.path, "/healthz");
	assert_ptr_not_equal(copy.matcher, spec.matcher);
	spec_fini(&copy);
}

static void test_every_field_matters(void **state)
{
	static const struct status_range other[] = {{200, 399}, {404, 405}};
	const struct health_spec a = http_spec();
	struct health_spec b;

#define differs(change)                                  \
	do {                                             \
		b = a;                                   \
		change;                                  \
		assert_false(health_spec_equal(&a, &b)); \
	} while (0)
	differs(b.protocol = HC_TCP);
	differs(b.address.bytes[3] = 2);
	differs(b.port = 81);
	differs(b.path = "/");
	differs(b.matcher = other);
	differs(b.matcher_count = 1);
	differs(b.interval_ms = 5001);
	differs(b.timeout_ms = 2001);
#undef differs
	b = a;
	assert_true(health_spec_equal(&a, &b));
}

static void test_path_means_nothing_to_tcp(void **state)
{
	struct health_spec a = http_spec(), b = http_spec();

	a.protocol = b.protocol = HC_TCP;
	b.path = NULL;
	b.matcher_count = 0;
	assert_true(health_spec_equal(&a, &b));
}

static void test_bad_questions_are_refused(void **state)
{
	static const char *const paths[] = {NULL, "", "x", "/a b", "/a\r\nHost: x", "/\x7f"};
	struct health_spec spec = http_spec(), copy;
	struct err err = {0};

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		spec.path = paths[i];
		assert_int_equal(spec_copy(&copy, &spec, &err), -EINVAL);
	}
	assert_string_equal(err.text, "health check path '' can't be asked for");
	spec = http_spec();
	spec.port = 0;
	assert_int_equal(spec_copy(&copy, &spec, NULL), -EINVAL);
	spec = http_spec();
	spec.timeout_ms = 0;
	assert_int_equal(spec_copy(&copy, &spec, NULL), -EINVAL);
	spec = http_spec();
	spec.protocol = (enum hc_protocol)77;
	assert_int_equal(spec_copy(&copy, &spec, NULL), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_interval_stays_within_the_jitter),
		cmocka_unit_test(test_intervals_average_to_what_was_asked),
		cmocka_unit_test(test_schedule_is_deterministic),
		cmocka_unit_test(test_short_intervals),
		cmocka_unit_test(test_first_probes_are_spread_evenly),
		cmocka_unit_test(test_next_due),
		cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_copy_is_deep),
		cmocka_unit_test(test_every_field_matters),
		cmocka_unit_test(test_path_means_nothing_to_tcp),
		cmocka_unit_test(test_bad_questions_are_refused),
	};

	return cmocka_run_group_tests_name("health/schedule", tests, NULL, NULL);
}
