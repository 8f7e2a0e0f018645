/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a target gets: the decision behind every health bit and ring, in one place. Pure. Used for
 * the maps (want.c) and for what is shown of them (describe_….c), so both say the same.
 *
 * Rules (elbv2.md 3.9):
 *
 *     - In the ring: registered, not drained, weight above 0, its group is in a listener.
 *     - Takes new flows: in the ring, its next hop is resolved and reached by an interface that the
 *       program sends by, and it is healthy or its group fails open. A target that took flows before (a restart, a drain) counts as healthy until
 *       its checks say otherwise.
 *     - A group fails open by health_fails_open() over its ring, for each address family by itself:
 *       a family is a ring of its own. An unreachable target counts as not healthy there, though
 *       its health state is left alone.
 *     - When no target of a ring is reachable (the link to them is down), there is nothing to steer
 *       flows to: the bits follow health alone, so that connections survive a link that soon comes
 *       back.
 *     - Draining, or registered in a group that no listener names (any more): no new flows, the
 *       open ones go on.
 */
#ifndef LEAT_CONTROL_ROUTE_H
#define LEAT_CONTROL_ROUTE_H

#include "observed.h"

struct route_ring {	  /* of a target group and address family */
	unsigned total;	  /* targets in it */
	unsigned healthy; /* of these, healthy and reachable */
	bool fails_open;
	bool is_cut_off;       /* none has a next hop */
	unsigned taker_weight; /* sum over those that take new flows */
};

struct route {
	bool is_present; /* has a row in the maps */
	bool in_ring;
	bool takes_new; /* its health bit */
};

/* family: AF_INET or AF_INET6. */
struct route_ring route_ring(const struct target_group *tg, uint16_t family,
			     const struct observed *observed);

/* A registered target. seen: its row, NULL when it has none yet. now_ms: wall clock. */
struct route route_target(const struct target_group *tg, const struct target *target,
			  const struct observed_target *seen, const struct route_ring *ring,
			  int64_t now_ms);

/* A target that is no longer registered. */
struct route route_leaver(const struct observed_target *seen, int64_t now_ms);

/* Percent of its ring's new flows that a target gets. */
double route_share_pct(const struct target *target, const struct route *route,
		       const struct route_ring *ring);

#endif
