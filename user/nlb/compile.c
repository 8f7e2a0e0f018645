/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Want + what the maps hold → what they shall hold. Here: the frame around the steps in
 * compile_*.c. Pure: the same arguments give the same image, byte for byte, and an image is a fixed
 * point of its own want.
 */
#include "nlb/compile.h"

bool compile_is_in_grace(const struct compile *c, uint64_t freed_ms)
{
	return freed_ms && c->now_ms < freed_ms + NLB_GRACE_MS;
}

uint64_t compile_freed_ms(const struct compile *c)
{
	return c->now_ms ? c->now_ms : 1;
}

size_t compile_room(size_t there, size_t more, size_t max)
{
	if (there >= max)
		return there;
	return more < max - there ? there + more : max;
}

static int (*const steps[])(struct compile *) = {
	compile_groups,	 compile_targets, compile_nexthops,  compile_snats,  compile_rings,
	compile_actions, compile_sources, compile_listeners, compile_ranges,
};

static int run_steps(struct compile *c)
{
	int rc = 0;

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && !rc; i++)
		rc = steps[i](c);
	return rc;
}

int nlb_compile(const struct nlb_want *want, const struct nlb_image *now, uint64_t now_ms,
		struct nlb_image **next, struct err *err)
{
	struct compile c = {.want = want, .now = now, .now_ms = now_ms, .err = err};
	int rc;

	c.next = nlb_image_new();
	c.arena = arena_new();
	c.next->max_slots = now->max_slots;
	c.next->hash_key[0] = want->hash_key[0];
	c.next->hash_key[1] = want->hash_key[1];
	rc = run_steps(&c);
	arena_free(c.arena);
	if (rc) {
		nlb_image_free(c.next);
		c.next = NULL;
	}
	*next = c.next;
	return rc;
}
