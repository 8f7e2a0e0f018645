/* SPDX-License-Identifier: BSD-2-Clause */
/* The door of cli: leatctl as one function. */
#ifndef LEAT_CLI_CLI_H
#define LEAT_CLI_CLI_H

#include <stdio.h>

#define CLI_SOCKET     "/run/leat/leatd.sock" /* unless --socket or LEAT_SOCKET says otherwise */
#define CLI_TIMEOUT_MS 30000u

enum cli_exit {
	CLI_DONE = 0,
	CLI_REFUSED = 1, /* one sentence on err says why */
	CLI_USAGE = 2,
	CLI_NO_ANSWER = 3, /* also when the answer was cut off: only complete answers count */
};

struct cli_io { /* all borrowed */
	FILE *out;
	FILE *err;
	const char *socket;  /* LEAT_SOCKET; NULL or empty: CLI_SOCKET */
	unsigned timeout_ms; /* for a whole answer */
};

/* Does what the command line says; argv[0] is skipped. Reads files that the command line names. */
enum cli_exit cli_run(int argc, char *const argv[], const struct cli_io *io);

#endif
