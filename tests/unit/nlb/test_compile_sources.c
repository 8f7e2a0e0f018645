/* SPDX-License-Identifier: BSD-2-Clause */
/* Lists of sources in the image: kept while their contents stay, never changed in place, ids in
 * turn, and the limit of the table. */
#include <errno.h>

#include "want.h"

struct lists {
	struct want w;
	struct nlb_want_sources lists[3];
};

/* A list that allows `count` addresses from 10.FIRST.0.0 on, and denies the rest. */
static void set_list(struct lists *l, size_t at, uint8_t first, size_t count)
{
	struct nlb_want_sources *list = &l->lists[at];

	list->count = count + 2;
	list->rules = arena_alloc(l->w.arena, list->count * sizeof(*list->rules));
	list->rules[0] = (struct nlb_want_source){.address.family = AF_INET};
	list->rules[1] = (struct nlb_want_source){.address.family = AF_INET6};
	for (size_t i = 0; i < count; i++)
		list->rules[i + 2] = (struct nlb_want_source){
			.address = {.family = AF_INET,
				    .bytes = {10, (uint8_t)(first + (i >> 16)), (uint8_t)(i >> 8),
					      (uint8_t)i}},
			.bits = 32,
			.is_allowed = true};
}

static void set_up(struct lists *l, size_t count)
{
	struct nlb_want_group *group;

	memset(l, 0, sizeof(*l));
	l->w = want_new();
	group = want_group(&l->w, "web", AF_INET);
	group->forwarding = NLB_FORWARD_L2;
	l->w.want.source_lists = l->lists;
	l->w.want.source_list_count = count;
	for (size_t i = 0; i < count; i++) {
		set_list(l, i, (uint8_t)(10 * (i + 1)), 3);
		want_listener(&l->w, i ? "b" : "a", "192.0.2.1", (uint16_t)(80 + i), "web")
			->sources = i + 1;
	}
}

static const struct nlb_listener *listener(const struct nlb_image *image, uint16_t port)
{
	for (size_t i = 0; i < image->listener_count; i++)
		if (image->listeners[i].key.port == htons(port))
			return &image->listeners[i].value;
	fail_msg("no listener has port %u", port);
	return NULL;
}

static void step(struct lists *l, struct nlb_image **image)
{
	struct nlb_image *next = compile_ok(&l->w, *image, 1000);

	nlb_image_free(*image);
	*image = next;
}

static void lists_get_ids_and_stay(void **state)
{
	struct nlb_image *image = nlb_image_new();
	struct lists l;

	set_up(&l, 2);
	step(&l, &image);
	assert_int_equal(image->source_count, 2);
	assert_int_equal(listener(image, 80)->sources, 1);
	assert_int_equal(listener(image, 81)->sources, 2);
	assert_int_equal(listener(image, 80)->flags, NLB_LISTENER_ADMITS);
	assert_int_equal(image->sources[1].keys[0].list, 2);
	step(&l, &image);
	assert_int_equal(listener(image, 80)->sources, 1);
	assert_int_equal(image->last_source_list, 2);
	nlb_image_free(image);
	want_free(&l.w);
}

static void equal_lists_are_one(void **state)
{
	struct nlb_image *image = nlb_image_new();
	struct lists l;

	set_up(&l, 2);
	set_list(&l, 1, 10, 3); /* as the first */
	step(&l, &image);
	assert_int_equal(image->source_count, 1);
	assert_int_equal(listener(image, 81)->sources, listener(image, 80)->sources);
	nlb_image_free(image);
	want_free(&l.w);
}

static void another_content_is_another_list(void **state)
{
	struct nlb_image *image = nlb_image_new();
	struct lists l;

	set_up(&l, 1);
	step(&l, &image);
	set_list(&l, 0, 10, 4);
	step(&l, &image);
	assert_int_equal(listener(image, 80)->sources, 2);
	set_list(&l, 0, 10, 3); /* back again, but the first id does not come back */
	step(&l, &image);
	assert_int_equal(listener(image, 80)->sources, 3);
	assert_int_equal(image->source_count, 1);
	nlb_image_free(image);
	want_free(&l.w);
}

static void ids_go_round(void **state)
{
	struct nlb_image *image = nlb_image_new();
	struct lists l;

	set_up(&l, 2);
	step(&l, &image);
	image->last_source_list = NLB_MAX_SOURCE_LISTS;
	set_list(&l, 1, 50, 1);
	step(&l, &image);
	assert_int_equal(listener(image, 80)->sources, 1);
	assert_int_equal(listener(image, 81)->sources, 3); /* 1 and 2 are in use */
	nlb_image_free(image);
	want_free(&l.w);
}

static void a_rate_alone_admits_too(void **state)
{
	struct nlb_image *image = nlb_image_new();
	struct lists l;

	set_up(&l, 1);
	l.w.want.listeners[0].sources = 0;
	l.w.want.listeners[0].flows_per_s = 100;
	l.w.want.listeners[0].flows_burst = 200;
	l.w.want.source_list_count = 0;
	step(&l, &image);
	assert_int_equal(listener(image, 80)->flags, NLB_LISTENER_ADMITS);
	assert_int_equal(listener(image, 80)->flows_burst, 200);
	assert_int_equal(listener(image, 80)->sources, 0);
	nlb_image_free(image);
	want_free(&l.w);
}

/* Both the old and the new lists must find room. */
static void the_table_has_a_limit(void **state)
{
	struct nlb_image *image = nlb_image_new(), *empty = nlb_image_new(), *next = NULL;
	struct err err = {""};
	struct lists l;

	set_up(&l, 1);
	set_list(&l, 0, 1, NLB_MAX_SOURCES - 2);
	step(&l, &image);
	set_list(&l, 0, 1, NLB_MAX_SOURCES - 1);
	assert_int_equal(nlb_compile(&l.w.want, empty, 1000, &next, &err), -ENOSPC);
	assert_non_null(strstr(err.text, "the table of sources is full (262144 entries)"));
	set_list(&l, 0, 1, 1);
	memset(&err, 0, sizeof(err));
	assert_int_equal(nlb_compile(&l.w.want, image, 1000, &next, &err), -ENOSPC);
	assert_non_null(strstr(err.text, "come to 3 prefixes while 262144 leave"));
	nlb_image_free(image);
	nlb_image_free(empty);
	want_free(&l.w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_get_ids_and_stay),
		cmocka_unit_test(equal_lists_are_one),
		cmocka_unit_test(another_content_is_another_list),
		cmocka_unit_test(ids_go_round),
		cmocka_unit_test(a_rate_alone_admits_too),
		cmocka_unit_test(the_table_has_a_limit),
	};

	return cmocka_run_group_tests_name("nlb/compile_sources", tests, NULL, NULL);
}
