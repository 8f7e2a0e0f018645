/* SPDX-License-Identifier: BSD-2-Clause */
/* Node settings: defaults, every key, every refusal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "base/base.h"
#include "base/buf.h"
#include "conf/conf.h"

#define KEYS                                                                                 \
	"interfaces, xdp_mode, snat_addresses, encap_sources, nat_ports, state_dir, socket, socket_group, " \
	"bpffs, http, workers, flows, log_level"
#define I "interfaces: [eth0]\n"

static void must_parse(const char *text, struct arena *arena, struct conf_node_settings *settings)
{
	struct err err = {0};

	if (conf_parse_node_settings(text, strlen(text), "n", arena, settings, &err))
		fail_msg("%s", err.text);
}

static void test_defaults(void **state)
{
	struct arena *arena = arena_new();
	struct conf_node_settings s;

	must_parse(I, arena, &s);
	assert_int_equal(s.interface_count, 1);
	assert_string_equal(s.interfaces[0], "eth0");
	assert_int_equal(s.xdp_mode, CONF_XDP_AUTO);
	assert_int_equal(s.snat_address_count, 0);
	assert_int_equal(s.encap_source_count, 0);
	assert_int_equal(s.nat_port_first, 1024);
	assert_int_equal(s.nat_port_last, 32767);
	assert_string_equal(s.state_dir, "/var/lib/leat");
	assert_string_equal(s.socket, "/run/leat/leatd.sock");
	assert_string_equal(s.socket_group, "leat");
	assert_string_equal(s.bpffs, "/sys/fs/bpf/leat");
	assert_string_equal(s.http_address, "127.0.0.1:9101");
	assert_int_equal(s.flows, 1000000);
	assert_string_equal(s.log_level, "info");
	assert_int_equal(s.workers, 0);
	arena_free(arena);
}

static void test_every_key(void **state)
{
	struct arena *arena = arena_new();
	struct conf_node_settings s;

	must_parse("interfaces: [eth0, eth1]\n"
		   "xdp_mode: generic\n"
		   "snat_addresses: [10.0.1.1, \"fd00:1::1\"]\n"
		   "encap_sources: [172.30.0.0/16, \"fd00:e::/64\"]\n"
		   "nat_ports: 1-65535\n"
		   "state_dir: /srv/leat\n"
		   "socket: /tmp/s\n"
		   "socket_group: wheel\n"
		   "bpffs: /sys/fs/bpf/two\n"
		   "http: \"[::1]:80\"\n"
		   "workers: 4\n"
		   "flows: 64000000\n"
		   "log_level: debug\n",
		   arena, &s);
	assert_int_equal(s.interface_count, 2);
	assert_string_equal(s.interfaces[1], "eth1");
	assert_int_equal(s.xdp_mode, CONF_XDP_GENERIC);
	assert_int_equal(s.snat_address_count, 2);
	assert_int_equal(s.snat_addresses[1].family, AF_INET6);
	assert_int_equal(s.encap_source_count, 2);
	assert_int_equal(s.encap_sources[0].bits, 16);
	assert_int_equal(s.encap_sources[1].address.family, AF_INET6);
	assert_int_equal(s.nat_port_first, 1);
	assert_int_equal(s.nat_port_last, 65535);
	assert_string_equal(s.state_dir, "/srv/leat");
	assert_string_equal(s.socket, "/tmp/s");
	assert_string_equal(s.socket_group, "wheel");
	assert_string_equal(s.bpffs, "/sys/fs/bpf/two");
	assert_string_equal(s.http_address, "[::1]:80");
	assert_int_equal(s.workers, 4);
	assert_int_equal(s.flows, 64000000);
	assert_string_equal(s.log_level, "debug");
	arena_free(arena);
}

/* 107 bytes, and one more. */
#define PATH_27	 "/abcdefghijklmnopqrstuvwxyz"
#define PATH_107 PATH_27 PATH_27 PATH_27 "/abcdefghijklmnopqrstuvwxy"
#define GROUP_32 "abcdefghijklmnopqrstuvwxyz012345"

static void test_limits(void **state)
{
	static const char *const good[] = {
		I "http: off",
		I "xdp_mode: native",
		I "workers: auto",
		I "workers: 1",
		I "workers: 1024",
		I "flows: 1024",
		I "nat_ports: 5000-5000",
		I "encap_sources: []",
		I "encap_sources:",
		I "encap_sources: [10.9.9.9]",
		I "socket: " PATH_107,
		I "socket_group: " GROUP_32,
		"interfaces: [a, \"1\"]",
		"interfaces: [123456789012345]",
	};
	struct arena *arena = arena_new();
	struct conf_node_settings s;

	assert_int_equal(strlen(PATH_107), 107);
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		must_parse(good[i], arena, &s);
	arena_free(arena);
}

static void test_refusals(void **state)
{
	static const struct {
		const char *text, *sentence;
	} cases[] = {
		{"", "n:1: 'interfaces' is missing"},
		{"flows: 5000", "n:1: 'interfaces' is missing"},
		{"[]", "n:1: expected a map, found a list"},
		{"interfaces: []", "n:1: interfaces: at least one interface is needed"},
		{"interfaces:", "n:1: interfaces: at least one interface is needed"},
		{"interfaces: eth0", "n:1: interfaces: expected a list, found 'eth0'"},
		{"interfaces: [1234567890123456]",
		 "n:1: interfaces[0]: '1234567890123456' is not the name of an interface"},
		{"interfaces: [eth0, eth0]", "n:1: interfaces[1]: 'eth0' is listed twice"},
		{I "port: 80", "n:2: unknown key 'port' (known: " KEYS ")"},
		{I "xdp_mode: offload",
		 "n:2: xdp_mode: expected auto, native or generic, found 'offload'"},
		{I "snat_addresses: [eth0]", "n:2: snat_addresses[0]: 'eth0' is not an IP address"},
		{I "snat_addresses: [\"::\"]",
		 "n:2: snat_addresses[0]: :: is the unspecified address and cannot be used"},
		{I "encap_sources: 10.0.0.0/8",
		 "n:2: encap_sources: expected a list, found '10.0.0.0/8'"},
		{I "encap_sources: [eth0]",
		 "n:2: encap_sources[0]: 'eth0' is not an IP address"},
		{I "encap_sources: [10.0.0.1/8]", "n:2: encap_sources[0]: '10.0.0.1/8' has bits set behind its prefix"},
		{I "encap_sources: [224.0.0.0/4]",
		 "n:2: encap_sources[0]: 224.0.0.0/4 is a multicast address and cannot be used"},
		{I "encap_sources: [10.0.0.0/8, \"fd00::/64\", 10.9.0.0/16]",
		 "n:2: encap_sources[2]: a second IPv4 prefix, one is allowed"},
		{I "nat_ports: 1024",
		 "n:2: nat_ports: expected FIRST-LAST with ports of 1..65535, found '1024'"},
		{I "nat_ports: 0-10",
		 "n:2: nat_ports: expected FIRST-LAST with ports of 1..65535, found '0-10'"},
		{I "nat_ports: 1-65536",
		 "n:2: nat_ports: expected FIRST-LAST with ports of 1..65535, found '1-65536'"},
		{I "nat_ports: 1-2x",
		 "n:2: nat_ports: expected FIRST-LAST with ports of 1..65535, found '1-2x'"},
		{I "nat_ports: 1- 2",
		 "n:2: nat_ports: expected FIRST-LAST with ports of 1..65535, found '1- 2'"},
		{I "nat_ports: []", "n:2: nat_ports: expected FIRST-LAST, found a list"},
		{I "nat_ports: 2000-1000", "n:2: nat_ports: 2000 is above 1000"},
		{I "state_dir: var/lib",
		 "n:2: state_dir: expected an absolute path, found 'var/lib'"},
		{I "bpffs: \"\"", "n:2: bpffs: expected an absolute path, found '' in quotes"},
		{I "bpffs: {}", "n:2: bpffs: expected an absolute path, found a map"},
		{I "socket: " PATH_107 "z",
		 "n:2: socket: a path of 108 bytes, at most 107 are allowed"},
		{I "socket_group: \"\"", "n:2: socket_group: a name has 1 to 32 characters"},
		{I "socket_group: " GROUP_32 "6",
		 "n:2: socket_group: a name has 1 to 32 characters"},
		{I "socket_group: []", "n:2: socket_group: expected a name, found a list"},
		{I "http: 9101", "n:2: http: expected ADDRESS:PORT or off, found '9101'"},
		{I "http: 127.0.0.1", "n:2: http: expected ADDRESS:PORT or off, found '127.0.0.1'"},
		{I "http: []", "n:2: http: expected ADDRESS:PORT or off, found a list"},
		{I "workers: 0", "n:2: workers: 0 is out of range (1..1024)"},
		{I "workers: 1025", "n:2: workers: 1025 is out of range (1..1024)"},
		{I "workers: many", "n:2: workers: expected a number or auto, found 'many'"},
		{I "flows: 1023", "n:2: flows: 1023 is out of range (1024..64000000)"},
		{I "flows: 64000001", "n:2: flows: 64000001 is out of range (1024..64000000)"},
		{I "flows: 1e6", "n:2: flows: expected a number, found '1e6'"},
		{I "log_level: trace",
		 "n:2: log_level: expected error, warn, info or debug, found 'trace'"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct arena *arena = arena_new();
		struct conf_node_settings s;
		struct err err = {0};
		int rc = conf_parse_node_settings(cases[i].text, strlen(cases[i].text), "n", arena,
						  &s, &err);

		if (rc != -EINVAL || strcmp(err.text, cases[i].sentence) != 0)
			fail_msg("%s\n  %d '%s', expected\n  '%s'", cases[i].text, rc, err.text,
				 cases[i].sentence);
		arena_free(arena);
	}
}

/* A list of so many names, or addresses. */
static int parse_list(const char *head, const char *fmt, unsigned count, struct err *err)
{
	struct arena *arena = arena_new();
	struct conf_node_settings s;
	struct buf text = {0};
	int rc;

	buf_printf(&text, "%s[", head);
	for (unsigned i = 0; i < count; i++)
		buf_printf(&text, "%s%u, ", fmt, i);
	buf_append_text(&text, "]\n");
	rc = conf_parse_node_settings(text.data, text.len, "n", arena, &s, err);
	buf_fini(&text);
	arena_free(arena);
	return rc;
}

static void test_list_limits(void **state)
{
	struct err err = {0};

	assert_int_equal(parse_list("interfaces: ", "eth", 64, &err), 0);
	assert_int_equal(parse_list("interfaces: ", "eth", 65, &err), -EINVAL);
	assert_string_equal(err.text, "n:1: interfaces: 65 elements, at most 64 are allowed");
	err_clear(&err);
	assert_int_equal(parse_list(I "snat_addresses: ", "10.0.0.", 64, &err), 0);
	assert_int_equal(parse_list(I "snat_addresses: ", "10.0.0.", 65, &err), -EINVAL);
	assert_string_equal(err.text, "n:2: snat_addresses: 65 elements, at most 64 are allowed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),    cmocka_unit_test(test_every_key),
		cmocka_unit_test(test_limits),	    cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_list_limits),
	};

	return cmocka_run_group_tests_name("conf/node_settings", tests, NULL, NULL);
}
