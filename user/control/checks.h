/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Health of the observed targets: who is probed, what a result changes, and the line that is logged
 * of it. Each of the reasons why a target is not probed has its state: draining, unused, or healthy
 * by decree (checks disabled).
 */
#ifndef LEAT_CONTROL_CHECKS_H
#define LEAT_CONTROL_CHECKS_H

#include "targets.h"

/* A registered target that does not drain: starts, changes or stops its probe as its group says. */
void checks_follow(struct targets *targets, struct observed_target *seen);
/* Starts a probe that could not be started. */
void checks_retry(struct targets *targets, struct observed_target *seen);
void checks_stop(struct observed_target *seen);

/* Does it take flows, as far as its health goes? To be asked before a decree changes its state. */
bool checks_is_routed(const struct observed_target *seen);

#endif
