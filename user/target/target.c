/* SPDX-License-Identifier: BSD-2-Clause */
/* The door: parse, carry out, exit status. */
#include "target.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "commands.h"

static int carry_out(const struct options *options, FILE *out, struct err *err)
{
	switch (options->command) {
	case TARGET_UP:
		return command_up(options, out, err);
	case TARGET_DOWN:
		return command_down(options, out, err);
	default:
		return command_status(options, out, err);
	}
}

/* What needs no host. False: a command that does. */
static bool tell(const struct options *options, FILE *out)
{
	switch (options->command) {
	case TARGET_HELP:
		fputs(options_help, out);
		return true;
	case TARGET_VERSION:
		fputs("leat-target " LEAT_VERSION "\n", out);
		return true;
	case TARGET_COMPLETION:
		fputs(options_completion, out);
		return true;
	default:
		return false;
	}
}

/* A full disk or a closed pipe must not look like success. */
static enum target_exit finish(int rc, FILE *out, FILE *err, const struct err *why)
{
	if (rc) {
		fprintf(err, "leat-target: %s\n", why->text[0] ? why->text : strerror(-rc));
		return TARGET_REFUSED;
	}
	if (!fflush(out) && !ferror(out))
		return TARGET_DONE;
	fprintf(err, "leat-target: can't write the answer: %s\n", strerror(errno));
	return TARGET_REFUSED;
}

enum target_exit target_run(int argc, char *const argv[], FILE *out, FILE *err)
{
	struct options *options = calloc(1, sizeof(*options));
	struct err why = {""};
	enum target_exit status;
	int rc;

	if (!options)
		abort();
	if (options_parse(argc, argv, options, &why)) {
		fprintf(err, "leat-target: %s\ntry: leat-target --help\n", why.text);
		status = TARGET_USAGE;
	} else if (tell(options, out)) {
		status = finish(0, out, err, &why);
	} else {
		rc = geteuid() ? err_set(&why, -EPERM, "run as root")
			       : carry_out(options, out, &why);
		status = finish(rc, out, err, &why);
	}
	free(options);
	return status;
}
