// SPDX-License-Identifier: BSD-2-Clause
/*
 * Where the frame in hand lies. struct xdp_md has 32 bits for an address, so in the lowest 4 GiB;
 * and so that a wrong access shows:
 *   - it ends where a page begins that nobody may touch: a byte beyond data_end is a fault;
 *   - under the address sanitizer everything around it is poisoned, the bytes before it too;
 *   - bpf_xdp_adjust_head() and bpf_xdp_adjust_tail() move it to another place and take the old one
 *     away: whoever still holds a pointer into it faults, as the verifier would have refused it.
 */
#include <errno.h>
#include <sanitizer/asan_interface.h>
#include <string.h>
#include <sys/mman.h>

#include "maps.h"

#define PAGE	    4096u
#define PLACE_BYTES (16 * PAGE)
#define FRAME_MIN   14u /* ETH_HLEN */

/* As a test run in the kernel has it (net/bpf/test_run.c), less the struct xdp_frame in it. */
#define HEAD_ROOM (256u - 40u)
#define TAIL_ROOM 320u

static uint8_t *places[2];
static bool is_open[2];
static int place;
static uint32_t head_room, tail_room;

static uint8_t *make_place(void)
{
	uint8_t *at = mmap(NULL, PLACE_BYTES + PAGE, PROT_NONE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	if (at == MAP_FAILED)
		native_die("no memory below 4 GiB");
	return at;
}

/* A frame of that length at the end of the place. */
static uint8_t *put(struct xdp_md *ctx, int where, size_t len)
{
	uint8_t *at = places[where] + PLACE_BYTES - len;

	ASAN_POISON_MEMORY_REGION(places[where], PLACE_BYTES);
	ASAN_UNPOISON_MEMORY_REGION(at, len);
	ctx->data = ctx->data_meta = (uint32_t)(uintptr_t)at;
	ctx->data_end = (uint32_t)(uintptr_t)(at + len);
	place = where;
	return at;
}

static size_t length(const struct xdp_md *ctx)
{
	return ctx->data_end - ctx->data;
}

static const uint8_t *start(const struct xdp_md *ctx)
{
	return (const uint8_t *)(uintptr_t)ctx->data;
}

static void open_place(int where, bool open)
{
	if (is_open[where] == open)
		return;
	if (mprotect(places[where], PLACE_BYTES, open ? PROT_READ | PROT_WRITE : PROT_NONE))
		native_die("mprotect");
	is_open[where] = open;
}

void frame_place(struct xdp_md *ctx, const uint8_t *frame, size_t len)
{
	int i;

	if (len > PLACE_BYTES)
		native_die("a frame of %zu bytes", len);
	for (i = 0; i < 2; i++) {
		if (!places[i])
			places[i] = make_place();
		open_place(i, i == 0);
	}
	head_room = HEAD_ROOM;
	tail_room = TAIL_ROOM;
	memcpy(put(ctx, 0, len), frame, len);
}

size_t frame_take(const struct xdp_md *ctx, uint8_t *to)
{
	memcpy(to, start(ctx), length(ctx));
	return length(ctx);
}

/* What is gained at the head is what lay there: the metadata of the test run, which the kernel
 * moves along with the head, and before it zero. */
static void fill_head(uint8_t *at, size_t gained)
{
	size_t dirt = gained < NATIVE_DIRT ? gained : NATIVE_DIRT;

	memset(at, 0, gained - dirt);
	memset(at + gained - dirt, 0xff, dirt);
}

/* The frame loses `cut` bytes at its head and gains others there, and so at its tail. */
static void move(struct xdp_md *ctx, size_t cut, size_t head_gain, size_t len, size_t tail_gain)
{
	const uint8_t *old = start(ctx) + cut;
	int left = place;
	uint8_t *at;

	open_place(1 - left, true);
	at = put(ctx, 1 - left, head_gain + len + tail_gain);
	fill_head(at, head_gain);
	memcpy(at + head_gain, old, len);
	memset(at + head_gain + len, 0, tail_gain);
	ASAN_POISON_MEMORY_REGION(places[left], PLACE_BYTES);
	open_place(left, false);
}

long bpf_xdp_adjust_head(struct xdp_md *ctx, int delta)
{
	size_t len = length(ctx), cut = delta > 0 ? (size_t)delta : 0;
	size_t gain = delta < 0 ? (size_t) - (long)delta : 0;

	if (gain > head_room || len < cut + FRAME_MIN)
		return -EINVAL;
	move(ctx, cut, gain, len - cut, 0);
	head_room = (uint32_t)(head_room + cut - gain);
	return 0;
}

long bpf_xdp_adjust_tail(struct xdp_md *ctx, int delta)
{
	size_t len = length(ctx), cut = delta < 0 ? (size_t) - (long)delta : 0;
	size_t gain = delta > 0 ? (size_t)delta : 0;

	if (gain > tail_room || len < cut + FRAME_MIN)
		return -EINVAL;
	move(ctx, 0, 0, len - cut, gain);
	tail_room = (uint32_t)(tail_room + cut - gain);
	return 0;
}
