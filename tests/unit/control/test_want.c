/* SPDX-License-Identifier: BSD-2-Clause */
/* From model and observations to what the XDP plane shall do. */
#include "model_of.h"

#include <stdio.h>

#include "base/base.h"
#include "base/prefix.h"
#include "control/want.h"

#define NOW 1000000

static const char dual[] =
	"load_balancers:\n"
	"  - name: edge\n"
	"    addresses: [192.0.2.1, \"2001:db8::1\"]\n"
	"    listeners:\n"
	"      - {protocol: TCP, port: 80, default_action: {forward: web}, attributes: "
	"{tcp.idle_timeout.seconds: 60}}\n"
	"      - {protocol: TCP_UDP, port: 53, default_action: {forward: dns}}\n"
	"target_groups:\n"
	"  - {name: web, protocol: TCP, port: 8080, attributes: {tcp.mss.maximum: 1360}, targets: "
	"[10.0.0.11, {address: 10.0.0.12, "
	"port: "
	"81, weight: 5}, \"fd00::11\"]}\n"
	"  - {name: dns, protocol: TCP_UDP, port: 53, forwarding: l2, attributes: "
	"{stickiness.enabled: true}, targets: [10.0.0.11, \"fd00::11\"]}\n";

struct fixture {
	struct model *model;
	struct observed observed;
	struct arena *arena;
	struct want_input in;
};

static void set_up(struct fixture *f, const char *text)
{
	*f = (struct fixture){.model = model_of(text), .arena = arena_new()};
	observed_init(&f->observed);
	f->in = (struct want_input){
		.model = f->model, .observed = &f->observed, .hash_key = {1, 2}, .now_ms = NOW};
}

static void tear_down(struct fixture *f)
{
	observed_fini(&f->observed);
	arena_free(f->arena);
	model_free(f->model);
}

static const struct nlb_want_group *group(const struct nlb_want *want, const char *name,
					  uint8_t family)
{
	for (size_t i = 0; i < want->group_count; i++)
		if (want->groups[i].family == family && !strcmp(want->groups[i].name, name))
			return &want->groups[i];
	return NULL;
}

static void splits_groups_by_family(void **state)
{
	const struct nlb_want_group *web4, *dns6;
	struct nlb_want *want;
	struct fixture f;

	set_up(&f, dual);
	want = want_make(&f.in, f.arena);
	assert_int_equal(want->group_count, 4);
	assert_int_equal(want->hash_key[1], 2);
	web4 = group(want, "web", AF_INET);
	assert_int_equal(web4->target_count, 2);
	assert_int_equal(web4->forwarding, NLB_FORWARD_NAT);
	assert_int_equal(web4->hash_fields, NLB_HASH_5TUPLE);
	assert_int_equal(web4->flags, NLB_GROUP_RESET_UNHEALTHY);
	assert_int_equal(web4->mss_max, 1360);
	assert_int_equal(web4->targets[1].port, 81);
	assert_int_equal(web4->targets[1].weight, 5);
	assert_true(web4->targets[1].in_ring);
	assert_false(web4->targets[1].path.is_resolved);
	assert_int_equal(group(want, "web", AF_INET6)->target_count, 1);
	dns6 = group(want, "dns", AF_INET6);
	assert_int_equal(dns6->forwarding, NLB_FORWARD_L2);
	assert_int_equal(dns6->hash_fields, NLB_HASH_SOURCE);
	assert_true(dns6->flags & NLB_GROUP_MOVE_UNHEALTHY);
	tear_down(&f);
}

static void asks_for_proxy_headers(void **state)
{
	static const struct {
		const char *attributes;
		uint32_t flags;
	} cases[] = {
		{"proxy_protocol_v2.enabled: true", NLB_GROUP_PROXY | NLB_GROUP_PROXY_ON_ACK},
		{"proxy_protocol_v2.enabled: true, "
		 "proxy_protocol_v2.client_to_server.header_placement: on_first_ack_with_payload",
		 NLB_GROUP_PROXY},
		{"proxy_protocol_v2.client_to_server.header_placement: on_first_ack", 0},
	};
	struct nlb_want *want;
	struct fixture f;
	char text[512];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		snprintf(text, sizeof(text),
			 "target_groups:\n  - {name: web, protocol: TCP, port: 8080, attributes: "
			 "{%s}, targets: [10.0.0.11]}\n",
			 cases[i].attributes);
		set_up(&f, text);
		want = want_make(&f.in, f.arena);
		assert_int_equal(group(want, "web", AF_INET)->flags,
				 NLB_GROUP_RESET_UNHEALTHY | cases[i].flags);
		tear_down(&f);
	}
}

static void gives_a_listener_per_vip(void **state)
{
	const struct nlb_want_listener *web, *dns;
	struct nlb_want *want;
	struct fixture f;

	set_up(&f, dual);
	want = want_make(&f.in, f.arena);
	assert_int_equal(want->listener_count, 4);
	web = &want->listeners[0];
	assert_string_equal(web->name, "edge/TCP:80");
	assert_string_equal(want->listeners[1].name, "edge/TCP:80");
	assert_int_equal(want->listeners[1].vip.family, AF_INET6);
	assert_true(web->has_tcp && !web->has_udp);
	assert_int_equal(web->tcp_idle_s, 60);
	assert_int_equal(web->udp_idle_s, MODEL_UDP_IDLE_DEFAULT_S);
	dns = &want->listeners[2];
	assert_true(dns->has_tcp && dns->has_udp);
	assert_string_equal(dns->group, "dns");
	tear_down(&f);
}

static void hands_paths_over(void **state)
{
	const struct nlb_want_target *target;
	struct nlb_want *want;
	struct fixture f;

	set_up(&f, dual);
	observe(&f.observed, "web", "10.0.0.11", 8080, TARGET_HEALTHY);
	want = want_make(&f.in, f.arena);
	target = &group(want, "web", AF_INET)->targets[0];
	assert_true(target->path.is_resolved);
	assert_int_equal(target->path.ifindex, 7);
	assert_int_equal(target->path.vlan_proto, 0x8100);
	assert_int_equal(target->path.vlan_outer, 42);
	assert_int_equal(target->path.vlan_inner, 0);
	assert_int_equal(target->path.mtu, 1500);
	assert_int_equal(target->path.dst_mac[5], 0xaa);
	assert_int_equal(target->path.src_mac[5], 0xbb);
	assert_true(target->takes_new);
	tear_down(&f);
}

static void chooses_source_addresses(void **state)
{
	struct addr snats[] = {address_of("198.51.100.1"), address_of("2001:db8::5"),
			       address_of("198.51.100.2")};
	struct nlb_want *want;
	struct fixture f;

	set_up(&f, dual);
	observe(&f.observed, "web", "10.0.0.11", 8080, TARGET_HEALTHY);
	observe(&f.observed, "dns", "10.0.0.11", 53, TARGET_HEALTHY);
	want = want_make(&f.in, f.arena);
	assert_int_equal(group(want, "web", AF_INET)->targets[0].snat_count,
			 1); /* the host's own */
	assert_int_equal(group(want, "web", AF_INET)->targets[0].snats[0].bytes[3], 1);
	assert_int_equal(group(want, "web", AF_INET)->targets[1].snat_count, 0); /* not known yet */
	assert_int_equal(group(want, "dns", AF_INET)->targets[0].snat_count, 0); /* l2 has none */
	f.in.snats = snats;
	f.in.snat_count = 3;
	want = want_make(&f.in, f.arena);
	assert_int_equal(group(want, "web", AF_INET)->targets[1].snat_count, 2);
	assert_true(addr_equal(&group(want, "web", AF_INET)->targets[1].snats[1], &snats[2]));
	assert_int_equal(group(want, "web", AF_INET6)->targets[0].snat_count, 1);
	tear_down(&f);
}

static void takes_at_most_eight_source_addresses(void **state)
{
	struct addr snats[9];
	struct nlb_want *want;
	struct fixture f;

	set_up(&f, dual);
	for (unsigned i = 0; i < 9; i++) {
		snats[i] = address_of("198.51.100.1");
		snats[i].bytes[3] = (uint8_t)i;
	}
	f.in.snats = snats;
	f.in.snat_count = 9;
	want = want_make(&f.in, f.arena);
	assert_int_equal(group(want, "web", AF_INET)->targets[0].snat_count, 8);
	tear_down(&f);
}

static void keeps_leavers_while_they_drain(void **state)
{
	const struct nlb_want_group *web;
	struct observed_target *seen;
	struct nlb_want *want;
	struct fixture f;

	set_up(&f, dual);
	seen = observe(&f.observed, "web", "10.0.0.99", 8080, TARGET_DRAINING);
	seen->drain_until_ms = NOW + 5000;
	want = want_make(&f.in, f.arena);
	web = group(want, "web", AF_INET);
	assert_int_equal(web->target_count, 3);
	assert_false(web->targets[2].in_ring);
	assert_true(web->targets[2].takes_new);
	assert_int_equal(web->targets[2].snat_count, 1);
	f.in.now_ms = NOW + 5000;
	want = want_make(&f.in, f.arena);
	assert_int_equal(group(want, "web", AF_INET)->target_count, 2);
	tear_down(&f);
}

static void keeps_leavers_of_groups_that_are_gone(void **state)
{
	const struct nlb_want_group *old;
	struct observed_target *seen;
	struct nlb_want *want;
	struct fixture f;

	set_up(&f, dual);
	seen = observe(&f.observed, "old", "10.0.0.99", 8080, TARGET_DRAINING);
	seen->drain_until_ms = NOW + 5000;
	seen->forwarding = FORWARDING_L2;
	want = want_make(&f.in, f.arena);
	old = group(want, "old", AF_INET);
	assert_non_null(old);
	assert_int_equal(old->forwarding, NLB_FORWARD_L2);
	assert_int_equal(old->target_count, 1);
	tear_down(&f);
}

/* dnat is nat that knows who is near the target. */
static void dnat_has_sources_and_the_network_of_its_targets(void **state)
{
	static const char dnat[] =
		"load_balancers: [{name: edge, type: network, addresses: [192.0.2.1], listeners: "
		"[{protocol: TCP, port: 80, default_action: {forward: web}}]}]\n"
		"target_groups: [{name: web, protocol: TCP, port: 80, forwarding: dnat, targets: "
		"[10.0.0.11, 10.0.0.12]}]\n";
	const struct addr snat = {.family = AF_INET, .bytes = {10, 0, 0, 1}};
	const struct nlb_want_group *web;
	struct fixture f;

	set_up(&f, dnat);
	f.in.snats = &snat;
	f.in.snat_count = 1;
	observe(&f.observed, "web", "10.0.0.11", 80, TARGET_HEALTHY)->link_bits = 24;
	web = group(want_make(&f.in, f.arena), "web", AF_INET);
	assert_int_equal(web->forwarding, NLB_FORWARD_DNAT);
	assert_int_equal(web->targets[0].link_bits, 24);
	assert_int_equal(web->targets[0].snat_count, 1);
	assert_int_equal(web->targets[1].link_bits, 0);
	tear_down(&f);
}

static const char crossing[] =
	"load_balancers: [{name: edge, addresses: [192.0.2.1, \"2001:db8::1\"], listeners: "
	"[{protocol: TCP, port: 80, default_action: {forward: web}}]}]\n"
	"target_groups: [{name: web, protocol: TCP, port: 80, forwarding: %s, targets: [%s]}]\n";

static const struct nlb_want *want_crossing(struct fixture *f, const char *forwarding,
					    const char *targets)
{
	char text[512];

	snprintf(text, sizeof(text), crossing, forwarding, targets);
	set_up(f, text);
	return want_make(&f->in, f->arena);
}

/* A VIP takes the ring of its own family, and where modes can cross and there is none the other. */
static void crosses_families_where_it_must(void **state)
{
	static const struct {
		const char *forwarding, *targets;
		int of_v4_vip, of_v6_vip;
	} cases[] = {
		{"ipip", "10.0.0.11", AF_INET, AF_INET},
		{"ipip", "'fd00::11'", AF_INET6, AF_INET6},
		{"gue", "'fd00::11'", AF_INET6, AF_INET6},
		{"gue", "10.0.0.11, 'fd00::11'", AF_INET, AF_INET6},
		{"gue", "", AF_INET, AF_INET6},
		{"l2", "'fd00::11'", AF_INET, AF_INET6},
		{"nat", "10.0.0.11", AF_INET, AF_INET},
		{"nat", "'fd00::11'", AF_INET6, AF_INET6},
		{"nat", "10.0.0.11, 'fd00::11'", AF_INET, AF_INET6},
		{"dnat", "10.0.0.11", AF_INET, AF_INET6},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fixture f;
		const struct nlb_want *want =
			want_crossing(&f, cases[i].forwarding, cases[i].targets);

		assert_int_equal(want->listeners[0].vip.family, AF_INET);
		assert_int_equal(want->listeners[0].group_family, cases[i].of_v4_vip);
		assert_int_equal(want->listeners[1].group_family, cases[i].of_v6_vip);
		tear_down(&f);
	}
}

static void observe_source(struct fixture *f, const char *target, const char *source)
{
	struct observed_target *seen = observe(&f->observed, "web", target, 80, TARGET_HEALTHY);

	assert_int_equal(addr_parse(source, &seen->path.source, NULL), 0);
}

/* Outer sources: the host's own; in ipip the node's prefix of the target's family. */
static void chooses_outer_sources(void **state)
{
	struct prefix prefixes[2];
	const struct nlb_want_target *target;
	struct fixture f;

	assert_int_equal(prefix_parse("172.30.64.0/18", &prefixes[0], NULL), 0);
	assert_int_equal(prefix_parse("fd00:e::/64", &prefixes[1], NULL), 0);
	want_crossing(&f, "ipip", "10.0.0.11, 'fd00::11'");
	observe_source(&f, "10.0.0.11", "10.0.0.1");
	observe_source(&f, "fd00::11", "fd00::1");
	target = group(want_make(&f.in, f.arena), "web", AF_INET)->targets;
	assert_int_equal(target->snat_count, 1);
	assert_int_equal(target->snats[0].bytes[3], 1);
	assert_int_equal(target->source_bits, 0);
	f.in.encap_sources = prefixes;
	f.in.encap_source_count = 2;
	target = group(want_make(&f.in, f.arena), "web", AF_INET)->targets;
	assert_int_equal(target->snat_count, 1);
	assert_true(addr_equal(&target->snats[0], &prefixes[0].address));
	assert_int_equal(target->source_bits, 14);
	target = group(want_make(&f.in, f.arena), "web", AF_INET6)->targets;
	assert_true(addr_equal(&target->snats[0], &prefixes[1].address));
	assert_int_equal(target->source_bits, NLB_SOURCE_BITS_MAX);
	tear_down(&f);

	want_crossing(&f, "gue", "10.0.0.11");
	observe_source(&f, "10.0.0.11", "10.0.0.1");
	f.in.encap_sources = prefixes;
	f.in.encap_source_count = 2;
	target = group(want_make(&f.in, f.arena), "web", AF_INET)->targets;
	assert_int_equal(target->snats[0].bytes[3], 1);
	assert_int_equal(target->source_bits, 0);
	tear_down(&f);
}

/* Drained, or in a group that no listener names: no slots, but open flows go on. */
static void leaves_out_of_the_ring_what_takes_nothing(void **state)
{
	const struct nlb_want_group *web;
	struct observed_target *seen;
	struct nlb_want *want;
	struct fixture f;

	set_up(&f,
	       "load_balancers: [{name: edge, addresses: [192.0.2.1], listeners: [{protocol: TCP, "
	       "port: 80, default_action: {forward: web}}]}]\n"
	       "target_groups:\n"
	       "  - {name: web, protocol: TCP, port: 80, targets: [10.0.0.11, {address: 10.0.0.12, "
	       "drain: true}]}\n"
	       "  - {name: idle, protocol: TCP, port: 80, targets: [10.0.0.14]}\n");
	observe(&f.observed, "web", "10.0.0.11", 80, TARGET_HEALTHY);
	seen = observe(&f.observed, "web", "10.0.0.12", 80, TARGET_DRAINING);
	seen->drain_until_ms = NOW + 1;
	want = want_make(&f.in, f.arena);
	web = group(want, "web", AF_INET);
	assert_int_equal(web->target_count, 2);
	assert_false(web->targets[1].in_ring);
	assert_true(web->targets[1].takes_new);
	assert_false(group(want, "idle", AF_INET)->targets[0].in_ring);
	assert_true(group(want, "idle", AF_INET)->targets[0].takes_new);
	seen->drain_until_ms = NOW;
	assert_int_equal(group(want_make(&f.in, f.arena), "web", AF_INET)->target_count, 1);
	tear_down(&f);
}

static void wants_nothing_of_nothing(void **state)
{
	struct nlb_want *want;
	struct fixture f;

	set_up(&f, "");
	want = want_make(&f.in, f.arena);
	assert_int_equal(want->group_count, 0);
	assert_int_equal(want->listener_count, 0);
	tear_down(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(splits_groups_by_family),
		cmocka_unit_test(asks_for_proxy_headers),
		cmocka_unit_test(gives_a_listener_per_vip),
		cmocka_unit_test(hands_paths_over),
		cmocka_unit_test(chooses_source_addresses),
		cmocka_unit_test(takes_at_most_eight_source_addresses),
		cmocka_unit_test(keeps_leavers_while_they_drain),
		cmocka_unit_test(keeps_leavers_of_groups_that_are_gone),
		cmocka_unit_test(dnat_has_sources_and_the_network_of_its_targets),
		cmocka_unit_test(crosses_families_where_it_must),
		cmocka_unit_test(chooses_outer_sources),
		cmocka_unit_test(leaves_out_of_the_ring_what_takes_nothing),
		cmocka_unit_test(wants_nothing_of_nothing),
	};

	return cmocka_run_group_tests_name("control/want", tests, NULL, NULL);
}
