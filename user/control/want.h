/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * (model, what was observed, source addresses) → what the XDP plane shall do. Pure: no system call,
 * no clock.
 *
 * A target group gives one nlb group for each address family of its targets. Targets that left the
 * model come in while they drain, in a group of their own when theirs is gone too.
 */
#ifndef LEAT_CONTROL_WANT_H
#define LEAT_CONTROL_WANT_H

#include "base/prefix.h"
#include "nlb/nlb.h"
#include "observed.h"

struct want_input {
	const struct model *model;
	struct observed *observed; /* only its pass marks are written */
	const struct addr *snats;  /* of the node's settings; none of a family: the host's own
				      address towards the target */
	size_t snat_count;
	const struct prefix *encap_sources; /* of the node's settings, at most one a family */
	size_t encap_source_count;
	uint64_t hash_key[2];
	int64_t now_ms; /* wall clock */
};

/* Lives in the arena; borrows names from the model and the observed rows. */
struct nlb_want *want_make(const struct want_input *in, struct arena *arena);

/* What a mode's outer headers take of the MTU of the path to a target of the family (AF_INET, AF_INET6); 0: none. */
unsigned want_encap_bytes(enum forwarding forwarding, uint16_t family);

#define WANT_LISTENER_NAME_MAX (MODEL_NAME_MAX + 1 + LISTENER_TEXT_MAX)
/* "edge/TCP:80" into text; returns text. */
char *want_listener_name(const struct load_balancer *lb, const struct listener *listener,
			 char text[WANT_LISTENER_NAME_MAX]);

#endif
