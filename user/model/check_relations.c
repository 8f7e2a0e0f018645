/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rules between nouns: who forwards to whom, who owns a VIP, whose address family fits.
 *
 * Families: nat and l2 keep the family of a packet. A load balancer with VIPs of both families may
 * forward to one group with targets of both; each flow goes to targets of its own family. So each
 * family of target needs a VIP. A family of VIPs without a target yet is fine: the group is being
 * built, and `leatctl status` says that packets to it are dropped.
 */
#include "check.h"

#include <netinet/in.h>
#include <stddef.h>

/* What one pass over a target group's targets tells about all of them. */
struct facts {
	const struct target *first_v4, *first_v6; /* NULL: no such target */
	const struct target *lowest, *highest;	  /* by port */
	bool v4_vips, v6_vips;			  /* of the load balancers that forward to it */
};

/* One key of the data path's listener map. */
struct vip {
	struct addr address;
	uint16_t port;
	int ipproto;
	const struct load_balancer *lb;
	const struct listener *listener;
};

struct relations {
	const struct check *check;
	struct facts *facts; /* one a target group, in the model's order */
	struct vip *vips;
	size_t vip_count;
};

static const char *ipproto_name(int ipproto)
{
	return ipproto == IPPROTO_TCP ? "TCP" : "UDP";
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
			   const struct listener *listener)
{
	static const char *const needed[] = {
		[PROTOCOL_TCP] = "TCP or TCP_UDP",
		[PROTOCOL_UDP] = "UDP or TCP_UDP",
		[PROTOCOL_TCP_UDP] = "TCP_UDP",
	};
	const struct target_group *tg = listener->target_group;

	if (tg->protocol == listener->protocol || tg->protocol == PROTOCOL_TCP_UDP)
		return 0;
	return check_refuse(check, subject, "target group '%s' has protocol %s, but %s is needed",
			    tg->name, protocol_name(tg->protocol), needed[listener->protocol]);
}

/* Direct return leaves the packet as it is, ports too. */
static int check_l2_port(const struct check *check, const struct subject *subject,
			 const struct listener *listener, const struct facts *facts)
{
	const struct target *odd = facts->lowest;
	char endpoint[ENDPOINT_TEXT_MAX];

	if (listener->target_group->forwarding != FORWARDING_L2 || !odd)
		return 0;
	if (odd->port == listener->port)
		odd = facts->highest;
	if (odd->port == listener->port)
		return 0;
	return check_refuse(check, subject,
			    "target '%s/%s' must have port %u: l2 does not change ports",
			    listener->target_group->name,
			    endpoint_format(&odd->address, odd->port, endpoint), listener->port);
}

/* Which families a group is reached by. */
static void note_vip_families(const struct load_balancer *lb, struct facts *facts)
{
	facts->v4_vips |= model_has_family(lb, AF_INET);
	facts->v6_vips |= model_has_family(lb, AF_INET6);
}

static struct target_group *resolve(const struct check *check, const struct index *groups,
				    const char *name)
{
	struct target_group like = {.name = name};
	const struct target_group *found = index_find(groups, &like);

	return found ? &check->model->target_groups[found - check->model->target_groups] : NULL;
}

static int check_listener(const struct relations *rel, const struct index *groups,
			  const struct load_balancer *lb, struct listener *listener)
{
	const struct check *check = rel->check;
	struct subject subject = subject_listener(lb, listener);
	struct target_group *tg = resolve(check, groups, listener->forward);
	struct facts *facts;
	int rc;

	if (!tg)
		return check_refuse(check, &subject, "target group '%.64s' does not exist",
				    listener->forward);
	facts = &rel->facts[tg - check->model->target_groups];
	listener->target_group = tg;
	tg->in_use = true;
	note_vip_families(lb, facts);
	rc = check_protocols(check, &subject, listener);
	return rc ? rc : check_l2_port(check, &subject, listener, facts);
}

static int check_listeners(const struct relations *rel)
{
	const struct model *model = rel->check->model;
	struct index groups =
		index_build(rel->check->scratch, model->target_groups, model->target_group_count,
			    sizeof(*model->target_groups), index_by_tg_name);
	int rc = 0;

	for (size_t i = 0; i < model->target_group_count; i++)
		model->target_groups[i].in_use = false;
	for (size_t i = 0; i < model->load_balancer_count && !rc; i++) {
		struct load_balancer *lb = &model->load_balancers[i];

		for (size_t j = 0; j < lb->listener_count && !rc; j++)
			rc = check_listener(rel, &groups, lb, &lb->listeners[j]);
	}
	return rc;
}

static int check_target_family(const struct check *check, const struct target_group *tg,
			       const struct target *target, bool has_vips, const char *family)
{
	struct subject subject;

	if (!target || has_vips || !tg->in_use)
		return 0;
	subject = subject_target(tg, target);
	return check_refuse(check, &subject,
			    "no load balancer that forwards to target group '%s' has an %s address "
			    "(%s needs the same family)",
			    tg->name, family, forwarding_name(tg->forwarding));
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

static int vip_cmp(const void *a, const void *b)
{
	const struct vip *x = a, *y = b;
	int order = addr_cmp(&x->address, &y->address);

	if (!order)
		order = (int)x->port - (int)y->port;
	return order ? order : x->ipproto - y->ipproto;
}

static int vip_cmp_address(const void *a, const void *b)
{
	const struct vip *x = a, *y = b;

	return addr_cmp(&x->address, &y->address);
}

static void add_vips(struct relations *rel, const struct load_balancer *lb,
		     const struct listener *listener, int ipproto)
{
	if (!protocol_has(listener->protocol, ipproto))
		return;
	for (size_t i = 0; i < lb->address_count; i++) {
		rel->vips = arena_grow(rel->check->scratch, rel->vips, rel->vip_count,
				       sizeof(*rel->vips));
		rel->vips[rel->vip_count++] = (struct vip){
			.address = lb->addresses[i],
			.port = listener->port,
			.ipproto = ipproto,
			.lb = lb,
			.listener = listener,
		};
	}
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

static int refuse_vip_twins(const struct check *check, const struct vip *first,
			    const struct vip *second)
{
	struct subject subject = subject_listener(second->lb, second->listener);
	struct subject other = subject_listener(first->lb, first->listener);
	char text[ADDR_TEXT_MAX], also[24];

	return check_refuse(check, &subject, "%s port %u %s is already used by %s%s",
			    addr_format(&second->address, text), second->port,
			    ipproto_name(second->ipproto), other.text,
			    check_also_line(other.line, also));
}

static int check_vips(struct relations *rel)
{
	struct index index;
	const void *first, *second;

	collect_vips(rel);
	if (rel->vip_count > MODEL_VIPS_MAX)
		return check_refuse(rel->check, NULL,
				    "more than %d addresses times listeners in all load balancers",
				    MODEL_VIPS_MAX);
	index = index_build(rel->check->scratch, rel->vips, rel->vip_count, sizeof(*rel->vips),
			    vip_cmp);
	if (index_twins(&index, &first, &second))
		return refuse_vip_twins(rel->check, first, second);
	return 0;
}

static int check_target_is_no_vip(const struct check *check, const struct index *vips,
				  const struct target_group *tg, const struct target *target)
{
	struct vip like = {.address = target->address};
	const struct vip *vip = index_find(vips, &like);
	struct subject subject;

	if (!vip)
		return 0;
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
			owners[count++] = (struct vip){.address = lb->addresses[j], .lb = lb};
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
