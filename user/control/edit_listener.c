/* SPDX-License-Identifier: BSD-2-Clause */
/* CreateListener, ModifyListener, DeleteListener on the tree. */
#include <stdio.h>
#include <string.h>

#include "edits.h"
#include "request.h"
#include "tree.h"

static json_t *settings_of(const json_t *request)
{
	json_t *listener = json_deep_copy(request);

	json_object_del(listener, "load_balancer");
	json_object_del(listener, "name");
	json_object_del(listener, "dry_run");
	tree_unblank(listener, "security_groups");
	return listener;
}

/* "web", or "blue=3,green=1" */
int edit_check_forward(json_t *state, const char *forward, struct edit *edit)
{
	const char *at = forward;
	char name[128];

	while (at && *at) {
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(at, "=,"), at);
		if (!tree_find_target_group(state, name, &edit->refusal))
			return -1;
		at += strcspn(at, ",");
		at += *at == ',';
	}
	return 0;
}

static int check_forward(json_t *state, const json_t *request, struct edit *edit)
{
	return edit_check_forward(state, request_string(request, "default_action/forward"), edit);
}

int edit_create_listener(json_t *state, const json_t *request, struct edit *edit)
{
	const char *lb_name = request_string(request, "load_balancer");
	const char *protocol = request_string(request, "protocol");
	const json_t *port = json_object_get(request, "port");
	char ports[PORTS_TEXT_MAX];
	json_t *lb, *list;
	size_t index;

	lb = tree_find_load_balancer(state, lb_name, &edit->refusal);
	if (!lb || check_forward(state, request, edit))
		return -1;
	list = tree_list(lb, "listeners");
	tree_ports_text(port, ports);
	if (!tree_find_listener_at(lb, protocol, ports, &index))
		return json_array_append_new(list, settings_of(request));
	edit->repeats = true;
	edit->duplicate = REFUSED_DUPLICATE_LISTENER;
	snprintf(edit->name, sizeof(edit->name), "listener '%.40s/%.16s:%s'", lb_name, protocol,
		 ports);
	return json_array_set_new(list, index, settings_of(request));
}

int edit_modify_listener(json_t *state, const json_t *request, struct edit *edit)
{
	json_t *lb, *listener, *settings;
	size_t index;

	listener = tree_find_listener(state, request_string(request, "name"), &lb, &index,
				      &edit->refusal);
	if (!listener || check_forward(state, request, edit))
		return -1;
	settings = settings_of(request);
	tree_merge(listener, settings);
	json_decref(settings);
	return 0;
}

int edit_delete_listener(json_t *state, const json_t *request, struct edit *edit)
{
	json_t *lb;
	size_t index;

	if (!tree_find_listener(state, request_string(request, "name"), &lb, &index,
				&edit->refusal))
		return -1;
	return json_array_remove(tree_list(lb, "listeners"), index);
}
