/* SPDX-License-Identifier: BSD-2-Clause */
/* CreateLoadBalancer, ModifyLoadBalancer, DeleteLoadBalancer on the tree. */
#include <stdio.h>

#include "edits.h"
#include "request.h"
#include "tree.h"

static json_t *settings_of(const json_t *request)
{
	json_t *lb = json_deep_copy(request);

	json_object_del(lb, "dry_run");
	return lb;
}

int edit_create_load_balancer(json_t *state, const json_t *request, struct edit *edit)
{
	json_t *list = tree_list(state, "load_balancers"), *lb = settings_of(request), *old;
	const char *name = request_string(request, "name");
	size_t index;

	old = tree_find_named(list, name, &index);
	if (!old)
		return json_array_append_new(list, lb);
	edit->repeats = true;
	edit->duplicate = REFUSED_DUPLICATE_LOAD_BALANCER;
	snprintf(edit->name, sizeof(edit->name), "load balancer '%.40s'", name);
	json_object_set(lb, "listeners", tree_list(old, "listeners"));
	return json_array_set_new(list, index, lb);
}

int edit_modify_load_balancer(json_t *state, const json_t *request, struct edit *edit)
{
	json_t *lb, *settings;

	lb = tree_find_load_balancer(state, request_string(request, "name"), &edit->refusal);
	if (!lb)
		return -1;
	settings = settings_of(request);
	tree_merge(lb, settings);
	json_decref(settings);
	return 0;
}

int edit_delete_load_balancer(json_t *state, const json_t *request, struct edit *edit)
{
	const char *name = request_string(request, "name");
	json_t *list = tree_list(state, "load_balancers");
	size_t index;

	if (!tree_find_load_balancer(state, name, &edit->refusal))
		return -1;
	tree_find_named(list, name, &index);
	return json_array_remove(list, index);
}
