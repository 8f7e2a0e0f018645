/* SPDX-License-Identifier: BSD-2-Clause */
/* The open plane, shared by the files of the effects half. */
#ifndef LEAT_NLB_OBJECT_H
#define LEAT_NLB_OBJECT_H

#include <stdbool.h>
#include <stdint.h>

#include "nlb/held_links.h"
#include "nlb/maps.h"
#include "nlb/nlb.h"
#include "nlb/pins.h"

struct nlb_census;

struct nlb {
	struct nlb_pins pins;
	struct nlb_maps maps;
	struct nlb_held_links links; /* attached or adopted by us */
	int prog_fd; /* owned */
	uint32_t prog_id;
	bool is_unpublished; /* maps and program are new and not pinned yet: links still run the old
				ones */
	struct nlb_image *image;   /* owned: what the maps hold */
	struct nlb_census *census; /* owned; flow_census.c; NULL until the first step */
};

/* Pins a new set of maps and its program; nothing when that was done. nlb_attach() begins with it.
 */
__must_check int nlb_object_publish(struct nlb *nlb, struct err *err);

/* An image that was read from the maps does not know what was unlinked shortly before: nobody may
 * reuse that until NLB_GRACE_MS after it, at `since_ms` at the latest. Waits for the rest of it. */
void nlb_object_wait_for_grace(uint64_t since_ms);

/* flow_census.c */
void nlb_census_free(struct nlb_census *census);

#endif
