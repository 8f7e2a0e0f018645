/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Images as values: made, grown, freed, asked. Who fills them: compile.c, readback.c. The questions
 * that need the arithmetic of the data path are in select.c.
 */
#include "nlb/image.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

struct nlb_image *nlb_image_new(void)
{
	struct nlb_image *image = calloc(1, sizeof(*image));

	if (!image)
		abort();
	image->max_slots = NLB_MAX_SLOTS;
	return image;
}

void image_sources_fini(struct image_sources *list)
{
	free(list->keys);
	free(list->answers);
	list->keys = NULL;
	list->answers = NULL;
	list->count = 0;
}

void nlb_image_free(struct nlb_image *image)
{
	if (!image)
		return;
	for (size_t i = 0; i < image->group_count; i++)
		free(image->groups[i].slots);
	for (size_t i = 0; i < image->source_count; i++)
		image_sources_fini(&image->sources[i]);
	free(image->sources);
	free(image->listeners);
	free(image->vips);
	free(image->port_ranges);
	free(image->actions);
	free(image->groups);
	free(image->targets);
	free(image->nexthops);
	free(image->snats);
	free(image->holes);
	free(image);
}

void *image_grow(void *array, size_t *count, size_t wanted, size_t element_bytes)
{
	char *grown;

	if (array && wanted <= *count)
		return array;
	if (wanted < *count)
		wanted = *count;
	grown = realloc(array, (wanted ? wanted : 1) * element_bytes);
	if (!grown)
		abort();
	memset(grown + *count * element_bytes, 0, (wanted - *count) * element_bytes);
	*count = wanted;
	return grown;
}

/* What the key says but for the list. */
static struct nlb_source_key nameless(const struct nlb_source_key *key)
{
	struct nlb_source_key copy = *key;

	copy.list = 0;
	return copy;
}

uint64_t image_sources_digest(const struct image_sources *list)
{
	uint64_t digest = 0;

	for (size_t i = 0; i < list->count; i++) {
		struct nlb_source_key key = nameless(&list->keys[i]);

		digest = hash_fnv1a(digest, &key, sizeof(key));
		digest = hash_fnv1a(digest, &list->answers[i], sizeof(list->answers[i]));
	}
	return digest ? digest : 1;
}

uint8_t image_family(uint16_t af)
{
	return af == AF_INET6 || af == NLB_IPV6 ? NLB_IPV6 : NLB_IPV4;
}

bool image_is_translating(uint8_t forwarding)
{
	return forwarding == NLB_FORWARD_NAT || forwarding == NLB_FORWARD_DNAT;
}

bool image_is_forwarding(uint8_t forwarding)
{
	return image_is_translating(forwarding) || forwarding == NLB_FORWARD_L2 ||
	       nlb_encap_bytes(forwarding, NLB_IPV4);
}

bool image_group_name(const char *group, uint8_t family, char name[48])
{
	int len;

	memset(name, 0, 48);
	len = snprintf(name, 48, "%s/%s", group ? group : "", family == NLB_IPV6 ? "ipv6" : "ipv4");
	return len > 0 && len < 48;
}

static const struct image_group *find_group(const struct nlb_image *image, const char *group,
					    uint8_t family)
{
	char name[48];

	if (!image_group_name(group, family, name))
		return NULL;
	for (size_t i = 0; i < image->group_count; i++)
		if (!strcmp(image->groups[i].row.name, name))
			return &image->groups[i];
	return NULL;
}

static bool is_target_at(const struct nlb_target *row, uint32_t group, const struct addr *address,
			 uint16_t port)
{
	return row->id && row->target_group == group && row->port == htons(port) &&
	       !memcmp(row->address, address->bytes, sizeof(row->address));
}

int nlb_image_target_index(const struct nlb_image *image, const char *group,
			   const struct addr *address, uint16_t port)
{
	const struct image_group *found = find_group(image, group, image_family(address->family));

	if (!found)
		return -1;
	for (size_t i = 0; i < image->target_count; i++)
		if (is_target_at(&image->targets[i].row, (uint32_t)(found - image->groups), address,
				 port))
			return (int)i;
	return -1;
}

bool nlb_image_takes_new(const struct nlb_image *image, const char *group,
			 const struct addr *address, uint16_t port)
{
	int index = nlb_image_target_index(image, group, address, port);

	return index >= 0 && image->targets[index].takes_new;
}

int nlb_image_listener_id(const struct nlb_image *image, const char *listener_name)
{
	for (size_t i = 0; i < image->listener_count; i++) {
		const struct image_listener *listener = &image->listeners[i];

		if (listener->name[0] && !strcmp(listener->name, listener_name))
			return (int)listener->value.id;
	}
	return -1;
}

static int by_name(const void *a, const void *b)
{
	const struct image_group *x = *(const struct image_group *const *)a,
				 *y = *(const struct image_group *const *)b;

	return strcmp(x->row.name, y->row.name);
}

bool nlb_image_has_listeners(const struct nlb_image *image)
{
	return image->listener_count > 0;
}

uint64_t nlb_image_digest(const struct nlb_image *image)
{
	const struct image_group **order = calloc(image->group_count + 1, sizeof(*order));
	size_t used = 0;
	uint64_t digest = 0;

	if (!order)
		abort();
	for (size_t i = 0; i < image->group_count; i++)
		if (image->groups[i].row.name[0])
			order[used++] = &image->groups[i];
	qsort(order, used, sizeof(const struct image_group *), by_name);
	for (size_t i = 0; i < used; i++) {
		digest = hash_fnv1a(digest, order[i]->row.name, sizeof(order[i]->row.name));
		digest = hash_fnv1a(digest, &order[i]->members_digest,
				    sizeof(order[i]->members_digest));
	}
	free(order);
	return digest;
}

unsigned nlb_image_primary_slots(const struct nlb_image *image, const char *group,
				 const struct addr *address, uint16_t port)
{
	const struct image_group *found = find_group(image, group, image_family(address->family));
	int index = nlb_image_target_index(image, group, address, port);
	unsigned slots = 0;

	if (index < 0 || !found->slots)
		return 0;
	for (uint32_t i = 0; i < NLB_RING_SIZE(found->row.ring); i++)
		slots += found->slots[i].primary == image->targets[index].row.id;
	return slots;
}

unsigned nlb_image_ring_size(const struct nlb_image *image, const char *group, uint8_t family)
{
	const struct image_group *found = find_group(image, group, image_family(family));

	return found ? NLB_RING_SIZE(found->row.ring) : 0;
}
