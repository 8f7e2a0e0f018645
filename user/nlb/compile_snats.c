/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Step 4: the source addresses towards a target become a run of consecutive rows of snats, one for
 * all targets with the same addresses in the same order. Runs are immutable while a target refers
 * to them.
 */
#include <errno.h>
#include <string.h>

#include "base/base.h"
#include "nlb/compile.h"
#include "nlb/lookup.h"

#define RUN_MAX ARRAY_SIZE(((struct nlb_want_target *)NULL)->snats)

/* A run by its contents; what is beyond count is zero. */
struct run {
	uint32_t count;
	struct nlb_snat rows[RUN_MAX];
};

struct sourcing {
	struct compile *c;
	struct lookup runs; /* struct run → NLB_SNAT value */
	struct run last;    /* most targets of a group have the same */
	uint32_t last_snat;
	size_t used;
};

static bool is_free(const struct sourcing *s, size_t index)
{
	const struct nlb_image *now = s->c->now;

	if (s->c->next->snats[index].is_used)
		return false;
	return index >= now->snat_count || (!now->snats[index].is_used &&
					    !compile_is_in_grace(s->c, now->snats[index].freed_ms));
}

/* The first `count` free rows in a row; LOOKUP_NONE when there are none. */
static uint32_t find_free(const struct sourcing *s, uint32_t count)
{
	uint32_t found = 0;

	for (uint32_t i = 0; i < s->c->next->snat_count; i++) {
		found = is_free(s, i) ? found + 1 : 0;
		if (found == count)
			return i + 1 - count;
	}
	return LOOKUP_NONE;
}

static void use_run(struct sourcing *s, const struct run *run, uint32_t first)
{
	for (uint32_t i = 0; i < run->count; i++) {
		s->c->next->snats[first + i].row = run->rows[i];
		s->c->next->snats[first + i].is_used = true;
	}
	if (s->used < first + run->count)
		s->used = first + run->count;
}

static void remember(struct sourcing *s, const struct run *run, uint32_t snat)
{
	struct run *kept;

	if (lookup_get(&s->runs, run) != LOOKUP_NONE)
		return;
	kept = arena_alloc(s->c->arena, sizeof(*kept));
	*kept = *run;
	lookup_put(&s->runs, kept, snat);
}

/* The NLB_SNAT value of a run, in use from now on; LOOKUP_NONE when the table is full. */
static uint32_t put_run(struct sourcing *s, const struct run *run)
{
	uint32_t snat = lookup_get(&s->runs, run), first;

	if (snat == LOOKUP_NONE) {
		first = find_free(s, run->count);
		if (first == LOOKUP_NONE)
			return first;
		snat = NLB_SNAT(first, run->count);
		remember(s, run, snat);
	}
	use_run(s, run, NLB_SNAT_FIRST(snat));
	return snat;
}

static struct run run_of(const struct nlb_want_target *want)
{
	struct run run;

	memset(&run, 0, sizeof(run));
	run.count = (uint32_t)want->snat_count;
	for (size_t i = 0; i < want->snat_count; i++)
		memcpy(run.rows[i].address, want->snats[i].bytes, sizeof(run.rows[i].address));
	return run;
}

static int refuse(const struct sourcing *s, const struct nlb_want_group *group,
		  const struct nlb_want_target *want, int code)
{
	char text[ENDPOINT_TEXT_MAX];

	endpoint_format(&want->address, want->port, text);
	if (code == -ENOSPC)
		return err_set(s->c->err, code,
			       "target '%s/%s': the table of source addresses is full (%d entries)",
			       group->name, text, NLB_MAX_SNATS);
	return err_set(s->c->err, code,
		       "target '%s/%s': %zu source addresses are wanted, %zu are the most",
		       group->name, text, want->snat_count, RUN_MAX);
}

/* Addresses of flows, or of outer headers. */
static bool has_sources(uint8_t forwarding)
{
	return image_is_translating(forwarding) || nlb_encap_bytes(forwarding, NLB_IPV4);
}

static int source_target(struct sourcing *s, const struct nlb_want_group *group,
			 const struct nlb_want_target *want, uint32_t index)
{
	struct run run;

	if (!has_sources(group->forwarding) || !want->snat_count)
		return 0;
	if (want->snat_count > RUN_MAX)
		return refuse(s, group, want, -EINVAL);
	run = run_of(want);
	if (memcmp(&run, &s->last, sizeof(run))) {
		s->last_snat = put_run(s, &run);
		s->last = run;
	}
	if (s->last_snat == LOOKUP_NONE)
		return refuse(s, group, want, -ENOSPC);
	s->c->next->targets[index].row.snat = s->last_snat;
	return 0;
}

/* Runs that targets refer to now. */
static void remember_run(struct sourcing *s, uint32_t snat)
{
	const struct nlb_image *now = s->c->now;
	struct run run;

	memset(&run, 0, sizeof(run));
	run.count = NLB_SNAT_COUNT(snat);
	if (!run.count || run.count > RUN_MAX || NLB_SNAT_FIRST(snat) + run.count > now->snat_count)
		return;
	for (uint32_t i = 0; i < run.count; i++)
		run.rows[i] = now->snats[NLB_SNAT_FIRST(snat) + i].row;
	remember(s, &run, snat);
}

static size_t count_wanted(const struct nlb_want *want)
{
	size_t count = 0;

	for (size_t i = 0; i < want->group_count; i++)
		count += want->groups[i].target_count;
	return count;
}

static void start(struct sourcing *s, struct compile *c)
{
	const struct nlb_image *now = c->now;
	size_t wanted = count_wanted(c->want);
	size_t room = compile_room(now->snat_count, wanted * RUN_MAX, NLB_MAX_SNATS);
	uint32_t last = 0;

	memset(s, 0, sizeof(*s));
	s->c = c;
	c->next->snats = image_grow(NULL, &c->next->snat_count, room, sizeof(*c->next->snats));
	lookup_init(&s->runs, c->arena, sizeof(struct run), room + NLB_MAX_SNATS);
	for (size_t i = 0; i < now->target_count; i++) {
		const struct nlb_target *row = &now->targets[i].row;

		if (row->id && row->snat != last)
			remember_run(s, row->snat);
		last = row->snat;
	}
}

static void end(struct sourcing *s)
{
	const struct nlb_image *now = s->c->now;
	struct nlb_image *next = s->c->next;

	for (size_t i = 0; i < now->snat_count; i++) {
		if (next->snats[i].is_used)
			continue;
		next->snats[i].freed_ms =
			now->snats[i].is_used ? compile_freed_ms(s->c) : now->snats[i].freed_ms;
	}
	next->snat_count = s->used > now->snat_count ? s->used : now->snat_count;
}

int compile_snats(struct compile *c)
{
	struct sourcing s;
	int rc = 0;

	start(&s, c);
	for (size_t i = 0; i < c->want->group_count && !rc; i++) {
		const struct nlb_want_group *group = &c->want->groups[i];

		for (size_t j = 0; j < group->target_count && !rc; j++)
			rc = source_target(&s, group, &group->targets[j], c->target_of[i][j]);
	}
	end(&s);
	return rc;
}
