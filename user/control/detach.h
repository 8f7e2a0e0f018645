/* SPDX-License-Identifier: BSD-2-Clause */
/* Taking the data path down: VIPs, links, program, maps, drains. The desired state is kept. */
#ifndef LEAT_CONTROL_DETACH_H
#define LEAT_CONTROL_DETACH_H

#include "base/err.h"

struct neigh;
struct store;

/* VIPs first, so that no packet comes for which there is no program any more. */
__must_check int detach_data_path(struct store *store, struct neigh *neigh, const char *bpffs,
				  struct err *err);

#endif
