// SPDX-License-Identifier: BSD-2-Clause
/*
 * Any frames through the native build of the data path (tests/bpf/native), in a small world: the
 * VIPs of the fixtures' topologies, two targets a family, and as an input wants it a forwarding
 * mode, flows, an unhealthy target, tags, short MTUs. Frames of one input follow each other in the
 * same tables. Of each frame the laws of tests/bpf hold:
 *   - exactly one verdict is counted, with the frame's bytes; neither `none` nor `internal`
 *   - a frame for the stack is untouched, and so are flows and replies; a dropped one adds no entry
 *   - what leaves, leaves by one interface, with checksums as right as they came
 * The address sanitizer watches frames, map values and the stack meanwhile.
 *
 * Input: mode, options, random number, seconds between frames; then of each frame the interface,
 * its length (two bytes, low one first) and its bytes.
 */
#include "../bpf/native/walk.c"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../bpf/native/native.h"
#include "../bpf/oracle.h"

enum { FRONT = 11, BACK = 12 }; /* ifindexes */
enum { GROUP4 = 7, GROUP6, FIRST_TARGET = 60, FIRST_SNAT = 3, FIRST_NEXTHOP = 5, LISTENER = 9 };

#define MODES	   5
#define TARGETS	   4 /* two of each family */
#define START_NS   (100000 * NSEC_PER_SEC)
#define FRAME_MIN  14
#define HEAD_BYTES 4
#define IN_PREFIX  3

enum option {
	WITH_FLOWS = 1,
	REPAIRED = 2, /* checksums of frames are made right first */
	UNHEALTHY = 4,
	SHORT_MTU = 8,
	TAGGED = 16,  /* next hops */
	CROSSED = 32, /* IPv4 listeners have IPv6 targets and the other way round */
	ONE_PORT = 64,
	NEIGHBOURS = 128, /* dnat: clients are in the targets' network */
};

struct head {
	uint8_t mode;
	uint8_t options;
	uint8_t random;
	uint8_t seconds;
};

static const uint8_t vip4[16] = {203, 0, 113, 10}, client4[16] = {198, 51, 100, 7};
static const uint8_t vip6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 0x10};
static const uint8_t client6[16] = {0x20, 0x01, 0x0d, 0xb8, 0, 0x0c, [15] = 7};
static const uint8_t lb4[16] = {10, 0, 1, 1}, lb6[16] = {0xfd, 0, 0, 1, [15] = 1};
static const uint8_t target4[16] = {10, 0, 1, 11}, target6[16] = {0xfd, 0, 0, 1, [15] = 0x11};

static struct native *world;

#define MUST(condition)                                                           \
	do {                                                                      \
		if (!(condition)) {                                               \
			fprintf(stderr, "fuzz_packet: not so: %s\n", #condition); \
			abort();                                                  \
		}                                                                 \
	} while (0)

/* ---- the world ---- */

static void put_settings(const struct head *h)
{
	struct nlb_settings s = {.hash_key = {0x0706050403020100, 0x0f0e0d0c0b0a0908},
				 .abi = NLB_ABI,
				 .flags = NLB_SETTINGS_DNAT,
				 .nat_port_first = 20000,
				 .nat_port_last = h->options & ONE_PORT ? 20000 : 20099,
				 .timeout_s = {0, 10, 10, 0, 12, 8, 6}};
	uint32_t zero = 0;
	uint64_t full = 0;

	bpf_map_update_elem(&settings, &zero, &s, BPF_ANY);
	bpf_map_update_elem(&buckets, &zero, &full, BPF_ANY);
}

static void put_target(const struct head *h, uint32_t i)
{
	bool is_6 = i >= TARGETS / 2;
	uint8_t mode = 1 + h->mode % MODES;
	uint32_t index = FIRST_TARGET + i, hop_index = FIRST_NEXTHOP + i, word = index / 64;
	struct nlb_target t = {.id = NLB_TARGET_ID(index, 1),
			       .target_group = is_6 ? GROUP6 : GROUP4,
			       .nexthop = hop_index,
			       .snat = NLB_SNAT(FIRST_SNAT + is_6, 1),
			       .port = bpf_htons(8080),
			       .family = is_6 ? NLB_IPV6 : NLB_IPV4,
			       .forwarding = mode,
			       .link_bits = h->options & NEIGHBOURS ? 1 : 0,
			       .source_bits = h->random % 33};
	struct nlb_nexthop hop = {.ifindex = i % 2 ? FRONT : BACK,
				  .dst_mac = {2, 0x70, 0, 0, 0, i},
				  .src_mac = {2, 0x1b, 0, 0, 0, 2},
				  .mtu = h->options & SHORT_MTU ? (i % 2 ? 576 : 1280) : 1500};
	uint64_t bits = 0, *known = bpf_map_lookup_elem(&health, &word);

	memcpy(t.address, is_6 ? target6 : target4, 16);
	t.address[15] += is_6 ? i : 0;
	t.address[3] += is_6 ? 0 : i;
	if (mode == NLB_FORWARD_IPIP || mode == NLB_FORWARD_GUE)
		t.overhead = nlb_encap_bytes(mode, t.family);
	if (h->options & TAGGED) {
		hop.vlan_outer = bpf_htons(100);
		hop.vlan_inner = i % 2 ? bpf_htons(7) : 0;
		hop.vlan_outer_proto = bpf_htons(i % 2 ? ETH_P_8021AD : ETH_P_8021Q);
	}
	bits = *known | 1ull << index % 64;
	if (h->options & UNHEALTHY && !(i % 2))
		bits &= ~(1ull << index % 64);
	bpf_map_update_elem(&nexthops, &hop_index, &hop, BPF_ANY);
	bpf_map_update_elem(&targets, &index, &t, BPF_ANY);
	bpf_map_update_elem(&health, &word, &bits, BPF_ANY);
}

static void put_group(const struct head *h, uint32_t index, uint32_t first_target)
{
	uint32_t base = index * 16, i, slot_index;
	struct nlb_target_group g = {.ring = NLB_RING(base, 4),
				     .flags = NLB_GROUP_RESET_UNHEALTHY | NLB_GROUP_MOVE_UNHEALTHY,
				     .forwarding = 1 + h->mode % MODES,
				     .name = "g"};

	for (i = 0; i < 4; i++) {
		struct nlb_slot slot = {NLB_TARGET_ID(first_target + i % 2, 1),
					NLB_TARGET_ID(first_target + (i + 1) % 2, 1)};

		slot_index = base + i;
		bpf_map_update_elem(&slots, &slot_index, &slot, BPF_ANY);
	}
	bpf_map_update_elem(&target_groups, &index, &g, BPF_ANY);
}

static void put_listener(const uint8_t *vip, uint8_t family, uint8_t protocol, uint16_t port,
			 uint32_t group)
{
	struct nlb_listener_key key = {
		.port = bpf_htons(port), .protocol = protocol, .family = family};
	struct nlb_listener l = {
		.id = LISTENER, .target_group = group, .tcp_idle_s = 30, .udp_idle_s = 15};

	memcpy(key.address, vip, 16);
	bpf_map_update_elem(&listeners, &key, &l, BPF_ANY);
}

static void put_listeners(const struct head *h)
{
	bool crossed = h->options & CROSSED;
	uint32_t group4 = crossed ? GROUP6 : GROUP4, group6 = crossed ? GROUP4 : GROUP6;

	put_listener(vip4, NLB_IPV4, IPPROTO_TCP, 80, group4);
	put_listener(vip4, NLB_IPV4, IPPROTO_UDP, 53, group4);
	put_listener(vip4, NLB_IPV4, 0, 0, group4);
	put_listener(vip6, NLB_IPV6, IPPROTO_TCP, 80, group6);
	put_listener(vip6, NLB_IPV6, IPPROTO_UDP, 53, group6);
	put_listener(vip6, NLB_IPV6, 0, 0, group6);
}

/* An established connection of the fixtures' client, as packets of its mode would have made it. */
static void put_flow(const struct head *h, bool is_6)
{
	uint8_t mode = 1 + h->mode % MODES;
	struct nlb_flow f = {.last_seen_ns = START_NS - NSEC_PER_SEC,
			     .target = NLB_TARGET_ID(FIRST_TARGET + (is_6 ? TARGETS / 2 : 0), 1),
			     .listener = LISTENER,
			     .state = NLB_FLOW_ESTABLISHED,
			     .idle_s = 30,
			     .link = {{2, 0xc0, 0, 0, 0, 1}, {2, 0x1b, 0, 0, 0, 1}, FRONT, 0, 0}};
	struct nlb_tuple client = {.sport = bpf_htons(40000),
				   .dport = bpf_htons(80),
				   .protocol = IPPROTO_TCP,
				   .family = is_6 ? NLB_IPV6 : NLB_IPV4};
	struct nlb_tuple key = client;
	struct nlb_reply r = {.last_seen_ns = f.last_seen_ns,
			      .target = f.target,
			      .listener = LISTENER,
			      .state = f.state,
			      .idle_s = 30,
			      .link = f.link};

	f.synced_s = f.created_s = r.synced_s = f.last_seen_ns / NSEC_PER_SEC;
	memcpy(client.src, is_6 ? client6 : client4, 16);
	memcpy(client.dst, is_6 ? vip6 : vip4, 16);
	memcpy(key.src, is_6 ? target6 : target4, 16);
	key.src[15] += is_6 ? TARGETS / 2 : 0;
	key.sport = bpf_htons(8080);
	r.client = client;
	if (mode == NLB_FORWARD_NAT || mode == NLB_FORWARD_DNAT) {
		memcpy(f.snat, mode == NLB_FORWARD_DNAT ? client.src : is_6 ? lb6 : lb4, 16);
		f.snat_port = bpf_htons(mode == NLB_FORWARD_DNAT ? 40000 : 20000);
		memcpy(key.dst, f.snat, 16);
		key.dport = f.snat_port;
		bpf_map_update_elem(&replies, &key, &r, BPF_ANY);
	}
	bpf_map_update_elem(&flows, &client, &f, BPF_ANY);
}

static void make_world(const struct head *h)
{
	static const uint32_t ports[] = {FRONT, BACK};
	uint32_t i, index = FIRST_SNAT;

	native_use(world);
	native_map_clear(NATIVE_MAP(&flows));
	native_map_clear(NATIVE_MAP(&replies));
	put_settings(h);
	bpf_map_update_elem(&snats, &index, lb4, BPF_ANY);
	index++;
	bpf_map_update_elem(&snats, &index, lb6, BPF_ANY);
	for (i = 0; i < TARGETS; i++)
		put_target(h, i);
	put_group(h, GROUP4, FIRST_TARGET);
	put_group(h, GROUP6, FIRST_TARGET + TARGETS / 2);
	put_listeners(h);
	for (i = 0; i < 2; i++)
		bpf_map_update_elem(&tx_ports, &ports[i], &ports[i], BPF_ANY);
	if (h->options & WITH_FLOWS && !(h->options & CROSSED)) {
		put_flow(h, false);
		put_flow(h, true);
	}
	native_commit(world);
}

/* ---- the laws ---- */

static int counted_verdict(const struct native_run *run)
{
	struct native_map *map = NATIVE_MAP(&verdict_stats);
	int i, count, verdict = NLB_NONE;
	const struct native_touch *touches = native_touches(world, &count);

	for (i = 0; i < count; i++) {
		const struct nlb_count *before = touches[i].before, *now;

		if (touches[i].map != map)
			continue;
		now = native_map_get(map, touches[i].key);
		MUST(verdict == NLB_NONE && now->packets == before->packets + 1);
		MUST(now->bytes == before->bytes + run->len);
		memcpy(&verdict, touches[i].key, sizeof(verdict));
	}
	return verdict;
}

static void obey_entries(int action)
{
	int i, count;
	const struct native_touch *touches = native_touches(world, &count);

	for (i = 0; i < count; i++) {
		const struct native_touch *t = &touches[i];
		const void *now;

		if (t->map != NATIVE_MAP(&flows) && t->map != NATIVE_MAP(&replies))
			continue;
		now = native_map_get(t->map, t->key);
		MUST(action != XDP_DROP || t->before || !now);
		MUST(action != XDP_PASS || !t->before == !now);
		MUST(action != XDP_PASS || !now ||
		     !memcmp(now, t->before, native_map_shape(t->map)->value_bytes));
	}
}

static void obey(const struct native_run *run)
{
	int verdict = counted_verdict(run);
	const char *wrong;

	MUST(verdict != NLB_NONE && verdict != NLB_INTERNAL);
	MUST(run->action == action_of(verdict));
	MUST((run->action == XDP_REDIRECT) == (run->egress != 0));
	MUST(run->egress != run->ifindex);
	MUST(run->action != XDP_PASS ||
	     (run->out_len == run->len && !memcmp(run->out, run->frame, run->len)));
	obey_entries(run->action);
	if (run->action != XDP_TX && run->action != XDP_REDIRECT)
		return;
	wrong = oracle_leaving(verdict, run->frame, run->len, run->out, run->out_len);
	if (wrong)
		fprintf(stderr, "fuzz_packet: verdict %d: %s\n", verdict, wrong);
	MUST(!wrong);
}

static void run_frame(const struct head *h, const uint8_t *frame, size_t len, uint32_t ifindex,
		      uint64_t now_ns)
{
	static uint8_t bytes[NATIVE_FRAME_MAX];
	static struct native_run run;

	memcpy(bytes, frame, len);
	if (h->options & REPAIRED)
		oracle_repair(bytes, len);
	run = (struct native_run){.program = nlb_ingress,
				  .frame = bytes,
				  .len = len,
				  .ifindex = ifindex,
				  .now_ns = now_ns,
				  .random = {h->random * 0x01010101u, h->random * 0x01010101u,
					     h->random * 0x01010101u}};
	native_run(world, &run);
	obey(&run);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t now_ns = START_NS;
	struct head h;

	if (size < HEAD_BYTES)
		return 0;
	if (!world)
		world = native_new();
	memcpy(&h, data, HEAD_BYTES);
	make_world(&h);
	data += HEAD_BYTES;
	size -= HEAD_BYTES;
	while (size > IN_PREFIX) {
		uint32_t ifindex = data[0] & 1 ? BACK : FRONT;
		size_t len = data[1] | (size_t)data[2] << 8;

		data += IN_PREFIX;
		size -= IN_PREFIX;
		len = len < size ? len : size;
		if (len >= FRAME_MIN && len <= NATIVE_FRAME_MAX / 2)
			run_frame(&h, data, len, ifindex, now_ns);
		data += len;
		size -= len;
		now_ns += h.seconds * NSEC_PER_SEC;
	}
	return 0;
}
