/* SPDX-License-Identifier: BSD-2-Clause */
/* CreateRule, ModifyRule, DeleteRule on the tree. A rule is known by its listener and priority. */
#include <stdio.h>

#include "edits.h"
#include "request.h"
#include "tree.h"

static json_t *find_rules(json_t *state, const json_t *request, struct edit *edit)
{
	json_t *lb, *listener;
	size_t index;

	listener = tree_find_listener(state, request_string(request, "listener"), &lb, &index,
				      &edit->refusal);
	return listener ? tree_list(listener, "rules") : NULL;
}

static json_t *find_at(json_t *rules, json_int_t priority, size_t *index)
{
	json_t *rule;
	size_t i;

	json_array_foreach(rules, i, rule)
	{
		if (request_number(rule, "priority", 0) != priority)
			continue;
		*index = i;
		return rule;
	}
	return NULL;
}

static json_t *find_rule(json_t *state, const json_t *request, json_t **rules, size_t *index,
			 struct edit *edit)
{
	json_int_t priority = request_number(request, "priority", 0);
	json_t *rule;

	*rules = find_rules(state, request, edit);
	if (!*rules)
		return NULL;
	rule = find_at(*rules, priority, index);
	if (!rule)
		refuse(&edit->refusal, REFUSED_NO_RULE,
		       "listener '%.64s' has no rule of priority %lld",
		       request_string(request, "listener"), (long long)priority);
	return rule;
}

static json_t *settings_of(const json_t *request)
{
	json_t *rule = json_deep_copy(request);

	json_object_del(rule, "listener");
	json_object_del(rule, "dry_run");
	return rule;
}

static int check_forward(json_t *state, const json_t *request, struct edit *edit)
{
	return edit_check_forward(state, request_string(request, "then/forward"), edit);
}

int edit_create_rule(json_t *state, const json_t *request, struct edit *edit)
{
	json_int_t priority = request_number(request, "priority", 0);
	json_t *rules = find_rules(state, request, edit);
	size_t index;

	if (!rules || check_forward(state, request, edit))
		return -1;
	if (!find_at(rules, priority, &index))
		return json_array_append_new(rules, settings_of(request));
	edit->repeats = true;
	edit->duplicate = REFUSED_PRIORITY_IN_USE;
	snprintf(edit->name, sizeof(edit->name), "rule %lld of listener '%.64s'",
		 (long long)priority, request_string(request, "listener"));
	return json_array_set_new(rules, index, settings_of(request));
}

int edit_modify_rule(json_t *state, const json_t *request, struct edit *edit)
{
	json_t *rules, *rule, *settings;
	size_t index;

	rule = find_rule(state, request, &rules, &index, edit);
	if (!rule || check_forward(state, request, edit))
		return -1;
	settings = settings_of(request);
	tree_merge(rule, settings);
	json_decref(settings);
	return 0;
}

int edit_delete_rule(json_t *state, const json_t *request, struct edit *edit)
{
	json_t *rules;
	size_t index;

	if (!find_rule(state, request, &rules, &index, edit))
		return -1;
	return json_array_remove(rules, index);
}
