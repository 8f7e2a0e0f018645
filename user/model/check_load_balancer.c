/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules that a load balancer and its listeners keep by themselves. Whom they forward to is
 * check_relations.c's business. */
#include "check.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"

static int check_prefix(const struct check *check, const struct subject *subject,
			const struct prefix *prefix)
{
	unsigned min =
		prefix->address.family == AF_INET ? MODEL_PREFIX_MIN_IPV4 : MODEL_PREFIX_MIN_IPV6;
	char text[PREFIX_TEXT_MAX];

	if (prefix->bits < min)
		return check_refuse(check, subject,
				    "prefix %s is too short, at least /%u is needed",
				    prefix_format(prefix, text), min);
	return check_address(check, subject, &prefix->address);
}

/* An interface can't have a prefix's addresses, and nobody answers ARP for them: the network has to
 * route them here. */
static int check_prefixes(const struct check *check, const struct subject *subject,
			  const struct load_balancer *lb)
{
	char text[PREFIX_TEXT_MAX];
	struct index index;
	const void *first, *second;
	int rc = 0;

	for (size_t i = 0; i < lb->prefix_count && !rc; i++)
		rc = check_prefix(check, subject, &lb->prefixes[i]);
	if (rc || !lb->prefix_count)
		return rc;
	if (lb->announce != ANNOUNCE_NONE)
		return check_refuse(check, subject,
				    "prefix %s can't be put on an interface: announce: none is "
				    "needed, and a route to this host",
				    prefix_format(&lb->prefixes[0], text));
	index = index_build(check->scratch, lb->prefixes, lb->prefix_count, sizeof(*lb->prefixes),
			    index_by_prefix);
	if (index_twins(&index, &first, &second))
		return check_refuse(check, subject, "prefix %s is listed twice",
				    prefix_format(first, text));
	return 0;
}

static int check_addresses(const struct check *check, const struct subject *subject,
			   const struct load_balancer *lb)
{
	struct index index;
	const void *first, *second;
	char text[ADDR_TEXT_MAX];
	int rc;

	if (!lb->address_count && !lb->prefix_count)
		return check_refuse(check, subject, "it has no address");
	rc = check_count(check, subject, "addresses", lb->address_count + lb->prefix_count,
			 MODEL_ADDRESSES_MAX);
	if (!rc)
		rc = check_prefixes(check, subject, lb);
	for (size_t i = 0; i < lb->address_count && !rc; i++)
		rc = check_address(check, subject, &lb->addresses[i]);
	if (rc)
		return rc;
	index = index_build(check->scratch, lb->addresses, lb->address_count,
			    sizeof(*lb->addresses), index_by_address);
	if (index_twins(&index, &first, &second))
		return check_refuse(check, subject, "address %s is listed twice",
				    addr_format(first, text));
	return 0;
}

static int check_interfaces(const struct check *check, const struct subject *subject,
			    const struct load_balancer *lb)
{
	for (size_t i = 0; i < lb->interface_count; i++)
		if (!interface_name_is_valid(lb->interfaces[i]))
			return check_refuse(check, subject,
					    "'%.64s' is not the name of an interface",
					    lb->interfaces[i]);
	return check_count(check, subject, "interfaces", lb->interface_count, MODEL_INTERFACES_MAX);
}

static bool names_twice(const struct action *action, const char *name)
{
	unsigned times = 0;

	for (size_t i = 0; i < action->group_count; i++)
		times += strcmp(action->groups[i].name, name) == 0;
	return times > 1;
}

static int check_action(const struct check *check, const struct subject *subject, const char *key,
			const struct action *action)
{
	unsigned total = 0;

	if (!action->group_count)
		return check_refuse(check, subject, "%s.forward is missing", key);
	if (action->group_count > MODEL_FORWARD_GROUPS_MAX)
		return check_refuse(check, subject,
				    "%s.forward: %zu target groups, at most %d are "
				    "allowed",
				    key, action->group_count, MODEL_FORWARD_GROUPS_MAX);
	for (size_t i = 0; i < action->group_count; i++) {
		const struct forward_group *group = &action->groups[i];

		if (names_twice(action, group->name))
			return check_refuse(check, subject,
					    "%s.forward: target group '%.64s' is listed twice", key,
					    group->name);
		if (group->weight > MODEL_WEIGHT_MAX)
			return check_refuse(check, subject,
					    "%s.forward: weight: %u is out of range (0..%d)", key,
					    group->weight, MODEL_WEIGHT_MAX);
		total += group->weight;
	}
	if (!total)
		return check_refuse(check, subject,
				    "%s.forward: one target group must have a weight above 0", key);
	return 0;
}

static int check_rule(const struct check *check, const struct subject *subject,
		      const struct rule *rule)
{
	char key[32];

	if (!rule->priority || rule->priority > MODEL_PRIORITY_MAX)
		return check_refuse(check, subject, "rule: priority: %u is out of range (1..%d)",
				    rule->priority, MODEL_PRIORITY_MAX);
	if (!rule->source_ip)
		return check_refuse(check, subject, "rule %u: if.source_ip is missing",
				    rule->priority);
	snprintf(key, sizeof(key), "rule %u: then", rule->priority);
	return check_action(check, subject, key, &rule->action);
}

static int check_rules(const struct check *check, const struct subject *subject,
		       const struct listener *listener)
{
	struct index index = index_build(check->scratch, listener->rules, listener->rule_count,
					 sizeof(*listener->rules), index_by_priority);
	const void *first, *second;
	int rc = 0;

	for (size_t i = 0; i < listener->rule_count && !rc; i++)
		rc = check_rule(check, subject, &listener->rules[i]);
	if (!rc && index_twins(&index, &first, &second))
		return check_refuse(check, subject, "two rules have priority %u",
				    ((const struct rule *)first)->priority);
	return rc;
}

static int check_listener(const struct check *check, const struct load_balancer *lb,
			  const struct listener *listener)
{
	static const struct range ranges[] = {
		{"attributes.tcp.idle_timeout.seconds", offsetof(struct listener, tcp_idle_s), 1,
		 MODEL_IDLE_MAX_S},
		{"attributes.udp.idle_timeout.seconds", offsetof(struct listener, udp_idle_s), 1,
		 MODEL_IDLE_MAX_S},
		{"attributes.new_flows_per_source.per_second",
		 offsetof(struct listener, flows_per_source), 0, MODEL_FLOWS_PER_SOURCE_MAX},
		{"attributes.new_flows_per_source.burst",
		 offsetof(struct listener, flows_per_source_burst), 0, MODEL_FLOWS_PER_SOURCE_MAX},
	};
	struct subject subject = subject_listener(lb, listener);
	int rc;

	if (!listener->protocol)
		return check_refuse(check, &subject, "the protocol is missing");
	if (!listener->port)
		return check_refuse(check, &subject, "port: 0 is out of range (1..65535)");
	if (listener->last_port < listener->port)
		return check_refuse(check, &subject, "port: range %u-%u ends before it begins",
				    listener->port, listener->last_port);
	rc = check_action(check, &subject, "default_action", &listener->default_action);
	if (!rc)
		rc = check_rules(check, &subject, listener);
	return rc ? rc : check_ranges(check, &subject, listener, ranges, ARRAY_SIZE(ranges));
}

static int check_listeners(const struct check *check, const struct subject *subject,
			   const struct load_balancer *lb)
{
	int rc = check_count(check, subject, "listeners", lb->listener_count, MODEL_LISTENERS_MAX);
	size_t rules = 0;

	for (size_t i = 0; i < lb->listener_count && !rc; i++) {
		rc = check_listener(check, lb, &lb->listeners[i]);
		rules += lb->listeners[i].rule_count;
	}
	return rc ? rc : check_count(check, subject, "rules", rules, MODEL_RULES_MAX);
}

static int check_load_balancer(const struct check *check, const struct load_balancer *lb)
{
	struct subject subject = subject_load_balancer(lb);
	int rc = check_name(check, &subject, lb->name);

	if (!rc && lb->type != LB_NETWORK)
		rc = check_refuse(check, &subject, "%s", MODEL_APPLICATION_REFUSED);
	if (!rc)
		rc = check_addresses(check, &subject, lb);
	if (!rc)
		rc = check_interfaces(check, &subject, lb);
	if (!rc)
		rc = check_listeners(check, &subject, lb);
	return rc;
}

static int check_unique(const struct check *check)
{
	const struct model *model = check->model;
	struct index index =
		index_build(check->scratch, model->load_balancers, model->load_balancer_count,
			    sizeof(*model->load_balancers), index_by_lb_name);
	const void *first, *second;
	struct subject subject;
	char also[24];

	if (!index_twins(&index, &first, &second))
		return 0;
	subject = subject_load_balancer(second);
	return check_refuse(check, &subject, "the name is already used%s",
			    check_also_line(((const struct load_balancer *)first)->line, also));
}

int check_load_balancers(const struct check *check)
{
	const struct model *model = check->model;
	int rc = check_count(check, NULL, "load balancers", model->load_balancer_count,
			     MODEL_LOAD_BALANCERS_MAX);

	for (size_t i = 0; i < model->load_balancer_count && !rc; i++)
		rc = check_load_balancer(check, &model->load_balancers[i]);
	return rc ? rc : check_unique(check);
}
