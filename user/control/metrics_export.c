/* SPDX-License-Identifier: BSD-2-Clause */
/* Fills the exposition, a function a subject. */
#include "metrics_export.h"

#include <stdio.h>

#include "api.h"
#include "base/base.h"
#include "describe.h"
#include "metrics/metrics.h"
#include "want.h"

/* Rows of a metric stay together: one pass over the interfaces for each. */
static void of_interfaces(const struct control *control, struct metrics_writer *w)
{
	const struct interface *list = control->interfaces.list;
	size_t count = control->interfaces.count;

	for (size_t i = 0; i < count; i++)
		if (list[i].state == INTERFACE_ATTACHED)
			metrics_add_u64(w, METRIC_XDP_ATTACHED, 1, list[i].port.name,
					nlb_mode_name(list[i].mode));
	for (size_t i = 0; i < count; i++)
		metrics_add_u64(w, METRIC_INTERFACE_UP, list[i].port.is_up, list[i].port.name);
	for (size_t i = 0; i < count; i++)
		metrics_add_u64(w, METRIC_INTERFACE_TRANSMITS, !list[i].is_mute,
				list[i].port.name);
}

static void of_node(const struct control *control, struct metrics_writer *w)
{
	metrics_add(w, METRIC_BUILD_INFO, 1, LEAT_VERSION);
	metrics_add(w, METRIC_START_TIME_SECONDS, (double)control->started_ms / 1000);
	metrics_add_u64(w, METRIC_CONFIG_CHANGE_NUMBER, control->change_number);
	of_interfaces(control, w);
}

static void of_verdicts(const struct control *control, struct metrics_writer *w)
{
	struct nlb_count counts[NLB_VERDICT_COUNT];

	if (nlb_read_verdicts(control->nlb, counts))
		return;
	for (unsigned i = 0; i < NLB_VERDICT_COUNT; i++) {
		metrics_add_u64(w, METRIC_VERDICT_PACKETS, counts[i].packets, nlb_verdict_name(i));
		metrics_add_u64(w, METRIC_VERDICT_BYTES, counts[i].bytes, nlb_verdict_name(i));
	}
	metrics_add_u64(w, METRIC_NAT_PORTS_EXHAUSTED, counts[NLB_NAT_PORTS_EXHAUSTED].packets);
}

static void of_listener(const struct control *control, const struct load_balancer *lb,
			const struct listener *listener, struct metrics_writer *w)
{
	char name[WANT_LISTENER_NAME_MAX], text[LISTENER_TEXT_MAX];
	struct nlb_listener_count count;

	count = describe_listener_count(control, want_listener_name(lb, listener, name));
	listener_format(listener, text);
	metrics_add_u64(w, METRIC_LISTENER_PACKETS, count.packets, lb->name, text);
	metrics_add_u64(w, METRIC_LISTENER_BYTES, count.bytes, lb->name, text);
	metrics_add_u64(w, METRIC_LISTENER_NEW_FLOWS, count.new_flows, lb->name, text);
}

static void of_listeners(const struct control *control, struct metrics_writer *w)
{
	for (size_t i = 0; i < control->model->load_balancer_count; i++) {
		const struct load_balancer *lb = &control->model->load_balancers[i];

		for (size_t l = 0; l < lb->listener_count; l++)
			of_listener(control, lb, &lb->listeners[l], w);
	}
}

static void of_target(const struct control *control, const struct observed_target *seen,
		      struct metrics_writer *w)
{
	struct nlb_target_count count;
	char target[ENDPOINT_TEXT_MAX];
	uint64_t flows;

	count = describe_target_count(control, seen->group, &seen->address, seen->port, &flows);
	endpoint_format(&seen->address, seen->port, target);
	metrics_add_u64(w, METRIC_TARGET_PACKETS, count.packets, seen->group, target);
	metrics_add_u64(w, METRIC_TARGET_BYTES, count.bytes, seen->group, target);
	metrics_add_u64(w, METRIC_TARGET_REPLY_PACKETS, count.reply_packets, seen->group, target);
	metrics_add_u64(w, METRIC_TARGET_REPLY_BYTES, count.reply_bytes, seen->group, target);
	metrics_add_u64(w, METRIC_TARGET_NEW_FLOWS, count.new_flows, seen->group, target);
	metrics_add_u64(w, METRIC_TARGET_FLOWS, flows, seen->group, target);
	metrics_add_u64(w, METRIC_TARGET_WEIGHT, seen->target ? seen->target->weight : 0,
			seen->group, target);
	for (unsigned state = TARGET_INITIAL; state <= TARGET_UNUSED; state++)
		metrics_add_u64(w, METRIC_TARGET_HEALTH, seen->health.state == state, seen->group,
				target, target_state_name(state));
}

static void of_targets(const struct control *control, struct metrics_writer *w)
{
	const struct observed_target *seen;

	list_for_each(seen, &control->targets.observed.targets, node) of_target(control, seen, w);
}

static void of_target_groups(const struct control *control, struct metrics_writer *w)
{
	struct group_summary summary;

	for (size_t i = 0; i < control->model->target_group_count; i++) {
		const struct target_group *tg = &control->model->target_groups[i];

		summary = describe_group(control, tg);
		metrics_add_u64(w, METRIC_TARGET_GROUP_HEALTHY_TARGETS, summary.healthy, tg->name);
		metrics_add_u64(w, METRIC_TARGET_GROUP_FAIL_OPEN, summary.fails_open, tg->name);
	}
}

static void of_tables(const struct control *control, struct metrics_writer *w)
{
	const struct nlb_flow_census *census = nlb_flow_census(control->nlb);

	metrics_add_u64(w, METRIC_FLOWS, census->flows, "flows");
	metrics_add_u64(w, METRIC_FLOWS, census->replies, "replies");
	metrics_add_u64(w, METRIC_FLOWS_MAX, nlb_flows_max(control->nlb), "flows");
	metrics_add_u64(w, METRIC_FLOWS_MAX, nlb_flows_max(control->nlb), "replies");
}

static void of_health_checks(const struct control *control, struct metrics_writer *w)
{
	const struct tally_row *row;

	list_for_each(row, &control->targets.tally.rows,
		      node) for (unsigned i = 0; i < HEALTH_REASON_COUNT;
				 i++) if (row->counts[i] || i == HEALTH_NONE)
		metrics_add_u64(w, METRIC_HEALTH_CHECKS, row->counts[i], row->group,
				i == HEALTH_NONE ? "passed" : health_reason_text(i));
	metrics_add_u64(w, METRIC_HEALTH_CHECK_TRANSITIONS, control->targets.transitions);
}

static void of_neighbours(const struct control *control, struct metrics_writer *w)
{
#define X(id, word, help) +1
	enum { STATES = 0 NEIGH_PATH_STATES(X) };
#undef X
	unsigned counts[STATES] = {0};

	neigh_count(control->neigh, counts, STATES);
	for (unsigned i = 0; i < STATES; i++)
		metrics_add_u64(w, METRIC_NEIGHBOURS, counts[i], neigh_path_state_name(i));
}

static void of_reconcile(const struct control *control, struct metrics_writer *w)
{
	metrics_add_u64(w, METRIC_RECONCILE, control->reconcile.runs);
	metrics_add_u64(w, METRIC_RECONCILE_ERRORS, control->reconcile.errors);
	metrics_add(w, METRIC_RECONCILE_DURATION_SECONDS, control->reconcile.last_seconds);
	metrics_add_u64(w, METRIC_STORE_COMMIT_ERRORS, control->commit_errors);
}

static void add_request_count(const char *operation, unsigned status, unsigned long long count,
			      void *arg)
{
	char code[16];

	snprintf(code, sizeof(code), "%u", status);
	metrics_add_u64((struct metrics_writer *)arg, METRIC_API_REQUESTS, count, operation, code);
}

void metrics_export(const struct control *control, struct buf *out)
{
	struct metrics_writer writer;

	metrics_begin(&writer, out);
	of_node(control, &writer);
	of_verdicts(control, &writer);
	of_listeners(control, &writer);
	of_targets(control, &writer);
	of_target_groups(control, &writer);
	of_tables(control, &writer);
	of_health_checks(control, &writer);
	of_neighbours(control, &writer);
	of_reconcile(control, &writer);
	api_for_each_count(control->api, add_request_count, &writer);
	metrics_end(&writer);
}
