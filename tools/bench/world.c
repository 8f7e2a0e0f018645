// SPDX-License-Identifier: BSD-2-Clause
#include "world.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <err.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <leat/nlb_abi.h>
#include <leat/nlb_encap.h>

#include "rig.h"
#include "tables.h"

enum {
	GROUP = 1,
	RING_SLOTS = 10007,
	SNATS = 4,
	SOURCE_BITS = 8,	/* of outer sources, below the first SNAT address */
	SNAT_PORT_FIRST = 1024, /* leatd's default */
	SNAT_PORT_LAST = 32767,
	TCP_LISTENER = 7, /* ids */
	UDP_LISTENER = 8,
	OTHER_LISTENERS = 100,
	PORTS_AN_ADDRESS = 100, /* of other listeners */
	TCP_IDLE_S = 350,
	UDP_IDLE_S = 120,
	TIMEOUT_S = 60, /* of all other states */
};

static const uint8_t own_mac[6] = {2, 0, 0, 0, 0, 1};
static const uint8_t client_mac[6] = {2, 0, 0, 0, 0, 2};
static const uint8_t target_mac[6] = {2, 0, 0, 0, 1, 0}; /* and its number at the end */

/* ---- addresses ---- */

enum net { NET_CLIENTS, NET_VIPS, NET_TARGETS, NET_SNATS };

static void set_address(uint8_t address[16], uint8_t family, enum net net, uint32_t number)
{
	static const uint32_t v4[] = {0x0a000000, 0xcb007000, 0xc0000200, 0xc6336400};
	static const uint8_t v6[] = {0xc, 0, 7, 9}; /* 2001:db8:X:: */
	uint32_t word = htonl(family == 4 ? v4[net] + number : number);

	memset(address, 0, 16);
	if (family == 4) {
		memcpy(address, &word, 4);
		return;
	}
	memcpy(address, "\x20\x01\x0d\xb8", 4);
	address[5] = v6[net];
	memcpy(address + 12, &word, 4);
}

/* 203.0.113.10, 2001:db8::10a; those of other listeners are below. */
static void set_vip(uint8_t address[16], uint8_t family)
{
	set_address(address, family, NET_VIPS, 0x10a);
}

static bool is_address(const uint8_t address[16], uint8_t family, enum net net, uint32_t number)
{
	uint8_t right[16];

	set_address(right, family, net, number);
	return !memcmp(address, right, 16);
}

/* ---- tables ---- */

static void put(const struct rig *rig, const char *map, const void *key, const void *value)
{
	if (bpf_map_update_elem(rig_map(rig, map), key, value, BPF_ANY))
		err(1, "map '%s'", map);
}

static void seed_settings(const struct rig *rig)
{
	struct nlb_settings s = {
		.hash_key = {0x0706050403020100, 0x0f0e0d0c0b0a0908},
		.abi = NLB_ABI,
		.nat_port_first = SNAT_PORT_FIRST,
		.nat_port_last = SNAT_PORT_LAST,
	};
	uint32_t zero = 0;
	int i;

	for (i = 0; i < NLB_FLOW_STATES; i++)
		s.timeout_s[i] = TIMEOUT_S;
	put(rig, "settings", &zero, &s);
}

static void seed_ring(const struct rig *rig, const struct world *world)
{
	struct nlb_target_group group = {
		.ring = NLB_RING(0, RING_SLOTS),
		.forwarding = world->forwarding,
		.hash_fields = NLB_HASH_5TUPLE,
		.name = "bench",
	};
	uint32_t i, index = GROUP;

	for (i = 0; i < RING_SLOTS; i++) {
		struct nlb_slot slot = {
			.primary = NLB_TARGET_ID(1 + i % WORLD_TARGETS, 1),
			.secondary = NLB_TARGET_ID(1 + (i + 1) % WORLD_TARGETS, 1),
		};

		put(rig, "slots", &i, &slot);
	}
	put(rig, "target_groups", &index, &group);
}

static void seed_target(const struct rig *rig, const struct world *world, uint32_t index)
{
	struct nlb_nexthop hop = {.ifindex = rig->ifindex, .mtu = 1500};
	struct nlb_target target = {
		.id = NLB_TARGET_ID(index, 1),
		.target_group = GROUP,
		.nexthop = index,
		.snat = NLB_SNAT(0, SNATS),
		.port = htons(WORLD_TARGET_PORT),
		.family = world->family,
		.forwarding = world->forwarding,
		.last_gen = 1,
		.overhead = nlb_encap_bytes(world->forwarding, world->family),
		.source_bits = world->forwarding == NLB_FORWARD_IPIP ? SOURCE_BITS : 0,
	};

	memcpy(hop.dst_mac, target_mac, 6);
	hop.dst_mac[5] = (uint8_t)index;
	memcpy(hop.src_mac, own_mac, 6);
	set_address(target.address, world->family, NET_TARGETS, index);
	put(rig, "nexthops", &index, &hop);
	put(rig, "targets", &index, &target);
}

static void seed_targets(const struct rig *rig, const struct world *world)
{
	uint64_t healthy = ~0ull;
	struct nlb_snat snat;
	uint32_t i;

	for (i = 1; i <= WORLD_TARGETS; i++)
		seed_target(rig, world, i);
	for (i = 0; i < NLB_HEALTH_WORDS(WORLD_TARGETS + 1); i++)
		put(rig, "health", &i, &healthy);
	for (i = 0; i < SNATS; i++) {
		set_address(snat.address, world->family, NET_SNATS, i);
		put(rig, "snats", &i, &snat);
	}
}

static void seed_listener(const struct rig *rig, struct nlb_listener_key *key, uint8_t protocol,
			  uint32_t id)
{
	struct nlb_listener listener = {.id = id,
					.target_group = GROUP,
					.tcp_idle_s = TCP_IDLE_S,
					.udp_idle_s = UDP_IDLE_S};

	key->protocol = protocol;
	put(rig, "listeners", key, &listener);
}

static void seed_listeners(const struct rig *rig, const struct world *world)
{
	struct nlb_listener_key key = {.family = world->family, .port = htons(WORLD_PORT)};
	uint32_t i;

	set_vip(key.address, world->family);
	seed_listener(rig, &key, IPPROTO_TCP, TCP_LISTENER);
	seed_listener(rig, &key, IPPROTO_UDP, UDP_LISTENER);
	for (i = 1; i < world->listeners; i++) {
		set_address(key.address, world->family, NET_VIPS, i / PORTS_AN_ADDRESS);
		key.port = htons((uint16_t)(1000 + i % PORTS_AN_ADDRESS));
		seed_listener(rig, &key, IPPROTO_TCP, OTHER_LISTENERS + i);
	}
}

void world_forget_flows(const struct rig *rig)
{
	tables_empty(rig_map(rig, "flows"));
	tables_empty(rig_map(rig, "replies"));
}

void world_seed(const struct rig *rig, const struct world *world)
{
	world_forget_flows(rig);
	tables_empty(rig_map(rig, "listeners"));
	seed_settings(rig);
	seed_targets(rig, world);
	seed_ring(rig, world);
	seed_listeners(rig, world);
}

/* ---- packets ---- */

enum { FLOWS_A_CLIENT = 16, PORT_STEP = 4001 };

void world_client_packet(struct frame_spec *spec, const struct world *world, uint32_t flow,
			 uint8_t protocol, uint8_t tcp_flags)
{
	*spec = (struct frame_spec){
		.family = world->family,
		.protocol = protocol,
		.tcp_flags = tcp_flags,
		.ttl = FRAME_TTL,
		.sport = (uint16_t)(1024 + PORT_STEP * (flow % FLOWS_A_CLIENT)),
		.dport = WORLD_PORT,
	};
	memcpy(spec->dst_mac, own_mac, 6);
	memcpy(spec->src_mac, client_mac, 6);
	set_address(spec->src, world->family, NET_CLIENTS, 1 + flow / FLOWS_A_CLIENT);
	set_vip(spec->dst, world->family);
}

void world_answer(struct frame_spec *answer, const struct frame_spec *got, uint8_t tcp_flags)
{
	*answer = (struct frame_spec){
		.family = got->family,
		.protocol = got->protocol,
		.tcp_flags = tcp_flags,
		.ttl = FRAME_TTL,
		.sport = got->dport,
		.dport = got->sport,
	};
	memcpy(answer->dst_mac, got->src_mac, 6);
	memcpy(answer->src_mac, got->dst_mac, 6);
	memcpy(answer->src, got->dst, 16);
	memcpy(answer->dst, got->src, 16);
}

static bool are_ends_kept(const struct frame_spec *in, const struct frame_spec *out)
{
	return !memcmp(in->src, out->src, 16) && !memcmp(in->dst, out->dst, 16) &&
	       in->sport == out->sport && in->dport == out->dport && in->ttl == out->ttl;
}

static bool is_snat(const struct world *world, const uint8_t address[16])
{
	uint32_t i;

	for (i = 0; i < SNATS; i++)
		if (is_address(address, world->family, NET_SNATS, i))
			return true;
	return false;
}

static bool is_translated(const struct world *world, const struct frame_spec *out)
{
	return is_snat(world, out->src) &&
	       is_address(out->dst, world->family, NET_TARGETS, out->dst_mac[5]) &&
	       out->sport >= SNAT_PORT_FIRST && out->sport <= SNAT_PORT_LAST &&
	       out->dport == WORLD_TARGET_PORT && out->ttl == FRAME_TTL - 1;
}

bool world_is_forwarded(const struct world *world, const struct frame_spec *in,
			const struct frame_spec *out)
{
	if (memcmp(out->dst_mac, target_mac, 5) || memcmp(out->src_mac, own_mac, 6) ||
	    out->dst_mac[5] < 1 || out->dst_mac[5] > WORLD_TARGETS ||
	    in->protocol != out->protocol || in->tcp_flags != out->tcp_flags)
		return false;
	return world->forwarding == NLB_FORWARD_NAT ? is_translated(world, out)
						    : are_ends_kept(in, out);
}

bool world_is_encapsulating(const struct world *world)
{
	return nlb_encap_bytes(world->forwarding, world->family);
}

static uint32_t sum16(uint32_t sum, const uint8_t *from, uint32_t bytes)
{
	uint32_t i;

	for (i = 0; i < bytes; i += 2)
		sum += (uint32_t)from[i] << 8 | from[i + 1];
	return sum;
}

/* IPv4: length and checksum; IPv6: length. And who it is for. */
static bool is_outer_header(const struct world *world, const uint8_t *ip, uint32_t bytes,
			    uint32_t target)
{
	uint32_t sum = sum16(0, ip, NLB_OUTER_IPV4_BYTES);
	uint8_t address[16];

	set_address(address, world->family, NET_TARGETS, target);
	if (world->family == 6)
		return sum16(0, ip + 4, 2) == bytes - NLB_OUTER_IPV6_BYTES &&
		       !memcmp(ip + 24, address, 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum16(0, ip + 2, 2) == bytes && sum == 0xffff && !memcmp(ip + 16, address, 4);
}

bool world_is_encapsulated(const struct world *world, const struct bench_frame *in,
			   const struct bench_frame *out)
{
	const uint8_t *before = (const uint8_t *)in->words, *after = (const uint8_t *)out->words;
	const uint32_t eth = 14, more = nlb_encap_bytes(world->forwarding, world->family);
	const uint32_t kept = out->bytes < sizeof(out->words) ? out->bytes : sizeof(out->words);

	if (memcmp(after, target_mac, 5) || memcmp(after + 6, own_mac, 6) || after[5] < 1 ||
	    after[5] > WORLD_TARGETS || out->bytes != in->bytes + more)
		return false;
	return is_outer_header(world, after + eth, out->bytes - eth, after[5]) &&
	       (kept <= eth + more || !memcmp(after + eth + more, before + eth, kept - eth - more));
}

bool world_is_answered(const struct frame_spec *client, const struct frame_spec *in,
		       const struct frame_spec *out)
{
	return !memcmp(out->dst_mac, client->src_mac, 6) &&
	       !memcmp(out->src_mac, client->dst_mac, 6) && !memcmp(out->src, client->dst, 16) &&
	       !memcmp(out->dst, client->src, 16) && out->sport == client->dport &&
	       out->dport == client->sport && out->ttl == FRAME_TTL - 1 &&
	       in->protocol == out->protocol && in->tcp_flags == out->tcp_flags;
}
