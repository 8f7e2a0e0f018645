/* SPDX-License-Identifier: BSD-2-Clause */
/* Operations on the state as a whole, on the data path as a whole, and the one target operation
 * that is more than an edit. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "changes.h"
#include "controller.h"
#include "detach.h"
#include "ops.h"
#include "request.h"
#include "tree.h"

/* Nothing but comments and space: a truncated file, rarely a wish. */
static bool is_blank(const char *text)
{
	while (*text) {
		text += strspn(text, " \t\r\n");
		if (strncmp(text, "---", 3) == 0)
			text += 3;
		else if (*text == '#')
			text += strcspn(text, "\n");
		else if (*text)
			return false;
	}
	return true;
}

static int change_to_text(struct call *call, bool dry_run)
{
	const char *text = request_string(call->request, "text");
	const char *source = request_string(call->request, "source");
	struct change change = {
		.operation = call->operation,
		.who = call->who,
		.source = source,
		.dry_run = dry_run,
	};
	struct model *next = NULL;
	struct err err = {0};

	if (is_blank(text))
		return refuse(&call->refusal, REFUSED_VALIDATION,
			      "%s is empty: to delete everything write 'load_balancers: []'",
			      source ? source : "the state");
	if (conf_parse_state(text, strlen(text), source, &next, &err))
		return refuse(&call->refusal, REFUSED_VALIDATION, "%s", err.text);
	return change_make(call->control, &change, next, &call->answer, &call->refusal);
}

int op_apply_state(struct call *call)
{
	return change_to_text(call, request_bool(call->request, "dry_run"));
}

int op_diff_state(struct call *call)
{
	return change_to_text(call, true);
}

int op_export_state(struct call *call)
{
	bool all = request_bool(call->request, "all");
	char *yaml = conf_dump_yaml(call->control->model, all);
	char *json = conf_dump_json(call->control->model, all);

	call->answer = json_pack("{sI ss so}", "change", (json_int_t)call->control->change_number,
				 "text", yaml, "state", json_loads(json, 0, NULL));
	free(json);
	free(yaml);
	return call->answer ? 0 : refuse(&call->refusal, REFUSED_INTERNAL, "can't print the state");
}

int op_get_version(struct call *call)
{
	call->answer = json_pack("{ss si si}", "version", LEAT_VERSION, "abi", NLB_ABI, "pid",
				 (int)getpid());
	return 0;
}

int op_detach(struct call *call)
{
	struct control *control = call->control;
	struct err err = {0};

	control_let_go(control); /* whatever comes of it, this leatd ends when the answer is out */
	if (detach_data_path(control->store, control->neigh, control->settings->node.bpffs, &err))
		return refuse(&call->refusal, REFUSED_INTERNAL,
			      "the data path is only half taken down, run 'leatd --detach': %s",
			      err.text);
	call->answer =
		json_pack("{sb sI}", "detached", 1, "change", (json_int_t)control->change_number);
	return 0;
}

/* ---- DeregisterTargets --now, of targets that drain already ---- */

/* The row of a target that the request names and the state has no more. */
static struct observed_target *find_leaver(const struct control *control, const char *group,
					   const char *text)
{
	const struct target_group *tg = model_find_target_group(control->model, group);
	struct observed_target *seen;
	struct addr address;
	uint16_t port;

	if (!tg || endpoint_parse(text, &address, &port, NULL))
		return NULL;
	seen = observed_find(&control->targets.observed, group, &address, port ? port : tg->port);
	return seen && !seen->target ? seen : NULL;
}

/* The request's list without such targets; *leavers: how many they are. A new reference. */
static json_t *without_leavers(const struct call *call, size_t *leavers)
{
	const char *group = request_string(call->request, "target_group");
	json_t *rest = json_array(), *text;
	size_t i;

	*leavers = 0;
	json_array_foreach(json_object_get(call->request, "targets"), i, text)
	{
		if (find_leaver(call->control, group, json_string_value(text)))
			++*leavers;
		else
			json_array_append(rest, text);
	}
	return rest;
}

static void end_leavers(struct call *call, const json_t *request)
{
	const char *group = request_string(request, "target_group");
	struct observed_target *seen;
	json_t *text;
	size_t i;

	json_array_foreach(json_object_get(request, "targets"), i, text)
	{
		seen = find_leaver(call->control, group, json_string_value(text));
		if (seen)
			targets_end_drain(&call->control->targets, seen);
	}
	(void)!reconcile_now(call->control, NULL);
}

/* Nothing of the state changes: applying it to itself says so. */
static int answer_unchanged(struct call *call, bool dry_run)
{
	struct change change = {.operation = call->operation, .who = call->who, .dry_run = dry_run};
	char *text = conf_dump_json(call->control->model, false);
	struct model *same = NULL;
	struct err err = {0};
	int ret = conf_parse_state(text, strlen(text), NULL, &same, &err);

	free(text);
	if (ret)
		return refuse(&call->refusal, REFUSED_INTERNAL, "%s", err.text);
	return change_make(call->control, &change, same, &call->answer, &call->refusal);
}

int op_deregister_targets(struct call *call)
{
	const json_t *whole = call->request;
	bool dry_run = request_bool(whole, "dry_run");
	json_t *rest, *request;
	size_t leavers;
	int ret;

	if (!request_bool(whole, "now"))
		return ops_run_edit(call);
	rest = without_leavers(call, &leavers);
	request = json_copy((json_t *)whole);
	json_object_set(request, "targets", rest);
	call->request = request;
	if (leavers && !json_array_size(rest))
		ret = answer_unchanged(call, dry_run);
	else
		ret = ops_run_edit(call);
	if (!ret && leavers && !dry_run)
		end_leavers(call, whole);
	call->request = whole;
	json_decref(request);
	json_decref(rest);
	return ret;
}
