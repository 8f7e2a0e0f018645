/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * nat: the pair of entries that a translated flow has, and the source port that they own.
 *
 *     flows    client -> VIP            how the client's packets are translated
 *     replies  target -> SNAT address   how the answers are; its existence is what owns the port
 *
 * They are kept in step by these rules:
 *   - the reply is made first and deleted last, so a port is never used by a flow that does not own it;
 *   - each direction stores its own time; every SYNC_INTERVAL_NS, and at each change of state, it also stores into the other entry,
 *     and makes that anew where the kernel has evicted it;
 *   - each side checks that the other one still means it. A flow whose port belongs to another one ends (NAT_PORT_LOST); a reply
 *     whose client has moved on ends (REPLY_NO_FLOW).
 *
 * These are global functions: off the hot path, verified once and on their own, with their own part of the stack. What they get by
 * pointer they copy where a map needs it as key, because Linux 6.1 takes keys only from the stack, a packet or a map.
 */
#ifndef LEAT_BPF_NAT_H
#define LEAT_BPF_NAT_H

#include <linux/errno.h>

#include "config.h"
#include "entry.h"
#include "maps.h"
#include "packet.h"
#include "settings.h"
#include "state.h"
#include "target.h"

#define NAT_PORT_BUSY (-1)

/* The key of a reply, but for the SNAT address and port. */
static __always_inline void nat_key(struct nlb_tuple *key, const struct nlb_target *target, const struct nlb_tuple *client)
{
	address_copy(key->src, target->address);
	key->sport = target->port;
	key->protocol = client->protocol;
	key->family = client->family;
	key->pad[0] = key->pad[1] = 0;
}

static __always_inline void nat_key_of(struct nlb_tuple *key, const struct nlb_target *target, const struct nlb_tuple *client,
				       const struct nlb_flow *f)
{
	nat_key(key, target, client);
	address_copy(key->dst, f->snat);
	key->dport = f->snat_port;
}

/* Does the flow send from the port that this reply owns? */
static __always_inline bool nat_is_pair(const struct nlb_flow *f, const struct nlb_tuple *reply_key, __u32 reply_target)
{
	return f->target == reply_target && f->snat_port == reply_key->dport && address_equal(f->snat, reply_key->dst);
}

/* The port's owner has been silent too long: one CPU gets it, the one that changes the time it read. */
static __always_inline int nat_take_over(struct nlb_reply *owner, const struct nlb_tuple *key, const struct nlb_reply *reply)
{
	const struct nlb_settings *s = settings_get();
	__u64 seen_ns = owner->last_seen_ns, now_ns = reply->last_seen_ns;
	struct nlb_flow *f;

	if (!s || !is_older_than(seen_ns, now_ns, state_timeout_ns(s, owner->state, owner->idle_s)))
		return NAT_PORT_BUSY;
	if (!__sync_bool_compare_and_swap(&owner->last_seen_ns, seen_ns, now_ns))
		return NAT_PORT_BUSY;
	f = bpf_map_lookup_elem(&flows, &owner->client);
	if (f && nat_is_pair(f, key, owner->target)) {
		if (!is_older_than(f->last_seen_ns, now_ns, state_timeout_ns(s, f->state, f->idle_s)))
			return NAT_PORT_BUSY; /* its client is not silent; the reply's time is right again now */
		bpf_map_delete_elem(&flows, &owner->client);
	}
	return bpf_map_update_elem(&replies, key, reply, BPF_ANY) ? NLB_FLOW_TABLE_FULL : 0;
}

/* Settings are read anew for every try, rather than kept: the stack is short and most flows get the first port they try. */
static __always_inline int nat_try_port(__u32 number, struct nlb_tuple *key, const struct nlb_reply *reply)
{
	const struct nlb_settings *s = settings_get();
	struct nlb_reply *owner;
	long error;

	if (!s || s->nat_port_last < s->nat_port_first)
		return NLB_NAT_PORTS_EXHAUSTED;
	key->dport = bpf_htons(s->nat_port_first + number % (s->nat_port_last - s->nat_port_first + 1u));
	owner = bpf_map_lookup_elem(&replies, key);
	if (owner)
		return nat_take_over(owner, key, reply);
	error = bpf_map_update_elem(&replies, key, reply, BPF_NOEXIST);
	if (error == -EEXIST)
		return NAT_PORT_BUSY;
	return error ? NLB_FLOW_TABLE_FULL : 0;
}

/* Ports in turn from a random one on (RFC 6056 3.3.1): an attacker can't tell it, and a client that comes back gets another one. */
static __always_inline int nat_try_address(struct nlb_tuple *key, const struct nlb_reply *reply)
{
	__u32 start = bpf_get_prandom_u32() >> 8; /* start + i can't wrap */
	int verdict;
	__u32 i;

	for (i = 0; i < SNAT_PORT_TRIES; i++) {
		verdict = nat_try_port(start + i, key, reply);
		if (verdict != NAT_PORT_BUSY)
			return verdict;
	}
	return NLB_NAT_PORTS_EXHAUSTED;
}

/* 31 bits by which a client keeps its SNAT address. Multiply-shift (Dietzfelbinger et al. 1997), keyed. */
static __always_inline __u32 nat_client_hash(const void *address)
{
	const struct nlb_settings *s = settings_get();
	const word64 *words = address;

	return s ? (words[0] * (s->hash_key[0] | 1) + words[1] * (s->hash_key[1] | 1)) >> 33 : 0;
}

/* A free port towards the target, of the client's own SNAT address as long as that has one: makes the reply, and fills in the
 * destination of its key. */
static __always_inline int nat_claim_port(__u32 ref, struct nlb_tuple *key, const struct nlb_reply *reply)
{
	__u32 start = nat_client_hash(reply->client.src), count = NLB_SNAT_COUNT(ref);
	int verdict = NLB_NO_SNAT_ADDRESS;
	__u32 i;

	for (i = 0; i < SNAT_ADDRESS_TRIES && i < count; i++) {
		__u32 index = NLB_SNAT_FIRST(ref) + (start + i) % count;
		const struct nlb_snat *snat = bpf_map_lookup_elem(&snats, &index);

		if (!snat)
			return NLB_INTERNAL;
		address_copy(key->dst, snat->address);
		verdict = nat_try_address(key, reply);
		if (verdict != NLB_NAT_PORTS_EXHAUSTED)
			return verdict;
	}
	return verdict;
}

static __always_inline void nat_reply_from(struct nlb_reply *reply, const struct nlb_flow *f, const struct nlb_tuple *client)
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
}

static __always_inline void nat_flow_from(struct nlb_flow *f, const struct nlb_reply *reply, const struct nlb_tuple *reply_key)
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
}

static __always_inline int nat_open_reply(struct xdp_md *ctx, const struct nlb_tuple *client, const struct sighting *seen,
					  __u32 snat, struct nlb_tuple *key)
{
	struct nlb_reply reply = {
		.last_seen_ns = seen->now_ns,
		.target = seen->target,
		.listener = seen->listener,
		.synced_s = seen->now_ns / NSEC_PER_SEC,
		.state = client->protocol == IPPROTO_TCP ? NLB_FLOW_SYN_SENT : NLB_FLOW_UDP,
		.flags = seen->flags,
		.idle_s = seen->idle_s,
		.client = *client,
	};

	if (link_fill(&reply.link, ctx, seen))
		return NLB_INTERNAL;
	return nat_claim_port(snat, key, &reply);
}

/* `key`: of the reply; used up. */
static __always_inline int nat_open_flow(struct xdp_md *ctx, const struct nlb_tuple *client, const struct sighting *seen,
					 struct nlb_tuple *key)
{
	const struct nlb_target *target;
	struct nlb_flow f;

	if (flow_fill(&f, ctx, seen, client->protocol))
		return NLB_INTERNAL;
	address_copy(f.snat, key->dst);
	f.snat_port = key->dport;
	*key = *client;
	if (!bpf_map_update_elem(&flows, key, &f, BPF_ANY))
		return 0;
	target = target_find(seen->target);
	if (target) {
		nat_key_of(key, target, client, &f);
		bpf_map_delete_elem(&replies, key);
	}
	return NLB_FLOW_TABLE_FULL;
}

/* Makes both entries of a new flow, in place of the one for the same client that no longer counts. */
__noinline int nat_open(struct xdp_md *ctx, const struct nlb_tuple *client, const struct sighting *seen)
{
	const struct nlb_target *target;
	struct nlb_tuple key;
	int verdict;

	if (!client || !seen)
		return NLB_INTERNAL;
	target = target_find(seen->target);
	if (!target)
		return NLB_TARGET_GONE;
	if (target->family != client->family)
		return NLB_NO_SNAT_ADDRESS;
	nat_key(&key, target, client);
	verdict = nat_open_reply(ctx, client, seen, READ_ONCE(target->snat), &key);
	return verdict ? verdict : nat_open_flow(ctx, client, seen, &key);
}

/* The flow has just been stored into: tells its reply. Returns 0 or NAT_PORT_LOST. */
static __always_inline int nat_sync_reply(const struct nlb_tuple *client, struct nlb_flow *f)
{
	const struct nlb_target *target = target_find(f->target);
	struct nlb_reply value, *reply;
	struct flow_state state;
	struct nlb_tuple key;

	if (!target)
		return 0;
	nat_key_of(&key, target, client, f);
	reply = bpf_map_lookup_elem(&replies, &key);
	if (!reply) {
		nat_reply_from(&value, f, client);
		return bpf_map_update_elem(&replies, &key, &value, BPF_NOEXIST) == -EEXIST ? NLB_NAT_PORT_LOST : 0;
	}
	if (!tuple_equal(&reply->client, client))
		return NLB_NAT_PORT_LOST;
	reply->last_seen_ns = f->last_seen_ns;
	reply->listener = f->listener;
	reply->idle_s = f->idle_s;
	reply->link = f->link;
	state = state_merge((struct flow_state){f->state, f->flags}, reply->flags);
	reply->state = f->state = state.state;
	reply->flags = f->flags = state.flags;
	return 0;
}

/* The reply has just been stored into: tells its flow. Returns 0 or REPLY_NO_FLOW. */
static __always_inline int nat_sync_flow(const struct nlb_tuple *reply_key, struct nlb_reply *reply)
{
	struct nlb_tuple client = reply->client;
	struct nlb_flow value, *f = bpf_map_lookup_elem(&flows, &client);
	struct flow_state state;

	if (!f) {
		nat_flow_from(&value, reply, reply_key);
		/* Refused: the client is being given a new flow just now, or the table is full. Either way the answer may go. */
		bpf_map_update_elem(&flows, &client, &value, BPF_NOEXIST);
		return 0;
	}
	if (!nat_is_pair(f, reply_key, reply->target))
		return NLB_REPLY_NO_FLOW;
	f->last_seen_ns = reply->last_seen_ns;
	state = state_merge((struct flow_state){reply->state, reply->flags}, f->flags);
	reply->state = f->state = state.state;
	reply->flags = f->flags = state.flags;
	return 0;
}

/* A packet of the client that may have changed more than the time: stores what it has, and tells the reply if there is one. Returns 0 or
 * NAT_PORT_LOST. */
__noinline int flow_learn(struct xdp_md *ctx, const struct nlb_tuple *client, struct nlb_flow *f, const struct sighting *seen)
{
	struct flow_state state;

	if (!client || !f || !seen)
		return 0;
	state = state_from_client((struct flow_state){f->state, f->flags & FIN_BOTH}, seen->tcp_flags);
	f->state = state.state;
	f->flags = state.flags | seen->flags;
	f->listener = seen->listener;
	f->idle_s = seen->idle_s;
	f->synced_s = seen->now_ns / NSEC_PER_SEC;
	link_fill(&f->link, ctx, seen);
	return f->snat_port ? nat_sync_reply(client, f) : 0;
}

/* The same for a packet of the target. Returns 0 or REPLY_NO_FLOW. */
__noinline int reply_learn(const struct nlb_tuple *reply_key, struct nlb_reply *reply, __u8 tcp_flags)
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

/* Gives the flow's port back, if it is still its own. */
__noinline int nat_close(const struct nlb_tuple *client, const struct nlb_flow *f)
{
	const struct nlb_target *target;
	const struct nlb_reply *reply;
	struct nlb_tuple key;

	if (!client || !f)
		return NLB_INTERNAL;
	target = target_find(f->target);
	if (!target)
		return 0;
	nat_key_of(&key, target, client, f);
	reply = bpf_map_lookup_elem(&replies, &key);
	if (reply && tuple_equal(&reply->client, client))
		bpf_map_delete_elem(&replies, &key);
	return 0;
}

#endif
