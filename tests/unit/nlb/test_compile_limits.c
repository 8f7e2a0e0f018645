/* SPDX-License-Identifier: BSD-2-Clause */
/* Every table at its limit and one past it; and how long a large compilation takes. */
#include <errno.h>

#include "base/clock.h"
#include "want.h"

static struct nlb_image *empty;

static struct nlb_image *new_image(const struct want *w)
{
	return compile_ok(w, empty, 1000);
}

/* `count` targets 10.x.y.z:80, with or without slots. */
static struct nlb_want_group *many_targets(struct want *w, const char *name, unsigned count,
					   bool in_ring)
{
	struct nlb_want_group *group = want_group(w, name, AF_INET);

	group->targets = arena_alloc(w->arena, count * sizeof(*group->targets));
	group->target_count = count;
	for (unsigned i = 0; i < count; i++) {
		struct nlb_want_target *target = &group->targets[i];

		target->address.family = AF_INET;
		target->address.bytes[0] = 10;
		target->address.bytes[1] = (uint8_t)(i >> 16);
		target->address.bytes[2] = (uint8_t)(i >> 8);
		target->address.bytes[3] = (uint8_t)i;
		target->port = 80;
		target->weight = 1;
		target->in_ring = in_ring;
		target->takes_new = true;
	}
	return group;
}

static void test_targets(void **state)
{
	struct want w = want_new();
	struct nlb_want_group *group = many_targets(&w, "web", NLB_MAX_TARGETS + 1, false);
	struct nlb_image *image;

	group->target_count = NLB_MAX_TARGETS;
	image = new_image(&w);
	assert_int_equal(image->target_count, NLB_MAX_TARGETS);
	nlb_image_free(image);
	group->target_count = NLB_MAX_TARGETS + 1;
	assert_refused(&w, empty, -ENOSPC,
		       "target 'web/10.1.0.0:80': the table of targets is full (65536 entries)");
	want_free(&w);
}

/* What leaves has its index until the change is done, and a while longer. */
static void test_targets_leave_first(void **state)
{
	struct want w = want_new();
	struct nlb_want_group *group = many_targets(&w, "web", NLB_MAX_TARGETS, false);
	struct nlb_image *image = new_image(&w);

	group->targets[0].port = 81;
	assert_refused(&w, image, -ENOSPC,
		       "target 'web/10.0.0.0:81': the table of targets is full (65536 entries)");
	group->targets++;
	group->target_count--;
	advance(&w, &image, 1000);
	group->targets--;
	group->target_count++;
	assert_refused(&w, image, -ENOSPC,
		       "target 'web/10.0.0.0:81': the table of targets is full (65536 entries)");
	advance(&w, &image, 1100);
	assert_int_equal(image->targets[0].row.id, NLB_TARGET_ID(0, 2));
	nlb_image_free(image);
	want_free(&w);
}

static void test_nexthops(void **state)
{
	struct want w = want_new();
	struct nlb_want_group *group = many_targets(&w, "web", NLB_MAX_NEXTHOPS, false);
	struct nlb_image *image;

	for (unsigned i = 0; i < NLB_MAX_NEXTHOPS; i++) {
		group->targets[i].path = (struct nlb_path){.is_resolved = true, .ifindex = 1};
		memcpy(group->targets[i].path.dst_mac, &i, 4);
	}
	group->target_count--; /* index 0 is not used */
	image = new_image(&w);
	assert_int_equal(image->nexthop_count, NLB_MAX_NEXTHOPS);
	assert_int_equal(image->targets[NLB_MAX_NEXTHOPS - 2].row.nexthop, NLB_MAX_NEXTHOPS - 1);
	nlb_image_free(image);
	group->target_count++;
	assert_refused(
		&w, empty, -ENOSPC,
		"target 'web/10.0.255.255:80': the table of next hops is full (65535 entries)");
	want_free(&w);
}

static void test_snats(void **state)
{
	struct want w = want_new();
	struct nlb_want_group *group = many_targets(&w, "web", NLB_MAX_SNATS / 8 + 1, false);
	struct nlb_image *image;

	for (unsigned i = 0; i < group->target_count; i++) {
		struct nlb_want_target *target = &group->targets[i];

		target->snat_count = i < NLB_MAX_SNATS / 8 ? 8 : 1;
		for (unsigned j = 0; j < target->snat_count; j++) {
			target->snats[j] = target->address;
			target->snats[j].bytes[1] = (uint8_t)(100 + j);
		}
	}
	group->target_count--;
	image = new_image(&w);
	assert_int_equal(image->snat_count, NLB_MAX_SNATS);
	nlb_image_free(image);
	group->target_count++;
	assert_refused(
		&w, empty, -ENOSPC,
		"target 'web/10.0.2.0:80': the table of source addresses is full (4096 entries)");
	group->targets[NLB_MAX_SNATS / 8] =
		group->targets[0]; /* a run that is there needs no room */
	group->targets[NLB_MAX_SNATS / 8].port = 81;
	image = new_image(&w);
	assert_int_equal(image->targets[NLB_MAX_SNATS / 8].row.snat, NLB_SNAT(0, 8));
	nlb_image_free(image);
	want_free(&w);
}

static void test_groups(void **state)
{
	struct want w = want_new();
	struct nlb_image *image;

	w.want.groups = arena_alloc(w.arena, (NLB_MAX_TARGET_GROUPS + 1) * sizeof(*w.want.groups));
	w.want.group_count = NLB_MAX_TARGET_GROUPS + 1;
	for (unsigned i = 0; i < w.want.group_count; i++)
		w.want.groups[i] = (struct nlb_want_group){.name = arena_printf(w.arena, "g%u", i),
							   .family = AF_INET,
							   .forwarding = NLB_FORWARD_L2};
	w.want.group_count--;
	image = new_image(&w);
	assert_int_equal(image->group_count, NLB_MAX_TARGET_GROUPS);
	nlb_image_free(image);
	w.want.group_count++;
	assert_refused(
		&w, empty, -ENOSPC,
		"target group 'g4096/ipv4': the table of target groups is full (4096 entries)");
	want_free(&w);
}

static struct nlb_want_listener *many_listeners(struct want *w, unsigned count)
{
	struct nlb_want_listener *listeners = arena_alloc(w->arena, count * sizeof(*listeners));

	for (unsigned i = 0; i < count; i++)
		listeners[i] = (struct nlb_want_listener){
			.name = arena_printf(w->arena, "edge/TCP:%u", i + 1),
			.vip = address_of("192.0.2.1"),
			.port = (uint16_t)(i + 1),
			.has_tcp = true,
			.group = "web"};
	w->want.listeners = listeners;
	w->want.listener_count = count;
	return listeners;
}

static void test_listeners(void **state)
{
	struct want w = want_new();
	struct nlb_image *image;

	want_group_of(&w, "web", 1);
	many_listeners(&w, NLB_MAX_LISTENERS + 1);
	w.want.listener_count = NLB_MAX_LISTENERS - 1; /* and the marker */
	image = new_image(&w);
	assert_int_equal(image->listener_count, NLB_MAX_LISTENERS);
	w.want.listener_count = NLB_MAX_LISTENERS;
	assert_refused(&w, empty, -ENOSPC,
		       "the table of listeners is full (16384 entries): 16385 are wanted (one a "
		       "VIP, port and protocol, and one a "
		       "VIP) while 0 leave");
	w.want.listener_count = NLB_MAX_LISTENERS + 1;
	assert_refused(&w, empty, -ENOSPC,
		       "listener 'edge/TCP:16385': the table of listeners is full (16384 entries)");
	w.want.listeners[5].port = 60000;
	w.want.listener_count = NLB_MAX_LISTENERS - 1;
	assert_refused(&w, image, -ENOSPC,
		       "the table of listeners is full (16384 entries): 16384 are wanted (one a "
		       "VIP, port and protocol, and one a "
		       "VIP) while 1 leave");
	nlb_image_free(image);
	want_free(&w);
}

/* As many rings as fit, and one more. */
static void test_slots(void **state)
{
	struct want w = want_new();
	struct nlb_image *image, *small = nlb_image_new();

	small->max_slots = 3 * 8209;
	for (unsigned i = 0; i < 3; i++)
		want_group_of(&w, arena_printf(w.arena, "g%u", i), 2);
	image = compile_ok(&w, small, 1000);
	check_image(image);
	nlb_image_free(image);
	want_group_of(&w, "g3", 2);
	assert_refused(&w, small, -ENOSPC,
		       "target group 'g3': no room for a ring of 8209 slots: 24627 of 24627 are "
		       "taken by rings and by rings that "
		       "are being replaced, the largest gap is 0");
	nlb_image_free(small);
	want_free(&w);
}

/* Even the largest ring can be replaced. */
static void test_the_largest_ring_fits_twice(void **state)
{
	struct want w = want_new();
	struct nlb_want_group *group = many_targets(&w, "web", 6000, true);
	struct nlb_image *image = new_image(&w), *next;

	assert_int_equal(nlb_image_ring_size(image, "web", AF_INET), 1048573);
	group->target_count--;
	next = compile_ok(&w, image, 1000);
	check_step(image, next, 1000);
	nlb_image_free(image);
	nlb_image_free(next);
	want_free(&w);
}

/* ---- time ---- */

static struct nlb_image *timed(const struct want *w, const struct nlb_image *now, const char *what)
{
	uint64_t start = clock_mono_ns();
	struct nlb_image *next = compile_ok(w, now, 2000);

	print_message("  %s: %.1f ms\n", what, (double)(clock_mono_ns() - start) / 1e6);
	return next;
}

static void time_compile(unsigned groups, unsigned targets)
{
	struct want w = want_new();
	struct nlb_image *image, *same, *health, *less;

	for (unsigned i = 0; i < groups; i++)
		many_targets(&w, arena_printf(w.arena, "g%u", i), targets, true);
	print_message(" %u groups of %u targets\n", groups, targets);
	image = timed(&w, empty, "from nothing");
	same = timed(&w, image, "unchanged");
	w.want.groups[0].targets[0].takes_new = false;
	health = timed(&w, same, "one health bit");
	w.want.groups[0].target_count--;
	less = timed(&w, health, "one target less");
	nlb_image_free(image);
	nlb_image_free(same);
	nlb_image_free(health);
	nlb_image_free(less);
	want_free(&w);
}

static void test_time(void **state)
{
	time_compile(1, 10);
	time_compile(1, 1000);
	time_compile(1, 10000);
	time_compile(30, 100);
}

static int make_empty(void **state)
{
	empty = nlb_image_new();
	return 0;
}

static int free_empty(void **state)
{
	nlb_image_free(empty);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_targets),	 cmocka_unit_test(test_targets_leave_first),
		cmocka_unit_test(test_nexthops), cmocka_unit_test(test_snats),
		cmocka_unit_test(test_groups),	 cmocka_unit_test(test_listeners),
		cmocka_unit_test(test_slots),	 cmocka_unit_test(test_the_largest_ring_fits_twice),
		cmocka_unit_test(test_time),
	};

	return cmocka_run_group_tests_name("nlb: compile, limits", tests, make_empty, free_empty);
}
