/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the kernel must be told so that a VIP on loopback works with direct server return:
 *
 *   arp_ignore    1  of all interfaces: no answer to ARP for an address that the asked interface
 * has not arp_announce  2  of all interfaces: a VIP is not given away as source of ARP requests
 *   rp_filter     2  of an interface where it was 1 (strict): the answers of a client may leave by
 * another interface than its packets come in by; 0 and 2 stay
 *
 * IPv6 needs none: neighbour discovery answers only for addresses of the interface that was asked,
 * and there is no rp_filter.
 */
#ifndef LEAT_TARGET_SYSCTLS_H
#define LEAT_TARGET_SYSCTLS_H

#include <stdio.h>

#include "state.h"

/* Where the sysctls are; tests have a directory of their own. */
extern const char *sysctls_root;

/* Adds to state->sysctls what has to change, and what changed before and is still wanted, with the
 * value from before that. */
__must_check int sysctls_plan(const struct state *before, struct state *state, struct err *err);
__must_check int sysctls_put(const struct state *state, FILE *out, struct err *err);
/* Puts back what is in `before` and not in `keep` (may be NULL), unless someone else changed it
 * since. */
void sysctls_take(const struct state *before, struct state *keep, FILE *out);

/* Reports each that is not as it must be: its name, what it is, what it should be. */
void sysctls_check(const struct state *state,
		   void (*on_wrong)(const char *name, const char *is, const char *should,
				    void *arg),
		   void *arg);

#endif
