/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of the desired state as a whole; its nouns are in load_balancer.c,
 * target_group.c and security_group.c. */
#include "codec.h"

#include "base/base.h"

static const struct field state_fields[] = {
	{.key = "load_balancers",
	 .codec = &codec_nouns,
	 .offset = offsetof(struct model, load_balancers),
	 .also = offsetof(struct model, load_balancer_count),
	 .max = MODEL_LOAD_BALANCERS_MAX,
	 .noun = &noun_load_balancer,
	 .help = "virtual addresses and what listens on them"},
	{.key = "target_groups",
	 .codec = &codec_nouns,
	 .offset = offsetof(struct model, target_groups),
	 .also = offsetof(struct model, target_group_count),
	 .max = MODEL_TARGET_GROUPS_MAX,
	 .noun = &noun_target_group,
	 .help = "targets that serve the same"},
	{.key = "security_groups",
	 .codec = &codec_nouns,
	 .offset = offsetof(struct model, security_groups),
	 .also = offsetof(struct model, security_group_count),
	 .max = MODEL_SECURITY_GROUPS_MAX,
	 .noun = &noun_security_group,
	 .help = "sources that listeners allow or deny"},
};

const struct noun noun_state = {
	.name = "state",
	.help = "desired state of a load balancer node or cluster",
	.fields = state_fields,
	.field_count = ARRAY_SIZE(state_fields),
	.bytes = sizeof(struct model),
	.line = NO_LINE,
};
