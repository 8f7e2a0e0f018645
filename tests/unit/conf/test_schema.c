/* SPDX-License-Identifier: BSD-2-Clause */
/* The JSON Schemas: they exist, their defaults are the decoder's, and the manual pages name every
 * key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/fd.h"
#include "conf/conf.h"
#include "model/model.h"

static json_t *schema_of(const char *noun)
{
	char *text = conf_schema_json(noun);
	json_t *schema;

	assert_non_null(text);
	schema = json_loads(text, 0, NULL);
	assert_non_null(schema);
	free(text);
	return schema;
}

static void test_nouns(void **state)
{
	static const char *const nouns[] = {"state",	    "load_balancer", "listener",
					    "target_group", "target",	     "node"};

	for (size_t i = 0; i < ARRAY_SIZE(nouns); i++) {
		json_t *schema = schema_of(nouns[i]);

		assert_string_equal(json_string_value(json_object_get(schema, "title")), nouns[i]);
		assert_string_equal(json_string_value(json_object_get(schema, "type")), "object");
		assert_true(json_is_false(json_object_get(schema, "additionalProperties")));
		json_decref(schema);
	}
	assert_null(conf_schema_json("rule"));
}

static void test_listener(void **state)
{
	json_t *schema = schema_of("listener");
	json_t *properties = json_object_get(schema, "properties");
	json_t *port = json_array_get(
		json_object_get(json_object_get(properties, "port"), "anyOf"), 0);
	json_t *required = json_object_get(schema, "required");

	assert_int_equal(json_integer_value(json_object_get(port, "minimum")), 1);
	assert_int_equal(json_integer_value(json_object_get(port, "maximum")), 65535);
	assert_int_equal(json_array_size(required), 3);
	assert_string_equal(json_string_value(json_array_get(required, 2)), "default_action");
	json_decref(schema);
}

/* Every default in the schema is what a dump of everything shows. */
static void check_defaults(json_t *schema, json_t *dumped)
{
	const char *key;
	json_t *property;

	json_object_foreach(json_object_get(schema, "properties"), key, property)
	{
		json_t *fallback = json_object_get(property, "default");
		json_t *value = json_object_get(dumped, key);

		if (fallback && !json_equal(fallback, value))
			fail_msg("%s: the schema's default is not the dump's", key);
		if (json_object_get(property, "properties") && value)
			check_defaults(property, value);
	}
}

static void test_defaults(void **state)
{
	static const char text[] =
		"{load_balancers: [{name: a, addresses: [10.0.0.1], listeners: "
		"[{protocol: TCP, port: 80, default_action: {forward: web}}]}],"
		"target_groups: [{name: web, protocol: TCP, port: 80, targets: [10.0.0.2]}]}";
	struct model *model;
	char *dump;
	json_t *root, *lb, *tg;
	struct {
		const char *noun;
		json_t *object;
	} rows[4];

	assert_int_equal(conf_parse_state(text, strlen(text), NULL, &model, NULL), 0);
	dump = conf_dump_json(model, true);
	root = json_loads(dump, 0, NULL);
	lb = json_array_get(json_object_get(root, "load_balancers"), 0);
	tg = json_array_get(json_object_get(root, "target_groups"), 0);
	rows[0].noun = "load_balancer";
	rows[0].object = lb;
	rows[1].noun = "listener";
	rows[1].object = json_array_get(json_object_get(lb, "listeners"), 0);
	rows[2].noun = "target_group";
	rows[2].object = tg;
	rows[3].noun = "target";
	rows[3].object = json_array_get(json_object_get(tg, "targets"), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		json_t *schema = schema_of(rows[i].noun);

		assert_non_null(rows[i].object);
		check_defaults(schema, rows[i].object);
		json_decref(schema);
	}
	json_decref(root);
	free(dump);
	model_free(model);
}

static void check_page(const json_t *schema, const char *page)
{
	const char *key;
	json_t *property;

	json_object_foreach(json_object_get(schema, "properties"), key, property)
	{
		json_t *items = json_object_get(property, "items");
		json_t *choices = json_object_get(items, "anyOf");

		if (!strstr(page, key))
			fail_msg("the manual page does not name '%s'", key);
		check_page(property, page);
		check_page(items, page);
		check_page(json_array_get(choices, 1), page);
	}
}

/* Run from the top of the sources, as `make unit` does; elsewhere there is no page to read. */
static void test_manual_pages(void **state)
{
	static const struct {
		const char *noun, *path;
	} pages[] = {
		{"state", "user/conf/leat-state.5"},
		{"node", "user/conf/leatd.yaml.5"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(pages); i++) {
		char *page;
		json_t *schema;

		if (fd_read_file(pages[i].path, 1 << 20, &page, NULL, NULL))
			skip();
		schema = schema_of(pages[i].noun);
		check_page(schema, page);
		json_decref(schema);
		free(page);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nouns),
		cmocka_unit_test(test_listener),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_manual_pages),
	};

	return cmocka_run_group_tests_name("conf/schema", tests, NULL, NULL);
}
