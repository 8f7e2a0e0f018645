/* SPDX-License-Identifier: BSD-2-Clause */
/* The tries of an image into the maps; a part of nlb_apply(). Private to user/nlb. */
#ifndef LEAT_NLB_APPLY_RANGES_H
#define LEAT_NLB_APPLY_RANGES_H

#include "nlb/image.h"
#include "nlb/maps.h"

/* With the rows of the listeners there: brings vips, port_ranges and the flag that makes packets
 * look for them to `next`. 0, or -errno with map and key in err. */
__must_check int nlb_apply_ranges(const struct nlb_maps *maps, const struct nlb_image *now,
				  const struct nlb_image *next, struct err *err);

#endif
