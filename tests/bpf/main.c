// SPDX-License-Identifier: BSD-2-Clause
/*
 * The runner of tests/bpf: loads the XDP program as it will be attached, with maps of its own, and
 * runs the packets of fixture files through it. README.md says how to use it and how to add a test.
 *
 * Exit status: 0 all passed, 1 something failed, 2 usage, 77 nothing failed but something was
 * skipped.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fixture.h"
#include "netns.h"
#include "program.h"
#include "run.h"
#include "twin.h"

#define EXIT_USAGE   2
#define EXIT_SKIPPED 77

struct options {
	const char *folder;
	bool help;
	bool list;
	bool kernel_only;
	struct step_options step;
	char **filters;
	int filter_count;
};

struct tally {
	int passed, failed, skipped;
};

static void usage(FILE *to)
{
	fputs("usage: run [OPTION]... [PART-OF-A-NAME]...\n"
	      "  -f, --fixtures DIR  where the fixture files are (tests/bpf/fixtures)\n"
	      "  -l, --list          list the tests and run none\n"
	      "  -k, --kernel-only   not the native build beside the kernel\n"
	      "  -s, --stress        run every packet's truncated and damaged forms, too\n"
	      "      --seed N        of the damage (1)\n"
	      "      --seeds DIR     write every packet there, as an input of fuzz_packet\n"
	      "  -v, --verbose       say what every packet came to\n",
	      to);
}

static bool parse_options(int argc, char **argv, struct options *o)
{
	enum { OPTION_SEED = 256, OPTION_SEEDS };
	static const struct option options[] = {
		{"fixtures", required_argument, NULL, 'f'},
		{"list", no_argument, NULL, 'l'},
		{"kernel-only", no_argument, NULL, 'k'},
		{"stress", no_argument, NULL, 's'},
		{"seed", required_argument, NULL, OPTION_SEED},
		{"seeds", required_argument, NULL, OPTION_SEEDS},
		{"verbose", no_argument, NULL, 'v'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int c;

	*o = (struct options){.folder = "tests/bpf/fixtures", .step.seed = 1};
	while ((c = getopt_long(argc, argv, "f:klsvh", options, NULL)) != -1) {
		if (c == 'f')
			o->folder = optarg;
		else if (c == 'l')
			o->list = true;
		else if (c == 'k')
			o->kernel_only = true;
		else if (c == 's')
			o->step.stress = true;
		else if (c == 'v')
			o->step.verbose = true;
		else if (c == OPTION_SEED)
			o->step.seed = (unsigned int)strtoul(optarg, NULL, 0);
		else if (c == OPTION_SEEDS)
			o->step.seeds = optarg;
		else if (c == 'h')
			o->help = true;
		else
			return false;
	}
	o->filters = argv + optind;
	o->filter_count = argc - optind;
	return true;
}

static bool is_wanted(const struct record *test, const struct options *o)
{
	char name[512];
	int i;

	snprintf(name, sizeof(name), "%s: %s", test->file, test->name);
	for (i = 0; i < o->filter_count; i++)
		if (strcasestr(name, o->filters[i]))
			return true;
	return test->is_test && !o->filter_count;
}

static int count_wanted(const struct fixtures *fixtures, const struct options *o)
{
	int i, n = 0;

	for (i = 0; i < fixtures->count; i++)
		n += fixtures->records[i].is_test && is_wanted(&fixtures->records[i], o);
	return n;
}

static void list(const struct fixtures *fixtures, const struct options *o)
{
	int i;

	for (i = 0; i < fixtures->count; i++)
		if (fixtures->records[i].is_test && is_wanted(&fixtures->records[i], o))
			printf("%s: %s\n", fixtures->records[i].file, fixtures->records[i].name);
}

static void run_one(struct world *world, struct programs *programs, const struct fixtures *fixtures,
		    const struct record *test, const struct options *o, struct tally *tally)
{
	static struct report report;

	if (o->step.verbose)
		printf("RUN  %s:%d %s\n", test->file, test->number, test->name);
	run_test(world, programs, fixtures, test, &o->step, &report);
	if (report.failed) {
		tally->failed++;
		printf("FAIL %s:%d %s: %s\n", test->file, test->number, test->name, report.text);
	} else if (report.skipped) {
		tally->skipped++;
		printf("SKIP %s:%d %s: %s\n", test->file, test->number, test->name, report.text);
	} else {
		tally->passed++;
	}
}

static void run_all(const struct fixtures *fixtures, struct programs *programs,
		    const struct options *o, struct tally *tally)
{
	static struct world world;
	int i;

	for (i = 0; i < fixtures->count; i++)
		if (fixtures->records[i].is_test && is_wanted(&fixtures->records[i], o))
			run_one(&world, programs, fixtures, &fixtures->records[i], o, tally);
}

/* Everything the tests need of the machine. 0; 1: it can't have it, which is no failure; -1: a
 * failure. */
static int prepare(struct programs *programs, const struct options *o)
{
	char why[256];
	int err;

	if (geteuid() != 0) {
		printf("bpf: skipped: the tests load an XDP program and need root\n");
		return 1;
	}
	err = netns_enter(why, sizeof(why));
	if (!err)
		err = program_open(&programs->usual, false, !o->kernel_only, o->step.verbose, why,
				   sizeof(why));
	if (!err) {
		err = program_open(&programs->limited, true, !o->kernel_only, o->step.verbose, why,
				   sizeof(why));
		if (!err)
			return 0;
		program_close(&programs->usual);
	}
	printf("bpf: %s: %s\n", err == -EPERM || err == -ENOSYS ? "skipped" : "failed", why);
	return err == -EPERM || err == -ENOSYS ? 1 : -1;
}

static int summary(const struct tally *tally, const struct options *o)
{
	if (o->kernel_only)
		printf("bpf: the native build was left out\n");
	else
		printf("bpf: %lu packets did the same in the kernel and natively (%s)\n",
		       twin_agreed, twin_build());
	printf("bpf: %d passed, %d failed, %d skipped\n", tally->passed, tally->failed,
	       tally->skipped);
	if (tally->failed)
		return EXIT_FAILURE;
	return tally->skipped ? EXIT_SKIPPED : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct fixtures fixtures;
	struct programs programs;
	struct tally tally = {0};
	struct options options;
	int state, wanted;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!parse_options(argc, argv, &options)) {
		usage(stderr);
		return EXIT_USAGE;
	}
	if (options.help) {
		usage(stdout);
		return EXIT_SUCCESS;
	}
	if (!fixtures_read(&fixtures, options.folder)) {
		fixtures_fini(&fixtures);
		return EXIT_FAILURE;
	}
	wanted = count_wanted(&fixtures, &options);
	if (!wanted) {
		fprintf(stderr, "no test has that in its name, or there are none\n");
		fixtures_fini(&fixtures);
		return EXIT_FAILURE;
	}
	if (options.list) {
		list(&fixtures, &options);
		fixtures_fini(&fixtures);
		return EXIT_SUCCESS;
	}
	state = prepare(&programs, &options);
	if (!state) {
		run_all(&fixtures, &programs, &options, &tally);
		program_close(&programs.limited);
		program_close(&programs.usual);
	} else if (state > 0) {
		tally.skipped = wanted;
	} else {
		tally.failed = wanted;
	}
	fixtures_fini(&fixtures);
	return summary(&tally, &options);
}
