/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LEAT_NLB_READBACK_H
#define LEAT_NLB_READBACK_H

#include "base/err.h"
#include "nlb/image.h"
#include "nlb/maps.h"

/* What the maps hold, as an image that keeps every invariant of image.h whatever the maps hold: a
 * pin is untrusted. Rows that make no sense count as free; listeners that make no sense are deleted
 * from their map. 0 or -errno with err. */
__must_check int nlb_readback(const struct nlb_maps *maps, struct nlb_image **image,
			      struct err *err);

#endif
