/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Step 8: listeners of prefixes and of ranges of ports become entries of the tries vips and
 * port_ranges. Here the order of what is more specific is worked out, so that a packet needs one
 * look-up in each: an address before a prefix, a longer prefix before a shorter one, then the
 * narrower range. Every vip's ports are written out in pieces that don't overlap, those it takes
 * from the prefixes around it as well.
 *
 * A vip keeps its number by its key. A new one gets a number that no vip had before: packets that
 * read an old one find nothing of the new one's.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/prefix.h"
#include "nlb/compile.h"
#include "nlb/port_split.h"

struct claim { /* of one listener on one vip */
	struct prefix prefix;
	size_t want; /* index of want->listeners */
	uint16_t first, last;
};

struct vip {
	struct prefix prefix;
	const struct vip *around; /* the longest shorter prefix that holds it; NULL: none */
	size_t first_claim, claim_count;
};

struct ranging {
	struct compile *c;
	struct claim *claims; /* sorted: vip by vip, wide ranges first */
	size_t claim_count;
	struct vip *vips;
	size_t vip_count;
	/* of the vip and protocol at hand: claims in the order in which later ones win */
	const struct claim **stack;
	size_t stack_count;
};

bool compile_is_range(const struct nlb_want_listener *want)
{
	unsigned bits = want->vip_bits;

	return (bits && bits != prefix_bits_max(want->vip.family)) ||
	       (want->last_port && want->last_port != want->port);
}

/* ---- who claims what ---- */

static unsigned width(const struct claim *claim)
{
	return (unsigned)claim->last - claim->first;
}

static int by_vip_then_width(const void *a, const void *b)
{
	const struct claim *x = a, *y = b;
	int order = prefix_cmp(&x->prefix, &y->prefix);

	if (!order)
		order = (int)width(y) - (int)width(x);
	if (!order)
		order = (int)x->first - (int)y->first;
	return order ? order : (x->want > y->want) - (x->want < y->want);
}

/* Port 0 is nobody's: with it, all ports are one entry. */
static struct claim claim_of(const struct nlb_want_listener *want, size_t index)
{
	struct claim claim = {.want = index, .first = want->port, .last = want->last_port};

	claim.prefix.address = want->vip;
	claim.prefix.bits =
		want->vip_bits ? want->vip_bits : (uint8_t)prefix_bits_max(want->vip.family);
	if (!claim.last)
		claim.last = claim.first;
	if (claim.first == 1 && claim.last == UINT16_MAX)
		claim.first = 0;
	return claim;
}

static void gather(struct ranging *r)
{
	const struct nlb_want *want = r->c->want;

	r->claims = arena_alloc(r->c->arena, (want->listener_count + 1) * sizeof(*r->claims));
	for (size_t i = 0; i < want->listener_count; i++)
		if (compile_is_range(&want->listeners[i]))
			r->claims[r->claim_count++] = claim_of(&want->listeners[i], i);
	if (r->claim_count)
		qsort(r->claims, r->claim_count, sizeof(*r->claims), by_vip_then_width);
}

/* In the order of prefixes, what holds a vip comes before it. */
static const struct vip *find_around(const struct vip *before, const struct vip *vip)
{
	while (before && !(before->prefix.bits < vip->prefix.bits &&
			   prefix_has(&before->prefix, &vip->prefix.address)))
		before = before->around;
	return before;
}

static void find_vips(struct ranging *r)
{
	r->vips = arena_alloc(r->c->arena, (r->claim_count + 1) * sizeof(*r->vips));
	for (size_t i = 0; i < r->claim_count; i++) {
		struct vip *last = r->vip_count ? &r->vips[r->vip_count - 1] : NULL;
		struct vip *vip;

		if (last && !prefix_cmp(&last->prefix, &r->claims[i].prefix)) {
			last->claim_count++;
			continue;
		}
		vip = &r->vips[r->vip_count++];
		*vip = (struct vip){
			.prefix = r->claims[i].prefix, .first_claim = i, .claim_count = 1};
		vip->around = find_around(last, vip);
	}
}

/* ---- ports of one vip ---- */

static bool hears(const struct ranging *r, const struct claim *claim, uint8_t protocol)
{
	const struct nlb_want_listener *want = &r->c->want->listeners[claim->want];

	return protocol == IPPROTO_TCP ? want->has_tcp : want->has_udp;
}

static void stack_claims(struct ranging *r, const struct vip *vip, uint8_t protocol)
{
	if (vip->around)
		stack_claims(r, vip->around, protocol);
	for (size_t i = 0; i < vip->claim_count; i++) {
		const struct claim *claim = &r->claims[vip->first_claim + i];

		if (hears(r, claim, protocol))
			r->stack[r->stack_count++] = claim;
	}
}

/* Who has the port; NULL: nobody. */
static const struct claim *owner_of(const struct ranging *r, uint32_t port)
{
	for (size_t i = r->stack_count; i-- > 0;)
		if (port >= r->stack[i]->first && port <= r->stack[i]->last)
			return r->stack[i];
	return NULL;
}

/* The first port above this one that may have another owner. */
static uint32_t next_border(const struct ranging *r, uint32_t port)
{
	uint32_t next = UINT16_MAX + 1;

	for (size_t i = 0; i < r->stack_count; i++) {
		uint32_t first = r->stack[i]->first, behind = r->stack[i]->last + 1u;

		if (first > port && first < next)
			next = first;
		if (behind > port && behind < next)
			next = behind;
	}
	return next;
}

static void add_piece(struct ranging *r, uint32_t vip, uint8_t protocol, uint32_t first,
		      uint32_t last, const struct claim *owner)
{
	struct nlb_image *next = r->c->next;
	struct port_prefix prefixes[PORT_SPLIT_MAX];
	size_t count = port_split((uint16_t)first, (uint16_t)last, prefixes);
	size_t at = next->port_range_count;

	next->port_ranges = image_grow(next->port_ranges, &next->port_range_count, at + count,
				       sizeof(*next->port_ranges));
	for (size_t i = 0; i < count; i++)
		next->port_ranges[at + i] = (struct image_port_range){
			.key = {.prefix_bits = NLB_PORT_RANGE_VIP_BITS + prefixes[i].bits,
				.vip = vip,
				.protocol = protocol,
				.port = htons(prefixes[i].port)},
			.listener = r->c->id_of_listener[owner->want],
		};
}

/* Neighbouring pieces of one owner are one. */
static void add_ports(struct ranging *r, const struct vip *vip, uint32_t number, uint8_t protocol)
{
	const struct claim *owner, *before = NULL;
	uint32_t port, first = 0;

	r->stack_count = 0;
	stack_claims(r, vip, protocol);
	for (port = 0; port <= UINT16_MAX; port = next_border(r, port)) {
		owner = owner_of(r, port);
		if (owner == before)
			continue;
		if (before)
			add_piece(r, number, protocol, first, port - 1, before);
		before = owner;
		first = port;
	}
	if (before)
		add_piece(r, number, protocol, first, UINT16_MAX, before);
}

/* ---- the tables ---- */

static struct nlb_vip_key key_of(const struct prefix *prefix)
{
	struct nlb_vip_key key = {.prefix_bits = NLB_VIP_FAMILY_BITS + prefix->bits,
				  .family = image_family(prefix->address.family)};

	memcpy(key.address, prefix->address.bytes, sizeof(key.address));
	return key;
}

static uint32_t number_of(struct ranging *r, const struct nlb_vip_key *key)
{
	const struct image_vip *old = image_find_vip(r->c->now, key);

	return old ? old->vip : ++r->c->next->last_vip;
}

static void add_vip(struct ranging *r, const struct vip *vip)
{
	struct nlb_image *next = r->c->next;
	struct image_vip *entry = &next->vips[next->vip_count++];

	entry->key = key_of(&vip->prefix);
	entry->vip = number_of(r, &entry->key);
	add_ports(r, vip, entry->vip, IPPROTO_TCP);
	add_ports(r, vip, entry->vip, IPPROTO_UDP);
}

static int refuse_room(const struct compile *c, const char *table, size_t wanted, size_t leaving,
		       unsigned max)
{
	return err_set(c->err, -ENOSPC,
		       "the table of %s is full (%u entries): %zu are wanted while %zu leave",
		       table, max, wanted, leaving);
}

/* While a change is applied the maps hold what leaves as well as what comes. */
static int check_room(const struct compile *c)
{
	const struct nlb_image *now = c->now, *next = c->next;
	size_t vips = 0, ranges = 0;

	for (size_t i = 0; i < now->vip_count; i++)
		vips += !image_find_vip(next, &now->vips[i].key);
	for (size_t i = 0; i < now->port_range_count; i++)
		ranges += !image_find_port_range(next, &now->port_ranges[i].key);
	if (next->vip_count + vips > NLB_MAX_VIPS)
		return refuse_room(c, "prefixes and addresses with ranges of ports",
				   next->vip_count, vips, NLB_MAX_VIPS);
	if (next->port_range_count + ranges > NLB_MAX_PORT_RANGES)
		return refuse_room(c, "ranges of ports (a range takes up to 30)",
				   next->port_range_count, ranges, NLB_MAX_PORT_RANGES);
	return 0;
}

static int check_claims(const struct ranging *r)
{
	for (size_t i = 1; i < r->claim_count; i++) {
		const struct claim *a = &r->claims[i - 1], *b = &r->claims[i];
		const struct nlb_want_listener *x = &r->c->want->listeners[a->want];
		const struct nlb_want_listener *y = &r->c->want->listeners[b->want];

		if (prefix_cmp(&a->prefix, &b->prefix) || a->first != b->first ||
		    a->last != b->last ||
		    !((x->has_tcp && y->has_tcp) || (x->has_udp && y->has_udp)))
			continue;
		return err_set(r->c->err, -EINVAL,
			       "listener '%s': its range is already used by '%s'", y->name,
			       x->name);
	}
	return 0;
}

int compile_ranges(struct compile *c)
{
	struct ranging r = {.c = c};
	size_t room = 0;
	int rc;

	c->next->last_vip = c->now->last_vip;
	gather(&r);
	rc = check_claims(&r);
	if (rc)
		return rc;
	find_vips(&r);
	r.stack = arena_alloc(c->arena, (r.claim_count + 1) * sizeof(*r.stack));
	c->next->vips = image_grow(NULL, &room, r.vip_count, sizeof(*c->next->vips));
	for (size_t i = 0; i < r.vip_count; i++)
		add_vip(&r, &r.vips[i]);
	image_sort_ranges(c->next);
	return check_room(c);
}
