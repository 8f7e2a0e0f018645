/* SPDX-License-Identifier: BSD-2-Clause */
/* Command lines: what they come to, and the sentence that refuses them. VIPs as values. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/base.h"
#include "target/options.h"

#define WORDS_MAX 24

static struct options parsed;

static int parse(const char *line, struct err *err)
{
	static char text[512];
	char *argv[WORDS_MAX] = {"leat-target"}, *word, *rest = text;
	int argc = 1;

	snprintf(text, sizeof(text), "%s", line);
	while ((word = strsep(&rest, " ")) && argc < WORDS_MAX)
		argv[argc++] = word;
	return options_parse(*line ? argc : 1, argv, &parsed, err);
}

static void must_parse(const char *line)
{
	struct err err = {""};

	if (parse(line, &err))
		fail_msg("'%s': %s", line, err.text);
}

static void test_defaults(void **state)
{
	must_parse("up --vip 203.0.113.10 --interface eth0");
	assert_int_equal(parsed.command, TARGET_UP);
	assert_int_equal(parsed.vips.count, 1);
	assert_string_equal(parsed.interfaces[0], "eth0");
	assert_int_equal(parsed.mode, TARGET_AUTO);
	assert_int_equal(parsed.gue_port, 6080);
	assert_int_equal(parsed.mss, MSS_AUTO);
	assert_false(parsed.second_hop || parsed.l2);
	assert_string_equal(parsed.bpffs, TARGET_BPFFS);
	assert_string_equal(parsed.state_dir, TARGET_STATE_DIR);
}

static void test_everything(void **state)
{
	must_parse("up --vip 203.0.113.10 2001:db8::1 --vip=203.0.114.0/24 --interface eth0 --interface eth1 "
		   "--interface eth0 --mode=tc --gue-port 1 --mss 536 --second-hop --bpffs /b --state-dir /s");
	assert_int_equal(parsed.vips.count, 3);
	assert_int_equal(parsed.interface_count, 2);
	assert_int_equal(parsed.mode, TARGET_TC);
	assert_int_equal(parsed.gue_port, 1);
	assert_int_equal(parsed.mss, 536);
	assert_true(parsed.second_hop);
	assert_string_equal(parsed.bpffs, "/b");
	must_parse("status -o json --state-dir /s");
	assert_true(parsed.json);
	must_parse("up --vip 203.0.113.10 --interface e --l2 --mss off");
	assert_true(parsed.l2);
	must_parse("up --vip 203.0.113.10 203.0.113.10 --interface e --mss 65495 --gue-port 65535");
	assert_int_equal(parsed.vips.count, 1);
	must_parse("--help");
	assert_int_equal(parsed.command, TARGET_HELP);
	must_parse("up --help");
	assert_int_equal(parsed.command, TARGET_HELP);
}

static void test_refused(void **state)
{
	static const struct {
		const char *line, *sentence;
	} bad[] = {
		{"", "the command is missing (one of: up, down, status)"},
		{"start", "there is no command 'start' (there are: up, down, status)"},
		{"up", "up: --vip is missing: which addresses does this target serve?"},
		{"up --vip 203.0.113.10",
		 "up: --interface is missing: where do packets from the load balancer arrive?"},
		{"up --vip", "up: --vip needs a value"},
		{"up --vip --interface eth0", "up: --vip needs a value"},
		{"up eth0", "up: unexpected argument 'eth0'"},
		{"up --vip 10.0.0.1 --dry-run", "up: there is no option '--dry-run'"},
		{"up --vip 10.0.0.1 --l2=yes", "up: --l2 takes no value"},
		{"up --interface eth0123456789abc --vip 1.2.3.4",
		 "up: --interface: 'eth0123456789abc' is no interface's name"},
		{"up --mode generic", "up: --mode is one of xdp, tc, auto, not 'generic'"},
		{"up --gue-port 0", "up: --gue-port is a number from 1 to 65535, not '0'"},
		{"up --gue-port 65536", "up: --gue-port is a number from 1 to 65535, not '65536'"},
		{"up --gue-port 60x", "up: --gue-port is a number from 1 to 65535, not '60x'"},
		{"up --mss 535", "up: --mss is auto, off or a number from 536 to 65495, not '535'"},
		{"up --mss 65496", "up: --mss is auto, off or a number from 536 to 65495, not '65496'"},
		{"up --vip 1.2.3.4 --interface e --l2 --second-hop",
		 "up: --second-hop needs encapsulated packets, --l2 has none"},
		{"up --vip 1.2.3.4 --interface e --l2 --mode tc",
		 "up: --mode is about decapsulation, --l2 has none"},
		{"up --vip 1.2.3.4 --interface e --l2 --mss 1400",
		 "up: --mss makes room for encapsulation, --l2 has none"},
		{"up --bpffs sys", "up: --bpffs: 'sys' is no absolute path"},
		{"down --vip 1.2.3.4", "down: there is no option '--vip'"},
		{"status -o yaml", "status: -o is one of table, json, not 'yaml'"},
		{"status now", "status: unexpected argument 'now'"},
	};
	struct err err;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		err_clear(&err);
		assert_int_equal(parse(bad[i].line, &err), -EINVAL);
		assert_string_equal(err.text, bad[i].sentence);
	}
}

static void test_too_many_interfaces(void **state)
{
	struct err err = {""};
	char *argv[2 + 2 * (INTERFACES_MAX + 1)] = {"leat-target", "up"};
	char names[INTERFACES_MAX + 1][IF_NAMESIZE];
	int i;

	for (i = 0; i <= INTERFACES_MAX; i++) {
		snprintf(names[i], IF_NAMESIZE, "e%d", i);
		argv[2 + 2 * i] = "--interface";
		argv[3 + 2 * i] = names[i];
	}
	assert_int_equal(options_parse(2 + 2 * i, argv, &parsed, &err), -EINVAL);
	assert_string_equal(err.text, "up: --interface: more than 16 of them");
}

static void test_vips(void **state)
{
	static const char *const good[] = {"203.0.113.10", "2001:db8::1", "203.0.113.0/24",
					   "10.0.0.0/8", "2000::/16",
					   "2001:db8:0:1::/64"};
	static const char *const bad[] = {"",		  "10.0.0.1/24",  "10.0.0.0/7",
					  "10.0.0.0/33",  "10.0.0.0/",	  "10.0.0.0/+8",
					  "2000::/15",	  "2001:db8::1/64", "127.0.0.1",
					  "::1",	  "224.0.0.1",	  "ff02::1",
					  "fe80::1",	  "169.254.1.1",  "0.0.0.0",
					  "255.255.255.255", "eth0"};
	char text[VIP_TEXT_MAX];
	struct vip vip;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_int_equal(vip_parse(good[i], &vip, NULL), 0);
		assert_string_equal(vip_format(&vip, text), good[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(vip_parse(bad[i], &vip, NULL), -EINVAL);
}

static void test_vip_covers(void **state)
{
	static const struct {
		const char *vip, *addr;
		bool is_covered;
	} rows[] = {
		{"203.0.113.10", "203.0.113.10", true},	     {"203.0.113.10", "203.0.113.11", false},
		{"203.0.112.0/23", "203.0.113.255", true},   {"203.0.112.0/23", "203.0.114.0", false},
		{"2001:db8::/65", "2001:db8::7fff:0:0:1", true},
		{"2001:db8::/65", "2001:db8::8000:0:0:1", false},
		{"2001:db8::/64", "203.0.113.10", false},
	};
	struct vip vip;
	struct addr addr;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(vip_parse(rows[i].vip, &vip, NULL), 0);
		assert_int_equal(addr_parse(rows[i].addr, &addr, NULL), 0);
		assert_int_equal(vip_covers(&vip, &addr), rows[i].is_covered);
	}
}

static void test_too_many_vips(void **state)
{
	struct vips *vips = calloc(1, sizeof(*vips));
	struct vip vip;
	struct err err = {""};
	char text[32];
	int i;

	for (i = 0; i <= VIPS_MAX; i++) {
		snprintf(text, sizeof(text), "10.1.%d.%d", i / 256, i % 256);
		assert_int_equal(vip_parse(text, &vip, NULL), 0);
		assert_int_equal(vips_add(vips, &vip, &err), i < VIPS_MAX ? 0 : -E2BIG);
	}
	assert_string_equal(err.text, "more than 1024 VIPs");
	free(vips);
}

static void test_key(void **state)
{
	struct decap_vip key;
	struct vip vip;

	assert_int_equal(vip_parse("203.0.113.0/24", &vip, NULL), 0);
	vip_to_key(&vip, &key);
	assert_int_equal(key.prefix_bits, 120);
	assert_memory_equal(key.address.bytes, "\0\0\0\0\0\0\0\0\0\0\xff\xff\xcb\0\x71\0", 16);
	assert_int_equal(vip_parse("2001:db8::1", &vip, NULL), 0);
	vip_to_key(&vip, &key);
	assert_int_equal(key.prefix_bits, 128);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),  cmocka_unit_test(test_everything),
		cmocka_unit_test(test_refused),	  cmocka_unit_test(test_too_many_interfaces),
		cmocka_unit_test(test_vips),	  cmocka_unit_test(test_vip_covers),
		cmocka_unit_test(test_too_many_vips), cmocka_unit_test(test_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
