/* SPDX-License-Identifier: BSD-2-Clause */
/* One function a kind of problem. Of a kind that many nouns can have, only the first few are named.
 */
#include "problems.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "base/clock.h"
#include "describe.h"
#include "want.h"

#define NAMED_MAX      5 /* targets named before the rest is only counted */
#define RECENT_MS      60000
#define ANSWERLESS_MIN 20 /* flows of a dnat target before it is odd that none was answered */
#define TEXT_MAX       1024

struct problems {
	json_t *errors, *warnings;
};

static void add(json_t *list, const char *severity, const char *cure, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
static void add(json_t *list, const char *severity, const char *cure, const char *fmt, ...)
{
	char text[TEXT_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	json_array_append_new(
		list, json_pack("{ss ss ss}", "severity", severity, "text", text, "cure", cure));
}

#define add_error(problems, cure, ...)	 add((problems)->errors, "error", cure, __VA_ARGS__)
#define add_warning(problems, cure, ...) add((problems)->warnings, "warning", cure, __VA_ARGS__)

static void of_offloads(const struct interface *interface, struct problems *problems)
{
	for (unsigned i = 0; i < NLB_OFFLOAD_COUNT; i++)
		if (interface->offloads_stuck & NLB_OFFLOAD_BIT(i))
			add_error(problems,
				  "turn it off with ethtool -K, or take another NIC: this driver did "
				  "not let Leat do it",
				  "interface '%s' %s (%s)", interface->port.name,
				  nlb_offload_help(i), nlb_offload_name(i));
}

static const char *mute_cure(const struct control *control, const struct interface *interface)
{
	struct neigh_link link;

	if (neigh_link_by_name(control->neigh, interface->port.name, &link) &&
	    strcmp(link.kind, "veth") == 0)
		return "give its other end an XDP program, or 'ethtool -K PEER gro on'";
	return "take a NIC whose driver has XDP transmit, or set xdp_mode: generic";
}

static const char *missing_cure(const struct interface *interface)
{
	return strstr(interface->reason, "bond") ? "add a member to the bond: ip link set NAME master BOND"
						 : "create it, or take it out of 'interfaces' in the "
						   "settings and restart leatd";
}

static void of_interfaces(const struct control *control, struct problems *problems)
{
	for (size_t i = 0; i < control->interfaces.count; i++) {
		const struct interface *interface = &control->interfaces.list[i];
		const char *name = interface->port.name;

		if (interface->state == INTERFACE_MISSING)
			add_error(problems, missing_cure(interface), "interface '%s' is not attached: %s",
				  name, interface->reason);
		else if (interface->state == INTERFACE_ERROR)
			add_error(problems, "see the reason; it is tried again every few seconds",
				  "interface '%s' is not attached: %s", name, interface->reason);
		else if (interface->is_down)
			add_error(problems, "check the cable and 'ip link'",
				  "interface '%s' is down", name);
		else if (interface->mode == NLB_MODE_GENERIC)
			add_warning(problems,
				    "use a NIC whose driver has native XDP for more than a trial",
				    "interface '%s' runs in generic mode: slow", name);
		of_offloads(interface, problems);
		if (interface->is_mute)
			add_error(problems, mute_cure(control, interface),
				  "interface '%s' does not transmit what XDP redirects to it: packets "
				  "that are to leave by it from another interface vanish",
				  name);
	}
}

static void of_reconcile(const struct control *control, struct problems *problems)
{
	if (control->reconcile.error[0])
		add_error(problems,
			  "see the reason; it is tried again, the last good state is in force",
			  "the maps are behind the state: %s", control->reconcile.error);
}

static void of_load_balancers(const struct control *control, struct problems *problems)
{
	const struct load_balancer *lb;
	const char *reason;

	for (size_t i = 0; i < control->model->load_balancer_count; i++) {
		lb = &control->model->load_balancers[i];
		if (vips_state(control, lb, &reason) == VIP_FAILED)
			add_error(
				problems,
				"correct the load balancer's interfaces, or announce its addresses "
				"otherwise (announce: none)",
				"load balancer '%s' is not announced: %s", lb->name, reason);
	}
}

static void of_target_groups(const struct control *control, struct problems *problems)
{
	struct group_summary summary;

	for (size_t i = 0; i < control->model->target_group_count; i++) {
		const struct target_group *tg = &control->model->target_groups[i];

		summary = describe_group(control, tg);
		if (strcmp(summary.state, "empty") == 0)
			add_warning(problems, "add targets: leatctl target add",
				    "target group '%s' is used by a listener and has no target",
				    tg->name);
		else if (summary.fails_open && tg->in_use)
			add_error(problems,
				  "see 'leatctl target list' for the reason of each target",
				  "target group '%s' fails open: %u of %u targets are healthy, all "
				  "get "
				  "traffic",
				  tg->name, summary.healthy, summary.targets);
	}
}

/* Is there one that may take new flows, now or once it is healthy? */
static bool has_taker(const struct target_group *tg, int family)
{
	for (size_t i = 0; i < tg->target_count; i++)
		if (tg->targets[i].address.family == family && tg->targets[i].weight &&
		    !tg->targets[i].drain)
			return true;
	return false;
}

static bool action_has_taker(const struct action *action, int family)
{
	for (size_t i = 0; i < action->group_count; i++)
		if (action->groups[i].weight &&
		    has_taker(action->groups[i].target_group,
			      model_ring_family(action->groups[i].target_group, family)))
			return true;
	return action_is_local(action);
}

/* A VIP for whose family nobody takes new flows: the packets of those end as no_target. */
static void of_listener_family(const struct load_balancer *lb, const struct listener *listener,
			       int family, struct problems *problems)
{
	const struct action *action = listener_action(listener, family);
	const struct target_group *tg = action->groups[0].target_group;
	const char *word = family == AF_INET ? "IPv4" : "IPv6";
	int of_ring = model_ring_family(tg, family);

	if (!tg->target_count || !model_has_family(lb, family) || action_has_taker(action, family))
		return;
	if (!model_has_target_family(tg, of_ring))
		add_warning(problems, "add targets of that family, or take the address away",
			    "load balancer '%s' has an %s address, but target group '%s' has no %s "
			    "target: packets are dropped (no_target)",
			    lb->name, word, tg->name, word);
	else
		add_error(problems, "add a target, or take one back: leatctl target add",
			  "load balancer '%s': every %s target of target group '%s' is drained or "
			  "has weight 0: new flows are dropped (no_target)",
			  lb->name, of_ring == AF_INET ? "IPv4" : "IPv6", tg->name);
}

/* An address that the host had before leatd: what it serves there itself (ssh, leatd's own health
 * checks) gets no packet of a range any more. */
static void of_own_addresses(const struct control *control, struct problems *problems)
{
	const struct model *model = control->model;
	char name[WANT_LISTENER_NAME_MAX], text[ADDR_TEXT_MAX];
	struct addr address;

	for (size_t i = 0; i < model->load_balancer_count; i++) {
		const struct load_balancer *lb = &model->load_balancers[i];

		if (!vips_find_foreign(control, lb, &address))
			continue;
		for (size_t l = 0; l < lb->listener_count; l++)
			if (listener_has_range(&lb->listeners[l]))
				add_warning(problems,
					    "give the load balancer an address of its own, or the "
					    "listener fewer ports",
					    "listener '%s' takes its ports of %s, which this host "
					    "had before: what the host serves there itself gets "
					    "nothing any more",
					    want_listener_name(lb, &lb->listeners[l], name),
					    addr_format(&address, text));
	}
}

static void of_families(const struct control *control, struct problems *problems)
{
	for (size_t i = 0; i < control->model->load_balancer_count; i++) {
		const struct load_balancer *lb = &control->model->load_balancers[i];

		for (size_t j = 0; j < lb->listener_count; j++) {
			of_listener_family(lb, &lb->listeners[j], AF_INET, problems);
			of_listener_family(lb, &lb->listeners[j], AF_INET6, problems);
		}
	}
}

static bool lacks_next_hop(const struct observed_target *seen)
{
	return seen->target && seen->tg->in_use && seen->is_watched &&
	       seen->path.state != NEIGH_RESOLVED;
}

static const char *next_hop_cure(enum neigh_path_state state)
{
	switch (state) {
	case NEIGH_LOCAL:
		return "a target must be another host";
	case NEIGH_NO_ROUTE:
		return "add a route to it: ip route add";
	case NEIGH_BLACKHOLE:
	case NEIGH_UNREACHABLE_ROUTE:
	case NEIGH_PROHIBITED:
		return "see 'ip route get' and 'ip rule', and take that route or rule away";
	case NEIGH_LINK_DOWN:
		return "check the cable and 'ip link'";
	case NEIGH_TAGS_UNSUPPORTED:
		return "reach it through at most two VLANs, the inner one 802.1Q";
	default:
		return "check that the host is up, and the route to it";
	}
}

static void of_next_hops(const struct control *control, struct problems *problems)
{
	const struct observed_target *seen;
	char name[OBSERVED_NAME_MAX];
	size_t count = 0;

	list_for_each(seen, &control->targets.observed.targets, node) {
		if (!lacks_next_hop(seen) || ++count > NAMED_MAX)
			continue;
		add_warning(problems, next_hop_cure(seen->path.state),
			    "target '%s' has no next hop: %s", observed_name(seen, name),
			    neigh_path_state_help(seen->path.state));
	}
	if (count > NAMED_MAX)
		add_warning(problems, "see 'leatctl target list'",
			    "more targets have no next hop: %zu", count - NAMED_MAX);
}

/* dnat: the target's default gateway is somebody else, so its answers never come by. */
static bool lacks_way_back(const struct control *control, const struct observed_target *seen)
{
	struct nlb_target_count count;
	int index;

	if (!seen->target || seen->forwarding != FORWARDING_DNAT)
		return false;
	index = nlb_image_target_index(nlb_image(control->nlb), seen->group, &seen->address,
				       seen->port);
	if (index < 0 || nlb_read_target(control->nlb, (unsigned)index, &count))
		return false;
	return count.new_flows >= ANSWERLESS_MIN && !count.reply_packets;
}

static void of_ways_back(const struct control *control, struct problems *problems)
{
	const struct observed_target *seen;
	char name[OBSERVED_NAME_MAX];
	size_t count = 0;

	list_for_each(seen, &control->targets.observed.targets, node) {
		if (!lacks_way_back(control, seen) || ++count > NAMED_MAX)
			continue;
		add_error(problems,
			  "the target's route to the clients must lead to this host (forwarding "
			  "dnat)",
			  "target '%s' takes flows, and no answer of it has come back",
			  observed_name(seen, name));
	}
	if (count > NAMED_MAX)
		add_error(problems, "see 'leatctl stats'",
			  "more targets take flows and no answer of them comes back: %zu",
			  count - NAMED_MAX);
}

/* XDP can only hand packets to Ethernet NICs, bonds and VLANs of theirs; of others naming them in
 * the settings is no cure. */
static bool can_be_port(const struct control *control, const struct neigh_path *path)
{
	static const char *const kinds[] = {"", "veth", "tun", "dummy", "macvlan"};
	struct neigh_link link;

	if (!neigh_link_by_name(control->neigh, path->port_name, &link))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strcmp(link.kind, kinds[i]) == 0)
			return true;
	return false;
}

/* Packets to these would be dropped by name (redirect_no_port): they get none. */
static void of_ports(const struct control *control, struct problems *problems)
{
	const struct observed_target *seen;
	char name[OBSERVED_NAME_MAX];
	size_t count = 0;

	list_for_each(seen, &control->targets.observed.targets, node)
	{
		if (!seen->lacks_port || !seen->target || !seen->tg->in_use || ++count > NAMED_MAX)
			continue;
		add_error(problems,
			  can_be_port(control, &seen->path)
				  ? "add that interface to 'interfaces' in the settings and restart "
				    "leatd"
				  : "route the target over an Ethernet interface, a bond, or a VLAN "
				    "of one",
			  "target '%s' is reached by interface '%s', which is not among "
			  "'interfaces': it gets no packets (redirect_no_port)",
			  observed_name(seen, name), seen->path.port_name);
	}
	if (count > NAMED_MAX)
		add_error(problems, "see 'leatctl target list'",
			  "more targets are reached by interfaces that are not among 'interfaces': "
			  "%zu",
			  count - NAMED_MAX);
}

#define FULL_SIZE 1500 /* bytes of a packet that clients send unless they are told otherwise */

/* The narrowest path to a target of the group that full-size packets don't fit; 0: they fit all. */
static unsigned narrow_path(const struct control *control, const struct target_group *tg,
			    unsigned *overhead, size_t *count)
{
	const struct observed_target *seen;
	unsigned narrowest = 0, bytes;

	*count = 0;
	list_for_each(seen, &control->targets.observed.targets, node) {
		if (seen->tg != tg || !seen->target || seen->path.state != NEIGH_RESOLVED)
			continue;
		bytes = want_encap_bytes(tg->forwarding, seen->address.family);
		if (!bytes || !seen->path.mtu || seen->path.mtu >= FULL_SIZE + bytes)
			continue;
		(*count)++;
		if (narrowest && seen->path.mtu - bytes >= narrowest - *overhead)
			continue;
		narrowest = seen->path.mtu;
		*overhead = bytes;
	}
	return narrowest;
}

/* ipip, gue: full-size packets are answered with packet-too-big, which some networks lose. */
static void of_path_mtus(const struct control *control, struct problems *problems)
{
	for (size_t i = 0; i < control->model->target_group_count; i++) {
		const struct target_group *tg = &control->model->target_groups[i];
		unsigned overhead = 0, mtu;
		size_t count;

		mtu = tg->in_use ? narrow_path(control, tg, &overhead, &count) : 0;
		if (!mtu)
			continue;
		add_warning(
			problems,
			"raise the MTU of the path to the targets, or have them tell clients a "
			"smaller MSS (leat-target --mss)",
			"target group '%s': packets of %d bytes don't fit the path to %zu targets "
			"(%s adds %u bytes, the MTU is %u): clients are told %u (packet_too_big)",
			tg->name, FULL_SIZE, count, forwarding_name(tg->forwarding), overhead, mtu,
			mtu > overhead ? mtu - overhead : 0);
	}
}

static bool is_recent(int64_t when_ms, int64_t now_ms)
{
	return when_ms && now_ms - when_ms < RECENT_MS;
}

static void of_tables(const struct control *control, struct problems *problems)
{
	uint64_t used = nlb_flow_census(control->nlb)->flows, max = nlb_flows_max(control->nlb);
	int64_t now_ms = clock_wall_ms();

	if (is_recent(control->flows_full_ms, now_ms))
		add_error(problems, "set a larger 'flows' in the settings",
			  "the flow table was full %lld s ago (now %llu of %llu): flows are pushed "
			  "out",
			  (long long)((now_ms - control->flows_full_ms) / 1000),
			  (unsigned long long)used, (unsigned long long)max);
	if (is_recent(control->ports_exhausted_ms, now_ms))
		add_error(problems, "add snat_addresses, widen nat_ports, or add targets",
			  "new flows were refused %lld s ago because no source port towards their "
			  "target was free",
			  (long long)((now_ms - control->ports_exhausted_ms) / 1000));
}

/* Nobody would answer ARP for it: targets on the same L2 could not answer. */
static void of_snat_addresses(const struct control *control, struct problems *problems)
{
	const struct conf_node_settings *node = &control->settings->node;
	char text[ADDR_TEXT_MAX];

	for (size_t i = 0; i < node->snat_address_count; i++)
		if (!neigh_is_local(control->neigh, &node->snat_addresses[i]))
			add_warning(problems,
				    "put it on an interface (ip addr add), unless the targets' "
				    "router has a route for it to this host",
				    "snat address '%s' is on no interface of this host: answers of "
				    "targets may not find it",
				    addr_format(&node->snat_addresses[i], text));
}

static void of_settings(const struct control *control, struct problems *problems)
{
	if (control->local_ports_overlap)
		add_warning(problems, "set nat_ports or net.ipv4.ip_local_port_range apart",
			    "nat_ports overlap the ports of this host's own connections");
}

json_t *problems_list(const struct control *control)
{
	static void (*const kinds[])(const struct control *, struct problems *) = {
		of_reconcile,	  of_interfaces, of_load_balancers, of_target_groups, of_families,
		of_own_addresses, of_next_hops,	 of_ports, of_path_mtus,	    of_ways_back,     of_tables,
		of_settings,	  of_snat_addresses,
	};
	struct problems problems = {.errors = json_array(), .warnings = json_array()};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		kinds[i](control, &problems);
	json_array_extend(problems.errors, problems.warnings);
	json_decref(problems.warnings);
	return problems.errors;
}
