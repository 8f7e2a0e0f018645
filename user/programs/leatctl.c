/* SPDX-License-Identifier: BSD-2-Clause */
/* leatctl: the control CLI. Everything is in user/cli; here is only what a process has once. */
#include <locale.h>
#include <stdlib.h>

#include "cli/cli.h"

int main(int argc, char *argv[])
{
	struct cli_io io = {
		.out = stdout,
		.err = stderr,
		.socket = getenv("LEAT_SOCKET"),
		.timeout_ms = CLI_TIMEOUT_MS,
	};

	setlocale(LC_CTYPE, "C.UTF-8"); /* answers are UTF-8, whatever the terminal's locale */
	return (int)cli_run(argc, argv, &io);
}
