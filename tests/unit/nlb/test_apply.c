// SPDX-License-Identifier: BSD-2-Clause
/*
 * Images into maps and back: what is written, in which order, what stays, what is repaired, and
 * that nothing a pin holds can break a start. Images are made by hand here: what compile.c makes of
 * a wish is not the question.
 */
#include "lab.h"

#include <arpa/inet.h>
#include <signal.h>
#include <sys/wait.h>

#include <bpf/bpf.h>

#include "base/base.h"
#include "nlb/image.h"
#include "nlb/object.h"

/* ---- images by hand ---- */

static struct nlb_image *make_image(size_t groups, size_t targets)
{
	struct nlb_image *image = nlb_image_new();

	assert_non_null(image);
	image->hash_key[0] = 1;
	image->hash_key[1] = 2;
	image->group_count = groups;
	image->target_count = targets;
	image->nexthop_count = 4;
	image->snat_count = 2;
	image->groups = calloc(groups + 1, sizeof(*image->groups));
	image->targets = calloc(targets + 1, sizeof(*image->targets));
	image->nexthops = calloc(image->nexthop_count, sizeof(*image->nexthops));
	image->snats = calloc(image->snat_count, sizeof(*image->snats));
	image->listeners = calloc(8, sizeof(*image->listeners));
	return image;
}

static void set_nexthop(struct nlb_image *image, size_t index, uint8_t mac)
{
	struct nlb_nexthop *row = &image->nexthops[index].row;

	row->ifindex = 1;
	row->mtu = 1500;
	memset(row->dst_mac, mac, sizeof(row->dst_mac));
}

static void set_snats(struct nlb_image *image)
{
	size_t i;

	for (i = 0; i < image->snat_count; i++) {
		image->snats[i].is_used = true;
		image->snats[i].row.address[0] = 10;
		image->snats[i].row.address[3] = (uint8_t)i;
	}
}

static void set_target(struct nlb_image *image, uint32_t index, uint16_t gen, uint32_t group)
{
	struct image_target *target = &image->targets[index];

	target->last_gen = gen;
	target->takes_new = true;
	target->row = (struct nlb_target){
		.id = NLB_TARGET_ID(index, gen),
		.target_group = group,
		.nexthop = 1,
		.snat = NLB_SNAT(0, 2),
		.address = {10, 0, 1, (uint8_t)index},
		.port = htons(8080),
		.family = NLB_IPV4,
		.forwarding = NLB_FORWARD_NAT,
		.last_gen = gen,
	};
}

static void set_group(struct nlb_image *image, size_t index, const char *name, uint32_t base,
		      uint32_t size)
{
	struct image_group *group = &image->groups[index];

	group->row.ring = size ? NLB_RING(base, size) : 0;
	group->row.forwarding = NLB_FORWARD_NAT;
	snprintf(group->row.name, sizeof(group->row.name), "%s", name);
	group->slots = size ? calloc(size, sizeof(*group->slots)) : NULL;
}

static void deal_slots(struct nlb_image *image, size_t index, uint32_t first, uint32_t count)
{
	struct image_group *group = &image->groups[index];
	uint32_t i;

	for (i = 0; i < NLB_RING_SIZE(group->row.ring); i++) {
		group->slots[i].primary = image->targets[first + i % count].row.id;
		group->slots[i].secondary = image->targets[first + (i + 1) % count].row.id;
	}
}

/* In ascending order of port, IPv4 only: sorted as images are. */
static void add_listener(struct nlb_image *image, uint16_t port, uint32_t id, uint32_t group)
{
	struct image_listener *listener = &image->listeners[image->listener_count++];

	listener->key = (struct nlb_listener_key){
		.address = {192, 0, 2, 1},
		.port = htons(port),
		.protocol = port ? IPPROTO_TCP : 0,
		.family = NLB_IPV4,
	};
	if (port)
		listener->value = (struct nlb_listener){
			.id = id, .target_group = group, .tcp_idle_s = 350, .udp_idle_s = 120};
}

#define RING 101

/* One group, `targets` targets in a ring at `base`, one listener and the marker of its address. */
static struct nlb_image *simple_image(uint32_t base, uint32_t targets)
{
	struct nlb_image *image = make_image(1, targets);
	uint32_t i;

	set_nexthop(image, 1, 0x11);
	set_nexthop(image, 2, 0x22);
	set_snats(image);
	for (i = 0; i < targets; i++)
		set_target(image, i, 1, 0);
	set_group(image, 0, "web/ipv4", base, RING);
	deal_slots(image, 0, 0, targets);
	add_listener(image, 0, 0, 0);
	add_listener(image, 80, 5, 0);
	return image;
}

static void apply(struct nlb *nlb, struct nlb_image *image)
{
	struct err err = {""};

	if (nlb_apply(nlb, image, &err))
		fail_msg("nlb_apply: %s", err.text);
	assert_ptr_equal(nlb_image(nlb), image);
}

static bool get_listener(const struct nlb *nlb, uint16_t port, struct nlb_listener *value)
{
	struct nlb_listener_key key = {
		.address = {192, 0, 2, 1},
		.port = htons(port),
		.protocol = port ? IPPROTO_TCP : 0,
		.family = NLB_IPV4,
	};

	return bpf_map_lookup_elem(nlb->maps.fd[NLB_MAP_LISTENERS], &key, value) == 0;
}

/* As if packets had been counted, on every CPU. */
static void set_counts(struct nlb *nlb, enum nlb_map_id map, uint32_t index, uint64_t value,
		       size_t words)
{
	size_t i;

	for (i = 0; i < (size_t)nlb->maps.cpus * words; i++)
		nlb->maps.percpu_values[i] = value;
	assert_int_equal(
		bpf_map_update_elem(nlb->maps.fd[map], &index, nlb->maps.percpu_values, BPF_ANY),
		0);
}

static uint64_t target_packets(const struct nlb *nlb, unsigned index)
{
	struct nlb_target_count count;

	assert_int_equal(nlb_read_target(nlb, index, &count), 0);
	return count.packets;
}

static uint64_t listener_packets(const struct nlb *nlb, unsigned id)
{
	struct nlb_listener_count count;

	assert_int_equal(nlb_read_listener(nlb, id, &count), 0);
	return count.packets;
}

/* ---- what is written ---- */

static void an_image_arrives_in_the_maps(void **state)
{
	struct nlb *nlb = lab_open();
	const struct nlb_maps *maps = &nlb->maps;
	struct nlb_listener value;

	apply(nlb, simple_image(1000, 3));
	assert_int_equal(maps->health[0], 7);
	assert_int_equal(maps->nexthops[2].dst_mac[0], 0x22);
	assert_int_equal(maps->snats[1].address[3], 1);
	assert_int_equal(maps->targets[2].id, NLB_TARGET_ID(2, 1));
	assert_int_equal(maps->targets[2].port, htons(8080));
	assert_int_equal(maps->slots[1000].primary, NLB_TARGET_ID(0, 1));
	assert_int_equal(maps->slots[1000].secondary, NLB_TARGET_ID(1, 1));
	assert_int_equal(maps->slots[1000 + RING].primary, 0);
	assert_true(maps->target_groups[0].ring == NLB_RING(1000, RING));
	assert_string_equal(maps->target_groups[0].name, "web/ipv4");
	assert_true(get_listener(nlb, 80, &value));
	assert_int_equal(value.id, 5);
	assert_int_equal(value.tcp_idle_s, 350);
	assert_true(get_listener(nlb, 0, &value));
	assert_int_equal(value.id, 0);
}

static void an_unchanged_image_writes_nothing(void **state)
{
	struct nlb *nlb = lab_open();

	apply(nlb, simple_image(0, 3));
	set_counts(nlb, NLB_MAP_TARGET_STATS, 1, 9, 8);
	set_counts(nlb, NLB_MAP_LISTENER_STATS, 5, 9, 4);
	apply(nlb, simple_image(0, 3));
	assert_int_equal(target_packets(nlb, 1), 9 * (uint64_t)nlb->maps.cpus);
	assert_int_equal(listener_packets(nlb, 5), 9 * (uint64_t)nlb->maps.cpus);
}

static void health_next_hop_and_sources_change_in_place(void **state)
{
	struct nlb *nlb = lab_open();
	struct nlb_image *next = simple_image(0, 3);

	apply(nlb, simple_image(0, 3));
	set_counts(nlb, NLB_MAP_TARGET_STATS, 1, 9, 8);
	next->targets[1].row.nexthop = 2;
	next->targets[1].row.snat = NLB_SNAT(1, 1);
	next->targets[2].takes_new = false;
	apply(nlb, next);
	assert_int_equal(nlb->maps.targets[1].nexthop, 2);
	assert_int_equal(nlb->maps.targets[1].snat, NLB_SNAT(1, 1));
	assert_int_equal(nlb->maps.health[0], 3);
	assert_int_equal(target_packets(nlb, 1), 9 * (uint64_t)nlb->maps.cpus);
}

static struct nlb_image *dnat_image(uint8_t link_bits)
{
	struct nlb_image *image = simple_image(0, 3);
	size_t i;

	image->groups[0].row.forwarding = NLB_FORWARD_DNAT;
	for (i = 0; i < 3; i++) {
		image->targets[i].row.forwarding = NLB_FORWARD_DNAT;
		image->targets[i].row.link_bits = link_bits;
	}
	return image;
}

static struct nlb_image *ipip_image(uint8_t source_bits)
{
	struct nlb_image *image = simple_image(0, 3);

	image->groups[0].row.forwarding = NLB_FORWARD_IPIP;
	image->targets[1].row.forwarding = NLB_FORWARD_IPIP;
	image->targets[1].row.overhead = 20;
	image->targets[1].row.source_bits = source_bits;
	return image;
}

/* Another prefix of outer sources is no other target; all of it is there after a restart. */
static void sources_of_ipip_change_in_place(void **state)
{
	struct nlb *nlb = lab_open();

	apply(nlb, ipip_image(0));
	set_counts(nlb, NLB_MAP_TARGET_STATS, 1, 9, 8);
	apply(nlb, ipip_image(12));
	assert_int_equal(nlb->maps.targets[1].source_bits, 12);
	assert_int_equal(target_packets(nlb, 1), 9 * (uint64_t)nlb->maps.cpus);
	lab_close();
	nlb = lab_open();
	assert_int_equal(nlb_image(nlb)->targets[1].row.source_bits, 12);
	assert_int_equal(nlb_image(nlb)->targets[1].row.overhead, 20);
	assert_int_equal(nlb_image(nlb)->groups[0].row.forwarding, NLB_FORWARD_IPIP);
}

/* Answers of dnat targets are looked for while there are any, and a network that becomes known ends
 * no flow. */
static void dnat_is_told_to_the_program(void **state)
{
	struct nlb *nlb = lab_open();

	apply(nlb, simple_image(0, 3));
	assert_int_equal(nlb->maps.settings->flags & NLB_SETTINGS_DNAT, 0);
	apply(nlb, dnat_image(0));
	assert_int_equal(nlb->maps.settings->flags & NLB_SETTINGS_DNAT, NLB_SETTINGS_DNAT);
	set_counts(nlb, NLB_MAP_TARGET_STATS, 1, 9, 8);
	apply(nlb, dnat_image(24));
	assert_int_equal(nlb->maps.targets[1].link_bits, 24);
	assert_int_equal(target_packets(nlb, 1), 9 * (uint64_t)nlb->maps.cpus);
	lab_close();
	nlb = lab_open();
	assert_int_equal(nlb_image(nlb)->targets[1].row.link_bits, 24);
	assert_int_equal(nlb_image(nlb)->groups[0].row.forwarding, NLB_FORWARD_DNAT);
	assert_int_equal(nlb->maps.settings->flags & NLB_SETTINGS_DNAT, NLB_SETTINGS_DNAT);
	apply(nlb, simple_image(0, 3));
	assert_int_equal(nlb->maps.settings->flags & NLB_SETTINGS_DNAT, 0);
}

static void health_bits_of_other_words_stay(void **state)
{
	struct nlb *nlb = lab_open();
	struct nlb_image *image = simple_image(0, 130);

	apply(nlb, image);
	assert_true(nlb->maps.health[0] == UINT64_MAX && nlb->maps.health[1] == UINT64_MAX);
	assert_int_equal(nlb->maps.health[2], 3);
	image = simple_image(0, 130);
	image->targets[64].takes_new = false;
	apply(nlb, image);
	assert_true(nlb->maps.health[0] == UINT64_MAX && nlb->maps.health[1] == UINT64_MAX - 1);
}

static void what_is_removed_is_unlinked(void **state)
{
	struct nlb *nlb = lab_open();
	struct nlb_image *next = make_image(0, 1);
	struct nlb_listener value;

	apply(nlb, simple_image(0, 3));
	set_nexthop(next, 1, 0x11);
	apply(nlb, next);
	assert_false(get_listener(nlb, 80, &value) || get_listener(nlb, 0, &value));
	assert_int_equal(nlb->maps.target_groups[0].name[0], 0);
	assert_int_equal(nlb->maps.targets[0].id | nlb->maps.targets[2].id, 0);
	assert_int_equal(nlb->maps.targets[2].last_gen, 1);
	assert_int_equal(nlb->maps.health[0], 0);

	nlb = lab_reopen();
	assert_int_equal(nlb_image(nlb)->target_count, 3);
	assert_int_equal(nlb_image(nlb)->targets[2].row.id, 0);
	assert_int_equal(nlb_image(nlb)->targets[2].last_gen, 1);
	assert_int_equal(nlb_image(nlb)->group_count, 0);
}

static void a_reused_index_counts_from_zero(void **state)
{
	struct nlb *nlb = lab_open();
	struct nlb_image *next = simple_image(0, 3);

	apply(nlb, simple_image(0, 3));
	set_counts(nlb, NLB_MAP_TARGET_STATS, 1, 9, 8);
	set_counts(nlb, NLB_MAP_TARGET_STATS, 2, 9, 8);
	set_counts(nlb, NLB_MAP_LISTENER_STATS, 5, 9, 4);
	set_counts(nlb, NLB_MAP_LISTENER_STATS, 0, 9, 4);
	set_target(next, 1, 2, 0);
	deal_slots(next, 0, 0, 3);
	add_listener(next, 81, 0, 0);
	apply(nlb, next);
	assert_int_equal(target_packets(nlb, 1), 0);
	assert_int_equal(nlb->maps.targets[1].id, NLB_TARGET_ID(1, 2));
	assert_int_equal(target_packets(nlb, 2), 9 * (uint64_t)nlb->maps.cpus);
	assert_int_equal(listener_packets(nlb, 5), 9 * (uint64_t)nlb->maps.cpus);
	assert_int_equal(listener_packets(nlb, 0), 0); /* the marker has no counters */
}

static void a_new_key_is_written(void **state)
{
	struct nlb *nlb = lab_open();
	struct nlb_image *next = simple_image(0, 3);

	next->hash_key[0] = 77;
	apply(nlb, next);
	assert_int_equal(nlb->maps.settings->hash_key[0], 77);
	nlb = lab_reopen();
	assert_int_equal(nlb_image(nlb)->hash_key[0], 77);
}

static void damage_is_repaired_by_the_next_apply(void **state)
{
	struct nlb *nlb = lab_open();
	struct nlb_maps *maps = &nlb->maps;

	apply(nlb, simple_image(0, 3));
	maps->slots[7].primary = 0x12345678;
	maps->target_groups[0].ring = NLB_RING(9, 9);
	maps->target_groups[0].flags = 0xff;
	maps->targets[1].address[0] = 99;
	maps->nexthops[1].dst_mac[0] = 99;
	maps->health[0] = 0;
	maps->settings->hash_key[1] = 99;
	apply(nlb, simple_image(0, 3));
	assert_int_equal(maps->slots[7].primary, NLB_TARGET_ID(7 % 3, 1));
	assert_true(maps->target_groups[0].ring == NLB_RING(0, RING));
	assert_int_equal(maps->target_groups[0].flags, 0);
	assert_int_equal(maps->targets[1].address[0], 10);
	assert_int_equal(maps->nexthops[1].dst_mac[0], 0x11);
	assert_int_equal(maps->health[0], 7);
	assert_int_equal(maps->settings->hash_key[1], 2);
}

/* ---- refusals ---- */

static void too_many_of_anything_is_refused_before_a_write(void **state)
{
	struct nlb *nlb = lab_open();
	struct nlb_image *next = simple_image(NLB_MAX_SLOTS - RING + 1, 3);
	struct err err = {""};
	char text[128];

	snprintf(text, sizeof(text), "map 'slots' has room for %u slots, %u are wanted",
		 NLB_MAX_SLOTS, NLB_MAX_SLOTS + 1);
	assert_int_equal(nlb_apply(nlb, next, &err), -ENOSPC);
	assert_string_equal(err.text, text);
	assert_int_equal(nlb->maps.targets[0].id, 0);
	next->groups[0].row.ring = NLB_RING(NLB_MAX_SLOTS - RING, RING);
	next->listener_count = NLB_MAX_LISTENERS + 1;
	err_clear(&err);
	assert_int_equal(nlb_apply(nlb, next, &err), -ENOSPC);
	assert_string_equal(err.text,
			    "map 'listeners' has room for 16384 entries, 16385 are wanted");
	next->listener_count = 2;
	apply(nlb, next);
}

static void a_failure_names_map_and_key_and_the_image_is_what_is(void **state)
{
	struct nlb *nlb = lab_open();
	struct nlb_image *next = simple_image(0, 3);
	struct err err = {""};

	assert_true(dup2(nlb->maps.fd[NLB_MAP_SNATS], nlb->maps.fd[NLB_MAP_LISTENERS]) >= 0);
	next->listeners[0] = next->listeners[1];
	next->listener_count = 1;
	assert_true(nlb_apply(nlb, next, &err) < 0);
	assert_non_null(strstr(err.text,
			       "map 'listeners', key '192.0.2.1:80' protocol 6: update failed: "));
	assert_ptr_not_equal(nlb_image(nlb), next);
	assert_int_equal(nlb_image(nlb)->target_count, 3);
	assert_true(nlb_image(nlb)->groups[0].row.ring == NLB_RING(0, RING));
	nlb_image_free(next);
}

/* ---- reading back ---- */

static void a_restart_reads_what_was_applied(void **state)
{
	struct nlb_image *expected = simple_image(4000, 5);
	struct nlb *nlb = lab_open();
	const struct nlb_image *image;
	size_t i;

	expected->targets[3].takes_new = false;
	apply(nlb, simple_image(4000, 5));
	nlb->maps.health[0] &= ~8ULL;
	nlb = lab_reopen();
	image = nlb_image(nlb);
	assert_int_equal(image->group_count, 1);
	assert_memory_equal(&image->groups[0].row, &expected->groups[0].row,
			    sizeof(image->groups[0].row));
	assert_memory_equal(image->groups[0].slots, expected->groups[0].slots,
			    RING * sizeof(struct nlb_slot));
	assert_int_equal(image->target_count, 5);
	for (i = 0; i < 5; i++) {
		assert_memory_equal(&image->targets[i].row, &expected->targets[i].row,
				    sizeof(image->targets[i].row));
		assert_int_equal(image->targets[i].takes_new, expected->targets[i].takes_new);
		assert_int_equal(image->targets[i].last_gen, 1);
	}
	assert_int_equal(image->nexthop_count, 2); /* the third is referred to by nobody */
	assert_memory_equal(&image->nexthops[1].row, &expected->nexthops[1].row,
			    sizeof(image->nexthops[1].row));
	assert_int_equal(image->snat_count, 2);
	assert_true(image->snats[1].is_used);
	assert_int_equal(image->listener_count, 2);
	for (i = 0; i < 2; i++) {
		assert_memory_equal(&image->listeners[i].key, &expected->listeners[i].key,
				    sizeof(image->listeners[i].key));
		assert_memory_equal(&image->listeners[i].value, &expected->listeners[i].value,
				    sizeof(image->listeners[i].value));
	}
	nlb_image_free(expected);
}

/* Damages the maps of simple_image(0, 3) in one way; the start must survive, and the next apply
 * bring everything back. */
static void survive(void (*damage)(struct nlb *nlb), void (*check)(const struct nlb_image *image))
{
	struct nlb *nlb = lab_open();

	apply(nlb, simple_image(0, 3));
	damage(nlb);
	nlb = lab_reopen();
	check(nlb_image(nlb));
	apply(nlb, simple_image(0, 3));
	nlb = lab_reopen();
	assert_int_equal(nlb_image(nlb)->group_count, 1);
	assert_int_equal(nlb_image(nlb)->targets[1].row.id, NLB_TARGET_ID(1, 1));
	assert_int_equal(nlb_image(nlb)->groups[0].slots[1].primary, NLB_TARGET_ID(1, 1));
	assert_int_equal(nlb_image(nlb)->listener_count, 2);
}

static void put_ring_outside(struct nlb *nlb)
{
	nlb->maps.target_groups[0].ring = NLB_RING(NLB_MAX_SLOTS - 1, 2);
}

static void put_huge_ring(struct nlb *nlb)
{
	nlb->maps.target_groups[0].ring = UINT64_MAX;
}

static void put_endless_name(struct nlb *nlb)
{
	memset(nlb->maps.target_groups[0].name, 'x', sizeof(nlb->maps.target_groups[0].name));
}

static void put_unprintable_name(struct nlb *nlb)
{
	nlb->maps.target_groups[0].name[2] = '\n';
}

static void group_is_left_out(const struct nlb_image *image)
{
	assert_int_equal(image->groups[0].row.name[0], 0);
	assert_null(image->groups[0].slots);
	assert_int_equal(image->targets[0].row.id, 0); /* its group is not known */
	assert_int_equal(image->targets[0].last_gen, 1);
	assert_int_equal(image->listener_count, 1); /* the marker */
}

static void a_group_that_makes_no_sense(void **state)
{
	survive(put_ring_outside, group_is_left_out);
	lab_clean(state);
	survive(put_huge_ring, group_is_left_out);
	lab_clean(state);
	survive(put_endless_name, group_is_left_out);
	lab_clean(state);
	survive(put_unprintable_name, group_is_left_out);
}

static void put_second_group(struct nlb *nlb, const char *name, uint64_t ring)
{
	nlb->maps.target_groups[2] = nlb->maps.target_groups[0];
	nlb->maps.target_groups[2].ring = ring;
	snprintf(nlb->maps.target_groups[2].name, 48, "%s", name);
}

static void put_overlapping_ring(struct nlb *nlb)
{
	put_second_group(nlb, "other/ipv4", NLB_RING(RING - 1, 5));
}

static void put_same_name(struct nlb *nlb)
{
	put_second_group(nlb, "web/ipv4", NLB_RING(RING, 5));
}

static void second_group_is_left_out(const struct nlb_image *image)
{
	assert_int_equal(image->group_count, 3);
	assert_string_equal(image->groups[0].row.name, "web/ipv4");
	assert_int_equal(image->groups[2].row.name[0], 0);
}

static void a_group_that_is_in_the_way_of_another(void **state)
{
	survive(put_overlapping_ring, second_group_is_left_out);
	lab_clean(state);
	survive(put_same_name, second_group_is_left_out);
}

static void put_wrong_index(struct nlb *nlb)
{
	nlb->maps.targets[1].id = NLB_TARGET_ID(2, 1);
}

static void put_generation_zero(struct nlb *nlb)
{
	nlb->maps.targets[1].id = NLB_TARGET_ID(1, 0);
}

static void put_strange_group(struct nlb *nlb)
{
	nlb->maps.targets[1].target_group = 4000000000u;
}

static void put_strange_nexthop(struct nlb *nlb)
{
	nlb->maps.targets[1].nexthop = 4000000000u;
}

static void put_strange_snats(struct nlb *nlb)
{
	nlb->maps.targets[1].snat = UINT32_MAX;
}

static void put_strange_family(struct nlb *nlb)
{
	nlb->maps.targets[1].family = 9;
}

static void target_is_left_out(const struct nlb_image *image)
{
	assert_int_equal(image->targets[1].row.id, 0);
	assert_int_equal(image->targets[1].last_gen, 1);
	assert_int_equal(image->groups[0].slots[1].primary, 0); /* nor do slots know it */
	assert_int_equal(image->targets[2].row.id, NLB_TARGET_ID(2, 1));
}

static void a_target_that_makes_no_sense(void **state)
{
	static void (*const damages[])(struct nlb * nlb) = {
		put_wrong_index,     put_generation_zero, put_strange_group,
		put_strange_nexthop, put_strange_snats,	  put_strange_family,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(damages); i++) {
		survive(damages[i], target_is_left_out);
		lab_clean(state);
	}
}

static void put_empty_nexthop(struct nlb *nlb)
{
	nlb->maps.nexthops[1].ifindex = 0;
}

static void next_hop_is_unresolved(const struct nlb_image *image)
{
	assert_int_equal(image->targets[1].row.nexthop, 0);
}

static void put_strange_slot(struct nlb *nlb)
{
	nlb->maps.slots[1].primary = 0xffffffff;
	nlb->maps.slots[2].secondary = NLB_TARGET_ID(0, 9);
}

static void slot_is_empty(const struct nlb_image *image)
{
	assert_int_equal(image->groups[0].slots[1].primary, 0);
	assert_int_equal(image->groups[0].slots[2].secondary, 0);
}

static void references_that_lead_nowhere(void **state)
{
	survive(put_empty_nexthop, next_hop_is_unresolved);
	lab_clean(state);
	survive(put_strange_slot, slot_is_empty);
}

static void put_listener(const struct nlb *nlb, struct nlb_listener_key key,
			 struct nlb_listener value)
{
	assert_int_equal(nlb_maps_put_listener(&nlb->maps, &key, &value), 0);
}

static void put_strange_listeners(struct nlb *nlb)
{
	struct nlb_listener_key key = {.port = 1, .protocol = IPPROTO_TCP, .family = NLB_IPV4};
	struct nlb_listener value = {0};

	key.protocol = 47;
	put_listener(nlb, key, value);
	key.protocol = IPPROTO_UDP;
	key.family = 10;
	put_listener(nlb, key, value);
	key.family = NLB_IPV4;
	key.address[15] = 1;
	put_listener(nlb, key, value);
	key.address[15] = 0;
	value.target_group = 3;
	put_listener(nlb, key, value);
	key.port = 2;
	value.target_group = 0;
	value.id = NLB_MAX_LISTENERS;
	put_listener(nlb, key, value);
	key.port = 0;
	key.protocol = 0;
	put_listener(nlb, key, value);
}

static void strange_listeners_are_gone(const struct nlb_image *image)
{
	struct nlb_listener_key key;

	assert_int_equal(image->listener_count, 2);
	assert_int_equal(bpf_map_get_next_key(lab_nlb->maps.fd[NLB_MAP_LISTENERS], NULL, &key), 0);
	assert_int_equal(bpf_map_get_next_key(lab_nlb->maps.fd[NLB_MAP_LISTENERS], &key, &key), 0);
	assert_int_equal(bpf_map_get_next_key(lab_nlb->maps.fd[NLB_MAP_LISTENERS], &key, &key),
			 -ENOENT);
}

static void listeners_that_make_no_sense(void **state)
{
	survive(put_strange_listeners, strange_listeners_are_gone);
}

/* Every byte of the shared maps' used part random: no crash, no invalid reference (the sanitizers
 * look on), and an apply that brings everything back. */
static void put_rubbish(struct nlb *nlb, unsigned *seed)
{
	struct nlb_maps *maps = &nlb->maps;
	uint8_t *rows[] = {(void *)maps->target_groups, (void *)maps->targets, (void *)maps->slots,
			   (void *)maps->nexthops, (void *)maps->snats};
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		for (j = 0; j < 64 * 8; j++)
			if (rand_r(seed) % 4 == 0)
				rows[i][j] = (uint8_t)rand_r(seed);
}

static void rubbish_is_survived(void **state)
{
	unsigned seed = 1, round;
	struct nlb *nlb = lab_open();

	for (round = 0; round < 30; round++) {
		apply(nlb, simple_image(0, 3));
		put_rubbish(nlb, &seed);
		nlb = lab_reopen();
		apply(nlb, simple_image(0, 3));
		assert_true(nlb->maps.target_groups[0].ring == NLB_RING(0, RING));
		assert_int_equal(nlb->maps.targets[1].id, NLB_TARGET_ID(1, 1));
	}
}

/* ---- with what compile.c makes ---- */

static struct nlb_want_target want_target(uint8_t host)
{
	return (struct nlb_want_target){
		.address = {.family = AF_INET, .bytes = {10, 0, 1, host}},
		.port = 8080,
		.weight = host,
		.in_ring = true,
		.takes_new = host != 2,
		.path = {.is_resolved = host != 3,
			 .ifindex = 1,
			 .dst_mac = {2, 0, 0, 0, 0, host},
			 .mtu = 1500},
		.snats = {{.family = AF_INET, .bytes = {10, 0, 1, 200}}},
		.snat_count = 1,
	};
}

/* Compiles a wish of `targets` targets against what the maps hold; tells what it would change. */
static struct nlb_image *compile_wish(struct nlb *nlb, uint8_t targets, struct nlb_plan *plan)
{
	struct nlb_want_target wanted[8];
	struct nlb_want_group group = {.name = "web",
				       .family = AF_INET,
				       .forwarding = NLB_FORWARD_NAT,
				       .targets = wanted,
				       .target_count = targets};
	struct nlb_want_listener listener = {.name = "edge/TCP:80",
					     .vip = {.family = AF_INET, .bytes = {192, 0, 2, 1}},
					     .port = 80,
					     .has_tcp = true,
					     .group = "web",
					     .tcp_idle_s = 350};
	struct nlb_want want = {.groups = &group,
				.group_count = 1,
				.listeners = &listener,
				.listener_count = 1,
				.hash_key = {1, 2}};
	struct nlb_image *next;
	struct err err = {""};
	uint8_t i;

	for (i = 0; i < targets; i++)
		wanted[i] = want_target((uint8_t)(i + 1));
	if (nlb_compile(&want, nlb_image(nlb), 1000000, &next, &err))
		fail_msg("nlb_compile: %s", err.text);
	nlb_plan_make(nlb_image(nlb), next, plan);
	return next;
}

static void a_restart_with_the_same_wish_changes_nothing(void **state)
{
	struct nlb *nlb = lab_open();
	struct nlb_plan plan;

	apply(nlb, compile_wish(nlb, 4, &plan));
	assert_int_equal(plan.targets_added, 4);
	nlb_plan_fini(&plan);
	nlb = lab_reopen();
	apply(nlb, compile_wish(nlb, 4, &plan));
	assert_int_equal(plan.targets_added + plan.targets_changed + plan.targets_removed, 0);
	assert_int_equal(plan.groups_added + plan.groups_changed + plan.groups_removed, 0);
	assert_int_equal(plan.listeners_added + plan.listeners_changed + plan.listeners_removed, 0);
	assert_int_equal(plan.slots_moved, 0);
	nlb_plan_fini(&plan);
}

static void a_restart_with_a_smaller_wish_removes_the_rest(void **state)
{
	struct nlb *nlb = lab_open();
	struct nlb_plan plan;

	apply(nlb, compile_wish(nlb, 4, &plan));
	nlb_plan_fini(&plan);
	nlb = lab_reopen();
	apply(nlb, compile_wish(nlb, 3, &plan));
	assert_int_equal(plan.targets_removed, 1);
	assert_int_equal(plan.removed_target_count, 1);
	assert_int_equal(plan.targets_added + plan.targets_changed, 0);
	assert_int_equal(plan.slots_total, nlb_image_ring_size(nlb_image(nlb), "web", AF_INET));
	assert_in_range(plan.slots_moved, plan.slots_total * 3 / 10, plan.slots_total * 6 / 10);
	nlb_plan_fini(&plan);
}

/* ---- no hole ---- */

/* Walks from ring to next hop as a packet does, while the parent switches images. Exits with 1 at a
 * hole. A walk during which the ring changed may have been suspended for longer than any packet: it
 * proves nothing. */
static void walk_forever(const struct nlb_maps *maps)
{
	const struct nlb_target *target;
	uint32_t i = 0, id;
	uint64_t ring;

	for (;; i++) {
		ring = NLB_LOAD(&maps->target_groups[0].ring);
		id = NLB_LOAD(&maps->slots[NLB_RING_BASE(ring) + i % NLB_RING_SIZE(ring)].primary);
		target = &maps->targets[NLB_TARGET_INDEX(id)];
		if (id && NLB_LOAD(&target->id) == id && target->address[0] == 10 &&
		    target->port == htons(8080) &&
		    maps->nexthops[NLB_LOAD(&target->nexthop)].ifindex)
			continue;
		if (NLB_LOAD(&maps->target_groups[0].ring) == ring)
			_exit(1);
	}
}

/* Generation `gen` of a set of three targets that has nothing in common with the one before. */
static struct nlb_image *other_image(uint32_t gen)
{
	uint32_t i, first = 3 * (gen % 100);
	struct nlb_image *image = make_image(1, first + 3);

	set_nexthop(image, 1, 0x11);
	set_snats(image);
	for (i = 0; i < 3; i++)
		set_target(image, first + i, (uint16_t)(1 + gen), 0);
	set_group(image, 0, "web/ipv4", RING * (gen % 100), RING);
	deal_slots(image, 0, first, 3);
	add_listener(image, 80, 5, 0);
	return image;
}

static void no_packet_sees_a_hole(void **state)
{
	struct nlb *nlb = lab_open();
	uint32_t gen;
	int status;
	pid_t child;

	apply(nlb, other_image(0));
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		walk_forever(&nlb->maps);
	for (gen = 1; gen < 1000; gen++)
		apply(nlb, other_image(gen));
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

#define LAB_TEST(f) cmocka_unit_test_teardown(f, lab_clean)

static const struct CMUnitTest tests[] = {
	LAB_TEST(an_image_arrives_in_the_maps),
	LAB_TEST(an_unchanged_image_writes_nothing),
	LAB_TEST(health_next_hop_and_sources_change_in_place),
	LAB_TEST(dnat_is_told_to_the_program),
	LAB_TEST(sources_of_ipip_change_in_place),
	LAB_TEST(health_bits_of_other_words_stay),
	LAB_TEST(what_is_removed_is_unlinked),
	LAB_TEST(a_reused_index_counts_from_zero),
	LAB_TEST(a_new_key_is_written),
	LAB_TEST(damage_is_repaired_by_the_next_apply),
	LAB_TEST(too_many_of_anything_is_refused_before_a_write),
	LAB_TEST(a_failure_names_map_and_key_and_the_image_is_what_is),
	LAB_TEST(a_restart_reads_what_was_applied),
	LAB_TEST(a_group_that_makes_no_sense),
	LAB_TEST(a_group_that_is_in_the_way_of_another),
	LAB_TEST(a_target_that_makes_no_sense),
	LAB_TEST(references_that_lead_nowhere),
	LAB_TEST(listeners_that_make_no_sense),
	LAB_TEST(rubbish_is_survived),
	LAB_TEST(a_restart_with_the_same_wish_changes_nothing),
	LAB_TEST(a_restart_with_a_smaller_wish_removes_the_rest),
	LAB_TEST(no_packet_sees_a_hole),
};

LAB_MAIN(tests)
