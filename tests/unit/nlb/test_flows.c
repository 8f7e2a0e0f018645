// SPDX-License-Identifier: BSD-2-Clause
/* Flow tables and counters: census, expiry, pairs, listing, deletion; the sums over CPUs; the words
 * for verdicts and states. */
#include "lab.h"

#include <arpa/inet.h>

#include <bpf/bpf.h>

#include "base/base.h"
#include "base/clock.h"
#include "nlb/flow_table.h"
#include "nlb/image.h"
#include "nlb/object.h"

#define S      1000000000ULL
#define NOW    (100000 * S)
#define TARGET NLB_TARGET_ID(3, 7)
#define GONE   NLB_TARGET_ID(3, 6) /* had the same index before */

/* ---- flows by hand ---- */

static struct nlb_tuple key_of(uint32_t client)
{
	struct nlb_tuple key = {
		.dst = {192, 0, 2, 1},
		.sport = htons(40000),
		.dport = htons(80),
		.protocol = IPPROTO_TCP,
		.family = NLB_IPV4,
	};

	client = htonl(client);
	memcpy(key.src, &client, sizeof(client));
	return key;
}

static struct nlb_flow flow_of(uint8_t state, uint64_t idle_s)
{
	return (struct nlb_flow){
		.last_seen_ns = NOW - idle_s * S, .target = TARGET, .state = state, .idle_s = 350};
}

static void put_flow(const struct nlb *nlb, uint32_t client, struct nlb_flow flow)
{
	struct nlb_tuple key = key_of(client);

	assert_int_equal(bpf_map_update_elem(nlb->maps.fd[NLB_MAP_FLOWS], &key, &flow, BPF_ANY), 0);
}

static bool has_flow(const struct nlb *nlb, uint32_t client)
{
	struct nlb_tuple key = key_of(client);
	struct nlb_flow flow;

	return bpf_map_lookup_elem(nlb->maps.fd[NLB_MAP_FLOWS], &key, &flow) == 0;
}

static void fill_target(struct nlb *nlb)
{
	nlb->maps.targets[3] = (struct nlb_target){
		.id = TARGET, .address = {10, 0, 1, 3}, .port = htons(8080), .family = NLB_IPV4};
}

static struct nlb_tuple reply_key_of(uint32_t client)
{
	return (struct nlb_tuple){
		.src = {10, 0, 1, 3},
		.dst = {10, 0, 0, 1},
		.sport = htons(8080),
		.dport = htons((uint16_t)(2000 + client)),
		.protocol = IPPROTO_TCP,
		.family = NLB_IPV4,
	};
}

static void put_reply(const struct nlb *nlb, uint32_t client, uint8_t state, uint64_t idle_s)
{
	struct nlb_tuple key = reply_key_of(client);
	struct nlb_reply reply = {.last_seen_ns = NOW - idle_s * S,
				  .target = TARGET,
				  .state = state,
				  .idle_s = 350,
				  .client = key_of(client)};

	assert_int_equal(bpf_map_update_elem(nlb->maps.fd[NLB_MAP_REPLIES], &key, &reply, BPF_ANY),
			 0);
}

static bool has_reply(const struct nlb *nlb, uint32_t client)
{
	struct nlb_tuple key = reply_key_of(client);
	struct nlb_reply reply;

	return bpf_map_lookup_elem(nlb->maps.fd[NLB_MAP_REPLIES], &key, &reply) == 0;
}

/* A nat flow: both entries. */
static void put_pair(const struct nlb *nlb, uint32_t client, uint8_t state, uint64_t idle_s,
		     uint8_t reply_state, uint64_t reply_idle_s)
{
	struct nlb_flow flow = flow_of(state, idle_s);

	memcpy(flow.snat, reply_key_of(client).dst, sizeof(flow.snat));
	flow.snat_port = reply_key_of(client).dport;
	put_flow(nlb, client, flow);
	put_reply(nlb, client, reply_state, reply_idle_s);
}

static const struct nlb_flow_census *take_census(struct nlb *nlb)
{
	unsigned steps = 0;

	while (!nlb_flow_census_step(nlb, NOW))
		assert_true(++steps < 1000);
	return nlb_flow_census(nlb);
}

/* ---- census ---- */

static void nothing_is_counted_before_the_first_pass(void **state)
{
	struct nlb *nlb = lab_open();
	const struct nlb_flow_census *census = nlb_flow_census(nlb);

	assert_int_equal(census->flows + census->passes, 0);
	assert_int_equal(census->by_target[NLB_MAX_TARGETS - 1], 0);
	assert_int_equal(take_census(nlb)->passes, 1);
	assert_int_equal(nlb_flow_census(nlb)->flows, 0);
	assert_int_equal(take_census(nlb)->passes, 2);
}

static void the_living_are_counted(void **state)
{
	struct nlb *nlb = lab_open();
	const struct nlb_flow_census *census;
	struct nlb_flow old = flow_of(NLB_FLOW_ESTABLISHED, 1);
	uint32_t i;

	fill_target(nlb);
	for (i = 0; i < 5; i++)
		put_flow(nlb, i, flow_of(NLB_FLOW_ESTABLISHED, 1));
	put_flow(nlb, 5, flow_of(NLB_FLOW_SYN_SENT, 1));
	old.target = GONE;
	put_flow(nlb, 6, old); /* of the index's former owner: deleted */
	put_pair(nlb, 7, NLB_FLOW_CLOSING, 1, NLB_FLOW_CLOSING, 1);
	census = take_census(nlb);
	assert_int_equal(census->flows, 7);
	assert_int_equal(census->replies, 1);
	assert_int_equal(census->expired, 1);
	assert_int_equal(census->by_state[NLB_FLOW_ESTABLISHED], 5);
	assert_int_equal(census->by_state[NLB_FLOW_SYN_SENT], 1);
	assert_int_equal(census->by_state[NLB_FLOW_CLOSING], 1);
	assert_int_equal(census->by_target[3], 7);
	assert_int_equal(take_census(nlb)->by_target[3], 7);
}

/* A source that the host has lost takes its flows along, both entries; others stay. */
static void the_flows_of_a_lost_source_end(void **state)
{
	static const struct addr lost[] = {{AF_INET, {10, 0, 0, 9}}, {AF_INET, {10, 0, 0, 1}}};
	struct nlb *nlb = lab_open();
	struct nlb_flow other = flow_of(NLB_FLOW_ESTABLISHED, 1);

	fill_target(nlb);
	put_pair(nlb, 1, NLB_FLOW_ESTABLISHED, 1, NLB_FLOW_ESTABLISHED, 1);
	memcpy(other.snat, (uint8_t[]){10, 0, 0, 2}, 4);
	other.snat_port = htons(2002);
	put_flow(nlb, 2, other);
	put_flow(nlb, 3, flow_of(NLB_FLOW_ESTABLISHED, 1)); /* l2: no source at all */
	assert_int_equal(take_census(nlb)->flows, 3);
	nlb_flow_census_end_sources(nlb, lost, 2);
	assert_int_equal(take_census(nlb)->flows, 2);
	assert_false(has_flow(nlb, 1) || has_reply(nlb, 1));
	assert_true(has_flow(nlb, 2) && has_flow(nlb, 3));
	nlb_flow_census_end_sources(nlb, NULL, 0);
	put_pair(nlb, 1, NLB_FLOW_ESTABLISHED, 1, NLB_FLOW_ESTABLISHED, 1);
	assert_int_equal(take_census(nlb)->flows, 3);
}

/* The reply of a flow between families is of its target's: both are one pair all the same. */
static void a_pair_between_families_ends_as_one(void **state)
{
	struct nlb *nlb = lab_open();
	struct nlb_tuple key = reply_key_of(1);
	struct nlb_flow flow = flow_of(NLB_FLOW_CLOSED, 100);
	struct nlb_reply reply = {.last_seen_ns = NOW - 100 * S,
				  .target = TARGET,
				  .state = NLB_FLOW_CLOSED,
				  .idle_s = 350,
				  .client = key_of(1)};
	const struct nlb_flow_census *census;

	fill_target(nlb);
	nlb->maps.targets[3].family = key.family = NLB_IPV6;
	memcpy(flow.snat, key.dst, sizeof(flow.snat));
	flow.snat_port = key.dport;
	put_flow(nlb, 1, flow);
	reply.last_seen_ns = NOW; /* the target goes on: so does the flow */
	assert_int_equal(bpf_map_update_elem(nlb->maps.fd[NLB_MAP_REPLIES], &key, &reply, BPF_ANY),
			 0);
	census = take_census(nlb);
	assert_int_equal(census->flows, 1);
	assert_int_equal(census->replies, 1);
	reply.last_seen_ns = NOW - 100 * S;
	assert_int_equal(bpf_map_update_elem(nlb->maps.fd[NLB_MAP_REPLIES], &key, &reply, BPF_ANY),
			 0);
	census = take_census(nlb);
	assert_int_equal(census->flows + census->replies, 0);
	assert_int_equal(census->expired, 2);
}

struct limit {
	uint8_t state;
	unsigned seconds;
};

static void every_state_expires_at_its_own_limit(void **state)
{
	static const struct limit limits[] = {
		{NLB_FLOW_UDP, 350},	     {NLB_FLOW_SYN_SENT, 30}, {NLB_FLOW_SYN_RECEIVED, 30},
		{NLB_FLOW_ESTABLISHED, 350}, {NLB_FLOW_CLOSING, 60},  {NLB_FLOW_TIME_WAIT, 30},
		{NLB_FLOW_CLOSED, 10},
	};
	struct nlb *nlb = lab_open();
	uint32_t i;

	fill_target(nlb);
	for (i = 0; i < ARRAY_SIZE(limits); i++) {
		put_flow(nlb, 2 * i, flow_of(limits[i].state, limits[i].seconds));
		put_flow(nlb, 2 * i + 1, flow_of(limits[i].state, limits[i].seconds + 1));
	}
	assert_int_equal(take_census(nlb)->flows, ARRAY_SIZE(limits));
	assert_int_equal(nlb_flow_census(nlb)->expired, ARRAY_SIZE(limits));
	for (i = 0; i < ARRAY_SIZE(limits); i++) {
		assert_true(has_flow(nlb, 2 * i));
		assert_false(has_flow(nlb, 2 * i + 1));
	}
	assert_int_equal(take_census(nlb)->expired, ARRAY_SIZE(limits)); /* a total */
}

static void an_entry_seen_after_now_lives(void **state)
{
	struct nlb *nlb = lab_open();
	struct nlb_flow flow = flow_of(NLB_FLOW_CLOSED, 0);

	fill_target(nlb);
	flow.last_seen_ns = NOW + S;
	put_flow(nlb, 1, flow);
	assert_int_equal(take_census(nlb)->flows, 1);
}

static void a_pair_lives_as_long_as_either_half(void **state)
{
	struct nlb *nlb = lab_open();
	const struct nlb_flow_census *census;

	fill_target(nlb);
	put_pair(nlb, 1, NLB_FLOW_ESTABLISHED, 400, NLB_FLOW_ESTABLISHED, 5); /* only answers */
	put_pair(nlb, 2, NLB_FLOW_ESTABLISHED, 5, NLB_FLOW_ESTABLISHED, 400); /* only questions */
	put_pair(nlb, 3, NLB_FLOW_ESTABLISHED, 400, NLB_FLOW_ESTABLISHED, 400);
	put_pair(nlb, 4, NLB_FLOW_ESTABLISHED, 20, NLB_FLOW_CLOSED,
		 20); /* the target's RST counts for both */
	put_pair(nlb, 5, NLB_FLOW_ESTABLISHED, 5, NLB_FLOW_CLOSED, 20);
	census = take_census(nlb);
	assert_int_equal(census->flows, 3);
	assert_int_equal(census->expired, 4);
	assert_true(has_flow(nlb, 1) && has_reply(nlb, 1));
	assert_true(has_flow(nlb, 2) && has_reply(nlb, 2));
	assert_false(has_flow(nlb, 3) || has_reply(nlb, 3));
	assert_false(has_flow(nlb, 4) || has_reply(nlb, 4));
	assert_true(has_flow(nlb, 5) && has_reply(nlb, 5));
}

static void an_orphaned_reply_expires_alone(void **state)
{
	struct nlb *nlb = lab_open();

	fill_target(nlb);
	put_reply(nlb, 1, NLB_FLOW_ESTABLISHED, 351);
	put_reply(nlb, 2, NLB_FLOW_ESTABLISHED, 349);
	put_flow(nlb, 1,
		 flow_of(NLB_FLOW_ESTABLISHED, 1)); /* same client, but now without this port */
	assert_int_equal(take_census(nlb)->replies, 1);
	assert_true(has_flow(nlb, 1));
	assert_false(has_reply(nlb, 1));
	assert_true(has_reply(nlb, 2));
}

static void a_pass_goes_in_slices(void **state)
{
	struct nlb_options options = lab_options();
	struct nlb *nlb;
	unsigned steps = 1;
	uint32_t i;

	options.flows = 8 * NLB_FLOW_SLICE;
	nlb = lab_open_with(&options);
	fill_target(nlb);
	for (i = 0; i < 3 * NLB_FLOW_SLICE; i++)
		put_flow(nlb, i, flow_of(NLB_FLOW_ESTABLISHED, i % 2 ? 1 : 351));
	while (!nlb_flow_census_step(nlb, NOW))
		steps++;
	assert_true(steps >= 4);
	assert_in_range(nlb_flow_census(nlb)->flows, 3 * NLB_FLOW_SLICE / 2 - 64,
			3 * NLB_FLOW_SLICE / 2);
	assert_int_equal(nlb_flow_census(nlb)->expired, 3 * NLB_FLOW_SLICE / 2);
}

/* ---- list and delete ---- */

static void remember(const struct nlb_tuple *key, const struct nlb_flow *flow, void *arg)
{
	uint32_t *clients = arg;

	*clients |= 1u << key->src[3];
}

static uint32_t list(const struct nlb *nlb, const struct nlb_flow_filter *filter, int expected)
{
	uint32_t clients = 0;

	assert_int_equal(nlb_flows_list(nlb, filter, 100, NOW, remember, &clients), expected);
	return clients;
}

static struct addr ip4(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
	return (struct addr){.family = AF_INET, .bytes = {a, b, c, d}};
}

static void flows_are_listed_by_filter(void **state)
{
	struct nlb *nlb = lab_open();
	struct nlb_flow_filter all = {.target_index = -1}, filter = all;
	struct nlb_flow other = flow_of(NLB_FLOW_ESTABLISHED, 1);

	fill_target(nlb);
	put_flow(nlb, 1, flow_of(NLB_FLOW_ESTABLISHED, 1));
	put_flow(nlb, 2, flow_of(NLB_FLOW_CLOSED, 11)); /* expired */
	put_pair(nlb, 3, NLB_FLOW_ESTABLISHED, 400, NLB_FLOW_ESTABLISHED, 1);
	other.target = NLB_TARGET_ID(4, 1);
	put_flow(nlb, 4, other);
	assert_int_equal(list(nlb, &all, 3), 1 << 1 | 1 << 3 | 1 << 4);
	filter.client = ip4(0, 0, 0, 3);
	assert_int_equal(list(nlb, &filter, 1), 1 << 3);
	filter = all;
	filter.vip = ip4(192, 0, 2, 2);
	list(nlb, &filter, 0);
	filter.vip = ip4(192, 0, 2, 1);
	list(nlb, &filter, 3);
	filter.vip.family = AF_INET6;
	list(nlb, &filter, 0);
	filter = all;
	filter.target_index = 4;
	assert_int_equal(list(nlb, &filter, 1), 1 << 4);
	filter = all;
	filter.vip_port = 80;
	filter.client_port = 40000;
	filter.protocol = IPPROTO_TCP;
	list(nlb, &filter, 3);
	filter.protocol = IPPROTO_UDP;
	list(nlb, &filter, 0);
	filter = all;
	filter.client_port = 80;
	list(nlb, &filter, 0);
	assert_int_equal(nlb_flows_list(nlb, &all, 2, NOW, remember, &(uint32_t){0}), 2);
	assert_int_equal(nlb_flows_list(nlb, &all, 0, NOW, remember, &(uint32_t){0}), 0);
}

/* Their packets are refused already; the next pass takes the entries away, each by itself. */
static void the_flows_of_a_removed_target_are_deleted(void **state)
{
	struct nlb *nlb = lab_open();
	struct nlb_flow old = flow_of(NLB_FLOW_ESTABLISHED, 1);

	fill_target(nlb);
	put_flow(nlb, 1, flow_of(NLB_FLOW_ESTABLISHED, 1));
	put_pair(nlb, 2, NLB_FLOW_ESTABLISHED, 1, NLB_FLOW_ESTABLISHED, 1);
	put_reply(nlb, 3, NLB_FLOW_ESTABLISHED, 1);
	old.target = GONE;
	put_flow(nlb, 4, old);
	assert_int_equal(take_census(nlb)->flows, 2);
	assert_false(has_flow(nlb, 4));
	assert_int_equal(nlb_flow_census(nlb)->expired, 1);

	nlb->maps.targets[3].id = 0;
	assert_int_equal(take_census(nlb)->flows, 0);
	assert_false(has_flow(nlb, 1) || has_flow(nlb, 2) || has_reply(nlb, 2) ||
		     has_reply(nlb, 3));
	assert_int_equal(nlb_flow_census(nlb)->expired, 5);
}

/* ---- counters and words ---- */

static void counters_are_sums_over_cpus(void **state)
{
	struct nlb *nlb = lab_open();
	struct nlb_count counts[NLB_VERDICT_COUNT];
	uint64_t *values = nlb->maps.percpu_values, cpus = (uint64_t)nlb->maps.cpus, i, sum = 0;
	uint32_t index = NLB_FORWARD_TX;

	for (i = 0; i < cpus; i++) {
		values[2 * i] = i + 1;
		values[2 * i + 1] = 1000;
		sum += i + 1;
	}
	assert_int_equal(
		bpf_map_update_elem(nlb->maps.fd[NLB_MAP_VERDICT_STATS], &index, values, 0), 0);
	assert_int_equal(nlb_read_verdicts(nlb, counts), 0);
	assert_int_equal(counts[NLB_FORWARD_TX].packets, sum);
	assert_int_equal(counts[NLB_FORWARD_TX].bytes, 1000 * cpus);
	assert_int_equal(counts[NLB_NO_TARGET].packets, 0);
	assert_int_equal(nlb_read_target(nlb, NLB_MAX_TARGETS, &(struct nlb_target_count){0}),
			 -ENOENT);
	assert_int_equal(nlb_read_listener(nlb, NLB_MAX_LISTENERS, &(struct nlb_listener_count){0}),
			 -ENOENT);
}

static void verdicts_and_states_have_words(void **state)
{
	unsigned i;

	for (i = 0; i < NLB_VERDICT_COUNT; i++) {
		assert_true(nlb_verdict_name((enum nlb_verdict)i)[0]);
		assert_true(nlb_verdict_help((enum nlb_verdict)i)[0]);
	}
	assert_string_equal(nlb_verdict_name(NLB_NOT_OURS), "not_ours");
	assert_string_equal(nlb_verdict_action(NLB_NOT_OURS), "PASS");
	assert_string_equal(nlb_verdict_name((enum nlb_verdict)9999), "unknown");
	assert_string_equal(nlb_flow_state_name(NLB_FLOW_TIME_WAIT), "time_wait");
	assert_string_equal(nlb_flow_state_name(7), "unknown");
	assert_string_equal(nlb_flow_state_name(8), "unknown");
	assert_string_equal(nlb_mode_name(NLB_MODE_GENERIC), "generic");
}

#define LAB_TEST(f) cmocka_unit_test_teardown(f, lab_clean)

static const struct CMUnitTest tests[] = {
	LAB_TEST(nothing_is_counted_before_the_first_pass),
	LAB_TEST(the_living_are_counted),
	LAB_TEST(the_flows_of_a_lost_source_end),
	LAB_TEST(a_pair_between_families_ends_as_one),
	LAB_TEST(every_state_expires_at_its_own_limit),
	LAB_TEST(an_entry_seen_after_now_lives),
	LAB_TEST(a_pair_lives_as_long_as_either_half),
	LAB_TEST(an_orphaned_reply_expires_alone),
	LAB_TEST(a_pass_goes_in_slices),
	LAB_TEST(flows_are_listed_by_filter),
	LAB_TEST(the_flows_of_a_removed_target_are_deleted),
	LAB_TEST(counters_are_sums_over_cpus),
	cmocka_unit_test(verdicts_and_states_have_words),
};

LAB_MAIN(tests)
