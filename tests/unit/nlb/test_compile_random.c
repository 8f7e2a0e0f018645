/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random sequences of changes, some refused, some followed by a restart: after each step the image
 * holds what the want says, no packet could have met a half-written ring or a reused row, and no id
 * came twice. A failing step is repeated with its seed: LEAT_TEST_SEED=n.
 */
#include <errno.h>

#include "want.h"

#define STEPS	600
#define GROUPS	4
#define TARGETS 8 /* a group and family */
#define SLOTS	(10 * 8209 + 500)
#define HISTORY 4096 /* indexes looked after */

/* The world that is wanted. */
struct wish {
	bool is_there;
	unsigned weight;
	bool is_draining, is_sick;
	unsigned path, snats;
};

struct wishes {
	struct wish targets[GROUPS][2][TARGETS];
	bool has_group[GROUPS][2];
	uint8_t forwarding[GROUPS];
	unsigned listeners; /* a bit each */
	uint64_t key;
};

struct history {
	uint16_t newest[HISTORY]; /* generation by index: only ever the next one */
};

static unsigned rnd(unsigned below)
{
	return (unsigned)rand() % below;
}

static void change(struct wishes *w)
{
	unsigned g = rnd(GROUPS), f = rnd(2);
	struct wish *t = &w->targets[g][f][rnd(TARGETS)];

	switch (rnd(24)) {
	case 0:
		w->has_group[g][f] = !w->has_group[g][f];
		break;
	case 1:
		w->forwarding[g] = (uint8_t)(3 - w->forwarding[g]);
		break;
	case 2:
	case 3:
		w->listeners ^= 1u << rnd(8);
		break;
	case 4:
		w->key += rnd(4) == 0;
		break;
	case 5:
	case 6:
		t->weight = rnd(4);
		break;
	case 7:
	case 8:
	case 9:
		t->is_sick = !t->is_sick;
		break;
	case 10:
		t->is_draining = !t->is_draining;
		break;
	case 11:
	case 12:
		t->path = rnd(5);
		break;
	case 13:
	case 14:
		t->snats = rnd(4);
		break;
	default:
		t->is_there = !t->is_there;
		if (t->is_there)
			*t = (struct wish){true, 1, false, false, 1 + rnd(4), 1};
	}
}

static void put_target(struct nlb_want_group *group, const struct wish *t, unsigned at)
{
	struct nlb_want_target *target;
	char text[64];

	snprintf(text, sizeof(text), group->family == AF_INET ? "10.0.0.%u" : "fd00::%u", at + 1);
	target = want_target(group, text, 80);
	target->weight = t->weight;
	target->in_ring = !t->is_draining;
	target->takes_new = !t->is_sick;
	target->path.is_resolved = t->path;
	target->path.dst_mac[5] = (uint8_t)t->path;
	target->snat_count = t->snats;
	for (unsigned i = 0; i < t->snats; i++) {
		snprintf(text, sizeof(text),
			 group->family == AF_INET ? "10.9.%u.%u" : "fd09::%u:%u", t->snats, i + 1);
		target->snats[i] = address_of(text);
	}
}

static void put_groups(struct want *want, const struct wishes *w)
{
	for (unsigned g = 0; g < GROUPS; g++)
		for (unsigned f = 0; f < 2; f++) {
			struct nlb_want_group *group;

			if (!w->has_group[g][f])
				continue;
			group = want_group(want, arena_printf(want->arena, "g%u", g),
					   f ? AF_INET6 : AF_INET);
			group->forwarding = w->forwarding[g];
			for (unsigned t = 0; t < TARGETS; t++)
				if (w->targets[g][f][t].is_there)
					put_target(group, &w->targets[g][f][t], t);
		}
}

static struct want want_of(const struct wishes *w)
{
	struct want want = want_new();

	want.want.hash_key[0] = w->key;
	put_groups(&want, w);
	for (unsigned i = 0; i < 8; i++) {
		struct nlb_want_listener *listener;

		if (!(w->listeners & 1u << i))
			continue;
		listener = want_listener(&want, arena_printf(want.arena, "edge/TCP:%u", i),
					 i % 2 ? "2001:db8::1" : "192.0.2.1", (uint16_t)(80 + i),
					 arena_printf(want.arena, "g%u", i / 2));
		listener->has_udp = i % 3 == 0;
	}
	return want;
}

/* ---- what the want says ---- */

static void check_wanted_target(const struct nlb_image *image, const struct nlb_want_group *group,
				const struct nlb_want_target *want)
{
	int index = nlb_image_target_index(image, group->name, &want->address, want->port);
	const struct nlb_target *row;

	assert_true(index >= 0);
	row = &image->targets[index].row;
	assert_int_equal(row->forwarding, group->forwarding);
	assert_int_equal(image->targets[index].takes_new, want->takes_new);
	assert_int_equal(!row->nexthop, !want->path.is_resolved);
	if (row->nexthop)
		assert_memory_equal(image->nexthops[row->nexthop].row.dst_mac, want->path.dst_mac,
				    6);
	assert_int_equal(NLB_SNAT_COUNT(row->snat),
			 group->forwarding == NLB_FORWARD_NAT ? want->snat_count : 0);
	for (uint32_t i = 0; i < NLB_SNAT_COUNT(row->snat); i++)
		assert_memory_equal(image->snats[NLB_SNAT_FIRST(row->snat) + i].row.address,
				    want->snats[i].bytes, 16);
}

static void check_shares(const struct nlb_image *image, const struct nlb_want_group *group)
{
	unsigned size = nlb_image_ring_size(image, group->name, group->family), weights = 0, slots;

	for (size_t i = 0; i < group->target_count; i++)
		weights += group->targets[i].in_ring ? group->targets[i].weight : 0;
	assert_int_equal(!size, !weights);
	for (size_t i = 0; i < group->target_count; i++) {
		const struct nlb_want_target *t = &group->targets[i];

		slots = nlb_image_primary_slots(image, group->name, &t->address, t->port);
		if (!t->in_ring || !t->weight)
			assert_int_equal(slots, 0);
		else
			assert_in_range(slots, size * t->weight / weights,
					size * t->weight / weights + 1);
	}
}

static void check_wanted(const struct want *w, const struct nlb_image *image)
{
	size_t targets = 0, used = 0;

	for (size_t i = 0; i < w->want.group_count; i++) {
		const struct nlb_want_group *group = &w->want.groups[i];

		for (size_t j = 0; j < group->target_count; j++)
			check_wanted_target(image, group, &group->targets[j]);
		check_shares(image, group);
		targets += group->target_count;
	}
	for (size_t i = 0; i < image->target_count; i++)
		used += image->targets[i].row.id != 0;
	assert_int_equal(used, targets);
	for (size_t i = 0; i < w->want.listener_count; i++)
		assert_true(nlb_image_listener_id(image, w->want.listeners[i].name) >= 0);
}

static void check_history(struct history *h, const struct nlb_image *from,
			  const struct nlb_image *to)
{
	assert_true(to->target_count <= HISTORY);
	for (size_t i = 0; i < to->target_count; i++) {
		uint32_t before = i < from->target_count ? from->targets[i].row.id : 0,
			 id = to->targets[i].row.id;

		if (!id || id == before)
			continue;
		assert_int_equal(NLB_TARGET_GEN(id), h->newest[i] + 1);
		h->newest[i] = (uint16_t)NLB_TARGET_GEN(id);
	}
}

static void check_plan(const struct nlb_image *from, const struct nlb_image *to)
{
	struct nlb_plan plan;
	size_t before = 0, after = 0;

	nlb_plan_make(from, to, &plan);
	for (size_t i = 0; i < from->target_count; i++)
		before += from->targets[i].row.id != 0;
	for (size_t i = 0; i < to->target_count; i++)
		after += to->targets[i].row.id != 0;
	assert_int_equal(before + plan.targets_added - plan.targets_removed, after);
	assert_int_equal(plan.removed_target_count, plan.targets_removed);
	for (size_t i = 0; i < plan.removed_target_count; i++) {
		assert_non_null(target_by_id(from, plan.removed_targets[i]));
		assert_null(target_by_id(to, plan.removed_targets[i]));
	}
	assert_true(plan.slots_moved <= plan.slots_total);
	nlb_plan_fini(&plan);
}

/* ---- one life ---- */

struct life {
	struct nlb_image *image;
	struct wishes wishes;
	struct history history;
	uint64_t now_ms;
	unsigned refused, restarts;
};

static void check_next(struct life *l, const struct want *want, const struct nlb_image *next)
{
	struct nlb_image *again;

	check_step(l->image, next, l->now_ms);
	check_image(next);
	check_wanted(want, next);
	check_history(&l->history, l->image, next);
	check_plan(l->image, next);
	again = compile_ok(want, next, l->now_ms);
	assert_images_equal(next, again);
	nlb_image_free(again);
}

static void live_step(struct life *l)
{
	struct wishes wishes = l->wishes;
	struct nlb_image *next;
	struct err err = {""};
	struct want want;
	int rc;

	for (unsigned i = rnd(6); i > 0; i--)
		change(&wishes);
	l->now_ms += rnd(3) ? rnd(150) : 0;
	want = want_of(&wishes);
	rc = nlb_compile(&want.want, l->image, l->now_ms, &next, &err);
	if (rc) {
		assert_int_equal(rc, -ENOSPC);
		assert_non_null(strstr(err.text, "no room for a ring"));
		l->refused++;
	} else {
		check_next(l, &want, next);
		nlb_image_free(l->image);
		l->image = next;
		l->wishes = wishes;
	}
	want_free(&want);
}

static void restart(struct life *l)
{
	struct want want = want_of(&l->wishes);
	struct nlb_image *read = read_back(l->image), *next;

	l->now_ms += 1000;
	next = compile_ok(&want, read, l->now_ms);
	assert_plan_is_empty(read, next);
	nlb_image_free(next);
	nlb_image_free(l->image);
	l->image = read;
	l->restarts++;
	want_free(&want);
}

static void live(unsigned seed)
{
	struct life l = {.image = nlb_image_new(), .now_ms = 1};

	srand(seed);
	l.image->max_slots = SLOTS;
	memset(l.wishes.forwarding, NLB_FORWARD_NAT, sizeof(l.wishes.forwarding));
	for (unsigned i = 0; i < STEPS; i++) {
		live_step(&l);
		if (rnd(40) == 0)
			restart(&l);
	}
	print_message("  seed %u: %u steps, %u refused, %u restarts\n", seed, STEPS, l.refused,
		      l.restarts);
	assert_true(l.refused < STEPS / 2);
	nlb_image_free(l.image);
}

static void test_random_lives(void **state)
{
	const char *seed = getenv("LEAT_TEST_SEED");

	for (unsigned i = 1; i <= (seed ? 1 : 3); i++)
		live(seed ? (unsigned)atoi(seed) : i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_lives),
	};

	return cmocka_run_group_tests_name("nlb: compile, random changes", tests, NULL, NULL);
}
