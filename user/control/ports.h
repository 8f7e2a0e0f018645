/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The Ethernet interfaces that the settings' `interfaces` come to: a bond is its members, a VLAN
 * subinterface is what it lies on, anything else is itself. Pure: who lies on whom is asked of a
 * function.
 */
#ifndef LEAT_CONTROL_PORTS_H
#define LEAT_CONTROL_PORTS_H

#include <stdbool.h>
#include <stddef.h>

#include "neigh/neigh.h"

#define PORTS_MAX 256 /* NLB_MAX_PORTS */

struct port {
	char name[16];
	const char *of;	  /* what the settings name; the same for a plain interface. Borrowed */
	unsigned ifindex; /* 0: there is no such interface, or nothing below it */
	bool is_up;
};

typedef void ports_resolve_fn(const char *ifname, struct neigh_ports *ports, void *arg);

/* Fills ports[PORTS_MAX] in the order of the settings, each interface once, whatever names lead to
 * it; what can't be resolved stands there under its own name, without an ifindex. Returns how many.
 */
size_t ports_list(const char *const *names, size_t count, ports_resolve_fn *resolve, void *arg,
		  struct port ports[PORTS_MAX]);

#endif
