/* SPDX-License-Identifier: BSD-2-Clause */
/* Address prefixes: what is taken, what is refused, membership and order. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/base.h"
#include "base/prefix.h"

static struct prefix must_parse(const char *text)
{
	struct prefix prefix;

	assert_int_equal(prefix_parse(text, &prefix, NULL), 0);
	return prefix;
}

static void test_round_trip(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{"0.0.0.0/0", "0.0.0.0/0"},	      {"10.0.0.0/8", "10.0.0.0/8"},
		{"192.0.2.128/25", "192.0.2.128/25"}, {"192.0.2.1/32", "192.0.2.1"},
		{"192.0.2.1", "192.0.2.1"},	      {"::/0", "::/0"},
		{"2001:DB8::/32", "2001:db8::/32"},   {"2001:db8::1", "2001:db8::1"},
		{"2001:db8::1/128", "2001:db8::1"},   {"fe80::/10", "fe80::/10"},
	};
	char text[PREFIX_TEXT_MAX];
	struct prefix prefix;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		prefix = must_parse(rows[i].in);
		assert_string_equal(prefix_format(&prefix, text), rows[i].out);
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *in, *why;
	} rows[] = {
		{"", "address"},
		{"10.0.0.0/", "no prefix length"},
		{"10.0.0.0/x", "no prefix length"},
		{"10.0.0.0/-1", "no prefix length"},
		{"10.0.0.0/ 8", "no prefix length"},
		{"10.0.0.0/33", "0 to 32"},
		{"2001:db8::/129", "0 to 128"},
		{"10.0.0.1/8", "bits set behind"},
		{"2001:db8::1/64", "bits set behind"},
		{"10.0.0/8", "address"},
		{"10.0.0.0/8/8", "no prefix length"},
		{"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa/64", "not an address prefix"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct err err = {0};
		struct prefix prefix;

		assert_int_equal(prefix_parse(rows[i].in, &prefix, &err), -EINVAL);
		assert_non_null(strstr(err.text, rows[i].why));
	}
}

static void test_membership(void **state)
{
	static const struct {
		const char *prefix, *address;
		bool has;
	} rows[] = {
		{"10.0.0.0/8", "10.255.255.255", true},
		{"10.0.0.0/8", "11.0.0.0", false},
		{"192.0.2.128/25", "192.0.2.127", false},
		{"192.0.2.128/25", "192.0.2.255", true},
		{"0.0.0.0/0", "203.0.113.1", true},
		{"0.0.0.0/0", "2001:db8::1", false},
		{"::/0", "10.0.0.1", false},
		{"2001:db8::/32", "2001:db8:ffff::", true},
		{"2001:db8::/33", "2001:db8:8000::", false},
		{"192.0.2.1", "192.0.2.1", true},
		{"192.0.2.1", "192.0.2.0", false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct prefix prefix = must_parse(rows[i].prefix);
		struct prefix address = must_parse(rows[i].address);

		assert_int_equal(prefix_has(&prefix, &address.address), rows[i].has);
	}
}

static void test_order(void **state)
{
	static const char *const sorted[] = {"0.0.0.0/0",     "10.0.0.0/7",   "10.0.0.0/8",
					     "10.0.0.0",      "10.0.0.1",     "::/0",
					     "2001:db8::/32", "2001:db8::/48"};

	for (size_t i = 0; i < ARRAY_SIZE(sorted); i++)
		for (size_t j = 0; j < ARRAY_SIZE(sorted); j++) {
			struct prefix a = must_parse(sorted[i]), b = must_parse(sorted[j]);
			int order = prefix_cmp(&a, &b);

			assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_membership),
		cmocka_unit_test(test_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
