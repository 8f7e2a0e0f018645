/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What an operator sets. An entry of a map that is read for every packet, no constant of the
 * program: it outlives the program, and changes without one.
 */
#ifndef LEAT_BPF_SETTINGS_H
#define LEAT_BPF_SETTINGS_H

#include "maps.h"
#include "packet.h"

static __always_inline const struct nlb_settings *settings_get(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&settings, &zero);
}

static __always_inline int load_settings(struct packet *p)
{
	p->settings = settings_get();
	return p->settings ? 0 : NLB_INTERNAL;
}

#endif
