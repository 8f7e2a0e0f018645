/* SPDX-License-Identifier: BSD-2-Clause */
/* What maps.c, frame.c and helpers.c share. */
#ifndef LEAT_TESTS_BPF_NATIVE_MAPS_H
#define LEAT_TESTS_BPF_NATIVE_MAPS_H

#include "native.h"

#define MAPS_MAX    64
#define TOUCHES_MAX 4096

struct native {
	struct native_map *maps[MAPS_MAX];
	int map_count;
	struct native_touch touches[TOUCHES_MAX];
	int touch_count;
	uint64_t clock; /* counts look-ups: which entry of an LRU map is the oldest */
};

extern struct native *native_in_use;

/* The frame in hand: `ctx` says where it lies. */
void frame_place(struct xdp_md *ctx, const uint8_t *frame, size_t len);
size_t frame_take(const struct xdp_md *ctx, uint8_t *to);

/* An error in the tests themselves, or something that the verifier would have refused. */
__attribute__((noreturn, format(printf, 1, 2))) void native_die(const char *fmt, ...);

#endif
