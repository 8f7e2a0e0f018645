/* SPDX-License-Identifier: BSD-2-Clause */
/* JSON to YAML, byte for byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/base.h"
#include "cli/yaml.h"

static void test_values(void **state)
{
	static const struct {
		const char *json, *yaml;
	} cases[] = {
		{"null", "null\n"},
		{"true", "true\n"},
		{"-7", "-7\n"},
		{"33.3", "33.3\n"},
		{"2.0", "2.0\n"},
		{"{}", "{}\n"},
		{"[]", "[]\n"},
		{"\"web\"", "web\n"},
		{"\"HTTP /healthz every 5 s\"", "HTTP /healthz every 5 s\n"},
		{"\"deregistration_delay.timeout_seconds\"",
		 "deregistration_delay.timeout_seconds\n"},
		{"\"10.0.1.11\"", "10.0.1.11\n"},
		/* strings that a reader could take for something else */
		{"\"\"", "\"\"\n"},
		{"\"no\"", "\"no\"\n"},
		{"\"Yes\"", "\"Yes\"\n"},
		{"\"NULL\"", "\"NULL\"\n"},
		{"\"off\"", "\"off\"\n"},
		{"\"y\"", "\"y\"\n"},
		{"\"~\"", "\"~\"\n"},
		{"\"80\"", "\"80\"\n"},
		{"\"1e3\"", "\"1e3\"\n"},
		{"\"0x1f\"", "\"0x1f\"\n"},
		{"\"10.0.1\"", "\"10.0.1\"\n"},
		{"\"12:30\"", "\"12:30\"\n"},
		{"\".5\"", "\".5\"\n"},
		{"\".inf\"", "\".inf\"\n"},
		{"\"2026-11-23T08:45:05.123Z\"", "\"2026-11-23T08:45:05.123Z\"\n"},
		{"\"2001:db8::1\"", "\"2001:db8::1\"\n"},
		{"\"edge/TCP:80\"", "\"edge/TCP:80\"\n"},
		{"\"a: b\"", "\"a: b\"\n"},
		{"\"a #b\"", "\"a #b\"\n"},
		{"\"- a\"", "\"- a\"\n"},
		{"\"a \"", "\"a \"\n"},
		{"\" a\"", "\" a\"\n"},
		{"\"a,b\"", "\"a,b\"\n"},
		{"\"say \\\"hi\\\" \\\\\"", "\"say \\\"hi\\\" \\\\\"\n"},
		{"\"a\\nb\\tc\"", "\"a\\nb\\x09c\"\n"},
		{"\"\\u001b[31m\"", "\"\\x1b[31m\"\n"},
		{"\"\\u007f\\u009b\\u00a0\"", "\"\\x7f\\x9b\xc2\xa0\"\n"},
		{"\"gr\xc3\xbc\xc3\x9f\"", "\"gr\xc3\xbc\xc3\x9f\"\n"},
		{"\"a\\u0000b\"", "\"a\\x00b\"\n"},
		/* collections */
		{"{\"a\":1,\"b\":{\"c\":[]},\"d\":{}}", "a: 1\nb:\n  c: []\nd: {}\n"},
		{"[1,[2,[3]],{}]", "- 1\n- - 2\n  - - 3\n- {}\n"},
		{"{\"no\":1,\"8\":2,\"a b\":3}", "\"no\": 1\n\"8\": 2\na b: 3\n"},
		{"[{\"a\":1,\"b\":2},{\"c\":{\"d\":[{\"e\":1}]}}]",
		 "- a: 1\n  b: 2\n- c:\n    d:\n      - e: 1\n"},
		{"{\"target_groups\":[{\"name\":\"web\",\"targets\":[\"10.0.1.11\",{\"address\":"
		 "\"2001:db8::1\",\"weight\":2}]}]}",
		 "target_groups:\n"
		 "  - name: web\n"
		 "    targets:\n"
		 "      - 10.0.1.11\n"
		 "      - address: \"2001:db8::1\"\n"
		 "        weight: 2\n"},
	};
	struct buf out = {0};
	json_t *value;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		value = json_loads(cases[i].json, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
		assert_non_null(value);
		buf_clear(&out);
		yaml_append(value, &out);
		assert_string_equal(out.data, cases[i].yaml);
		json_decref(value);
	}
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
