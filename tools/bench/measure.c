// SPDX-License-Identifier: BSD-2-Clause
#include "measure.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>

#define BATCH_MIN 1000

struct session {
	struct rig *rig;
	const struct bench_case *c;
	struct traffic_state *state;
	struct measured *results;
	uint32_t frames, batch;
	int rounds;
	uint32_t next[RIG_SUBJECTS_MAX]; /* where in the table each program is */
	double ns[RIG_SUBJECTS_MAX][MEASURE_ROUNDS_MAX];
};

/* ---- statistics ---- */

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Linear between the two nearest. */
static double quantile(const double *sorted, int count, double q)
{
	double at = q * (count - 1);
	int below = (int)at;
	int above = below + 1 < count ? below + 1 : below;

	return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
}

static struct spread spread_of(const double *values, int count)
{
	double sorted[MEASURE_ROUNDS_MAX];

	memcpy(sorted, values, sizeof(*values) * (size_t)count);
	qsort(sorted, (size_t)count, sizeof(*sorted), compare);
	return (struct spread){
		.median = quantile(sorted, count, 0.5),
		.q1 = quantile(sorted, count, 0.25),
		.q3 = quantile(sorted, count, 0.75),
		.best = sorted[0],
	};
}

static void summarise(struct session *s, int subject)
{
	const double *tx = s->ns[s->rig->tx], *own = s->ns[subject];
	struct measured *m = &s->results[subject];
	double net[MEASURE_ROUNDS_MAX];
	int i;

	for (i = 0; i < s->rounds; i++)
		net[i] = own[i] - tx[i];
	m->raw = spread_of(own, s->rounds);
	m->net = spread_of(net, s->rounds);
	m->net.best = m->raw.best - spread_of(tx, s->rounds).best;
}

/* ---- rounds ---- */

static bool counts_verdicts(const struct subject *subject)
{
	return subject->kind == SUBJECT_LEAT || subject->kind == SUBJECT_VARIANT;
}

static void judge(struct session *s, int subject, uint64_t counted)
{
	if (counted == s->batch)
		return;
	if (subject == s->rig->leat)
		errx(1, "%s, IPv%u, %u flows: %llu of %u packets came to the verdict of this case",
		     s->c->kind->name, s->c->world.family, s->c->flows, (unsigned long long)counted,
		     s->batch);
	s->results[subject].is_wrong = true;
}

static void run_one(struct session *s, int round, int subject)
{
	enum nlb_verdict verdict = s->c->kind->verdict;
	const struct rig_job job = {
		.first = s->next[subject],
		.frames = s->frames,
		.packets = s->batch,
		.frame_bytes = frame_bytes(s->c->world.family),
	};
	uint64_t before;

	traffic_keep_fresh(s->rig, s->c, s->state);
	traffic_renew(s->rig, s->c, s->state, s->batch);
	before = rig_verdict(s->rig, verdict);
	s->ns[subject][round] = rig_run(s->rig, subject, &job).ns;
	if (counts_verdicts(&s->rig->subjects[subject]))
		judge(s, subject, rig_verdict(s->rig, verdict) - before);
	s->next[subject] = (uint32_t)((job.first + (uint64_t)s->batch) % s->frames);
}

/* Everybody in turn is first, and has another neighbour every time round. */
static void run_round(struct session *s, int round)
{
	int count = s->rig->subject_count, i, subject;

	rig_use_copy(s->rig, round * RIG_COPIES / s->rounds);
	for (i = 0; i < count; i++) {
		subject = round / count % 2 ? (round + count - i) % count : (round + i) % count;
		if (s->results[subject].is_measured)
			run_one(s, round, subject);
	}
}

static bool has_part(const struct rig *rig, const struct bench_case *c, int subject)
{
	return rig->subjects[subject].kind != SUBJECT_PEER || c->kind->traffic != TRAFFIC_ANSWER;
}

/* Programs go over the same packets far from each other, so that none finds the table's memory in
 * the cache that another one has just read. In a resync every flow may be seen once only. */
static void set_out(struct session *s, const struct measure_options *options)
{
	uint32_t share, count = (uint32_t)s->rig->subject_count, i;

	s->batch = options->batch;
	s->frames = s->c->kind->traffic == TRAFFIC_NEW ? s->batch : s->c->flows;
	share = s->frames / count;
	if (s->c->kind->is_resync && share / (uint32_t)s->rounds < s->batch)
		s->batch = share / (uint32_t)s->rounds;
	if (s->batch < BATCH_MIN)
		errx(1, "%s: too many rounds and programs for %u flows", s->c->kind->name,
		     s->c->flows);
	for (i = 0; i < count; i++)
		s->next[i] = s->c->kind->traffic == TRAFFIC_NEW ? 0 : i * share;
}

static void prepare(struct session *s)
{
	int i;

	rig_use_copy(s->rig, 0);
	for (i = 0; i < s->rig->subject_count; i++) {
		struct measured *m = &s->results[i];

		m->is_measured = has_part(s->rig, s->c, i);
		if (m->is_measured && s->rig->subjects[i].kind == SUBJECT_PEER)
			m->peer = traffic_show_peer(s->rig, i, s->c, s->state);
	}
	traffic_prepare(s->rig, s->c, s->state, s->batch);
}

void measure(struct rig *rig, const struct bench_case *c, struct traffic_state *state,
	     const struct measure_options *options, struct measured results[RIG_SUBJECTS_MAX])
{
	static struct session s;
	int i;

	memset(results, 0, sizeof(*results) * RIG_SUBJECTS_MAX);
	s = (struct session){
		.rig = rig, .c = c, .state = state, .results = results, .rounds = options->rounds};
	set_out(&s, options);
	prepare(&s);
	for (i = 0; i < s.rounds; i++)
		run_round(&s, i);
	for (i = 0; i < rig->subject_count; i++)
		if (results[i].is_measured)
			summarise(&s, i);
}
