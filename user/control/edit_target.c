/* SPDX-License-Identifier: BSD-2-Clause */
/* RegisterTargets, DeregisterTargets, DrainTargets, ModifyTargets on the tree. */
#include "edits.h"
#include "request.h"
#include "tree.h"

/* What is done to one target that the request names; item is NULL when the group does not have it.
 */
typedef int target_fn(json_t *tg, json_t *item, const struct addr *address, uint16_t port,
		      const json_t *request);

static int refuse_absent(const json_t *tg, const struct addr *address, uint16_t port,
			 struct edit *edit)
{
	char text[ENDPOINT_TEXT_MAX];

	return refuse(&edit->refusal, REFUSED_INVALID_TARGET, "target '%s/%s' is not registered",
		      request_string(tg, "name"), endpoint_format(address, port, text));
}

static int for_each_target(json_t *state, const json_t *request, struct edit *edit, target_fn *fn,
			   bool must_exist)
{
	json_t *tg, *name, *item;
	struct addr address;
	uint16_t port;
	size_t i;

	tg = tree_find_target_group(state, request_string(request, "target_group"), &edit->refusal);
	if (!tg)
		return -1;
	json_array_foreach(json_object_get(request, "targets"), i, name)
	{
		if (tree_parse_target(tg, json_string_value(name), &address, &port, &edit->refusal))
			return -1;
		item = tree_find_target(tg, &address, port, NULL);
		if (!item && must_exist)
			return refuse_absent(tg, &address, port, edit);
		if (fn(tg, item, &address, port, request))
			return refuse(&edit->refusal, REFUSED_INTERNAL, "out of memory");
	}
	return i ? 0 : refuse(&edit->refusal, REFUSED_VALIDATION, "'targets' is empty");
}

static json_t *new_target(json_t *tg, const struct addr *address, uint16_t port)
{
	char text[ADDR_TEXT_MAX];
	json_t *item = json_pack("{ss}", "address", addr_format(address, text));

	if (port != request_number(tg, "port", 0))
		json_object_set_new(item, "port", json_integer(port));
	json_array_append_new(tree_list(tg, "targets"), item);
	return item;
}

static int set_weight(json_t *item, const json_t *request)
{
	json_t *weight = json_object_get(request, "weight");

	return weight ? json_object_set(item, "weight", weight) : 0;
}

static int register_target(json_t *tg, json_t *item, const struct addr *address, uint16_t port,
			   const json_t *request)
{
	if (!item)
		item = new_target(tg, address, port);
	json_object_del(item, "drain");
	return set_weight(item, request);
}

static int deregister_target(json_t *tg, json_t *item, const struct addr *address, uint16_t port,
			     const json_t *request)
{
	size_t index;

	tree_find_target(tg, address, port, &index);
	return json_array_remove(tree_list(tg, "targets"), index);
}

static int drain_target(json_t *tg, json_t *item, const struct addr *address, uint16_t port,
			const json_t *request)
{
	return json_object_set_new(item, "drain", json_true());
}

static int modify_target(json_t *tg, json_t *item, const struct addr *address, uint16_t port,
			 const json_t *request)
{
	return set_weight(item, request);
}

int edit_register_targets(json_t *state, const json_t *request, struct edit *edit)
{
	return for_each_target(state, request, edit, register_target, false);
}

int edit_deregister_targets(json_t *state, const json_t *request, struct edit *edit)
{
	return for_each_target(state, request, edit, deregister_target, true);
}

int edit_drain_targets(json_t *state, const json_t *request, struct edit *edit)
{
	return for_each_target(state, request, edit, drain_target, true);
}

int edit_modify_targets(json_t *state, const json_t *request, struct edit *edit)
{
	return for_each_target(state, request, edit, modify_target, true);
}
