/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LEAT_NLB_ADOPT_H
#define LEAT_NLB_ADOPT_H

#include <stdbool.h>

#include "nlb/object.h"

struct bpf_object;

/* True when every pinned map is as `object` wants it and of this ABI: their descriptors are then in
 * nlb->maps. Else nlb->maps is empty, and one log line says which map differs, and how. */
bool nlb_adopt_maps(struct nlb *nlb, struct bpf_object *object);

/* True when the pinned program was loaded from these very bytes and works on nlb->maps (shared
 * already): it is then nlb->prog_fd. */
bool nlb_adopt_program(struct nlb *nlb, const struct bpf_object *object);

#endif
