/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * A listener's target group, for packets that choose a target: the one it names, or the one that a
 * hash of the flow takes of a weighted action. The hash has a key of its own, so that the choice
 * between groups tells nothing of the choice within one.
 */
#ifndef LEAT_BPF_ACTION_H
#define LEAT_BPF_ACTION_H

#include <leat/nlb_hash.h>

#include "maps.h"
#include "packet.h"
#include "settings.h"

#define ACTION_NO_GROUP 0xffffffffu

/* Index of the group, or ACTION_NO_GROUP where the action is damaged. A global function, as
 * selection_hash() is. */
__noinline __u32 action_group(const struct nlb_tuple *tuple, __u32 index)
{
	const struct nlb_action *action = bpf_map_lookup_elem(&actions, &index);
	const struct nlb_settings *s = settings_get();
	__u32 choice;

	if (!action || !s || !tuple || !action->count)
		return ACTION_NO_GROUP;
	choice =
		nlb_action_choose(action, nlb_hash_action(s->hash_key, tuple, action->hash_fields));
	if (choice >= action->count || choice >= NLB_ACTION_GROUPS)
		return ACTION_NO_GROUP;
	return action->groups[choice];
}

/* NULL where an entry that must exist does not. */
static __always_inline const struct nlb_target_group *listener_group(const struct packet *p)
{
	__u32 index = p->listener->target_group;

	if (unlikely(p->listener->flags & NLB_LISTENER_ACTION))
		index = action_group(p->tuple, index);
	return bpf_map_lookup_elem(&target_groups, &index);
}

#endif
