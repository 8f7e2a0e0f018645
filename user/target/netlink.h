/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What leat-target asks of rtnetlink: addresses, local routes, filters of a qdisc. A socket a
 * request, as every command asks only a few times; nothing is kept.
 */
#ifndef LEAT_TARGET_NETLINK_H
#define LEAT_TARGET_NETLINK_H

#include <stdbool.h>
#include <stdint.h>

#include "vip.h"

struct host_address {
	struct addr addr;
	unsigned ifindex;
	unsigned prefix;
	bool is_global; /* scope global, not deprecated, not temporary, not tentative */
};

/* Calls on_address for every address of the host. 0 or -errno. */
__must_check int
netlink_addresses(void (*on_address)(const struct host_address *address, void *arg), void *arg);

/* Addresses and prefixes that are this host's, on loopback. A single VIP becomes an address: IPv4
 * with scope host, IPv6 without duplicate detection and deprecated, so that neither is chosen as
 * source of the host's own connections. A prefix becomes a local route. 0, -EEXIST, -ENOENT … */
__must_check int netlink_add_vip(const struct vip *vip);
__must_check int netlink_remove_vip(const struct vip *vip);
/* Is it there? `single`: as address on loopback; a prefix: as local route. 1, 0 or -errno. */
__must_check int netlink_has_vip(const struct vip *vip);

/* Filters of the clsact qdisc, both directions: how many, or -errno (-ENODEV …). */
__must_check int netlink_count_filters(unsigned ifindex);

#endif
