/* SPDX-License-Identifier: BSD-2-Clause */
/* The operations on security groups: CreateSecurityGroup and so on, on the tree. */
#include <stdio.h>
#include <string.h>

#include "base/prefix.h"
#include "edits.h"
#include "request.h"
#include "tree.h"

/* Prefixes are kept as conf writes them, so that "10.0.0.1/32" is found as "10.0.0.1". */
static int normalise(const json_t *texts, json_t **prefixes, struct edit *edit)
{
	char text[PREFIX_TEXT_MAX];
	struct prefix prefix;
	struct err why = {0};
	json_t *value;
	size_t i;

	*prefixes = json_array();
	json_array_foreach(texts, i, value)
	{
		if (prefix_parse(json_string_value(value), &prefix, &why)) {
			json_decref(*prefixes);
			return refuse(&edit->refusal, REFUSED_VALIDATION, "%s", why.text);
		}
		json_array_append_new(*prefixes, json_string(prefix_format(&prefix, text)));
	}
	return 0;
}

static int replace_prefixes(json_t *sg, const json_t *request, const char *key, struct edit *edit)
{
	json_t *texts = json_deep_copy(json_object_get(request, key)), *prefixes;
	json_t *holder;
	int rc;

	if (!texts)
		return 0;
	holder = json_pack("{so}", key, texts);
	tree_unblank(holder, key);
	rc = normalise(texts, &prefixes, edit);
	json_decref(holder);
	return rc ? rc : json_object_set_new(sg, key, prefixes);
}

static int fill(json_t *sg, const json_t *request, struct edit *edit)
{
	if (replace_prefixes(sg, request, "allow", edit))
		return -1;
	return replace_prefixes(sg, request, "deny", edit);
}

int edit_create_security_group(json_t *state, const json_t *request, struct edit *edit)
{
	json_t *list = tree_list(state, "security_groups"), *sg;
	const char *name = request_string(request, "name");
	size_t index;

	sg = json_pack("{ss}", "name", name);
	if (fill(sg, request, edit)) {
		json_decref(sg);
		return -1;
	}
	if (!tree_find_named(list, name, &index))
		return json_array_append_new(list, sg);
	edit->repeats = true;
	edit->duplicate = REFUSED_DUPLICATE_SECURITY_GROUP;
	snprintf(edit->name, sizeof(edit->name), "security group '%.40s'", name);
	return json_array_set_new(list, index, sg);
}

static json_t *find(json_t *state, const json_t *request, struct edit *edit)
{
	return tree_find_security_group(state, request_string(request, "name"), &edit->refusal);
}

int edit_modify_security_group(json_t *state, const json_t *request, struct edit *edit)
{
	json_t *sg = find(state, request, edit);

	return sg ? fill(sg, request, edit) : -1;
}

/* Returns whether the list had it. */
static bool take_out(json_t *list, const char *text)
{
	json_t *value;
	size_t i;

	json_array_foreach(list, i, value)
	{
		if (strcmp(json_string_value(value), text) != 0)
			continue;
		json_array_remove(list, i);
		return true;
	}
	return false;
}

/* A prefix is in one list of a group: who allows it no longer denies it. */
static int move_sources(json_t *state, const json_t *request, const char *into, const char *from,
			struct edit *edit)
{
	json_t *sg = find(state, request, edit), *prefixes, *value;
	size_t i;

	if (!sg || normalise(json_object_get(request, "sources"), &prefixes, edit))
		return -1;
	json_array_foreach(prefixes, i, value)
	{
		take_out(tree_list(sg, from), json_string_value(value));
		take_out(tree_list(sg, into), json_string_value(value));
		json_array_append(tree_list(sg, into), value);
	}
	json_decref(prefixes);
	return 0;
}

int edit_allow_sources(json_t *state, const json_t *request, struct edit *edit)
{
	return move_sources(state, request, "allow", "deny", edit);
}

int edit_deny_sources(json_t *state, const json_t *request, struct edit *edit)
{
	return move_sources(state, request, "deny", "allow", edit);
}

int edit_revoke_sources(json_t *state, const json_t *request, struct edit *edit)
{
	json_t *sg = find(state, request, edit), *prefixes, *value;
	int rc = 0;
	size_t i;

	if (!sg || normalise(json_object_get(request, "sources"), &prefixes, edit))
		return -1;
	json_array_foreach(prefixes, i, value)
	{
		const char *text = json_string_value(value);

		if (take_out(tree_list(sg, "allow"), text) || take_out(tree_list(sg, "deny"), text))
			continue;
		rc = refuse(&edit->refusal, REFUSED_VALIDATION,
			    "security group '%s' has no prefix %s", request_string(request, "name"),
			    text);
		break;
	}
	json_decref(prefixes);
	return rc;
}

static bool names_group(const json_t *listener, const char *name)
{
	json_t *value;
	size_t i;

	json_array_foreach(json_object_get(listener, "security_groups"), i, value)
	{
		if (strcmp(json_string_value(value), name) == 0)
			return true;
	}
	return false;
}

/* Refuses while a listener names the group. */
static int check_unused(json_t *state, const char *name, struct edit *edit)
{
	json_t *lb, *listener;
	size_t i, l;

	json_array_foreach(tree_list(state, "load_balancers"), i, lb)
	{
		json_array_foreach(tree_list(lb, "listeners"), l, listener)
		{
			if (names_group(listener, name))
				return refuse(&edit->refusal, REFUSED_IN_USE,
					      "security group '%s' is used by a listener of load "
					      "balancer '%s'",
					      name, request_string(lb, "name"));
		}
	}
	return 0;
}

int edit_delete_security_group(json_t *state, const json_t *request, struct edit *edit)
{
	const char *name = request_string(request, "name");
	json_t *list = tree_list(state, "security_groups");
	size_t index;

	if (!find(state, request, edit) || check_unused(state, name, edit))
		return -1;
	tree_find_named(list, name, &index);
	return json_array_remove(list, index);
}
