/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rules between nouns: who forwards to whom, who owns a VIP, whose address family fits.
 *
 * Families: a load balancer with VIPs of both families may forward to one group with targets of
 * both; each flow goes to targets of its own family. So each family of target needs a VIP, but for
 * modes that can cross: there targets of the only family that a group has serve VIPs of both. A
 * family of VIPs without a target yet is fine: the group is being built, and `leatctl status` says
 * that packets to it are dropped.
 *
 * Ports: what is more specific goes first (nlb_abi.h), so listeners may claim ports inside each
 * other's; which of two goes first must be clear.
 */
#include "check.h"

#include <netinet/in.h>
#include <stddef.h>

#include "base/base.h"

/* What one pass over a target group's targets tells about all of them. */
struct facts {
	const struct target *first_v4, *first_v6; /* NULL: no such target */
	const struct target *lowest, *highest;	  /* by port */
	bool v4_vips, v6_vips;			  /* of the load balancers that forward to it */
};

/* What a listener claims: ports of an address, or of a prefix. */
struct vip {
	struct prefix prefix;
	uint16_t port, last_port;
	int ipproto;
	const struct load_balancer *lb;
	const struct listener *listener;
};

struct relations {
	const struct check *check;
	struct facts *facts;	    /* one a target group, in the model's order */
	const struct index *groups; /* by name */
	struct vip *vips;
	size_t vip_count;
};

static const char *ipproto_name(int ipproto)
{
	return ipproto == IPPROTO_TCP ? "TCP" : "UDP";
}

static struct facts *facts_of(const struct relations *rel, const struct target_group *tg)
{
	return &rel->facts[tg - rel->check->model->target_groups];
}

static void gather(struct facts *facts, const struct target *target)
{
	const struct target **first =
		target->address.family == AF_INET ? &facts->first_v4 : &facts->first_v6;

	if (!*first)
		*first = target;
	if (!facts->lowest || target->port < facts->lowest->port)
		facts->lowest = target;
	if (!facts->highest || target->port > facts->highest->port)
		facts->highest = target;
}

static struct facts *gather_all(const struct check *check)
{
	const struct model *model = check->model;
	struct facts *facts =
		arena_alloc(check->scratch, model->target_group_count * sizeof(*facts));

	for (size_t i = 0; i < model->target_group_count; i++)
		for (size_t t = 0; t < model->target_groups[i].target_count; t++)
			gather(&facts[i], &model->target_groups[i].targets[t]);
	return facts;
}

/* elbv2.md 3.1. A group serves a listener when it speaks every protocol the listener hears. */
static int check_protocols(const struct check *check, const struct subject *subject,
			   const struct listener *listener, const struct target_group *tg)
{
	static const char *const needed[] = {
		[PROTOCOL_TCP] = "TCP or TCP_UDP",
		[PROTOCOL_UDP] = "UDP or TCP_UDP",
		[PROTOCOL_TCP_UDP] = "TCP_UDP",
	};

	if (tg->protocol == listener->protocol || tg->protocol == PROTOCOL_TCP_UDP)
		return 0;
	return check_refuse(check, subject, "target group '%s' has protocol %s, but %s is needed",
			    tg->name, protocol_name(tg->protocol), needed[listener->protocol]);
}

static bool hears_port(const struct listener *listener, uint16_t port)
{
	return port >= listener->port && port <= listener->last_port;
}

/* Direct return leaves the packet as it is, ports too. */
static int check_direct_port(const struct check *check, const struct subject *subject,
			 const struct listener *listener, const struct target_group *tg,
			 const struct facts *facts)
{
	const struct target *odd = facts->lowest;
	char endpoint[ENDPOINT_TEXT_MAX], ports[PORTS_TEXT_MAX];

	if (!forwarding_is_direct(tg->forwarding) || !odd)
		return 0;
	if (hears_port(listener, odd->port))
		odd = facts->highest;
	if (hears_port(listener, odd->port))
		return 0;
	return check_refuse(check, subject,
			    "target '%s/%s' must have %s %s: %s does not change ports", tg->name,
			    endpoint_format(&odd->address, odd->port, endpoint),
			    listener_has_range(listener) ? "a port of" : "port",
			    ports_format(listener->port, listener->last_port, ports),
			    forwarding_name(tg->forwarding));
}

/* Which families a group is reached by. */
static void note_vip_families(const struct relations *rel, const struct load_balancer *lb,
			      const struct listener *listener)
{
	static const int families[] = {AF_INET, AF_INET6};

	for (size_t f = 0; f < ARRAY_SIZE(families); f++) {
		const struct action *action = listener_action(listener, families[f]);
		bool has_vips = model_has_family(lb, families[f]);

		for (size_t i = 0; i < action->group_count; i++) {
			struct facts *facts = facts_of(rel, action->groups[i].target_group);

			if (families[f] == AF_INET)
				facts->v4_vips |= has_vips;
			else
				facts->v6_vips |= has_vips;
		}
	}
}

static struct target_group *resolve(const struct check *check, const struct index *groups,
				    const char *name)
{
	struct target_group like = {.name = name};
	const struct target_group *found = index_find(groups, &like);

	return found ? &check->model->target_groups[found - check->model->target_groups] : NULL;
}

static int check_alb(const struct check *check, const struct subject *subject,
		     const struct load_balancer *lb, const struct listener *listener,
		     const struct action *action, const struct target_group *tg)
{
	if (action->group_count > 1)
		return check_refuse(check, subject,
				    "target group '%s' has target_type alb and can't share an "
				    "action with others",
				    tg->name);
	if (lb->prefix_count)
		return check_refuse(check, subject,
				    "target group '%s' has target_type alb: the load balancer "
				    "must have no prefix, only addresses",
				    tg->name);
	if (listener->port == tg->port && !listener_has_range(listener))
		return 0;
	return check_refuse(check, subject,
			    "target group '%s' has target_type alb: listener and target group "
			    "must have the same port, one",
			    tg->name);
}

static int check_group(const struct relations *rel, const struct subject *subject,
		       const struct load_balancer *lb, const struct listener *listener,
		       const struct action *action, struct forward_group *group)
{
	const struct check *check = rel->check;
	struct target_group *tg = resolve(check, rel->groups, group->name);
	int rc;

	if (!tg)
		return check_refuse(check, subject, "target group '%.64s' does not exist",
				    group->name);
	group->target_group = tg;
	tg->in_use = true;
	rc = check_protocols(check, subject, listener, tg);
	if (!rc && tg->target_type == TARGET_TYPE_ALB)
		return check_alb(check, subject, lb, listener, action, tg);
	return rc ? rc : check_direct_port(check, subject, listener, tg, facts_of(rel, tg));
}

static int check_action(const struct relations *rel, const struct subject *subject,
			const struct load_balancer *lb, const struct listener *listener,
			const struct action *action)
{
	int rc = 0;

	for (size_t i = 0; i < action->group_count && !rc; i++)
		rc = check_group(rel, subject, lb, listener, action, &action->groups[i]);
	return rc;
}

/* An alb group's targets are the addresses it is reached at, for its health checks. */
static void add_own_targets(struct model *model, const struct load_balancer *lb,
			    const struct listener *listener)
{
	for (size_t i = 0; i < lb->address_count; i++) {
		const struct addr *address = &lb->addresses[i];
		const struct action *action = listener_action(listener, address->family);
		struct target_group *tg;
		struct target *target;

		if (!action_is_local(action))
			continue;
		tg = &model->target_groups[action->groups[0].target_group - model->target_groups];
		tg->has_own_targets = true;
		if (model_find_target(tg, address, listener->port))
			continue;
		target = model_add_target(model, tg);
		target->address = *address;
		target->port = listener->port;
	}
}

static int check_listener(const struct relations *rel, const struct load_balancer *lb,
			  struct listener *listener)
{
	struct subject subject = subject_listener(lb, listener);
	int rc = check_action(rel, &subject, lb, listener, &listener->default_action);

	for (size_t i = 0; i < listener->rule_count && !rc; i++)
		rc = check_action(rel, &subject, lb, listener, &listener->rules[i].action);
	if (rc)
		return rc;
	note_vip_families(rel, lb, listener);
	add_own_targets(rel->check->model, lb, listener);
	return 0;
}

static int check_listeners(struct relations *rel)
{
	const struct model *model = rel->check->model;
	struct index groups =
		index_build(rel->check->scratch, model->target_groups, model->target_group_count,
			    sizeof(*model->target_groups), index_by_tg_name);
	int rc = 0;

	rel->groups = &groups;
	for (size_t i = 0; i < model->target_group_count; i++)
		model->target_groups[i].in_use = false;
	for (size_t i = 0; i < model->load_balancer_count && !rc; i++) {
		struct load_balancer *lb = &model->load_balancers[i];

		for (size_t j = 0; j < lb->listener_count && !rc; j++)
			rc = check_listener(rel, lb, &lb->listeners[j]);
	}
	return rc;
}

static int check_target_family(const struct check *check, const struct target_group *tg,
			       const struct target *target, bool has_vips, const char *family)
{
	struct subject subject;
	int of_target, of_vips;

	if (!target || has_vips || !tg->in_use)
		return 0;
	of_target = target->address.family;
	of_vips = of_target == AF_INET ? AF_INET6 : AF_INET;
	if (model_ring_family(tg, of_vips) == of_target)
		return 0;
	subject = subject_target(tg, target);
	return check_refuse(
		check, &subject,
		"no load balancer that forwards to target group '%s' has an %s address "
		"(%s %s)",
		tg->name, family, forwarding_name(tg->forwarding),
		forwarding_can_cross(tg->forwarding)
			? "prefers the same family, and the group has targets of the other"
			: "needs the same family");
}

static int check_target_families(const struct relations *rel)
{
	const struct model *model = rel->check->model;
	int rc = 0;

	for (size_t i = 0; i < model->target_group_count && !rc; i++) {
		const struct target_group *tg = &model->target_groups[i];
		const struct facts *f = &rel->facts[i];

		rc = check_target_family(rel->check, tg, f->first_v4, f->v4_vips, "IPv4");
		if (!rc)
			rc = check_target_family(rel->check, tg, f->first_v6, f->v6_vips, "IPv6");
	}
	return rc;
}

/* By address and protocol; then by ports, a range before those that lie in it. */
static int vip_cmp(const void *a, const void *b)
{
	const struct vip *x = a, *y = b;
	int order = prefix_cmp(&x->prefix, &y->prefix);

	if (!order)
		order = x->ipproto - y->ipproto;
	if (!order)
		order = (int)x->port - (int)y->port;
	return order ? order : (int)y->last_port - (int)x->last_port;
}

static int vip_cmp_address(const void *a, const void *b)
{
	const struct vip *x = a, *y = b;

	return addr_cmp(&x->prefix.address, &y->prefix.address);
}

static void add_vip(struct relations *rel, const struct load_balancer *lb,
		    const struct listener *listener, int ipproto, struct prefix prefix)
{
	rel->vips = arena_grow(rel->check->scratch, rel->vips, rel->vip_count, sizeof(*rel->vips));
	rel->vips[rel->vip_count++] = (struct vip){
		.prefix = prefix,
		.port = listener->port,
		.last_port = listener->last_port,
		.ipproto = ipproto,
		.lb = lb,
		.listener = listener,
	};
}

static void add_vips(struct relations *rel, const struct load_balancer *lb,
		     const struct listener *listener, int ipproto)
{
	if (!protocol_has(listener->protocol, ipproto))
		return;
	for (size_t i = 0; i < lb->address_count; i++)
		add_vip(rel, lb, listener, ipproto,
			(struct prefix){lb->addresses[i],
					(uint8_t)prefix_bits_max(lb->addresses[i].family)});
	for (size_t i = 0; i < lb->prefix_count; i++)
		add_vip(rel, lb, listener, ipproto, lb->prefixes[i]);
}

/* Stops growing past the limit: what is over it is refused anyway. */
static void collect_vips(struct relations *rel)
{
	const struct model *model = rel->check->model;

	for (size_t i = 0; i < model->load_balancer_count; i++) {
		const struct load_balancer *lb = &model->load_balancers[i];

		for (size_t j = 0; j < lb->listener_count; j++) {
			if (rel->vip_count > MODEL_VIPS_MAX)
				return;
			add_vips(rel, lb, &lb->listeners[j], IPPROTO_TCP);
			add_vips(rel, lb, &lb->listeners[j], IPPROTO_UDP);
		}
	}
}

static const char *port_word(const struct vip *vip)
{
	return vip->port == vip->last_port ? "port" : "ports";
}

static int refuse_vips(const struct check *check, const struct vip *first, const struct vip *second)
{
	bool are_same = first->port == second->port && first->last_port == second->last_port;
	struct subject subject = subject_listener(second->lb, second->listener);
	struct subject other = subject_listener(first->lb, first->listener);
	char text[PREFIX_TEXT_MAX], ports[PORTS_TEXT_MAX], also[24];

	prefix_format(&second->prefix, text);
	ports_format(second->port, second->last_port, ports);
	check_also_line(other.line, also);
	if (are_same)
		return check_refuse(check, &subject, "%s %s %s %s is already used by %s%s", text,
				    port_word(second), ports, ipproto_name(second->ipproto),
				    other.text, also);
	return check_refuse(
		check, &subject, "%s %s %s %s overlap those of %s%s: one must lie within the other",
		text, port_word(second), ports, ipproto_name(second->ipproto), other.text, also);
}

static bool is_same_vip(const struct vip *a, const struct vip *b)
{
	return a->ipproto == b->ipproto && !prefix_cmp(&a->prefix, &b->prefix);
}

/* Ranges of one address may lie within each other: the narrower one goes first. They may be neither
 * equal nor overlap by halves. In the index's order what encloses a range is on the stack. */
static int check_nesting(const struct check *check, const struct index *index)
{
	const struct vip **open =
		arena_alloc(check->scratch, (index->count + 1) * sizeof(const struct vip *));
	size_t depth = 0;

	for (size_t i = 0; i < index->count; i++) {
		const struct vip *vip = index->items[i];

		while (depth && (!is_same_vip(open[depth - 1], vip) ||
				 open[depth - 1]->last_port < vip->port))
			depth--;
		if (depth && (open[depth - 1]->last_port < vip->last_port ||
			      (open[depth - 1]->port == vip->port &&
			       open[depth - 1]->last_port == vip->last_port)))
			return refuse_vips(check, open[depth - 1], vip);
		open[depth++] = vip;
	}
	return 0;
}

static int check_vips(struct relations *rel)
{
	struct index index;

	collect_vips(rel);
	if (rel->vip_count > MODEL_VIPS_MAX)
		return check_refuse(rel->check, NULL,
				    "more than %d addresses times listeners in all load balancers",
				    MODEL_VIPS_MAX);
	index = index_build(rel->check->scratch, rel->vips, rel->vip_count, sizeof(*rel->vips),
			    vip_cmp);
	return check_nesting(rel->check, &index);
}

static int check_target_is_in_no_prefix(const struct check *check, const struct target_group *tg,
					const struct target *target)
{
	const struct model *model = check->model;
	struct subject subject;
	char text[PREFIX_TEXT_MAX];

	for (size_t i = 0; i < model->load_balancer_count; i++) {
		const struct load_balancer *lb = &model->load_balancers[i];

		for (size_t p = 0; p < lb->prefix_count; p++) {
			if (!prefix_has(&lb->prefixes[p], &target->address))
				continue;
			subject = subject_target(tg, target);
			return check_refuse(check, &subject,
					    "its address is in prefix %s of load balancer '%s'",
					    prefix_format(&lb->prefixes[p], text), lb->name);
		}
	}
	return 0;
}

static int check_target_is_no_vip(const struct check *check, const struct index *vips,
				  const struct target_group *tg, const struct target *target)
{
	struct vip like = {.prefix = {.address = target->address}};
	const struct vip *vip = index_find(vips, &like);
	struct subject subject;

	if (!vip)
		return check_target_is_in_no_prefix(check, tg, target);
	subject = subject_target(tg, target);
	return check_refuse(check, &subject, "its address is an address of load balancer '%s'",
			    vip->lb->name);
}

/* Every address of every load balancer, with a listener or not. */
static struct index index_addresses(const struct check *check)
{
	const struct model *model = check->model;
	struct vip *owners = NULL;
	size_t count = 0;

	for (size_t i = 0; i < model->load_balancer_count; i++) {
		const struct load_balancer *lb = &model->load_balancers[i];

		for (size_t j = 0; j < lb->address_count; j++) {
			owners = arena_grow(check->scratch, owners, count, sizeof(*owners));
			owners[count++] =
				(struct vip){.prefix = {.address = lb->addresses[j]}, .lb = lb};
		}
	}
	return index_build(check->scratch, owners, count, sizeof(*owners), vip_cmp_address);
}

static int check_targets_are_no_vips(const struct check *check)
{
	const struct model *model = check->model;
	struct index vips = index_addresses(check);
	int rc = 0;

	for (size_t i = 0; i < model->target_group_count && !rc; i++) {
		const struct target_group *tg = &model->target_groups[i];

		if (tg->has_own_targets)
			continue;
		for (size_t t = 0; t < tg->target_count && !rc; t++)
			rc = check_target_is_no_vip(check, &vips, tg, &tg->targets[t]);
	}
	return rc;
}

int check_relations(const struct check *check)
{
	struct relations rel = {.check = check, .facts = gather_all(check)};
	int rc = check_listeners(&rel);

	if (!rc)
		rc = check_vips(&rel);
	if (!rc)
		rc = check_targets_are_no_vips(check);
	return rc ? rc : check_target_families(&rel);
}
