/* SPDX-License-Identifier: BSD-2-Clause */
/* DescribeStats. */
#include <string.h>

#include "describe.h"
#include "ops.h"
#include "request.h"
#include "want.h"

static bool is_shown(enum nlb_verdict verdict, const struct nlb_count *count, bool all, bool drops)
{
	if (drops && strcmp(nlb_verdict_action(verdict), "DROP") != 0)
		return false;
	return all || count->packets;
}

static json_t *verdicts_of(const struct control *control, bool all, bool drops)
{
	struct nlb_count counts[NLB_VERDICT_COUNT] = {0};
	json_t *list = json_array();

	if (nlb_read_verdicts(control->nlb, counts))
		return list;
	for (unsigned i = 0; i < NLB_VERDICT_COUNT; i++) {
		if (!is_shown(i, &counts[i], all, drops))
			continue;
		json_array_append_new(list, json_pack("{ss ss sI sI sf ss}", "verdict",
						      nlb_verdict_name(i), "action",
						      nlb_verdict_action(i), "packets",
						      (json_int_t)counts[i].packets, "bytes",
						      (json_int_t)counts[i].bytes, "packets_per_s",
						      control->rates.verdict_packets_per_s[i],
						      "help", nlb_verdict_help(i)));
	}
	return list;
}

static json_t *listener_of(const struct control *control, const char *name)
{
	struct nlb_listener_count count = describe_listener_count(control, name);

	return json_pack("{ss sI sI sI sf sI}", "name", name, "packets", (json_int_t)count.packets,
			 "bytes", (json_int_t)count.bytes, "new_flows", (json_int_t)count.new_flows,
			 "new_flows_per_s", rates_of_listener(control, name), "dropped",
			 (json_int_t)count.dropped);
}

static json_t *listeners_of(const struct control *control)
{
	char name[WANT_LISTENER_NAME_MAX];
	const struct load_balancer *lb;
	json_t *list = json_array();

	for (size_t i = 0; i < control->model->load_balancer_count; i++) {
		lb = &control->model->load_balancers[i];
		for (size_t l = 0; l < lb->listener_count; l++)
			json_array_append_new(
				list, listener_of(control,
						  want_listener_name(lb, &lb->listeners[l], name)));
	}
	return list;
}

static json_t *target_of(const struct control *control, const struct observed_target *seen)
{
	char endpoint[ENDPOINT_TEXT_MAX];
	struct nlb_target_count count;
	uint64_t flows;

	count = describe_target_count(control, seen->group, &seen->address, seen->port, &flows);
	return json_pack("{ss ss sI sI sI sI sI sI sI}", "target_group", seen->group, "target",
			 endpoint_format(&seen->address, seen->port, endpoint), "packets",
			 (json_int_t)count.packets, "bytes", (json_int_t)count.bytes,
			 "reply_packets", (json_int_t)count.reply_packets, "reply_bytes",
			 (json_int_t)count.reply_bytes, "new_flows", (json_int_t)count.new_flows,
			 "flows", (json_int_t)flows, "ports_exhausted",
			 (json_int_t)count.ports_exhausted);
}

static json_t *targets_of(const struct control *control)
{
	const struct observed_target *seen;
	json_t *list = json_array();

	list_for_each(seen, &control->targets.observed.targets, node)
		json_array_append_new(list, target_of(control, seen));
	return list;
}

static json_t *table_of(const char *name, uint64_t used, uint64_t size)
{
	return json_pack("{ss sI sI sf}", "table", name, "used", (json_int_t)used, "size",
			 (json_int_t)size, "used_pct",
			 size ? 100.0 * (double)used / (double)size : 0.0);
}

static json_t *tables_of(const struct control *control)
{
	const struct nlb_flow_census *census = nlb_flow_census(control->nlb);
	unsigned max = nlb_flows_max(control->nlb);

	return json_pack("[o o o]", table_of("flows", census->flows, max),
			 table_of("replies", census->replies, max),
			 table_of("targets", control->targets.observed.count, NLB_MAX_TARGETS));
}

int op_describe_stats(struct call *call)
{
	bool all = request_bool(call->request, "all");
	bool drops = request_bool(call->request, "drops");

	call->answer = json_pack("{so}", "verdicts", verdicts_of(call->control, all, drops));
	if (drops)
		return 0;
	json_object_set_new(call->answer, "listeners", listeners_of(call->control));
	json_object_set_new(call->answer, "targets", targets_of(call->control));
	json_object_set_new(call->answer, "tables", tables_of(call->control));
	return 0;
}
