/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of handlers, and what all writes have in common. */
#include "ops.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "changes.h"
#include "controller.h"
#include "edits.h"
#include "leat/operations.h"
#include "request.h"

static const struct op {
	const char *name;
	op_fn *run; /* NULL: the edit is all there is to it */
	edit_fn *edit;
} table[] = {
	{"ApplyState", op_apply_state, NULL},
	{"DiffState", op_diff_state, NULL},
	{"ExportState", op_export_state, NULL},
	{"DescribeLoadBalancers", op_describe_load_balancers, NULL},
	{"CreateLoadBalancer", NULL, edit_create_load_balancer},
	{"ModifyLoadBalancer", NULL, edit_modify_load_balancer},
	{"DeleteLoadBalancer", NULL, edit_delete_load_balancer},
	{"DescribeListeners", op_describe_listeners, NULL},
	{"CreateListener", NULL, edit_create_listener},
	{"ModifyListener", NULL, edit_modify_listener},
	{"DeleteListener", NULL, edit_delete_listener},
	{"DescribeRules", op_describe_rules, NULL},
	{"CreateRule", NULL, edit_create_rule},
	{"ModifyRule", NULL, edit_modify_rule},
	{"DeleteRule", NULL, edit_delete_rule},
	{"DescribeTargetGroups", op_describe_target_groups, NULL},
	{"CreateTargetGroup", NULL, edit_create_target_group},
	{"ModifyTargetGroup", NULL, edit_modify_target_group},
	{"DeleteTargetGroup", NULL, edit_delete_target_group},
	{"DescribeTargetHealth", op_describe_targets, NULL},
	{"RegisterTargets", NULL, edit_register_targets},
	{"DeregisterTargets", op_deregister_targets, edit_deregister_targets},
	{"DrainTargets", NULL, edit_drain_targets},
	{"ModifyTargets", NULL, edit_modify_targets},
	{"DescribeSecurityGroups", op_describe_security_groups, NULL},
	{"CreateSecurityGroup", NULL, edit_create_security_group},
	{"ModifySecurityGroup", NULL, edit_modify_security_group},
	{"AuthorizeSecurityGroupIngress", NULL, edit_allow_sources},
	{"DenySecurityGroupIngress", NULL, edit_deny_sources},
	{"RevokeSecurityGroupIngress", NULL, edit_revoke_sources},
	{"DeleteSecurityGroup", NULL, edit_delete_security_group},
	{"GetStatus", op_get_status, NULL},
	{"DescribeStats", op_describe_stats, NULL},
	{"DescribeFlows", op_describe_flows, NULL},
	{"DescribeHistory", op_describe_history, NULL},
	{"DetachDataPath", op_detach, NULL},
	{"GetVersion", op_get_version, NULL},
};

static const struct op *find(const char *operation)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (strcmp(table[i].name, operation) == 0)
			return &table[i];
	return NULL;
}

const char *ops_name(const char *operation)
{
	const struct op *op = find(operation);

	return op ? op->name : NULL;
}

bool ops_is_write(const char *operation)
{
	const struct operation *row = request_next_row(operation, NULL);

	return row && row->is_write;
}

static json_t *state_tree(const struct model *model)
{
	char *text = conf_dump_json(model, false);
	json_t *state = json_loads(text, 0, NULL);

	free(text);
	if (!state)
		abort(); /* our own dump */
	return state;
}

static int parse_tree(const json_t *state, struct model **next, struct err *err)
{
	char *text = json_dumps(state, JSON_COMPACT);
	int ret;

	if (!text)
		abort();
	ret = conf_parse_state(text, strlen(text), NULL, next, err);
	free(text);
	return ret;
}

/* A create of what exists is fine when it asks for what is there. */
static int refuse_if_differs(const struct control *control, const struct edit *edit,
			     const struct model *next, struct refusal *refusal)
{
	struct arena *arena = arena_new();
	size_t differences = model_diff(control->model, next, arena).count;

	arena_free(arena);
	return differences ? refuse(refusal, edit->duplicate,
				    "%s exists already with other settings", edit->name)
			   : 0;
}

static int make_next(struct call *call, edit_fn *fn, struct model **next)
{
	json_t *state = state_tree(call->control->model);
	struct edit edit = {0};
	struct err err = {0};
	int ret = 0;

	if (fn(state, call->request, &edit))
		ret = refuse(&call->refusal, edit.refusal.code, "%s", edit.refusal.err.text);
	else if (parse_tree(state, next, &err))
		ret = edit.repeats ? refuse(&call->refusal, edit.duplicate,
					    "%s exists already with other settings", edit.name)
				   : refuse(&call->refusal, REFUSED_VALIDATION, "%s", err.text);
	else if (edit.repeats)
		ret = refuse_if_differs(call->control, &edit, *next, &call->refusal);
	json_decref(state);
	return ret;
}

static int run_edit(struct call *call, edit_fn *fn)
{
	struct change change = {
		.operation = call->operation,
		.who = call->who,
		.dry_run = request_bool(call->request, "dry_run"),
		.ends_now = request_bool(call->request, "now"),
	};
	struct model *next = NULL;

	if (make_next(call, fn, &next)) {
		model_free(next);
		return -1;
	}
	return change_make(call->control, &change, next, &call->answer, &call->refusal);
}

int ops_run_edit(struct call *call)
{
	return run_edit(call, find(call->operation)->edit);
}

int ops_run(struct call *call)
{
	const struct op *op;

	if (request_check(call->operation, call->request, &call->refusal))
		return -1;
	op = find(call->operation);
	if (!op)
		return refuse(&call->refusal, REFUSED_INVALID_ACTION,
			      "operation '%s' is not available", call->operation);
	return op->run ? op->run(call) : run_edit(call, op->edit);
}
