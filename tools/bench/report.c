// SPDX-License-Identifier: BSD-2-Clause
#include "report.h"

#include <sys/utsname.h>

static bool is_wanted(const struct rig *rig, int subject)
{
	return subject != rig->tx;
}

static void table_head(const struct report *report, const struct rig *rig,
		       const struct measure_options *options)
{
	int i;

	fprintf(report->table,
		"ns a packet net of XDP_TX in the same round: median (quartiles) best; %d rounds "
		"of %u "
		"packets\n"
		"tx: XDP_TX and the wrapper themselves, which is what the others are net of\n\n"
		"%-12s %2s %8s %6s  %-19s",
		options->rounds, options->batch, "case", "IP", "flows", "listen", "tx");
	for (i = 0; i < rig->subject_count; i++)
		if (is_wanted(rig, i))
			fprintf(report->table, "  %-25.25s", rig->subjects[i].name);
	fprintf(report->table, "\n");
}

static void json_head(const struct report *report, const struct rig *rig,
		      const struct measure_options *options)
{
	struct utsname u;

	uname(&u);
	fprintf(report->json,
		"{\"bench\": \"xdp\", \"unit\": \"ns a packet\", \"kernel\": \"%s\", "
		"\"machine\": \"%s\", \"rounds\": %d, \"batch\": %u, \"table\": %u, \"rows\": [",
		u.release, u.machine, options->rounds, options->batch, rig->table);
}

void report_begin(struct report *report, const struct rig *rig,
		  const struct measure_options *options)
{
	table_head(report, rig, options);
	if (report->json)
		json_head(report, rig, options);
}

static void table_cell(FILE *to, const struct measured *m)
{
	const struct spread *n = &m->net;
	char cell[64];

	if (!m->is_measured)
		snprintf(cell, sizeof(cell), "-");
	else
		snprintf(cell, sizeof(cell), "%6.1f%s (%.1f..%.1f) %.1f", n->median,
			 m->is_wrong ? "*" : "", n->q1, n->q3, n->best);
	fprintf(to, "  %-25s", cell);
}

static void table_row(const struct report *report, const struct rig *rig,
		      const struct bench_case *c, const struct measured *results)
{
	const struct spread *tx = &results[rig->tx].raw;
	char floor[32];
	int i;

	snprintf(floor, sizeof(floor), "%.1f (%.1f..%.1f)", tx->median, tx->q1, tx->q3);
	fprintf(report->table, "%-12s v%u %8u %6u  %-19s", c->kind->name, c->world.family, c->flows,
		c->world.listeners, floor);
	for (i = 0; i < rig->subject_count; i++)
		if (is_wanted(rig, i))
			table_cell(report->table, &results[i]);
	fprintf(report->table, "\n");
	fflush(report->table);
}

static void table_peers(const struct report *report, const struct rig *rig,
			const struct measured *results)
{
	int i;

	for (i = 0; i < rig->subject_count; i++) {
		const struct traffic_peer *p = &results[i].peer;

		if (results[i].is_measured && p->looked_at &&
		    (p->left != p->looked_at || p->changed != p->looked_at))
			fprintf(report->table,
				"             peer '%s' sent %u of %u packets on and changed %u: "
				"its maps "
				"are not filled for this case\n",
				rig->subjects[i].name, p->left, p->looked_at, p->changed);
	}
}

static void json_spread(FILE *to, const char *name, const struct spread *s)
{
	fprintf(to, "\"%s\": {\"median\": %.2f, \"q1\": %.2f, \"q3\": %.2f, \"best\": %.2f}", name,
		s->median, s->q1, s->q3, s->best);
}

static void json_subject(FILE *to, const struct subject *s, const struct measured *m)
{
	static const char *const kinds_text[] = {"floor", "leat", "variant", "peer"};

	fprintf(to, "{\"name\": \"%s\", \"kind\": \"%s\", \"ok\": %s, ", s->name,
		kinds_text[s->kind], m->is_wrong ? "false" : "true");
	json_spread(to, "net", &m->net);
	fprintf(to, ", ");
	json_spread(to, "raw", &m->raw);
	if (m->peer.looked_at)
		fprintf(to, ", \"looked_at\": %u, \"sent\": %u, \"changed\": %u, \"longer\": %u",
			m->peer.looked_at, m->peer.left, m->peer.changed, m->peer.longer);
	fprintf(to, "}");
}

static void json_row(const struct report *report, const struct rig *rig, const struct bench_case *c,
		     const struct measured *results)
{
	const char *comma = "";
	int i;

	fprintf(report->json,
		"%s\n{\"case\": \"%s\", \"family\": %u, \"flows\": %u, \"listeners\": %u, "
		"\"programs\": [",
		report->rows ? "," : "", c->kind->name, c->world.family, c->flows,
		c->world.listeners);
	for (i = 0; i < rig->subject_count; i++) {
		if (!results[i].is_measured)
			continue;
		fprintf(report->json, "%s\n  ", comma);
		json_subject(report->json, &rig->subjects[i], &results[i]);
		comma = ",";
	}
	fprintf(report->json, "]}");
	fflush(report->json);
}

void report_row(struct report *report, const struct rig *rig, const struct bench_case *c,
		const struct measured results[RIG_SUBJECTS_MAX])
{
	table_row(report, rig, c, results);
	table_peers(report, rig, results);
	if (report->json)
		json_row(report, rig, c, results);
	report->rows++;
}

void report_end(struct report *report)
{
	if (!report->json)
		return;
	fprintf(report->json, "\n]}\n");
	fclose(report->json);
}
