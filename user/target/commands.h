/* SPDX-License-Identifier: BSD-2-Clause */
/* The three commands, one file each. Those that change something hold the lock of the state
 * directory. */
#ifndef LEAT_TARGET_COMMANDS_H
#define LEAT_TARGET_COMMANDS_H

#include "program.h"

/* Each says what it changes on out, as it does so, and a sentence in err when it is refused. */
__must_check int command_up(const struct options *options, FILE *out, struct err *err);
__must_check int command_down(const struct options *options, FILE *out, struct err *err);
__must_check int command_status(const struct options *options, FILE *out, struct err *err);

/* down's work: all that the state names. The state itself is the caller's. */
__must_check int take_down(const struct state *state, FILE *out, struct err *err);

/* MSS for a link of `mtu`, with the largest outer header (GUE over IPv6 with an IPv6 alternate)
 * counted in. */
uint16_t mss_for_mtu(unsigned mtu, int family);
/* The smallest MTU of the state's interfaces; 0: none of them exists. */
unsigned smallest_mtu(const struct state *state);

#endif
