/* SPDX-License-Identifier: BSD-2-Clause */
/* DescribeTargetGroups. */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "describe.h"
#include "ops.h"
#include "request.h"
#include "want.h"

static bool is_healthy(const struct control *control, const struct target_group *tg,
		       const struct target *target)
{
	const struct observed_target *seen;

	seen = observed_find(&control->targets.observed, tg->name, &target->address, target->port);
	return seen && seen->health.state == TARGET_HEALTHY;
}

static const char *state_of(const struct target_group *tg, const struct group_summary *summary)
{
	if (!tg->in_use)
		return "unused";
	if (!summary->targets)
		return "empty";
	if (summary->fails_open)
		return "fail-open";
	return summary->healthy < summary->targets ? "degraded" : "ok";
}

struct group_summary describe_group(const struct control *control, const struct target_group *tg)
{
	const struct observed *observed = &control->targets.observed;
	struct group_summary summary = {.targets = (unsigned)tg->target_count};

	for (size_t i = 0; i < tg->target_count; i++)
		summary.healthy += is_healthy(control, tg, &tg->targets[i]);
	summary.fails_open = route_ring(tg, AF_INET, observed).fails_open ||
			     route_ring(tg, AF_INET6, observed).fails_open;
	summary.state = state_of(tg, &summary);
	return summary;
}

static json_t *matcher_text(const struct health_check *check)
{
	struct buf text = {0};
	json_t *value;

	for (size_t i = 0; i < check->matcher_count; i++) {
		buf_printf(&text, "%s%u", i ? "," : "", check->matcher[i].first);
		if (check->matcher[i].last != check->matcher[i].first)
			buf_printf(&text, "-%u", check->matcher[i].last);
	}
	value = json_string(text.data ? text.data : "");
	buf_fini(&text);
	return value;
}

static json_t *port_of(const struct health_check *check)
{
	return check->port ? json_sprintf("%u", check->port) : json_string("traffic-port");
}

static json_t *health_check_of(const struct health_check *check)
{
	json_t *object =
		json_pack("{sb ss so si si si si}", "enabled", check->enabled, "protocol",
			  hc_protocol_name(check->protocol), "port", port_of(check),
			  "interval_seconds", (int)check->interval_s, "timeout_seconds",
			  (int)check->timeout_s, "healthy_threshold", (int)check->healthy_threshold,
			  "unhealthy_threshold", (int)check->unhealthy_threshold);

	if (check->protocol == HC_HTTP) {
		json_object_set_new(object, "path", json_string(check->path ? check->path : "/"));
		json_object_set_new(object, "matcher", matcher_text(check));
	}
	return object;
}

/* "HTTP /healthz every 5 s" */
static json_t *health_check_text(const struct health_check *check)
{
	char port[16] = "";

	if (!check->enabled)
		return json_string("off");
	if (check->port)
		snprintf(port, sizeof(port), ":%u", check->port);
	return json_sprintf("%s%s%s%s every %u s", hc_protocol_name(check->protocol), port,
			    check->protocol == HC_HTTP ? " " : "",
			    check->protocol == HC_HTTP && check->path ? check->path : "",
			    check->interval_s);
}

static json_t *used_by(const struct model *model, const struct target_group *tg)
{
	char name[WANT_LISTENER_NAME_MAX];
	const struct load_balancer *lb;
	json_t *list = json_array();

	for (size_t i = 0; i < model->load_balancer_count; i++) {
		lb = &model->load_balancers[i];
		for (size_t l = 0; l < lb->listener_count; l++)
			if (listener_forwards_to(&lb->listeners[l], tg->name))
				json_array_append_new(list, json_string(want_listener_name(
								    lb, &lb->listeners[l], name)));
	}
	return list;
}

static json_t *describe_one(const struct control *control, const struct target_group *tg)
{
	struct group_summary summary = describe_group(control, tg);

	return json_pack(
		"{ss ss si ss ss so so si sb sb si si ss si si ss so}", "name", tg->name,
		"protocol", protocol_name(tg->protocol), "port", (int)tg->port, "target_type",
		target_type_name(tg->target_type), "forwarding",
		tg->target_type == TARGET_TYPE_ALB ? "local" : forwarding_name(tg->forwarding),
		"health_check", health_check_of(&tg->health_check), "health_check_text",
		health_check_text(&tg->health_check), "deregistration_delay",
		(int)tg->deregistration_delay_s, "source_ip_stickiness", tg->source_ip_stickiness,
		"preserve_port", tg->preserve_port, "min_healthy_count", (int)tg->min_healthy_count,
		"mss_maximum", (int)tg->mss_max, "proxy_protocol",
		tg->proxy_protocol ? proxy_placement_name(tg->proxy_placement) : "off", "targets",
		(int)summary.targets, "healthy", (int)summary.healthy, "state", summary.state,
		"used_by", used_by(control->model, tg));
}

int op_describe_target_groups(struct call *call)
{
	const char *name = request_string(call->request, "name");
	const struct model *model = call->control->model;
	json_t *list;

	if (name && !model_find_target_group(model, name))
		return refuse(&call->refusal, REFUSED_NO_TARGET_GROUP,
			      "there is no target group '%.64s'", name);
	list = json_array();
	for (size_t i = 0; i < model->target_group_count; i++)
		if (!name || strcmp(model->target_groups[i].name, name) == 0)
			json_array_append_new(
				list, describe_one(call->control, &model->target_groups[i]));
	call->answer = json_pack("{so}", "target_groups", list);
	return 0;
}
