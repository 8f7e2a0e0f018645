/* SPDX-License-Identifier: BSD-2-Clause */
/* The VIPs on loopback, and the addresses that the host has besides. */
#ifndef LEAT_TARGET_ADDRESSES_H
#define LEAT_TARGET_ADDRESSES_H

#include <stdio.h>

#include "state.h"

/* Addresses that packets may be encapsulated to. */
struct own_addresses {
	struct addr at[DECAP_MAX_ADDRESSES];
	size_t count;
	struct addr source4,
		source6; /* the first global one of the first interface; family 0: none */
};

/* Every unicast address of the host but loopback's, link-local ones and the VIPs. -ENOENT with err
 * when there is none: nothing could be sent here. */
__must_check int addresses_find_own(const struct vips *vips, const char *interface,
				    struct own_addresses *own, struct err *err);

/* Plans: which of state->vips are not there yet are added to state->added, if they weren't ours
 * before. Refuses a VIP that is an interface's own address. */
__must_check int addresses_plan(const struct state *before, struct state *state, struct err *err);

/* Puts what is missing, says each on out. */
__must_check int addresses_put(const struct state *state, FILE *out, struct err *err);

/* Takes the addresses of `added` that are not among `keep` away; one that is gone already is fine.
 */
__must_check int addresses_take(const struct vips *added, const struct vips *keep, FILE *out,
				struct err *err);

#endif
