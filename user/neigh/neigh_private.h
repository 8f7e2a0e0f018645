/* SPDX-License-Identifier: BSD-2-Clause */
/* struct neigh, for neigh.c (the sensor) and address.c (the announcer's hands). */
#ifndef LEAT_NEIGH_NEIGH_PRIVATE_H
#define LEAT_NEIGH_NEIGH_PRIVATE_H

#include "announce.h"
#include "features.h"
#include "hop.h"
#include "kept.h"
#include "link.h"
#include "neigh.h"
#include "netlink.h"
#include "watch.h"

struct neigh {
	struct loop *loop;
	struct neigh_events events;
	struct nl_sock *requests, *event_sock; /* owned */
	struct loop_fd event_watch;
	struct loop_timer round; /* armed: something is dirty or waits to be told */
	uint64_t last_round_ms, round_gap_ms;
	unsigned route_events; /* since the last round */
	bool has_lost_events;
	unsigned resyncs; /* because of that, ever */

	struct features features;
	struct links links;
	struct hops hops;
	struct watches watches;
	struct announcements announcements;

	struct kept_addresses kept;
	neigh_address_gone_fn *on_address_gone; /* NULL: nobody asks */
	void *on_address_gone_arg;
};

#endif
