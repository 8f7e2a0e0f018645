/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the maps hold, or shall hold: the ABI's rows in memory, private to user/nlb. Made by compile.c (pure) or by maps.c (read back
 * from pinned maps at a restart; then everything in it is checked, for a pin is untrusted).
 *
 * Invariants: a row is in use when target_groups[i].name[0], targets[i].id, nexthops[i].ifindex, snats[i] counted … say so;
 * rings of in-use groups do not overlap; index 0 of nexthops is unused; the arrays are as long as their `count` (at least the highest
 * index in use + 1: free rows keep their generation and the time they were freed), what is beyond is free.
 *
 * A free row is all zero but for row.last_gen of a target. Every array, and slots of every group, is heap memory of its own that
 * nlb_image_free() gives back; grow them with image_grow().
 */
#ifndef LEAT_NLB_IMAGE_H
#define LEAT_NLB_IMAGE_H

#include "leat/nlb_encap.h"
#include "nlb/nlb.h"

struct image_listener {
	struct nlb_listener_key key; /* port 0 and protocol 0: the marker "this address is a VIP" (value all zero, for fragments) */
	struct nlb_listener value;
	char name[64]; /* "edge/TCP:80"; empty when read back from a pin (value.name_hash tells) */
};

struct image_vip {
	struct nlb_vip_key key;
	uint32_t vip;
};

struct image_port_range {
	struct nlb_port_range_key key;
	uint32_t listener; /* id; its rows are in listeners */
};

struct image_action {
	struct nlb_action row; /* count 0: free */
	uint64_t freed_ms;
};

struct image_group {
	struct nlb_target_group row; /* row.name is "web/ipv4" or "web/ipv6" */
	struct nlb_slot *slots;	     /* NLB_RING_SIZE(row.ring) of them, what stands at NLB_RING_BASE(row.ring); NULL when empty */
	uint64_t members_digest;     /* of what the primary column is a function of: ring size, targets in ring, weights, key; 0: unknown (read back) */
	uint64_t secondary_digest;   /* of that and the set of targets that take new flows */
	uint64_t freed_ms;	     /* when the index was freed; 0: never or long ago */
};

struct image_target {
	struct nlb_target row;
	bool takes_new; /* its health bit */
	uint16_t last_gen;  /* newest generation this index had (as row.last_gen, or 0: unknown); survives freeing */
	uint64_t freed_ms;  /* when it was freed; 0: never or long ago */
};

struct image_nexthop {
	struct nlb_nexthop row; /* ifindex 0: free */
	uint64_t freed_ms;
};

struct image_snat {
	struct nlb_snat row;
	bool is_used;
	uint64_t freed_ms;
};

struct image_sources { /* a list of sources; never changed */
	uint16_t id;
	struct nlb_source_key *keys; /* sorted by bytes; key.list is the id */
	uint32_t *answers;	     /* enum nlb_source_answer, by key */
	size_t count;
	uint64_t digest; /* of keys (but for the id) and answers */
};

struct image_hole { /* slots given up less than NLB_GRACE_MS ago: not handed out yet */
	uint32_t base, size;
	uint64_t freed_ms;
};

struct nlb_image {
	uint64_t hash_key[2];
	struct image_listener *listeners; /* sorted by key bytes */
	size_t listener_count;
	struct image_vip *vips; /* sorted by key bytes */
	size_t vip_count;
	uint32_t last_vip; /* the highest number ever given: numbers are not used again */
	struct image_port_range *port_ranges; /* sorted by key bytes */
	size_t port_range_count;
	struct image_action *actions;
	size_t action_count;
	struct image_group *groups;
	size_t group_count;
	struct image_target *targets;
	size_t target_count;
	struct image_nexthop *nexthops;
	size_t nexthop_count;
	struct image_snat *snats;
	size_t snat_count;
	struct image_sources *sources;
	size_t source_count; /* lists; all of them are in use */
	uint16_t last_source_list; /* the id given last */
	struct image_hole *holes;
	size_t hole_count;
	uint32_t max_slots; /* NLB_MAX_SLOTS unless a test says otherwise */
};

/* Makes a heap array of *count elements at least `wanted` long: new elements are zero, *count becomes the larger of the two. Returns
 * the (perhaps moved) array. Aborts when out of memory. */
void *image_grow(void *array, size_t *count, size_t wanted, size_t element_bytes);

void image_sources_fini(struct image_sources *list);
/* Equal for lists that answer alike, whatever their ids; never 0. */
uint64_t image_sources_digest(const struct image_sources *list);

/* "web/ipv4": how a group is called in the image, into name[48]. False when it does not fit. */
bool image_group_name(const char *group, uint8_t family, char name[48]);
/* Is there such an enum nlb_forwarding; does it replace addresses, so that targets answer through Leat? */
bool image_is_forwarding(uint8_t forwarding);
bool image_is_translating(uint8_t forwarding);
/* enum nlb_family of AF_INET, AF_INET6 (or of itself) */
uint8_t image_family(uint16_t af);

/* The entry with this key, by bisection; NULL: there is none. */
const struct image_vip *image_find_vip(const struct nlb_image *image, const struct nlb_vip_key *key);
const struct image_port_range *image_find_port_range(const struct nlb_image *image, const struct nlb_port_range_key *key);
/* Brings vips and port_ranges into the order of their keys. */
void image_sort_ranges(struct nlb_image *image);
/* "203.0.113.0/28" of a key into text; returns text. */
#define IMAGE_VIP_TEXT_MAX 64
char *image_vip_format(const struct nlb_vip_key *key, char text[IMAGE_VIP_TEXT_MAX]);
/* Not a packet's key: the marker of a VIP; the row that ranges of ports point to. */
bool image_is_marker(const struct nlb_listener_key *key);
bool image_is_range_row(const struct nlb_listener_key *key);

#endif
