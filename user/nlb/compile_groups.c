/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Step 1: every wanted group gets an index: its own if the name is known, else a free one. A
 * listener whose group has no targets of its family gets a group with an empty ring, so that its
 * packets have a counted verdict. Rings are compile_rings.c's.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "nlb/compile.h"
#include "nlb/lookup.h"

struct naming {
	struct compile *c;
	struct lookup now;  /* name → index in now->groups */
	struct lookup next; /* name → index in next->groups */
	size_t free_from;   /* below this nothing is free */
	size_t used;	    /* highest index in use + 1 */
};

static bool is_free(const struct naming *n, size_t index)
{
	const struct nlb_image *now = n->c->now;

	if (n->c->next->groups[index].row.name[0])
		return false;
	return index >= now->group_count ||
	       (!now->groups[index].row.name[0] &&
		!compile_is_in_grace(n->c, now->groups[index].freed_ms));
}

static uint32_t take_free(struct naming *n)
{
	while (n->free_from < n->c->next->group_count && !is_free(n, n->free_from))
		n->free_from++;
	return n->free_from < n->c->next->group_count ? (uint32_t)n->free_from : LOOKUP_NONE;
}

static int refuse_full(const struct naming *n, const char *name)
{
	return err_set(n->c->err, -ENOSPC,
		       "target group '%s': the table of target groups is full (%d entries)", name,
		       NLB_MAX_TARGET_GROUPS);
}

/* The index of a group that `next` does not have yet. */
static int add_group(struct naming *n, const char name[48], uint32_t *index)
{
	struct nlb_target_group *row;

	*index = lookup_get(&n->now, name);
	if (*index == LOOKUP_NONE)
		*index = take_free(n);
	if (*index == LOOKUP_NONE)
		return refuse_full(n, name);
	row = &n->c->next->groups[*index].row;
	memcpy(row->name, name, sizeof(row->name));
	row->forwarding = NLB_FORWARD_NAT;
	lookup_put(&n->next, row->name, *index);
	if (n->used <= *index)
		n->used = *index + 1;
	return 0;
}

static int check_group(const struct compile *c, const struct nlb_want_group *want)
{
	if (want->family != AF_INET && want->family != AF_INET6)
		return err_set(c->err, -EINVAL,
			       "target group '%s': family %u is neither IPv4 nor IPv6", want->name,
			       want->family);
	if (!image_is_forwarding(want->forwarding))
		return err_set(c->err, -EINVAL, "target group '%s': unknown forwarding %u",
			       want->name, want->forwarding);
	if (want->hash_fields > NLB_HASH_SOURCE)
		return err_set(c->err, -EINVAL, "target group '%s': unknown hash fields %u",
			       want->name, want->hash_fields);
	return 0;
}

static int name_group(struct naming *n, const char *group, uint8_t family, char name[48])
{
	if (image_group_name(group, family, name))
		return 0;
	return err_set(n->c->err, -EINVAL, "target group '%s': the name is too long", group);
}

static int add_wanted(struct naming *n, const struct nlb_want_group *want, uint32_t *index)
{
	struct nlb_target_group *row;
	char name[48];
	int rc = check_group(n->c, want);

	if (!rc)
		rc = name_group(n, want->name, image_family(want->family), name);
	if (rc)
		return rc;
	if (lookup_get(&n->next, name) != LOOKUP_NONE)
		return err_set(n->c->err, -EINVAL, "target group '%s' is wanted twice", name);
	rc = add_group(n, name, index);
	if (rc)
		return rc;
	row = &n->c->next->groups[*index].row;
	row->flags = want->flags;
	row->forwarding = want->forwarding;
	row->hash_fields = want->hash_fields;
	row->mss_max = want->mss_max;
	return 0;
}

static int find_or_add(struct naming *n, const char *group, uint16_t family, uint32_t *index)
{
	char name[48];
	int rc = name_group(n, group, image_family(family), name);

	if (rc)
		return rc;
	*index = lookup_get(&n->next, name);
	return *index == LOOKUP_NONE ? add_group(n, name, index) : 0;
}

static int check_choices(const struct naming *n, const struct nlb_want_listener *listener)
{
	unsigned total = 0;

	for (size_t i = 0; i < listener->choice_count; i++)
		total += listener->choices[i].weight;
	if (listener->choice_count && listener->choice_count <= NLB_ACTION_GROUPS && total &&
	    total <= UINT16_MAX)
		return 0;
	return err_set(n->c->err, -EINVAL,
		       "listener '%s': its target groups are none, too many, or "
		       "without weight",
		       listener->name);
}

static int find_groups(struct naming *n, const struct nlb_want_listener *listener,
		       uint32_t indexes[NLB_ACTION_GROUPS])
{
	const struct nlb_want_choice *choice;
	uint16_t vip = listener->vip.family;
	int rc;

	if (listener->is_local)
		return 0;
	if (listener->group)
		return find_or_add(n, listener->group,
				   listener->group_family ? listener->group_family : vip,
				   &indexes[0]);
	rc = check_choices(n, listener);
	for (size_t i = 0; i < listener->choice_count && !rc; i++) {
		choice = &listener->choices[i];
		rc = find_or_add(n, choice->group, choice->group_family ? choice->group_family : vip,
				 &indexes[i]);
	}
	return rc;
}

static size_t count_wanted(const struct nlb_want *want)
{
	size_t count = want->group_count;

	for (size_t i = 0; i < want->listener_count; i++)
		count += want->listeners[i].group ? 1 : want->listeners[i].choice_count;
	return count;
}

static void start(struct naming *n, struct compile *c)
{
	const struct nlb_image *now = c->now;
	size_t wanted = count_wanted(c->want);
	size_t room = compile_room(now->group_count, wanted, NLB_MAX_TARGET_GROUPS);

	memset(n, 0, sizeof(*n));
	n->c = c;
	c->next->groups = image_grow(NULL, &c->next->group_count, room, sizeof(*c->next->groups));
	lookup_init(&n->now, c->arena, sizeof(now->groups->row.name), now->group_count);
	lookup_init(&n->next, c->arena, sizeof(now->groups->row.name), room);
	for (size_t i = 0; i < now->group_count; i++)
		if (now->groups[i].row.name[0])
			lookup_put(&n->now, now->groups[i].row.name, (uint32_t)i);
}

/* Notes what was freed when, and forgets the room that was not needed. */
static void end(struct naming *n)
{
	const struct nlb_image *now = n->c->now;
	struct nlb_image *next = n->c->next;

	for (size_t i = 0; i < now->group_count; i++) {
		if (next->groups[i].row.name[0])
			continue;
		next->groups[i].freed_ms = now->groups[i].row.name[0] ? compile_freed_ms(n->c)
								      : now->groups[i].freed_ms;
	}
	next->group_count = n->used > now->group_count ? n->used : now->group_count;
}

int compile_groups(struct compile *c)
{
	struct naming n;
	int rc = 0;

	start(&n, c);
	c->group_of_want = arena_alloc(c->arena, c->want->group_count * sizeof(uint32_t));
	c->groups_of_listener =
		arena_alloc(c->arena, c->want->listener_count * sizeof(*c->groups_of_listener));
	for (size_t i = 0; i < c->want->group_count && !rc; i++)
		rc = add_wanted(&n, &c->want->groups[i], &c->group_of_want[i]);
	for (size_t i = 0; i < c->want->listener_count && !rc; i++)
		rc = find_groups(&n, &c->want->listeners[i], c->groups_of_listener[i]);
	end(&n);
	return rc;
}
