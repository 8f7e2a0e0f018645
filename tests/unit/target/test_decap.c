/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The programs of bpf/decap.bpf.c, as the kernel runs them, with packets as data: frame in, verdict,
 * frame out, at both hooks. For every packet: exactly one verdict is counted, with the frame's bytes; a
 * packet for the stack is untouched; a decapsulated one is the datagram inside, byte for byte, but for
 * ECN, behind the link header it came with.
 *
 * Runs in a network namespace of its own. Needs root; is skipped, with the reason, without.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/pkt_cls.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/base.h"
#include "frame.h"
#include "target/program.h"
#include "decap.skel.h"

/* Rows name what is not ordinary; the rest is 0. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

enum hook { XDP, TC };

static const char *const hook_names[] = {"xdp", "tc"};
static struct decap *programs;
static const char *missing;

/* ---- the maps ---- */

static void put_settings(uint32_t flags, uint16_t mss4, uint16_t mss6)
{
	struct decap_settings settings = {
		.flags = flags, .gue_port = htons(GUE_PORT), .mss4 = mss4, .mss6 = mss6};
	uint32_t zero = 0;

	inet_pton(AF_INET, OWN4, &settings.source4);
	inet_pton(AF_INET6, OWN6, settings.source6.bytes);
	assert_int_equal(bpf_map_update_elem(bpf_map__fd(programs->maps.decap_settings), &zero,
					     &settings, BPF_ANY),
			 0);
}

static void put_own(const char *text)
{
	struct decap_address key;
	struct addr addr;
	uint32_t nothing = 0;

	assert_int_equal(addr_parse(text, &addr, NULL), 0);
	addr_to_key(&addr, &key);
	assert_int_equal(bpf_map_update_elem(bpf_map__fd(programs->maps.decap_own), &key, &nothing,
					     BPF_ANY),
			 0);
}

static void put_vip(const char *text)
{
	struct decap_vip key;
	struct vip vip;
	uint32_t nothing = 0;

	assert_int_equal(vip_parse(text, &vip, NULL), 0);
	vip_to_key(&vip, &key);
	assert_int_equal(bpf_map_update_elem(bpf_map__fd(programs->maps.decap_vips), &key,
					     &nothing, BPF_ANY),
			 0);
}

static struct decap_count count_of(uint32_t verdict)
{
	struct decap_count of_cpu[256] = {{0}}, sum = {0};
	int cpus = libbpf_num_possible_cpus(), i;

	assert_in_range(cpus, 1, 256);
	assert_int_equal(bpf_map_lookup_elem(bpf_map__fd(programs->maps.decap_stats), &verdict,
					     of_cpu),
			 0);
	for (i = 0; i < cpus; i++) {
		sum.packets += of_cpu[i].packets;
		sum.bytes += of_cpu[i].bytes;
	}
	return sum;
}

/* ---- one packet ---- */

struct outcome {
	int verdict; /* -1: none was counted; -2: not exactly one */
	uint64_t bytes;
	int action;
	struct frame out;
};

static int run(struct bpf_program *program, const struct frame *in, struct frame *out)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = in->bytes, .data_size_in = (uint32_t)in->len,
		    .data_out = out->bytes, .data_size_out = sizeof(out->bytes), .repeat = 1);

	assert_int_equal(bpf_prog_test_run_opts(bpf_program__fd(program), &opts), 0);
	out->len = opts.data_size_out;
	return (int)opts.retval;
}

static void run_counted(struct bpf_program *program, const struct frame *in,
			struct outcome *outcome)
{
	struct decap_count before[DECAP_VERDICT_COUNT], now;
	uint32_t i;

	for (i = 0; i < DECAP_VERDICT_COUNT; i++)
		before[i] = count_of(i);
	outcome->verdict = -1;
	outcome->action = run(program, in, &outcome->out);
	for (i = 0; i < DECAP_VERDICT_COUNT; i++) {
		now = count_of(i);
		if (now.packets == before[i].packets)
			continue;
		outcome->bytes = now.bytes - before[i].bytes;
		outcome->verdict = outcome->verdict == -1 && now.packets == before[i].packets + 1 ?
					   (int)i :
					   -2;
	}
}

static void run_hook(enum hook hook, const struct frame *in, struct outcome *outcome)
{
	run_counted(hook == XDP ? programs->progs.decap_xdp : programs->progs.decap_tc, in, outcome);
}

static const char *verdict_name(int verdict)
{
	static const char *const names[] = {
#define X(id, name, action, help) [DECAP_##id] = name,
		DECAP_VERDICTS(X)
#undef X
	};

	return verdict < 0 ? "(not one)" : names[verdict];
}

static void print_frame(const char *what, const struct frame *frame)
{
	size_t i;

	fprintf(stderr, "%s %zu:", what, frame->len);
	for (i = 0; i < frame->len; i++)
		fprintf(stderr, "%s%02x", i % 4 ? "" : " ", frame->bytes[i]);
	fprintf(stderr, "\n");
}

static void expect_frame(const char *about, enum hook hook, const struct frame *expected,
			 const struct frame *seen)
{
	if (seen->len == expected->len && !memcmp(seen->bytes, expected->bytes, seen->len))
		return;
	print_frame("expected", expected);
	print_frame("seen    ", seen);
	fail_msg("%s (%s): another frame comes out", about, hook_names[hook]);
}

static void expect_verdict(const char *about, enum hook hook, int expected,
			   const struct outcome *outcome, const struct frame *in)
{
	if (outcome->verdict != expected)
		fail_msg("%s (%s): verdict is %s, not %s", about, hook_names[hook],
			 verdict_name(outcome->verdict), verdict_name(expected));
	assert_int_equal(outcome->bytes, in->len);
}

/* ---- packets as data ---- */

struct row {
	const char *about;
	struct outer_spec outer;
	struct inner_spec inner;
	int verdict;
	uint8_t tos; /* of a decapsulated one */
	int tags;    /* XDP only: tc has them beside the frame */
	int cut;     /* bytes of the frame's end */
	int pad;     /* bytes behind it */
};

#define V4 {.family = 4}
#define V6 {.family = 6}

static const struct row rows[] = {
	/* every kind */
	{"IPv4 in IPv4", V4, V4, DECAP_IP4_IN_IP4},
	{"IPv6 in IPv4", V4, V6, DECAP_IP6_IN_IP4},
	{"IPv4 in IPv6", V6, V4, DECAP_IP4_IN_IP6},
	{"IPv6 in IPv6", V6, V6, DECAP_IP6_IN_IP6},
	{"IPv4 in GUE over IPv4", {4, true}, V4, DECAP_IP4_IN_GUE4},
	{"IPv6 in GUE over IPv4", {4, true}, V6, DECAP_IP6_IN_GUE4},
	{"IPv4 in GUE over IPv6", {6, true}, V4, DECAP_IP4_IN_GUE6},
	{"IPv6 in GUE over IPv6", {6, true}, V6, DECAP_IP6_IN_GUE6},
	{"with an IPv4 alternate", {4, true, .alternate = 4}, V4, DECAP_IP4_IN_GUE4},
	{"with an IPv6 alternate", {4, true, .alternate = 6}, V4, DECAP_IP4_IN_GUE4},
	{"over IPv6 with an IPv4 alternate", {6, true, .alternate = 4}, V6, DECAP_IP6_IN_GUE6},
	{"over IPv6 with an IPv6 alternate", {6, true, .alternate = 6}, V4, DECAP_IP4_IN_GUE6},
	{"TCP", V4, {4, .is_tcp = true, .data = 100}, DECAP_IP4_IN_IP4},
	{"TCP in the other family", V6, {4, .is_tcp = true, .data = 100}, DECAP_IP4_IN_IP6},
	{"a UDP checksum is taken unseen", {4, true, .udp_checksum = 0xbeef}, V4, DECAP_IP4_IN_GUE4},
	{"a VIP inside a prefix", V4, {4, .to = "203.0.114.77"}, DECAP_IP4_IN_IP4},
	{"an IPv6 VIP inside a prefix", V4, {6, .to = "2001:db8:20::abc"}, DECAP_IP6_IN_IP4},
	{"a fragment inside is the stack's to join", V4, {4, .fragment = 0x2000}, DECAP_IP4_IN_IP4},

	/* lengths and options */
	{"outer IPv4 options", {4, .options = 8}, V4, DECAP_IP4_IN_IP4},
	{"outer destination options (encapsulation limit)", {6, .options = 8}, V6, DECAP_IP6_IN_IP6},
	{"outer destination options before GUE", {6, true, .options = 8}, V4, DECAP_IP4_IN_GUE6},
	{"padding behind the datagram", V4, V4, DECAP_IP4_IN_IP4, .pad = 6},
	{"the smallest datagram in the other family", V6, {4, .data = 0}, DECAP_IP4_IN_IP6},
	{"39 bytes in IPv6", V6, {4, .data = 11}, DECAP_IP4_IN_IP6},
	{"40 bytes in IPv6", V6, {4, .data = 12}, DECAP_IP4_IN_IP6},
	{"the outer length is longer than the frame", {4, .longer = 1}, V4, DECAP_OUTER_BAD},
	{"the outer length is longer than the frame, IPv6", {6, .longer = 1}, V4, DECAP_OUTER_BAD},
	{"cut inside the outer datagram", V4, V4, DECAP_OUTER_BAD, .cut = 1},
	{"the UDP length is longer than the datagram", {4, true, .udp_longer = 1}, V4, DECAP_OUTER_BAD},
	{"the inner length is longer than the outer", V4, {4, .longer = 1}, DECAP_INNER_BAD},
	{"the inner length is longer than the outer, IPv6", V4, {6, .longer = 1}, DECAP_INNER_BAD},
	{"the inner length is longer than UDP's", {6, true}, {6, .longer = 1}, DECAP_INNER_BAD},
	{"inner version 5", V4, {4, .version = 5}, DECAP_INNER_BAD},
	{"inner version 4 as IPv6", V4, {6, .version = 4}, DECAP_INNER_BAD},

	/* whose it is */
	{"no encapsulation", {0}, V4, DECAP_PASSED},
	{"no encapsulation, IPv6", {0}, V6, DECAP_PASSED},
	{"UDP to another port", {4, true, .port = 6081}, V4, DECAP_PASSED},
	{"to another host", {4, .to = "10.9.1.99"}, V4, DECAP_NOT_OUR_ADDRESS},
	{"to another host, IPv6", {6, true, .to = "fd09:1::99"}, V4, DECAP_NOT_OUR_ADDRESS},
	{"to a VIP", {4, .to = VIP4}, V4, DECAP_NOT_OUR_ADDRESS},
	{"for no VIP of ours", V4, {4, .to = "203.0.113.11"}, DECAP_NOT_OUR_VIP},
	{"for no VIP of ours, IPv6", {6, true}, {6, .to = "2001:db8:10::11"}, DECAP_NOT_OUR_VIP},
	{"for the host itself", V4, {4, .to = OWN4}, DECAP_NOT_OUR_VIP},
	{"a first outer fragment", {4, .fragment = 0x2000}, V4, DECAP_OUTER_FRAGMENT},
	{"a later outer fragment", {4, .fragment = 0x0010}, V4, DECAP_OUTER_FRAGMENT},
	{"a first outer fragment of GUE", {4, true, .fragment = 0x2000}, V4, DECAP_OUTER_FRAGMENT},
	{"a later fragment of UDP has no port", {4, true, .fragment = 0x0010}, V4, DECAP_PASSED},
	{"an outer IPv6 fragment", {6, .fragment = 1}, V4, DECAP_OUTER_FRAGMENT},

	/* GUE that isn't ours */
	{"variant 1", {4, true, .gue_first = 0x40}, V4, DECAP_GUE_UNKNOWN},
	{"a control message", {4, true, .gue_first = 0x20}, V4, DECAP_GUE_UNKNOWN},
	{"flags", {4, true, .gue_flags = 0x8000}, V4, DECAP_GUE_UNKNOWN},
	{"unknown content", {4, true, .gue_proto = 47}, V4, DECAP_GUE_UNKNOWN},
	{"a private length of none of ours", {4, true, .alternate = 6, .gue_first = 3}, V4, DECAP_GUE_UNKNOWN},
	{"a private type of none of ours", {4, true, .alternate = 4, .private_type = 2}, V4, DECAP_GUE_UNKNOWN},
	{"family and length disagree", {4, true, .alternate = 4, .private_family = 6}, V4, DECAP_GUE_UNKNOWN},
	{"a header longer than the datagram", {4, true, .gue_first = 31}, V4, DECAP_OUTER_BAD},

	/* TTL (RFC 2003 3.1) */
	{"TTL 0 inside", V4, {4, .dead = true}, DECAP_TTL_EXPIRED},
	{"hop limit 0 inside", {6, true}, {6, .dead = true}, DECAP_TTL_EXPIRED},

	/* ECN (RFC 6040 figure 4): outer over inner; DSCP of the inner stays */
	{"Not-ECT over Not-ECT", {4, .tos = 0xb8}, {4, .tos = 0x20}, DECAP_IP4_IN_IP4, .tos = 0x20},
	{"ECT(0) over Not-ECT", {4, .tos = 2}, {4, .tos = 0x20}, DECAP_IP4_IN_IP4, .tos = 0x20},
	{"ECT(1) over Not-ECT", {4, .tos = 1}, {4, .tos = 0}, DECAP_IP4_IN_IP4, .tos = 0},
	{"CE over Not-ECT", {4, .tos = 3}, {4, .tos = 0x20}, DECAP_ECN_DROPPED},
	{"CE over Not-ECT, IPv6", {6, .tos = 3}, {6, .tos = 0x20}, DECAP_ECN_DROPPED},
	{"Not-ECT over ECT(0)", {4, .tos = 0}, {4, .tos = 2}, DECAP_IP4_IN_IP4, .tos = 2},
	{"ECT(1) over ECT(0)", {4, .tos = 1}, {4, .tos = 2}, DECAP_IP4_IN_IP4, .tos = 1},
	{"CE over ECT(0)", {4, .tos = 3}, {4, .tos = 0x2a}, DECAP_IP4_IN_IP4, .tos = 0x2b},
	{"CE over ECT(1)", {4, .tos = 3}, {4, .tos = 1}, DECAP_IP4_IN_IP4, .tos = 3},
	{"ECT(0) over ECT(1)", {4, .tos = 2}, {4, .tos = 1}, DECAP_IP4_IN_IP4, .tos = 1},
	{"Not-ECT over CE", {4, .tos = 0}, {4, .tos = 3}, DECAP_IP4_IN_IP4, .tos = 3},
	{"CE over CE", {4, .tos = 3}, {4, .tos = 3}, DECAP_IP4_IN_IP4, .tos = 3},
	{"CE of IPv6 over ECT(0) of IPv4", {6, .tos = 0xff}, {4, .tos = 0x6a}, DECAP_IP4_IN_IP6, .tos = 0x6b},
	{"CE of IPv4 over ECT(0) of IPv6", {4, true, .tos = 3}, {6, .tos = 0x6a}, DECAP_IP6_IN_GUE4, .tos = 0x6b},
	{"CE of IPv6 over ECT(1) of IPv6", {6, true, .tos = 3}, {6, .tos = 0xfd}, DECAP_IP6_IN_GUE6, .tos = 0xff},

	/* tags stay */
	{"one tag", V4, V4, DECAP_IP4_IN_IP4, .tags = 1},
	{"one tag, another family", {6, true}, V4, DECAP_IP4_IN_GUE6, .tags = 1},
	{"two tags", {4, true, .alternate = 4}, V6, DECAP_IP6_IN_GUE4, .tags = 2},
};

static bool is_decapsulated(int verdict)
{
	return (verdict >= DECAP_IP4_IN_IP4 && verdict <= DECAP_IP6_IN_GUE6) ||
	       verdict == DECAP_UNKNOWN_CONNECTION;
}

static bool is_dropped(int verdict)
{
	return verdict == DECAP_ECN_DROPPED || verdict == DECAP_TTL_EXPIRED;
}

static int expected_action(enum hook hook, const struct row *row)
{
	if (hook == XDP)
		return is_dropped(row->verdict) ? XDP_DROP : XDP_PASS;
	if (is_dropped(row->verdict))
		return TC_ACT_SHOT;
	if (is_decapsulated(row->verdict) && row->outer.family != row->inner.family)
		return TC_ACT_REDIRECT;
	return TC_ACT_UNSPEC;
}

/* As it must come out: link header, the datagram with its ECN, what stood behind it. tc pads a datagram
 * that is shorter than the header that the kernel believes it to have. */
static void make_expected(enum hook hook, const struct row *row, const struct frame *in,
			  struct frame *out)
{
	static const struct outer_spec none = {0};
	struct inner_spec inner = row->inner;

	*out = *in;
	if (!is_decapsulated(row->verdict))
		return;
	inner.tos = row->tos ? row->tos : row->inner.tos;
	frame_make(out, row->tags, &none, &inner);
	frame_put(out, (size_t)row->pad);
	if (hook == TC && row->outer.family == 6 && out->len < 14 + 40)
		frame_put(out, 14 + 40 - out->len);
}

static void check_row(enum hook hook, const struct row *row)
{
	struct outcome outcome;
	struct frame in, expected;

	frame_make(&in, row->tags, &row->outer, &row->inner);
	in.len -= (size_t)row->cut;
	frame_put(&in, (size_t)row->pad);
	run_hook(hook, &in, &outcome);
	expect_verdict(row->about, hook, row->verdict, &outcome, &in);
	assert_int_equal(outcome.action, expected_action(hook, row));
	make_expected(hook, row, &in, &expected);
	if (!is_dropped(row->verdict))
		expect_frame(row->about, hook, &expected, &outcome.out);
}

static void test_packets_at_xdp(void **state)
{
	put_settings(0, 0, 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		check_row(XDP, &rows[i]);
}

static void test_packets_at_tc(void **state)
{
	put_settings(0, 0, 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (!rows[i].tags)
			check_row(TC, &rows[i]);
}

/* Whatever is cut off or damaged: one verdict, never the kernel's refusal, and a packet for the stack is
 * as it came. */
static void test_damage(void **state)
{
	struct outcome outcome;
	struct frame in, whole;
	size_t i, len, at;

	put_settings(0, 0, 0);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		frame_make(&whole, rows[i].tags, &rows[i].outer, &rows[i].inner);
		for (len = 34; len < whole.len; len += 3) {
			in = whole;
			in.len = len;
			run_hook(XDP, &in, &outcome);
			assert_in_range(outcome.verdict, DECAP_PASSED, DECAP_INNER_BAD);
			expect_frame(rows[i].about, XDP, &in, &outcome.out);
		}
		for (at = 14; at < whole.len; at += 5) {
			in = whole;
			in.bytes[at] ^= 0xff;
			run_hook(XDP, &in, &outcome);
			assert_in_range(outcome.verdict, DECAP_IP4_IN_IP4, DECAP_TTL_EXPIRED);
			run_hook(TC, &in, &outcome);
			assert_in_range(outcome.verdict, DECAP_IP4_IN_IP4, DECAP_TTL_EXPIRED);
		}
	}
}

/* What GRO made one of several GUE packets can't be taken apart: the stack's, as it came. */
static void test_merged(void **state)
{
	static const struct outer_spec outer = {4, true};
	static const struct inner_spec inner = {4, .data = 100};
	struct __sk_buff skb = {.gso_size = 60, .gso_segs = 2};
	uint64_t before = count_of(DECAP_MERGED).packets;
	struct frame in, out;

	put_settings(0, 0, 0);
	frame_make(&in, 0, &outer, &inner);
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = in.bytes, .data_size_in = (uint32_t)in.len,
		    .data_out = out.bytes, .data_size_out = sizeof(out.bytes), .repeat = 1,
		    .ctx_in = &skb, .ctx_size_in = sizeof(skb));
	assert_int_equal(bpf_prog_test_run_opts(bpf_program__fd(programs->progs.decap_tc), &opts), 0);
	out.len = opts.data_size_out;
	assert_int_equal((int)opts.retval, TC_ACT_UNSPEC);
	assert_int_equal(count_of(DECAP_MERGED).packets, before + 1);
	expect_frame("merged", TC, &in, &out);
}

/* ---- second hop ---- */

struct hop_row {
	const char *about;
	struct outer_spec outer;
	int verdict;
};

static const struct hop_row hops[] = {
	{"IPv4 to IPv4", {4, true, .alternate = 4}, DECAP_SECOND_HOP_FORWARDED},
	{"IPv4 to IPv6", {4, true, .alternate = 6}, DECAP_SECOND_HOP_FORWARDED},
	{"IPv6 to IPv4", {6, true, .alternate = 4}, DECAP_SECOND_HOP_FORWARDED},
	{"IPv6 to IPv6", {6, true, .alternate = 6}, DECAP_SECOND_HOP_FORWARDED},
	{"the outer marks go on", {4, true, .alternate = 4, .tos = 0xbb}, DECAP_SECOND_HOP_FORWARDED},
	{"the outer marks go on, IPv4 to IPv6", {4, true, .alternate = 6, .tos = 0xbb}, DECAP_SECOND_HOP_FORWARDED},
	{"outer options do not", {4, true, .alternate = 4, .options = 8}, DECAP_SECOND_HOP_FORWARDED},
	{"no alternate", {4, true}, DECAP_UNKNOWN_CONNECTION},
	{"no alternate in IPIP", {4}, DECAP_UNKNOWN_CONNECTION},
	{"the alternate is this host", {4, true, .alternate = 4, .alternate_is = OWN4}, DECAP_UNKNOWN_CONNECTION},
	{"the alternate is this host, IPv6", {4, true, .alternate = 6, .alternate_is = OWN6}, DECAP_UNKNOWN_CONNECTION},
	{"the alternate is a group", {4, true, .alternate = 4, .alternate_is = "224.0.0.1"}, DECAP_UNKNOWN_CONNECTION},
	{"the alternate is loopback", {4, true, .alternate = 4, .alternate_is = "127.0.0.1"}, DECAP_UNKNOWN_CONNECTION},
	{"the alternate is IPv6's loopback", {4, true, .alternate = 6, .alternate_is = "::1"}, DECAP_UNKNOWN_CONNECTION},
	{"the alternate is link-local", {4, true, .alternate = 6, .alternate_is = "fe80::1"}, DECAP_UNKNOWN_CONNECTION},
};

static const char *own_of(int family)
{
	return family == 4 ? OWN4 : OWN6;
}

static void expect_forwarded(const struct hop_row *row, const struct inner_spec *inner,
			     const struct outcome *outcome)
{
	struct outer_spec outer = {
		.family = row->outer.alternate,
		.gue = true,
		.tos = row->outer.tos,
		.from = own_of(row->outer.alternate),
		.to = row->outer.alternate == 4 ? ALTERNATE4 : ALTERNATE6,
		.fragment = row->outer.alternate == 4 ? 0x4000 : 0, /* DF */
	};
	struct frame expected;

	assert_int_equal(outcome->action, TC_ACT_REDIRECT);
	frame_make(&expected, 0, &outer, inner);
	/* the kernel writes the link header when it sends */
	memcpy(expected.bytes, outcome->out.bytes, 14);
	expect_frame(row->about, TC, &expected, &outcome->out);
}

/* A mid-flow segment without a socket. XDP leaves what is to go on to tc, uncounted and as it came. */
static void check_hop(const struct hop_row *row, int inner_family)
{
	struct inner_spec inner = {inner_family, .is_tcp = true, .flags = 0x18, .data = 33};
	struct outcome outcome;
	struct frame in;

	frame_make(&in, 0, &row->outer, &inner);
	run_hook(TC, &in, &outcome);
	expect_verdict(row->about, TC, row->verdict, &outcome, &in);
	if (row->verdict == DECAP_SECOND_HOP_FORWARDED)
		expect_forwarded(row, &inner, &outcome);
	run_hook(XDP, &in, &outcome);
	if (row->verdict != DECAP_SECOND_HOP_FORWARDED) {
		expect_verdict(row->about, XDP, row->verdict, &outcome, &in);
		return;
	}
	assert_int_equal(outcome.verdict, -1);
	assert_int_equal(outcome.action, XDP_PASS);
	expect_frame(row->about, XDP, &in, &outcome.out);
}

static void test_second_hop(void **state)
{
	put_settings(DECAP_SECOND_HOP, 0, 0);
	for (size_t i = 0; i < ARRAY_SIZE(hops); i++) {
		check_hop(&hops[i], 4);
		check_hop(&hops[i], 6);
	}
}

static int verdict_of(enum hook hook, const struct inner_spec *inner)
{
	static const struct outer_spec outer = {4, true, .alternate = 4};
	struct outcome outcome;
	struct frame in;

	frame_make(&in, 0, &outer, inner);
	run_hook(hook, &in, &outcome);
	return outcome.verdict;
}

static void test_second_hop_is_off(void **state)
{
	struct inner_spec inner = {4, .is_tcp = true, .flags = 0x10};

	put_settings(0, 0, 0);
	assert_int_equal(verdict_of(TC, &inner), DECAP_IP4_IN_GUE4);
	assert_int_equal(verdict_of(XDP, &inner), DECAP_IP4_IN_GUE4);
}

/* Never sent on: SYN, UDP, fragments. */
static void test_second_hop_only_mid_flow(void **state)
{
	static const struct inner_spec stays[] = {
		{4, .is_tcp = true, .flags = 0x02},
		{4},
		{4, .is_tcp = true, .flags = 0x10, .fragment = 0x2000},
	};
	static const uint8_t goes[] = {0x10, 0x04, 0x11, 0x18};
	struct inner_spec inner = {4, .is_tcp = true};

	put_settings(DECAP_SECOND_HOP, 0, 0);
	for (size_t i = 0; i < ARRAY_SIZE(stays); i++)
		assert_int_equal(verdict_of(TC, &stays[i]), DECAP_IP4_IN_GUE4);
	for (size_t i = 0; i < ARRAY_SIZE(goes); i++) {
		inner.flags = goes[i];
		assert_int_equal(verdict_of(TC, &inner), DECAP_SECOND_HOP_FORWARDED);
	}
}

/* ---- sockets ---- */

static void run_command(const char *command)
{
	if (system(command))
		fail_msg("'%s' failed", command);
}

static int listen_on_vip(int family, const char *vip, struct sockaddr_storage *ss, socklen_t *len)
{
	int fd = socket(family, SOCK_STREAM, 0), one = 1;
	struct addr addr;

	assert_true(fd >= 0);
	assert_int_equal(addr_parse(vip, &addr, NULL), 0);
	*len = addr_to_sockaddr(&addr, 8080, ss);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	assert_int_equal(bind(fd, (struct sockaddr *)ss, *len), 0);
	assert_int_equal(listen(fd, 16), 0);
	return fd;
}

static void check_sockets(int family, const char *vip)
{
	struct inner_spec inner = {family == AF_INET ? 4 : 6, .is_tcp = true, .flags = 0x10,
				   .from = vip, .to = vip, .dport = 8080};
	int known = family == AF_INET ? DECAP_IP4_IN_GUE4 : DECAP_IP6_IN_GUE4;
	struct sockaddr_storage ss;
	int listener, fd;
	socklen_t len;
	struct addr addr;

	listener = listen_on_vip(family, vip, &ss, &len);
	fd = socket(family, SOCK_STREAM, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&ss, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&ss, &len), 0);
	assert_true(addr_from_sockaddr((struct sockaddr *)&ss, &addr, &inner.sport));
	assert_int_equal(verdict_of(TC, &inner), known);
	assert_int_equal(verdict_of(XDP, &inner), known);
	/* another client, the same listener */
	inner.sport++;
	assert_int_equal(verdict_of(TC, &inner), DECAP_SECOND_HOP_FORWARDED);
	close(fd);
	close(listener);
}

static void test_sockets(void **state)
{
	put_settings(DECAP_SECOND_HOP, 0, 0);
	check_sockets(AF_INET, VIP4);
	check_sockets(AF_INET6, VIP6);
}

/* Sends a SYN from a client that does not exist, by loopback; returns the cookie in the answer. */
static uint32_t take_cookie(struct inner_spec *syn)
{
	struct sockaddr_ll lo = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP)};
	struct sockaddr_in to = {.sin_family = AF_INET};
	struct timeval second = {.tv_sec = 2};
	int capture = socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_IP)), raw, len;
	struct frame frame = {.len = 0};
	uint8_t seen[256];
	uint32_t cookie;

	lo.sll_ifindex = (int)if_nametoindex("lo");
	assert_int_equal(bind(capture, (struct sockaddr *)&lo, sizeof(lo)), 0);
	setsockopt(capture, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof(second));
	raw = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
	assert_true(raw >= 0);
	frame_inner(&frame, syn);
	{ /* TCP's checksum, with the pseudo header in front */
		uint8_t sum[12 + 20];

		memcpy(sum, frame.bytes + 12, 8);
		put16(sum + 8, 6);
		put16(sum + 10, 20);
		memcpy(sum + 12, frame.bytes + 20, 20);
		put16(frame.bytes + 36, frame_sum(sum, sizeof(sum)));
	}
	inet_pton(AF_INET, VIP4, &to.sin_addr);
	assert_int_equal(sendto(raw, frame.bytes, frame.len, 0, (struct sockaddr *)&to, sizeof(to)),
			 frame.len);
	do {
		len = (int)recv(capture, seen, sizeof(seen), 0);
		assert_true(len > 0);
	} while (len < 40 || seen[9] != 6 || seen[33] != 0x12);
	memcpy(&cookie, seen + 24, 4);
	close(capture);
	close(raw);
	return ntohl(cookie);
}

/* A connection that exists only as a cookie so far is this host's. */
static void test_syn_cookie(void **state)
{
	struct inner_spec inner = {4, .is_tcp = true, .flags = 0x02, .dport = 8080, .seq = 1000};
	struct sockaddr_storage ss;
	socklen_t len;
	int listener;
	uint32_t cookie;

	put_settings(DECAP_SECOND_HOP, 0, 0);
	run_command("echo 2 > /proc/sys/net/ipv4/tcp_syncookies");
	listener = listen_on_vip(AF_INET, VIP4, &ss, &len);
	cookie = take_cookie(&inner);
	inner.flags = 0x10;
	inner.seq = 1001;
	inner.ack = cookie + 1;
	assert_int_equal(verdict_of(TC, &inner), DECAP_IP4_IN_GUE4);
	assert_int_equal(verdict_of(XDP, &inner), DECAP_IP4_IN_GUE4);
	inner.ack = cookie + 77;
	assert_int_equal(verdict_of(TC, &inner), DECAP_SECOND_HOP_FORWARDED);
	close(listener);
}

/* ---- MSS ---- */

struct mss_row {
	const char *about;
	const char *from; /* NULL: the VIP */
	uint8_t flags;
	uint8_t options[12];
	uint8_t after[12]; /* all 0: untouched */
};

static const struct mss_row mss_rows[] = {
	{"SYN-ACK", NULL, 0x12, {2, 4, 0x05, 0xb4}, {2, 4, 0x05, 0x6c}},
	{"SYN", NULL, 0x02, {2, 4, 0x05, 0xb4, 1, 3, 3, 7}, {2, 4, 0x05, 0x6c, 1, 3, 3, 7}},
	{"behind other options", NULL, 0x12, {1, 1, 4, 2, 2, 4, 0x23, 0x28}, {1, 1, 4, 2, 2, 4, 0x05, 0x6c}},
	{"at an odd place", NULL, 0x12, {1, 2, 4, 0x23, 0x28, 1, 1, 1}, {1, 2, 4, 0x05, 0x6c, 1, 1, 1}},
	{"smaller already", NULL, 0x12, {2, 4, 0x05, 0x00}, {0}},
	{"no MSS", NULL, 0x12, {1, 1, 4, 2}, {0}},
	{"behind the end of options", NULL, 0x12, {0, 0, 0, 0, 2, 4, 0x05, 0xb4}, {0}},
	{"an option of length 0", NULL, 0x12, {8, 0, 0, 0, 2, 4, 0x05, 0xb4}, {0}},
	{"cut by the header's end", NULL, 0x12, {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 4}, {0}},
	{"not a SYN", NULL, 0x10, {2, 4, 0x05, 0xb4}, {0}},
	{"not from a VIP", "other", 0x12, {2, 4, 0x05, 0xb4}, {0}},
};

static uint16_t tcp_sum(const struct frame *frame, int family)
{
	const uint8_t *ip = frame->bytes + 14;
	size_t header = family == 4 ? 20 : 40, len = frame->len - 14 - header;
	size_t from = family == 4 ? 12 : 8, addresses = family == 4 ? 8 : 32;
	uint8_t sum[64 + 64] = {0};

	memcpy(sum, ip + from, addresses);
	put16(sum + addresses, 6);
	put16(sum + addresses + 2, (unsigned)len);
	memcpy(sum + addresses + 4, ip + header, len);
	return frame_sum(sum, addresses + 4 + len);
}

/* A segment with options, and a right checksum. */
static void make_segment(const struct mss_row *row, int family, const uint8_t options[12],
			 struct frame *frame)
{
	const char *vip = family == 4 ? VIP4 : VIP6, *other = family == 4 ? OWN4 : OWN6;
	struct inner_spec inner = {family, .is_tcp = true, .flags = row->flags, .data = 12,
				   .from = row->from ? other : vip,
				   .to = family == 4 ? CLIENT4 : CLIENT6};
	static const struct outer_spec none = {0};
	uint8_t *tcp;

	frame_make(frame, 0, &none, &inner);
	tcp = frame->bytes + 14 + (family == 4 ? 20 : 40);
	tcp[12] = 0x80;
	memcpy(tcp + 20, options, 12);
	put16(tcp + 16, tcp_sum(frame, family));
}

static void check_mss(const struct mss_row *row, int family)
{
	static const uint8_t nothing[12];
	bool is_clamped = memcmp(row->after, nothing, 12) != 0;
	struct outcome outcome;
	struct frame in, expected;

	make_segment(row, family, row->options, &in);
	make_segment(row, family, is_clamped ? row->after : row->options, &expected);
	run_counted(programs->progs.decap_mss, &in, &outcome);
	assert_int_equal(outcome.action, TC_ACT_UNSPEC);
	if (outcome.verdict != (is_clamped ? DECAP_MSS_CLAMPED : -1))
		fail_msg("%s: %s", row->about, verdict_name(outcome.verdict));
	expect_frame(row->about, TC, &expected, &outcome.out);
}

static void test_mss(void **state)
{
	put_settings(0, 1388, 1388);
	for (size_t i = 0; i < ARRAY_SIZE(mss_rows); i++) {
		check_mss(&mss_rows[i], 4);
		check_mss(&mss_rows[i], 6);
	}
}

static void test_mss_is_off(void **state)
{
	struct outcome outcome;
	struct frame in;

	put_settings(0, 0, 0);
	make_segment(&mss_rows[0], 4, mss_rows[0].options, &in);
	run_counted(programs->progs.decap_mss, &in, &outcome);
	assert_int_equal(outcome.verdict, -1);
	expect_frame("MSS is off", TC, &in, &outcome.out);
}

/* ---- the place ---- */

static const char *begin(void)
{
	if (geteuid() != 0)
		return "not root";
	if (unshare(CLONE_NEWNET))
		return "no network namespace of its own";
	if (system("ip link set lo up && ip addr add " VIP4 "/32 dev lo && ip addr add " VIP6
		   "/128 dev lo nodad && ip route add default dev lo"))
		return "no addresses on lo";
	programs = decap__open_and_load();
	return programs ? NULL : "the kernel does not take the programs";
}

static int fill(void **state)
{
	put_own(OWN4);
	put_own(OWN6);
	put_vip(VIP4);
	put_vip(VIP6);
	put_vip("203.0.114.0/24");
	put_vip("2001:db8:20::/48");
	return 0;
}

static int finish(void **state)
{
	decap__destroy(programs);
	return 0;
}

static void needs_a_place(void **state)
{
	print_message("skipped: %s\n", missing);
	skip();
}

int main(void)
{
	const struct CMUnitTest none[] = {cmocka_unit_test(needs_a_place)};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_packets_at_xdp),
		cmocka_unit_test(test_packets_at_tc),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_merged),
		cmocka_unit_test(test_second_hop),
		cmocka_unit_test(test_second_hop_is_off),
		cmocka_unit_test(test_second_hop_only_mid_flow),
		cmocka_unit_test(test_sockets),
		cmocka_unit_test(test_syn_cookie),
		cmocka_unit_test(test_mss),
		cmocka_unit_test(test_mss_is_off),
	};

	missing = begin();
	/* a kernel that refuses the programs is no reason to skip */
	if (missing && strcmp(missing, "the kernel does not take the programs"))
		return cmocka_run_group_tests(none, NULL, NULL);
	if (missing)
		return 1;
	return cmocka_run_group_tests(tests, fill, finish);
}
