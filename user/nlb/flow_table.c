// SPDX-License-Identifier: BSD-2-Clause
/*
 * Walking the flow tables, pairing the two entries of a nat flow, and when a flow is over. The
 * program writes these tables while we read: what was read is a copy that may be old, so whoever
 * deletes looks the pair up afresh first.
 */
#include "nlb/flow_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#define NS_PER_S 1000000000ULL

/* ---- walk ---- */

static size_t value_bytes(enum nlb_map_id table)
{
	return table == NLB_MAP_FLOWS ? sizeof(struct nlb_flow) : sizeof(struct nlb_reply);
}

static int make_room(struct nlb_flow_walk *walk, uint32_t room)
{
	struct nlb_tuple *keys = calloc(room, sizeof(*keys));
	void *values = calloc(room, value_bytes(walk->table));

	if (!keys || !values) {
		free(keys);
		free(values);
		return -ENOMEM;
	}
	nlb_flow_walk_fini(walk);
	walk->keys = keys;
	walk->values = values;
	walk->room = room;
	return 0;
}

int nlb_flow_walk_init(struct nlb_flow_walk *walk, enum nlb_map_id table)
{
	memset(walk, 0, sizeof(*walk));
	walk->table = table;
	return make_room(walk, NLB_FLOW_SLICE);
}

void nlb_flow_walk_fini(struct nlb_flow_walk *walk)
{
	free(walk->keys);
	free(walk->values);
	walk->keys = NULL;
	walk->values = NULL;
}

void nlb_flow_walk_restart(struct nlb_flow_walk *walk)
{
	walk->is_begun = false;
	walk->is_over = false;
	walk->count = 0;
}

static int read_batch(struct nlb_flow_walk *walk, int fd)
{
	LIBBPF_OPTS(bpf_map_batch_opts, opts);
	uint32_t from = walk->position, to = from;
	int rc;

	walk->count = walk->room;
	rc = bpf_map_lookup_batch(fd, walk->is_begun ? &from : NULL, &to, walk->keys, walk->values,
				  &walk->count, &opts)
		     ? -errno
		     : 0;
	if (rc == -ENOENT) {
		walk->is_over = true;
		rc = 0;
	}
	if (rc) {
		walk->count = 0;
		return rc;
	}
	walk->is_begun = true;
	walk->position = to;
	return 0;
}

int nlb_flow_walk_next(struct nlb_flow_walk *walk, const struct nlb_maps *maps)
{
	int fd = maps->fd[walk->table];
	int rc = read_batch(walk, fd);

	/* One bucket has more entries than there is room for. */
	while (rc == -ENOSPC && walk->room < maps->entries[walk->table]) {
		rc = make_room(walk, walk->room * 2);
		if (!rc)
			rc = read_batch(walk, fd);
	}
	return rc;
}

/* ---- pairs ---- */

static bool get_flow(const struct nlb_maps *maps, struct nlb_flow_pair *pair)
{
	return !bpf_map_lookup_elem(maps->fd[NLB_MAP_FLOWS], &pair->flow_key, &pair->flow);
}

static bool get_reply(const struct nlb_maps *maps, struct nlb_flow_pair *pair)
{
	return !bpf_map_lookup_elem(maps->fd[NLB_MAP_REPLIES], &pair->reply_key, &pair->reply);
}

/* The target's answer as it arrives: from its address to the source address the flow was given.
 * False: the flow is not nat, or its target is gone. */
static bool make_reply_key(const struct nlb_maps *maps, struct nlb_flow_pair *pair)
{
	uint32_t index = NLB_TARGET_INDEX(pair->flow.target);
	struct nlb_tuple *key = &pair->reply_key;
	const struct nlb_target *target;

	if (!pair->flow.snat_port || index >= maps->entries[NLB_MAP_TARGETS])
		return false;
	target = &maps->targets[index];
	if (target->id != pair->flow.target)
		return false;
	memcpy(key->src, target->address, sizeof(key->src));
	memcpy(key->dst, pair->flow.snat, sizeof(key->dst));
	key->sport = target->port;
	key->dport = pair->flow.snat_port;
	key->protocol = pair->flow_key.protocol;
	key->family = target->family;
	return true;
}

void nlb_flow_pair_of_flow(const struct nlb_maps *maps, const struct nlb_tuple *key,
			   struct nlb_flow_pair *pair)
{
	memset(pair, 0, sizeof(*pair));
	pair->flow_key = *key;
	pair->has_flow = get_flow(maps, pair);
	if (!pair->has_flow || !make_reply_key(maps, pair))
		return;
	pair->has_reply = get_reply(maps, pair) && !memcmp(&pair->reply.client, key, sizeof(*key));
}

/* A flow entry that meanwhile went to another target, or came back with another port, is not this
 * reply's. */
static bool is_flow_of_reply(const struct nlb_flow_pair *pair)
{
	return pair->flow.target == pair->reply.target &&
	       pair->flow.snat_port == pair->reply_key.dport &&
	       !memcmp(pair->flow.snat, pair->reply_key.dst, sizeof(pair->flow.snat));
}

void nlb_flow_pair_of_reply(const struct nlb_maps *maps, const struct nlb_tuple *key,
			    struct nlb_flow_pair *pair)
{
	memset(pair, 0, sizeof(*pair));
	pair->reply_key = *key;
	pair->has_reply = get_reply(maps, pair);
	if (!pair->has_reply)
		return;
	pair->flow_key = pair->reply.client;
	pair->has_flow = get_flow(maps, pair) && is_flow_of_reply(pair);
}

unsigned nlb_flow_pair_delete(const struct nlb_maps *maps, const struct nlb_flow_pair *pair)
{
	unsigned deleted = 0;

	if (pair->has_flow)
		deleted += !bpf_map_delete_elem(maps->fd[NLB_MAP_FLOWS], &pair->flow_key);
	if (pair->has_reply)
		deleted += !bpf_map_delete_elem(maps->fd[NLB_MAP_REPLIES], &pair->reply_key);
	return deleted;
}

/* ---- expiry ---- */

static uint64_t timeout_ns(const struct nlb_settings *settings, uint8_t state, uint16_t idle_s)
{
	bool is_listeners = state == NLB_FLOW_UDP || state == NLB_FLOW_ESTABLISHED;

	if (is_listeners && idle_s)
		return idle_s * NS_PER_S;
	return settings->timeout_s[state % NLB_FLOW_STATES] * NS_PER_S;
}

/* Signed: an entry may have been seen after `now` was read. */
static bool is_idle(uint64_t last_seen_ns, uint64_t timeout, uint64_t now_ns)
{
	return (int64_t)(now_ns - last_seen_ns) > (int64_t)timeout;
}

bool nlb_flow_is_expired(const struct nlb_settings *settings, const struct nlb_flow *flow,
			 uint64_t now_ns)
{
	return is_idle(flow->last_seen_ns, timeout_ns(settings, flow->state, flow->idle_s), now_ns);
}

bool nlb_reply_is_expired(const struct nlb_settings *settings, const struct nlb_reply *reply,
			  uint64_t now_ns)
{
	return is_idle(reply->last_seen_ns, timeout_ns(settings, reply->state, reply->idle_s),
		       now_ns);
}

/* Each side may know what the other has not been told yet: the later sight and, as states are
 * numbered in the order of a connection's life, the later state count. */
static bool is_both_expired(const struct nlb_settings *settings, const struct nlb_flow_pair *pair,
			    uint64_t now_ns)
{
	const struct nlb_flow *flow = &pair->flow;
	const struct nlb_reply *reply = &pair->reply;
	uint8_t state = flow->state > reply->state ? flow->state : reply->state;
	uint64_t seen = flow->last_seen_ns;

	if ((int64_t)(reply->last_seen_ns - seen) > 0)
		seen = reply->last_seen_ns;
	return is_idle(seen, timeout_ns(settings, state, flow->idle_s), now_ns);
}

bool nlb_flow_pair_is_expired(const struct nlb_settings *settings, const struct nlb_flow_pair *pair,
			      uint64_t now_ns)
{
	if (pair->has_flow && pair->has_reply)
		return is_both_expired(settings, pair, now_ns);
	if (pair->has_flow)
		return nlb_flow_is_expired(settings, &pair->flow, now_ns);
	return pair->has_reply && nlb_reply_is_expired(settings, &pair->reply, now_ns);
}
