/* SPDX-License-Identifier: BSD-2-Clause */
/* What a target gets, decided from the model and what was observed. Pure; the rules are in route.h.
 */
#include "route.h"

static bool has_path(const struct observed_target *seen)
{
	return seen && seen->path.state == NEIGH_RESOLVED && !seen->lacks_port;
}

static bool is_reachable(const struct observed_target *seen, const struct route_ring *ring)
{
	return seen && (has_path(seen) || ring->is_cut_off);
}

static bool counts_as_healthy(const struct observed_target *seen, const struct route_ring *ring)
{
	if (!is_reachable(seen, ring))
		return false;
	return seen->health.state == TARGET_HEALTHY ||
	       (seen->health.state == TARGET_INITIAL && seen->was_routed);
}

static bool belongs_in_ring(const struct target_group *tg, const struct target *target)
{
	return tg->in_use && !target->drain && target->weight > 0;
}

static bool can_take(const struct observed_target *seen, const struct route_ring *ring)
{
	return counts_as_healthy(seen, ring) || (ring->fails_open && is_reachable(seen, ring));
}

static const struct observed_target *
find(const struct observed *observed, const struct target_group *tg, const struct target *target)
{
	return observed_find(observed, tg->name, &target->address, target->port);
}

/* The ring's targets one after the other: NULL at its end. *i: where to go on. */
static const struct target *next_target(const struct target_group *tg, uint16_t family, size_t *i)
{
	const struct target *target;

	while (*i < tg->target_count) {
		target = &tg->targets[(*i)++];
		if (target->address.family == family && belongs_in_ring(tg, target))
			return target;
	}
	return NULL;
}

static bool has_any_path(const struct target_group *tg, uint16_t family,
			 const struct observed *observed)
{
	const struct target *target;

	for (size_t i = 0; (target = next_target(tg, family, &i));)
		if (has_path(find(observed, tg, target)))
			return true;
	return false;
}

struct route_ring route_ring(const struct target_group *tg, uint16_t family,
			     const struct observed *observed)
{
	struct route_ring ring = {.is_cut_off = !has_any_path(tg, family, observed)};
	const struct target *target;

	for (size_t i = 0; (target = next_target(tg, family, &i));) {
		ring.total++;
		ring.healthy += counts_as_healthy(find(observed, tg, target), &ring);
	}
	ring.fails_open = health_fails_open(ring.healthy, ring.total, tg->min_healthy_count,
					    tg->min_healthy_pct);
	for (size_t i = 0; (target = next_target(tg, family, &i));)
		if (can_take(find(observed, tg, target), &ring))
			ring.taker_weight += target->weight;
	return ring;
}

static const struct route ABSENT = {0};
static const struct route FLOWS_ONLY = {.is_present = true, .takes_new = true};

struct route route_leaver(const struct observed_target *seen, int64_t now_ms)
{
	if (!seen || seen->ends_now)
		return ABSENT;
	if (seen->drain_until_ms) /* else its drain is about to begin */
		return seen->drain_until_ms > now_ms ? FLOWS_ONLY : ABSENT;
	return seen->delay_s ? FLOWS_ONLY : ABSENT;
}

/* Weight 0, or a group that no listener names: open flows go on while the target lives. */
static struct route outside_ring(const struct observed_target *seen)
{
	return (struct route){
		.is_present = true,
		.takes_new = !seen || seen->health.state != TARGET_UNHEALTHY,
	};
}

struct route route_target(const struct target_group *tg, const struct target *target,
			  const struct observed_target *seen, const struct route_ring *ring,
			  int64_t now_ms)
{
	if (target->drain)
		return route_leaver(seen, now_ms);
	if (!belongs_in_ring(tg, target))
		return outside_ring(seen);
	return (struct route){
		.is_present = true,
		.in_ring = true,
		.takes_new = can_take(seen, ring),
	};
}

double route_share_pct(const struct target *target, const struct route *route,
		       const struct route_ring *ring)
{
	if (!route->in_ring || !route->takes_new || !ring->taker_weight)
		return 0;
	return 100.0 * target->weight / ring->taker_weight;
}
