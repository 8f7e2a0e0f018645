// SPDX-License-Identifier: BSD-2-Clause
/*
 * What a packet costs in nlb_ingress: options, the matrix of cases, one after the other. README.md
 * says how to read what comes out. Started by tools/bench/run, which makes the network namespace.
 */
#include <err.h>
#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cases.h"
#include "measure.h"
#include "report.h"
#include "rig.h"
#include "traffic.h"

#define EXIT_USAGE 2
#define LIST_MAX   8
#define TABLE	   2097152 /* entries: 1,000,000 flows and the new ones of a case beside each other */

struct list {
	uint32_t values[LIST_MAX];
	int count;
};

struct options {
	struct list flows, listeners, families;
	struct measure_options measure;
	struct rig_options rig;
	const char *variants[RIG_SUBJECTS_MAX + 1], *peers[RIG_SUBJECTS_MAX + 1];
	int variant_count, peer_count;
	const char *json;
	char **filters;
	int filter_count;
	int cpu;
	bool is_young;
};

static void usage(FILE *to)
{
	int i;

	fputs("usage: tools/bench/run [OPTION]... [PART-OF-A-CASE'S-NAME]...\n"
	      "  -q, --quick           1 and 10,000 flows, 1 listener, few rounds: a look, not a "
	      "result\n"
	      "  -f, --flows LIST      numbers of flows (1,10000,1000000)\n"
	      "  -l, --listeners LIST  numbers of configured listeners (1,10000)\n"
	      "  -4, -6                only this family\n"
	      "  -r, --rounds N        (40)\n"
	      "  -b, --batch N         packets a round (20000)\n"
	      "      --table N         entries of the flow tables (2097152)\n"
	      "  -p, --peer PINNED     measure this loaded XDP program, too; may be repeated\n"
	      "  -V, --variant FILE.o  another build of nlb_ingress, on the same maps; may be "
	      "repeated\n"
	      "  -j, --json FILE       write a record; - is standard output, and no table\n"
	      "      --young           tables as they are made, not aged: see README.md\n"
	      "      --cpu N           run there (the last one)\n"
	      "      --interface NAME  (bench0)\n"
	      "cases:\n",
	      to);
	for (i = 0; i < kind_count; i++)
		fprintf(to, "  %-14s %s\n", kinds[i].name, kinds[i].help);
}

static uint32_t parse_number(const char *text, uint32_t max)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (end == text || (*end && *end != ',') || value < 1 || value > max)
		errx(EXIT_USAGE, "'%s' is not a number from 1 to %u", text, max);
	return (uint32_t)value;
}

static struct list parse_list(const char *text, uint32_t max)
{
	struct list list = {.count = 0};
	const char *at = text;

	do {
		if (list.count == LIST_MAX)
			errx(EXIT_USAGE, "'%s' is too long", text);
		list.values[list.count++] = parse_number(at, max);
		at = strchr(at, ',');
	} while (at++);
	return list;
}

static void set_quick(struct options *o)
{
	o->flows = parse_list("1,10000", BENCH_FRAMES_MAX);
	o->listeners = parse_list("1", 1);
	o->measure.rounds = 12;
	o->rig.table = 262144;
}

static void add_path(const char **paths, int *count, const char *path)
{
	if (*count == RIG_SUBJECTS_MAX)
		errx(EXIT_USAGE, "too many programs");
	paths[(*count)++] = path;
}

enum { OPTION_TABLE = 256, OPTION_CPU, OPTION_INTERFACE, OPTION_YOUNG };

#define LISTENERS_MAX 10000 /* with the entries of their addresses they fit into the map */

static bool set_option(struct options *o, int c, const char *value)
{
	switch (c) {
	case 'q':
		set_quick(o);
		return true;
	case 'f':
		o->flows = parse_list(value, 1000000);
		return true;
	case 'l':
		o->listeners = parse_list(value, LISTENERS_MAX);
		return true;
	case '4':
	case '6':
		o->families = (struct list){.values = {(uint32_t)c - '0'}, .count = 1};
		return true;
	case 'r':
		o->measure.rounds = (int)parse_number(value, MEASURE_ROUNDS_MAX);
		return true;
	case 'b':
		o->measure.batch = parse_number(value, BENCH_FRAMES_MAX);
		return true;
	case 'p':
		add_path(o->peers, &o->peer_count, value);
		return true;
	case 'V':
		add_path(o->variants, &o->variant_count, value);
		return true;
	case 'j':
		o->json = value;
		return true;
	case OPTION_TABLE:
		o->rig.table = parse_number(value, 1u << 26);
		return true;
	case OPTION_CPU:
		o->cpu = (int)parse_number(value, CPU_SETSIZE - 1);
		return true;
	case OPTION_YOUNG:
		o->is_young = true;
		return true;
	case OPTION_INTERFACE:
		o->rig.ifname = value;
		return true;
	}
	return false;
}

static const struct option long_options[] = {
	{"quick", no_argument, NULL, 'q'},
	{"flows", required_argument, NULL, 'f'},
	{"listeners", required_argument, NULL, 'l'},
	{"rounds", required_argument, NULL, 'r'},
	{"batch", required_argument, NULL, 'b'},
	{"table", required_argument, NULL, OPTION_TABLE},
	{"peer", required_argument, NULL, 'p'},
	{"variant", required_argument, NULL, 'V'},
	{"json", required_argument, NULL, 'j'},
	{"cpu", required_argument, NULL, OPTION_CPU},
	{"young", no_argument, NULL, OPTION_YOUNG},
	{"interface", required_argument, NULL, OPTION_INTERFACE},
	{"help", no_argument, NULL, 'h'},
	{0},
};

/* A mistyped case must not look like a run that found nothing to say. */
static void check_filter(const char *filter)
{
	int i;

	for (i = 0; i < kind_count; i++)
		if (strstr(kinds[i].name, filter))
			return;
	errx(EXIT_USAGE, "no case has '%s' in its name", filter);
}

static void parse_options(int argc, char **argv, struct options *o)
{
	int c;

	*o = (struct options){.measure = {.rounds = 40, .batch = 20000},
			      .rig = {.table = TABLE, .ifname = "bench0"},
			      .cpu = (int)sysconf(_SC_NPROCESSORS_ONLN) - 1};
	o->flows = parse_list("1,10000,1000000", BENCH_FRAMES_MAX);
	o->listeners = parse_list("1,10000", LISTENERS_MAX);
	o->families = parse_list("4,6", 6);
	while ((c = getopt_long(argc, argv, "qf:l:46r:b:p:V:j:h", long_options, NULL)) != -1) {
		if (c == 'h') {
			usage(stdout);
			exit(EXIT_SUCCESS);
		}
		if (!set_option(o, c, optarg)) {
			usage(stderr);
			exit(EXIT_USAGE);
		}
	}
	o->filters = argv + optind;
	o->filter_count = argc - optind;
	for (c = 0; c < o->filter_count; c++)
		check_filter(o->filters[c]);
}

static void pin_to_cpu(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		err(1, "CPU %d", cpu);
}

static struct report open_report(const struct options *o)
{
	struct report report = {.table = stdout};

	if (!o->json)
		return report;
	if (!strcmp(o->json, "-")) {
		report.json = stdout;
		report.table = stderr;
		return report;
	}
	report.json = fopen(o->json, "w");
	if (!report.json)
		err(1, "'%s'", o->json);
	return report;
}

static bool is_wanted(const struct options *o, const struct kind *kind, uint32_t flows,
		      uint32_t listeners)
{
	int i;

	if (flows < kind->flows_min || (kind->is_table_full && listeners > 1))
		return false;
	for (i = 0; i < o->filter_count; i++)
		if (strstr(kind->name, o->filters[i]))
			return true;
	return !o->filter_count;
}

struct matrix {
	const struct options *options;
	struct rig rig;
	struct traffic_state state;
	struct report report;
};

static void run_case(struct matrix *m, const struct kind *kind, uint8_t family, uint32_t flows,
		     uint32_t listeners)
{
	struct measured results[RIG_SUBJECTS_MAX];
	const struct bench_case c = {
		.kind = kind,
		.world = {.family = family, .forwarding = kind->forwarding, .listeners = listeners},
		.flows = flows,
	};

	measure(&m->rig, &c, &m->state, &m->options->measure, results);
	report_row(&m->report, &m->rig, &c, results);
}

static void run_kind(struct matrix *m, const struct kind *kind, uint8_t family)
{
	const struct options *o = m->options;
	int f, l;

	for (l = 0; l < o->listeners.count; l++)
		for (f = 0; f < o->flows.count; f++)
			if (is_wanted(o, kind, o->flows.values[f], o->listeners.values[l]))
				run_case(m, kind, family, o->flows.values[f],
					 o->listeners.values[l]);
}

/* By new flows of nat, which fill both tables. */
static void age(struct matrix *m)
{
	const struct kind *kind = cases_find("nat/syn");
	const struct bench_case c = {
		.kind = kind,
		.world = {.family = NLB_IPV4, .forwarding = kind->forwarding, .listeners = 1},
	};

	traffic_age(&m->rig, &c, &m->state);
}

int main(int argc, char **argv)
{
	static struct options options;
	static struct matrix matrix;
	int i, k;

	parse_options(argc, argv, &options);
	options.rig.variants = options.variants;
	options.rig.peers = options.peers;
	pin_to_cpu(options.cpu);
	matrix.options = &options;
	matrix.report = open_report(&options);
	rig_open(&matrix.rig, &options.rig);
	if (!options.is_young)
		age(&matrix);
	report_begin(&matrix.report, &matrix.rig, &options.measure);
	for (k = 0; k < kind_count; k++)
		for (i = 0; i < options.families.count; i++)
			run_kind(&matrix, &kinds[k], (uint8_t)options.families.values[i]);
	report_end(&matrix.report);
	traffic_free(&matrix.state);
	rig_close(&matrix.rig);
	return EXIT_SUCCESS;
}
