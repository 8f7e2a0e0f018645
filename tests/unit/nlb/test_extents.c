/* SPDX-License-Identifier: BSD-2-Clause */
/* The allocator of slots, and the lookup by content. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "nlb/extents.h"
#include "nlb/lookup.h"

static void test_first_fit(void **state)
{
	struct extents e;
	uint32_t base;

	extents_init(&e, 100);
	assert_int_equal(extents_largest_gap(&e), 100);
	extents_take(&e, 50, 10);
	extents_take(&e, 10, 20);
	extents_take(&e, 0, 0); /* nothing */
	assert_true(extents_find(&e, 10, &base));
	assert_int_equal(base, 0);
	assert_true(extents_find(&e, 15, &base));
	assert_int_equal(base, 30);
	assert_true(extents_find(&e, 6, &base));
	assert_int_equal(base, 60);
	assert_true(extents_find(&e, 5, &base));
	assert_int_equal(base, 45);
	assert_int_equal(extents_largest_gap(&e), 34);
	assert_false(extents_find(&e, 35, &base));
	assert_true(extents_find(&e, 34, &base));
	assert_int_equal(base, 66);
	assert_false(extents_find(&e, 1, &base));
	assert_int_equal(extents_largest_gap(&e), 0);
	extents_fini(&e);
}

static void test_many_extents(void **state)
{
	struct extents e;
	uint32_t base;

	extents_init(&e, 1000);
	for (uint32_t i = 1000; i > 0; i -= 2) /* every second slot, from the end */
		extents_take(&e, i - 1, 1);
	for (uint32_t i = 0; i < 500; i++) {
		assert_true(extents_find(&e, 1, &base));
		assert_int_equal(base, 2 * i);
	}
	assert_false(extents_find(&e, 1, &base));
	extents_fini(&e);
	extents_fini(&e);
}

static void test_nothing_fits_into_no_slots(void **state)
{
	struct extents e;
	uint32_t base;

	extents_init(&e, 0);
	assert_false(extents_find(&e, 1, &base));
	extents_fini(&e);
}

static void test_lookup(void **state)
{
	struct arena *arena = arena_new();
	uint32_t keys[1000], other = 5000;
	struct lookup l;

	lookup_init(&l, arena, sizeof(keys[0]), 1000);
	assert_int_equal(lookup_get(&l, &other), LOOKUP_NONE);
	for (uint32_t i = 0; i < 1000; i++) {
		keys[i] = i * 64;
		lookup_put(&l, &keys[i], i);
		lookup_put(&l, &keys[i], 77777); /* the first stays */
	}
	for (uint32_t i = 0; i < 1000; i++)
		assert_int_equal(lookup_get(&l, &keys[i]), i);
	other = 1;
	assert_int_equal(lookup_get(&l, &other), LOOKUP_NONE);
	lookup_init(&l, arena, sizeof(keys[0]), 0);
	assert_int_equal(lookup_get(&l, &other), LOOKUP_NONE);
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_fit),
		cmocka_unit_test(test_many_extents),
		cmocka_unit_test(test_nothing_fits_into_no_slots),
		cmocka_unit_test(test_lookup),
	};

	return cmocka_run_group_tests_name("nlb: extents, lookup", tests, NULL, NULL);
}
