/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The running leatd: everything it owns, in the order in which it is made (and undone in reverse).
 * Private to control; what an operation's handler gets to see.
 */
#ifndef LEAT_CONTROL_CONTROLLER_H
#define LEAT_CONTROL_CONTROLLER_H

#include "base/loop.h"
#include "conf/conf.h"
#include "control.h"
#include "health/health.h"
#include "interfaces.h"
#include "lock.h"
#include "model/model.h"
#include "neigh/neigh.h"
#include "nlb/nlb.h"
#include "rates.h"
#include "reconcile.h"
#include "settings.h"
#include "store/store.h"
#include "targets.h"
#include "vips.h"

struct api;

struct control {
	struct settings *settings;
	int lock_fd; /* of the state directory */
	struct loop *loop;
	struct store *store;
	struct neigh *neigh;
	struct health *health;
	struct nlb *nlb;
	uint64_t hash_key[2];

	struct model
		*model; /* in force; const to everyone, replaced as a whole by control_publish() */
	uint64_t change_number; /* of the store: what the model came from */
	struct targets targets;
	struct reconcile reconcile;
	struct interfaces interfaces;
	struct vips vips;
	struct rates rates;
	struct api *api;

	struct loop_timer tick;	  /* every second */
	struct loop_timer census; /* the next slice of the flow table */
	uint64_t census_began_ms;
	int64_t started_ms; /* wall clock */
	uint64_t started_mono_ms;
	uint64_t commit_errors;
	uint64_t ports_exhausted;   /* counter as of the last tick */
	int64_t ports_exhausted_ms; /* wall clock of its last growth; 0: not since the start */
	int64_t flows_full_ms;	    /* wall clock of when the flow table was last seen nearly full; 0: never */
	bool local_ports_overlap;   /* nat_ports and ip_local_port_range share ports */
	bool found_plane;	    /* there was something under bpffs when leatd started */
	bool is_detached; /* the data path was taken down: end, and leave nothing behind */
};

/* `next` (taken) is the model from now on; the previous one is freed. Targets and VIPs follow; the
 * maps follow by reconcile_now(). */
void control_publish(struct control *control, struct model *next, uint64_t change_number);

/* Closes the XDP plane and stops everything that would touch it; the API answers nothing more and
 * ends the loop. */
void control_let_go(struct control *control);

/* What a NAT source address may be for want_make(): the node's settings. */
struct want_input control_want_input(struct control *control, const struct model *model);

#endif
