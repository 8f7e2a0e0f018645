/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The programs on an interface: XDP by a pinned bpf_link, tc by filters of the clsact qdisc (which
 * need no pin to stay). Attached again they are replaced in place: no packet is missed. Never
 * touches programs that are not ours.
 */
#ifndef LEAT_TARGET_HOOKS_H
#define LEAT_TARGET_HOOKS_H

#include "program.h"

/* Attaches what the state asks for. AUTO takes native XDP where the driver has it, else tc, and
 * says on out which and why; interface->mode is what came of it. What another mode left is removed.
 */
__must_check int hooks_attach(const struct program *program, const struct state *state,
			      struct state_interface *interface, FILE *out, struct err *err);

/* Takes ours away; an interface that is gone is fine. */
void hooks_detach(const char *dir, const struct state_interface *interface, FILE *out);

/* NULL: as it should be; else what is wrong, without the interface's name. */
const char *hooks_problem(const char *dir, const struct state *state,
			  const struct state_interface *interface);

#endif
