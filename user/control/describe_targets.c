/* SPDX-License-Identifier: BSD-2-Clause */
/* DescribeTargetHealth. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "describe.h"
#include "ops.h"
#include "request.h"

struct nlb_target_count describe_target_count(const struct control *control, const char *group,
					      const struct addr *address, uint16_t port,
					      uint64_t *flows)
{
	const struct nlb_flow_census *census = nlb_flow_census(control->nlb);
	int index = nlb_image_target_index(nlb_image(control->nlb), group, address, port);
	struct nlb_target_count count = {0};

	*flows = index >= 0 && census->by_target ? census->by_target[index] : 0;
	if (index < 0 || nlb_read_target(control->nlb, (unsigned)index, &count))
		return (struct nlb_target_count){0};
	return count;
}

static json_t *next_hop_of(const struct observed_target *seen)
{
	char hop[ADDR_TEXT_MAX];

	if (!seen->is_watched)
		return json_null();
	if (seen->lacks_port)
		return json_sprintf("by %s, not attached", seen->path.port_name);
	if (seen->path.state == NEIGH_RESOLVED && !seen->path.is_direct)
		return json_sprintf("via %s", addr_format(&seen->path.next_hop, hop));
	return json_string(neigh_path_state_name(seen->path.state));
}

/* How its packets leave: by which interface and to which MAC, with which tags, how long they may
 * be. */
static json_t *path_of(const struct observed_target *seen)
{
	const struct neigh_path *path = &seen->path;
	const uint8_t *mac = path->next_hop_mac;
	json_t *vlans;

	if (!seen->is_watched || path->state != NEIGH_RESOLVED)
		return json_null();
	vlans = json_array();
	if (path->vlan_outer)
		json_array_append_new(vlans, json_integer(path->vlan_outer));
	if (path->vlan_inner)
		json_array_append_new(vlans, json_integer(path->vlan_inner));
	return json_pack("{ss ss so so sI}", "interface", path->port_name, "route", path->ifname,
			 "mac",
			 json_sprintf("%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
				      mac[3], mac[4], mac[5]),
			 "vlans", vlans, "mtu", (json_int_t)path->mtu);
}

/* Why it is in its state, and why it gets nothing although it is healthy. */
static json_t *description_of(const struct observed_target *seen, const struct route_ring *ring)
{
	const struct health_state *health = &seen->health;
	char text[512], detail[16] = "";
	int len;

	if (health->detail)
		snprintf(detail, sizeof(detail), " %d", health->detail);
	len = snprintf(text, sizeof(text), "%s%s", health_reason_text(health->reason), detail);
	if (seen->is_watched && seen->path.state != NEIGH_RESOLVED)
		len += snprintf(text + len, sizeof(text) - (size_t)len, "%sno next hop: %s",
				len ? "; " : "", neigh_path_state_help(seen->path.state));
	else if (seen->lacks_port)
		len += snprintf(text + len, sizeof(text) - (size_t)len,
				"%sinterface '%s' towards it is not among 'interfaces'",
				len ? "; " : "", seen->path.port_name);
	else if (ring && ring->fails_open && health->state != TARGET_HEALTHY)
		len += snprintf(text + len, sizeof(text) - (size_t)len,
				"%sgets traffic all the same: its group fails open",
				len ? "; " : "");
	else if (health->state == TARGET_INITIAL && seen->was_routed)
		len += snprintf(text + len, sizeof(text) - (size_t)len,
				"%srouted as before until its checks say otherwise",
				len ? "; " : "");
	return len ? json_string(text) : json_null();
}

static json_t *since_of(const struct observed_target *seen)
{
	char text[CLOCK_TEXT_MAX];

	return json_string(clock_format_utc(seen->health.since_ms, text));
}

/* Without a next hop it gets nothing, whatever is its due. */
static double share_of(const struct observed_target *seen, const struct route *route,
		       const struct route_ring *ring)
{
	if (!ring || seen->path.state != NEIGH_RESOLVED || seen->lacks_port)
		return 0;
	return route_share_pct(seen->target, route, ring);
}

static json_t *describe_one(const struct control *control, const struct observed_target *seen,
			    const struct route *route, const struct route_ring *ring)
{
	char address[ADDR_TEXT_MAX], endpoint[ENDPOINT_TEXT_MAX];
	const struct health_state *health = &seen->health;
	struct nlb_target_count count;
	uint64_t flows;

	count = describe_target_count(control, seen->group, &seen->address, seen->port, &flows);
	return json_pack(
		"{ss ss ss si si sf ss ss so sI so sI sf sI sI sI so so so sb sb}", "target_group",
		seen->group, "target", endpoint_format(&seen->address, seen->port, endpoint),
		"address", addr_format(&seen->address, address), "port", (int)seen->port, "weight",
		seen->target ? (int)seen->target->weight : 0, "share_pct",
		share_of(seen, route, ring), "state", target_state_name(health->state), "reason",
		health_reason_name(health->reason), "since", since_of(seen), "since_s",
		(json_int_t)((clock_wall_ms() - health->since_ms) / 1000), "last_check_ms",
		health->checks ? json_integer(health->last_took_ms) : json_null(), "flows",
		(json_int_t)flows, "new_flows_per_s", seen->sample.new_flows_per_s, "new_flows",
		(json_int_t)count.new_flows, "checks", (json_int_t)health->checks, "failures",
		(json_int_t)health->failures, "next_hop", next_hop_of(seen), "path", path_of(seen), "description",
		description_of(seen, ring), "registered", seen->target != NULL, "takes_new_flows",
		route->in_ring && route->takes_new);
}

static void describe_registered(const struct control *control, const struct target_group *tg,
				json_t *list)
{
	const struct observed *observed = &control->targets.observed;
	struct route_ring rings[2] = {route_ring(tg, AF_INET, observed),
				      route_ring(tg, AF_INET6, observed)};
	const struct observed_target *seen;
	const struct route_ring *ring;
	struct route route;

	for (size_t i = 0; i < tg->target_count; i++) {
		const struct target *target = &tg->targets[i];

		seen = observed_find(observed, tg->name, &target->address, target->port);
		if (!seen)
			continue;
		ring = &rings[target->address.family == AF_INET6];
		route = route_target(tg, target, seen, ring, clock_wall_ms());
		json_array_append_new(list, describe_one(control, seen, &route, ring));
	}
}

/* Those that left the state and still drain. */
static void describe_leavers(const struct control *control, const char *group, json_t *list)
{
	const struct observed_target *seen;
	struct route route;

	list_for_each(seen, &control->targets.observed.targets, node)
	{
		if (seen->target || (group && strcmp(seen->group, group) != 0))
			continue;
		route = route_leaver(seen, clock_wall_ms());
		json_array_append_new(list, describe_one(control, seen, &route, NULL));
	}
}

int op_describe_targets(struct call *call)
{
	const char *group = request_string(call->request, "target_group");
	const struct model *model = call->control->model;
	json_t *list;

	if (group && !model_find_target_group(model, group))
		return refuse(&call->refusal, REFUSED_NO_TARGET_GROUP,
			      "there is no target group '%.64s'", group);
	list = json_array();
	for (size_t i = 0; i < model->target_group_count; i++)
		if (!group || strcmp(model->target_groups[i].name, group) == 0)
			describe_registered(call->control, &model->target_groups[i], list);
	describe_leavers(call->control, group, list);
	call->answer = json_pack("{so}", "targets", list);
	return 0;
}
