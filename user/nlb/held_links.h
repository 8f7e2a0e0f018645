/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Descriptors of the links that this plane has attached or adopted; private to user/nlb. A pin
 * keeps a link alive while leatd does not run, a descriptor while it does: whoever removes a pin
 * detaches nothing then.
 */
#ifndef LEAT_NLB_HELD_LINKS_H
#define LEAT_NLB_HELD_LINKS_H

#include "base/list.h"
#include "nlb/pins.h"

struct nlb_held_links {
	struct list all;
};

void nlb_held_links_init(struct nlb_held_links *held);
/* Closes all: what has no pin is off its interface then. */
void nlb_held_links_fini(struct nlb_held_links *held);

/* Holds a descriptor of its own of the link of the interface; what was held under its name or its
 * index before is let go. 0 or -errno. */
__must_check int nlb_held_links_add(struct nlb_held_links *held, const char *ifname,
				    unsigned ifindex, int link_fd);
/* Detaches what is held under the name, whether pinned or not. */
void nlb_held_links_detach(struct nlb_held_links *held, const char *ifname);

/* Pins again what has lost its pin, under the name that it had. */
void nlb_held_links_pin(const struct nlb_held_links *held, const struct nlb_pins *pins);

#endif
