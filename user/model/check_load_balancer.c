/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules that a load balancer and its listeners keep by themselves. Whom they forward to is
 * check_relations.c's business. */
#include "check.h"

#include <stddef.h>

#include "base/base.h"

static int check_addresses(const struct check *check, const struct subject *subject,
			   const struct load_balancer *lb)
{
	struct index index;
	const void *first, *second;
	char text[ADDR_TEXT_MAX];
	int rc;

	if (!lb->address_count)
		return check_refuse(check, subject, "it has no address");
	rc = check_count(check, subject, "addresses", lb->address_count, MODEL_ADDRESSES_MAX);
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

static int check_listener(const struct check *check, const struct load_balancer *lb,
			  const struct listener *listener)
{
	static const struct range ranges[] = {
		{"attributes.tcp.idle_timeout.seconds", offsetof(struct listener, tcp_idle_s), 1,
		 MODEL_IDLE_MAX_S},
		{"attributes.udp.idle_timeout.seconds", offsetof(struct listener, udp_idle_s), 1,
		 MODEL_IDLE_MAX_S},
	};
	struct subject subject = subject_listener(lb, listener);

	if (!listener->protocol)
		return check_refuse(check, &subject, "the protocol is missing");
	if (!listener->port)
		return check_refuse(check, &subject, "port: 0 is out of range (1..65535)");
	if (!listener->forward)
		return check_refuse(check, &subject, "default_action.forward is missing");
	return check_ranges(check, &subject, listener, ranges, ARRAY_SIZE(ranges));
}

static int check_listeners(const struct check *check, const struct subject *subject,
			   const struct load_balancer *lb)
{
	int rc = check_count(check, subject, "listeners", lb->listener_count, MODEL_LISTENERS_MAX);

	for (size_t i = 0; i < lb->listener_count && !rc; i++)
		rc = check_listener(check, lb, &lb->listeners[i]);
	return rc;
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
