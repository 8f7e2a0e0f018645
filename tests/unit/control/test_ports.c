/* SPDX-License-Identifier: BSD-2-Clause */
/* What the settings' interfaces come to on hosts with bonds and VLANs that exist only here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/base.h"
#include "control/ports.h"

static const struct {
	const char *name, *port;
	unsigned ifindex;
	bool is_up;
} host[] = {
	{"eth0", "eth0", 2, true},     {"eth1", "eth1", 3, false},
	{"bond0", "eth2", 4, true},    {"bond0", "eth3", 5, false},
	{"bond0.42", "eth2", 4, true}, {"bond0.42", "eth3", 5, false},
	{"eth0.100", "eth0", 2, true}, {"eth0.200", "eth0", 2, true},
};

static void resolve(const char *ifname, struct neigh_ports *ports, void *arg)
{
	struct neigh_link *link;

	ports->count = 0;
	for (size_t i = 0; i < ARRAY_SIZE(host); i++) {
		if (strcmp(host[i].name, ifname) != 0)
			continue;
		link = &ports->links[ports->count++];
		*link = (struct neigh_link){.ifindex = host[i].ifindex, .is_up = host[i].is_up};
		snprintf(link->ifname, sizeof(link->ifname), "%s", host[i].port);
	}
}

static struct port ports[PORTS_MAX];
static size_t count;

#define LIST(...)                                                                   \
	do {                                                                        \
		const char *names[] = {__VA_ARGS__};                                \
		count = ports_list(names, ARRAY_SIZE(names), resolve, NULL, ports); \
	} while (0)

static void assert_port(size_t i, const char *name, const char *of, unsigned ifindex, bool is_up)
{
	assert_true(i < count);
	assert_string_equal(ports[i].name, name);
	assert_string_equal(ports[i].of, of);
	assert_int_equal(ports[i].ifindex, ifindex);
	assert_int_equal(ports[i].is_up, is_up);
}

static void test_plain(void **state)
{
	LIST("eth0", "eth1");
	assert_int_equal(count, 2);
	assert_port(0, "eth0", "eth0", 2, true);
	assert_port(1, "eth1", "eth1", 3, false);
}

static void test_bond_is_its_members(void **state)
{
	LIST("bond0", "eth0");
	assert_int_equal(count, 3);
	assert_port(0, "eth2", "bond0", 4, true);
	assert_port(1, "eth3", "bond0", 5, false);
	assert_port(2, "eth0", "eth0", 2, true);
}

static void test_each_once(void **state)
{
	LIST("eth0.100", "eth0.200", "eth0", "bond0.42", "bond0");
	assert_int_equal(count, 3);
	assert_port(0, "eth0", "eth0.100", 2, true);
	assert_port(1, "eth2", "bond0.42", 4, true);
	assert_port(2, "eth3", "bond0.42", 5, false);
}

static void test_missing_stands_for_itself(void **state)
{
	LIST("eth9", "eth0");
	assert_int_equal(count, 2);
	assert_port(0, "eth9", "eth9", 0, false);
	assert_port(1, "eth0", "eth0", 2, true);
}

static void one_each(const char *ifname, struct neigh_ports *found, void *arg)
{
	found->count = 1;
	found->links[0] = (struct neigh_link){.ifindex = 1, .is_up = true};
	snprintf(found->links[0].ifname, sizeof(found->links[0].ifname), "%s", ifname);
}

static void test_limit(void **state)
{
	static char texts[PORTS_MAX + 1][16];
	static const char *names[PORTS_MAX + 1];

	for (size_t i = 0; i <= PORTS_MAX; i++) {
		snprintf(texts[i], sizeof(texts[i]), "eth%zu", i);
		names[i] = texts[i];
	}
	assert_int_equal(ports_list(names, PORTS_MAX, one_each, NULL, ports), PORTS_MAX);
	assert_int_equal(ports_list(names, PORTS_MAX + 1, one_each, NULL, ports), PORTS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),	  cmocka_unit_test(test_bond_is_its_members),
		cmocka_unit_test(test_each_once), cmocka_unit_test(test_missing_stands_for_itself),
		cmocka_unit_test(test_limit),
	};

	return cmocka_run_group_tests_name("ports", tests, NULL, NULL);
}
