/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Step 6: weighted choices between target groups become rows of actions, one for all listeners with
 * the same choice. Rows are immutable: another weight, or a group that begins or ceases to take new
 * flows, is another row, and the listener is pointed there by one store.
 *
 * Which groups are able: those with a healthy target that takes new flows; if there is none, those
 * that fail open; if there is none either, no bit is set and the first choice's own verdict tells.
 */
#include <errno.h>
#include <string.h>

#include "nlb/compile.h"
#include "nlb/lookup.h"

enum ability { TAKES_NOTHING, FAILS_OPEN, TAKES_NEW };

struct weighing {
	struct compile *c;
	uint8_t *ability;   /* [next->group_count]: enum ability */
	struct lookup rows; /* struct nlb_action → index */
	size_t free_from, used;
};

static enum ability ability_of(const struct nlb_want_group *group)
{
	for (size_t i = 0; i < group->target_count; i++) {
		const struct nlb_want_target *target = &group->targets[i];

		if (target->in_ring && target->weight && target->takes_new)
			return group->fails_open ? FAILS_OPEN : TAKES_NEW;
	}
	return TAKES_NOTHING;
}

static bool is_free(const struct weighing *w, size_t index)
{
	const struct nlb_image *now = w->c->now;

	if (w->c->next->actions[index].row.count)
		return false;
	return index >= now->action_count ||
	       (!now->actions[index].row.count &&
		!compile_is_in_grace(w->c, now->actions[index].freed_ms));
}

static uint32_t take_free(struct weighing *w)
{
	while (w->free_from < w->c->next->action_count && !is_free(w, w->free_from))
		w->free_from++;
	return w->free_from < w->c->next->action_count ? (uint32_t)w->free_from : LOOKUP_NONE;
}

static uint8_t best_ability(const struct weighing *w, const struct nlb_want_listener *want,
			    const uint32_t groups[NLB_ACTION_GROUPS])
{
	uint8_t best = TAKES_NOTHING;

	for (size_t i = 0; i < want->choice_count; i++)
		if (want->choices[i].weight && w->ability[groups[i]] > best)
			best = w->ability[groups[i]];
	return best;
}

static struct nlb_action row_of(const struct weighing *w, const struct nlb_want_listener *want,
				const uint32_t groups[NLB_ACTION_GROUPS])
{
	struct nlb_action row = {
		.count = (uint8_t)want->choice_count,
		.hash_fields = want->is_sticky ? NLB_HASH_SOURCE : NLB_HASH_5TUPLE,
	};
	uint8_t best = best_ability(w, want, groups);
	unsigned end = 0, able_end = 0;

	for (size_t i = 0; i < want->choice_count; i++) {
		unsigned weight = want->choices[i].weight;
		bool is_able = best && weight && w->ability[groups[i]] == best;

		end += weight;
		able_end += is_able ? weight : 0;
		row.ends[i] = (uint16_t)end;
		row.able_ends[i] = (uint16_t)able_end;
		row.able |= (uint8_t)(is_able << i);
		row.groups[i] = groups[i];
	}
	return row;
}

/* The index of a row with this content, in use from now on. */
static uint32_t put_row(struct weighing *w, const struct nlb_action *row)
{
	struct nlb_image *next = w->c->next;
	uint32_t index = lookup_get(&w->rows, row);
	bool is_new = index == LOOKUP_NONE;

	if (is_new)
		index = take_free(w);
	if (index == LOOKUP_NONE)
		return index;
	next->actions[index].row = *row;
	if (is_new)
		lookup_put(&w->rows, &next->actions[index].row, index);
	if (w->used <= index)
		w->used = index + 1;
	return index;
}

static int weigh(struct weighing *w, size_t i)
{
	const struct nlb_want_listener *want = &w->c->want->listeners[i];
	struct nlb_action row;

	if (want->is_local || want->group)
		return 0;
	row = row_of(w, want, w->c->groups_of_listener[i]);
	w->c->action_of_listener[i] = put_row(w, &row);
	if (w->c->action_of_listener[i] != LOOKUP_NONE)
		return 0;
	return err_set(w->c->err, -ENOSPC,
		       "listener '%s': the table of weighted actions is full (%d entries)",
		       want->name, NLB_MAX_ACTIONS);
}

static size_t count_wanted(const struct nlb_want *want)
{
	size_t count = 0;

	for (size_t i = 0; i < want->listener_count; i++)
		count += !want->listeners[i].is_local && !want->listeners[i].group;
	return count;
}

static void start(struct weighing *w, struct compile *c)
{
	const struct nlb_image *now = c->now;
	size_t room = compile_room(now->action_count, count_wanted(c->want), NLB_MAX_ACTIONS);

	*w = (struct weighing){.c = c};
	w->ability = arena_alloc(c->arena, c->next->group_count + 1);
	for (size_t i = 0; i < c->want->group_count; i++)
		w->ability[c->group_of_want[i]] = (uint8_t)ability_of(&c->want->groups[i]);
	c->next->actions =
		image_grow(NULL, &c->next->action_count, room, sizeof(*c->next->actions));
	lookup_init(&w->rows, c->arena, sizeof(now->actions->row), room);
	for (size_t i = 0; i < now->action_count; i++)
		if (now->actions[i].row.count)
			lookup_put(&w->rows, &now->actions[i].row, (uint32_t)i);
}

static void end(struct weighing *w)
{
	const struct nlb_image *now = w->c->now;
	struct nlb_image *next = w->c->next;

	for (size_t i = 0; i < now->action_count; i++) {
		if (next->actions[i].row.count)
			continue;
		next->actions[i].freed_ms = now->actions[i].row.count ? compile_freed_ms(w->c)
								      : now->actions[i].freed_ms;
	}
	next->action_count = w->used > now->action_count ? w->used : now->action_count;
}

int compile_actions(struct compile *c)
{
	struct weighing w;
	int rc = 0;

	start(&w, c);
	c->action_of_listener = arena_alloc(c->arena, c->want->listener_count * sizeof(uint32_t));
	for (size_t i = 0; i < c->want->listener_count && !rc; i++)
		rc = weigh(&w, i);
	end(&w);
	return rc;
}
