/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The entries of a new flow: with direct return one, for nat and dnat a pair and the source that
 * comes with it.
 *
 * Ports are reused across targets: a reply is keyed by target and SNAT address, so 1000 targets
 * have 1000 times the range. What is claimed is the reply itself (BPF_NOEXIST), there is no list of
 * free ports. Of a reply that has expired the port is taken over, by one CPU, with its old flow.
 *
 * dnat: the client's own address and port are tried first. They are another's while the same client
 * uses the same port through another listener to the same target: both connections would be one and
 * the same to the target. That flow takes a SNAT address and port, as in nat, and so does one whose
 * answers would not come back: of the target itself, and of its neighbours.
 */
#ifndef LEAT_BPF_OPEN_H
#define LEAT_BPF_OPEN_H

#include <linux/errno.h>

#include <leat/proxy_v2.h>

#include "config.h"
#include "encap.h"
#include "entry.h"
#include "maps.h"
#include "nat.h"
#include "packet.h"
#include "reset.h"
#include "settings.h"
#include "state.h"
#include "target.h"

#define NAT_PORT_BUSY (-1)

/* A source towards a target in one scalar: index of the SNAT address, port in network order. */
#define NAT_SOURCE(snat, port)	((int)((__u32)(snat) << 16 | (port)))
#define NAT_SOURCE_SNAT(source) ((__u32)(source) >> 16)
#define NAT_SOURCE_PORT(source) ((__be16)(source))
#define NAT_SNAT_OWN		0x7fff /* instead of the index: the client's own address */
_Static_assert(NLB_MAX_SNATS <= NAT_SNAT_OWN, "a source is not negative");

/* The port's owner has been silent too long: one CPU gets it, the one that changes the time it
 * read. */
static __always_inline int nat_take_over(struct nlb_reply *owner, const struct nlb_tuple *key,
					 const struct nlb_reply *reply)
{
	const struct nlb_settings *s = settings_get();
	__u64 seen_ns = READ_ONCE(owner->last_seen_ns), now_ns = reply->last_seen_ns;
	struct nlb_flow *f;

	if (!s || !is_older_than(seen_ns, now_ns, state_timeout_ns(s, owner->state, owner->idle_s)))
		return NAT_PORT_BUSY;
	if (!__sync_bool_compare_and_swap(&owner->last_seen_ns, seen_ns, now_ns))
		return NAT_PORT_BUSY;
	f = bpf_map_lookup_elem(&flows, &owner->client);
	if (f && nat_is_pair(f, key, owner->target)) {
		/* Its client may not be silent; then the time that the reply was given is right. */
		if (!is_older_than(f->last_seen_ns, now_ns,
				   state_timeout_ns(s, f->state, f->idle_s)))
			return NAT_PORT_BUSY;
		bpf_map_delete_elem(&flows, &owner->client);
	}
	return bpf_map_update_elem(&replies, key, reply, BPF_ANY) ? NLB_FLOW_TABLE_FULL : 0;
}

/* Makes the reply, if nobody else owns its key. */
static __always_inline int nat_claim(const struct nlb_tuple *key, const struct nlb_reply *reply)
{
	struct nlb_reply *owner = bpf_map_lookup_elem(&replies, key);
	long error;

	if (owner)
		return nat_take_over(owner, key, reply);
	error = bpf_map_update_elem(&replies, key, reply, BPF_NOEXIST);
	if (error == -EEXIST)
		return NAT_PORT_BUSY;
	return error ? NLB_FLOW_TABLE_FULL : 0;
}

/* Settings are read anew for every try, rather than kept: the stack is short and most flows get the
 * first port they try. */
static __always_inline int nat_try_port(__u32 number, struct nlb_tuple *key,
					const struct nlb_reply *reply)
{
	const struct nlb_settings *s = settings_get();

	if (!s || s->nat_port_last < s->nat_port_first)
		return NLB_NAT_PORTS_EXHAUSTED;
	key->dport =
		bpf_htons(s->nat_port_first + number % (s->nat_port_last - s->nat_port_first + 1u));
	return nat_claim(key, reply);
}

/* Ports in turn from a random one on (RFC 6056 3.3.1): an attacker can't tell it, and a client that
 * comes back gets another one. */
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

/* Which of `count` SNAT addresses a client keeps. Multiply-shift (Dietzfelbinger et al. 1997),
 * keyed: only the product's high bits depend on all of the address, so the choice is made by them
 * and not by a remainder. */
static __always_inline __u32 nat_client_choice(const void *address, __u32 count)
{
	const struct nlb_settings *s = settings_get();
	const word64 *words = address;
	__u64 hash;

	if (!s)
		return 0;
	hash = (words[0] * (s->hash_key[0] | 1) + words[1] * (s->hash_key[1] | 1)) >> 33;
	return (hash * count) >> 31;
}

/* A free port towards the target, of the client's own SNAT address as long as that has one: makes
 * the reply, and fills in the destination of its key. Returns the index of the SNAT address, or
 * minus a verdict. */
static __always_inline int nat_claim_port(__u32 ref, struct nlb_tuple *key,
					  const struct nlb_reply *reply)
{
	__u32 count = NLB_SNAT_COUNT(ref), start = nat_client_choice(reply->client.src, count);
	int verdict = NLB_NO_SNAT_ADDRESS;
	__u32 i;

	for (i = 0; i < SNAT_ADDRESS_TRIES && i < count; i++) {
		__u32 index = NLB_SNAT_FIRST(ref) + (start + i) % count;
		const struct nlb_snat *snat = bpf_map_lookup_elem(&snats, &index);

		if (!snat)
			return -NLB_INTERNAL;
		address_copy(key->dst, snat->address);
		verdict = nat_try_address(key, reply);
		if (!verdict)
			return index;
		if (verdict != NLB_NAT_PORTS_EXHAUSTED)
			return -verdict;
	}
	return -verdict;
}

/* Would the target answer this address past Leat? */
static __always_inline bool is_neighbour(const struct nlb_target *target, const void *address)
{
	const word64 *a = (const word64 *)target->address, *b = address;
	__u64 high = bpf_be64_to_cpu(a[0] ^ b[0]), low = bpf_be64_to_cpu(a[1] ^ b[1]);
	__u32 bits = READ_ONCE(target->link_bits);

	if (bits && bits <= 64)
		return !(high >> ((64 - bits) & 63));
	return !high && !(bits ? low >> ((128 - bits) & 63) : low);
}

/* A port 0 stands for none in the entries. */
static __always_inline bool keeps_client(const struct nlb_target *target,
					 const struct nlb_tuple *client)
{
	return target->forwarding == NLB_FORWARD_DNAT && client->sport &&
	       !is_neighbour(target, client->src);
}

/* The client's own address and port. Its connection before this one is over; the answers of that
 * one are this one's now, as they would be without Leat. */
static __always_inline int nat_claim_own(struct nlb_tuple *key, const struct nlb_reply *reply)
{
	const struct nlb_reply *owner;

	address_copy(key->dst, reply->client.src);
	key->dport = reply->client.sport;
	owner = bpf_map_lookup_elem(&replies, key);
	if (owner && tuple_equal(&owner->client, &reply->client))
		return bpf_map_update_elem(&replies, key, reply, BPF_ANY) ? NLB_FLOW_TABLE_FULL : 0;
	return nat_claim(key, reply);
}

static __always_inline int nat_claim_source(const struct nlb_target *target, struct nlb_tuple *key,
					    const struct nlb_reply *reply)
{
	int verdict;

	if (keeps_client(target, &reply->client)) {
		verdict = nat_claim_own(key, reply);
		if (verdict != NAT_PORT_BUSY)
			return verdict ? -verdict : NAT_SNAT_OWN;
	}
	return nat_claim_port(READ_ONCE(target->snat), key, reply);
}

static __always_inline void shift_fill(struct nlb_shift *shift, __u64 begin)
{
	shift->isn = begin;
	shift->to_target = begin >> 32;
	shift->flags = begin >> 48;
}

/* Does the group want a PROXY header before the client's first byte? Then there can be no data on
 * the SYN: it would come before the header. Such a SYN is not sent on, and its client sends it
 * again without (RFC 7413 4.1.3). */
static __always_inline __u64 shift_begin(struct xdp_md *ctx, const struct nlb_tuple *client,
					 const struct sighting *seen, __u32 group_index)
{
	const struct nlb_target_group *group = bpf_map_lookup_elem(&target_groups, &group_index);
	const struct tcp_header *tcp;
	__u32 flags = NLB_SHIFT_PROXY;

	if (likely(!group || !(group->flags & NLB_GROUP_PROXY)) || client->protocol != IPPROTO_TCP)
		return 0;
	tcp = frame_at(ctx, SIGHT_L4_OFFSET(seen->shift), sizeof(*tcp));
	if (!tcp || (__u32)(tcp->offset >> 4) * 4 < SIGHT_L4_BYTES(seen->shift))
		return SHIFT_REFUSED;
	if (group->flags & NLB_GROUP_PROXY_ON_ACK)
		flags |= NLB_SHIFT_ON_ACK;
	return SHIFT_BEGIN(flags, proxy_v2_bytes(client->family == NLB_IPV4), bpf_ntohl(tcp->seq));
}

static __always_inline int nat_open_reply(struct xdp_md *ctx, const struct nlb_tuple *client,
					  const struct sighting *seen,
					  const struct nlb_target *target, struct nlb_tuple *key)
{
	struct draft *draft = draft_get();
	struct nlb_reply *reply;

	if (!draft)
		return -NLB_INTERNAL;
	reply = &draft->reply;
	__builtin_memset(reply, 0, sizeof(*reply));
	reply->last_seen_ns = seen->now_ns;
	reply->target = seen->target;
	reply->listener = seen->listener;
	reply->synced_s = seen->now_ns / NSEC_PER_SEC;
	reply->state = client->protocol == IPPROTO_TCP ? NLB_FLOW_SYN_SENT : NLB_FLOW_UDP;
	reply->flags = seen->flags;
	reply->idle_s = seen->idle_s;
	reply->client = *client;
	if (link_fill(&reply->link, ctx, seen))
		return -NLB_INTERNAL;
	shift_fill(&reply->shift, seen->shift);
	return nat_claim_source(target, key, reply);
}

/* `key`: of the reply; used up. */
static __always_inline int nat_open_flow(struct xdp_md *ctx, const struct nlb_tuple *client,
					 const struct sighting *seen, struct nlb_tuple *key)
{
	struct draft *draft = draft_get();
	const struct nlb_target *target;
	struct nlb_flow *f;

	if (!draft)
		return NLB_INTERNAL;
	f = &draft->flow;
	if (flow_fill(f, ctx, seen, client->protocol))
		return NLB_INTERNAL;
	shift_fill(&f->shift, seen->shift);
	address_copy(f->snat, key->dst);
	f->snat_port = key->dport;
	*key = *client;
	if (!bpf_map_update_elem(&flows, key, f, BPF_ANY))
		return 0;
	target = target_find(seen->target);
	if (target) {
		nat_key_of(key, target, client, f);
		bpf_map_delete_elem(&replies, key);
	}
	return NLB_FLOW_TABLE_FULL;
}

/* Makes both entries of a new flow, in place of the one for the same client that no longer counts.
 * Returns the flow's source towards its target as NAT_SOURCE(), or minus a verdict.
 *
 * A number, so that the caller need not look the entry up: a look-up would mark it as used, and
 * flows that never answer are to be the first that the table evicts. */
__noinline int nat_open(struct xdp_md *ctx, const struct nlb_tuple *client, struct sighting *seen)
{
	const struct nlb_target *target;
	struct nlb_tuple key;
	int snat, verdict;
	__be16 port;

	if (!client || !seen)
		return -NLB_INTERNAL;
	target = target_find(seen->target);
	if (!target)
		return -NLB_TARGET_GONE;
	if (target->family != client->family && target->forwarding != NLB_FORWARD_NAT)
		return -NLB_UNTRANSLATABLE;
	seen->shift = shift_begin(ctx, client, seen, target->target_group);
	if (seen->shift == SHIFT_REFUSED)
		return -NLB_PROXY_REFUSED;
	if (seen->shift && target->family != client->family)
		return -NLB_UNTRANSLATABLE; /* a PROXY header on such a flow: two programs' work */
	nat_key(&key, target, client);
	snat = nat_open_reply(ctx, client, seen, target, &key);
	if (snat < 0)
		return snat;
	port = key.dport;
	verdict = nat_open_flow(ctx, client, seen, &key);
	return verdict ? -verdict : NAT_SOURCE(snat, port);
}

/* Returns whether there is an entry now. */
__noinline int l2_open(struct xdp_md *ctx, const struct nlb_tuple *client,
		       const struct sighting *seen)
{
	struct draft *draft = draft_get();
	const struct nlb_target *target;
	struct nlb_tuple key;

	if (!client || !seen || !draft || flow_fill(&draft->flow, ctx, seen, client->protocol))
		return false;
	target = target_find(seen->target);
	if (target)
		draft->flow.alternate = encap_alternate_of(client, target);
	key = *client;
	return !bpf_map_update_elem(&flows, &key, &draft->flow, BPF_ANY);
}

#endif
