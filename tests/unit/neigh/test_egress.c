/* SPDX-License-Identifier: BSD-2-Clause */
/* VLAN subinterfaces and bonds, down to what carries their frames, on hosts that exist only here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/base.h"
#include "neigh/egress.h"

static struct links links;

static int setup(void **state)
{
	links_init(&links);
	return 0;
}

static int teardown(void **state)
{
	links_fini(&links);
	return 0;
}

static struct neigh_link link_of(unsigned ifindex, const char *name, const char *kind)
{
	struct neigh_link link = {.ifindex = ifindex, .mtu = 1500, .is_up = true};

	snprintf(link.ifname, sizeof(link.ifname), "%s", name);
	snprintf(link.kind, sizeof(link.kind), "%s", kind);
	return link;
}

static void nic(unsigned ifindex, const char *name)
{
	struct neigh_link link = link_of(ifindex, name, "");

	links_put(&links, &link);
}

static void vlan(unsigned ifindex, const char *name, unsigned parent, uint16_t id, uint16_t proto)
{
	struct neigh_link link = link_of(ifindex, name, "vlan");

	link.parent = parent;
	link.vlan_id = id;
	link.vlan_proto = proto;
	links_put(&links, &link);
}

static void bond(unsigned ifindex, const char *name, unsigned active)
{
	struct neigh_link link = link_of(ifindex, name, "bond");

	link.active = active;
	links_put(&links, &link);
}

static void member(unsigned ifindex, const char *name, unsigned master, bool is_active)
{
	struct neigh_link link = link_of(ifindex, name, "");

	link.master = master;
	link.is_member = true;
	link.is_active = is_active;
	links_put(&links, &link);
}

static struct addr numbered(unsigned i)
{
	return (struct addr){AF_INET, {10, 0, (uint8_t)(i >> 8), (uint8_t)i}};
}

static struct egress egress_of(const char *name, unsigned address)
{
	const struct neigh_link *link = links_find_name(&links, name);
	struct addr addr = numbered(address);
	struct egress egress;

	assert_non_null(link);
	egress_find(&links, link, &addr, &egress);
	return egress;
}

/* ---- VLANs ---- */

static void assert_tags(const struct egress *egress, uint16_t proto, uint16_t outer, uint16_t inner)
{
	assert_int_equal(egress->vlan_proto, proto);
	assert_int_equal(egress->vlan_outer, outer);
	assert_int_equal(egress->vlan_inner, inner);
}

static void test_plain(void **state)
{
	struct egress egress;

	nic(2, "eth0");
	egress = egress_of("eth0", 1);
	assert_int_equal(egress.port, 2);
	assert_string_equal(egress.port_name, "eth0");
	assert_int_equal(egress.mtu, 1500);
	assert_true(egress.is_supported);
	assert_tags(&egress, 0, 0, 0);
}

static void test_vlan(void **state)
{
	struct egress egress;

	nic(2, "eth0");
	vlan(3, "eth0.100", 2, 100, 0x8100);
	egress = egress_of("eth0.100", 1);
	assert_int_equal(egress.port, 2);
	assert_true(egress.is_supported);
	assert_tags(&egress, 0x8100, 100, 0);
}

static void test_qinq(void **state)
{
	struct egress egress;

	nic(2, "eth0");
	vlan(3, "eth0.7", 2, 7, 0x88a8);
	vlan(4, "eth0.7.100", 3, 100, 0x8100);
	egress = egress_of("eth0.7.100", 1);
	assert_int_equal(egress.port, 2);
	assert_true(egress.is_supported);
	assert_tags(&egress, 0x88a8, 7, 100);
}

static void test_tags_that_cannot_be_put_on(void **state)
{
	nic(2, "eth0");
	vlan(3, "a", 2, 7, 0x8100);
	vlan(4, "b", 3, 8, 0x8100);
	vlan(5, "c", 4, 9, 0x8100);
	vlan(6, "d", 3, 8, 0x88a8);
	vlan(7, "e", 2, 7, 0x9100);
	assert_true(egress_of("b", 1).is_supported);
	assert_false(egress_of("c", 1).is_supported); /* three */
	assert_false(egress_of("d", 1).is_supported); /* the inner one is 802.1ad */
	assert_false(egress_of("e", 1).is_supported);
}

static void test_vlan_0_is_no_tag(void **state)
{
	struct egress egress;

	nic(2, "eth0");
	vlan(3, "eth0.0", 2, 0, 0x8100);
	vlan(4, "eth0.0.5", 3, 5, 0x8100);
	egress = egress_of("eth0.0", 1);
	assert_tags(&egress, 0, 0, 0);
	egress = egress_of("eth0.0.5", 1);
	assert_tags(&egress, 0x8100, 5, 0);
}

static void test_parent_decides(void **state)
{
	struct neigh_link parent = link_of(2, "eth0", "");
	struct egress egress;

	parent.mtu = 1400;
	links_put(&links, &parent);
	vlan(3, "eth0.100", 2, 100, 0x8100);
	egress = egress_of("eth0.100", 1);
	assert_int_equal(egress.mtu, 1400);
	parent.is_up = false;
	links_put(&links, &parent);
	assert_int_equal(egress_of("eth0.100", 1).port, 0);
}

static void test_parent_elsewhere(void **state)
{
	struct neigh_ports ports;

	vlan(3, "eth0.100", 0, 100, 0x8100); /* its parent is in another network namespace */
	assert_int_equal(egress_of("eth0.100", 1).port, 0);
	egress_ports(&links, links_find_name(&links, "eth0.100"), &ports);
	assert_int_equal(ports.count, 0);
	vlan(4, "a", 5, 1, 0x8100); /* nobody's kernel says so, but it must end */
	vlan(5, "b", 4, 1, 0x8100);
	assert_int_equal(egress_of("a", 1).port, 0);
}

/* ---- bonds ---- */

#define ADDRESSES 1000

static unsigned by_port[16];

static void spread(const char *name)
{
	memset(by_port, 0, sizeof(by_port));
	for (unsigned i = 0; i < ADDRESSES; i++)
		by_port[egress_of(name, i).port]++;
}

static void test_bond_spreads_over_its_members(void **state)
{
	bond(10, "bond0", 0);
	member(2, "eth0", 10, true);
	member(3, "eth1", 10, true);
	nic(4, "eth2");
	member(5, "eth3", 11, true); /* of another bond */
	spread("bond0");
	assert_int_equal(by_port[2] + by_port[3], ADDRESSES);
	assert_in_range(by_port[2], ADDRESSES * 2 / 5, ADDRESSES * 3 / 5);
}

static void test_bond_choice_is_kept(void **state)
{
	unsigned before[ADDRESSES], moved = 0, i;

	bond(10, "bond0", 0);
	member(2, "eth0", 10, true);
	member(3, "eth1", 10, true);
	member(4, "eth2", 10, true);
	for (i = 0; i < ADDRESSES; i++)
		before[i] = egress_of("bond0", i).port;
	member(4, "eth2", 10, false); /* its link monitor says that it is down */
	for (i = 0; i < ADDRESSES; i++) {
		unsigned now = egress_of("bond0", i).port;

		assert_int_not_equal(now, 4);
		moved += before[i] != 4 && now != before[i];
	}
	assert_int_equal(moved, 0);
	member(4, "eth2", 10, true);
	for (i = 0; i < ADDRESSES; i++)
		assert_int_equal(egress_of("bond0", i).port, before[i]);
}

static void test_active_backup(void **state)
{
	bond(10, "bond0", 3);
	member(2, "eth0", 10, false);
	member(3, "eth1", 10, true);
	spread("bond0");
	assert_int_equal(by_port[3], ADDRESSES);
	/* The events of a fail-over come one by one: whichever comes first, the one that is down is
	 * not used. */
	member(2, "eth0", 10, true);
	member(3, "eth1", 10, false);
	assert_int_equal(egress_of("bond0", 1).port, 0);
	bond(10, "bond0", 2);
	assert_int_equal(egress_of("bond0", 1).port, 2);
}

static void test_bond_without_members(void **state)
{
	struct neigh_ports ports;

	bond(10, "bond0", 0);
	assert_int_equal(egress_of("bond0", 1).port, 0);
	egress_ports(&links, links_find_name(&links, "bond0"), &ports);
	assert_int_equal(ports.count, 0);
}

static void test_vlan_on_bond(void **state)
{
	struct egress egress;

	bond(10, "bond0", 0);
	member(2, "eth0", 10, true);
	vlan(11, "bond0.42", 10, 42, 0x8100);
	egress = egress_of("bond0.42", 1);
	assert_int_equal(egress.port, 2);
	assert_string_equal(egress.port_name, "eth0");
	assert_tags(&egress, 0x8100, 42, 0);
}

/* ---- what to attach to ---- */

static void test_ports(void **state)
{
	struct neigh_ports ports;

	nic(1, "eth9");
	bond(10, "bond0", 0);
	member(2, "eth0", 10, true);
	member(3, "eth1", 10, false); /* a member that is down is attached to all the same */
	vlan(11, "bond0.42", 10, 42, 0x8100);
	egress_ports(&links, links_find_name(&links, "eth9"), &ports);
	assert_int_equal(ports.count, 1);
	assert_int_equal(ports.links[0].ifindex, 1);
	egress_ports(&links, links_find_name(&links, "bond0.42"), &ports);
	assert_int_equal(ports.count, 2);
	assert_string_equal(ports.links[0].ifname, "eth0");
	assert_string_equal(ports.links[1].ifname, "eth1");
}

/* ---- the table ---- */

static void test_member_that_changes_is_news(void **state)
{
	struct neigh_link link;

	bond(10, "bond0", 0);
	member(2, "eth0", 10, true);
	links_drop_reports(&links);
	member(2, "eth0", 10, true);
	assert_false(links_next_report(&links, &link));
	member(2, "eth0", 10, false);
	assert_true(links_next_report(&links, &link));
	assert_string_equal(link.ifname, "eth0");
	nic(2, "eth0"); /* leaves the bond */
	assert_true(links_next_report(&links, &link));
	assert_false(link.is_member);
	bond(10, "bond0", 2);
	assert_true(links_next_report(&links, &link));
	assert_string_equal(link.ifname, "bond0");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_plain),
		TEST(test_vlan),
		TEST(test_qinq),
		TEST(test_tags_that_cannot_be_put_on),
		TEST(test_vlan_0_is_no_tag),
		TEST(test_parent_decides),
		TEST(test_parent_elsewhere),
		TEST(test_bond_spreads_over_its_members),
		TEST(test_bond_choice_is_kept),
		TEST(test_active_backup),
		TEST(test_bond_without_members),
		TEST(test_vlan_on_bond),
		TEST(test_ports),
		TEST(test_member_that_changes_is_news),
	};

	return cmocka_run_group_tests_name("egress", tests, NULL, NULL);
}
