/* SPDX-License-Identifier: BSD-2-Clause */
/* Want → image: what stays, what becomes new, what is refused. Sequences of random changes:
 * test_compile_random.c. */
#include <errno.h>

#include "want.h"

static struct want new_want(void)
{
	struct want w = want_new();

	want_group_of(&w, "web", 4);
	want_group_of(&w, "api", 2);
	want_listener(&w, "edge/TCP:80", "192.0.2.1", 80, "web");
	want_listener(&w, "edge/TCP:81", "192.0.2.1", 81, "api");
	return w;
}

static struct nlb_image *new_image(const struct want *w)
{
	struct nlb_image *empty = nlb_image_new(), *image = compile_ok(w, empty, 1000);

	check_step(empty, image, 1000);
	check_image(image);
	nlb_image_free(empty);
	return image;
}

/* Takes target `at` out of a want group. */
static void drop_target(struct nlb_want_group *group, size_t at)
{
	memmove(&group->targets[at], &group->targets[at + 1],
		(group->target_count - at - 1) * sizeof(*group->targets));
	group->target_count--;
}

static uint32_t id_of(const struct nlb_image *image, const char *group, const char *address,
		      uint16_t port)
{
	struct addr addr = address_of(address);
	int index = nlb_image_target_index(image, group, &addr, port);

	return index < 0 ? 0 : image->targets[index].row.id;
}

/* ---- fixed points ---- */

static void test_nothing_from_nothing(void **state)
{
	struct want w = want_new();
	struct nlb_image *image = new_image(&w), *next;

	assert_int_equal(image->listener_count + image->group_count + image->target_count +
				 image->hole_count,
			 0);
	next = compile_ok(&w, image, 2000);
	assert_images_equal(image, next);
	nlb_image_free(image);
	nlb_image_free(next);
	want_free(&w);
}

static void test_dnat_has_sources_and_a_network(void **state)
{
	struct want w = new_want();
	struct nlb_image *image;

	w.want.groups[0].forwarding = NLB_FORWARD_DNAT;
	w.want.groups[0].targets[0].link_bits = 24;
	w.want.groups[1].targets[0].link_bits = 64;
	image = new_image(&w);
	assert_int_equal(image->groups[0].row.forwarding, NLB_FORWARD_DNAT);
	assert_int_equal(image->targets[0].row.forwarding, NLB_FORWARD_DNAT);
	assert_int_equal(image->targets[0].row.link_bits, 24);
	assert_int_equal(image->targets[1].row.link_bits, 0);
	assert_int_equal(image->targets[0].row.snat, NLB_SNAT(0, 1));
	assert_int_equal(image->targets[4].row.link_bits, 0); /* nat asks for no network */
	nlb_image_free(image);
	want_free(&w);
}

static void test_encapsulation_has_an_overhead_and_a_source(void **state)
{
	struct want w = new_want();
	struct nlb_image *image;

	w.want.groups[0].forwarding = NLB_FORWARD_IPIP;
	w.want.groups[0].targets[0].source_bits = 14;
	w.want.groups[1].forwarding = NLB_FORWARD_GUE;
	w.want.groups[1].targets[0].source_bits = 14;
	image = new_image(&w);
	assert_int_equal(image->targets[0].row.forwarding, NLB_FORWARD_IPIP);
	assert_int_equal(image->targets[0].row.overhead, 20);
	assert_int_equal(image->targets[0].row.source_bits, 14);
	assert_int_equal(image->targets[0].row.snat, NLB_SNAT(0, 1));
	assert_int_equal(image->targets[4].row.forwarding, NLB_FORWARD_GUE);
	assert_int_equal(image->targets[4].row.overhead,
			 nlb_encap_bytes(NLB_FORWARD_GUE, image->targets[4].row.family));
	assert_int_equal(image->targets[4].row.source_bits, 0); /* its port varies */
	assert_true(NLB_SNAT_COUNT(image->targets[4].row.snat));
	nlb_image_free(image);
	want_free(&w);
}

static uint32_t group_of_listener(const struct nlb_image *image, const char *vip)
{
	const struct addr address = address_of(vip);

	for (size_t i = 0; i < image->listener_count; i++)
		if (image->listeners[i].key.port &&
		    !memcmp(image->listeners[i].key.address, address.bytes, 16))
			return image->listeners[i].value.target_group;
	fail_msg("no listener at %s", vip);
	return 0;
}

static void test_a_listener_may_take_the_other_family(void **state)
{
	struct nlb_image *image = nlb_image_new();
	struct want w = want_new();
	uint32_t index;

	want_group_of(&w, "web", 2)->forwarding = NLB_FORWARD_GUE;
	want_listener(&w, "edge/TCP:80", "192.0.2.1", 80, "web");
	want_listener(&w, "edge/TCP:80", "2001:db8::1", 80, "web")->group_family = AF_INET;
	want_listener(&w, "edge/TCP:80", "2001:db8::2", 80, "web");
	advance(&w, &image, 1000);
	index = group_of_listener(image, "192.0.2.1");
	assert_string_equal(image->groups[index].row.name, "web/ipv4");
	assert_int_equal(group_of_listener(image, "2001:db8::1"), index);
	index = group_of_listener(image, "2001:db8::2");
	assert_string_equal(image->groups[index].row.name, "web/ipv6");
	assert_int_equal(image->groups[index].row.ring, 0);
	nlb_image_free(image);
	want_free(&w);
}

static void test_a_want_is_fulfilled_row_by_row(void **state)
{
	struct want w = new_want();
	struct nlb_image *image;
	const struct nlb_target *row;

	w.want.groups[0].flags = NLB_GROUP_RESET_UNHEALTHY;
	w.want.groups[0].hash_fields = NLB_HASH_SOURCE;
	w.want.groups[0].mss_max = 1360;
	w.want.groups[1].forwarding = NLB_FORWARD_L2;
	w.want.groups[0].targets[1].path.mtu = 9000;
	image = new_image(&w);
	assert_string_equal(image->groups[0].row.name, "web/ipv4");
	assert_int_equal(image->groups[0].row.flags, NLB_GROUP_RESET_UNHEALTHY);
	assert_int_equal(image->groups[0].row.hash_fields, NLB_HASH_SOURCE);
	assert_int_equal(image->groups[0].row.mss_max, 1360);
	assert_int_equal(image->groups[1].row.forwarding, NLB_FORWARD_L2);
	assert_true(image->groups[0].row.ring == NLB_RING(0, 8209));
	assert_true(image->groups[1].row.ring == NLB_RING(8209, 8209));
	row = &image->targets[1].row;
	assert_int_equal(row->id, NLB_TARGET_ID(1, 1));
	assert_int_equal(row->target_group, 0);
	assert_int_equal(row->port, htons(80));
	assert_memory_equal(row->address, address_of("10.1.0.2").bytes, 16);
	assert_int_equal(row->family, NLB_IPV4);
	assert_int_equal(row->forwarding, NLB_FORWARD_NAT);
	assert_int_equal(row->nexthop, 2);
	assert_int_equal(image->nexthops[2].row.mtu, 9000);
	assert_int_equal(row->snat, NLB_SNAT(0, 1));
	assert_memory_equal(image->snats[0].row.address, address_of("10.0.9.9").bytes, 16);
	assert_int_equal(image->targets[4].row.snat, 0); /* l2 needs none */
	assert_int_equal(image->target_count, 6);
	assert_int_equal(image->nexthop_count, 3);
	assert_int_equal(image->snat_count, 1);
	nlb_image_free(image);
	want_free(&w);
}

static void test_an_image_is_a_fixed_point(void **state)
{
	struct want w = new_want();
	struct nlb_image *image = new_image(&w), *next;

	for (uint64_t now_ms = 1000; now_ms < 2000; now_ms += 499) {
		next = compile_ok(&w, image, now_ms);
		assert_images_equal(image, next);
		assert_plan_is_empty(image, next);
		nlb_image_free(image);
		image = next;
	}
	drop_target(&w.want.groups[0], 2);
	advance(&w, &image, 3000); /* a hole, a free index */
	next = compile_ok(&w, image, 3000);
	assert_images_equal(image, next);
	nlb_image_free(next);
	nlb_image_free(image);
	want_free(&w);
}

static void test_a_restart_changes_nothing(void **state)
{
	struct want w = new_want();
	struct nlb_image *image = new_image(&w), *read = read_back(image),
			 *next = compile_ok(&w, read, 5000);

	assert_plan_is_empty(read, next);
	assert_images_equal(image, next); /* digests and names are known again */
	nlb_image_free(image);
	nlb_image_free(read);
	nlb_image_free(next);
	want_free(&w);
}

static void test_order_in_the_want_does_not_matter(void **state)
{
	struct want w = new_want();
	struct nlb_image *image = new_image(&w), *next;
	struct nlb_want_target first = w.want.groups[0].targets[0];

	memmove(&w.want.groups[0].targets[0], &w.want.groups[0].targets[1], 3 * sizeof(first));
	w.want.groups[0].targets[3] = first;
	next = compile_ok(&w, image, 2000);
	assert_images_equal(image, next);
	nlb_image_free(image);
	nlb_image_free(next);
	want_free(&w);
}

/* ---- targets ---- */

static void test_a_removed_target_leaves_the_others(void **state)
{
	struct want w = new_want();
	struct nlb_image *image = new_image(&w), *next;

	drop_target(&w.want.groups[0], 1);
	next = compile_ok(&w, image, 2000);
	check_step(image, next, 2000);
	check_image(next);
	assert_int_equal(next->targets[1].row.id, 0);
	assert_int_equal(next->targets[1].row.last_gen, 1);
	assert_int_equal(next->targets[1].freed_ms, 2000);
	assert_int_equal(id_of(next, "web", "10.1.0.3", 80), NLB_TARGET_ID(2, 1));
	assert_true(next->groups[0].row.ring == NLB_RING(2 * 8209, 8209)); /* a new generation */
	assert_true(next->groups[1].row.ring == image->groups[1].row.ring);
	assert_int_equal(next->hole_count, 1);
	assert_int_equal(next->holes[0].base, 0);
	assert_int_equal(next->holes[0].size, 8209);
	nlb_image_free(image);
	nlb_image_free(next);
	want_free(&w);
}

static void test_an_index_is_reused_after_grace_with_the_next_generation(void **state)
{
	struct want w = new_want();
	struct nlb_image *image = new_image(&w);
	struct nlb_want_group *web = &w.want.groups[0];

	drop_target(web, 1);
	advance(&w, &image, 2000);
	want_target(web, "10.1.0.2", 80); /* the same, back too early for its index */
	advance(&w, &image, 2000 + NLB_GRACE_MS - 1);
	assert_int_equal(id_of(image, "web", "10.1.0.2", 80), NLB_TARGET_ID(6, 1));
	want_target(web, "10.1.7.7", 80);
	advance(&w, &image, 2000 + NLB_GRACE_MS);
	assert_int_equal(id_of(image, "web", "10.1.7.7", 80), NLB_TARGET_ID(1, 2));
	assert_int_equal(image->targets[1].last_gen, 2);
	assert_int_equal(image->targets[1].freed_ms, 0);
	nlb_image_free(image);
	want_free(&w);
}

static void test_generations_survive_a_restart(void **state)
{
	struct want w = new_want();
	struct nlb_image *image = new_image(&w), *read;

	drop_target(&w.want.groups[0], 1);
	advance(&w, &image, 2000);
	read = read_back(image);
	want_target(&w.want.groups[0], "10.1.7.7", 80);
	advance(&w, &read,
		2010); /* times are not in the maps: a start takes longer than a packet */
	assert_int_equal(id_of(read, "web", "10.1.7.7", 80), NLB_TARGET_ID(1, 2));
	nlb_image_free(image);
	nlb_image_free(read);
	want_free(&w);
}

static void test_generations_wrap_past_0(void **state)
{
	struct want w = new_want();
	struct nlb_image *image = new_image(&w);
	uint16_t expected = 1;

	w.want.group_count = 1;
	w.want.groups[0].target_count = 1;
	w.want.groups[0].targets[0].in_ring = false; /* quick: no ring */
	for (unsigned i = 0; i < NLB_TARGET_GEN_MAX + 2; i++) {
		w.want.groups[0].target_count = 0;
		advance(&w, &image, 2000 + i * 400);
		w.want.groups[0].target_count = 1;
		advance(&w, &image, 2200 + i * 400);
		expected = expected == NLB_TARGET_GEN_MAX ? 1 : expected + 1;
		assert_int_equal(id_of(image, "web", "10.1.0.1", 80), NLB_TARGET_ID(0, expected));
	}
	assert_int_equal(expected, 3);
	nlb_image_free(image);
	want_free(&w);
}

static void test_another_forwarding_is_another_target(void **state)
{
	struct want w = new_want();
	struct nlb_image *image = new_image(&w), *next;

	w.want.groups[1].forwarding = NLB_FORWARD_L2;
	next = compile_ok(&w, image, 2000);
	check_step(image, next, 2000);
	check_image(next);
	assert_int_equal(next->targets[4].row.id, 0);
	assert_int_equal(id_of(next, "api", "10.1.0.1", 80), NLB_TARGET_ID(6, 1));
	assert_int_equal(next->targets[6].row.forwarding, NLB_FORWARD_L2);
	assert_int_equal(next->targets[6].row.snat, 0);
	assert_true(next->groups[1].row.ring !=
		    image->groups[1].row.ring); /* same members, other ids */
	assert_true(next->groups[1].members_digest == image->groups[1].members_digest);
	nlb_image_free(image);
	nlb_image_free(next);
	want_free(&w);
}

static void test_no_slots_for_weight_0_and_for_the_draining(void **state)
{
	struct want w = new_want();
	struct nlb_image *image;
	struct addr first = address_of("10.1.0.1"), second = address_of("10.1.0.2"),
		    third = address_of("10.1.0.3");

	w.want.groups[0].targets[0].weight = 0;
	w.want.groups[0].targets[1].in_ring = false;
	image = new_image(&w);
	assert_int_not_equal(id_of(image, "web", "10.1.0.1", 80), 0);
	assert_int_not_equal(id_of(image, "web", "10.1.0.2", 80), 0);
	assert_true(image->targets[1].takes_new);
	assert_int_equal(nlb_image_primary_slots(image, "web", &first, 80), 0);
	assert_int_equal(nlb_image_primary_slots(image, "web", &second, 80), 0);
	assert_in_range(nlb_image_primary_slots(image, "web", &third, 80), 4104, 4105);
	nlb_image_free(image);
	want_free(&w);
}

static void test_weights_are_shares(void **state)
{
	struct want w = new_want();
	struct nlb_image *image;
	struct addr first = address_of("10.1.0.1"), second = address_of("10.1.0.2");

	w.want.groups[0].targets[1].weight = 5; /* of 8 */
	image = new_image(&w);
	assert_in_range(nlb_image_primary_slots(image, "web", &first, 80), 1026, 1027);
	assert_in_range(nlb_image_primary_slots(image, "web", &second, 80), 5130, 5131);
	nlb_image_free(image);
	want_free(&w);
}

/* ---- health ---- */

static void test_health_changes_the_second_choices_only(void **state)
{
	struct want w = new_want();
	struct nlb_image *image = new_image(&w), *next;
	struct nlb_plan plan;

	w.want.groups[0].targets[2].takes_new = false;
	next = compile_ok(&w, image, 2000);
	check_step(image, next, 2000);
	check_image(next);
	nlb_plan_make(image, next, &plan);
	assert_int_equal(plan.slots_moved, 0);
	assert_int_equal(plan.targets_changed, 1);
	assert_int_equal(plan.groups_changed, 1);
	assert_false(next->targets[2].takes_new);
	for (int i = 0; i < 8209; i++)
		assert_int_not_equal(next->groups[0].slots[i].secondary, NLB_TARGET_ID(2, 1));
	assert_true(next->groups[0].members_digest == image->groups[0].members_digest);
	assert_true(next->groups[0].secondary_digest != image->groups[0].secondary_digest);
	nlb_plan_fini(&plan);
	w.want.groups[0].targets[2].takes_new = true;
	advance(&w, &next, 3000); /* back: the same columns as before */
	assert_memory_equal(next->groups[0].slots, image->groups[0].slots,
			    8209 * sizeof(struct nlb_slot));
	nlb_image_free(image);
	nlb_image_free(next);
	want_free(&w);
}

/* A health change is not refused for want of room: it goes into the place it has. */
static void test_health_without_room_goes_in_place(void **state)
{
	struct want w = new_want();
	struct nlb_image *image = new_image(&w), *next, *read;

	image->max_slots = 2 * 8209 + 8208;
	w.want.groups[0].targets[2].takes_new = false;
	next = compile_ok(&w, image, 2000);
	check_image(next);
	assert_true(next->groups[0].row.ring == image->groups[0].row.ring);
	assert_int_equal(next->hole_count, 0);
	for (int i = 0; i < 8209; i++)
		assert_int_equal(next->groups[0].slots[i].primary,
				 image->groups[0].slots[i].primary);
	read = read_back(next);
	w.want.groups[0].targets[1].takes_new = false;
	advance(&w, &read, 3000); /* nor after a restart */
	assert_true(read->groups[0].row.ring == image->groups[0].row.ring);
	w.want.groups[0].targets[2].weight = 2; /* but this is refused */
	assert_refused(&w, next, -ENOSPC,
		       "target group 'web': no room for a ring of 8209 slots: 16418 of 24626 are "
		       "taken by rings and by rings "
		       "that are being replaced, the largest gap is 8208");
	nlb_image_free(image);
	nlb_image_free(read);
	nlb_image_free(next);
	want_free(&w);
}

/* ---- rings ---- */

static void test_a_hole_is_closed_after_grace(void **state)
{
	struct want w = new_want();
	struct nlb_image *image = new_image(&w);

	image->max_slots = 3 * 8209;
	drop_target(&w.want.groups[0], 0);
	advance(&w, &image, 2000);
	assert_true(image->groups[0].row.ring == NLB_RING(2 * 8209, 8209));
	drop_target(&w.want.groups[0], 0);
	assert_refused(&w, image,
		       -ENOSPC, /* at 1000: a clock before the hole is no reason to trust it */
		       "target group 'web': no room for a ring of 8209 slots: 24627 of 24627 are "
		       "taken by rings and by rings "
		       "that are being replaced, the largest gap is 0");
	advance(&w, &image, 2100);
	assert_true(image->groups[0].row.ring == NLB_RING(0, 8209));
	assert_int_equal(image->hole_count, 1);
	assert_int_equal(image->holes[0].base, 2 * 8209);
	nlb_image_free(image);
	want_free(&w);
}

static void test_an_emptied_group_has_no_ring(void **state)
{
	struct want w = new_want();
	struct nlb_image *image = new_image(&w), *next;

	w.want.groups[0].target_count = 0;
	next = compile_ok(&w, image, 2000);
	assert_true(next->groups[0].row.ring == 0);
	assert_null(next->groups[0].slots);
	assert_string_equal(next->groups[0].row.name, "web/ipv4");
	assert_int_equal(next->hole_count, 1);
	check_image(next);
	advance(&w, &next, 2001);
	assert_int_equal(next->hole_count, 1);
	advance(&w, &next, 2200);
	assert_int_equal(next->hole_count, 0);
	nlb_image_free(image);
	nlb_image_free(next);
	want_free(&w);
}

static void test_another_key_is_another_ring(void **state)
{
	struct want w = new_want();
	struct nlb_image *image = new_image(&w), *next;
	struct nlb_plan plan;

	w.want.hash_key[0] ^= 1;
	next = compile_ok(&w, image, 2000);
	check_step(image, next, 2000);
	nlb_plan_make(image, next, &plan);
	assert_in_range(plan.slots_moved, plan.slots_total / 3, plan.slots_total);
	assert_int_equal(plan.groups_changed, 2);
	assert_int_equal(plan.targets_changed, 0);
	assert_int_equal(next->hash_key[0], w.want.hash_key[0]);
	nlb_plan_fini(&plan);
	nlb_image_free(image);
	nlb_image_free(next);
	want_free(&w);
}

/* Someone wrote into the pinned slots. */
static void test_damaged_slots_are_made_anew(void **state)
{
	struct want w = new_want();
	struct nlb_image *image = new_image(&w), *read = read_back(image), *next;

	memset(read->groups[0].slots, 0, 100 * sizeof(struct nlb_slot));
	next = compile_ok(&w, read, 5000);
	check_image(next);
	assert_true(next->groups[0].row.ring != read->groups[0].row.ring);
	assert_true(next->groups[1].row.ring == read->groups[1].row.ring);
	assert_memory_equal(next->groups[0].slots, image->groups[0].slots,
			    8209 * sizeof(struct nlb_slot));
	nlb_image_free(image);
	nlb_image_free(read);
	nlb_image_free(next);
	want_free(&w);
}

/* ---- next hops and source addresses ---- */

static void test_a_changed_path_is_another_row(void **state)
{
	struct want w = new_want();
	struct nlb_image *image = new_image(&w), *next;

	assert_int_equal(image->nexthop_count, 2); /* all share one */
	w.want.groups[0].targets[0].path.dst_mac[5] = 99;
	next = compile_ok(&w, image, 2000);
	check_step(image, next, 2000);
	assert_int_equal(next->targets[0].row.nexthop, 2);
	assert_int_equal(next->targets[1].row.nexthop, 1);
	assert_int_equal(next->targets[0].row.id, image->targets[0].row.id);
	assert_true(next->groups[0].row.ring == image->groups[0].row.ring);
	for (int g = 0; g < 2; g++)
		for (size_t i = 0; i < w.want.groups[g].target_count; i++)
			w.want.groups[g].targets[i].path.dst_mac[5] = 99;
	advance(&w, &next, 3000);
	assert_int_equal(next->targets[1].row.nexthop, 2);
	assert_int_equal(next->nexthops[1].row.ifindex, 0);
	assert_int_equal(next->nexthops[1].freed_ms, 3000);
	w.want.groups[0].targets[0].path.dst_mac[5] =
		1; /* the old content, too early for the old row */
	advance(&w, &next, 3099);
	assert_int_equal(next->targets[0].row.nexthop, 3);
	nlb_image_free(image);
	nlb_image_free(next);
	want_free(&w);
}

static void test_tags_are_part_of_the_row(void **state)
{
	struct want w = new_want();
	struct nlb_path *path = &w.want.groups[0].targets[0].path;
	const struct nlb_nexthop *row;
	struct nlb_image *image;

	path->vlan_proto = 0x88a8;
	path->vlan_outer = 7;
	path->vlan_inner = 100;
	image = new_image(&w);
	assert_int_equal(image->nexthop_count, 3); /* the others share one without */
	row = &image->nexthops[image->targets[0].row.nexthop].row;
	assert_int_equal(row->vlan_outer, htons(7));
	assert_int_equal(row->vlan_inner, htons(100));
	assert_int_equal(row->vlan_outer_proto, htons(0x88a8));
	row = &image->nexthops[image->targets[1].row.nexthop].row;
	assert_int_equal(row->vlan_outer | row->vlan_inner | row->vlan_outer_proto, 0);
	nlb_image_free(image);
	want_free(&w);
}

static void test_an_unresolved_path_is_row_0(void **state)
{
	struct want w = new_want();
	struct nlb_image *image;

	w.want.groups[0].targets[0].path.is_resolved = false;
	w.want.groups[0].targets[1].path.ifindex = 0;
	w.want.groups[0].targets[2].path.mtu = 70000; /* loopback's does not fit */
	w.want.groups[0].targets[3].path.mtu = 0;
	image = new_image(&w);
	assert_int_equal(image->targets[0].row.nexthop, 0);
	assert_int_equal(image->targets[1].row.nexthop, 0);
	assert_int_equal(image->nexthops[image->targets[2].row.nexthop].row.mtu, 65535);
	assert_int_equal(image->nexthops[image->targets[3].row.nexthop].row.mtu, 0);
	assert_int_equal(nlb_image_ring_size(image, "web", AF_INET), 8209); /* still in the ring */
	nlb_image_free(image);
	want_free(&w);
}

static void test_source_addresses_are_shared_runs(void **state)
{
	struct want w = new_want();
	struct nlb_want_target *targets = w.want.groups[0].targets;
	struct nlb_image *image, *next;

	targets[0].snats[1] = targets[2].snats[1] = address_of("10.0.9.10");
	targets[0].snat_count = targets[2].snat_count = 2;
	targets[1].snats[0] = address_of("10.0.9.10"); /* same addresses, another order */
	targets[1].snats[1] = address_of("10.0.9.9");
	targets[1].snat_count = 2;
	targets[3].snat_count = 0;
	image = new_image(&w);
	assert_int_equal(image->targets[0].row.snat, NLB_SNAT(0, 2));
	assert_int_equal(image->targets[2].row.snat, NLB_SNAT(0, 2));
	assert_int_equal(image->targets[1].row.snat, NLB_SNAT(2, 2));
	assert_int_equal(image->targets[3].row.snat, 0);
	assert_int_equal(image->targets[4].row.snat, NLB_SNAT(4, 1));
	assert_memory_equal(image->snats[2].row.address, address_of("10.0.9.10").bytes, 16);
	targets[1] = targets[3];
	targets[1].address = address_of("10.1.0.2");
	next = compile_ok(&w, image, 2000);
	check_step(image, next, 2000);
	assert_false(next->snats[2].is_used || next->snats[3].is_used);
	assert_int_equal(next->snats[3].freed_ms, 2000);
	targets[1].snats[0] = address_of("10.0.9.77");
	targets[1].snat_count = 1;
	advance(&w, &next, 2050);
	assert_int_equal(next->targets[1].row.snat, NLB_SNAT(5, 1));
	targets[3].snats[0] = address_of("10.0.9.78");
	targets[3].snat_count = 1;
	advance(&w, &next, 2100);
	assert_int_equal(next->targets[3].row.snat, NLB_SNAT(2, 1));
	nlb_image_free(image);
	nlb_image_free(next);
	want_free(&w);
}

/* ---- groups ---- */

static void test_groups_keep_their_index_by_name(void **state)
{
	struct want w = new_want(), other;
	struct nlb_image *image = new_image(&w), *next;

	other = want_new();
	want_group_of(&other, "api", 2);
	want_group_of(&other, "new", 2);
	next = compile_ok(&other, image, 2000);
	check_step(image, next, 2000);
	check_image(next);
	assert_string_equal(next->groups[1].row.name, "api/ipv4");
	assert_string_equal(next->groups[2].row.name, "new/ipv4");
	assert_int_equal(next->groups[0].row.name[0], 0);
	assert_int_equal(next->groups[0].freed_ms, 2000);
	want_group_of(&other, "early", 1);
	advance(&other, &next, 2099);
	assert_string_equal(next->groups[3].row.name, "early/ipv4");
	want_group_of(&other, "late", 1);
	advance(&other, &next, 2100);
	assert_string_equal(next->groups[0].row.name, "late/ipv4");
	nlb_image_free(image);
	nlb_image_free(next);
	want_free(&w);
	want_free(&other);
}

static void test_families_are_groups_of_their_own(void **state)
{
	struct want w = new_want();
	struct nlb_image *image;

	want_target(want_group(&w, "web", AF_INET6), "fd00::1", 80);
	image = new_image(&w);
	assert_string_equal(image->groups[2].row.name, "web/ipv6");
	assert_int_equal(image->targets[6].row.family, NLB_IPV6);
	assert_int_equal(image->targets[6].row.target_group, 2);
	nlb_image_free(image);
	want_free(&w);
}

/* ---- listeners ---- */

static const struct image_listener *entry_of(const struct nlb_image *image, const char *vip,
					     uint16_t port, uint8_t protocol)
{
	struct addr addr = address_of(vip);

	for (size_t i = 0; i < image->listener_count; i++) {
		const struct nlb_listener_key *key = &image->listeners[i].key;

		if (key->port == htons(port) && key->protocol == protocol &&
		    !memcmp(key->address, addr.bytes, 16) &&
		    key->family == image_family(addr.family))
			return &image->listeners[i];
	}
	return NULL;
}

static void test_listeners_and_markers(void **state)
{
	static const struct nlb_listener zero;
	struct want w = new_want();
	struct nlb_image *image;
	const struct image_listener *entry;

	want_listener(&w, "edge/TCP_UDP:53", "192.0.2.1", 53, "api")->has_udp = true;
	want_listener(&w, "edge/TCP_UDP:53", "192.0.2.2", 53, "api")->has_udp = true;
	image = new_image(&w);
	assert_int_equal(image->listener_count, 2 + 4 + 2);
	entry = entry_of(image, "192.0.2.1", 53, IPPROTO_UDP);
	assert_string_equal(entry->name, "edge/TCP_UDP:53");
	assert_int_equal(entry->value.target_group, 1);
	assert_int_equal(entry->value.tcp_idle_s, 350);
	assert_int_equal(entry->value.udp_idle_s, 120);
	assert_int_equal(entry->value.id, 2);
	assert_int_equal(entry_of(image, "192.0.2.2", 53, IPPROTO_TCP)->value.id, 2);
	assert_null(entry_of(image, "192.0.2.1", 80, IPPROTO_UDP));
	entry = entry_of(image, "192.0.2.2", 0, 0);
	assert_non_null(entry);
	assert_memory_equal(&entry->value, &zero, sizeof(zero));
	assert_int_equal(entry->name[0], 0);
	nlb_image_free(image);
	want_free(&w);
}

static void test_listener_ids_stay(void **state)
{
	struct want w = new_want(), other = want_new();
	struct nlb_image *image = new_image(&w), *read = read_back(image);

	want_group_of(&other, "web", 4);
	want_group_of(&other, "api", 2);
	want_listener(&other, "new/TCP:1", "192.0.2.1", 1, "web");
	want_listener(&other, "edge/TCP:81", "192.0.2.7", 8181, "web"); /* by name */
	want_listener(&other, "other/TCP:80", "192.0.2.1", 80, "api");	/* by key */
	advance(&other, &image, 2000);
	assert_int_equal(nlb_image_listener_id(image, "other/TCP:80"), 0);
	assert_int_equal(nlb_image_listener_id(image, "edge/TCP:81"), 1);
	assert_int_equal(nlb_image_listener_id(image, "new/TCP:1"), 2);
	want_listener(&w, "new/TCP:82", "192.0.2.1", 82, "web");
	advance(&w, &read, 2000); /* names are not in the maps */
	assert_int_equal(nlb_image_listener_id(read, "edge/TCP:80"), 0);
	assert_int_equal(nlb_image_listener_id(read, "edge/TCP:81"), 1);
	assert_int_equal(nlb_image_listener_id(read, "new/TCP:82"), 2);
	nlb_image_free(image);
	nlb_image_free(read);
	want_free(&w);
	want_free(&other);
}

static void test_a_freed_listener_id_is_not_reused_at_once(void **state)
{
	struct want w = new_want();
	struct nlb_image *image = new_image(&w);

	w.want.listeners[0] = w.want.listeners[1];
	w.want.listener_count = 1;
	want_listener(&w, "edge/TCP:99", "192.0.2.1", 99, "web");
	advance(&w, &image, 2000);
	assert_int_equal(nlb_image_listener_id(image, "edge/TCP:99"), 2);
	nlb_image_free(image);
	want_free(&w);
}

static void test_a_listener_without_targets_of_its_family(void **state)
{
	struct want w = new_want();
	struct nlb_image *image, *next;
	const struct image_listener *entry;

	want_listener(&w, "edge/TCP:80", "2001:db8::1", 80, "web");
	image = new_image(&w);
	entry = entry_of(image, "2001:db8::1", 80, IPPROTO_TCP);
	assert_string_equal(image->groups[entry->value.target_group].row.name, "web/ipv6");
	assert_true(image->groups[entry->value.target_group].row.ring == 0);
	want_target(want_group(&w, "web", AF_INET6), "fd00::1", 80);
	next = compile_ok(&w, image, 2000);
	assert_int_equal(entry_of(next, "2001:db8::1", 80, IPPROTO_TCP)->value.target_group,
			 entry->value.target_group);
	assert_int_equal(nlb_image_ring_size(next, "web", AF_INET6), 101);
	nlb_image_free(image);
	nlb_image_free(next);
	want_free(&w);
}

/* ---- refusals ---- */

static void test_contradictions(void **state)
{
	struct want w = new_want();
	struct nlb_image *empty = nlb_image_new();
	struct nlb_want_target *target;
	struct nlb_want_listener *listener;

	listener = want_listener(&w, "other/TCP:80", "192.0.2.1", 80, "api");
	assert_refused(
		&w, empty, -EINVAL,
		"listener 'other/TCP:80': TCP 192.0.2.1:80 is already used by 'edge/TCP:80'");
	listener->name = "";
	assert_refused(&w, empty, -EINVAL, "a listener without a name is wanted");
	listener->name = "0123456789012345678901234567890123456789012345678901234567890123";
	assert_refused(&w, empty, -EINVAL,
		       "listener '0123456789012345678901234567890123456789012345678901234567890123': "
		       "the name is too long");
	listener->name = "x";
	listener->vip.family = 0;
	assert_refused(&w, empty, -EINVAL, "listener 'x': there is no address");
	w.want.listener_count--;

	target = want_target(&w.want.groups[1], "10.1.0.1", 80);
	assert_refused(&w, empty, -EINVAL, "target 'api/10.1.0.1:80': wanted twice");
	target->address = address_of("fd00::1");
	assert_refused(&w, empty, -EINVAL,
		       "target 'api/[fd00::1]:80': the address is not of the group's family");
	target->address = address_of("10.1.0.9");
	target->snat_count = 9;
	assert_refused(&w, empty, -EINVAL,
		       "target 'api/10.1.0.9:80': 9 source addresses are wanted, 8 are the most");
	w.want.groups[1].target_count--;

	want_group(&w, "web", AF_INET);
	assert_refused(&w, empty, -EINVAL, "target group 'web/ipv4' is wanted twice");
	w.want.groups[2].name = "0123456789012345678901234567890123456789abc";
	assert_refused(
		&w, empty, -EINVAL,
		"target group '0123456789012345678901234567890123456789abc': the name is too long");
	w.want.groups[2].name = "x";
	w.want.groups[2].family = AF_UNIX;
	assert_refused(&w, empty, -EINVAL, "target group 'x': family 1 is neither IPv4 nor IPv6");
	w.want.groups[2].family = AF_INET;
	w.want.groups[2].forwarding = 9;
	assert_refused(&w, empty, -EINVAL, "target group 'x': unknown forwarding 9");
	w.want.groups[2].forwarding = NLB_FORWARD_L2;
	w.want.groups[2].hash_fields = 9;
	assert_refused(&w, empty, -EINVAL, "target group 'x': unknown hash fields 9");
	nlb_image_free(empty);
	want_free(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_from_nothing),
		cmocka_unit_test(test_a_want_is_fulfilled_row_by_row),
		cmocka_unit_test(test_dnat_has_sources_and_a_network),
		cmocka_unit_test(test_encapsulation_has_an_overhead_and_a_source),
		cmocka_unit_test(test_a_listener_may_take_the_other_family),
		cmocka_unit_test(test_an_image_is_a_fixed_point),
		cmocka_unit_test(test_a_restart_changes_nothing),
		cmocka_unit_test(test_order_in_the_want_does_not_matter),
		cmocka_unit_test(test_a_removed_target_leaves_the_others),
		cmocka_unit_test(test_an_index_is_reused_after_grace_with_the_next_generation),
		cmocka_unit_test(test_generations_survive_a_restart),
		cmocka_unit_test(test_generations_wrap_past_0),
		cmocka_unit_test(test_another_forwarding_is_another_target),
		cmocka_unit_test(test_no_slots_for_weight_0_and_for_the_draining),
		cmocka_unit_test(test_weights_are_shares),
		cmocka_unit_test(test_health_changes_the_second_choices_only),
		cmocka_unit_test(test_health_without_room_goes_in_place),
		cmocka_unit_test(test_a_hole_is_closed_after_grace),
		cmocka_unit_test(test_an_emptied_group_has_no_ring),
		cmocka_unit_test(test_another_key_is_another_ring),
		cmocka_unit_test(test_damaged_slots_are_made_anew),
		cmocka_unit_test(test_a_changed_path_is_another_row),
		cmocka_unit_test(test_an_unresolved_path_is_row_0),
		cmocka_unit_test(test_tags_are_part_of_the_row),
		cmocka_unit_test(test_source_addresses_are_shared_runs),
		cmocka_unit_test(test_groups_keep_their_index_by_name),
		cmocka_unit_test(test_families_are_groups_of_their_own),
		cmocka_unit_test(test_listeners_and_markers),
		cmocka_unit_test(test_listener_ids_stay),
		cmocka_unit_test(test_a_freed_listener_id_is_not_reused_at_once),
		cmocka_unit_test(test_a_listener_without_targets_of_its_family),
		cmocka_unit_test(test_contradictions),
	};

	return cmocka_run_group_tests_name("nlb: compile", tests, NULL, NULL);
}
