/* SPDX-License-Identifier: BSD-2-Clause */
/* VIPs on and off an interface, and what the other end of the wire hears of it. */
#include <arpa/inet.h>
#include <errno.h>
#include <net/ethernet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "neigh/frame.h"
#include "neigh/neigh.h"
#include "netns.h"

static struct world {
	struct netns ns;
	struct loop *loop;
	struct neigh *neigh;
	int wire; /* packet socket on peer0 */
	unsigned heard;
	unsigned gone; /* calls of on_gone */
	char gone_ifname[16];
	struct addr gone_address;
} world;

static const uint8_t local_mac[6] = {2, 0, 0, 0, 0, 1};

static struct addr address(const char *text)
{
	struct addr addr;

	assert_int_equal(addr_parse(text, &addr, NULL), 0);
	return addr;
}

/* A packet socket belongs to the namespace where it was made. */
static int open_wire(void)
{
	int fd;

	netns_enter(world.ns.there);
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, htons(ETH_P_ALL));
	netns_enter(world.ns.here);
	return fd;
}

static int setup(void **state)
{
	static const struct neigh_events deaf;
	struct err err = {0};

	world = (struct world){0};
	if (!netns_open(&world.ns))
		return 0;
	netns_join(&world.ns);
	world.wire = open_wire();
	if (world.wire < 0 || loop_new(&world.loop, &err) ||
	    neigh_new(world.loop, &deaf, &world.neigh, &err))
		return -1;
	return 0;
}

static int teardown(void **state)
{
	if (!world.loop)
		return 0;
	neigh_free(world.neigh);
	loop_free(world.loop);
	close(world.wire);
	netns_close(&world.ns);
	return 0;
}

static void need_world(void)
{
	if (!world.loop)
		skip();
}

/* How many frames that begin with expected have arrived so far; a test listens for one kind. */
static unsigned heard(const uint8_t *expected, size_t len)
{
	uint8_t frame[2048];
	ssize_t got;

	while ((got = recv(world.wire, frame, sizeof(frame), 0)) > 0)
		if ((size_t)got >= len && memcmp(frame, expected, len) == 0)
			world.heard++;
	return world.heard;
}

static bool is_there(const char *ifname, const char *word)
{
	char command[128], line[256] = "";
	FILE *ip;

	snprintf(command, sizeof(command), "ip address show dev %s | grep -E '%s'", ifname, word);
	ip = popen(command, "r");
	if (!fgets(line, sizeof(line), ip))
		line[0] = '\0';
	pclose(ip);
	return line[0] != '\0';
}

static void add(const char *text, bool expect_there)
{
	struct addr vip = address(text);
	bool was_there = !expect_there;
	struct err err = {0};
	int ret = neigh_address_add(world.neigh, "lb0", &vip, &was_there, &err);

	assert_string_equal(err.text, "");
	assert_int_equal(ret, 0);
	assert_int_equal(was_there, expect_there);
}

static void take(const char *text)
{
	struct addr vip = address(text);
	struct err err = {0};

	assert_int_equal(neigh_address_remove(world.neigh, "lb0", &vip, &err), 0);
	assert_string_equal(err.text, "");
}

static void test_v4(void **state)
{
	need_world();
	add("203.0.113.10", false);
	assert_true(is_there("lb0", "inet 203.0.113.10/32"));
	assert_true(is_there("lb0", "noprefixroute"));
	take("203.0.113.10");
	assert_false(is_there("lb0", "203.0.113.10"));
	take("203.0.113.10");
}

static void test_v6(void **state)
{
	need_world();
	add("fd09::100", false);
	assert_true(is_there("lb0", "inet6 fd09::100/128"));
	assert_false(is_there("lb0", "tentative"));
	assert_true(is_there("lb0", "fd09::100/128 .*deprecated"));
	assert_true(is_there("lb0", "fd09::100/128 .*nodad"));
	assert_true(is_there("lb0", "fd09::100/128 .*noprefixroute"));
	take("fd09::100");
	assert_false(is_there("lb0", "fd09::100"));
	take("fd09::100");
}

static void test_hosts_own_address_was_there(void **state)
{
	need_world();
	add("10.9.0.1", true);
	add("fd09::1", true);
	assert_false(is_there("lb0", "10.9.0.1/32"));
	take("10.9.0.1"); /* only what neigh_address_add() would have put */
	assert_true(is_there("lb0", "10.9.0.1/24"));
}

/* After a crash: the address is on the interface and it is ours. */
static void test_own_address_is_known_again(void **state)
{
	need_world();
	add("203.0.113.10", false);
	add("203.0.113.10", false);
	add("fd09::100", false);
	add("fd09::100", false);
}

/* A VIP near the target by prefix would otherwise win source address selection. */
static void test_v6_vip_is_no_source(void **state)
{
	struct addr target = address("fd09::2"), own = address("fd09::1");
	struct neigh_path path;

	need_world();
	add("fd09::3", false);
	assert_int_equal(neigh_watch(world.neigh, &target, NULL), 0);
	assert_true(neigh_path(world.neigh, &target, &path));
	assert_true(addr_equal(&path.source, &own));
}

static void test_no_interface(void **state)
{
	struct addr vip = address("203.0.113.10");
	struct err err = {0};
	bool was_there;

	need_world();
	assert_int_equal(neigh_address_add(world.neigh, "lb9", &vip, &was_there, &err), -ENODEV);
	assert_string_equal(err.text, "there is no interface 'lb9'");
	assert_int_equal(neigh_address_remove(world.neigh, "lb9", &vip, &err), 0);
}

static void test_gratuitous_arp_is_heard_three_times(void **state)
{
	struct addr vip = address("203.0.113.10");
	uint8_t request[FRAME_MAX], reply[FRAME_MAX];
	unsigned requests = 0, replies = 0;
	size_t len = frame_gratuitous_arp(request, local_mac, &vip, false);
	uint8_t frame[2048];

	need_world();
	frame_gratuitous_arp(reply, local_mac, &vip, true);
	add("203.0.113.10", false);
	for (uint64_t end = clock_mono_ms() + 3500; clock_mono_ms() < end;
	     loop_turn(world.loop, 20)) {
		while (recv(world.wire, frame, sizeof(frame), 0) >= (ssize_t)len) {
			requests += memcmp(frame, request, len) == 0;
			replies += memcmp(frame, reply, len) == 0;
		}
	}
	assert_int_equal(requests, 3);
	assert_int_equal(replies, 3);
}

static void test_unsolicited_na_is_heard(void **state)
{
	struct addr vip = address("fd09::100");
	uint8_t frame[FRAME_MAX];
	size_t len = frame_unsolicited_na(frame, local_mac, &vip);

	need_world();
	add("fd09::100", false);
	wait_until(world.loop, heard(frame, len) >= 3);
	wait_ms(world.loop, 1200);
	assert_int_equal(heard(frame, len), 3);
}

/* What it is for: a neighbour that knew another owner believes the new one. */
static void test_neighbour_learns_the_new_owner(void **state)
{
	struct addr vip = address("fd09::100");
	uint8_t frame[FRAME_MAX];
	size_t len = frame_unsolicited_na(frame, local_mac, &vip);
	FILE *ip;
	char line[128] = "";

	need_world();
	netns_ip_there(&world.ns,
		       "neigh add fd09::100 lladdr 02:00:00:00:00:55 dev peer0 nud stale\n");
	add("fd09::100", false);
	wait_until(world.loop, heard(frame, len) > 0);
	netns_enter(world.ns.there);
	ip = popen("ip neigh show fd09::100", "r");
	assert_non_null(fgets(line, sizeof(line), ip));
	pclose(ip);
	netns_enter(world.ns.here);
	assert_non_null(strstr(line, "02:00:00:00:00:01"));
}

static void test_announcement_ends_with_the_address(void **state)
{
	struct addr vip = address("203.0.113.10");
	uint8_t frame[FRAME_MAX];
	size_t len = frame_gratuitous_arp(frame, local_mac, &vip, false);

	need_world();
	add("203.0.113.10", false);
	wait_until(world.loop, heard(frame, len) == 1);
	take("203.0.113.10");
	wait_ms(world.loop, 1300);
	assert_int_equal(heard(frame, len), 1);
	neigh_address_announce(world.neigh, "lb0", &vip);
	neigh_address_announce(world.neigh, "lb9", &vip); /* only a line in the log */
	wait_until(world.loop, heard(frame, len) == 2);
}

static void on_gone(const char *ifname, const struct addr *gone, void *arg)
{
	assert_ptr_equal(arg, &world);
	world.gone++;
	snprintf(world.gone_ifname, sizeof(world.gone_ifname), "%s", ifname);
	world.gone_address = *gone;
}

/* As control does it. */
static void put_back(const char *ifname, const struct addr *gone, void *arg)
{
	bool was_there;

	on_gone(ifname, gone, arg);
	assert_int_equal(neigh_address_add(world.neigh, ifname, gone, &was_there, NULL), 0);
}

static void test_taken_by_someone_else(void **state)
{
	struct addr v4 = address("203.0.113.10"), v6 = address("fd09::100");

	need_world();
	neigh_on_address_gone(world.neigh, put_back, &world);
	add("203.0.113.10", false);
	add("fd09::100", false);
	netns_ip("address del 203.0.113.10/32 dev lb0\n");
	wait_until(world.loop, world.gone == 1);
	assert_string_equal(world.gone_ifname, "lb0");
	assert_true(addr_equal(&world.gone_address, &v4));
	netns_ip("address del fd09::100/128 dev lb0\n");
	wait_until(world.loop, world.gone == 2);
	assert_true(addr_equal(&world.gone_address, &v6));
	netns_ip("address flush dev lb0\n");
	wait_until(world.loop, world.gone == 4);
	assert_true(is_there("lb0", "inet 203.0.113.10/32"));
	assert_true(is_there("lb0", "inet6 fd09::100/128"));
	wait_ms(world.loop, 200);
	assert_int_equal(world.gone, 4);
}

/* Taken away by us, back before anybody looked, of no interest, or gone with its interface. */
static void test_not_taken_by_someone_else(void **state)
{
	need_world();
	neigh_on_address_gone(world.neigh, on_gone, &world);
	add("203.0.113.10", false);
	add("203.0.113.11", false);
	add("fd09::100", false);
	take("203.0.113.11");
	netns_ip("address add 203.0.113.12/32 dev lb0\naddress del 203.0.113.12/32 dev lb0\n"
		 "address del 203.0.113.10/32 dev lb0\naddress add 203.0.113.10/32 dev lb0\n");
	wait_ms(world.loop, 200);
	netns_ip("link set lb0 down\n"); /* takes the IPv6 address along */
	wait_ms(world.loop, 200);
	netns_ip("link del lb0\n");
	wait_ms(world.loop, 200);
	assert_int_equal(world.gone, 0);
}

#define netns_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		netns_test(test_v4),
		netns_test(test_v6),
		netns_test(test_hosts_own_address_was_there),
		netns_test(test_own_address_is_known_again),
		netns_test(test_v6_vip_is_no_source),
		netns_test(test_no_interface),
		netns_test(test_gratuitous_arp_is_heard_three_times),
		netns_test(test_unsolicited_na_is_heard),
		netns_test(test_neighbour_learns_the_new_owner),
		netns_test(test_announcement_ends_with_the_address),
		netns_test(test_taken_by_someone_else),
		netns_test(test_not_taken_by_someone_else),
	};

	return cmocka_run_group_tests_name("neigh/announce", tests, NULL, NULL);
}
