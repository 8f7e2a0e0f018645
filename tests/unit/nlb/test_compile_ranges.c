// SPDX-License-Identifier: BSD-2-Clause
/*
 * Ranges of ports, prefixes of addresses and weighted actions: the split of ranges, whom a port
 * belongs to, that a restart changes nothing, that a row in use is not rewritten.
 */
#include "want.h"

#include <errno.h>

#include "base/prefix.h"
#include "leat/nlb_hash.h"
#include "nlb/port_split.h"

#define NOW_MS 1000000u

/* ---- port_split ---- */

/* The fewest prefixes of a range, by another way: the halves of a binary tree that lie within it
 * and whose parents don't. */
static unsigned fewest(unsigned first, unsigned last, unsigned from, unsigned size)
{
	if (last < from || first >= from + size)
		return 0;
	if (first <= from && last >= from + size - 1)
		return 1;
	return fewest(first, last, from, size / 2) + fewest(first, last, from + size / 2, size / 2);
}

static void check_split(unsigned first, unsigned last)
{
	struct port_prefix prefixes[PORT_SPLIT_MAX];
	size_t count = port_split((uint16_t)first, (uint16_t)last, prefixes);
	unsigned next = first;

	assert_int_equal(count, fewest(first, last, 0, 0x10000));
	for (size_t i = 0; i < count; i++) {
		unsigned size = 1u << (16 - prefixes[i].bits);

		assert_int_equal(prefixes[i].port, next);
		assert_int_equal(prefixes[i].port % size, 0);
		next += size;
	}
	assert_int_equal(next, last + 1);
}

static void test_split(void **state)
{
	unsigned seed = 1;

	check_split(0, 65535);
	check_split(1, 65534);
	check_split(1, 65535);
	check_split(5000, 5999);
	check_split(65535, 65535);
	check_split(0, 0);
	for (unsigned i = 0; i < 20000; i++) {
		unsigned a = (seed = seed * 1103515245 + 12345) >> 8 & 0xffff;
		unsigned b = (seed = seed * 1103515245 + 12345) >> 8 & 0xffff;

		check_split(a < b ? a : b, a < b ? b : a);
	}
}

static void test_split_at_most_30(void **state)
{
	struct port_prefix prefixes[PORT_SPLIT_MAX];

	assert_int_equal(port_split(1, 65534, prefixes), PORT_SPLIT_MAX);
}

/* ---- whose port is it? ---- */

static struct nlb_want_listener *want_range(struct want *w, const char *name, const char *vip,
					    unsigned bits, unsigned first, unsigned last)
{
	struct nlb_want_listener *listener = want_listener(w, name, vip, (uint16_t)first, "web");

	listener->vip_bits = (uint8_t)bits;
	listener->last_port = (uint16_t)last;
	return listener;
}

static const struct image_vip *vip_of(const struct nlb_image *image, const char *text)
{
	struct addr address = address_of(text);
	const struct image_vip *best = NULL;

	for (size_t i = 0; i < image->vip_count; i++) {
		const struct nlb_vip_key *key = &image->vips[i].key;
		struct prefix prefix = {.bits = (uint8_t)(key->prefix_bits - NLB_VIP_FAMILY_BITS)};

		prefix.address.family = key->family == NLB_IPV4 ? AF_INET : AF_INET6;
		memcpy(prefix.address.bytes, key->address, 16);
		if (prefix_has(&prefix, &address) &&
		    (!best || key->prefix_bits > best->key.prefix_bits))
			best = &image->vips[i];
	}
	return best;
}

/* Name of the listener that hears it, by the tables alone; "": none. */
static const char *hears(const struct nlb_image *image, const char *address, unsigned port)
{
	const struct image_vip *vip = vip_of(image, address);
	const struct image_port_range *best = NULL;

	for (size_t i = 0; vip && i < image->port_range_count; i++) {
		const struct image_port_range *r = &image->port_ranges[i];
		unsigned rest = NLB_PORT_RANGE_VIP_BITS + 16 - r->key.prefix_bits;

		if (r->key.vip == vip->vip && r->key.protocol == IPPROTO_TCP &&
		    (unsigned)ntohs(r->key.port) >> rest == port >> rest &&
		    (!best || r->key.prefix_bits > best->key.prefix_bits))
			best = r;
	}
	for (size_t i = 0; best && i < image->listener_count; i++)
		if (image->listeners[i].value.id == best->listener)
			return image->listeners[i].name;
	return "";
}

static void test_who_hears_what(void **state)
{
	struct want w = want_new();
	struct nlb_image *image = nlb_image_new();

	want_group_of(&w, "web", 2);
	want_range(&w, "wide/TCP:all", "203.0.112.0", 20, 1, 65535);
	want_range(&w, "site/TCP:80", "203.0.113.0", 24, 80, 80);
	want_range(&w, "site/TCP:5000-5999", "203.0.113.0", 24, 5000, 5999);
	want_range(&w, "site/TCP:5100-5100", "203.0.113.0", 24, 5100, 5100);
	want_range(&w, "one/TCP:70-90", "203.0.113.7", 0, 70, 90);
	advance(&w, &image, NOW_MS);
	assert_string_equal(hears(image, "203.0.112.1", 1), "wide/TCP:all");
	assert_string_equal(hears(image, "203.0.112.1", 65535), "wide/TCP:all");
	assert_string_equal(hears(image, "203.0.113.1", 80), "site/TCP:80");
	assert_string_equal(hears(image, "203.0.113.1", 81), "wide/TCP:all");
	assert_string_equal(hears(image, "203.0.113.1", 5000), "site/TCP:5000-5999");
	assert_string_equal(hears(image, "203.0.113.1", 5099), "site/TCP:5000-5999");
	assert_string_equal(hears(image, "203.0.113.1", 5100), "site/TCP:5100-5100");
	assert_string_equal(hears(image, "203.0.113.1", 5101), "site/TCP:5000-5999");
	assert_string_equal(hears(image, "203.0.113.1", 6000), "wide/TCP:all");
	assert_string_equal(hears(image, "203.0.113.7", 80), "one/TCP:70-90");
	assert_string_equal(hears(image, "203.0.113.7", 5100), "site/TCP:5100-5100");
	assert_string_equal(hears(image, "203.0.113.7", 69), "wide/TCP:all");
	assert_string_equal(hears(image, "203.0.128.1", 80), "");
	nlb_image_free(image);
	want_free(&w);
}

static void test_all_ports_are_one_entry(void **state)
{
	struct want w = want_new();
	struct nlb_image *image = nlb_image_new();

	want_group_of(&w, "web", 1);
	want_range(&w, "edge/TCP:all", "203.0.113.1", 0, 1, 65535);
	advance(&w, &image, NOW_MS);
	assert_int_equal(image->vip_count, 1);
	assert_int_equal(image->port_range_count, 1);
	assert_int_equal(image->port_ranges[0].key.prefix_bits, NLB_PORT_RANGE_VIP_BITS);
	nlb_image_free(image);
	want_free(&w);
}

static void test_select_agrees(void **state)
{
	struct want w = want_new();
	struct nlb_image *image = nlb_image_new();
	struct nlb_tuple tuple = {.protocol = IPPROTO_TCP, .family = NLB_IPV4};

	want_group_of(&w, "web", 3);
	want_range(&w, "edge/TCP:5000-5999", "203.0.113.0", 28, 5000, 5999);
	advance(&w, &image, NOW_MS);
	memcpy(tuple.src, (uint8_t[]){198, 51, 100, 7}, 4);
	memcpy(tuple.dst, (uint8_t[]){203, 0, 113, 9}, 4);
	tuple.dport = htons(5500);
	assert_true(nlb_image_select(image, &tuple) != 0);
	tuple.dport = htons(6000);
	assert_int_equal(nlb_image_select(image, &tuple), 0);
	tuple.dport = htons(5500);
	tuple.dst[3] = 16;
	assert_int_equal(nlb_image_select(image, &tuple), 0);
	nlb_image_free(image);
	want_free(&w);
}

/* ---- a life ---- */

static void want_everything(struct want *w)
{
	struct nlb_want_choice *choices = arena_alloc(w->arena, 2 * sizeof(*choices));
	struct nlb_want_listener *split;

	want_group_of(w, "web", 2);
	want_target(want_group(w, "green", AF_INET), "10.2.0.1", 80);
	want_range(w, "wide/TCP:all", "203.0.112.0", 20, 1, 65535);
	want_range(w, "site/TCP:5000-5999", "203.0.113.0", 24, 5000, 5999);
	want_range(w, "six/TCP:80", "2001:db8:10::", 64, 80, 80);
	choices[0] = (struct nlb_want_choice){.group = "web", .weight = 3};
	choices[1] = (struct nlb_want_choice){.group = "green", .weight = 1};
	split = want_listener(w, "edge/TCP:80", "203.0.113.1", 80, NULL);
	split->choices = choices;
	split->choice_count = 2;
	want_listener(w, "own/TCP:443", "203.0.113.1", 443, NULL)->is_local = true;
}

static void test_restart_changes_nothing(void **state)
{
	struct want w = want_new();
	struct nlb_image *image = nlb_image_new(), *again, *seen;

	want_everything(&w);
	advance(&w, &image, NOW_MS);
	check_image(image);
	seen = read_back(image);
	again = compile_ok(&w, seen, NOW_MS + 1);
	assert_plan_is_empty(image, again);
	assert_int_equal(image->listener_count, again->listener_count);
	for (size_t i = 0; i < image->listener_count; i++)
		assert_memory_equal(&image->listeners[i].value, &again->listeners[i].value,
				    sizeof(image->listeners[i].value));
	assert_int_equal(image->port_range_count, again->port_range_count);
	assert_memory_equal(image->vips, again->vips, image->vip_count * sizeof(*image->vips));
	assert_memory_equal(image->port_ranges, again->port_ranges,
			    image->port_range_count * sizeof(*image->port_ranges));
	nlb_image_free(seen);
	nlb_image_free(again);
	nlb_image_free(image);
	want_free(&w);
}

static const struct nlb_action *action_of(const struct nlb_image *image)
{
	for (size_t i = 0; i < image->listener_count; i++)
		if (image->listeners[i].value.flags & NLB_LISTENER_ACTION)
			return &image->actions[image->listeners[i].value.target_group].row;
	return NULL;
}

static void test_vip_numbers_are_not_used_again(void **state)
{
	struct want w = want_new();
	struct nlb_image *image = nlb_image_new();
	uint32_t first;

	want_group_of(&w, "web", 1);
	want_range(&w, "a/TCP:all", "203.0.113.0", 28, 1, 65535);
	advance(&w, &image, NOW_MS);
	first = image->vips[0].vip;
	assert_int_not_equal(first, 0);
	w.want.listeners[0].vip = address_of("203.0.113.16");
	advance(&w, &image, NOW_MS + 1);
	assert_int_equal(image->vip_count, 1);
	assert_int_not_equal(image->vips[0].vip, first);
	nlb_image_free(image);
	want_free(&w);
}

/* A group without a healthy target leaves its share; its row is another one, the old one stays as
 * it was. */
static void test_a_group_that_fails(void **state)
{
	struct want w = want_new();
	struct nlb_image *image = nlb_image_new();
	const struct nlb_action *row;
	struct nlb_action before;
	size_t index;

	want_everything(&w);
	advance(&w, &image, NOW_MS);
	row = action_of(image);
	assert_non_null(row);
	before = *row;
	index = (size_t)((const struct image_action *)row - image->actions);
	assert_int_equal(row->ends[1], 4);
	assert_int_equal(row->able, 3);
	w.want.groups[1].fails_open = true;
	advance(&w, &image, NOW_MS + 1);
	assert_int_equal(action_of(image)->able, 1);
	assert_int_equal(action_of(image)->able_ends[1], 3);
	assert_ptr_not_equal(action_of(image), &image->actions[index].row);
	w.want.groups[0].fails_open = true;
	advance(&w, &image, NOW_MS + 2);
	assert_int_equal(action_of(image)->able, 3);
	w.want.groups[1].targets[0].takes_new = false;
	w.want.groups[0].targets[0].takes_new = w.want.groups[0].targets[1].takes_new = false;
	advance(&w, &image, NOW_MS + 3);
	assert_int_equal(action_of(image)->able, 0);
	assert_int_equal(action_of(image)->count, before.count);
	nlb_image_free(image);
	want_free(&w);
}

static void test_shares_follow_weights(void **state)
{
	const struct nlb_action action = {
		.count = 3, .able = 7, .ends = {5, 5 + 3, 5 + 3 + 2}, .able_ends = {5, 8, 10}};
	unsigned hits[NLB_ACTION_GROUPS] = {0};
	const __u64 key[2] = {1, 2};

	for (__u64 i = 0; i < 100000; i++)
		hits[nlb_action_choose(&action, nlb_siphash(key, &i, 1))]++;
	assert_in_range(hits[0], 49000, 51000);
	assert_in_range(hits[1], 29000, 31000);
	assert_in_range(hits[2], 19000, 21000);
	assert_int_equal(hits[3] + hits[4], 0);
}

static void test_failure_moves_no_other(void **state)
{
	struct nlb_action action = {
		.count = 3, .able = 7, .ends = {1, 2, 3}, .able_ends = {1, 2, 3}};
	struct nlb_action failed = {
		.count = 3, .able = 5, .ends = {1, 2, 3}, .able_ends = {1, 1, 2}};
	const __u64 key[2] = {1, 2};

	for (__u64 i = 0; i < 10000; i++) {
		__u64 hash = nlb_siphash(key, &i, 1);
		__u32 before = nlb_action_choose(&action, hash);
		__u32 after = nlb_action_choose(&failed, hash);

		if (before != 1)
			assert_int_equal(after, before);
		else
			assert_int_not_equal(after, 1);
	}
}

static void test_refusals(void **state)
{
	struct want w = want_new();
	struct nlb_image *empty = nlb_image_new();

	want_group_of(&w, "web", 1);
	want_range(&w, "a/TCP:5000-5999", "203.0.113.1", 0, 5000, 5999);
	want_range(&w, "b/TCP:5000-5999", "203.0.113.1", 32, 5000, 5999);
	assert_refused(&w, empty, -EINVAL,
		       "listener 'b/TCP:5000-5999': its range is already used by "
		       "'a/TCP:5000-5999'");
	w.want.listeners[1].last_port = 4000;
	assert_refused(&w, empty, -EINVAL,
		       "listener 'b/TCP:5000-5999': its range ends before it begins");
	w.want.listeners[1].group = NULL;
	w.want.listeners[1].last_port = 0;
	assert_refused(&w, empty, -EINVAL,
		       "listener 'b/TCP:5000-5999': its target groups are none, too many, or "
		       "without weight");
	nlb_image_free(empty);
	want_free(&w);
}

static void test_full(void **state)
{
	struct want w = want_new();
	struct nlb_image *empty = nlb_image_new();
	struct nlb_want_listener *many = arena_alloc(w.arena, 4000 * sizeof(*many));

	want_group_of(&w, "web", 1);
	w.want.listeners = many;
	for (unsigned i = 0; i < 4000; i++) {
		many[i] = (struct nlb_want_listener){.name = arena_printf(w.arena, "l%u", i),
						     .port = 1,
						     .last_port = 65534,
						     .has_tcp = true,
						     .group = "web"};
		many[i].vip = address_of("203.0.0.0");
		many[i].vip.bytes[2] = (uint8_t)(i / 256);
		many[i].vip.bytes[3] = (uint8_t)i;
	}
	w.want.listener_count = 2184;
	nlb_image_free(compile_ok(&w, empty, NOW_MS));
	w.want.listener_count = 2185;
	assert_refused(&w, empty, -ENOSPC,
		       "the table of ranges of ports (a range takes up to 30) is full (65536 "
		       "entries): 65550 are wanted while 0 leave");
	nlb_image_free(empty);
	want_free(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_split_at_most_30),
		cmocka_unit_test(test_who_hears_what),
		cmocka_unit_test(test_all_ports_are_one_entry),
		cmocka_unit_test(test_select_agrees),
		cmocka_unit_test(test_restart_changes_nothing),
		cmocka_unit_test(test_vip_numbers_are_not_used_again),
		cmocka_unit_test(test_a_group_that_fails),
		cmocka_unit_test(test_shares_follow_weights),
		cmocka_unit_test(test_failure_moves_no_other),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
