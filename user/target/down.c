/* SPDX-License-Identifier: BSD-2-Clause */
/* down: what up did, undone in reverse; what was there before up stays. */
#include <stdlib.h>

#include "base/fd.h"
#include "commands.h"
#include "hooks.h"
#include "sysctls.h"

int take_down(const struct state *state, FILE *out, struct err *err)
{
	size_t i;

	for (i = 0; !state->l2 && i < state->interface_count; i++)
		hooks_detach(state->bpffs, &state->interfaces[i], out);
	if (!state->l2)
		program_unpin(state->bpffs);
	/* An address must not be there any more when its interface may answer ARP for it again. */
	if (addresses_take(&state->added, NULL, out, err))
		return -1;
	sysctls_take(state, NULL, out);
	return 0;
}

static int run(const struct options *options, struct state *state, FILE *out, struct err *err)
{
	int rc = state_read(options->state_dir, state, err);

	if (rc)
		return rc;
	if (!state->is_up) {
		fprintf(out, "nothing is set up here\n");
		return 0;
	}
	rc = take_down(state, out, err);
	if (rc)
		return rc;
	state_remove(options->state_dir);
	fprintf(out, "down\n");
	return 0;
}

int command_down(const struct options *options, FILE *out, struct err *err)
{
	struct state *state = calloc(1, sizeof(*state));
	int lock_fd = -1, rc;

	if (!state)
		return err_set(err, -1, "out of memory");
	program_quiet();
	rc = state_lock(options->state_dir, &lock_fd, err);
	if (!rc)
		rc = run(options, state, out, err);
	fd_close(&lock_fd);
	free(state);
	return rc;
}
