/* SPDX-License-Identifier: BSD-2-Clause */
/* The interfaces that the program is attached to: attached last at the start, again when one comes
 * back. */
#ifndef LEAT_CONTROL_INTERFACES_H
#define LEAT_CONTROL_INTERFACES_H

#include <stdbool.h>
#include <stddef.h>

#include "nlb/nlb.h"

struct control;
struct neigh_link;

enum interface_state { INTERFACE_MISSING, INTERFACE_ATTACHED, INTERFACE_ERROR };

struct interface {
	const char *name; /* of the settings */
	enum interface_state state;
	enum nlb_mode mode; /* obtained; with INTERFACE_ATTACHED */
	unsigned ifindex;
	bool is_down; /* attached, but without carrier or administratively down */
	char reason[ERR_TEXT_MAX];
};

struct interfaces {
	struct interface *list; /* owned */
	size_t count;
	bool is_ready;	   /* the maps are filled: packets may come */
	uint64_t retry_ms; /* monotonic: when the next try is due */
};

/* -ENODEV: none of the settings' interfaces exists. Nothing is attached yet. */
__must_check int interfaces_init(struct control *control, struct err *err);
void interfaces_fini(struct control *control);

/* Attaches to all that exist; links of interfaces that are not in the settings any more are
 * removed. An interface that refuses the program ends the start; a missing one does not. */
__must_check int interfaces_attach(struct control *control, struct err *err);

void interfaces_on_link(struct control *control, const char *ifname, const struct neigh_link *link);
/* Tries again what is missing or failed; pins links again. */
void interfaces_tick(struct control *control);

const char *interface_state_name(enum interface_state state); /* "attached", "missing", "error" */

#endif
