/* SPDX-License-Identifier: BSD-2-Clause */
/* What the wrapper program and the bench share: the table of packets and the wrapper's controls. */
#ifndef LEAT_BENCH_ABI_H
#define LEAT_BENCH_ABI_H

#include <linux/types.h>

#define BENCH_FRAMES_MAX (1u << 20)
#define BENCH_FRAME_V4	 64 /* bytes of a frame, without FCS */
#define BENCH_FRAME_V6	 80

/* A frame as it goes in, or what a program made of it (its first bytes, and its whole length). Two
 * cache lines, so that every frame costs the same. */
struct bench_frame {
	__u64 words[BENCH_FRAME_V6 / 8];
	__u32 bytes;
	__u32 pad[11];
};
_Static_assert(sizeof(struct bench_frame) == 128, "a frame is two cache lines");

/* One run of the wrapper: user space sets it before, reads it after. */
struct bench_run {
	__u32 next;	   /* in: index of the first frame; then of the next one */
	__u32 frames;	   /* in: where the table wraps */
	__u32 frame_bytes; /* in: BENCH_FRAME_… */
	__u32 packets;	   /* in: how many will be run */
	__u32 captures;	   /* in: not 0: keep what the program made of each frame in outputs[] */
	__u32 done;	   /* in: 0 */
	__u32 failures;	   /* in: 0; frames that could not be put into place */
	__u32 last;	   /* index of the frame that was put into place last */
	__u64 home;	   /* in: 0; where the first frame began, as the kernel's address */
	__u64 started_ns;
	__u64 ended_ns;
};

#endif
