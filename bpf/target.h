/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Target id -> target, and whether it takes new flows. An id that outlived its target finds
 * nothing: indices are reused, generations are not.
 */
#ifndef LEAT_BPF_TARGET_H
#define LEAT_BPF_TARGET_H

#include "maps.h"
#include "packet.h"

/* Modes that replace the addresses: targets answer through Leat, and both directions have entries.
 */
static __always_inline bool is_translating(__u8 forwarding)
{
	return forwarding == NLB_FORWARD_NAT || forwarding == NLB_FORWARD_DNAT;
}

static __always_inline const struct nlb_target *target_find(__u32 id)
{
	__u32 index = NLB_TARGET_INDEX(id);
	const struct nlb_target *target = bpf_map_lookup_elem(&targets, &index);

	if (!target || !id || READ_ONCE(target->id) != id)
		return NULL;
	return target;
}

static __always_inline bool target_takes_new_flows(__u32 id)
{
	__u32 index = NLB_TARGET_INDEX(id);
	__u32 word = index / 64;
	const __u64 *bits = bpf_map_lookup_elem(&health, &word);

	return bits && (READ_ONCE(*bits) >> (index % 64) & 1);
}

#endif
