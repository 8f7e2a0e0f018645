// SPDX-License-Identifier: BSD-2-Clause
/* Running packets, and the laws. */
#include "probe.h"

#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>

#include "twin.h"

static void read_counts(struct world *w, struct probe *p)
{
	int i;

	for (i = 0; i < w->listener_count; i++)
		p->listeners[i] = program_listener_count(w->program, w->listeners[i].value.id);
	for (i = 0; i < w->target_count; i++)
		p->targets[i] = program_target_count(w->program, w->targets[i].index);
}

/* Counters are structs of 64-bit words. */
static void subtract(void *after, const void *before, size_t bytes)
{
	uint64_t *a = after;
	const uint64_t *b = before;
	size_t i;

	for (i = 0; i < bytes / 8; i++)
		a[i] -= b[i];
}

static void list_verdicts(const struct counts *counts, struct report *report)
{
	char text[512] = "";
	size_t len = 0;
	int i;

	for (i = 0; i < NLB_VERDICT_COUNT && len < sizeof(text); i++)
		if (counts->verdicts[i].packets)
			len += (size_t)snprintf(text + len, sizeof(text) - len, " %s=%llu",
						verdict_name(i),
						(unsigned long long)counts->verdicts[i].packets);
	report_fail(report, "not one verdict was counted, but:%s", len ? text : " none");
}

static bool find_verdict(const struct counts *counts, size_t len, struct probe *p,
			 struct report *report)
{
	uint64_t packets = 0, bytes = 0;
	int i;

	for (i = 0; i < NLB_VERDICT_COUNT; i++) {
		packets += counts->verdicts[i].packets;
		bytes += counts->verdicts[i].bytes;
		if (counts->verdicts[i].packets)
			p->verdict = i;
	}
	if (packets != 1) {
		list_verdicts(counts, report);
		return false;
	}
	if (p->verdict == NLB_NONE)
		return report_fail(report, "verdict none must not come");
	if (bytes != len)
		report_fail(report, "verdict %s counted %llu bytes of a frame of %zu",
			    verdict_name(p->verdict), (unsigned long long)bytes, len);
	if (p->outcome.action != verdict_action(p->verdict))
		report_fail(report, "verdict %s came with %s, not %s", verdict_name(p->verdict),
			    action_name(p->outcome.action),
			    action_name(verdict_action(p->verdict)));
	return !report->failed;
}

static bool obey_entries(const struct tables *before, const struct tables *after, int action,
			 struct report *report)
{
	const struct nlb_tuple *key;
	char text[TUPLE_TEXT_MAX];

	if (action == XDP_PASS && !tables_equal(before, after))
		return report_fail(report, "a packet for the stack changed flows or replies");
	key = action == XDP_DROP ? tables_new_key(before, after) : NULL;
	if (key)
		return report_fail(report, "a dropped packet made an entry: %s",
				   tuple_format(key, text));
	return true;
}

static bool obey_frame(const struct probe *p, const uint8_t *frame, size_t len,
		       struct report *report)
{
	if (p->outcome.action != XDP_PASS ||
	    (p->outcome.len == len && !memcmp(p->outcome.bytes, frame, len)))
		return true;
	report_fail(report, "a packet for the stack was changed");
	report_hex(report, "in", frame, len);
	report_hex(report, "seen", p->outcome.bytes, p->outcome.len);
	return false;
}

/* The native build does the same. */
static bool obey_twin(struct world *w, const uint8_t *frame, size_t len, int interface,
		      bool whole_tables, const struct probe *p, struct report *report)
{
	const struct outcome *o = &p->outcome;
	const struct twin_packet packet = {.in = frame,
					   .in_len = len,
					   .ifindex = netns_ifindexes[interface],
					   .before_ns = o->before_ns,
					   .after_ns = o->after_ns,
					   .action = o->action,
					   .verdict = p->verdict,
					   .out = o->bytes,
					   .out_len = o->len};

	return !w->program->twin || twin_run(w->program->twin, &packet, whole_tables, report);
}

bool probe_run(struct world *w, const uint8_t *frame, size_t len, int interface, bool watch_entries,
	       struct probe *p, struct report *report)
{
	static struct tables tables_before, tables_after;
	static struct probe start;
	struct counts before, after;
	int err;

	if (watch_entries)
		tables_read(w->program, &tables_before);
	program_verdicts(w->program, &before);
	read_counts(w, &start);
	p->started_ns = now_ns();
	err = program_run(w->program, frame, len, netns_ifindexes[interface], &p->outcome);
	if (err)
		return report_fail(report, "the kernel did not run the packet: %s", strerror(-err));
	program_verdicts(w->program, &after);
	read_counts(w, p);
	subtract(&after, &before, sizeof(after));
	subtract(p->listeners, start.listeners, sizeof(p->listeners));
	subtract(p->targets, start.targets, sizeof(p->targets));
	if (!find_verdict(&after, len, p, report))
		return false;
	if (!obey_twin(w, frame, len, interface, watch_entries, p, report) ||
	    !obey_frame(p, frame, len, report))
		return false;
	if (!watch_entries)
		return true;
	tables_read(w->program, &tables_after);
	return obey_entries(&tables_before, &tables_after, p->outcome.action, report);
}
