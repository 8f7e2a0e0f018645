/* SPDX-License-Identifier: BSD-2-Clause */
/* The health state machine as a table of histories, fail-open arithmetic, names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/base.h"
#include "model/model.h"

/* results: '+' passed, '-' failed, one after the other at 1, 2, 3 … ms. */
struct history {
	const char *results;
	unsigned healthy_threshold, unhealthy_threshold;
	enum target_state state;
	enum health_reason reason;
	unsigned streak;
	unsigned changes;
	int64_t since_ms;
};

static const struct history histories[] = {
	{"", 5, 2, TARGET_INITIAL, HEALTH_REGISTERING, 0, 0, 0},
	/* the first success is enough, whatever the threshold */
	{"+", 10, 2, TARGET_HEALTHY, HEALTH_NONE, 0, 1, 1},
	{"-+", 10, 2, TARGET_HEALTHY, HEALTH_NONE, 0, 1, 2},
	{"-", 5, 2, TARGET_INITIAL, HEALTH_CHECKING, 1, 0, 0},
	{"--", 5, 2, TARGET_UNHEALTHY, HEALTH_CONNECT_REFUSED, 0, 1, 2},
	{"-", 5, 1, TARGET_UNHEALTHY, HEALTH_CONNECT_REFUSED, 0, 1, 1},
	{"---------", 5, 10, TARGET_INITIAL, HEALTH_CHECKING, 9, 0, 0},
	{"----------", 5, 10, TARGET_UNHEALTHY, HEALTH_CONNECT_REFUSED, 0, 1, 10},
	/* healthy needs failures in a row */
	{"+-", 5, 2, TARGET_HEALTHY, HEALTH_NONE, 1, 1, 1},
	{"+-+-", 5, 2, TARGET_HEALTHY, HEALTH_NONE, 1, 1, 1},
	{"+-+", 5, 2, TARGET_HEALTHY, HEALTH_NONE, 0, 1, 1},
	{"+--", 5, 2, TARGET_UNHEALTHY, HEALTH_CONNECT_REFUSED, 0, 2, 3},
	/* unhealthy needs successes in a row */
	{"--++", 3, 2, TARGET_UNHEALTHY, HEALTH_CONNECT_REFUSED, 2, 1, 2},
	{"--++-++", 3, 2, TARGET_UNHEALTHY, HEALTH_CONNECT_REFUSED, 2, 1, 2},
	{"--+++", 3, 2, TARGET_HEALTHY, HEALTH_NONE, 0, 2, 5},
	{"--+", 1, 2, TARGET_HEALTHY, HEALTH_NONE, 0, 2, 3},
	{"--+++--+++", 3, 2, TARGET_HEALTHY, HEALTH_NONE, 0, 4, 10},
};

static unsigned play(struct health_state *hs, const struct history *h)
{
	unsigned changes = 0;
	int64_t now_ms = 0;

	health_state_init(hs, 0);
	for (const char *c = h->results; *c; c++) {
		struct health_result result = {
			.passed = *c == '+',
			.reason = *c == '+' ? HEALTH_NONE : HEALTH_CONNECT_REFUSED,
			.took_ms = 7,
		};

		changes += health_state_step(hs, &result, h->healthy_threshold,
					     h->unhealthy_threshold, ++now_ms);
	}
	return changes;
}

static void test_histories(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(histories); i++) {
		const struct history *h = &histories[i];
		struct health_state hs;
		unsigned changes = play(&hs, h);

		if (hs.state != h->state || hs.reason != h->reason || hs.streak != h->streak ||
		    changes != h->changes || hs.since_ms != h->since_ms)
			fail_msg("'%s': %s '%s' streak %u changes %u since %ld", h->results,
				 target_state_name(hs.state), health_reason_text(hs.reason),
				 hs.streak, changes, (long)hs.since_ms);
	}
}

static void test_totals(void **state)
{
	static const struct history h = {"+-+--", 2, 3, TARGET_HEALTHY, HEALTH_NONE, 2, 1, 1};
	struct health_state hs;

	play(&hs, &h);
	assert_int_equal(hs.checks, 5);
	assert_int_equal(hs.failures, 3);
	assert_int_equal(hs.last_took_ms, 7);
}

static void test_newest_reason_is_kept(void **state)
{
	struct health_result timeout = {.reason = HEALTH_CONNECT_TIMEOUT};
	struct health_result status = {.reason = HEALTH_RESPONSE_MISMATCH, .detail = 503};
	struct health_state hs;

	health_state_init(&hs, 0);
	assert_true(health_state_step(&hs, &timeout, 2, 1, 1));
	assert_false(health_state_step(&hs, &status, 2, 1, 2));
	assert_int_equal(hs.reason, HEALTH_RESPONSE_MISMATCH);
	assert_int_equal(hs.detail, 503);
	assert_int_equal(hs.since_ms, 1);
}

static void test_draining_and_unused_ignore_results(void **state)
{
	static const enum target_state states[] = {TARGET_DRAINING, TARGET_UNUSED};
	struct health_result passed = {.passed = true};

	for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
		struct health_state hs;

		health_state_init(&hs, 0);
		assert_true(health_state_set(&hs, states[i], HEALTH_DEREGISTERING, 5));
		assert_false(health_state_step(&hs, &passed, 1, 1, 6));
		assert_int_equal(hs.state, states[i]);
		assert_int_equal(hs.checks, 0);
		assert_int_equal(hs.since_ms, 5);
	}
}

static void test_set(void **state)
{
	struct health_state hs;

	health_state_init(&hs, 1);
	assert_true(health_state_set(&hs, TARGET_HEALTHY, HEALTH_CHECKS_DISABLED, 2));
	assert_int_equal(hs.reason, HEALTH_CHECKS_DISABLED);
	assert_false(health_state_set(&hs, TARGET_HEALTHY, HEALTH_NONE, 3));
	assert_int_equal(hs.reason, HEALTH_NONE);
	assert_int_equal(hs.since_ms, 2);
}

static void test_names(void **state)
{
	assert_string_equal(target_state_name(TARGET_INITIAL), "initial");
	assert_string_equal(target_state_name(TARGET_UNUSED), "unused");
	assert_string_equal(target_state_name((enum target_state)99), "?");
	assert_string_equal(health_reason_name(HEALTH_CONNECT_TIMEOUT), "Target.Timeout");
	assert_string_equal(health_reason_text(HEALTH_CONNECT_TIMEOUT), "connect timeout");
	assert_string_equal(health_reason_name(HEALTH_NONE), "");
	assert_string_equal(health_reason_text(HEALTH_NOT_IN_USE),
			    "target group is in no listener");
	assert_string_equal(health_reason_name(HEALTH_REASON_COUNT), "?");
	assert_string_equal(health_reason_text(HEALTH_REASON_COUNT), "?");
}

static void test_fail_open(void **state)
{
	static const struct {
		unsigned healthy, total, min_count, min_pct;
		bool open;
	} cases[] = {
		{0, 0, 1, 0, false}, /* an empty group never does */
		{0, 0, 5, 100, false},
		{0, 1, 1, 0, true},
		{1, 1, 1, 0, false},
		{0, 10, 0, 0, true}, /* 0 counts as 1 */
		{1, 10, 0, 0, false},
		{2, 10, 3, 0, true},
		{3, 10, 3, 0, false},
		{4, 10, 1, 50, true},
		{5, 10, 1, 50, false},
		{1, 3, 1, 34, true}, /* 1.02 rounds up to 2 */
		{2, 3, 1, 34, false},
		{1, 3, 1, 33, false}, /* 0.99 rounds up to 1 */
		{9, 10, 1, 100, true},
		{10, 10, 1, 100, false},
		{6, 10, 7, 50, true}, /* the stricter of both */
		{7, 10, 7, 50, false},
		{2, 2, 3, 0, true}, /* more than there are: all of them serve anyway */
		{3999999999u, 4000000000u, 1, 100, true},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (health_fails_open(cases[i].healthy, cases[i].total, cases[i].min_count,
				      cases[i].min_pct) != cases[i].open)
			fail_msg("case %zu", i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_histories),
		cmocka_unit_test(test_totals),
		cmocka_unit_test(test_newest_reason_is_kept),
		cmocka_unit_test(test_draining_and_unused_ignore_results),
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_fail_open),
	};

	return cmocka_run_group_tests_name("model/health_state", tests, NULL, NULL);
}
