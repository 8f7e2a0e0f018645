/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * leatd: the controller's program. Options and wiring only.
 *
 * Exit status: 0 done, 1 refused (one sentence on standard error says what and why), 2 usage.
 */
#include <getopt.h>
#include <stdio.h>
#include <sys/resource.h>

#include "base/base.h"
#include "control/control.h"

#define CONFIG_DEFAULT "/etc/leat/leatd.yaml"

enum { EXIT_OK, EXIT_REFUSED, EXIT_USAGE };
enum action { RUN, DETACH, CHECK };

static const char usage[] =
	"usage: leatd [--config FILE] [--check | --detach]\n"
	"\n"
	"  -c, --config FILE  node settings (default " CONFIG_DEFAULT ")\n"
	"      --check        only read the settings and say what is wrong with them\n"
	"      --detach       take the data path of a leatd that is not running down: program, "
	"maps,\n"
	"                     VIP addresses; the desired state is kept\n"
	"  -V, --version      print the version\n"
	"  -h, --help         print this\n"
	"\n"
	"leatd stays in the foreground and logs to standard error. When it ends the data path "
	"stays\n"
	"and traffic goes on; 'leatctl detach' ends that too. The load balancers themselves are\n"
	"described with leatctl, see leatctl --help.\n";

static int refuse(const struct err *err)
{
	fprintf(stderr, "leatd: %s\n", err->text);
	return EXIT_REFUSED;
}

/* A probe that is under way has a descriptor: as many as the host allows. */
static void raise_descriptor_limit(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files))
		return;
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
}

static int run(const char *config)
{
	struct control *control = NULL;
	struct err err = {0};
	int status;

	raise_descriptor_limit();
	if (control_new(config, &control, &err))
		return refuse(&err);
	if (control_start(control, &err))
		status = refuse(&err);
	else
		status = control_run(control);
	control_free(control);
	return status;
}

static int act(enum action action, const char *config)
{
	struct err err = {0};

	switch (action) {
	case CHECK:
		return control_check(config, &err) ? refuse(&err) : EXIT_OK;
	case DETACH:
		return control_detach(config, &err) ? refuse(&err) : EXIT_OK;
	case RUN:
		break;
	}
	return run(config);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'}, {"check", no_argument, NULL, 'k'},
		{"detach", no_argument, NULL, 'd'},	  {"version", no_argument, NULL, 'V'},
		{"help", no_argument, NULL, 'h'},	  {0},
	};
	const char *config = CONFIG_DEFAULT;
	enum action action = RUN;
	int option;

	while ((option = getopt_long(argc, argv, "c:Vh", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			config = optarg;
			break;
		case 'k':
			action = CHECK;
			break;
		case 'd':
			action = DETACH;
			break;
		case 'V':
			puts("leatd " LEAT_VERSION);
			return EXIT_OK;
		case 'h':
			fputs(usage, stdout);
			return EXIT_OK;
		default:
			fputs(usage, stderr);
			return EXIT_USAGE;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "leatd: '%s' is not an option\n%s", argv[optind], usage);
		return EXIT_USAGE;
	}
	return act(action, config);
}
