/* SPDX-License-Identifier: BSD-2-Clause */
/* Small pure things around changes: the summary of history, refusals, rates. */
#include "model_of.h"

#include "control/changes.h"
#include "control/rates.h"
#include "model/diff.h"

static void summarises(void **state)
{
	struct diff_entry entries[] = {
		{DIFF_MODIFY, "target", "web/10.0.0.1:80", "weight", "1", "2"},
		{DIFF_CREATE, "listener", "edge/TCP:80", NULL, NULL, NULL},
		{DIFF_DELETE, "listener", "edge/TCP:81", NULL, NULL, NULL},
	};
	struct diff diff = {entries, 1};
	char text[256];

	assert_string_equal(change_summary(&diff, NULL, text, sizeof(text)),
			    "modify target 'web/10.0.0.1:80' weight");
	diff.count = 3;
	assert_string_equal(change_summary(&diff, "a.yaml", text, sizeof(text)),
			    "a.yaml: modify target 'web/10.0.0.1:80' weight and 2 more");
	diff.entries = entries + 1;
	diff.count = 1;
	assert_string_equal(change_summary(&diff, NULL, text, sizeof(text)),
			    "create listener 'edge/TCP:80'");
	change_summary(&diff, "a.yaml", text, 20);
	assert_int_equal(strlen(text), 19);
}

static void first_refusal_wins(void **state)
{
	struct refusal refusal = {0};

	assert_int_equal(refuse(&refusal, REFUSED_IN_USE, "group '%s'", "web"), -1);
	refuse(&refusal, REFUSED_INTERNAL, "later");
	assert_int_equal(refusal.code, REFUSED_IN_USE);
	assert_string_equal(refusal.err.text, "group 'web'");
	assert_string_equal(refusal_name(refusal.code), "ResourceInUse");
	assert_int_equal(refusal_status(refusal.code), 409);
	assert_int_equal(refusal_status(REFUSED_TOO_LARGE), 413);
}

static void rates(void **state)
{
	assert_true(rate_per_s(0, 10, 1000) == 10.0);
	assert_true(rate_per_s(10, 15, 500) == 10.0);
	assert_true(rate_per_s(15, 10, 1000) == 0.0); /* set back */
	assert_true(rate_per_s(0, 10, 0) == 0.0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(summarises),
		cmocka_unit_test(first_refusal_wins),
		cmocka_unit_test(rates),
	};

	return cmocka_run_group_tests_name("control/changes", tests, NULL, NULL);
}
