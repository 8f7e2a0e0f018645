/* SPDX-License-Identifier: BSD-2-Clause */
/* What the security groups of a listener say together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/base.h"
#include "model/model.h"

static void set_prefixes(struct model *m, struct prefix **prefixes, size_t *count,
			 const char *const *texts)
{
	for (; texts && *texts; texts++) {
		*prefixes = arena_grow(m->arena, *prefixes, *count, sizeof(**prefixes));
		assert_int_equal(prefix_parse(*texts, &(*prefixes)[(*count)++], NULL), 0);
	}
}

static void add_group(struct model *m, struct listener *listener, const char *name,
		      const char *const *allow, const char *const *deny)
{
	struct security_group *sg = model_add_security_group(m, name);

	set_prefixes(m, &sg->allow, &sg->allow_count, allow);
	set_prefixes(m, &sg->deny, &sg->deny_count, deny);
	listener->security_groups =
		arena_grow(m->arena, listener->security_groups, listener->security_group_count,
			   sizeof(*listener->security_groups));
	listener->security_groups[listener->security_group_count++] = sg->name;
}

static bool allows(const struct source_list *list, const char *text)
{
	struct addr address;

	assert_int_equal(addr_parse(text, &address, NULL), 0);
	return source_list_allows(list, &address);
}

#define TEXTS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void without_groups_everybody_may(void **state)
{
	struct model *m = model_new(NULL);
	struct listener listener = {0};
	struct source_list list = model_sources(m, &listener, m->arena);

	assert_int_equal(list.count, 0);
	assert_true(allows(&list, "192.0.2.1"));
	model_free(m);
}

static void whoever_is_not_allowed_is_denied(void **state)
{
	struct model *m = model_new(NULL);
	struct listener listener = {0};
	struct source_list list;

	add_group(m, &listener, "a", TEXTS("10.0.0.0/8"), TEXTS("10.66.0.0/16"));
	list = model_sources(m, &listener, m->arena);
	assert_int_equal(list.count, 4); /* and the rest, of both families */
	assert_true(allows(&list, "10.1.2.3"));
	assert_false(allows(&list, "10.66.2.3"));
	assert_false(allows(&list, "192.0.2.1"));
	assert_false(allows(&list, "2001:db8::1"));
	model_free(m);
}

static void groups_that_only_deny_allow_the_rest(void **state)
{
	struct model *m = model_new(NULL);
	struct listener listener = {0};
	struct source_list list;

	add_group(m, &listener, "a", NULL, TEXTS("192.0.2.0/24"));
	add_group(m, &listener, "b", NULL, TEXTS("2001:db8::/32"));
	list = model_sources(m, &listener, m->arena);
	assert_false(allows(&list, "192.0.2.1"));
	assert_false(allows(&list, "2001:db8:1::"));
	assert_true(allows(&list, "192.0.3.1"));
	assert_true(allows(&list, "2001:db9::"));
	model_free(m);
}

static void of_equals_the_one_that_denies_decides(void **state)
{
	struct model *m = model_new(NULL);
	struct listener listener = {0};
	struct source_list list;

	add_group(m, &listener, "a", TEXTS("10.0.0.0/8", "10.1.1.1"), NULL);
	add_group(m, &listener, "b", NULL, TEXTS("10.0.0.0/8"));
	list = model_sources(m, &listener, m->arena);
	assert_int_equal(list.count, 4);
	assert_false(allows(&list, "10.2.3.4"));
	assert_true(allows(&list, "10.1.1.1")); /* longer */
	model_free(m);
}

static void a_written_rest_is_the_rest(void **state)
{
	struct model *m = model_new(NULL);
	struct listener listener = {0};
	struct source_list list;

	add_group(m, &listener, "a", TEXTS("0.0.0.0/0"), TEXTS("192.0.2.0/24"));
	list = model_sources(m, &listener, m->arena);
	assert_int_equal(list.count, 3);
	assert_true(allows(&list, "203.0.113.1"));
	assert_false(allows(&list, "192.0.2.200"));
	assert_false(allows(&list, "2001:db8::1"));
	for (size_t i = 1; i < list.count; i++)
		assert_true(prefix_cmp(&list.rules[i - 1].prefix, &list.rules[i].prefix) < 0);
	model_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_groups_everybody_may),
		cmocka_unit_test(whoever_is_not_allowed_is_denied),
		cmocka_unit_test(groups_that_only_deny_allow_the_rest),
		cmocka_unit_test(of_equals_the_one_that_denies_decides),
		cmocka_unit_test(a_written_rest_is_the_rest),
	};

	return cmocka_run_group_tests_name("model/sources", tests, NULL, NULL);
}
