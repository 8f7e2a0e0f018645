// SPDX-License-Identifier: BSD-2-Clause
/*
 * Prefixes, ranges of ports and weighted actions into maps and back: what a restart reads is what
 * was written, what is damaged is left out and repaired, and nothing stays behind.
 */
#include "lab.h"
#include "want.h"

#include <bpf/bpf.h>

#include "nlb/object.h"

static void bring(struct nlb *nlb, const struct want *w)
{
	struct nlb_image *next = compile_ok(w, nlb_image(nlb), 1000000);
	struct err err = {""};

	if (nlb_apply(nlb, next, &err))
		fail_msg("nlb_apply: %s", err.text);
}

static void want_all_kinds(struct want *w)
{
	struct nlb_want_choice *choices = arena_alloc(w->arena, 2 * sizeof(*choices));
	struct nlb_want_listener *l;

	want_group_of(w, "web", 2);
	want_target(want_group(w, "green", AF_INET), "10.2.0.1", 80);
	choices[0] = (struct nlb_want_choice){.group = "web", .weight = 3};
	choices[1] = (struct nlb_want_choice){.group = "green", .weight = 1};
	l = want_listener(w, "site/TCP:5000-5999", "203.0.113.0", 5000, NULL);
	l->vip_bits = 28;
	l->last_port = 5999;
	l->has_udp = true;
	l->choices = choices;
	l->choice_count = 2;
	l = want_listener(w, "edge/TCP:all", "203.0.113.1", 1, "web");
	l->last_port = 65535;
	want_listener(w, "own/TCP:443", "203.0.113.1", 443, NULL)->is_local = true;
}

static size_t entries_of(const struct nlb *nlb, enum nlb_map_id id)
{
	uint8_t key[64], next[64];
	size_t count = 0;
	void *last = NULL;

	while (!bpf_map_get_next_key(nlb->maps.fd[id], last, next)) {
		memcpy(key, next, sizeof(key));
		last = key;
		count++;
	}
	return count;
}

static void check_maps(const struct nlb *nlb, const struct nlb_image *image)
{
	assert_int_equal(entries_of(nlb, NLB_MAP_VIPS), image->vip_count);
	assert_int_equal(entries_of(nlb, NLB_MAP_PORT_RANGES), image->port_range_count);
	assert_int_equal(entries_of(nlb, NLB_MAP_LISTENERS), image->listener_count);
	assert_int_equal(!!(nlb->maps.settings->flags & NLB_SETTINGS_RANGES), !!image->vip_count);
}

static void test_restart(void **state)
{
	struct want w = want_new();
	struct nlb *nlb = lab_open();
	struct nlb_image *again;

	want_all_kinds(&w);
	bring(nlb, &w);
	assert_int_equal(nlb_image(nlb)->vip_count, 2);
	check_maps(nlb, nlb_image(nlb));
	nlb = lab_reopen();
	check_maps(nlb, nlb_image(nlb));
	check_image(nlb_image(nlb));
	again = compile_ok(&w, nlb_image(nlb), 2000000);
	assert_plan_is_empty(nlb_image(nlb), again);
	assert_int_equal(again->last_vip, nlb_image(nlb)->last_vip);
	nlb_image_free(again);
	want_free(&w);
}

static void test_nothing_stays(void **state)
{
	struct want w = want_new();
	struct nlb *nlb = lab_open();

	want_all_kinds(&w);
	bring(nlb, &w);
	w.want.listener_count = 0;
	bring(nlb, &w);
	assert_int_equal(nlb_image(nlb)->port_range_count, 0);
	check_maps(nlb, nlb_image(nlb));
	want_free(&w);
}

static void put(const struct nlb *nlb, enum nlb_map_id id, const void *key, uint32_t value)
{
	assert_int_equal(bpf_map_update_elem(nlb->maps.fd[id], key, &value, BPF_ANY), 0);
}

/* Entries that no controller of ours wrote: each is taken out, the good ones stay. */
static void test_damage(void **state)
{
	const struct nlb_vip_key stranger = {
		.prefix_bits = NLB_VIP_FAMILY_BITS + 8, .family = NLB_IPV4, .address = {10}};
	const struct nlb_vip_key no_family = {.prefix_bits = 8, .family = 9};
	const struct nlb_port_range_key lost = {
		.prefix_bits = NLB_PORT_RANGE_VIP_BITS, .vip = 777, .protocol = IPPROTO_TCP};
	struct nlb_port_range_key no_row = {.prefix_bits = NLB_PORT_RANGE_VIP_BITS + 16,
					    .protocol = IPPROTO_TCP};
	struct want w = want_new();
	struct nlb *nlb = lab_open();
	size_t vips, ranges;

	want_all_kinds(&w);
	bring(nlb, &w);
	vips = nlb_image(nlb)->vip_count;
	ranges = nlb_image(nlb)->port_range_count;
	no_row.vip = nlb_image(nlb)->vips[0].vip;
	put(nlb, NLB_MAP_VIPS, &stranger, 0);
	put(nlb, NLB_MAP_VIPS, &no_family, 5);
	put(nlb, NLB_MAP_PORT_RANGES, &lost, 1);
	put(nlb, NLB_MAP_PORT_RANGES, &no_row, 12345);
	nlb = lab_reopen();
	assert_int_equal(nlb_image(nlb)->vip_count, vips);
	assert_int_equal(nlb_image(nlb)->port_range_count, ranges);
	bring(nlb, &w);
	check_maps(nlb, nlb_image(nlb));
	want_free(&w);
}

/* An action row that says nonsense: its listener is left out, and made anew. */
static void test_damaged_action(void **state)
{
	struct want w = want_new();
	struct nlb *nlb = lab_open();

	want_all_kinds(&w);
	bring(nlb, &w);
	for (uint32_t i = 0; i < nlb->maps.entries[NLB_MAP_ACTIONS]; i++)
		if (nlb->maps.actions[i].count)
			nlb->maps.actions[i].count = 200;
	nlb = lab_reopen();
	check_image(nlb_image(nlb));
	bring(nlb, &w);
	check_image(nlb_image(nlb));
	check_maps(nlb, nlb_image(nlb));
	want_free(&w);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_teardown(test_restart, lab_clean),
	cmocka_unit_test_teardown(test_nothing_stays, lab_clean),
	cmocka_unit_test_teardown(test_damage, lab_clean),
	cmocka_unit_test_teardown(test_damaged_action, lab_clean),
};

LAB_MAIN(tests)
