/* SPDX-License-Identifier: BSD-2-Clause */
/* The generic check of requests against the operation table, and the schemas made from it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "control/request.h"
#include "control/schema.h"
#include "leat/operations.h"

/* clang-format off */
static const struct row {
	const char *operation, *request;
	int code;	     /* -1: accepted */
	const char *message; /* a part of it */
} rows[] = {
	{"GetStatus", "{}", -1, NULL},
	{"GetStatus", "{\"x\":1}", REFUSED_VALIDATION, "unknown field 'x' (known: none)"},
	{"Nope", "{}", REFUSED_INVALID_ACTION, "there is no operation 'Nope'"},
	{"GetStatus", "[]", REFUSED_VALIDATION, "must be a JSON object"},
	{"GetStatus", "7", REFUSED_VALIDATION, "must be a JSON object"},
	{"CreateTargetGroup", "{}", REFUSED_VALIDATION, "'name' is missing"},
	{"CreateTargetGroup", "{\"name\":\"a\",\"protocol\":\"TCP\",\"port\":80}", -1, NULL},
	{"CreateTargetGroup", "{\"name\":\"a\",\"protocol\":\"TCP\"}", REFUSED_VALIDATION, "'port' is missing"},
	{"CreateTargetGroup", "{\"name\":7,\"protocol\":\"TCP\",\"port\":80}", REFUSED_VALIDATION, "'name' must be a string"},
	{"CreateTargetGroup", "{\"name\":null,\"protocol\":\"TCP\",\"port\":80}", REFUSED_VALIDATION, "'name' must be a string"},
	{"CreateTargetGroup", "{\"name\":\"a\",\"protocol\":\"tcp\",\"port\":80}", REFUSED_VALIDATION,
	 "'protocol': 'tcp' is not one of TCP|UDP|TCP_UDP"},
	{"CreateTargetGroup", "{\"name\":\"a\",\"protocol\":\"TCP|UDP\",\"port\":80}", REFUSED_VALIDATION, "is not one of"},
	{"CreateTargetGroup", "{\"name\":\"a\",\"protocol\":\"\",\"port\":80}", REFUSED_VALIDATION, "is not one of"},
	{"CreateTargetGroup", "{\"name\":\"a\",\"protocol\":\"TCP_\",\"port\":80}", REFUSED_VALIDATION, "is not one of"},
	{"CreateTargetGroup", "{\"name\":\"a\",\"protocol\":\"TCP_UDP\",\"port\":80}", -1, NULL},
	{"CreateTargetGroup", "{\"name\":\"a\",\"protocol\":\"TCP\",\"port\":80.5}", REFUSED_VALIDATION, "'port' must be a whole number"},
	{"CreateTargetGroup", "{\"name\":\"a\",\"protocol\":\"TCP\",\"port\":\"80\"}", REFUSED_VALIDATION, "'port' must be a whole number"},
	{"CreateTargetGroup", "{\"name\":\"a\",\"protocol\":\"TCP\",\"port\":80,\"health_check\":{\"path\":\"/\"}}", -1, NULL},
	{"CreateTargetGroup", "{\"name\":\"a\",\"protocol\":\"TCP\",\"port\":80,\"health_check\":7}", REFUSED_VALIDATION,
	 "'health_check' must be an object"},
	{"CreateTargetGroup", "{\"name\":\"a\",\"protocol\":\"TCP\",\"port\":80,\"health_check\":{\"pth\":\"/\"}}", REFUSED_VALIDATION,
	 "unknown field 'health_check/pth'"},
	{"CreateTargetGroup", "{\"name\":\"a\",\"protocol\":\"TCP\",\"port\":80,\"health_check\":{\"enabled\":\"no\"}}", REFUSED_VALIDATION,
	 "'health_check/enabled' must be true or false"},
	{"CreateTargetGroup", "{\"name\":\"a\",\"protocol\":\"TCP\",\"port\":80,\"attributes\":{\"stickiness.enabled\":true}}", -1, NULL},
	{"CreateTargetGroup", "{\"name\":\"a\",\"protocol\":\"TCP\",\"port\":80,\"attributes\":{\"stickiness\":{\"enabled\":true}}}",
	 REFUSED_VALIDATION, "unknown field 'attributes/stickiness'"},
	{"RegisterTargets", "{\"target_group\":\"a\",\"targets\":[\"10.0.0.1\"]}", -1, NULL},
	{"RegisterTargets", "{\"target_group\":\"a\",\"targets\":\"10.0.0.1\"}", REFUSED_VALIDATION, "'targets' must be an array of strings"},
	{"RegisterTargets", "{\"target_group\":\"a\",\"targets\":[1]}", REFUSED_VALIDATION, "'targets' must be an array of strings"},
	{"RegisterTargets", "{\"targets\":[\"10.0.0.1\"]}", REFUSED_VALIDATION, "'target_group' is missing"},
	/* Rows of one operation: what one of them requires is optional. */
	{"DescribeListeners", "{}", -1, NULL},
	{"DescribeListeners", "{\"name\":\"edge/TCP:80\"}", -1, NULL},
	{"DescribeListeners", "{\"load_balancer\":\"edge\"}", -1, NULL},
	{"CreateListener", "{\"load_balancer\":\"e\",\"protocol\":\"TCP\",\"port\":1,\"default_action\":{\"forward\":\"w\"}}", -1, NULL},
	{"CreateListener", "{\"load_balancer\":\"e\",\"protocol\":\"TCP\",\"port\":1,\"default_action\":{}}", REFUSED_VALIDATION, "'default_action/forward' is missing"},
	{"ApplyState", "{\"text\":\"\"}", -1, NULL},
	{"ApplyState", "{\"text\":\"\",\"dry_run\":1}", REFUSED_VALIDATION, "'dry_run' must be true or false"},
};
/* clang-format on */

static void check_row(const struct row *row)
{
	json_t *request = json_loads(row->request, JSON_DECODE_ANY, NULL);
	struct refusal refusal = {0};
	int ret = request_check(row->operation, request, &refusal);

	if (row->code < 0 && ret)
		fail_msg("%s %s: %s", row->operation, row->request, refusal.err.text);
	if (row->code >= 0 && (!ret || (int)refusal.code != row->code))
		fail_msg("%s %s: not refused as it should", row->operation, row->request);
	if (row->message && !strstr(refusal.err.text, row->message))
		fail_msg("%s %s: said '%s'", row->operation, row->request, refusal.err.text);
	json_decref(request);
}

static void checks(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_row(&rows[i]);
}

static void no_operation_has_too_many_fields(void **state)
{
	const struct operation_field *fields[REQUEST_FIELDS_MAX];

	for (size_t i = 0; i < OPERATION_COUNT; i++)
		assert_true(request_fields(operations[i].name, fields) < REQUEST_FIELDS_MAX);
}

static void reads_fields(void **state)
{
	json_t *request = json_loads("{\"a\":{\"b\":\"x\",\"c.d\":5},\"e\":true}", 0, NULL);

	assert_string_equal(request_string(request, "a/b"), "x");
	assert_null(request_string(request, "a/z"));
	assert_null(request_string(request, "z/b"));
	assert_null(request_string(request, "e/b"));
	assert_int_equal(request_number(request, "a/c.d", 0), 5);
	assert_int_equal(request_number(request, "a/b", 3), 3);
	assert_true(request_bool(request, "e"));
	assert_false(request_bool(request, "a"));
	json_decref(request);
}

static void describes_every_operation(void **state)
{
	json_t *schema, *list = schema_list_operations(), *row;
	size_t i;

	json_array_foreach(json_object_get(list, "operations"), i, row)
	{
		schema = schema_of_request(json_string_value(json_object_get(row, "name")));
		assert_non_null(schema);
		assert_true(json_is_object(json_object_get(schema, "properties")));
		json_decref(schema);
	}
	assert_true(i > 20);
	assert_null(schema_of_request("Nope"));
	json_decref(list);
}

static void nests_schemas(void **state)
{
	json_t *schema = schema_of_request("CreateTargetGroup");
	const json_t *path = request_string(schema, "properties/health_check/properties/path/type")
				     ? json_true()
				     : NULL;

	assert_non_null(path);
	assert_int_equal(json_array_size(json_object_get(schema, "required")), 3);
	assert_true(json_is_false(json_object_get(schema, "additionalProperties")));
	json_decref(schema);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checks),	 cmocka_unit_test(no_operation_has_too_many_fields),
		cmocka_unit_test(reads_fields),	 cmocka_unit_test(describes_every_operation),
		cmocka_unit_test(nests_schemas),
	};

	return cmocka_run_group_tests_name("control/request", tests, NULL, NULL);
}
