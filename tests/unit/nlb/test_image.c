/* SPDX-License-Identifier: BSD-2-Clause */
/* What an image answers, and that it chooses as the program does (bpf/select.h). */
#include <netinet/in.h>

#include "leat/nlb_hash.h"
#include "want.h"

static struct want new_want(void)
{
	struct want w = want_new();

	want_group_of(&w, "web", 3);
	want_target(want_group(&w, "web", AF_INET6), "fd00::1", 8080);
	want_listener(&w, "edge/TCP_UDP:80", "192.0.2.1", 80, "web")->has_udp = true;
	want_listener(&w, "edge/TCP_UDP:80", "2001:db8::1", 80, "web");
	want_listener(&w, "edge/TCP:443", "192.0.2.1", 443, "web");
	want_listener(&w, "edge/TCP:25", "192.0.2.1", 25, "mail"); /* no such group */
	return w;
}

static struct nlb_image *new_image(const struct want *w)
{
	struct nlb_image *empty = nlb_image_new(), *image = compile_ok(w, empty, 0);

	nlb_image_free(empty);
	check_image(image);
	return image;
}

static struct nlb_tuple tuple_of(const char *src, uint16_t sport, const char *dst, uint16_t dport,
				 uint8_t protocol)
{
	struct addr from = address_of(src), to = address_of(dst);
	struct nlb_tuple t = {.sport = htons(sport),
			      .dport = htons(dport),
			      .protocol = protocol,
			      .family = image_family(from.family)};

	memcpy(t.src, from.bytes, 16);
	memcpy(t.dst, to.bytes, 16);
	return t;
}

static void test_empty_image(void **state)
{
	struct nlb_image *image = nlb_image_new();
	struct nlb_tuple t = tuple_of("198.51.100.1", 1000, "192.0.2.1", 80, IPPROTO_TCP);
	struct addr address = address_of("10.1.0.1");

	assert_int_equal(image->max_slots, NLB_MAX_SLOTS);
	assert_int_equal(nlb_image_select(image, &t), 0);
	assert_int_equal(nlb_image_target_index(image, "web", &address, 80), -1);
	assert_int_equal(nlb_image_listener_id(image, "edge/TCP:80"), -1);
	assert_int_equal(nlb_image_primary_slots(image, "web", &address, 80), 0);
	assert_int_equal(nlb_image_ring_size(image, "web", AF_INET), 0);
	nlb_image_free(image);
	nlb_image_free(NULL);
}

static void test_questions(void **state)
{
	struct want w = new_want();
	struct nlb_image *image = new_image(&w);
	struct addr v4 = address_of("10.1.0.2"), v6 = address_of("fd00::1"),
		    none = address_of("10.1.0.9");

	assert_int_equal(nlb_image_target_index(image, "web", &v4, 80), 1);
	assert_int_equal(nlb_image_target_index(image, "web", &v6, 8080), 3);
	assert_int_equal(nlb_image_target_index(image, "web", &v4, 81), -1);
	assert_int_equal(nlb_image_target_index(image, "web", &none, 80), -1);
	assert_int_equal(nlb_image_target_index(image, "we", &v4, 80), -1);
	assert_int_equal(nlb_image_listener_id(image, "edge/TCP_UDP:80"), 0);
	assert_int_equal(nlb_image_listener_id(image, "edge/TCP:443"), 1);
	assert_int_equal(nlb_image_listener_id(image, "edge/TCP:44"), -1);
	assert_int_equal(nlb_image_listener_id(image, ""), -1); /* markers have no name */
	assert_int_equal(nlb_image_ring_size(image, "web", AF_INET), 8209);
	assert_int_equal(nlb_image_ring_size(image, "web", NLB_IPV4), 8209);
	assert_int_equal(nlb_image_ring_size(image, "web", AF_INET6), 101);
	assert_int_equal(nlb_image_ring_size(image, "mail", AF_INET), 0);
	assert_in_range(nlb_image_primary_slots(image, "web", &v4, 80), 8209 / 3, 8209 / 3 + 1);
	assert_int_equal(nlb_image_primary_slots(image, "web", &v6, 8080), 101);
	assert_int_equal(nlb_image_primary_slots(image, "web", &none, 80), 0);
	nlb_image_free(image);
	want_free(&w);
}

/* The program's arithmetic, spelled out. */
static void test_select_is_hash_and_slot(void **state)
{
	struct want w = new_want();
	struct nlb_image *image = new_image(&w);
	unsigned chosen[4] = {0};

	for (uint16_t port = 1; port <= 3000; port++) {
		_Alignas(8) struct nlb_tuple t =
			tuple_of("198.51.100.1", port, "192.0.2.1", 80, IPPROTO_TCP);
		const __u64 key[2] = {w.want.hash_key[0], w.want.hash_key[1]};
		uint64_t hash = nlb_hash_tuple(key, &t, NLB_HASH_5TUPLE);
		uint32_t id = image->groups[0].slots[nlb_hash_slot(hash, 8209)].primary;

		assert_int_equal(nlb_image_select(image, &t), id);
		chosen[NLB_TARGET_INDEX(id)]++;
	}
	for (int i = 0; i < 3; i++)
		assert_in_range(chosen[i], 900, 1100);
	nlb_image_free(image);
	want_free(&w);
}

static void test_select_asks_the_listeners(void **state)
{
	struct want w = new_want();
	struct nlb_image *image = new_image(&w);
	struct nlb_tuple t = tuple_of("2001:db8::9", 1000, "2001:db8::1", 80, IPPROTO_TCP);

	assert_int_equal(NLB_TARGET_INDEX(nlb_image_select(image, &t)), 3);
	t.protocol = IPPROTO_UDP; /* TCP only there */
	assert_int_equal(nlb_image_select(image, &t), 0);
	t = tuple_of("198.51.100.1", 1000, "192.0.2.1", 80, IPPROTO_UDP);
	assert_int_not_equal(nlb_image_select(image, &t), 0);
	t.dport = htons(81);
	assert_int_equal(nlb_image_select(image, &t), 0);
	t.dport = 0; /* the marker is no listener */
	assert_int_equal(nlb_image_select(image, &t), 0);
	t = tuple_of("198.51.100.1", 1000, "192.0.2.1", 25, IPPROTO_TCP);
	assert_int_equal(nlb_image_select(image, &t), 0); /* empty ring */
	nlb_image_free(image);
	want_free(&w);
}

static void test_select_by_source(void **state)
{
	struct want w = new_want();
	struct nlb_image *image;
	struct nlb_tuple t = tuple_of("198.51.100.1", 1, "192.0.2.1", 80, IPPROTO_TCP);
	uint32_t id;

	w.want.groups[0].hash_fields = NLB_HASH_SOURCE;
	image = new_image(&w);
	id = nlb_image_select(image, &t);
	for (uint16_t port = 2; port < 500; port++) {
		t = tuple_of("198.51.100.1", port, "192.0.2.1", port % 2 ? 80 : 443, IPPROTO_TCP);
		assert_int_equal(nlb_image_select(image, &t), id);
	}
	nlb_image_free(image);
	want_free(&w);
}

static void test_select_steps_back(void **state)
{
	struct want w = new_want();
	struct nlb_image *image = new_image(&w);
	unsigned moved[3] = {0};
	uint32_t id;

	image->targets[1].takes_new = false; /* the health bit alone: the ring is as it was */
	for (uint16_t port = 1; port <= 3000; port++) {
		struct nlb_tuple t = tuple_of("198.51.100.1", port, "192.0.2.1", 80, IPPROTO_TCP);

		id = nlb_image_select(image, &t);
		assert_int_not_equal(id, 0);
		moved[NLB_TARGET_INDEX(id)]++;
	}
	assert_int_equal(moved[1], 0);
	assert_in_range(moved[0], 1300, 1700);
	image->targets[0].takes_new = image->targets[2].takes_new = false;
	for (uint16_t port = 1; port <= 100; port++) {
		struct nlb_tuple t = tuple_of("198.51.100.1", port, "192.0.2.1", 80, IPPROTO_TCP);

		assert_int_equal(nlb_image_select(image, &t), 0);
	}
	nlb_image_free(image);
	want_free(&w);
}

static void test_select_ignores_stale_ids(void **state)
{
	struct want w = new_want();
	struct nlb_image *image = new_image(&w);
	struct nlb_tuple t = tuple_of("2001:db8::9", 1000, "2001:db8::1", 80, IPPROTO_TCP);

	image->targets[3].row.id = NLB_TARGET_ID(3, 2);
	assert_int_equal(nlb_image_select(image, &t), 0);
	nlb_image_free(image);
	want_free(&w);
}

/* Another node: other order, other ids, same digest; any difference that matters shows. */
static void test_digest(void **state)
{
	struct want w = new_want(), other = new_want();
	struct nlb_image *image = new_image(&w), *next;
	struct nlb_want_target swapped = other.want.groups[0].targets[0];
	struct nlb_want_group group = other.want.groups[0];
	uint64_t digest = nlb_image_digest(image);

	other.want.groups[0].targets[0] = other.want.groups[0].targets[2];
	other.want.groups[0].targets[2] = swapped;
	group = other.want.groups[0];
	other.want.groups[0] = other.want.groups[1];
	other.want.groups[1] = group;
	other.want.groups[1].targets[0].takes_new = false; /* health is no configuration */
	next = new_image(&other);
	assert_true(nlb_image_digest(next) == digest);
	nlb_image_free(next);
	other.want.groups[1].targets[0].weight = 2;
	next = new_image(&other);
	assert_true(nlb_image_digest(next) != digest);
	nlb_image_free(next);
	other.want.groups[1].targets[0].weight = 1;
	other.want.hash_key[1]++;
	next = new_image(&other);
	assert_true(nlb_image_digest(next) != digest);
	nlb_image_free(next);
	nlb_image_free(image);
	want_free(&w);
	want_free(&other);
}

static void test_grow(void **state)
{
	size_t count = 0;
	uint32_t *numbers = image_grow(NULL, &count, 0, sizeof(*numbers));

	assert_non_null(numbers);
	numbers = image_grow(numbers, &count, 3, sizeof(*numbers));
	assert_int_equal(count, 3);
	numbers[0] = numbers[1] = numbers[2] = 7;
	numbers = image_grow(numbers, &count, 2, sizeof(*numbers));
	assert_int_equal(count, 3);
	numbers = image_grow(numbers, &count, 100, sizeof(*numbers));
	assert_int_equal(numbers[2], 7);
	for (int i = 3; i < 100; i++)
		assert_int_equal(numbers[i], 0);
	free(numbers);
}

static void test_group_names(void **state)
{
	char name[48];

	assert_true(image_group_name("web", NLB_IPV4, name));
	assert_string_equal(name, "web/ipv4");
	assert_true(image_group_name("0123456789012345678901234567890123456789ab", NLB_IPV6, name));
	assert_string_equal(name, "0123456789012345678901234567890123456789ab/ipv6");
	assert_false(
		image_group_name("0123456789012345678901234567890123456789abc", NLB_IPV6, name));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty_image),
		cmocka_unit_test(test_questions),
		cmocka_unit_test(test_select_is_hash_and_slot),
		cmocka_unit_test(test_select_asks_the_listeners),
		cmocka_unit_test(test_select_by_source),
		cmocka_unit_test(test_select_steps_back),
		cmocka_unit_test(test_select_ignores_stale_ids),
		cmocka_unit_test(test_digest),
		cmocka_unit_test(test_grow),
		cmocka_unit_test(test_group_names),
	};

	return cmocka_run_group_tests_name("nlb: image, select", tests, NULL, NULL);
}
