/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Step 3: resolved paths become rows of nexthops, one for all targets with the same path. Rows are
 * immutable: a changed path is another row, and the target is pointed there by one store. Index 0
 * means unresolved.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "nlb/compile.h"
#include "nlb/lookup.h"

struct routing {
	struct compile *c;
	struct lookup rows; /* struct nlb_nexthop → index */
	size_t free_from, used;
};

static bool is_free(const struct routing *r, size_t index)
{
	const struct nlb_image *now = r->c->now;

	if (r->c->next->nexthops[index].row.ifindex)
		return false;
	return index >= now->nexthop_count ||
	       (!now->nexthops[index].row.ifindex &&
		!compile_is_in_grace(r->c, now->nexthops[index].freed_ms));
}

static uint32_t take_free(struct routing *r)
{
	while (r->free_from < r->c->next->nexthop_count && !is_free(r, r->free_from))
		r->free_from++;
	return r->free_from < r->c->next->nexthop_count ? (uint32_t)r->free_from : LOOKUP_NONE;
}

static bool has_nexthop(const struct nlb_path *path)
{
	return path->is_resolved && path->ifindex;
}

static struct nlb_nexthop row_of(const struct nlb_path *path)
{
	struct nlb_nexthop row = {.ifindex = path->ifindex,
				  .mtu = path->mtu < UINT16_MAX ? (uint16_t)path->mtu : UINT16_MAX};

	row.vlan_outer = htons(path->vlan_outer);
	row.vlan_inner = htons(path->vlan_inner);
	if (path->vlan_outer)
		row.vlan_outer_proto = htons(path->vlan_proto);
	memcpy(row.dst_mac, path->dst_mac, sizeof(row.dst_mac));
	memcpy(row.src_mac, path->src_mac, sizeof(row.src_mac));
	return row;
}

/* The index of a row with this content, in use from now on. */
static uint32_t put_row(struct routing *r, const struct nlb_nexthop *row)
{
	struct nlb_image *next = r->c->next;
	uint32_t index = lookup_get(&r->rows, row);
	bool is_new = index == LOOKUP_NONE;

	if (is_new)
		index = take_free(r);
	if (index == LOOKUP_NONE)
		return index;
	next->nexthops[index].row = *row;
	if (is_new)
		lookup_put(&r->rows, &next->nexthops[index].row, index);
	if (r->used <= index)
		r->used = index + 1;
	return index;
}

static int route_target(struct routing *r, size_t group, size_t target)
{
	const struct nlb_want_group *want = &r->c->want->groups[group];
	const struct nlb_path *path = &want->targets[target].path;
	uint32_t *nexthop = &r->c->next->targets[r->c->target_of[group][target]].row.nexthop;
	char text[ENDPOINT_TEXT_MAX];
	struct nlb_nexthop row;

	if (!has_nexthop(path))
		return 0;
	row = row_of(path);
	*nexthop = put_row(r, &row);
	if (*nexthop != LOOKUP_NONE)
		return 0;
	return err_set(
		r->c->err, -ENOSPC, "target '%s/%s': the table of next hops is full (%d entries)",
		want->name,
		endpoint_format(&want->targets[target].address, want->targets[target].port, text),
		NLB_MAX_NEXTHOPS - 1);
}

static size_t count_wanted(const struct nlb_want *want)
{
	size_t count = 1; /* index 0 */

	for (size_t i = 0; i < want->group_count; i++)
		count += want->groups[i].target_count;
	return count;
}

static void start(struct routing *r, struct compile *c)
{
	const struct nlb_image *now = c->now;
	size_t room = compile_room(now->nexthop_count, count_wanted(c->want), NLB_MAX_NEXTHOPS);

	*r = (struct routing){.c = c, .free_from = 1};
	c->next->nexthops =
		image_grow(NULL, &c->next->nexthop_count, room, sizeof(*c->next->nexthops));
	lookup_init(&r->rows, c->arena, sizeof(now->nexthops->row), room);
	for (size_t i = 1; i < now->nexthop_count; i++)
		if (now->nexthops[i].row.ifindex)
			lookup_put(&r->rows, &now->nexthops[i].row, (uint32_t)i);
}

static void end(struct routing *r)
{
	const struct nlb_image *now = r->c->now;
	struct nlb_image *next = r->c->next;

	for (size_t i = 0; i < now->nexthop_count; i++) {
		if (next->nexthops[i].row.ifindex)
			continue;
		next->nexthops[i].freed_ms = now->nexthops[i].row.ifindex
						     ? compile_freed_ms(r->c)
						     : now->nexthops[i].freed_ms;
	}
	next->nexthop_count = r->used > now->nexthop_count ? r->used : now->nexthop_count;
}

int compile_nexthops(struct compile *c)
{
	struct routing r;
	int rc = 0;

	start(&r, c);
	for (size_t i = 0; i < c->want->group_count && !rc; i++)
		for (size_t j = 0; j < c->want->groups[i].target_count && !rc; j++)
			rc = route_target(&r, i, j);
	end(&r);
	return rc;
}
