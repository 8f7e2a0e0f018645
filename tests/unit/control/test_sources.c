/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses that targets saw and that the host has lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "control/sources.h"

static const struct addr a = {AF_INET, {10, 0, 0, 1}}, b = {AF_INET, {10, 0, 0, 2}};

static struct {
	struct sources sources;
	const struct addr *local; /* the one that the host has */
	unsigned told;
} t;

static bool is_local(const struct addr *address, void *arg)
{
	return t.local && addr_equal(t.local, address);
}

static void on_lost(const struct addr *address, void *arg)
{
	t.told++;
}

static bool check(uint64_t now_ms)
{
	return sources_check(&t.sources, now_ms, is_local, on_lost, NULL);
}

static int setup(void **state)
{
	t.sources = (struct sources){0};
	t.local = NULL;
	t.told = 0;
	return 0;
}

static void test_lost_after_a_while(void **state)
{
	struct addr lost[SOURCES_MAX];

	sources_note(&t.sources, &a, 1000);
	sources_note(&t.sources, &a, 1900); /* of another target: the first counts */
	assert_false(check(1999));
	assert_int_equal(sources_lost(&t.sources, lost), 0);
	assert_true(check(2000));
	assert_int_equal(sources_lost(&t.sources, lost), 1);
	assert_true(addr_equal(&lost[0], &a));
	assert_false(check(3000)); /* no news, told once */
	assert_int_equal(t.told, 1);
}

static void test_still_there(void **state)
{
	t.local = &a;
	sources_note(&t.sources, &a, 1000);
	assert_false(check(5000));
	t.local = NULL; /* it was forgotten: no target was reached from it since */
	assert_false(check(9000));
	assert_int_equal(t.told, 0);
}

static void test_comes_back(void **state)
{
	struct addr lost[SOURCES_MAX];

	sources_note(&t.sources, &a, 0);
	sources_note(&t.sources, &b, 0);
	assert_true(check(1000));
	assert_int_equal(sources_lost(&t.sources, lost), 2);
	t.local = &a;
	assert_true(check(2000));
	assert_int_equal(sources_lost(&t.sources, lost), 1);
	assert_true(addr_equal(&lost[0], &b));
}

static void test_limit(void **state)
{
	struct addr lost[SOURCES_MAX], addr = a;

	for (unsigned i = 0; i <= SOURCES_MAX; i++) {
		addr.bytes[3] = (uint8_t)i;
		sources_note(&t.sources, &addr, 0);
	}
	assert_true(check(1000));
	assert_int_equal(sources_lost(&t.sources, lost), SOURCES_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_lost_after_a_while, setup),
		cmocka_unit_test_setup(test_still_there, setup),
		cmocka_unit_test_setup(test_comes_back, setup),
		cmocka_unit_test_setup(test_limit, setup),
	};

	return cmocka_run_group_tests_name("sources", tests, NULL, NULL);
}
