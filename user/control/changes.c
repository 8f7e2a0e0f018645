/* SPDX-License-Identifier: BSD-2-Clause */
/* Makes changes of the desired state. */
#include "changes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "controller.h"

#define SUMMARY_MAX 256

/* ---- the answer ---- */

static json_t *text_or_null(const char *text)
{
	return text ? json_string(text) : json_null();
}

static json_t *entry_of(const struct diff_entry *entry)
{
	return json_pack("{ss ss ss so so so}", "action", diff_action_name(entry->action), "noun",
			 entry->noun, "name", entry->name, "field", text_or_null(entry->field),
			 "from", text_or_null(entry->from), "to", text_or_null(entry->to));
}

static json_t *entries_of(const struct diff *diff)
{
	json_t *list = json_array();

	for (size_t i = 0; i < diff->count; i++)
		json_array_append_new(list, entry_of(&diff->entries[i]));
	return list;
}

static json_t *answer_of(const struct control *control, const struct change *change,
			 const struct diff *diff, const struct nlb_plan *plan)
{
	return json_pack("{sI sb s{so sI sI sI}}", "change", (json_int_t)control->change_number,
			 "dry_run", change->dry_run, "plan", "entries", entries_of(diff),
			 "slots_total", (json_int_t)plan->slots_total, "slots_moved",
			 (json_int_t)plan->slots_moved, "flows_ended",
			 (json_int_t)reconcile_flows_ended(control, plan));
}

char *change_summary(const struct diff *diff, const char *source, char *text, size_t size)
{
	const struct diff_entry *first = diff->entries;
	int len = 0;

	if (source)
		len = snprintf(text, size, "%.80s: ", source);
	len += snprintf(text + len, size - (size_t)len, "%s %s '%.100s'",
			diff_action_name(first->action), first->noun, first->name);
	if (first->field && (size_t)len < size)
		len += snprintf(text + len, size - (size_t)len, " %.60s", first->field);
	if (diff->count > 1 && (size_t)len < size)
		snprintf(text + len, size - (size_t)len, " and %zu more", diff->count - 1);
	return text;
}

/* ---- making it durable ---- */

static int commit_batch(struct control *control, const struct store_change *change,
			const struct model *next, uint64_t *number, struct err *err)
{
	int ret = store_begin(control->store, err);

	if (ret)
		return ret;
	ret = store_commit(control->store, change, number, err);
	if (!ret)
		ret = targets_store_drains(&control->targets, next, change->wall_ms, err);
	if (ret) {
		store_abort(control->store);
		return ret;
	}
	return store_finish(control->store, err);
}

static int commit(struct control *control, const struct change *change, const struct diff *diff,
		  const struct model *next, uint64_t *number, struct refusal *refusal)
{
	char summary[SUMMARY_MAX];
	char *text = conf_dump_json(next, false);
	struct store_change row = {
		.wall_ms = clock_wall_ms(),
		.user = change->who,
		.operation = change->operation,
		.summary = change_summary(diff, change->source, summary, sizeof(summary)),
		.text = text,
	};
	struct err err = {0};
	int ret = commit_batch(control, &row, next, number, &err);

	free(text);
	if (!ret) {
		log_info("change: %llu by %s: %s: %s", (unsigned long long)*number, change->who,
			 change->operation, summary);
		return 0;
	}
	control->commit_errors++;
	log_error("store: %s", err.text);
	return refuse(refusal, REFUSED_UNAVAILABLE, "the change could not be made durable: %s",
		      err.text);
}

/* ---- the steps ---- */

static void mark_leavers(struct control *control, const struct model *next, bool ends_now)
{
	unsigned pass = observed_pass(&control->targets.observed, next);
	struct observed_target *seen;

	list_for_each(seen, &control->targets.observed.targets, node) seen->ends_now =
		ends_now && seen->pass != pass && seen->target;
}

static int carry_out(struct control *control, const struct change *change, const struct diff *diff,
		     struct model *next, json_t **answer, struct refusal *refusal)
{
	struct nlb_plan plan = {0};
	struct err err = {0};
	uint64_t number = 0;

	if (reconcile_plan(control, next, &plan, &err)) {
		model_free(next);
		return refuse(refusal, REFUSED_VALIDATION, "%s", err.text);
	}
	*answer = answer_of(control, change, diff, &plan);
	nlb_plan_fini(&plan);
	if (change->dry_run) {
		model_free(next);
		return 0;
	}
	if (commit(control, change, diff, next, &number, refusal)) {
		json_decref(*answer);
		*answer = NULL;
		model_free(next);
		return -1;
	}
	json_object_set_new(*answer, "change", json_integer((json_int_t)number));
	control_publish(control, next, number);
	if (reconcile_now(control, &err))
		json_object_set_new(*answer, "warning",
				    json_sprintf("the change is durable, but not in the data path "
						 "yet (it is tried again): %s",
						 err.text));
	vips_follow(control);
	return 0;
}

int change_make(struct control *control, const struct change *change, struct model *next,
		json_t **answer, struct refusal *refusal)
{
	struct arena *arena = arena_new();
	struct diff diff = model_diff(control->model, next, arena);
	int ret = 0;

	if (diff.count) {
		mark_leavers(control, next, change->ends_now);
		ret = carry_out(control, change, &diff, next, answer, refusal);
		mark_leavers(control, control->model, false);
	} else {
		model_free(next);
		*answer = answer_of(control, change, &diff, &(struct nlb_plan){0});
	}
	arena_free(arena);
	return ret;
}
