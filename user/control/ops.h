/* SPDX-License-Identifier: BSD-2-Clause */
/* Operations: from a name and a request to an answer or a refusal. One handler an operation, found
 * in one table. */
#ifndef LEAT_CONTROL_OPS_H
#define LEAT_CONTROL_OPS_H

#include <jansson.h>
#include <stdbool.h>

#include "refusal.h"

struct control;

struct call {
	struct control *control;
	const char *operation; /* name of the table, static */
	const json_t *request;
	const char *who; /* "root (uid 0)" */
	json_t *answer;	 /* set by the handler: a new reference */
	struct refusal refusal;
};

/* Checks the request and runs the handler. 0 with call->answer, or -1 with call->refusal. */
int ops_run(struct call *call);

/* The edit that belongs to call->operation, as a change: for handlers that have more to do than
 * that. */
int ops_run_edit(struct call *call);

/* The table's own copy of the name; NULL when there is no such operation. */
const char *ops_name(const char *operation);
bool ops_is_write(const char *operation);

/* ---- handlers: 0 with call->answer, or -1 with call->refusal
 * --------------------------------------------------------------- */
typedef int op_fn(struct call *call);

op_fn op_apply_state, op_diff_state, op_export_state, op_detach, op_get_version; /* op_state.c */
op_fn op_deregister_targets;							 /* op_state.c */
op_fn op_describe_load_balancers, op_describe_listeners; /* describe_load_balancers.c */
op_fn op_describe_rules;				 /* describe_load_balancers.c */
op_fn op_describe_target_groups;			 /* describe_target_groups.c */
op_fn op_describe_security_groups;			 /* describe_security_groups.c */
op_fn op_describe_targets;				 /* describe_targets.c */
op_fn op_describe_stats;				 /* describe_stats.c */
op_fn op_describe_flows;				 /* describe_flows.c */
op_fn op_describe_history;				 /* describe_history.c */
op_fn op_get_status;					 /* describe_status.c */

#endif
