/* SPDX-License-Identifier: BSD-2-Clause */
/* CreateTargetGroup, ModifyTargetGroup, DeleteTargetGroup on the tree. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "edits.h"
#include "request.h"
#include "tree.h"

#define PERCENTAGE "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage"
#define DIGITS_MAX 9

/* "8080" or "off" in a request is 8080 or "off" in the state. */
static void unquote_number(json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));
	size_t len = text ? strlen(text) : 0;

	if (len && len <= DIGITS_MAX && strspn(text, "0123456789") == len)
		json_object_set_new(object, key, json_integer(atoi(text)));
}

static json_t *settings_of(const json_t *request)
{
	json_t *tg = json_deep_copy(request);

	json_object_del(tg, "dry_run");
	unquote_number(json_object_get(tg, "health_check"), "port");
	unquote_number(json_object_get(tg, "attributes"), PERCENTAGE);
	return tg;
}

int edit_create_target_group(json_t *state, const json_t *request, struct edit *edit)
{
	json_t *list = tree_list(state, "target_groups"), *tg = settings_of(request), *old;
	const char *name = request_string(request, "name");
	size_t index;

	old = tree_find_named(list, name, &index);
	if (!old)
		return json_array_append_new(list, tg);
	edit->repeats = true;
	edit->duplicate = REFUSED_DUPLICATE_TARGET_GROUP;
	snprintf(edit->name, sizeof(edit->name), "target group '%.40s'", name);
	json_object_set(tg, "targets", tree_list(old, "targets"));
	return json_array_set_new(list, index, tg);
}

/* A check that becomes TCP has no use for what only HTTP checks have. */
static void forget_http(json_t *tg, const json_t *request)
{
	const char *protocol = request_string(request, "health_check/protocol");
	json_t *check = json_object_get(tg, "health_check");

	if (!protocol || strcmp(protocol, "TCP") != 0)
		return;
	json_object_del(check, "path");
	json_object_del(check, "matcher");
}

int edit_modify_target_group(json_t *state, const json_t *request, struct edit *edit)
{
	json_t *tg, *settings;

	tg = tree_find_target_group(state, request_string(request, "name"), &edit->refusal);
	if (!tg)
		return -1;
	forget_http(tg, request);
	settings = settings_of(request);
	tree_merge(tg, settings);
	json_decref(settings);
	return 0;
}

static bool action_names(const json_t *action, const char *name)
{
	const json_t *forward = json_object_get(action, "forward");
	const char *text = json_string_value(forward);
	const json_t *choice;
	size_t i;

	json_array_foreach((json_t *)forward, i, choice)
	{
		if (strcmp(request_string(choice, "target_group"), name) == 0)
			return true;
	}
	return text && strcmp(text, name) == 0;
}

static bool listener_names(const json_t *listener, const char *name)
{
	const json_t *rule;
	size_t i;

	json_array_foreach(json_object_get(listener, "rules"), i, rule)
	{
		if (action_names(json_object_get(rule, "then"), name))
			return true;
	}
	return action_names(json_object_get(listener, "default_action"), name);
}

/* Refuses while a listener forwards to the group. */
static int check_unused(json_t *state, const char *name, struct edit *edit)
{
	char ports[PORTS_TEXT_MAX];
	json_t *lb, *listener;
	size_t i, l;

	json_array_foreach(tree_list(state, "load_balancers"), i, lb)
	{
		json_array_foreach(tree_list(lb, "listeners"), l, listener)
		{
			if (!listener_names(listener, name))
				continue;
			tree_ports_text(json_object_get(listener, "port"), ports);
			return refuse(&edit->refusal, REFUSED_IN_USE,
				      "target group '%s' is used by listener '%s/%s:%s'", name,
				      request_string(lb, "name"),
				      request_string(listener, "protocol"), ports);
		}
	}
	return 0;
}

int edit_delete_target_group(json_t *state, const json_t *request, struct edit *edit)
{
	const char *name = request_string(request, "name");
	json_t *list = tree_list(state, "target_groups");
	size_t index;

	if (!tree_find_target_group(state, name, &edit->refusal) || check_unused(state, name, edit))
		return -1;
	tree_find_named(list, name, &index);
	return json_array_remove(list, index);
}
