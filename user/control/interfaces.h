/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The interfaces that the program is attached to: attached last at the start, again when one comes
 * back. The settings may name a bond or a VLAN subinterface: then it is their members, or what they
 * lie on, and members that join or leave are followed.
 */
#ifndef LEAT_CONTROL_INTERFACES_H
#define LEAT_CONTROL_INTERFACES_H

#include <stdbool.h>
#include <stddef.h>

#include "nlb/nlb.h"
#include "ports.h"

struct control;
struct neigh_link;

enum interface_state { INTERFACE_MISSING, INTERFACE_ATTACHED, INTERFACE_ERROR };

struct interface {
	struct port port; /* as it is now */
	enum interface_state state;
	enum nlb_mode mode;	   /* obtained; with INTERFACE_ATTACHED */
	unsigned attached_ifindex; /* of the last try: an interface that came back has another one */
	bool is_mute;		   /* its driver does not transmit what is redirected to it */
	bool is_down;		   /* attached, but without carrier or administratively down */
	uint32_t offloads_off;	  /* bits of enum nlb_offload: turned off by us, to be given back */
	uint32_t offloads_stuck;  /* … on, and the driver can't do without */
	char reason[ERR_TEXT_MAX];
};

struct interfaces {
	struct interface *list; /* owned; PORTS_MAX */
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

/* Something about a link has changed. */
void interfaces_on_link(struct control *control, const char *ifname);
/* Tries again what is missing or failed; pins links again. */
void interfaces_tick(struct control *control);

/* May packets leave by it? False: the program would drop them (redirect_no_port). */
bool interfaces_carry(const struct control *control, unsigned ifindex);

const char *interface_state_name(enum interface_state state); /* "attached", "missing", "error" */

#endif
