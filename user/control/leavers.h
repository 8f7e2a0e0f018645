/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Targets that left the model and have no flow any more: there is nothing to wait for, their drain
 * ends before its deadline. A target that is drained but still registered keeps its deadline.
 */
#ifndef LEAT_CONTROL_LEAVERS_H
#define LEAT_CONTROL_LEAVERS_H

#include <stdint.h>

#include "targets.h"

/* The maps know of every drain in the table: none of these targets gets a new flow any more. */
void leavers_note_maps(struct targets *targets, const struct nlb *nlb);
/* Sets the deadline of those without a flow to now. */
void leavers_end_idle(struct targets *targets, int64_t now_ms);

#endif
