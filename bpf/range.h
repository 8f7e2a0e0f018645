/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Prefixes of addresses and ranges of ports: address -> vip, vip and port -> listener's id. Two
 * look-ups of longest prefixes, for packets to no exact listener; what is more specific than what
 * was settled by whoever wrote the tries (nlb_abi.h).
 *
 * Global functions: off the path of a packet to an exact listener, with their own part of the
 * stack.
 */
#ifndef LEAT_BPF_RANGE_H
#define LEAT_BPF_RANGE_H

#include "maps.h"
#include "packet.h"
#include "settings.h"

#define RANGE_NONE 0xffffffffu /* no listener's id */

static __always_inline __u32 vip_find(const struct nlb_tuple *tuple)
{
	struct nlb_vip_key key = {.family = tuple->family};
	const __u32 *vip;

	key.prefix_bits = NLB_VIP_FAMILY_BITS + (tuple->family == NLB_IPV4 ? 32 : 128);
	__builtin_memcpy(key.address, tuple->dst, sizeof(key.address));
	vip = bpf_map_lookup_elem(&vips, &key);
	return vip ? *vip : 0;
}

/* The vip that the destination is or lies in; 0: none. */
__noinline __u32 range_vip(const struct nlb_tuple *tuple)
{
	const struct nlb_settings *s = settings_get();

	return tuple && s && s->flags & NLB_SETTINGS_RANGES ? vip_find(tuple) : 0;
}

/* The id of the listener that hears the destination's port; RANGE_NONE: none does. */
__noinline __u32 range_listener(const struct nlb_tuple *tuple)
{
	struct nlb_port_range_key key = {.prefix_bits = NLB_PORT_RANGE_VIP_BITS + 16};
	const __u32 *id;

	if (!tuple)
		return RANGE_NONE;
	key.vip = vip_find(tuple);
	if (!key.vip)
		return RANGE_NONE;
	key.protocol = tuple->protocol;
	key.port = tuple->dport;
	id = bpf_map_lookup_elem(&port_ranges, &key);
	return id ? *id : RANGE_NONE;
}

#endif
