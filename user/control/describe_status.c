/* SPDX-License-Identifier: BSD-2-Clause */
/* GetStatus: the node at a glance. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "base/clock.h"
#include "describe.h"
#include "ops.h"
#include "problems.h"

/* What the settings name, where that is not the interface itself. */
static json_t *of_of(const struct port *port)
{
	return strcmp(port->name, port->of) ? json_string(port->of) : json_null();
}

static json_t *offloads_of(uint32_t bits)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < NLB_OFFLOAD_COUNT; i++)
		if (bits & NLB_OFFLOAD_BIT(i))
			json_array_append_new(list, json_string(nlb_offload_name(i)));
	return list;
}

static json_t *interface_of(const struct control *control, const struct interface *interface)
{
	struct neigh_link link = {0};
	bool known =
		neigh_link_by_name(control->neigh, interface->port.name, &link) && link.ifindex;
	json_t *mac = json_null(), *row;

	if (known)
		mac = json_sprintf("%02x:%02x:%02x:%02x:%02x:%02x", link.mac[0], link.mac[1],
				   link.mac[2], link.mac[3], link.mac[4], link.mac[5]);
	row = json_pack(
		"{ss so so ss so so so sb}", "name", interface->port.name, "of", of_of(&interface->port),
		"mode",
		interface->state == INTERFACE_ATTACHED ? json_string(nlb_mode_name(interface->mode))
						       : json_null(),
		"state", interface_state_name(interface->state), "reason",
		interface->reason[0] ? json_string(interface->reason) : json_null(), "mac", mac,
		"mtu", known ? json_integer(link.mtu) : json_null(), "up", known && link.is_up);
	json_object_set_new(row, "offloads_off", offloads_of(interface->offloads_off));
	return row;
}

static json_t *interfaces_of(const struct control *control)
{
	json_t *list = json_array();

	for (size_t i = 0; i < control->interfaces.count; i++)
		json_array_append_new(list, interface_of(control, &control->interfaces.list[i]));
	return list;
}

static json_t *load_balancer_of(const struct control *control, const struct load_balancer *lb)
{
	json_t *addresses = json_array();
	char text[ADDR_TEXT_MAX];

	for (size_t i = 0; i < lb->address_count; i++)
		json_array_append_new(addresses, json_string(addr_format(&lb->addresses[i], text)));
	return json_pack("{ss so si ss so}", "name", lb->name, "addresses", addresses, "listeners",
			 (int)lb->listener_count, "announce", lb_announce_name(lb->announce),
			 "state", describe_load_balancer_state(control, lb));
}

static json_t *load_balancers_of(const struct control *control)
{
	json_t *list = json_array();

	for (size_t i = 0; i < control->model->load_balancer_count; i++)
		json_array_append_new(
			list, load_balancer_of(control, &control->model->load_balancers[i]));
	return list;
}

static json_t *target_groups_of(const struct control *control)
{
	json_t *list = json_array();
	struct group_summary summary;

	for (size_t i = 0; i < control->model->target_group_count; i++) {
		const struct target_group *tg = &control->model->target_groups[i];

		summary = describe_group(control, tg);
		json_array_append_new(list,
				      json_pack("{ss ss si si}", "name", tg->name, "state",
						summary.state, "healthy", (int)summary.healthy,
						"targets", (int)summary.targets));
	}
	return list;
}

int op_get_status(struct call *call)
{
	const struct control *control = call->control;
	char started[CLOCK_TEXT_MAX], digest[20];

	snprintf(digest, sizeof(digest), "%016llx",
		 (unsigned long long)nlb_image_digest(nlb_image(control->nlb)));
	call->answer =
		json_pack("{ss ss si ss sI sI so so so s{sI sI} ss so}", "version", LEAT_VERSION,
			  "controller", "running", "pid", (int)getpid(), "started",
			  clock_format_utc(control->started_ms, started), "uptime_s",
			  (json_int_t)((clock_mono_ms() - control->started_mono_ms) / 1000),
			  "change", (json_int_t)control->change_number, "interfaces",
			  interfaces_of(control), "load_balancers", load_balancers_of(control),
			  "target_groups", target_groups_of(control), "flows", "used",
			  (json_int_t)nlb_flow_census(control->nlb)->flows, "size",
			  (json_int_t)nlb_flows_max(control->nlb), "digest", digest, "problems",
			  problems_list(control));
	return 0;
}
