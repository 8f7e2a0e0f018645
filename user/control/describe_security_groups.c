/* SPDX-License-Identifier: BSD-2-Clause */
/* DescribeSecurityGroups. */
#include <string.h>

#include "controller.h"
#include "ops.h"
#include "request.h"
#include "want.h"

static bool names_group(const struct listener *listener, const char *name)
{
	for (size_t i = 0; i < listener->security_group_count; i++)
		if (strcmp(listener->security_groups[i], name) == 0)
			return true;
	return false;
}

static json_t *used_by(const struct model *model, const char *name)
{
	char text[WANT_LISTENER_NAME_MAX];
	const struct load_balancer *lb;
	json_t *list = json_array();

	for (size_t i = 0; i < model->load_balancer_count; i++) {
		lb = &model->load_balancers[i];
		for (size_t l = 0; l < lb->listener_count; l++)
			if (names_group(&lb->listeners[l], name))
				json_array_append_new(list, json_string(want_listener_name(
								    lb, &lb->listeners[l], text)));
	}
	return list;
}

/* What happens to sources that no prefix holds. */
static const char *others(const struct security_group *sg)
{
	return sg->allow_count ? "denied" : "allowed";
}

static json_t *describe_one(const struct model *model, const struct security_group *sg)
{
	return json_pack("{ss si si ss so}", "name", sg->name, "allowed", (int)sg->allow_count,
			 "denied", (int)sg->deny_count, "others", others(sg), "used_by",
			 used_by(model, sg->name));
}

static void add_rules(json_t *rules, const struct prefix *prefixes, size_t count,
		      const char *action)
{
	char text[PREFIX_TEXT_MAX];

	for (size_t i = 0; i < count; i++)
		json_array_append_new(rules, json_pack("{ss ss}", "source",
						       prefix_format(&prefixes[i], text), "action",
						       action));
}

static json_t *rules_of(const struct security_group *sg)
{
	json_t *rules = json_array();

	add_rules(rules, sg->allow, sg->allow_count, "allow");
	add_rules(rules, sg->deny, sg->deny_count, "deny");
	json_array_append_new(rules, json_pack("{ss ss}", "source", "others", "action",
					       sg->allow_count ? "deny" : "allow"));
	return rules;
}

int op_describe_security_groups(struct call *call)
{
	const char *name = request_string(call->request, "name");
	const struct model *model = call->control->model;
	const struct security_group *one = name ? model_find_security_group(model, name) : NULL;
	json_t *list;

	if (name && !one)
		return refuse(&call->refusal, REFUSED_NO_SECURITY_GROUP,
			      "there is no security group '%.64s'", name);
	list = json_array();
	for (size_t i = 0; i < model->security_group_count; i++)
		if (!one || one == &model->security_groups[i])
			json_array_append_new(list,
					      describe_one(model, &model->security_groups[i]));
	call->answer = json_pack("{so}", "security_groups", list);
	if (one)
		json_object_set_new(call->answer, "rules", rules_of(one));
	return 0;
}
