/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses of load balancers on interfaces (announce: address). What leatd put there itself is
 * remembered in the store and taken away again when no load balancer wants it; what was there
 * before is left alone. What somebody else takes away while it is wanted is put back.
 */
#ifndef LEAT_CONTROL_VIPS_H
#define LEAT_CONTROL_VIPS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"
#include "base/list.h"
#include "base/log.h"

struct control;
struct load_balancer;
struct neigh;
struct neigh_link;
struct store;

enum vip_state { VIP_PROVISIONING, VIP_ANNOUNCED, VIP_FAILED };

struct vip {
	struct list node;
	char interface[16];
	struct addr address;
	enum vip_state state;
	bool is_ours;	/* in the store's table: we put it there */
	bool is_wanted; /* by the model in force */
	bool was_down;	/* its interface is down: IPv6 addresses are lost by that, and switches
			   forget */
	bool is_taken;		/* off its interface by somebody else, and not put back yet */
	uint64_t put_back_ms;	/* monotonic: when that was done last; 0: never */
	struct log_limit limit; /* of the line about it */
	char reason[ERR_TEXT_MAX];
};

struct vips {
	struct list list;
	bool is_ready; /* the program is attached: addresses may be announced */
	uint64_t retry_ms;
};

void vips_init(struct control *control);
void vips_fini(struct control *control); /* addresses stay */

/* What an earlier run of leatd put on interfaces. */
__must_check int vips_restore(struct control *control, struct err *err);
/* The model in force has changed: removes what is not wanted any more and announces what is. */
void vips_follow(struct control *control);
/* From now on addresses may be announced: packets to them find the program. */
void vips_start(struct control *control);
void vips_on_link(struct control *control, const char *ifname, const struct neigh_link *link);
/* Tries again what failed, and what is due to be put back. */
void vips_tick(struct control *control);

/* VIP_FAILED with the reason if one failed, else the least advanced of the load balancer's
 * addresses. */
enum vip_state vips_state(const struct control *control, const struct load_balancer *lb,
			  const char **reason);

/* An announced address of the load balancer that was on its interface before leatd put it there. */
bool vips_find_foreign(const struct control *control, const struct load_balancer *lb,
		       struct addr *address);

/* Takes every address that leatd put somewhere away. The first failure is reported, the others are
 * tried all the same. */
__must_check int vips_remove_all(struct store *store, struct neigh *neigh, struct err *err);

#endif
