/* SPDX-License-Identifier: BSD-2-Clause */
/* What the describing operations and the metrics have in common. */
#ifndef LEAT_CONTROL_DESCRIBE_H
#define LEAT_CONTROL_DESCRIBE_H

#include <jansson.h>

#include "controller.h"
#include "route.h"

/* State words: "active", "provisioning", "failed: reason". A new reference. */
json_t *describe_load_balancer_state(const struct control *control, const struct load_balancer *lb);

struct group_summary {
	unsigned targets, healthy; /* registered; of these in state healthy */
	bool fails_open;	   /* in one family at least */
	const char *state;	   /* "ok", "degraded", "fail-open", "unused", "empty" */
};
struct group_summary describe_group(const struct control *control, const struct target_group *tg);

/* Counters of a target or listener; all 0 when it has none (yet). */
struct nlb_target_count describe_target_count(const struct control *control, const char *group,
					      const struct addr *address, uint16_t port,
					      uint64_t *flows);
struct nlb_listener_count describe_listener_count(const struct control *control, const char *name);

#endif
