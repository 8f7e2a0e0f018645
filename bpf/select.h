/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Hash -> slot -> target, for packets whose flow knows none. The ring is read once: user space
 * switches it by one store. The primary target of a slot steps back for the secondary while its
 * health bit is 0.
 */
#ifndef LEAT_BPF_SELECT_H
#define LEAT_BPF_SELECT_H

#include <leat/nlb_hash.h>

#include "maps.h"
#include "packet.h"
#include "settings.h"
#include "target.h"

union slot_word {
	__u64 word;
	struct nlb_slot slot;
};

/* A global function: the unrolled rounds are long, and only packets without a flow need them. */
__noinline __u64 selection_hash(const struct nlb_tuple *tuple, __u8 fields)
{
	const struct nlb_settings *s = settings_get();

	return s && tuple ? nlb_hash_tuple(s->hash_key, tuple, fields) : 0;
}

static __always_inline bool choose(struct packet *p, __u32 id)
{
	const struct nlb_target *target = target_takes_new_flows(id) ? target_find(id) : NULL;

	if (!target)
		return false;
	p->target = target;
	p->target_id = id;
	return true;
}

static __always_inline int select_target(struct packet *p)
{
	const struct nlb_slot *slot;
	union slot_word now;
	__u64 ring;
	__u32 index;
	__u64 hash;

	if (likely(p->target))
		return 0;
	ring = READ_ONCE(p->group->ring);
	if (!NLB_RING_SIZE(ring))
		return NLB_NO_TARGET;
	hash = selection_hash(p->tuple, p->group->hash_fields);
	index = NLB_RING_BASE(ring) + nlb_hash_slot(hash, NLB_RING_SIZE(ring));
	slot = bpf_map_lookup_elem(&slots, &index);
	if (!slot)
		return NLB_INTERNAL;
	now.word = *(const volatile word64 *)slot;
	if (choose(p, now.slot.primary) || choose(p, now.slot.secondary))
		return 0;
	return NLB_NO_HEALTHY_TARGET;
}

/* Who else may know a flow that the hash gives to this target: the slot's secondary, 0 where there
 * is none or the target is it. A global function: of gue alone, and where there is no entry yet. */
__noinline __u32 select_alternate(const struct nlb_tuple *tuple, const struct nlb_target *target)
{
	const struct nlb_target_group *group;
	const struct nlb_slot *slot;
	union slot_word now;
	__u32 index;
	__u64 ring;

	if (!tuple || !target)
		return 0;
	index = target->target_group;
	group = bpf_map_lookup_elem(&target_groups, &index);
	if (!group)
		return 0;
	ring = READ_ONCE(group->ring);
	index = NLB_RING_BASE(ring) +
		nlb_hash_slot(selection_hash(tuple, group->hash_fields), NLB_RING_SIZE(ring));
	slot = bpf_map_lookup_elem(&slots, &index);
	if (!slot || !NLB_RING_SIZE(ring))
		return 0;
	now.word = *(const volatile word64 *)slot;
	return now.slot.primary == target->id ? now.slot.secondary : 0;
}

#endif
