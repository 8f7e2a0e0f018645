// SPDX-License-Identifier: BSD-2-Clause
/*
 * Maps → image, at a restart: how a controller learns what its predecessor left. In: the shared
 * memory of the maps and the listeners' hash. Out: an image whose references all hold. Every number
 * is checked before it is used as an index; what fails is left out and logged once a table, and the
 * next nlb_apply() puts it right, for it compares with the maps, not with this image.
 */
#include "nlb/readback.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "base/log.h"

struct reading {
	const struct nlb_maps *maps;
	struct nlb_image *image;
	unsigned bad_groups, bad_targets, bad_listeners;
	unsigned undeleted; /* of bad_listeners */
};

static void *make_array(size_t count, size_t bytes)
{
	return calloc(count ? count : 1, bytes);
}

static bool is_zero(const void *bytes, size_t len)
{
	const uint8_t *at = bytes;

	while (len--)
		if (*at++)
			return false;
	return true;
}

/* ---- groups and their rings ---- */

static bool is_name(const char name[48])
{
	size_t i;

	for (i = 0; i < 48 && name[i]; i++)
		if ((unsigned char)name[i] <= ' ' || name[i] == 0x7f)
			return false;
	return i > 0 && i < 48;
}

static bool has_group_named(const struct nlb_image *image, const char *name)
{
	size_t i;

	for (i = 0; i < image->group_count; i++)
		if (!strcmp(image->groups[i].row.name, name))
			return true;
	return false;
}

static bool is_ring_inside(const struct nlb_maps *maps, uint64_t ring)
{
	uint64_t end = (uint64_t)NLB_RING_BASE(ring) + NLB_RING_SIZE(ring);

	return end <= maps->entries[NLB_MAP_SLOTS];
}

static bool do_rings_overlap(uint64_t a, uint64_t b)
{
	return NLB_RING_BASE(a) < NLB_RING_BASE(b) + NLB_RING_SIZE(b) &&
	       NLB_RING_BASE(b) < NLB_RING_BASE(a) + NLB_RING_SIZE(a);
}

static bool is_ring_free(const struct nlb_image *image, uint64_t ring)
{
	size_t i;

	for (i = 0; i < image->group_count; i++)
		if (do_rings_overlap(image->groups[i].row.ring, ring))
			return false;
	return true;
}

static bool is_group(const struct reading *r, const struct nlb_target_group *row)
{
	return is_name(row->name) && image_is_forwarding(row->forwarding) &&
	       row->hash_fields <= NLB_HASH_SOURCE && is_ring_inside(r->maps, row->ring) &&
	       is_ring_free(r->image, row->ring) && !has_group_named(r->image, row->name);
}

static int read_group(struct reading *r, size_t index)
{
	struct image_group *group = &r->image->groups[index];
	struct nlb_target_group row = r->maps->target_groups[index];
	size_t size;

	if (!row.name[0])
		return 0;
	if (!is_group(r, &row)) {
		r->bad_groups++;
		return 0;
	}
	size = NLB_RING_SIZE(row.ring);
	if (!size)
		row.ring = 0;
	group->row = row;
	if (!size)
		return 0;
	group->slots = calloc(size, sizeof(*group->slots));
	if (!group->slots)
		return -ENOMEM;
	memcpy(group->slots, r->maps->slots + NLB_RING_BASE(row.ring),
	       size * sizeof(*group->slots));
	return 0;
}

static size_t count_groups(const struct nlb_maps *maps)
{
	size_t count = maps->entries[NLB_MAP_TARGET_GROUPS];

	while (count && !maps->target_groups[count - 1].name[0])
		count--;
	return count;
}

static int read_groups(struct reading *r)
{
	size_t i, count = count_groups(r->maps);
	int rc = 0;

	r->image->groups = make_array(count, sizeof(*r->image->groups));
	if (!r->image->groups)
		return -ENOMEM;
	for (i = 0; i < count && !rc; i++) {
		rc = read_group(r, i);
		r->image->group_count = i + 1;
	}
	return rc;
}

/* ---- targets, and the next hops and source addresses they refer to ---- */

static bool is_address(uint8_t family, const uint8_t address[16])
{
	if (family == NLB_IPV4)
		return is_zero(address + 4, 12);
	return family == NLB_IPV6;
}

static bool is_group_in_use(const struct nlb_image *image, uint32_t index)
{
	return index < image->group_count && image->groups[index].row.name[0];
}

static bool is_target(const struct reading *r, const struct nlb_target *row, size_t index)
{
	const uint32_t *entries = r->maps->entries;
	uint64_t snat_end = (uint64_t)NLB_SNAT_FIRST(row->snat) + NLB_SNAT_COUNT(row->snat);

	return NLB_TARGET_INDEX(row->id) == index && NLB_TARGET_GEN(row->id) &&
	       image_is_forwarding(row->forwarding) && is_address(row->family, row->address) &&
	       is_group_in_use(r->image, row->target_group) &&
	       row->nexthop < entries[NLB_MAP_NEXTHOPS] && snat_end <= entries[NLB_MAP_SNATS];
}

static uint16_t newest_generation(const struct nlb_target *row, size_t index)
{
	uint16_t generation = row->last_gen > NLB_TARGET_GEN_MAX ? 0 : row->last_gen;

	if (NLB_TARGET_INDEX(row->id) == index && NLB_TARGET_GEN(row->id) > generation)
		generation = (uint16_t)NLB_TARGET_GEN(row->id);
	return generation;
}

static void read_target(struct reading *r, size_t index)
{
	struct image_target *target = &r->image->targets[index];
	struct nlb_target row = r->maps->targets[index];

	target->last_gen = newest_generation(&row, index);
	if (!row.id)
		return;
	if (!is_target(r, &row, index)) {
		r->bad_targets++;
		return;
	}
	if (!r->maps->nexthops[row.nexthop].ifindex)
		row.nexthop = 0;
	row.last_gen = target->last_gen;
	target->row = row;
	target->takes_new = nlb_maps_is_healthy(r->maps, (uint32_t)index);
}

static size_t count_targets(const struct nlb_maps *maps)
{
	size_t count = maps->entries[NLB_MAP_TARGETS];

	while (count && !maps->targets[count - 1].id && !maps->targets[count - 1].last_gen)
		count--;
	return count;
}

static int read_targets(struct reading *r)
{
	size_t i;

	r->image->target_count = count_targets(r->maps);
	r->image->targets = make_array(r->image->target_count, sizeof(*r->image->targets));
	if (!r->image->targets)
		return -ENOMEM;
	for (i = 0; i < r->image->target_count; i++)
		read_target(r, i);
	return 0;
}

static void count_references(struct nlb_image *image)
{
	const struct nlb_target *row;
	size_t i, end;

	for (i = 0; i < image->target_count; i++) {
		row = &image->targets[i].row;
		if (!row->id)
			continue;
		if (row->nexthop >= image->nexthop_count)
			image->nexthop_count = row->nexthop + 1;
		end = NLB_SNAT_FIRST(row->snat) + NLB_SNAT_COUNT(row->snat);
		if (NLB_SNAT_COUNT(row->snat) && end > image->snat_count)
			image->snat_count = end;
	}
}

static void read_references(struct reading *r, const struct nlb_target *row)
{
	uint32_t i, first = NLB_SNAT_FIRST(row->snat);

	if (row->nexthop)
		r->image->nexthops[row->nexthop].row = r->maps->nexthops[row->nexthop];
	for (i = first; i < first + NLB_SNAT_COUNT(row->snat); i++) {
		r->image->snats[i].row = r->maps->snats[i];
		r->image->snats[i].is_used = true;
	}
}

static int read_nexthops_and_snats(struct reading *r)
{
	struct nlb_image *image = r->image;
	size_t i;

	count_references(image);
	image->nexthops = make_array(image->nexthop_count, sizeof(*image->nexthops));
	image->snats = make_array(image->snat_count, sizeof(*image->snats));
	if (!image->nexthops || !image->snats)
		return -ENOMEM;
	for (i = 0; i < image->target_count; i++)
		if (image->targets[i].row.id)
			read_references(r, &image->targets[i].row);
	return 0;
}

/* ---- slots refer to targets: only known once those are ---- */

static uint32_t known_target(const struct nlb_image *image, uint32_t id)
{
	uint32_t index = NLB_TARGET_INDEX(id);

	return id && index < image->target_count && image->targets[index].row.id == id ? id : 0;
}

static void check_slots(struct nlb_image *image)
{
	struct nlb_slot *slot, *end;
	size_t i;

	for (i = 0; i < image->group_count; i++) {
		slot = image->groups[i].slots;
		end = slot ? slot + NLB_RING_SIZE(image->groups[i].row.ring) : NULL;
		for (; slot != end; slot++) {
			slot->primary = known_target(image, slot->primary);
			slot->secondary = known_target(image, slot->secondary);
		}
	}
}

/* ---- actions, as far as listeners refer to them ---- */

static bool is_action(const struct reading *r, uint32_t index)
{
	const struct nlb_action *row = &r->maps->actions[index];

	if (index >= r->maps->entries[NLB_MAP_ACTIONS] || !row->count ||
	    row->count > NLB_ACTION_GROUPS || !row->ends[row->count - 1] ||
	    row->able >> row->count || (row->able && !row->able_ends[row->count - 1]))
		return false;
	for (uint8_t i = 0; i < row->count; i++)
		if (!is_group_in_use(r->image, row->groups[i]))
			return false;
	return true;
}

static void read_actions(struct reading *r)
{
	struct nlb_image *image = r->image;

	for (size_t i = 0; i < image->listener_count; i++) {
		const struct nlb_listener *value = &image->listeners[i].value;

		if (!(value->flags & NLB_LISTENER_ACTION))
			continue;
		image->actions = image_grow(image->actions, &image->action_count,
					    value->target_group + 1, sizeof(*image->actions));
		image->actions[value->target_group].row = r->maps->actions[value->target_group];
	}
}

/* ---- listeners ---- */

static bool is_protocol(uint8_t protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP;
}

static bool leads_somewhere(const struct reading *r, const struct nlb_listener *value)
{
	if (value->flags & NLB_LISTENER_LOCAL)
		return true;
	if (value->flags & NLB_LISTENER_ACTION)
		return is_action(r, value->target_group);
	return is_group_in_use(r->image, value->target_group);
}

static bool is_listener(const struct reading *r, const struct image_listener *listener)
{
	const struct nlb_listener_key *key = &listener->key;
	const struct nlb_listener *value = &listener->value;

	if (!is_address(key->family, key->address))
		return false;
	if (image_is_marker(key))
		return is_zero(value, sizeof(*value));
	return (is_protocol(key->protocol) || image_is_range_row(key)) &&
	       value->id < r->maps->entries[NLB_MAP_LISTENER_STATS] && leads_somewhere(r, value);
}

static int by_key(const void *a, const void *b)
{
	const struct image_listener *left = a, *right = b;

	return memcmp(&left->key, &right->key, sizeof(left->key));
}

static void sort_out_listeners(struct reading *r)
{
	struct nlb_image *image = r->image;
	struct image_listener *listener = image->listeners;
	size_t i, kept = 0;

	for (i = 0; i < image->listener_count; i++, listener++) {
		if (is_listener(r, listener)) {
			image->listeners[kept++] = *listener;
			continue;
		}
		r->bad_listeners++;
		r->undeleted += nlb_maps_delete_listener(r->maps, &listener->key) != 0;
	}
	image->listener_count = kept;
	qsort(image->listeners, kept, sizeof(*image->listeners), by_key);
}

/* Nobody else writes this map: the walk by key meets every element once. */
static int read_listeners(struct reading *r)
{
	size_t max = r->maps->entries[NLB_MAP_LISTENERS];
	int fd = r->maps->fd[NLB_MAP_LISTENERS];
	struct nlb_image *image = r->image;
	struct nlb_listener_key *last = NULL;
	struct image_listener *at;

	image->listeners = make_array(max, sizeof(*image->listeners));
	if (!image->listeners)
		return -ENOMEM;
	while (image->listener_count < max) {
		at = &image->listeners[image->listener_count];
		if (bpf_map_get_next_key(fd, last, &at->key))
			break;
		last = &at->key;
		if (!bpf_map_lookup_elem(fd, &at->key, &at->value))
			image->listener_count++;
	}
	sort_out_listeners(r);
	return 0;
}

/* ---- ranges of ports, prefixes of addresses ---- */

static bool is_vip(const struct image_vip *vip)
{
	unsigned bits = vip->key.prefix_bits - NLB_VIP_FAMILY_BITS;

	return is_address(vip->key.family, vip->key.address) &&
	       vip->key.prefix_bits >= NLB_VIP_FAMILY_BITS &&
	       bits <= (vip->key.family == NLB_IPV4 ? 32 : 128) && vip->vip &&
	       is_zero(vip->key.pad, sizeof(vip->key.pad));
}

static int by_number(const void *a, const void *b)
{
	const struct image_vip *x = a, *y = b;

	return (x->vip > y->vip) - (x->vip < y->vip);
}

/* While they are sorted by number. */
static bool is_vip_known(const struct nlb_image *image, uint32_t vip)
{
	const struct image_vip like = {.vip = vip};

	return image->vip_count &&
	       bsearch(&like, image->vips, image->vip_count, sizeof(like), by_number);
}

static bool has_row_of(const struct nlb_image *image, uint32_t id, uint8_t family)
{
	struct image_listener like;

	nlb_range_row(&like.key, id, family);
	return image->listener_count &&
	       bsearch(&like, image->listeners, image->listener_count, sizeof(like), by_key);
}

static bool has_row(const struct nlb_image *image, uint32_t id)
{
	return has_row_of(image, id, NLB_IPV4) || has_row_of(image, id, NLB_IPV6);
}

static bool is_port_range(const struct nlb_image *image, const struct image_port_range *range)
{
	return range->key.prefix_bits >= NLB_PORT_RANGE_VIP_BITS &&
	       range->key.prefix_bits <= NLB_PORT_RANGE_VIP_BITS + 16 && !range->key.pad &&
	       is_protocol(range->key.protocol) && is_vip_known(image, range->key.vip) &&
	       has_row(image, range->listener);
}

static void drop_entry(struct reading *r, enum nlb_map_id id, const void *key)
{
	r->bad_listeners++;
	r->undeleted += nlb_maps_delete(r->maps, id, key) != 0;
}

static size_t read_trie(const struct reading *r, enum nlb_map_id id, char *entries,
			size_t entry_bytes, size_t key_bytes)
{
	size_t count = 0, max = r->maps->entries[id];
	int fd = r->maps->fd[id];
	char *last = NULL, *at;

	while (count < max) {
		at = entries + count * entry_bytes;
		if (bpf_map_get_next_key(fd, last, at))
			break;
		last = at;
		if (!bpf_map_lookup_elem(fd, at, at + key_bytes))
			count++;
	}
	return count;
}

static void sort_out_vips(struct reading *r, size_t count)
{
	struct nlb_image *image = r->image;

	if (count)
		qsort(image->vips, count, sizeof(*image->vips), by_number);
	for (size_t i = 0; i < count; i++) {
		struct image_vip vip = image->vips[i];

		if (!is_vip(&vip) || vip.vip == image->last_vip) {
			drop_entry(r, NLB_MAP_VIPS, &vip.key);
			continue;
		}
		image->vips[image->vip_count++] = vip;
		image->last_vip = vip.vip;
	}
}

static void sort_out_port_ranges(struct reading *r, size_t count)
{
	struct nlb_image *image = r->image;

	for (size_t i = 0; i < count; i++) {
		struct image_port_range range = image->port_ranges[i];

		if (is_port_range(image, &range))
			image->port_ranges[image->port_range_count++] = range;
		else
			drop_entry(r, NLB_MAP_PORT_RANGES, &range.key);
	}
}

static int read_ranges(struct reading *r)
{
	struct nlb_image *image = r->image;

	_Static_assert(offsetof(struct image_vip, vip) == sizeof(struct nlb_vip_key) &&
			       offsetof(struct image_port_range, listener) ==
				       sizeof(struct nlb_port_range_key),
		       "values do not follow their keys");
	image->vips = make_array(r->maps->entries[NLB_MAP_VIPS], sizeof(*image->vips));
	image->port_ranges =
		make_array(r->maps->entries[NLB_MAP_PORT_RANGES], sizeof(*image->port_ranges));
	if (!image->vips || !image->port_ranges)
		return -ENOMEM;
	sort_out_vips(r, read_trie(r, NLB_MAP_VIPS, (char *)image->vips, sizeof(*image->vips),
				   sizeof(image->vips->key)));
	sort_out_port_ranges(r, read_trie(r, NLB_MAP_PORT_RANGES, (char *)image->port_ranges,
					  sizeof(*image->port_ranges),
					  sizeof(image->port_ranges->key)));
	image_sort_ranges(image);
	return 0;
}

/* ---- lists of sources ---- */

struct source_rows {
	struct source_row {
		struct nlb_source_key key;
		uint32_t answer;
	} *rows;
	size_t count, room;
};

static void note_source(const struct nlb_source_key *key, uint32_t answer, void *arg)
{
	struct source_rows *all = arg;

	if (all->count == all->room)
		all->rows = image_grow(all->rows, &all->room, all->room ? 2 * all->room : 1024,
				       sizeof(*all->rows));
	all->rows[all->count++] = (struct source_row){*key, answer};
}

static int by_list_and_key(const void *a, const void *b)
{
	const struct source_row *left = a, *right = b;

	if (left->key.list != right->key.list)
		return left->key.list < right->key.list ? -1 : 1;
	return memcmp(&left->key, &right->key, sizeof(left->key));
}

/* Rows of one list, of which there are `count`. A list that a crash has left unfinished is like no
 * other one, so nobody takes it for the one it was to be. */
static void add_source_list(struct nlb_image *image, const struct source_row *rows, size_t count)
{
	struct image_sources list = {.id = rows->key.list, .count = count};
	size_t room = 0, i;

	list.keys = image_grow(NULL, &room, count, sizeof(*list.keys));
	room = 0;
	list.answers = image_grow(NULL, &room, count, sizeof(*list.answers));
	for (i = 0; i < count; i++) {
		list.keys[i] = rows[i].key;
		list.answers[i] = rows[i].answer;
	}
	list.digest = image_sources_digest(&list);
	image->sources = image_grow(image->sources, &image->source_count, image->source_count + 1,
				    sizeof(*image->sources));
	image->sources[image->source_count - 1] = list;
}

static int read_sources(struct reading *r)
{
	struct source_rows all = {0};
	int rc = nlb_maps_each_source(r->maps, note_source, &all);
	size_t from = 0, i;

	if (all.count)
		qsort(all.rows, all.count, sizeof(*all.rows), by_list_and_key);
	for (i = 1; i <= all.count; i++) {
		if (i < all.count && all.rows[i].key.list == all.rows[from].key.list)
			continue;
		add_source_list(r->image, &all.rows[from], i - from);
		from = i;
	}
	free(all.rows);
	r->image->last_source_list = r->maps->settings->last_source_list;
	return rc;
}

/* ---- all of it ---- */

static void log_damage(const struct reading *r)
{
	if (r->bad_groups || r->bad_targets || r->bad_listeners)
		log_warn("nlb: pinned maps are damaged: %u target groups, %u targets and %u "
			 "listeners are left out",
			 r->bad_groups, r->bad_targets, r->bad_listeners);
	if (r->undeleted)
		log_warn("nlb: %u damaged listeners could not be deleted", r->undeleted);
}

static int read_all(struct reading *r)
{
	int rc;

	r->image->hash_key[0] = r->maps->settings->hash_key[0];
	r->image->hash_key[1] = r->maps->settings->hash_key[1];
	r->image->max_slots = r->maps->entries[NLB_MAP_SLOTS];
	rc = read_groups(r);
	if (!rc)
		rc = read_targets(r);
	if (!rc)
		rc = read_nexthops_and_snats(r);
	if (!rc)
		rc = read_listeners(r);
	if (!rc)
		rc = read_ranges(r);
	if (!rc)
		rc = read_sources(r);
	if (rc)
		return rc;
	read_actions(r);
	check_slots(r->image);
	return rc;
}

int nlb_readback(const struct nlb_maps *maps, struct nlb_image **image, struct err *err)
{
	struct reading r = {.maps = maps, .image = nlb_image_new()};
	int rc = r.image ? read_all(&r) : -ENOMEM;

	if (rc) {
		nlb_image_free(r.image);
		return err_set_errno(err, rc, "reading the pinned maps failed");
	}
	log_damage(&r);
	*image = r.image;
	return 0;
}
