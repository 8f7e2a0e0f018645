/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * nat and dnat: the pair of entries that a translated flow has, and how they are kept in step.
 *
 *     flows    client -> VIP            how the client's packets are translated
 *     replies  target -> SNAT address   how the answers are; its existence is what owns the port
 *
 * dnat is nat whose SNAT address and port are the client's own, wherever that can be.
 *
 *   - The reply is made first and deleted last, so a flow uses no port that it doesn't own.
 *   - Each direction stores its own time. Every SYNC_INTERVAL_NS, and with each change of state, it
 *     also stores into the other entry, and makes that anew where the kernel has evicted it.
 *   - Each side checks that the other one still means it. A flow whose port belongs to another one
 *     ends (NAT_PORT_LOST), a reply whose client has moved on ends (REPLY_NO_FLOW).
 *
 * How a pair comes to be is in open.h.
 *
 * What is called from the walk here are global functions: off the hot path, verified once and on
 * their own, with their own part of the stack. What they get by pointer they copy where a map needs
 * it as key: Linux 6.1 takes keys only from the stack, a packet or a map.
 */
#ifndef LEAT_BPF_NAT_H
#define LEAT_BPF_NAT_H

#include <linux/errno.h>

#include "config.h"
#include "entry.h"
#include "maps.h"
#include "packet.h"
#include "state.h"
#include "target.h"

/* The port that the client's packets go to. */
static __always_inline __be16 nat_target_port(const struct nlb_target *target,
					      const struct nlb_tuple *client)
{
	return target->flags & NLB_TARGET_PRESERVE_PORT ? client->dport : target->port;
}

/* The key of a reply, but for the SNAT address and port. */
static __always_inline void nat_key(struct nlb_tuple *key, const struct nlb_target *target,
				    const struct nlb_tuple *client)
{
	address_copy(key->src, target->address);
	key->sport = nat_target_port(target, client);
	key->protocol = client->protocol;
	key->family = target->family;
	key->pad[0] = key->pad[1] = 0;
}

static __always_inline void nat_key_of(struct nlb_tuple *key, const struct nlb_target *target,
				       const struct nlb_tuple *client, const struct nlb_flow *f)
{
	nat_key(key, target, client);
	address_copy(key->dst, f->snat);
	key->dport = f->snat_port;
}

/* Does the flow send from the port that this reply owns? */
static __always_inline bool nat_is_pair(const struct nlb_flow *f, const struct nlb_tuple *reply_key,
					__u32 reply_target)
{
	return f->target == reply_target && f->snat_port == reply_key->dport &&
	       address_equal(f->snat, reply_key->dst);
}

static __always_inline void nat_reply_from(struct nlb_reply *reply, const struct nlb_flow *f,
					   const struct nlb_tuple *client)
{
	__builtin_memset(reply, 0, sizeof(*reply));
	reply->last_seen_ns = f->last_seen_ns;
	reply->target = f->target;
	reply->listener = f->listener;
	reply->synced_s = f->last_seen_ns / NSEC_PER_SEC;
	reply->state = f->state;
	reply->flags = f->flags;
	reply->idle_s = f->idle_s;
	reply->client = *client;
	reply->link = f->link;
	reply->shift = f->shift;
}

static __always_inline void nat_flow_from(struct nlb_flow *f, const struct nlb_reply *reply,
					  const struct nlb_tuple *reply_key)
{
	__builtin_memset(f, 0, sizeof(*f));
	f->last_seen_ns = reply->last_seen_ns;
	f->target = reply->target;
	f->listener = reply->listener;
	f->synced_s = f->created_s = reply->last_seen_ns / NSEC_PER_SEC;
	address_copy(f->snat, reply_key->dst);
	f->snat_port = reply_key->dport;
	f->state = reply->state;
	f->flags = reply->flags;
	f->idle_s = reply->idle_s;
	f->link = reply->link;
	f->shift = reply->shift;
}

/* Either may have been made anew of the other before that knew (shift.h). Both CPUs only ever set
 * this one bit, so none takes it back. */
static __always_inline void shift_agree(struct nlb_flow *f, struct nlb_reply *reply)
{
	if (likely(!((f->shift.flags ^ reply->shift.flags) & NLB_SHIFT_ACKED)))
		return;
	f->shift.flags |= NLB_SHIFT_ACKED;
	reply->shift.flags |= NLB_SHIFT_ACKED;
}

/* The flow has just been stored into: tells its reply. Returns 0 or NAT_PORT_LOST. */
static __always_inline int nat_sync_reply(const struct nlb_tuple *client, struct nlb_flow *f)
{
	const struct nlb_target *target = target_find(f->target);
	struct draft *draft = draft_get();
	struct nlb_reply *reply;
	struct flow_state state;
	struct nlb_tuple key;

	if (!target || !draft)
		return 0;
	nat_key_of(&key, target, client, f);
	reply = bpf_map_lookup_elem(&replies, &key);
	if (!reply) {
		nat_reply_from(&draft->reply, f, client);
		return bpf_map_update_elem(&replies, &key, &draft->reply, BPF_NOEXIST) == -EEXIST
			       ? NLB_NAT_PORT_LOST
			       : 0;
	}
	if (!tuple_equal(&reply->client, client))
		return NLB_NAT_PORT_LOST;
	reply->last_seen_ns = f->last_seen_ns;
	reply->listener = f->listener;
	reply->synced_s = f->synced_s;
	reply->idle_s = f->idle_s;
	reply->link = f->link;
	state = state_merge((struct flow_state){f->state, f->flags}, reply->flags);
	reply->state = f->state = state.state;
	reply->flags = f->flags = state.flags;
	shift_agree(f, reply);
	return 0;
}

/* The reply has just been stored into: tells its flow. Returns 0 or REPLY_NO_FLOW. */
static __always_inline int nat_sync_flow(const struct nlb_tuple *reply_key, struct nlb_reply *reply)
{
	struct nlb_tuple client = reply->client;
	struct nlb_flow *f = bpf_map_lookup_elem(&flows, &client);
	struct draft *draft = draft_get();
	struct flow_state state;

	if (!draft)
		return 0;
	if (!f) {
		nat_flow_from(&draft->flow, reply, reply_key);
		/* Refused: the client is being given a new flow just now, or the table is full.
		 * Either way the answer may go. */
		bpf_map_update_elem(&flows, &client, &draft->flow, BPF_NOEXIST);
		return 0;
	}
	if (!nat_is_pair(f, reply_key, reply->target))
		return NLB_REPLY_NO_FLOW;
	f->last_seen_ns = reply->last_seen_ns;
	f->synced_s = reply->synced_s;
	state = state_merge((struct flow_state){reply->state, reply->flags}, f->flags);
	reply->state = f->state = state.state;
	reply->flags = f->flags = state.flags;
	shift_agree(f, reply);
	return 0;
}

/* A packet of the client that may have changed more than the time: stores what it has, and tells
 * the reply if there is one. Returns 0 or NAT_PORT_LOST. */
__noinline int flow_learn(struct xdp_md *ctx, const struct nlb_tuple *client, struct nlb_flow *f,
			  const struct sighting *seen)
{
	struct flow_state state;

	if (!client || !f || !seen)
		return 0;
	state = state_from_client((struct flow_state){f->state, f->flags & FIN_BOTH},
				  seen->tcp_flags);
	f->state = state.state;
	f->flags = state.flags | seen->flags;
	f->listener = seen->listener;
	f->idle_s = seen->idle_s;
	f->synced_s = seen->now_ns / NSEC_PER_SEC;
	link_fill(&f->link, ctx, seen);
	return f->snat_port ? nat_sync_reply(client, f) : 0;
}

/* The same for a packet of the target. Returns 0 or REPLY_NO_FLOW. */
__noinline int reply_learn(const struct nlb_tuple *reply_key, struct nlb_reply *reply,
			   __u8 tcp_flags)
{
	struct flow_state state;

	if (!reply_key || !reply)
		return 0;
	state = state_from_target((struct flow_state){reply->state, reply->flags}, tcp_flags);
	reply->state = state.state;
	reply->flags = state.flags;
	reply->synced_s = reply->last_seen_ns / NSEC_PER_SEC;
	return nat_sync_flow(reply_key, reply);
}

/* Ends a flow of any mode: its entry, and its reply if that is still its own. */
__noinline int flow_end(const struct nlb_tuple *client, const struct nlb_flow *f)
{
	const struct nlb_target *target;
	const struct nlb_reply *reply;
	struct nlb_tuple flow_key, key;
	bool has_reply;

	if (!client || !f)
		return NLB_INTERNAL;
	target = target_find(f->target);
	has_reply = target && f->snat_port;
	if (has_reply)
		nat_key_of(&key, target, client, f);
	flow_key = *client;
	bpf_map_delete_elem(&flows, &flow_key);
	if (!has_reply)
		return 0;
	reply = bpf_map_lookup_elem(&replies, &key);
	if (reply && tuple_equal(&reply->client, &flow_key))
		bpf_map_delete_elem(&replies, &key);
	return 0;
}

#endif
