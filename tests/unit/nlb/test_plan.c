/* SPDX-License-Identifier: BSD-2-Clause */
/* What a change is said to mean. */
#include "want.h"

static struct want new_want(unsigned targets)
{
	struct want w = want_new();

	want_group_of(&w, "web", targets);
	want_listener(&w, "edge/TCP_UDP:80", "192.0.2.1", 80, "web")->has_udp = true;
	want_listener(&w, "edge/TCP_UDP:80", "192.0.2.2", 80, "web");
	want_listener(&w, "edge/TCP:443", "192.0.2.1", 443, "web");
	return w;
}

static struct nlb_image *new_image(const struct want *w)
{
	struct nlb_image *empty = nlb_image_new(), *image = compile_ok(w, empty, 1000);

	nlb_image_free(empty);
	return image;
}

/* Plans from `image` to what `w` makes of it. */
static struct nlb_plan plan_of(const struct want *w, const struct nlb_image *image)
{
	struct nlb_image *next = compile_ok(w, image, 2000);
	struct nlb_plan plan;

	nlb_plan_make(image, next, &plan);
	nlb_image_free(next);
	return plan;
}

static void test_from_nothing_and_back(void **state)
{
	struct want w = new_want(4), none = want_new();
	struct nlb_image *empty = nlb_image_new(), *image = new_image(&w);
	struct nlb_plan plan = plan_of(&w, empty);

	assert_int_equal(plan.listeners_added, 2); /* by listener, not by key */
	assert_int_equal(plan.groups_added, 1);
	assert_int_equal(plan.targets_added, 4);
	assert_int_equal(plan.slots_total, 0); /* no ring was there before */
	assert_int_equal(plan.listeners_changed + plan.listeners_removed + plan.groups_changed +
				 plan.groups_removed,
			 0);
	nlb_plan_fini(&plan);
	plan = plan_of(&none, image);
	assert_int_equal(plan.listeners_removed, 2);
	assert_int_equal(plan.groups_removed, 1);
	assert_int_equal(plan.targets_removed, 4);
	assert_int_equal(plan.removed_target_count, 4);
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(plan.removed_targets[i], NLB_TARGET_ID(i, 1));
	assert_int_equal(plan.listeners_added + plan.groups_added + plan.targets_added +
				 plan.slots_total,
			 0);
	nlb_plan_fini(&plan);
	nlb_plan_fini(&plan);
	nlb_image_free(empty);
	nlb_image_free(image);
	want_free(&w);
	want_free(&none);
}

static void test_a_target_that_leaves(void **state)
{
	struct want w = new_want(10);
	struct nlb_image *image = new_image(&w);
	struct nlb_plan plan;

	w.want.groups[0].target_count--;
	plan = plan_of(&w, image);
	assert_int_equal(plan.targets_removed, 1);
	assert_int_equal(plan.removed_target_count, 1);
	assert_int_equal(plan.removed_targets[0], NLB_TARGET_ID(9, 1));
	assert_int_equal(plan.targets_added + plan.targets_changed, 0);
	assert_int_equal(plan.groups_changed, 1);
	assert_int_equal(plan.slots_total, 8209);
	assert_in_range(plan.slots_moved, 820, 820 + 82);
	nlb_plan_fini(&plan);
	nlb_image_free(image);
	want_free(&w);
}

/* From 2 targets to 1 the ring has another size: half of the hash space moves, not all of it. */
static void test_a_ring_of_another_size(void **state)
{
	struct want w = new_want(2);
	struct nlb_image *image = new_image(&w);
	struct nlb_plan plan;

	w.want.groups[0].target_count = 1;
	plan = plan_of(&w, image);
	assert_int_equal(plan.slots_total, 101);
	assert_in_range(plan.slots_moved, 30, 70);
	nlb_plan_fini(&plan);
	nlb_image_free(image);
	want_free(&w);
}

static void test_changes(void **state)
{
	struct want w = new_want(4);
	struct nlb_image *image = new_image(&w);
	struct nlb_plan plan;

	w.want.groups[0].targets[0].path.dst_mac[0] = 6;
	w.want.groups[0].targets[1].snats[0] = address_of("10.0.9.10");
	w.want.groups[0].targets[2].takes_new = false;
	w.want.listeners[2].tcp_idle_s = 60;
	plan = plan_of(&w, image);
	assert_int_equal(plan.targets_changed, 3);
	assert_int_equal(plan.listeners_changed, 1);
	assert_int_equal(plan.groups_changed, 1); /* second choices */
	assert_int_equal(plan.slots_moved, 0);
	assert_int_equal(plan.slots_total, 8209);
	nlb_plan_fini(&plan);
	want_free(&w);
	w = new_want(4);
	w.want.groups[0].flags = NLB_GROUP_MOVE_UNHEALTHY;
	plan = plan_of(&w, image);
	assert_int_equal(plan.groups_changed, 1);
	assert_int_equal(plan.targets_changed + plan.listeners_changed, 0);
	nlb_plan_fini(&plan);
	nlb_image_free(image);
	want_free(&w);
}

static void test_a_listener_that_loses_a_key_is_changed(void **state)
{
	struct want w = new_want(4);
	struct nlb_image *image = new_image(&w);
	struct nlb_plan plan;

	w.want.listeners[0].has_udp = false;
	plan = plan_of(&w, image);
	assert_int_equal(plan.listeners_changed, 1);
	assert_int_equal(plan.listeners_added + plan.listeners_removed, 0);
	nlb_plan_fini(&plan);
	nlb_image_free(image);
	want_free(&w);
}

static void test_another_group_at_the_same_index(void **state)
{
	struct want w = new_want(2), other = want_new();
	struct nlb_image *image = new_image(&w), *fresh;
	struct nlb_plan plan;

	want_group_of(&other, "api", 2);
	fresh = new_image(&other); /* compiled without regard to image */
	nlb_plan_make(image, fresh, &plan);
	assert_int_equal(plan.groups_added, 1);
	assert_int_equal(plan.groups_removed, 1);
	assert_int_equal(plan.slots_total, 0);
	nlb_plan_fini(&plan);
	nlb_image_free(image);
	nlb_image_free(fresh);
	want_free(&w);
	want_free(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_from_nothing_and_back),
		cmocka_unit_test(test_a_target_that_leaves),
		cmocka_unit_test(test_a_ring_of_another_size),
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_a_listener_that_loses_a_key_is_changed),
		cmocka_unit_test(test_another_group_at_the_same_index),
	};

	return cmocka_run_group_tests_name("nlb: plan", tests, NULL, NULL);
}
