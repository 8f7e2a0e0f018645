// SPDX-License-Identifier: BSD-2-Clause
/*
 * The census: a pass over `replies`, then over `flows`, a slice a step (in this order, for a reply
 * may end a flow that would have been counted already). Counts what lives, deletes what expired and
 * what knows a target that was removed (the program refuses its packets already). Numbers of a pass
 * are published when it ends; what is being counted is nobody's business.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "nlb/flow_table.h"
#include "nlb/object.h"

struct nlb_census {
	struct nlb_flow_census result; /* of the last finished pass */
	struct nlb_flow_census counting;
	uint32_t *by_target[2]; /* [NLB_MAX_TARGETS] each: published, counting */
	struct nlb_flow_walk flows, replies;
	uint64_t began_ns;
	bool is_running;
	struct addr lost[NLB_LOST_SOURCES_MAX]; /* sources that this host has no more */
	size_t lost_count;
	bool is_broken; /* a table could not be read to its end: this pass is not published */
};

static struct nlb_census *census_new(void)
{
	struct nlb_census *census = calloc(1, sizeof(*census));
	int i;

	if (!census)
		return NULL;
	for (i = 0; i < 2; i++)
		census->by_target[i] = calloc(NLB_MAX_TARGETS, sizeof(uint32_t));
	census->result.by_target = census->by_target[0];
	if (!census->by_target[0] || !census->by_target[1] ||
	    nlb_flow_walk_init(&census->flows, NLB_MAP_FLOWS) ||
	    nlb_flow_walk_init(&census->replies, NLB_MAP_REPLIES)) {
		nlb_census_free(census);
		return NULL;
	}
	return census;
}

void nlb_census_free(struct nlb_census *census)
{
	if (!census)
		return;
	nlb_flow_walk_fini(&census->flows);
	nlb_flow_walk_fini(&census->replies);
	free(census->by_target[0]);
	free(census->by_target[1]);
	free(census);
}

static void begin_pass(struct nlb_census *census, uint64_t now_ns)
{
	uint64_t expired = census->counting.expired;

	memset(&census->counting, 0, sizeof(census->counting));
	memset(census->by_target[1], 0, NLB_MAX_TARGETS * sizeof(uint32_t));
	census->counting.expired = expired;
	nlb_flow_walk_restart(&census->flows);
	nlb_flow_walk_restart(&census->replies);
	census->began_ns = now_ns;
	census->is_running = true;
	census->is_broken = false;
}

static void end_pass(struct nlb_census *census, uint64_t now_ns)
{
	uint32_t *counted = census->by_target[1];
	uint64_t passes = census->result.passes + 1;

	census->is_running = false;
	if (census->is_broken)
		return;
	census->by_target[1] = census->by_target[0];
	census->by_target[0] = counted;
	census->result = census->counting;
	census->result.by_target = counted;
	census->result.passes = passes;
	census->result.took_ms = (now_ns - census->began_ns) / 1000000;
}

static void count_flow(struct nlb *nlb, const struct nlb_flow *flow)
{
	struct nlb_census *census = nlb->census;

	census->counting.flows++;
	census->counting.by_state[flow->state % NLB_FLOW_STATES]++;
	census->by_target[1][NLB_TARGET_INDEX(flow->target)]++;
}

/* Was the target removed? Its index may have a successor, with another id. */
static bool is_gone(const struct nlb *nlb, uint32_t target_id)
{
	uint32_t index = NLB_TARGET_INDEX(target_id);

	return index >= NLB_MAX_TARGETS || index >= nlb->maps.entries[NLB_MAP_TARGETS] ||
	       nlb->maps.targets[index].id != target_id;
}

/* Each entry by itself: without the target's row nothing tells which reply is whose. Looked up once
 * more, for the program may just have given the key to a flow of another target. */
static void delete_gone_flow(struct nlb *nlb, const struct nlb_tuple *key)
{
	int fd = nlb->maps.fd[NLB_MAP_FLOWS];
	struct nlb_flow flow;

	if (!bpf_map_lookup_elem(fd, key, &flow) && is_gone(nlb, flow.target))
		nlb->census->counting.expired += !bpf_map_delete_elem(fd, key);
}

static void delete_gone_reply(struct nlb *nlb, const struct nlb_tuple *key)
{
	int fd = nlb->maps.fd[NLB_MAP_REPLIES];
	struct nlb_reply reply;

	if (!bpf_map_lookup_elem(fd, key, &reply) && is_gone(nlb, reply.target))
		nlb->census->counting.expired += !bpf_map_delete_elem(fd, key);
}

static bool is_lost(const struct nlb *nlb, const uint8_t source[16])
{
	const struct nlb_census *census = nlb->census;

	for (size_t i = 0; i < census->lost_count; i++)
		if (!memcmp(census->lost[i].bytes, source, sizeof(census->lost[i].bytes)))
			return true;
	return false;
}

static bool has_lost_source(const struct nlb *nlb, const struct nlb_flow_pair *pair)
{
	return pair->has_flow && pair->flow.snat_port && is_lost(nlb, pair->flow.snat);
}

/* The flow and the claim on its port, as one: what was opened anew meanwhile has another source. */
static bool delete_if_lost(struct nlb *nlb, const struct nlb_tuple *key)
{
	struct nlb_flow_pair pair;

	nlb_flow_pair_of_flow(&nlb->maps, key, &pair);
	if (!has_lost_source(nlb, &pair))
		return false;
	nlb->census->counting.expired += nlb_flow_pair_delete(&nlb->maps, &pair);
	return true;
}

static bool delete_if_expired(struct nlb *nlb, const struct nlb_flow_pair *pair, uint64_t now_ns)
{
	if (!nlb_flow_pair_is_expired(nlb->maps.settings, pair, now_ns))
		return false;
	nlb->census->counting.expired += nlb_flow_pair_delete(&nlb->maps, pair);
	return true;
}

static void visit_flow(struct nlb *nlb, uint32_t i, uint64_t now_ns)
{
	const struct nlb_flow_walk *walk = &nlb->census->flows;
	const struct nlb_flow *flow = nlb_flow_walk_flow(walk, i);
	struct nlb_flow_pair pair;

	if (is_gone(nlb, flow->target)) {
		delete_gone_flow(nlb, &walk->keys[i]);
		return;
	}
	if (nlb->census->lost_count && is_lost(nlb, flow->snat) &&
	    delete_if_lost(nlb, &walk->keys[i]))
		return;
	if (nlb_flow_is_expired(nlb->maps.settings, flow, now_ns)) {
		nlb_flow_pair_of_flow(&nlb->maps, &walk->keys[i], &pair);
		if (!pair.has_flow || delete_if_expired(nlb, &pair, now_ns))
			return;
	}
	count_flow(nlb, flow);
}

static void visit_reply(struct nlb *nlb, uint32_t i, uint64_t now_ns)
{
	const struct nlb_flow_walk *walk = &nlb->census->replies;
	const struct nlb_reply *reply = nlb_flow_walk_reply(walk, i);
	struct nlb_flow_pair pair;

	if (is_gone(nlb, reply->target)) {
		delete_gone_reply(nlb, &walk->keys[i]);
		return;
	}
	if (nlb_reply_is_expired(nlb->maps.settings, reply, now_ns)) {
		nlb_flow_pair_of_reply(&nlb->maps, &walk->keys[i], &pair);
		if (!pair.has_reply || delete_if_expired(nlb, &pair, now_ns))
			return;
	}
	nlb->census->counting.replies++;
}

typedef void visit_fn(struct nlb *nlb, uint32_t i, uint64_t now_ns);

/* A table that can't be read ends the pass: the next one tries again. */
static void do_slice(struct nlb *nlb, struct nlb_flow_walk *walk, visit_fn *visit, uint64_t now_ns)
{
	uint32_t i;

	if (nlb_flow_walk_next(walk, &nlb->maps))
		walk->is_over = nlb->census->is_broken = true;
	for (i = 0; i < walk->count; i++)
		visit(nlb, i, now_ns);
}

bool nlb_flow_census_step(struct nlb *nlb, uint64_t mono_ns)
{
	struct nlb_census *census = nlb->census;

	if (!census)
		census = nlb->census = census_new();
	if (!census)
		return false;
	if (!census->is_running)
		begin_pass(census, mono_ns);
	if (!census->replies.is_over) {
		do_slice(nlb, &census->replies, visit_reply, mono_ns);
		return false;
	}
	do_slice(nlb, &census->flows, visit_flow, mono_ns);
	if (!census->flows.is_over)
		return false;
	end_pass(census, mono_ns);
	return true;
}

void nlb_flow_census_end_sources(struct nlb *nlb, const struct addr *sources, size_t count)
{
	if (!nlb->census)
		nlb->census = census_new();
	if (!nlb->census)
		return;
	nlb->census->lost_count = count < NLB_LOST_SOURCES_MAX ? count : NLB_LOST_SOURCES_MAX;
	for (size_t i = 0; i < nlb->census->lost_count; i++)
		nlb->census->lost[i] = sources[i];
}

const struct nlb_flow_census *nlb_flow_census(const struct nlb *nlb)
{
	static const uint32_t no_targets[NLB_MAX_TARGETS];
	static const struct nlb_flow_census nothing = {.by_target = no_targets};

	return nlb->census ? &nlb->census->result : &nothing;
}

unsigned nlb_flows_max(const struct nlb *nlb)
{
	return nlb->maps.entries[NLB_MAP_FLOWS];
}
