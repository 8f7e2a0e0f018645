/* SPDX-License-Identifier: BSD-2-Clause */
/* Samples of counters. */
#include "rates.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "controller.h"

#define TARGETS_PER_TICK 2000 /* about 5 ms of map reads */

double rate_per_s(uint64_t from, uint64_t to, uint64_t elapsed_ms)
{
	if (to <= from || !elapsed_ms)
		return 0;
	return (double)(to - from) * 1000.0 / (double)elapsed_ms;
}

void rates_init(struct control *control)
{
	list_init(&control->rates.listeners);
}

void rates_fini(struct control *control)
{
	struct rate_listener *row, *next;

	if (!control->rates.listeners.next)
		return;
	list_for_each_safe(row, next, &control->rates.listeners, node) free(row);
	list_init(&control->rates.listeners);
}

/* ---- verdicts ---- */

static void sample_verdicts(struct control *control, uint64_t elapsed_ms)
{
	struct nlb_count counts[NLB_VERDICT_COUNT];
	struct rates *rates = &control->rates;

	if (nlb_read_verdicts(control->nlb, counts))
		return;
	for (size_t i = 0; i < NLB_VERDICT_COUNT && elapsed_ms; i++)
		rates->verdict_packets_per_s[i] =
			rate_per_s(rates->verdicts[i].packets, counts[i].packets, elapsed_ms);
	memcpy(rates->verdicts, counts, sizeof(rates->verdicts));
}

/* ---- listeners ---- */

static struct rate_listener *find_listener(const struct control *control, const char *name)
{
	struct rate_listener *row;

	list_for_each(row, &control->rates.listeners,
		      node) if (strcmp(row->name, name) == 0) return row;
	return NULL;
}

static struct rate_listener *listener_row(struct control *control, const char *name)
{
	struct rate_listener *row = find_listener(control, name);

	if (row)
		return row;
	row = calloc(1, sizeof(*row));
	if (!row)
		abort();
	snprintf(row->name, sizeof(row->name), "%s", name);
	list_append(&control->rates.listeners, &row->node);
	return row;
}

static void sample_listener(struct control *control, const char *name, uint64_t elapsed_ms)
{
	int id = nlb_image_listener_id(nlb_image(control->nlb), name);
	struct rate_listener *row = listener_row(control, name);
	struct nlb_listener_count count;

	row->is_seen = true;
	if (id < 0 || nlb_read_listener(control->nlb, (unsigned)id, &count))
		return;
	row->new_flows_per_s = rate_per_s(row->new_flows, count.new_flows, elapsed_ms);
	row->new_flows = count.new_flows;
}

static void sample_listeners(struct control *control, uint64_t elapsed_ms)
{
	struct rate_listener *row, *next;
	char name[WANT_LISTENER_NAME_MAX];
	const struct load_balancer *lb;

	list_for_each(row, &control->rates.listeners, node) row->is_seen = false;
	for (size_t i = 0; i < control->model->load_balancer_count; i++) {
		lb = &control->model->load_balancers[i];
		for (size_t l = 0; l < lb->listener_count; l++)
			sample_listener(control, want_listener_name(lb, &lb->listeners[l], name),
					elapsed_ms);
	}
	list_for_each_safe(row, next, &control->rates.listeners, node)
	{
		if (row->is_seen)
			continue;
		list_remove(&row->node);
		free(row);
	}
}

double rates_of_listener(const struct control *control, const char *name)
{
	const struct rate_listener *row = find_listener(control, name);

	return row ? row->new_flows_per_s : 0;
}

/* ---- targets ---- */

static void sample_target(struct control *control, struct observed_target *seen, uint64_t now_ms)
{
	struct target_count_sample *sample = &seen->sample;
	struct nlb_target_count count;
	int index = nlb_image_target_index(nlb_image(control->nlb), seen->group, &seen->address,
					   seen->port);

	if (index < 0 || nlb_read_target(control->nlb, (unsigned)index, &count)) {
		*sample = (struct target_count_sample){.index = -1};
		return;
	}
	sample->new_flows_per_s = 0;
	if (sample->index == index)
		sample->new_flows_per_s =
			rate_per_s(sample->new_flows, count.new_flows, now_ms - sample->taken_ms);
	sample->index = index;
	sample->new_flows = count.new_flows;
	sample->taken_ms = now_ms;
}

/* The table is sampled in turns: what was not reached in this second comes first in the next. */
static void sample_targets(struct control *control, uint64_t now_ms)
{
	struct list *head = &control->targets.observed.targets;
	size_t count = control->targets.observed.count;
	struct observed_target *seen;

	if (count > TARGETS_PER_TICK)
		count = TARGETS_PER_TICK;
	for (size_t i = 0; i < count; i++) {
		seen = list_entry(head->next, struct observed_target, node);
		sample_target(control, seen, now_ms);
		list_remove(&seen->node);
		list_append(head, &seen->node);
	}
}

void rates_tick(struct control *control)
{
	uint64_t now = clock_mono_ms();
	uint64_t elapsed_ms = control->rates.taken_ms ? now - control->rates.taken_ms : 0;

	sample_verdicts(control, elapsed_ms);
	sample_listeners(control, elapsed_ms);
	sample_targets(control, now);
	control->rates.taken_ms = now;
}
