/* SPDX-License-Identifier: BSD-2-Clause */
/* Builds struct nlb_want. Who takes what is decided in route.c; here it is only put into the
 * plane's words. Pure. */
#include "want.h"

#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "leat/nlb_encap.h"
#include "route.h"

static const uint16_t families[] = {AF_INET, AF_INET6};

static uint8_t forwarding_of(enum forwarding forwarding)
{
	static const uint8_t words[] = {
		[FORWARDING_NAT] = NLB_FORWARD_NAT,   [FORWARDING_L2] = NLB_FORWARD_L2,
		[FORWARDING_DNAT] = NLB_FORWARD_DNAT, [FORWARDING_IPIP] = NLB_FORWARD_IPIP,
		[FORWARDING_GUE] = NLB_FORWARD_GUE,
	};

	return words[forwarding];
}

unsigned want_encap_bytes(enum forwarding forwarding, uint16_t family)
{
	return nlb_encap_bytes(forwarding_of(forwarding), family == AF_INET6 ? NLB_IPV6 : NLB_IPV4);
}

/* TCP of an unhealthy target is reset if the group says so. Its UDP always moves: there is no
 * connection to keep, and a client that never pauses would speak to the dead for ever. */
static uint32_t flags_of(const struct target_group *tg)
{
	uint32_t flags = 0;

	if (tg->unhealthy_connection_termination)
		flags |= NLB_GROUP_RESET_UNHEALTHY;
	if (tg->proxy_protocol)
		flags |= NLB_GROUP_PROXY;
	if (tg->proxy_protocol && tg->proxy_placement == PROXY_ON_FIRST_ACK)
		flags |= NLB_GROUP_PROXY_ON_ACK;
	if (protocol_has(tg->protocol, IPPROTO_UDP))
		flags |= NLB_GROUP_MOVE_UNHEALTHY;
	return flags;
}

/* Modes in which a target may see an address of Leat's own. */
static bool needs_source(uint8_t forwarding)
{
	return forwarding == NLB_FORWARD_NAT || forwarding == NLB_FORWARD_DNAT;
}

static struct nlb_path path_of(const struct observed_target *seen)
{
	struct nlb_path path = {0};

	if (!seen || seen->path.state != NEIGH_RESOLVED)
		return path;
	path.is_resolved = true;
	path.ifindex = seen->path.port;
	path.vlan_proto = seen->path.vlan_proto;
	path.vlan_outer = seen->path.vlan_outer;
	path.vlan_inner = seen->path.vlan_inner;
	path.mtu = seen->path.mtu;
	memcpy(path.dst_mac, seen->path.next_hop_mac, sizeof(path.dst_mac));
	memcpy(path.src_mac, seen->path.local_mac, sizeof(path.src_mac));
	return path;
}

static void choose_snats(const struct want_input *in, const struct observed_target *seen,
			 struct nlb_want_target *out)
{
	for (size_t i = 0; i < in->snat_count && out->snat_count < ARRAY_SIZE(out->snats); i++)
		if (in->snats[i].family == out->address.family)
			out->snats[out->snat_count++] = in->snats[i];
	if (!out->snat_count && seen && seen->path.source.family == out->address.family)
		out->snats[out->snat_count++] = seen->path.source;
}

/* Of outer headers: ipip varies it within the node's prefix of the family, if there is one. */
static void choose_outer_source(const struct want_input *in, const struct observed_target *seen,
				uint8_t forwarding, struct nlb_want_target *out)
{
	const struct prefix *prefix;

	for (size_t i = 0; i < in->encap_source_count && forwarding == NLB_FORWARD_IPIP; i++) {
		prefix = &in->encap_sources[i];
		if (prefix->address.family != out->address.family)
			continue;
		out->snats[0] = prefix->address;
		out->snat_count = 1;
		out->source_bits =
			(uint8_t)(prefix_bits_max(prefix->address.family) - prefix->bits);
		if (out->source_bits > NLB_SOURCE_BITS_MAX)
			out->source_bits = NLB_SOURCE_BITS_MAX;
		return;
	}
	if (seen && seen->path.source.family == out->address.family)
		out->snats[out->snat_count++] = seen->path.source;
}

static struct nlb_want_group *add_group(struct nlb_want *want, const char *name, uint16_t family,
					struct arena *arena)
{
	struct nlb_want_group *group;

	want->groups = arena_grow(arena, want->groups, want->group_count, sizeof(*want->groups));
	group = &want->groups[want->group_count++];
	*group = (struct nlb_want_group){.name = name, .family = (uint8_t)family};
	return group;
}

static struct nlb_want_target *add_target(struct nlb_want_group *group, const struct addr *address,
					  uint16_t port, struct arena *arena)
{
	struct nlb_want_target *target;

	group->targets =
		arena_grow(arena, group->targets, group->target_count, sizeof(*group->targets));
	target = &group->targets[group->target_count++];
	*target = (struct nlb_want_target){.address = *address, .port = port};
	return target;
}

static void fill_target(const struct want_input *in, struct nlb_want_target *out,
			const struct observed_target *seen, const struct route *route,
			uint8_t forwarding)
{
	out->in_ring = route->in_ring;
	out->takes_new = route->takes_new;
	out->path = path_of(seen);
	if (needs_source(forwarding))
		choose_snats(in, seen, out);
	if (nlb_encap_bytes(forwarding, NLB_IPV4))
		choose_outer_source(in, seen, forwarding, out);
	if (forwarding == NLB_FORWARD_DNAT && seen)
		out->link_bits = seen->link_bits;
}

static void add_registered(const struct want_input *in, const struct target_group *tg,
			   struct nlb_want_group *group, const struct target *target,
			   const struct route_ring *ring, struct arena *arena)
{
	const struct observed_target *seen;
	struct nlb_want_target *out;
	struct route route;

	seen = observed_find(in->observed, tg->name, &target->address, target->port);
	route = route_target(tg, target, seen, ring, in->now_ms);
	if (!route.is_present)
		return;
	out = add_target(group, &target->address, target->port, arena);
	out->weight = target->weight;
	fill_target(in, out, seen, &route, group->forwarding);
}

static bool has_family(const struct target_group *tg, uint16_t family)
{
	for (size_t i = 0; i < tg->target_count; i++)
		if (tg->targets[i].address.family == family)
			return true;
	return false;
}

static void add_target_group(const struct want_input *in, struct nlb_want *want,
			     const struct target_group *tg, uint16_t family, struct arena *arena)
{
	struct route_ring ring = route_ring(tg, family, in->observed);
	struct nlb_want_group *group = add_group(want, tg->name, family, arena);

	group->forwarding = forwarding_of(tg->forwarding);
	group->hash_fields = tg->source_ip_stickiness ? NLB_HASH_SOURCE : NLB_HASH_5TUPLE;
	group->flags = flags_of(tg);
	group->fails_open = ring.fails_open;
	group->preserves_port = tg->preserve_port;
	group->mss_max = (uint16_t)tg->mss_max;
	for (size_t i = 0; i < tg->target_count; i++)
		if (tg->targets[i].address.family == family)
			add_registered(in, tg, group, &tg->targets[i], &ring, arena);
}

static struct nlb_want_group *find_group(struct nlb_want *want, const char *name, uint16_t family)
{
	for (size_t i = 0; i < want->group_count; i++)
		if (want->groups[i].family == family && strcmp(want->groups[i].name, name) == 0)
			return &want->groups[i];
	return NULL;
}

static struct nlb_want_group *group_of_leaver(const struct want_input *in, struct nlb_want *want,
					      const struct observed_target *seen,
					      struct arena *arena)
{
	struct nlb_want_group *group = find_group(want, seen->group, seen->address.family);
	const struct target_group *tg;

	if (group)
		return group;
	group = add_group(want, seen->group, seen->address.family, arena);
	tg = model_find_target_group(in->model, seen->group);
	group->forwarding = forwarding_of(tg ? tg->forwarding : seen->forwarding);
	if (tg) {
		group->hash_fields = tg->source_ip_stickiness ? NLB_HASH_SOURCE : NLB_HASH_5TUPLE;
		group->flags = flags_of(tg);
		group->preserves_port = tg->preserve_port;
		group->mss_max = (uint16_t)tg->mss_max;
	}
	return group;
}

static void add_leavers(const struct want_input *in, struct nlb_want *want, struct arena *arena)
{
	unsigned pass = observed_pass(in->observed, in->model);
	const struct observed_target *seen;
	struct nlb_want_group *group;
	struct route route;

	list_for_each(seen, &in->observed->targets, node) {
		route = route_leaver(seen, in->now_ms);
		if (seen->pass == pass || !route.is_present)
			continue;
		group = group_of_leaver(in, want, seen, arena);
		fill_target(in, add_target(group, &seen->address, seen->port, arena), seen, &route,
			    group->forwarding);
	}
}

/* Who was the first to want each of want->source_lists. */
struct want_lists {
	const struct model *model;
	const struct listener **first_users;
};

char *want_listener_name(const struct load_balancer *lb, const struct listener *listener,
			 char text[WANT_LISTENER_NAME_MAX])
{
	char ports[LISTENER_TEXT_MAX];

	snprintf(text, WANT_LISTENER_NAME_MAX, "%s/%s", lb->name, listener_format(listener, ports));
	return text;
}

/* Which of its entries serves VIPs of a family. */
static uint8_t family_of(const struct forward_group *group, uint16_t vip_family)
{
	return (uint8_t)model_ring_family(group->target_group, vip_family);
}

static void choose(struct nlb_want_listener *out, const struct action *action, struct arena *arena)
{
	struct nlb_want_choice *choices;

	out->is_local = action_is_local(action);
	if (out->is_local)
		return;
	if (action->group_count == 1) {
		out->group = action->groups[0].name;
		out->group_family = family_of(&action->groups[0], out->vip.family);
		return;
	}
	choices = arena_alloc(arena, action->group_count * sizeof(*choices));
	for (size_t i = 0; i < action->group_count; i++)
		choices[i] =
			(struct nlb_want_choice){action->groups[i].name,
						 family_of(&action->groups[i], out->vip.family),
						 action->groups[i].weight};
	out->choices = choices;
	out->choice_count = action->group_count;
	out->is_sticky = action->sticky;
}

static bool has_same_groups(const struct listener *a, const struct listener *b)
{
	if (a->security_group_count != b->security_group_count)
		return false;
	for (size_t i = 0; i < a->security_group_count; i++)
		if (strcmp(a->security_groups[i], b->security_groups[i]) != 0)
			return false;
	return true;
}

static struct nlb_want_sources sources_of(const struct model *model,
					  const struct listener *listener, struct arena *arena)
{
	struct source_list list = model_sources(model, listener, arena);
	struct nlb_want_sources sources = {.count = list.count};

	sources.rules = arena_alloc(arena, list.count * sizeof(*sources.rules));
	for (size_t i = 0; i < list.count; i++)
		sources.rules[i] = (struct nlb_want_source){.address = list.rules[i].prefix.address,
							    .bits = list.rules[i].prefix.bits,
							    .is_allowed = list.rules[i].is_allowed};
	return sources;
}

/* Listeners that name the same security groups share a list: it may hold thousands of prefixes. */
static size_t want_sources(struct want_lists *lists, struct nlb_want *want,
			   const struct listener *listener, struct arena *arena)
{
	size_t count = want->source_list_count;

	if (!listener->security_group_count)
		return 0;
	for (size_t i = 0; i < count; i++)
		if (has_same_groups(lists->first_users[i], listener))
			return i + 1;
	want->source_lists =
		arena_grow(arena, want->source_lists, count, sizeof(*want->source_lists));
	lists->first_users =
		arena_grow(arena, lists->first_users, count, sizeof(*lists->first_users));
	want->source_lists[count] = sources_of(lists->model, listener, arena);
	lists->first_users[count] = listener;
	return ++want->source_list_count;
}

static void add_entry(struct nlb_want *want, const struct listener *listener, size_t sources,
		      const char *name, const struct addr *vip, unsigned bits, struct arena *arena)
{
	struct nlb_want_listener *out;

	want->listeners =
		arena_grow(arena, want->listeners, want->listener_count, sizeof(*want->listeners));
	out = &want->listeners[want->listener_count++];
	*out = (struct nlb_want_listener){
		.name = name,
		.vip = *vip,
		.vip_bits = (uint8_t)bits,
		.port = listener->port,
		.last_port = listener->last_port,
		.has_tcp = protocol_has(listener->protocol, IPPROTO_TCP),
		.has_udp = protocol_has(listener->protocol, IPPROTO_UDP),
		.tcp_idle_s = (uint16_t)listener->tcp_idle_s,
		.udp_idle_s = (uint16_t)listener->udp_idle_s,
		.sources = sources,
		.flows_per_s = listener->flows_per_source,
		.flows_burst = listener->flows_per_source_burst ? listener->flows_per_source_burst
								: listener->flows_per_source,
	};
	choose(out, listener_action(listener, vip->family), arena);
}

static void add_listener(struct want_lists *lists, struct nlb_want *want,
			 const struct load_balancer *lb, const struct listener *listener,
			 struct arena *arena)
{
	size_t sources = want_sources(lists, want, listener, arena);
	char name[WANT_LISTENER_NAME_MAX];
	const char *kept = arena_strdup(arena, want_listener_name(lb, listener, name));

	for (size_t i = 0; i < lb->address_count; i++)
		add_entry(want, listener, sources, kept, &lb->addresses[i], 0, arena);
	for (size_t i = 0; i < lb->prefix_count; i++)
		add_entry(want, listener, sources, kept, &lb->prefixes[i].address, lb->prefixes[i].bits,
			  arena);
}

struct nlb_want *want_make(const struct want_input *in, struct arena *arena)
{
	struct nlb_want *want = arena_alloc(arena, sizeof(*want));
	struct want_lists lists = {.model = in->model};
	const struct load_balancer *lb;
	const struct target_group *tg;

	memcpy(want->hash_key, in->hash_key, sizeof(want->hash_key));
	for (size_t i = 0; i < in->model->target_group_count; i++) {
		tg = &in->model->target_groups[i];
		if (tg->target_type == TARGET_TYPE_ALB)
			continue;
		for (size_t f = 0; f < ARRAY_SIZE(families); f++)
			if (has_family(tg, families[f]))
				add_target_group(in, want, tg, families[f], arena);
	}
	add_leavers(in, want, arena);
	for (size_t i = 0; i < in->model->load_balancer_count; i++) {
		lb = &in->model->load_balancers[i];
		for (size_t l = 0; l < lb->listener_count; l++)
			add_listener(&lists, want, lb, &lb->listeners[l], arena);
	}
	return want;
}
