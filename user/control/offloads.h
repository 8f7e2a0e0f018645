/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NIC features that are in XDP's way are turned off before the program is attached, and on again
 * when it is taken off. What was turned off is in the store, so that it is known after a restart.
 */
#ifndef LEAT_CONTROL_OFFLOADS_H
#define LEAT_CONTROL_OFFLOADS_H

#include <stdbool.h>

#include "interfaces.h"

struct store;

/* Turns off what is in the way on the interface: sets its offloads_off and offloads_stuck. */
void offloads_take(struct store *store, struct interface *interface);

/* Turns on again what was turned off on one interface; on all of which is_kept is false (NULL: on
 * every one). */
void offloads_give_back(struct store *store, const char *ifname);
void offloads_give_back_others(struct store *store,
			       bool (*is_kept)(const char *ifname, const void *arg),
			       const void *arg);

#endif
