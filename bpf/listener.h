/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Destination address and port -> listener. From here on the packet is ours: it is forwarded,
 * answered or dropped by a name.
 */
#ifndef LEAT_BPF_LISTENER_H
#define LEAT_BPF_LISTENER_H

#include "maps.h"
#include "packet.h"
#include "range.h"

static __always_inline void listener_key(struct nlb_listener_key *key,
					 const struct nlb_tuple *tuple, __be16 port, __u8 protocol)
{
	address_copy(key->address, tuple->dst);
	key->port = port;
	key->protocol = protocol;
	key->family = tuple->family;
}

/* Is the destination an address of any listener? User space puts one entry with port 0 and protocol
 * 0 for each single address; prefixes are found as they are for ports. */
static __always_inline bool is_listeners_address(const struct nlb_tuple *tuple)
{
	struct nlb_listener_key key __attribute__((aligned(8)));

	listener_key(&key, tuple, 0, 0);
	return bpf_map_lookup_elem(&listeners, &key) || range_vip(tuple);
}

/* A fragment has no ports or, with ports, would be torn from the others. The stack can't reassemble
 * for an address whose sockets are elsewhere, so fragments to such an address end here, by name;
 * all others are the stack's. */
static __always_inline int fragment(struct packet *p)
{
	if (likely(!p->is_fragment))
		return 0;
	return is_listeners_address(p->tuple) ? NLB_FRAGMENT : NLB_NOT_OURS;
}

/* What the exact look-up misses may be of a range of ports or a prefix of addresses. Without any,
 * packets that are not ours are spared the search. A function with a frame of its own, so that its
 * key isn't there when a flow is opened. */
static __noinline const struct nlb_listener *listener_find(const struct nlb_tuple *tuple,
							   __u32 settings_flags)
{
	struct nlb_listener_key key __attribute__((aligned(8)));
	const struct nlb_listener *found;
	__u32 id;

	listener_key(&key, tuple, tuple->dport, tuple->protocol);
	found = bpf_map_lookup_elem(&listeners, &key);
	if (likely(found) || likely(!(settings_flags & NLB_SETTINGS_RANGES)))
		return found;
	id = range_listener(tuple);
	if (id == RANGE_NONE)
		return NULL;
	nlb_range_row(&key, id, tuple->family);
	return bpf_map_lookup_elem(&listeners, &key);
}

static __always_inline int listener(struct packet *p)
{
	p->listener = listener_find(p->tuple, p->settings->flags);
	if (!p->listener)
		return NLB_NOT_OURS;
	p->idle_s = is_tcp(p) ? p->listener->tcp_idle_s : p->listener->udp_idle_s;
	return 0;
}

static __always_inline bool is_local(const struct packet *p)
{
	return p->listener->flags & NLB_LISTENER_LOCAL;
}

/* Target type alb: the host's own stack serves the listener. The packet stays as it came. */
static __always_inline int local(struct packet *p)
{
	if (likely(!is_local(p)))
		return 0;
	p->is_new_flow = is_syn(p);
	return NLB_LOCAL;
}

#endif
