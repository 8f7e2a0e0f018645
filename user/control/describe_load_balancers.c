/* SPDX-License-Identifier: BSD-2-Clause */
/* DescribeLoadBalancers, DescribeListeners, DescribeRules. */
#include <stdio.h>
#include <string.h>

#include "describe.h"
#include "ops.h"
#include "request.h"
#include "want.h"

json_t *describe_load_balancer_state(const struct control *control, const struct load_balancer *lb)
{
	const char *reason;

	switch (vips_state(control, lb, &reason)) {
	case VIP_ANNOUNCED:
		return json_string("active");
	case VIP_FAILED:
		return json_sprintf("failed: %s", reason);
	case VIP_PROVISIONING:
		break;
	}
	return json_string("provisioning");
}

static json_t *addresses_of(const struct load_balancer *lb)
{
	json_t *list = json_array();
	char text[PREFIX_TEXT_MAX];

	for (size_t i = 0; i < lb->address_count; i++)
		json_array_append_new(list, json_string(addr_format(&lb->addresses[i], text)));
	for (size_t i = 0; i < lb->prefix_count; i++)
		json_array_append_new(list, json_string(prefix_format(&lb->prefixes[i], text)));
	return list;
}

/* Where its VIPs are announced. */
static json_t *interfaces_of(const struct control *control, const struct load_balancer *lb)
{
	json_t *list = json_array();

	if (lb->announce != ANNOUNCE_ADDRESS)
		return list;
	for (size_t i = 0; i < lb->interface_count; i++)
		json_array_append_new(list, json_string(lb->interfaces[i]));
	if (!lb->interface_count)
		json_array_append_new(list, json_string(control->settings->node.interfaces[0]));
	return list;
}

static json_t *listeners_of(const struct load_balancer *lb)
{
	json_t *list = json_array();
	char text[LISTENER_TEXT_MAX];

	for (size_t i = 0; i < lb->listener_count; i++)
		json_array_append_new(list, json_string(listener_format(&lb->listeners[i], text)));
	return list;
}

static json_t *describe_one(const struct control *control, const struct load_balancer *lb)
{
	return json_pack("{ss ss so ss so so so}", "name", lb->name, "type", lb_type_name(lb->type),
			 "addresses", addresses_of(lb), "announce", lb_announce_name(lb->announce),
			 "interfaces", interfaces_of(control, lb), "listeners", listeners_of(lb),
			 "state", describe_load_balancer_state(control, lb));
}

int op_describe_load_balancers(struct call *call)
{
	const char *name = request_string(call->request, "name");
	const struct model *model = call->control->model;
	json_t *list;

	if (name && !model_find_load_balancer(model, name))
		return refuse(&call->refusal, REFUSED_NO_LOAD_BALANCER,
			      "there is no load balancer '%.64s'", name);
	list = json_array();
	for (size_t i = 0; i < model->load_balancer_count; i++)
		if (!name || strcmp(model->load_balancers[i].name, name) == 0)
			json_array_append_new(
				list, describe_one(call->control, &model->load_balancers[i]));
	call->answer = json_pack("{so}", "load_balancers", list);
	return 0;
}

/* ---- listeners ---- */

struct nlb_listener_count describe_listener_count(const struct control *control, const char *name)
{
	struct nlb_listener_count count = {0};
	int id = nlb_image_listener_id(nlb_image(control->nlb), name);

	if (id < 0 || nlb_read_listener(control->nlb, (unsigned)id, &count))
		return (struct nlb_listener_count){0};
	return count;
}

static json_t *security_groups_of(const struct listener *listener)
{
	json_t *list = json_array();

	for (size_t i = 0; i < listener->security_group_count; i++)
		json_array_append_new(list, json_string(listener->security_groups[i]));
	return list;
}

/* A number, or the text of a range. */
static json_t *ports_of(const struct listener *listener)
{
	char text[PORTS_TEXT_MAX];

	if (!listener_has_range(listener))
		return json_integer(listener->port);
	return json_string(ports_format(listener->port, listener->last_port, text));
}

static json_t *forward_of(const struct action *action)
{
	char text[ACTION_TEXT_MAX];

	return json_string(action_format(action, text));
}

static json_t *describe_rule(const struct rule *rule, const char *listener)
{
	return json_pack("{ss si ss so sb}", "listener", listener, "priority", (int)rule->priority,
			 "source_ip", source_ip_name(rule->source_ip), "forward",
			 forward_of(&rule->action), "sticky", rule->action.sticky);
}

static void append_rules(json_t *list, const struct listener *listener, const char *name)
{
	for (size_t i = 0; i < listener->rule_count; i++)
		json_array_append_new(list, describe_rule(&listener->rules[i], name));
}

static json_t *rules_of(const struct listener *listener, const char *name)
{
	json_t *list = json_array();

	append_rules(list, listener, name);
	return list;
}

static json_t *describe_one_listener(const struct control *control, const struct load_balancer *lb,
				     const struct listener *listener, const char *name)
{
	struct nlb_listener_count count = describe_listener_count(control, name);

	return json_pack("{ss ss so ss so so sb so si si sI sf sI sI sI so si}", "name", name,
			 "load_balancer", lb->name, "addresses", addresses_of(lb), "protocol",
			 protocol_name(listener->protocol), "port", ports_of(listener), "forward",
			 forward_of(&listener->default_action), "sticky",
			 listener->default_action.sticky, "rules", rules_of(listener, name),
			 "tcp_idle_timeout", (int)listener->tcp_idle_s, "udp_idle_timeout",
			 (int)listener->udp_idle_s, "new_flows", (json_int_t)count.new_flows,
			 "new_flows_per_s", rates_of_listener(control, name), "packets",
			 (json_int_t)count.packets, "bytes", (json_int_t)count.bytes, "dropped",
			 (json_int_t)count.dropped, "security_groups",
			 security_groups_of(listener), "flows_per_source",
			 (int)listener->flows_per_source);
}

/* Those of one load balancer (NULL: of all) and with one name (NULL: all). */
static json_t *listeners_matching(const struct control *control, const char *lb_name,
				  const char *wanted)
{
	const struct model *model = control->model;
	char name[WANT_LISTENER_NAME_MAX];
	const struct load_balancer *lb;
	json_t *list = json_array();

	for (size_t i = 0; i < model->load_balancer_count; i++) {
		lb = &model->load_balancers[i];
		if (lb_name && strcmp(lb->name, lb_name) != 0)
			continue;
		for (size_t l = 0; l < lb->listener_count; l++) {
			want_listener_name(lb, &lb->listeners[l], name);
			if (!wanted || strcmp(name, wanted) == 0)
				json_array_append_new(list, describe_one_listener(control, lb,
										  &lb->listeners[l],
										  name));
		}
	}
	return list;
}

int op_describe_listeners(struct call *call)
{
	const char *lb_name = request_string(call->request, "load_balancer");
	const char *name = request_string(call->request, "name");
	json_t *list;

	if (lb_name && !model_find_load_balancer(call->control->model, lb_name))
		return refuse(&call->refusal, REFUSED_NO_LOAD_BALANCER,
			      "there is no load balancer '%.64s'", lb_name);
	list = listeners_matching(call->control, lb_name, name);
	if (name && !json_array_size(list)) {
		json_decref(list);
		return refuse(&call->refusal, REFUSED_NO_LISTENER, "there is no listener '%.64s'",
			      name);
	}
	call->answer = json_pack("{so}", "listeners", list);
	return 0;
}

/* ---- rules ---- */

int op_describe_rules(struct call *call)
{
	const char *wanted = request_string(call->request, "listener");
	const struct model *model = call->control->model;
	char name[WANT_LISTENER_NAME_MAX];
	json_t *list = json_array();
	bool is_found = !wanted;

	for (size_t i = 0; i < model->load_balancer_count; i++) {
		const struct load_balancer *lb = &model->load_balancers[i];

		for (size_t l = 0; l < lb->listener_count; l++) {
			want_listener_name(lb, &lb->listeners[l], name);
			if (wanted && strcmp(name, wanted) != 0)
				continue;
			is_found = true;
			append_rules(list, &lb->listeners[l], name);
		}
	}
	call->answer = json_pack("{so}", "rules", list);
	if (is_found)
		return 0;
	json_decref(call->answer);
	call->answer = NULL;
	return refuse(&call->refusal, REFUSED_NO_LISTENER, "there is no listener '%.64s'", wanted);
}
