// SPDX-License-Identifier: BSD-2-Clause
/* Steps: what goes in, and the comparison of what is expected with what came. */
#include "step.h"

#include <arpa/inet.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "builder.h"
#include "look.h"
#include "stress.h"

/* What a step expects to be counted; everything that isn't named is expected not to move. */
struct expected_counts {
	struct nlb_listener_count listeners[LISTENERS_MAX];
	struct nlb_target_count targets[TARGETS_MAX];
};

struct step {
	struct world *world;
	const struct line *in;
	const struct line *expected;
	int expected_count;
	const struct step_options *options;
	struct report *report;
	int interface;
	int verdict; /* expected */
	struct frame *frame;
	struct probe *probe;
	struct expected_counts counts;
};

static const char *const expectations[] = {"verdict", "out", "count", "flow", "reply", "entries"};

bool step_is_expectation(const struct line *line)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(expectations); i++)
		if (word_is(line->words[0], expectations[i]))
			return true;
	return false;
}

/* ---- in ---- */

static bool build(struct step *s, const struct line *line, int first, const uint8_t *seen,
		  size_t seen_len, struct frame *frame)
{
	struct packet packet;

	return packet_parse(&packet, line, first, s->report) &&
	       frame_build(frame, &packet, &s->world->names, seen, seen_len, s->report);
}

static bool take_in(struct step *s)
{
	s->report->line = s->in->number;
	if (s->in->count < 3)
		return report_fail(s->report, "usage: in INTERFACE PACKET");
	s->interface = netns_find(s->in->words[1]);
	if (s->interface < 0)
		return report_fail(s->report, "unknown interface '%s'", s->in->words[1]);
	if (!build(s, s->in, 2, NULL, 0, s->frame))
		return false;
	world_pick(s->world, &s->frame->tuple);
	return true;
}

/* verdict NAME [via INTERFACE]: a redirect must say where to, and nothing else may. */
static bool take_verdict(struct step *s)
{
	const struct line *line = s->expected;
	int interface;

	if (!s->expected_count || !word_is(line->words[0], "verdict"))
		return report_fail(s->report, "the line after `in` is not `verdict`");
	s->report->line = line->number;
	s->verdict = line->count > 1 ? verdict_find(line->words[1]) : -1;
	if (s->verdict < 0)
		return report_fail(s->report, "unknown verdict '%s'",
				   line->count > 1 ? line->words[1] : "");
	if (verdict_action(s->verdict) != XDP_REDIRECT)
		return line->count == 2 ||
		       report_fail(s->report, "unknown word '%s'", line->words[2]);
	interface = line->count == 4 && word_is(line->words[2], "via") ? netns_find(line->words[3])
								       : -1;
	if (interface < 0)
		return report_fail(s->report, "usage: verdict %s via INTERFACE", line->words[1]);
	world_limit_tx(s->world, interface); /* a redirect elsewhere finds no port */
	return true;
}

/* ---- out ---- */

/* As wide as a target allows: of the prefix only the last word, of `vary` bits. */
static bool is_varied(const struct world *w, const uint8_t prefix[16], int family,
		      const uint8_t address[16])
{
	size_t last = family == NLB_IPV4 ? 0 : 12;
	uint64_t difference;
	int i;

	if (memcmp(prefix, address, last) ||
	    memcmp(prefix + last + 4, address + last + 4, 12 - last))
		return false;
	difference = bytes_load(prefix + last, 4) ^ bytes_load(address + last, 4);
	for (i = 0; i < w->target_count; i++)
		if (w->targets[i].value.family == family &&
		    !(difference >> w->targets[i].value.source_bits))
			return true;
	return false;
}

/* Variables stand for what the program chooses itself: SNAT ports and addresses, and the sources of
 * outer headers. */
static bool check_bound(struct step *s, int from)
{
	const struct world *w = s->world;
	int i, k, n;

	for (i = from; i < w->names.variable_count; i++) {
		const struct variable *v = &w->names.variables[i];
		bool found = false;

		if (v->is_free)
			continue;
		if (!v->is_address && (v->number < w->settings.nat_port_first ||
				       v->number > w->settings.nat_port_last))
			return report_fail(s->report, "%s is %llu, outside of %u-%u", v->name,
					   (unsigned long long)v->number,
					   w->settings.nat_port_first, w->settings.nat_port_last);
		for (k = 0; k < w->snat_count; k++)
			for (n = 0; n < (int)w->snats[k].count; n++)
				found = found || is_varied(w, w->snats[k].addresses[n],
							   w->snats[k].family, v->address);
		if (v->is_address && !found)
			return report_fail(s->report, "%s is no SNAT address", v->name);
	}
	return true;
}

static bool check_out(struct step *s, const struct line *line)
{
	static struct frame expected;
	const struct outcome *o = &s->probe->outcome;
	int bound = s->world->names.variable_count;

	if (line->count < 2)
		return report_fail(s->report, "usage: out PACKET|untouched");
	if (line->count == 2 && word_is(line->words[1], "untouched"))
		return frame_compare(s->frame, o->bytes, o->len, s->report);
	if (!build(s, line, 1, o->bytes, o->len, &expected))
		return false;
	return frame_compare(&expected, o->bytes, o->len, s->report) && check_bound(s, bound);
}

/* ---- count ---- */

static int listener_number(const struct step *s, const char *name)
{
	const struct listener_def *l = world_listener(s->world, name, s->report);

	return l ? (int)(l - s->world->listeners) : -1;
}

static int target_number(const struct step *s, const char *name)
{
	const struct target_def *t = world_target(s->world, name, s->report);

	return t ? (int)(t - s->world->targets) : -1;
}

static void count_forwarded(struct step *s, int l, int t, uint64_t new_flows)
{
	struct nlb_listener_count *listener = &s->counts.listeners[l];
	struct nlb_target_count *target = &s->counts.targets[t];

	listener->packets++;
	listener->bytes += s->frame->len;
	listener->new_flows += new_flows;
	target->packets++;
	target->bytes += s->frame->len;
	target->new_flows += new_flows;
}

/* count new|more LISTENER TARGET: a packet forwarded, of a new flow or of a known one; dropped
 * LISTENER; replied TARGET; exhausted TARGET */
static bool take_count(struct step *s, const struct line *line)
{
	const char *what = line->count > 1 ? line->words[1] : "";
	bool is_local = word_is(what, "local") || word_is(what, "local_syn");
	bool with_target = !word_is(what, "dropped") && !is_local;
	bool with_listener = word_is(what, "new") || word_is(what, "more") || !with_target;
	int l = 0, t = 0;

	if (line->count != 2 + with_listener + with_target)
		return report_fail(s->report, "usage: count new|more LISTENER TARGET, count "
					      "dropped LISTENER, count replied|exhausted TARGET");
	if (with_listener)
		l = listener_number(s, line->words[2]);
	if (with_target)
		t = target_number(s, line->words[line->count - 1]);
	if (l < 0 || t < 0)
		return false;
	if (is_local) {
		s->counts.listeners[l].packets++;
		s->counts.listeners[l].bytes += s->frame->len;
		s->counts.listeners[l].new_flows += word_is(what, "local_syn");
	} else if (word_is(what, "new") || word_is(what, "more")) {
		count_forwarded(s, l, t, word_is(what, "new"));
	} else if (word_is(what, "dropped")) {
		s->counts.listeners[l].dropped++;
	} else if (word_is(what, "replied")) {
		s->counts.targets[t].reply_packets++;
		s->counts.targets[t].reply_bytes += s->frame->len;
	} else if (word_is(what, "exhausted")) {
		s->counts.targets[t].ports_exhausted++;
	} else {
		return report_fail(s->report, "unknown word '%s'", what);
	}
	return true;
}

static void compare_words(struct step *s, const char *kind, const char *name,
			  const char *const fields[], const void *expected, const void *seen,
			  size_t bytes)
{
	const uint64_t *e = expected, *v = seen;
	size_t i;

	for (i = 0; i < bytes / 8; i++)
		if (e[i] != v[i])
			report_fail(s->report, "%s %s: %s +%llu, not +%llu", kind, name, fields[i],
				    (unsigned long long)v[i], (unsigned long long)e[i]);
}

static bool is_same_index_before(const struct world *w, int t)
{
	int i;

	for (i = 0; i < t; i++)
		if (w->targets[i].index == w->targets[t].index)
			return true;
	return false;
}

/* Two targets of a test may have had the same index one after the other: they share a counter. */
static struct nlb_target_count expected_of_index(const struct step *s, int t)
{
	struct nlb_target_count sum = {0};
	size_t k;
	int i;

	for (i = 0; i < s->world->target_count; i++)
		for (k = 0; s->world->targets[i].index == s->world->targets[t].index &&
			    k < sizeof(sum) / 8;
		     k++)
			((uint64_t *)&sum)[k] += ((const uint64_t *)&s->counts.targets[i])[k];
	return sum;
}

static bool compare_counts(struct step *s)
{
	static const char *const of_listener[] = {"packets", "bytes", "new_flows", "dropped"};
	static const char *const of_target[] = {"packets",	 "bytes",	"new_flows",
						"reply_packets", "reply_bytes", "ports_exhausted",
						"pad",		 "pad"};
	const struct world *w = s->world;
	int i;

	for (i = 0; i < w->listener_count; i++)
		compare_words(s, "listener", w->listeners[i].name, of_listener,
			      &s->counts.listeners[i], &s->probe->listeners[i],
			      sizeof(s->counts.listeners[i]));
	for (i = 0; i < w->target_count; i++) {
		struct nlb_target_count expected = expected_of_index(s, i);

		if (!is_same_index_before(w, i))
			compare_words(s, "target", w->targets[i].name, of_target, &expected,
				      &s->probe->targets[i], sizeof(expected));
	}
	return !s->report->failed;
}

/* ---- all of them ---- */

static bool check_line(struct step *s, const struct line *line)
{
	s->report->line = line->number;
	if (word_is(line->words[0], "out"))
		return check_out(s, line);
	if (word_is(line->words[0], "count"))
		return take_count(s, line);
	if (word_is(line->words[0], "entries"))
		return look_entries(s->world, line, s->report);
	if (word_is(line->words[0], "flow") || word_is(line->words[0], "reply"))
		return look_entry(s->world, line, &s->frame->tuple, s->probe->started_ns,
				  s->report);
	return report_fail(s->report, "a second verdict");
}

static bool has_out(const struct step *s)
{
	int i;

	for (i = 0; i < s->expected_count; i++)
		if (word_is(s->expected[i].words[0], "out"))
			return true;
	return false;
}

static bool check_verdict(struct step *s)
{
	int action = verdict_action(s->verdict);

	s->report->line = s->expected->number;
	if (s->probe->verdict != s->verdict)
		return report_fail(s->report, "verdict %s, not %s", verdict_name(s->probe->verdict),
				   verdict_name(s->verdict));
	if ((action == XDP_TX || action == XDP_REDIRECT) && !has_out(s))
		return report_fail(s->report, "%s without `out`", verdict_name(s->verdict));
	return true;
}

static bool check_all(struct step *s)
{
	bool ok = true;
	int i;

	if (!check_verdict(s))
		return false;
	for (i = 1; i < s->expected_count; i++)
		ok = check_line(s, &s->expected[i]) && ok;
	s->report->line = s->in->number;
	return compare_counts(s) && ok;
}

static void describe(const struct step *s)
{
	printf("    line %d: %zu bytes on %s: %s, %zu bytes out\n", s->in->number, s->frame->len,
	       netns_names[s->interface], verdict_name(s->probe->verdict), s->probe->outcome.len);
}

/* The same packet in each mode; more on the form in tests/fuzz/fuzz_packet.c. */
static bool write_seeds(const struct step *s)
{
	const struct frame *f = s->frame;
	uint8_t head[] = {0, 3, 0, 0, s->interface == IF_BACK, (uint8_t)f->len,
			  (uint8_t)(f->len >> 8)};
	static int number;
	char path[512];
	FILE *file;
	bool ok;

	for (head[0] = 0; head[0] < NLB_FORWARD_GUE; head[0]++) {
		snprintf(path, sizeof(path), "%s/%05d", s->options->seeds, number++);
		file = fopen(path, "wb");
		ok = file && fwrite(head, sizeof(head), 1, file) &&
		     fwrite(f->bytes, f->len, 1, file);
		if ((file && fclose(file)) || !ok)
			return report_fail(s->report, "%s can't be written", path);
	}
	return true;
}

bool step_run(struct world *world, const struct line *lines, int count,
	      const struct step_options *options, bool first, struct report *report)
{
	static struct frame frame;
	static struct probe probe;
	struct step s = {.world = world,
			 .in = lines,
			 .expected = lines + 1,
			 .expected_count = count - 1,
			 .options = options,
			 .report = report,
			 .frame = &frame,
			 .probe = &probe};
	bool ok = take_in(&s) && take_verdict(&s);

	if (ok && options->seeds && first)
		ok = write_seeds(&s);
	if (ok && options->stress && first)
		ok = stress_truncate(world, &frame, s.interface, report);
	report->line = lines->number;
	ok = ok && probe_run(world, frame.bytes, frame.len, s.interface, first, &probe, report);
	if (ok && options->verbose && first)
		describe(&s);
	ok = ok && check_all(&s);
	world_limit_tx(world, IF_COUNT);
	report->line = lines->number;
	if (ok && options->stress && first)
		ok = stress_damage(world, &frame, s.interface, options->seed, report);
	return ok;
}
