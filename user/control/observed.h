/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What leatd knows of each target besides the desired state: its health, its path, its drain. One
 * row a (target group, address, port), kept across changes of the model. A table and nothing else:
 * who probes and watches is targets.c, what a row means for packets is route.c.
 */
#ifndef LEAT_CONTROL_OBSERVED_H
#define LEAT_CONTROL_OBSERVED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/list.h"
#include "health/health.h"
#include "model/model.h"
#include "neigh/neigh.h"

struct targets;
struct tally_row;

struct target_count_sample { /* counters as last read, and what they gained a second: rates.c */
	uint64_t new_flows;
	uint64_t taken_ms; /* monotonic; 0: never */
	double new_flows_per_s;
	int index;
};

struct observed_target {
	struct list node;	       /* in the order of appearance */
	struct observed_target *chain; /* in its hash bucket */
	char group[MODEL_NAME_MAX + 1];
	struct addr address;
	uint16_t port; /* host order */

	/* Rows of the model in force. target is NULL once the target has left it; tg too once its
	 * group has. */
	const struct target_group *tg;
	const struct target *target;
	enum forwarding forwarding; /* of the group while there was one */
	unsigned delay_s;	    /* its deregistration delay */

	struct targets *owner;	 /* whoever probes and watches; NULL in tests */
	struct tally_row *tally; /* checks of its group, counted; borrowed */
	struct health_state health;
	/* It took flows before leatd started, before its drain, or before its group was out of use:
	 * believed while its state is initial, so that flows it still has are not ended. */
	bool was_routed;
	struct health_probe *probe; /* owned; NULL: not checked */
	struct health_spec spec; /* of the probe; path and matcher belong to the model in force */

	bool is_watched; /* a neigh_watch() of ours */
	struct neigh_path path;
	struct addr source; /* the last one it was reached from */
	bool lacks_port; /* resolved, but by an interface that the program may not send by */
	bool knows_link;
	uint8_t link_bits; /* dnat: of the prefix of its network, if that is this host's; else 0 */

	int64_t drain_until_ms; /* wall clock; 0: does not drain. In the past: its drain is over */
	bool ends_now;		/* is being removed together with its flows */
	/* leavers.c: may its drain end early? */
	bool drain_is_in_maps; /* it gets no new flow any more … */
	uint64_t drain_passes; /* … since this many passes over the flow table had ended */
	unsigned idle_round;   /* looked at in this round already */
	bool is_idle;	       /* its drain ends because it has no flow */

	struct target_count_sample sample;
	unsigned pass; /* of observed_pass(): scratch of whoever compares the table with a model */
};

struct observed {
	struct list targets;
	struct observed_target **buckets;
	size_t bucket_count; /* power of two */
	size_t count;
	unsigned pass;
};

void observed_init(struct observed *observed);
void observed_fini(struct observed *observed); /* frees the rows; probes and watches are their
						  owner's business */

/* NULL when there is none. */
struct observed_target *observed_find(const struct observed *observed, const char *group,
				      const struct addr *address, uint16_t port);
/* A new zeroed row but for its key; the key must not be there yet. */
struct observed_target *observed_add(struct observed *observed, const char *group,
				     const struct addr *address, uint16_t port);
void observed_remove(struct observed *observed, struct observed_target *seen); /* frees it */

/* Marks every row that the model has with a new pass number and returns that: rows with another
 * number have left. */
unsigned observed_pass(struct observed *observed, const struct model *model);

#define OBSERVED_NAME_MAX (MODEL_NAME_MAX + 1 + ENDPOINT_TEXT_MAX)
/* "web/10.0.1.11:8080" into text; returns text. */
char *observed_name(const struct observed_target *seen, char text[OBSERVED_NAME_MAX]);

#endif
