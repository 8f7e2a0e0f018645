/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What each write operation does to the desired state: a pure edit of its JSON tree. The request
 * was checked against the operation table; whether the result is a valid state is conf's and the
 * model's to say.
 */
#ifndef LEAT_CONTROL_EDITS_H
#define LEAT_CONTROL_EDITS_H

#include <jansson.h>
#include <stdbool.h>

#include "refusal.h"

struct edit {
	struct refusal refusal;
	/* A create of what exists already: the tree now has the noun as requested. If that differs
	 * from what was there, the operation is refused with this code and name. */
	bool repeats;
	enum refusal_code duplicate;
	char name[96];
};

/* 0, or -1 with edit->refusal filled (the tree may then be half edited). */
typedef int edit_fn(json_t *state, const json_t *request, struct edit *edit);

edit_fn edit_create_load_balancer, edit_modify_load_balancer, edit_delete_load_balancer;
edit_fn edit_create_listener, edit_modify_listener, edit_delete_listener;
edit_fn edit_create_rule, edit_modify_rule, edit_delete_rule;
edit_fn edit_create_target_group, edit_modify_target_group, edit_delete_target_group;
edit_fn edit_create_security_group, edit_modify_security_group, edit_delete_security_group;
edit_fn edit_allow_sources, edit_deny_sources, edit_revoke_sources;
edit_fn edit_register_targets, edit_deregister_targets, edit_drain_targets, edit_modify_targets;

/* Do the target groups that an action's text names exist? 0, or -1 with edit->refusal. NULL: none
 * is named. */
int edit_check_forward(json_t *state, const char *forward, struct edit *edit);

#endif
