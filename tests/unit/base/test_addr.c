/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses and endpoints: what is taken, what is refused, and that text → value → text is stable.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/addr.h"
#include "base/base.h"

static struct addr must_parse(const char *text)
{
	struct addr addr;

	assert_int_equal(addr_parse(text, &addr, NULL), 0);
	return addr;
}

static void test_addr_round_trip(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{"0.0.0.0", "0.0.0.0"},
		{"10.0.1.255", "10.0.1.255"},
		{"255.255.255.255", "255.255.255.255"},
		{"::", "::"},
		{"::1", "::1"},
		{"2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
		{"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
		{"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
		{"::ffff:1.2.3.4", "::ffff:1.2.3.4"},
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		 "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
	};
	char text[ADDR_TEXT_MAX];
	struct addr addr;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		addr = must_parse(rows[i].in);
		assert_string_equal(addr_format(&addr, text), rows[i].out);
	}
}

static void test_addr_refused(void **state)
{
	static const char *const rows[] = {
		"",
		" ",
		"1.2.3",
		"1.2.3.4.5",
		"1.2.3.256",
		"01.2.3.4",
		"1.2.3.04",
		"1.2.3.4 ",
		" 1.2.3.4",
		"1.2.3.4/32",
		"1.2.3.4:80",
		"0x1.2.3.4",
		"16909060",
		"-1.2.3.4",
		"host",
		"localhost",
		":",
		":::",
		"1::2::3",
		"2001:db8::/32",
		"fe80::1%eth0",
		"[::1]",
		"12345::",
		"g::1",
		"1:2:3:4:5:6:7",
		"1:2:3:4:5:6:7:8:9",
		"::ffff:1.2.3.256",
		"*",
	};
	struct addr addr = must_parse("192.0.2.1"), before = addr;
	struct err err;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		err.text[0] = '\0';
		assert_int_equal(addr_parse(rows[i], &addr, &err), -EINVAL);
		assert_non_null(strstr(err.text, "is not an IP address"));
		assert_memory_equal(&addr, &before, sizeof(addr));
	}
	err_clear(&err);
	assert_int_equal(addr_parse("10.0.0.300", &addr, &err), -EINVAL);
	assert_string_equal(err.text, "'10.0.0.300' is not an IP address");
}

static void test_addr_unused_bytes_are_zero(void **state)
{
	static const uint8_t zero[12];
	struct addr addr;

	memset(&addr, 0xff, sizeof(addr));
	addr = must_parse("1.2.3.4");
	assert_memory_equal(addr.bytes + 4, zero, sizeof(zero));
}

static void test_addr_none(void **state)
{
	struct addr none = {0}, four = must_parse("0.0.0.0");
	char text[ADDR_TEXT_MAX];

	assert_false(addr_is_set(&none));
	assert_true(addr_is_set(&four));
	assert_false(addr_is_unspecified(&none));
	assert_false(addr_equal(&none, &four));
	assert_true(addr_equal(&none, &none));
	assert_string_equal(addr_format(&none, text), "-");
}

static void test_addr_order(void **state)
{
	static const char *const sorted[] = {
		"0.0.0.0", "9.255.255.255", "10.0.0.1",	  "10.0.0.2", "255.0.0.0",
		"::",	   "::1",	    "2001:db8::", "ff02::1"};
	struct addr a, b;

	for (size_t i = 0; i < ARRAY_SIZE(sorted); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(sorted); j++) {
			a = must_parse(sorted[i]);
			b = must_parse(sorted[j]);
			assert_int_equal(addr_cmp(&a, &b) < 0, i < j);
			assert_int_equal(addr_cmp(&a, &b) > 0, i > j);
			assert_int_equal(addr_equal(&a, &b), i == j);
		}
	}
}

static void test_addr_kinds(void **state)
{
	enum { UNSPEC = 1, MULTI = 2, LOOP = 4, LINK = 8, BROAD = 16 };
	static const struct {
		const char *text;
		int kinds;
	} rows[] = {
		{"0.0.0.0", UNSPEC},	{"::", UNSPEC},
		{"0.0.0.1", 0},		{"223.255.255.255", 0},
		{"224.0.0.1", MULTI},	{"239.255.255.255", MULTI},
		{"240.0.0.0", 0},	{"255.255.255.255", BROAD},
		{"255.255.255.254", 0}, {"127.0.0.1", LOOP},
		{"127.255.0.3", LOOP},	{"128.0.0.1", 0},
		{"::1", LOOP},		{"::2", 0},
		{"169.254.0.1", LINK},	{"169.253.0.1", 0},
		{"fe80::1", LINK},	{"febf::1", LINK},
		{"fec0::1", 0},		{"ff02::1", MULTI},
		{"feff::1", 0},		{"10.0.0.1", 0},
		{"2001:db8::1", 0},
	};
	struct addr a;
	int kinds;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		a = must_parse(rows[i].text);
		kinds = (addr_is_unspecified(&a) ? UNSPEC : 0) |
			(addr_is_multicast(&a) ? MULTI : 0) | (addr_is_loopback(&a) ? LOOP : 0) |
			(addr_is_link_local(&a) ? LINK : 0) | (addr_is_broadcast(&a) ? BROAD : 0);
		assert_int_equal(kinds, rows[i].kinds);
	}
}

static void test_endpoint_round_trip(void **state)
{
	static const struct {
		const char *in;
		uint16_t port;
		const char *out;
	} rows[] = {
		{"1.2.3.4", 0, "1.2.3.4"},
		{"1.2.3.4:80", 80, "1.2.3.4:80"},
		{"1.2.3.4:1", 1, "1.2.3.4:1"},
		{"1.2.3.4:65535", 65535, "1.2.3.4:65535"},
		{"2001:db8::1", 0, "2001:db8::1"},
		{"[2001:db8::1]", 0, "2001:db8::1"},
		{"[2001:db8::1]:443", 443, "[2001:db8::1]:443"},
		{"2001:db8::80", 0, "2001:db8::80"},
		{"::", 0, "::"},
		{"[::ffff:255.255.255.255]:65535", 65535, "[::ffff:255.255.255.255]:65535"},
		{"[1111:2222:3333:4444:5555:6666:7777:8888]:65535", 65535,
		 "[1111:2222:3333:4444:5555:6666:7777:8888]:65535"},
	};
	char text[ENDPOINT_TEXT_MAX];
	struct addr addr;
	uint16_t port;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(endpoint_parse(rows[i].in, &addr, &port, NULL), 0);
		assert_int_equal(port, rows[i].port);
		assert_string_equal(endpoint_format(&addr, port, text), rows[i].out);
	}
}

static void test_endpoint_refused(void **state)
{
	static const char *const rows[] = {
		"",
		":",
		":80",
		"1.2.3.4:",
		"1.2.3.4:0",
		"1.2.3.4:65536",
		"1.2.3.4:99999",
		"1.2.3.4:100000",
		"1.2.3.4:080",
		"1.2.3.4:+80",
		"1.2.3.4:-1",
		"1.2.3.4: 80",
		"1.2.3.4:80 ",
		"1.2.3.4:http",
		"1.2.3.4:80:81",
		"[1.2.3.4]:80",
		"[1.2.3.4]",
		"[::1",
		"[::1]80",
		"[::1]:",
		"[::1]:0",
		"[::1]:70000",
		"[]:80",
		"[]",
		"::1]:80",
		"[[::1]]:80",
		"host:80",
		"host",
		"1.2.3:80",
		"[fe80::1%1]:80",
		"[::1]:80x",
		"1:2",
		"[1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb]:80",
		"11111111111111111111111111111111111111111111111111111111111:80",
	};
	struct addr addr = must_parse("192.0.2.1"), before = addr;
	uint16_t port = 7;
	struct err err;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		err.text[0] = '\0';
		assert_int_equal(endpoint_parse(rows[i], &addr, &port, &err), -EINVAL);
		assert_non_null(strstr(err.text, rows[i]));
		assert_memory_equal(&addr, &before, sizeof(addr));
		assert_int_equal(port, 7);
	}
	err_clear(&err);
	assert_int_equal(endpoint_parse("1.2.3.4:0", &addr, &port, &err), -EINVAL);
	assert_string_equal(err.text, "'1.2.3.4:0': port '0' is not a number from 1 to 65535");
}

static void test_sockaddr_round_trip(void **state)
{
	static const char *const rows[] = {"10.1.2.3", "2001:db8::7"};
	struct sockaddr_storage ss;
	struct addr in, out;
	uint16_t port;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		in = must_parse(rows[i]);
		assert_int_equal(addr_to_sockaddr(&in, 8080, &ss),
				 i ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
		memset(&out, 0xff, sizeof(out));
		assert_true(addr_from_sockaddr((struct sockaddr *)&ss, &out, &port));
		assert_memory_equal(&in, &out, sizeof(in));
		assert_int_equal(port, 8080);
		assert_true(addr_from_sockaddr((struct sockaddr *)&ss, &out, NULL));
	}
	in = must_parse("10.1.2.3");
	addr_to_sockaddr(&in, 258, &ss);
	assert_memory_equal(&((struct sockaddr_in *)&ss)->sin_port, "\x01\x02", 2);
}

static void test_sockaddr_other_families(void **state)
{
	struct sockaddr_storage ss = {.ss_family = AF_UNIX};
	struct addr none = {0}, out;

	assert_false(addr_from_sockaddr((struct sockaddr *)&ss, &out, NULL));
	assert_int_equal(addr_to_sockaddr(&none, 80, &ss), 0);
	assert_int_equal(ss.ss_family, AF_UNSPEC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addr_round_trip),
		cmocka_unit_test(test_addr_refused),
		cmocka_unit_test(test_addr_unused_bytes_are_zero),
		cmocka_unit_test(test_addr_none),
		cmocka_unit_test(test_addr_order),
		cmocka_unit_test(test_addr_kinds),
		cmocka_unit_test(test_endpoint_round_trip),
		cmocka_unit_test(test_endpoint_refused),
		cmocka_unit_test(test_sockaddr_round_trip),
		cmocka_unit_test(test_sockaddr_other_families),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
