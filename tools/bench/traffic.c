// SPDX-License-Identifier: BSD-2-Clause
#include "traffic.h"

#include <err.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tables.h"

#define NSEC_PER_SEC 1000000000ull
/* Entries of both directions meet when the last time is 2 whole seconds ago (bpf/config.h). */
#define SYNC_S 2
#define SAMPLE 64 /* packets of a peer that are looked at */

/* ---- time ---- */

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * NSEC_PER_SEC + (uint64_t)t.tv_nsec;
}

static void sleep_until(uint64_t ns)
{
	struct timespec t = {.tv_sec = (time_t)(ns / NSEC_PER_SEC),
			     .tv_nsec = (long)(ns % NSEC_PER_SEC)};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL))
		;
}

/* ---- the table of packets ---- */

static uint64_t random_next(uint64_t *state)
{
	*state = *state * 6364136223846793005ull + 1442695040888963407ull;
	return *state >> 33;
}

static void shuffle(struct traffic_state *state, uint32_t count)
{
	uint64_t seed = 1;
	uint32_t i, k, kept;

	if (state->order_count == count)
		return;
	free(state->order);
	state->order = calloc(count, sizeof(*state->order));
	if (!state->order)
		err(1, "no memory");
	state->order_count = count;
	for (i = 0; i < count; i++)
		state->order[i] = i;
	for (i = count - 1; i > 0; i--) {
		k = (uint32_t)(random_next(&seed) % (i + 1));
		kept = state->order[i];
		state->order[i] = state->order[k];
		state->order[k] = kept;
	}
}

static void client_packet(const struct bench_case *c, uint32_t flow, uint8_t tcp_flags,
			  struct frame_spec *spec)
{
	world_client_packet(spec, &c->world, flow, c->kind->protocol, tcp_flags);
}

static void fill_from_clients(struct rig *rig, const struct bench_case *c,
			      const struct traffic_state *state, uint8_t tcp_flags)
{
	struct frame_spec spec;
	uint32_t i;

	for (i = 0; i < c->flows; i++) {
		client_packet(c, state->order[i], tcp_flags, &spec);
		frame_build(&rig->frames[i], &spec);
	}
}

/* Answers to what went to the targets, which is in the table of outputs. */
static void fill_from_targets(struct rig *rig, const struct bench_case *c, uint8_t tcp_flags)
{
	struct frame_spec got, answer;
	uint32_t i;

	for (i = 0; i < c->flows; i++) {
		frame_read(&rig->outputs[i], &got);
		world_answer(&answer, &got, tcp_flags);
		frame_build(&rig->frames[i], &answer);
	}
}

static void fill_new(struct rig *rig, const struct bench_case *c, struct traffic_state *state,
		     uint32_t count, uint8_t tcp_flags)
{
	struct frame_spec spec;
	uint32_t i;

	for (i = 0; i < count; i++) {
		client_packet(c, state->next_flow++, tcp_flags, &spec);
		frame_build(&rig->frames[i], &spec);
	}
}

/* ---- passes: the program runs over the table once ---- */

static void pass(struct rig *rig, int subject, const struct bench_case *c, uint32_t count,
		 bool captures)
{
	const struct rig_job job = {
		.frames = count,
		.packets = count,
		.frame_bytes = frame_bytes(c->world.family),
		.captures = captures,
	};

	rig_run(rig, subject, &job);
}

static void refuse(const struct bench_case *c, uint32_t i, const char *what)
{
	errx(1, "%s, IPv%u, %u flows: packet %u: %s", c->kind->name, c->world.family, c->flows, i,
	     what);
}

/* The frame and what became of it. */
static void read_pair(struct rig *rig, const struct bench_case *c, uint32_t i,
		      struct frame_spec *in, struct frame_spec *out)
{
	frame_read(&rig->frames[i], in);
	if (!frame_read(&rig->outputs[i], out))
		refuse(c, i, "left with a wrong length or checksum");
}

static void pass_counted(struct rig *rig, const struct bench_case *c, uint32_t count,
			 enum nlb_verdict verdict)
{
	uint64_t before = rig_verdict(rig, verdict);

	memset(rig->outputs, 0, count * sizeof(*rig->outputs));
	pass(rig, rig->leat, c, count, true);
	if (rig_verdict(rig, verdict) - before != count)
		refuse(c, 0, "not all packets came to the verdict of this case");
}

static void expect_forwards(struct rig *rig, const struct bench_case *c, uint32_t count)
{
	struct frame_spec in, out;
	uint32_t i;

	pass_counted(rig, c, count, NLB_FORWARD_TX);
	for (i = 0; i < count && world_is_encapsulating(&c->world); i++)
		if (!world_is_encapsulated(&c->world, &rig->frames[i], &rig->outputs[i]))
			refuse(c, i, "was not sent inside a packet to a target as it must be");
	for (i = 0; i < count && !world_is_encapsulating(&c->world); i++) {
		read_pair(rig, c, i, &in, &out);
		if (!world_is_forwarded(&c->world, &in, &out))
			refuse(c, i, "was not sent to a target as it must be");
	}
}

static void expect_answers(struct rig *rig, const struct bench_case *c,
			   const struct traffic_state *state)
{
	struct frame_spec client, in, out;
	uint32_t i;

	pass_counted(rig, c, c->flows, NLB_REPLY_TX);
	for (i = 0; i < c->flows; i++) {
		client_packet(c, state->order[i], 0, &client);
		read_pair(rig, c, i, &in, &out);
		if (!world_is_answered(&client, &in, &out))
			refuse(c, i, "is no answer to its client");
	}
}

/* ---- flows come to life ---- */

static void open_nat(struct rig *rig, const struct bench_case *c, const struct traffic_state *state)
{
	fill_from_clients(rig, c, state, FRAME_SYN);
	expect_forwards(rig, c, c->flows);
	fill_from_targets(rig, c, FRAME_SYN | FRAME_ACK);
	expect_answers(rig, c, state);
	fill_from_clients(rig, c, state, FRAME_ACK);
	expect_forwards(rig, c, c->flows);
	if (c->kind->traffic == TRAFFIC_ANSWER) {
		fill_from_targets(rig, c, FRAME_ACK);
		expect_answers(rig, c, state);
	}
}

static void open_l2(struct rig *rig, const struct bench_case *c, const struct traffic_state *state)
{
	uint8_t tcp_flags = c->kind->traffic == TRAFFIC_NEW ? FRAME_ACK : c->kind->tcp_flags;

	fill_from_clients(rig, c, state, tcp_flags);
	expect_forwards(rig, c, c->flows);
	pass(rig, rig->leat, c, c->flows, false);
}

/* Flows that nobody sends to again, `count` at least, into everybody's tables. */
static void fill_tables(struct rig *rig, const struct bench_case *c, struct traffic_state *state,
			uint32_t count)
{
	uint32_t done;
	int i;

	for (done = 0; done < count; done += BENCH_FRAMES_MAX) {
		fill_new(rig, c, state, BENCH_FRAMES_MAX, c->kind->tcp_flags);
		for (i = 0; i < rig->subject_count; i++)
			if (i == rig->leat || rig->subjects[i].kind == SUBJECT_PEER)
				pass(rig, i, c, BENCH_FRAMES_MAX, false);
	}
}

void traffic_age(struct rig *rig, const struct bench_case *c, struct traffic_state *state)
{
	int i;

	world_seed(rig, &c->world);
	fill_tables(rig, c, state, rig->table);
	world_forget_flows(rig);
	for (i = 0; i < rig->subject_count; i++)
		if (rig->subjects[i].kind == SUBJECT_PEER)
			tables_empty_lru(rig->subjects[i].programs[0]);
}

static bool is_nat(const struct bench_case *c)
{
	return c->kind->forwarding == NLB_FORWARD_NAT;
}

/* Begins with a second, and late enough for every entry to be due: all of them say the same second
 * then. */
static void refresh(struct rig *rig, const struct bench_case *c, struct traffic_state *state)
{
	uint64_t second = now_ns() / NSEC_PER_SEC + 1;
	uint64_t due = state->refreshed_ns / NSEC_PER_SEC + SYNC_S + 1;

	state->refreshed_ns = (second > due ? second : due) * NSEC_PER_SEC;
	sleep_until(state->refreshed_ns);
	pass(rig, rig->leat, c, c->flows, false);
}

static bool needs_refresh(const struct bench_case *c)
{
	return is_nat(c) && c->kind->traffic != TRAFFIC_NEW && !c->kind->is_resync;
}

void traffic_keep_fresh(struct rig *rig, const struct bench_case *c, struct traffic_state *state)
{
	if (needs_refresh(c) &&
	    now_ns() > state->refreshed_ns + SYNC_S * NSEC_PER_SEC - NSEC_PER_SEC / 8)
		refresh(rig, c, state);
}

void traffic_renew(struct rig *rig, const struct bench_case *c, struct traffic_state *state,
		   uint32_t batch)
{
	if (c->kind->traffic == TRAFFIC_NEW)
		fill_new(rig, c, state, batch, c->kind->tcp_flags);
}

void traffic_prepare(struct rig *rig, const struct bench_case *c, struct traffic_state *state,
		     uint32_t batch)
{
	shuffle(state, c->flows);
	world_seed(rig, &c->world);
	state->next_flow = c->flows;
	if (is_nat(c))
		open_nat(rig, c, state);
	else
		open_l2(rig, c, state);
	state->refreshed_ns = now_ns();
	if (c->kind->is_resync)
		sleep_until(state->refreshed_ns + (SYNC_S + 1) * NSEC_PER_SEC);
	if (needs_refresh(c))
		refresh(rig, c, state);
	if (c->kind->traffic != TRAFFIC_NEW)
		return;
	if (c->kind->is_table_full)
		fill_tables(rig, c, state, 2 * rig->table); /* it evicts before it is full */
	traffic_renew(rig, c, state, batch);
	expect_forwards(rig, c, batch);
}

/* ---- peers ---- */

static bool has_left(uint32_t action)
{
	return action == XDP_TX || action == XDP_REDIRECT;
}

static void look(struct rig *rig, int subject, const struct bench_case *c, uint32_t i,
		 struct traffic_peer *seen)
{
	const struct rig_job job = {.first = i,
				    .frames = c->flows,
				    .packets = 1,
				    .frame_bytes = frame_bytes(c->world.family),
				    .captures = true};
	const struct bench_frame *in = &rig->frames[i], *out = &rig->outputs[i];

	seen->looked_at++;
	seen->left += has_left(rig_run(rig, subject, &job).action);
	seen->longer += out->bytes > in->bytes;
	seen->changed += memcmp(in->words, out->words, sizeof(in->words)) != 0;
}

struct traffic_peer traffic_show_peer(struct rig *rig, int subject, const struct bench_case *c,
				      struct traffic_state *state)
{
	struct traffic_peer seen = {0};
	uint32_t i;

	shuffle(state, c->flows);
	fill_from_clients(rig, c, state, FRAME_SYN);
	pass(rig, subject, c, c->flows, false);
	fill_from_clients(rig, c, state, c->kind->tcp_flags == FRAME_SYN ? FRAME_SYN : FRAME_ACK);
	pass(rig, subject, c, c->flows, false);
	for (i = 0; i < c->flows && i < SAMPLE; i++)
		look(rig, subject, c, i, &seen);
	return seen;
}

void traffic_free(struct traffic_state *state)
{
	free(state->order);
	*state = (struct traffic_state){0};
}
