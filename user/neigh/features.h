/* SPDX-License-Identifier: BSD-2-Clause */
/* What the kernel says an interface can do with XDP: the `netdev` family of generic netlink (Linux 6.3). */
#ifndef LEAT_NEIGH_FEATURES_H
#define LEAT_NEIGH_FEATURES_H

#include <stdbool.h>

struct nl_sock;

struct features {
	struct nl_sock *sock; /* owned; NULL: not opened yet, or the kernel has no such family */
	int family;
	bool is_tried;
};

void features_fini(struct features *features);

/* Can packets that were redirected to the interface leave by it? True as well when the kernel can't say. */
bool features_can_transmit(struct features *features, unsigned ifindex);

#endif
