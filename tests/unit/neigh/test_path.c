/* SPDX-License-Identifier: BSD-2-Clause */
/* Paths to watched addresses against the kernel's own routing and neighbours, in namespaces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <net/if.h>
#include <linux/sock_diag.h>

#include <cmocka.h>

#include "base/buf.h"
#include "neigh/neigh_private.h"
#include "netns.h"

struct seen_link {
	char ifname[16];
	struct neigh_link link;
};

/* One test's world. */
struct world {
	struct netns ns;
	struct loop *loop;
	struct neigh *neigh;
	unsigned path_calls;
	struct addr last_address;
	struct neigh_path last_path;
	struct seen_link links[64];
	unsigned link_calls;
	unsigned expected_resyncs;
};

static struct world world;

static const uint8_t peer_mac[6] = {2, 0, 0, 0, 0, 2};
static const uint8_t other_mac[6] = {2, 0, 0, 0, 0, 0x99};

static struct addr address(const char *text)
{
	struct addr addr;

	assert_int_equal(addr_parse(text, &addr, NULL), 0);
	return addr;
}

static void on_path(const struct addr *addr, const struct neigh_path *path, void *arg)
{
	struct world *w = arg;

	w->path_calls++;
	w->last_address = *addr;
	w->last_path = *path;
}

static void on_link(const char *ifname, const struct neigh_link *link, void *arg)
{
	struct world *w = arg;
	struct seen_link *seen = &w->links[w->link_calls++ % 64];

	snprintf(seen->ifname, sizeof(seen->ifname), "%s", ifname);
	seen->link = *link;
}

static int setup(void **state)
{
	struct neigh_events events = {on_path, on_link, &world};
	struct err err = {0};

	world = (struct world){0};
	if (!netns_open(&world.ns))
		return 0;
	netns_join(&world.ns);
	if (loop_new(&world.loop, &err) || neigh_new(world.loop, &events, &world.neigh, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return -1;
	}
	return 0;
}

static int teardown(void **state)
{
	if (!world.loop)
		return 0;
	/* Following events, not reading everything anew at each. */
	if (world.neigh->resyncs != world.expected_resyncs)
		return -1;
	neigh_free(world.neigh);
	loop_free(world.loop);
	netns_close(&world.ns);
	return 0;
}

static void need_world(void)
{
	if (!world.loop)
		skip();
}

static void watch(const char *text)
{
	struct addr addr = address(text);

	assert_int_equal(neigh_watch(world.neigh, &addr, NULL), 0);
}

static struct neigh_path path_to(const char *text)
{
	struct addr addr = address(text);
	struct neigh_path path = {0};

	assert_true(neigh_path(world.neigh, &addr, &path));
	return path;
}

static bool is_state(const char *text, enum neigh_path_state state)
{
	return path_to(text).state == state;
}

static bool has_mac(const char *text, const uint8_t mac[6])
{
	struct neigh_path path = path_to(text);

	return path.state == NEIGH_RESOLVED && memcmp(path.next_hop_mac, mac, 6) == 0;
}

static void assert_addr(const struct addr *addr, const char *text)
{
	char got[ADDR_TEXT_MAX];

	assert_string_equal(addr_format(addr, got), text);
}

/* ---- resolving ---- */

static void resolves(const char *target, const char *source)
{
	static const uint8_t local_mac[6] = {2, 0, 0, 0, 0, 1};
	struct neigh_path path;

	watch(target);
	wait_until(world.loop, has_mac(target, peer_mac));
	path = path_to(target);
	assert_string_equal(path.ifname, "lb0");
	assert_int_not_equal(path.ifindex, 0);
	assert_true(path.is_direct);
	assert_addr(&path.next_hop, target);
	assert_addr(&path.source, source);
	assert_memory_equal(path.local_mac, local_mac, 6);
	assert_int_equal(path.mtu, 1500);
	wait_until(world.loop, world.last_path.state == NEIGH_RESOLVED);
	assert_addr(&world.last_address, target);
}

static void test_resolves_v4(void **state)
{
	need_world();
	resolves("10.9.0.2", "10.9.0.1");
}

static void test_resolves_v6(void **state)
{
	need_world();
	resolves("fd09::2", "fd09::1");
}

static void test_first_path_is_told_in_the_loop(void **state)
{
	need_world();
	watch("10.9.0.2");
	assert_int_equal(world.path_calls, 0);
	wait_until(world.loop, world.path_calls > 0);
}

static void test_watches_are_counted(void **state)
{
	struct addr addr = address("10.9.0.2");
	struct neigh_path path;

	need_world();
	watch("10.9.0.2");
	watch("10.9.0.2");
	neigh_unwatch(world.neigh, &addr);
	assert_true(neigh_path(world.neigh, &addr, &path));
	neigh_unwatch(world.neigh, &addr);
	assert_false(neigh_path(world.neigh, &addr, &path));
	neigh_unwatch(world.neigh, &addr);
	wait_ms(world.loop, 100);
	assert_int_equal(world.path_calls, 0);
}

static void test_unresolvable(void **state)
{
	need_world();
	watch("10.9.0.77");
	watch("fd09::77");
	assert_true(is_state("10.9.0.77", NEIGH_RESOLVING));
	wait_until(world.loop, is_state("10.9.0.77", NEIGH_UNREACHABLE) &&
				       is_state("fd09::77", NEIGH_UNREACHABLE));
	/* It is asked for again and again; that it fails again is no news. */
	wait_ms(world.loop, 50);
	world.path_calls = 0;
	wait_ms(world.loop, 1500);
	assert_int_equal(world.path_calls, 0);
	netns_ip_there(
		&world.ns,
		"address add 10.9.0.77/24 dev peer0\naddress add fd09::77/64 dev peer0 nodad\n");
	wait_until(world.loop, has_mac("10.9.0.77", peer_mac) && has_mac("fd09::77", peer_mac));
}

static void test_mac_change_is_followed(void **state)
{
	uint64_t begin;

	need_world();
	watch("10.9.0.2");
	watch("fd09::2");
	wait_until(world.loop, has_mac("10.9.0.2", peer_mac) && has_mac("fd09::2", peer_mac));
	wait_ms(world.loop, 1300); /* the next regular look is more than four seconds away */
	begin = clock_mono_ms();
	netns_ip("neigh replace 10.9.0.2 lladdr 02:00:00:00:00:99 dev lb0 nud reachable\n"
		 "neigh replace fd09::2 lladdr 02:00:00:00:00:99 dev lb0 nud reachable\n");
	wait_until(world.loop, has_mac("10.9.0.2", other_mac) && has_mac("fd09::2", other_mac));
	wait_until(world.loop, memcmp(world.last_path.next_hop_mac, other_mac, 6) == 0);
	assert_true(clock_mono_ms() - begin < 2500);
}

static void test_stale_keeps_its_mac(void **state)
{
	need_world();
	watch("10.9.0.2");
	wait_until(world.loop, has_mac("10.9.0.2", peer_mac));
	wait_ms(world.loop, 50);
	world.path_calls = 0;
	netns_ip("neigh replace 10.9.0.2 lladdr 02:00:00:00:00:02 dev lb0 nud stale\n");
	wait_ms(world.loop, 100);
	netns_ip("neigh flush dev lb0\n");
	wait_ms(world.loop, 300);
	assert_true(has_mac("10.9.0.2", peer_mac));
	assert_int_equal(world.path_calls, 0);
}

static bool is_permanent(void)
{
	FILE *ip = popen("ip neigh show 10.9.0.50 nud permanent", "r");
	char line[128] = "";
	bool has_line = fgets(line, sizeof(line), ip) != NULL;

	pclose(ip);
	return has_line && strstr(line, "PERMANENT");
}

/* Nobody announces the new MAC, and the kernel still believes the old one: it is verified every few
 * seconds. */
static void test_silent_mac_change_is_noticed(void **state)
{
	uint64_t begin;

	need_world();
	watch("10.9.0.2");
	watch("fd09::2");
	wait_until(world.loop, has_mac("10.9.0.2", peer_mac) && has_mac("fd09::2", peer_mac));
	netns_ip_there(&world.ns, "link set peer0 address 02:00:00:00:00:99\n");
	begin = clock_mono_ms();
	wait_until(world.loop, has_mac("10.9.0.2", other_mac) && has_mac("fd09::2", other_mac));
	assert_true(clock_mono_ms() - begin < 15000); /* 5.6 s, and 3 s for the kernel to give up */
}

/* A check that went unanswered: asked for anew at once, and the old MAC is used until the answer. */
static void test_doubt(void **state)
{
	struct addr v4 = address("10.9.0.2"), v6 = address("fd09::2");
	uint64_t begin;

	need_world();
	watch("10.9.0.2");
	watch("fd09::2");
	wait_until(world.loop, has_mac("10.9.0.2", peer_mac) && has_mac("fd09::2", peer_mac));
	wait_ms(world.loop, 1600); /* what was confirmed just now is not doubted */
	netns_ip_there(&world.ns, "link set peer0 address 02:00:00:00:00:99\n");
	begin = clock_mono_ms();
	neigh_doubt(world.neigh, &v4);
	neigh_doubt(world.neigh, &v6);
	assert_true(has_mac("10.9.0.2", peer_mac) && has_mac("fd09::2", peer_mac));
	wait_until(world.loop, has_mac("10.9.0.2", other_mac) && has_mac("fd09::2", other_mac));
	assert_true(clock_mono_ms() - begin < 3000);
}

static void test_doubt_leaves_the_fixed_alone(void **state)
{
	struct addr fixed = address("10.9.0.50");

	need_world();
	netns_ip("neigh add 10.9.0.50 lladdr 02:00:00:00:00:99 dev lb0 nud permanent\n");
	watch("10.9.0.50");
	neigh_doubt(world.neigh, &fixed);
	wait_ms(world.loop, 200);
	assert_true(is_permanent());
	assert_true(has_mac("10.9.0.50", other_mac));
}

/* A stale entry is good enough to start with, and is verified. */
static void test_stale_is_used_at_once(void **state)
{
	need_world();
	netns_ip("neigh add 10.9.0.60 lladdr 02:00:00:00:00:99 dev lb0 nud stale\n");
	watch("10.9.0.60");
	assert_true(has_mac("10.9.0.60", other_mac));
	wait_until(world.loop, is_state("10.9.0.60", NEIGH_UNREACHABLE));
}

/* Whoever was there and has gone without a word: the entry is verified because we keep using it. */
static void test_vanished_neighbour_is_noticed(void **state)
{
	need_world();
	watch("10.9.0.2");
	wait_until(world.loop, has_mac("10.9.0.2", peer_mac));
	netns_ip_there(&world.ns, "address del 10.9.0.2/24 dev peer0\n");
	netns_ip("neigh replace 10.9.0.2 lladdr 02:00:00:00:00:02 dev lb0 nud probe\n");
	wait_until(world.loop, is_state("10.9.0.2", NEIGH_UNREACHABLE));
}

static void test_static_neighbour_is_left_alone(void **state)
{
	need_world();
	netns_ip("neigh add 10.9.0.50 lladdr 02:00:00:00:00:99 dev lb0 nud permanent\n");
	watch("10.9.0.50");
	assert_true(has_mac("10.9.0.50", other_mac));
	wait_ms(world.loop, 1300);
	assert_true(is_permanent());
}

/* ---- links ---- */

static bool saw_link(const char *ifname, bool is_up, bool exists)
{
	for (unsigned i = 0; i < world.link_calls && i < 64; i++)
		if (strcmp(world.links[i].ifname, ifname) == 0 &&
		    world.links[i].link.is_up == is_up &&
		    (world.links[i].link.ifindex != 0) == exists)
			return true;
	return false;
}

static void test_link_down_and_up(void **state)
{
	need_world();
	watch("10.9.0.2");
	watch("fd09::2");
	wait_until(world.loop, has_mac("10.9.0.2", peer_mac) && has_mac("fd09::2", peer_mac));
	netns_ip("link set lb0 down\n");
	wait_until(world.loop,
		   is_state("10.9.0.2", NEIGH_LINK_DOWN) && is_state("fd09::2", NEIGH_LINK_DOWN));
	wait_until(world.loop, saw_link("lb0", false, true));
	assert_string_equal(path_to("10.9.0.2").ifname, "lb0");
	world.link_calls = 0;
	netns_ip("address replace fd09::1/64 dev lb0 nodad\nlink set lb0 up\n"
		 "address replace fd09::1/64 dev lb0 nodad\n");
	wait_until(world.loop, has_mac("10.9.0.2", peer_mac) && has_mac("fd09::2", peer_mac));
	assert_true(saw_link("lb0", true, true));
}

static void test_no_carrier(void **state)
{
	need_world();
	watch("10.9.0.2");
	wait_until(world.loop, has_mac("10.9.0.2", peer_mac));
	netns_ip_there(&world.ns, "link set peer0 down\n");
	wait_until(world.loop, is_state("10.9.0.2", NEIGH_LINK_DOWN));
	netns_ip_there(&world.ns, "link set peer0 up\n");
	wait_until(world.loop, has_mac("10.9.0.2", peer_mac));
}

static void test_interface_recreated(void **state)
{
	unsigned ifindex;

	need_world();
	watch("10.9.0.2");
	wait_until(world.loop, has_mac("10.9.0.2", peer_mac));
	ifindex = path_to("10.9.0.2").ifindex;
	netns_ip("link del lb0\n");
	wait_until(world.loop, is_state("10.9.0.2", NEIGH_NO_ROUTE));
	wait_until(world.loop, saw_link("lb0", false, false));
	assert_int_equal(path_to("10.9.0.2").ifindex, 0);
	netns_join(&world.ns);
	wait_until(world.loop, has_mac("10.9.0.2", peer_mac));
	assert_int_not_equal(path_to("10.9.0.2").ifindex, ifindex);
	assert_string_equal(path_to("10.9.0.2").ifname, "lb0");
	wait_until(world.loop, saw_link("lb0", true, true));
}

static void test_links_are_known(void **state)
{
	struct neigh_link link;

	need_world();
	assert_true(neigh_link_by_name(world.neigh, "lb0", &link));
	assert_true(link.is_up);
	assert_int_equal(link.mtu, 1500);
	assert_int_equal(link.mac[5], 1);
	assert_false(neigh_link_by_name(world.neigh, "lb7", &link));
	wait_ms(world.loop, 100);
	assert_int_equal(world.link_calls, 0); /* what was there at the start is no news */
	netns_ip("link set lb0 mtu 1400\n");
	wait_until(world.loop, world.link_calls > 0);
	assert_true(neigh_link_by_name(world.neigh, "lb0", &link));
	assert_int_equal(link.mtu, 1400);
}

static void test_rename(void **state)
{
	struct neigh_link link;

	need_world();
	netns_ip("link set lb0 down\nlink set lb0 name lb1\nlink set lb1 up\n");
	wait_until(world.loop, saw_link("lb1", true, true));
	assert_true(saw_link("lb0", false, false));
	assert_false(neigh_link_by_name(world.neigh, "lb0", &link));
}

static void test_leaving_a_bridge_is_no_end(void **state)
{
	struct neigh_link link;

	need_world();
	netns_ip("link add br0 type bridge\nlink set lb0 master br0\nlink set lb0 nomaster\n");
	wait_ms(world.loop, 200);
	assert_true(neigh_link_by_name(world.neigh, "lb0", &link));
	assert_false(saw_link("lb0", false, false));
}

/* ---- routes ---- */

static void test_gateway(void **state)
{
	struct neigh_path path;

	need_world();
	netns_ip("route add 192.0.2.0/24 via 10.9.0.2 mtu 1300\n");
	watch("192.0.2.5");
	watch("192.0.2.6");
	wait_until(world.loop, has_mac("192.0.2.5", peer_mac) && has_mac("192.0.2.6", peer_mac));
	path = path_to("192.0.2.5");
	assert_false(path.is_direct);
	assert_addr(&path.next_hop, "10.9.0.2");
	assert_addr(&path.source, "10.9.0.1");
	assert_int_equal(path.mtu, 1300);
}

static void test_link_local_gateway(void **state)
{
	struct neigh_path path;

	need_world();
	netns_ip_there(&world.ns, "address add fe80::aa/64 dev peer0 nodad\n");
	netns_ip("address add fe80::1/64 dev lb0 nodad\nroute add 2001:db8::/32 via fe80::aa dev "
		 "lb0\n"
		 "route add 198.51.100.0/24 via inet6 fe80::aa dev lb0\n");
	watch("2001:db8::5");
	watch("198.51.100.5");
	wait_until(world.loop,
		   has_mac("2001:db8::5", peer_mac) && has_mac("198.51.100.5", peer_mac));
	path = path_to("2001:db8::5");
	assert_addr(&path.next_hop, "fe80::aa");
	assert_addr(&path.source, "fd09::1");
	path = path_to("198.51.100.5");
	assert_addr(&path.next_hop, "fe80::aa");
	assert_addr(&path.source, "10.9.0.1");
}

static void test_route_change(void **state)
{
	need_world();
	netns_ip_there(&world.ns, "address add 10.9.0.3/24 dev peer0\n");
	netns_ip("route add default via 10.9.0.2\n");
	watch("192.0.2.5");
	wait_until(world.loop, has_mac("192.0.2.5", peer_mac));
	netns_ip("route add 192.0.2.0/25 via 10.9.0.3\n");
	wait_until(world.loop,
		   addr_equal(&world.last_path.next_hop, &(struct addr){AF_INET, {10, 9, 0, 3}}));
	wait_until(world.loop, has_mac("192.0.2.5", peer_mac));
	netns_ip("route del 192.0.2.0/25 via 10.9.0.3\n");
	wait_until(world.loop,
		   addr_equal(&world.last_path.next_hop, &(struct addr){AF_INET, {10, 9, 0, 2}}));
}

static void test_no_route(void **state)
{
	need_world();
	watch("203.0.113.1");
	watch("2001:db8::5");
	assert_true(is_state("203.0.113.1", NEIGH_NO_ROUTE));
	assert_true(is_state("2001:db8::5", NEIGH_NO_ROUTE));
	assert_int_equal(path_to("203.0.113.1").ifindex, 0);
	netns_ip("route add 203.0.113.0/24 via 10.9.0.2\n");
	wait_until(world.loop, has_mac("203.0.113.1", peer_mac));
}

static void refuses(const char *type, enum neigh_path_state state)
{
	netns_ip("route replace %s 192.0.2.0/24\nroute replace %s 2001:db8::/32\n", type, type);
	wait_until(world.loop, is_state("192.0.2.5", state) && is_state("2001:db8::5", state));
}

/* Routes that say no are named each by itself, and followed like any other. */
static void test_routes_that_refuse(void **state)
{
	need_world();
	watch("192.0.2.5");
	watch("2001:db8::5");
	refuses("blackhole", NEIGH_BLACKHOLE);
	refuses("unreachable", NEIGH_UNREACHABLE_ROUTE);
	refuses("prohibit", NEIGH_PROHIBITED);
	netns_ip("route replace 192.0.2.0/24 via 10.9.0.2\nroute del prohibit 2001:db8::/32\n"
		 "route add 2001:db8::/32 via fd09::2\n");
	wait_until(world.loop,
		   has_mac("192.0.2.5", peer_mac) && has_mac("2001:db8::5", peer_mac));
}

static bool is_via(const char *target, const char *gateway)
{
	struct neigh_path path = path_to(target);
	struct addr addr = address(gateway);

	return path.state == NEIGH_RESOLVED && addr_equal(&path.next_hop, &addr);
}

static void there(const char *verb, const char *addr)
{
	char command[96];

	snprintf(command, sizeof(command), "address %s %s/%s dev peer0%s\n", verb, addr,
		 strchr(addr, ':') ? "64" : "24", strchr(addr, ':') ? " nodad" : "");
	netns_ip_there(&world.ns, command);
}

/* Two gateways of a target. */
struct pair {
	const char *target, *one, *another;
};

static const char *chosen_of(const struct pair *pair)
{
	return is_via(pair->target, pair->one) ? pair->one : pair->another;
}

static const char *other_of(const struct pair *pair)
{
	return is_via(pair->target, pair->one) ? pair->another : pair->one;
}

static bool has_any(const struct pair *pair)
{
	return is_via(pair->target, pair->one) || is_via(pair->target, pair->another);
}

/* One of two gateways is taken and kept; when it does not answer any more, the other one, although
 * the kernel's own packets would still try. */
static void test_multipath(void **state)
{
	static const struct pair v4 = {"192.0.2.5", "10.9.0.3", "10.9.0.4"};
	static const struct pair v6 = {"2001:db8::5", "fd09::3", "fd09::4"};
	const char *chosen4, *chosen6, *other4, *other6;

	need_world();
	there("add", v4.one);
	there("add", v4.another);
	there("add", v6.one);
	there("add", v6.another);
	netns_ip("route add 192.0.2.0/24 nexthop via 10.9.0.3 nexthop via 10.9.0.4 weight 2\n"
		 "route add 2001:db8::/32 nexthop via fd09::3 nexthop via fd09::4\n");
	watch(v4.target);
	watch(v6.target);
	wait_until(world.loop, has_any(&v4) && has_any(&v6));
	wait_ms(world.loop, 1000); /* both are resolved now */
	chosen4 = chosen_of(&v4);
	chosen6 = chosen_of(&v6);
	other4 = other_of(&v4);
	other6 = other_of(&v6);
	there("del", chosen4);
	there("del", chosen6);
	wait_until(world.loop, is_via(v4.target, other4) && is_via(v6.target, other6));
	there("add", chosen4);
	there("add", chosen6);
	wait_until(world.loop, is_via(v4.target, chosen4) && is_via(v6.target, chosen6));
}

/* Every address keeps to one of them, and both are used. */
static void test_multipath_spreads(void **state)
{
	unsigned first = 0;
	char text[32];

	need_world();
	netns_ip_there(&world.ns,
		       "address add 10.9.0.3/24 dev peer0\naddress add 10.9.0.4/24 dev peer0\n");
	netns_ip("route add 192.0.2.0/24 nexthop via 10.9.0.3 nexthop via 10.9.0.4 weight 3\n");
	for (unsigned i = 0; i < 200; i++) {
		snprintf(text, sizeof(text), "192.0.2.%u", i + 1);
		watch(text);
	}
	wait_until(world.loop, path_to("192.0.2.200").state == NEIGH_RESOLVED);
	wait_ms(world.loop, 1000);
	for (unsigned i = 0; i < 200; i++) {
		snprintf(text, sizeof(text), "192.0.2.%u", i + 1);
		first += is_via(text, "10.9.0.3");
	}
	assert_in_range(first, 25, 75); /* a quarter of 200 is due */
}

static void test_local(void **state)
{
	need_world();
	watch("10.9.0.1");
	watch("fd09::1");
	watch("127.0.0.1");
	assert_true(is_state("10.9.0.1", NEIGH_LOCAL));
	assert_true(is_state("fd09::1", NEIGH_LOCAL));
	assert_true(is_state("127.0.0.1", NEIGH_LOCAL));
	watch("10.9.0.40");
	assert_true(is_state("10.9.0.40", NEIGH_RESOLVING));
	netns_ip("address add 10.9.0.40/32 dev lb0\n");
	wait_until(world.loop, is_state("10.9.0.40", NEIGH_LOCAL));
}

/* ---- the whole ---- */

static void test_counts(void **state)
{
	unsigned counts[NEIGH_LINK_DOWN + 1];

	need_world();
	watch("10.9.0.2");
	watch("10.9.0.1");
	watch("203.0.113.1");
	watch("203.0.113.2");
	wait_until(world.loop, has_mac("10.9.0.2", peer_mac));
	neigh_count(world.neigh, counts, NEIGH_LINK_DOWN + 1);
	assert_int_equal(counts[NEIGH_RESOLVED], 1);
	assert_int_equal(counts[NEIGH_LOCAL], 1);
	assert_int_equal(counts[NEIGH_NO_ROUTE], 2);
	assert_int_equal(counts[NEIGH_RESOLVING], 0);
}

static unsigned dropped_events(void)
{
	uint32_t info[SK_MEMINFO_VARS];
	socklen_t len = sizeof(info);

	assert_int_equal(getsockopt(nl_socket_get_fd(world.neigh->event_sock), SOL_SOCKET,
				    SO_MEMINFO, info, &len),
			 0);
	return info[SK_MEMINFO_DROPS];
}

/* More events than the socket's buffer holds while nobody reads: what is known afterwards is right
 * all the same. */
static void test_lost_events(void **state)
{
	struct buf commands = {0};
	int bytes = 4096;

	need_world();
	setsockopt(nl_socket_get_fd(world.neigh->event_sock), SOL_SOCKET, SO_RCVBUFFORCE, &bytes,
		   sizeof(bytes));
	watch("10.9.0.2");
	watch("192.0.2.5");
	wait_until(world.loop, has_mac("10.9.0.2", peer_mac));
	for (int i = 0; i < 200; i++)
		buf_printf(&commands, "route add 198.18.0.%d/32 dev lb0\n", i);
	netns_ip("%s", commands.data);
	buf_fini(&commands);
	netns_ip("link add lb5 type bridge\nlink set lb0 mtu 1420\nroute add 192.0.2.0/24 via "
		 "10.9.0.2\n"
		 "neigh replace 10.9.0.2 lladdr 02:00:00:00:00:99 dev lb0 nud permanent\n");
	assert_int_not_equal(dropped_events(), 0);
	wait_until(world.loop, has_mac("192.0.2.5", other_mac) && has_mac("10.9.0.2", other_mac));
	assert_int_equal(path_to("192.0.2.5").mtu, 1420);
	assert_true(saw_link("lb5", false, true));
	assert_int_not_equal(world.neigh->resyncs, 0);
	world.expected_resyncs = world.neigh->resyncs;
}

static struct addr unwatch_next;

static void on_path_unwatch(const struct addr *addr, const struct neigh_path *path, void *arg)
{
	neigh_unwatch(world.neigh, &unwatch_next);
	neigh_unwatch(world.neigh, addr);
	world.path_calls++;
}

static void test_unwatch_in_callback(void **state)
{
	struct neigh_events events = {.on_path = on_path_unwatch};
	struct addr a = address("10.9.0.2"), b = address("10.9.0.3");

	need_world();
	neigh_free(world.neigh);
	assert_int_equal(neigh_new(world.loop, &events, &world.neigh, NULL), 0);
	watch("10.9.0.2");
	watch("10.9.0.3");
	unwatch_next = b;
	wait_ms(world.loop, 200);
	assert_int_equal(world.path_calls, 1);
	assert_false(neigh_path(world.neigh, &a, &(struct neigh_path){0}));
	assert_false(neigh_path(world.neigh, &b, &(struct neigh_path){0}));
}

static void test_words(void **state)
{
	assert_string_equal(neigh_path_state_name(NEIGH_NO_ROUTE), "no-route");
	assert_string_equal(neigh_path_state_help(NEIGH_RESOLVED), "");
	assert_string_equal(neigh_path_state_name((enum neigh_path_state)99), "?");
}

#define netns_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

/* ---- networks ---- */

static unsigned link_bits(const char *target)
{
	struct addr addr = address(target);

	return neigh_link_bits(world.neigh, &addr, if_nametoindex("lb0"));
}

static void test_network_of_a_target(void **state)
{
	need_world();
	assert_int_equal(link_bits("10.9.0.2"), 24);
	assert_int_equal(link_bits("fd09::2"), 64);
	netns_ip("route add 10.9.0.128/25 dev lb0\n");
	assert_int_equal(link_bits("10.9.0.130"), 25);
	assert_int_equal(link_bits("10.9.0.2"), 24);
	netns_ip("route add 192.0.2.0/24 via 10.9.0.2\n");
	assert_int_equal(link_bits("192.0.2.7"), 0);	/* behind a router */
	assert_int_equal(link_bits("198.51.100.7"), 0); /* nowhere */
	assert_int_equal(link_bits("127.0.0.1"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		netns_test(test_resolves_v4),
		netns_test(test_resolves_v6),
		netns_test(test_first_path_is_told_in_the_loop),
		netns_test(test_watches_are_counted),
		netns_test(test_unresolvable),
		netns_test(test_mac_change_is_followed),
		netns_test(test_stale_keeps_its_mac),
		netns_test(test_stale_is_used_at_once),
		netns_test(test_silent_mac_change_is_noticed),
		netns_test(test_doubt),
		netns_test(test_doubt_leaves_the_fixed_alone),
		netns_test(test_vanished_neighbour_is_noticed),
		netns_test(test_static_neighbour_is_left_alone),
		netns_test(test_link_down_and_up),
		netns_test(test_no_carrier),
		netns_test(test_interface_recreated),
		netns_test(test_links_are_known),
		netns_test(test_rename),
		netns_test(test_leaving_a_bridge_is_no_end),
		netns_test(test_gateway),
		netns_test(test_link_local_gateway),
		netns_test(test_route_change),
		netns_test(test_no_route),
		netns_test(test_routes_that_refuse),
		netns_test(test_multipath),
		netns_test(test_multipath_spreads),
		netns_test(test_local),
		netns_test(test_counts),
		netns_test(test_network_of_a_target),
		netns_test(test_lost_events),
		netns_test(test_unwatch_in_callback),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests_name("neigh/path", tests, NULL, NULL);
}
