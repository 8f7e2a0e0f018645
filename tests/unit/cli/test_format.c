/* SPDX-License-Identifier: BSD-2-Clause */
/* Values and columns as a person sees them. */
#include <locale.h>
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
#include "cli/format.h"
#include "cli/table.h"
#include "cli/text.h"

static json_t *json(const char *text)
{
	json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);

	assert_non_null(value);
	return value;
}

static void test_values(void **state)
{
	static const struct {
		enum operation_format format;
		const char *value; /* JSON; NULL: absent */
		const char *text;
	} cases[] = {
		{OP_TEXT, NULL, "-"},
		{OP_TEXT, "null", "-"},
		{OP_TEXT, "\"\"", "-"},
		{OP_TEXT, "\"web\"", "web"},
		{OP_TEXT, "7", "7"},
		{OP_TEXT, "0.5", "0.5"},
		{OP_TEXT, "true", "true"},
		{OP_TEXT, "false", "false"},
		{OP_TEXT, "[\"a\",1]", "a, 1"},
		{OP_TEXT, "{\"a\":33.3}", "{\"a\":33.3}"},
		{OP_TEXT, "\"a\\u001b[31mb\\nc\\u007f\\u009bd\"", "a?[31mb?c??d"},
		{OP_LIST, "[]", "-"},
		{OP_LIST, "[\"203.0.113.10\",\"2001:db8::10\"]", "203.0.113.10, 2001:db8::10"},
		{OP_LIST, NULL, "-"},
		{OP_COUNT, "0", "0"},
		{OP_COUNT, "-3", "-3"},
		{OP_COUNT, "9223372036854775807", "9223372036854775807"},
		{OP_COUNT, "1e3", "1000"},
		{OP_COUNT, "\"many\"", "many"},
		{OP_BYTES, "0", "0 B"},
		{OP_BYTES, "1", "1 B"},
		{OP_BYTES, "1023", "1023 B"},
		{OP_BYTES, "1024", "1.0 KiB"},
		{OP_BYTES, "1536", "1.5 KiB"},
		{OP_BYTES, "1048524", "1023.9 KiB"},
		{OP_BYTES, "1048575", "1.0 MiB"},
		{OP_BYTES, "1048576", "1.0 MiB"},
		{OP_BYTES, "1288490", "1.2 MiB"},
		{OP_BYTES, "1099511627776", "1.0 TiB"},
		{OP_BYTES, "9223372036854775807", "8.0 EiB"},
		{OP_BYTES, NULL, "-"},
		{OP_RATE, "0", "0.0/s"},
		{OP_RATE, "12.34", "12.3/s"},
		{OP_RATE, "12345", "12345.0/s"},
		{OP_PERCENT, "25", "25.0 %"},
		{OP_PERCENT, "33.333333", "33.3 %"},
		{OP_PERCENT, "null", "-"},
		{OP_AGE, "0", "0s"},
		{OP_AGE, "-5", "0s"},
		{OP_AGE, "12.9", "12s"},
		{OP_AGE, "59", "59s"},
		{OP_AGE, "60", "1m 0s"},
		{OP_AGE, "192", "3m 12s"},
		{OP_AGE, "3599", "59m 59s"},
		{OP_AGE, "3600", "1h 0m"},
		{OP_AGE, "18189", "5h 3m"},
		{OP_AGE, "86399", "23h 59m"},
		{OP_AGE, "86400", "1d 0h"},
		{OP_AGE, "1051200", "12d 4h"},
		{OP_AGE, "\"now\"", "now"},
	};
	struct buf out = {0};
	json_t *value;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		value = cases[i].value ? json(cases[i].value) : NULL;
		buf_clear(&out);
		format_value(value, cases[i].format, &out);
		assert_string_equal(out.data, cases[i].text);
		json_decref(value);
	}
	buf_fini(&out);
}

static void test_widths(void **state)
{
	assert_int_equal(text_width(""), 0);
	assert_int_equal(text_width("web"), 3);
	assert_int_equal(text_width("gr\xc3\xbc\xc3\x9f"), 4);
	assert_int_equal(text_width("\xe2\x86\x92"), 1);     /* arrow */
	assert_int_equal(text_width("\xe6\xb0\xb4"), 2);     /* a wide character */
	assert_int_equal(text_width("e\xcc\x81"), 1);	     /* combining accent */
	assert_int_equal(text_width("\xff\xc3"), 2);	     /* not UTF-8 */
	assert_int_equal(text_width("\xf0\x9f\x98\x80"), 2); /* four bytes */
}

static void test_clean(void **state)
{
	static const struct {
		const char *text, *clean;
	} cases[] = {
		{"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f"},
		{"\x1b]0;title\x07", "?]0;title?"},
		{"a\tb\r\n", "a?b??"},
		{"\xc2\x9b"
		 "31m",
		 "?31m"},
		{"\xc3", "?"},
		{"\xe2\x86", "??"},
		{"\xc0\xaf", "??"},
		{"\xf5\x80\x80\x80", "????"},
	};
	struct buf out = {0};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		buf_clear(&out);
		text_append_clean(&out, cases[i].text);
		assert_string_equal(out.data, cases[i].clean);
	}
	buf_fini(&out);
}

static const struct operation_column *columns = OP_COLUMNS(
	{"name", "NAME", OP_TEXT}, {"weight", "WEIGHT", OP_COUNT}, {"bytes", "BYTES", OP_BYTES},
	{"since", "SINCE", OP_AGE}, {"reason", "REASON", OP_TEXT}, );

static void check_rows(const char *rows, bool headers, const char *expected)
{
	struct buf out = {0};
	json_t *value = json(rows);

	table_append_rows(columns, value, headers, &out);
	assert_string_equal(out.data ? out.data : "", expected);
	buf_fini(&out);
	json_decref(value);
}

static void test_rows(void **state)
{
	check_rows("[]", true, "NAME  WEIGHT  BYTES  SINCE  REASON\n");
	check_rows("[]", false, "");
	check_rows("[{\"name\":\"gr\xc3\xbc\xc3\x9f\",\"weight\":1,\"bytes\":1288490,\"since\":192,"
		   "\"reason\":\"connect timeout\"},{\"name\":\"b\",\"weight\":1000000,\"bytes\":0,"
		   "\"since\":5}]",
		   true,
		   "NAME   WEIGHT    BYTES   SINCE  REASON\n"
		   "gr\xc3\xbc\xc3\x9f        1  1.2 MiB  3m 12s  connect timeout\n"
		   "b     1000000      0 B      5s  -\n");
	check_rows("[{\"name\":\"a-long-name\",\"weight\":1,\"extra\":[1]}]", false,
		   "a-long-name  1  -  -  -\n");
}

static void test_object(void **state)
{
	json_t *object =
		json("{\"name\":\"web\",\"weight\":2,\"bytes\":1024,\"since\":60,"
		     "\"health_check\":{\"path\":\"/healthz\",\"port\":null,\"deep\":{\"er\":"
		     "[1,2]}},\"used_by\":[\"edge/TCP:80\"],\"empty\":{},\"rows\":[{\"a\":1}]}");
	struct buf out = {0};

	table_append_object(columns, object, &out);
	assert_string_equal(out.data, "NAME:                  web\n"
				      "WEIGHT:                2\n"
				      "BYTES:                 1.0 KiB\n"
				      "SINCE:                 1m 0s\n"
				      "REASON:                -\n"
				      "health_check.path:     /healthz\n"
				      "health_check.port:     -\n"
				      "health_check.deep.er:  1, 2\n"
				      "used_by:               edge/TCP:80\n"
				      "empty:                 {}\n"
				      "rows:                  {\"a\":1}\n");
	buf_fini(&out);
	json_decref(object);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values), cmocka_unit_test(test_widths),
		cmocka_unit_test(test_clean),  cmocka_unit_test(test_rows),
		cmocka_unit_test(test_object),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
