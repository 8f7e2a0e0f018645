// SPDX-License-Identifier: BSD-2-Clause
#include "tables.h"

#include <bpf/bpf.h>
#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

enum { BATCH = 4096, MAPS_MAX = 256, KEY_MAX = 256 };

static struct bpf_map_info info_of(int map)
{
	struct bpf_map_info info = {0};
	uint32_t bytes = sizeof(info);

	if (bpf_obj_get_info_by_fd(map, &info, &bytes))
		err(1, "a map says nothing of itself");
	return info;
}

void tables_empty(int map)
{
	struct bpf_map_info info = info_of(map);
	void *keys = calloc(BATCH, info.key_size);
	void *values = calloc(BATCH, info.value_size);
	uint32_t next[KEY_MAX / 4], count;
	int error = 0;

	if (!keys || !values)
		err(1, "no memory");
	while (!error) {
		count = BATCH;
		error = bpf_map_lookup_and_delete_batch(map, NULL, next, keys, values, &count,
							NULL);
	}
	if (errno != ENOENT)
		err(1, "table '%s' can't be emptied", info.name);
	free(values);
	free(keys);
}

static bool is_lru(const struct bpf_map_info *info)
{
	return info->type == BPF_MAP_TYPE_LRU_HASH;
}

static bool is_of_maps(const struct bpf_map_info *info)
{
	return info->type == BPF_MAP_TYPE_ARRAY_OF_MAPS || info->type == BPF_MAP_TYPE_HASH_OF_MAPS;
}

static void empty_by_id(uint32_t id);

static void empty_inner(int outer)
{
	uint8_t key[KEY_MAX];
	void *at = NULL;
	uint32_t id;

	while (!bpf_map_get_next_key(outer, at, key)) {
		at = key;
		if (!bpf_map_lookup_elem(outer, key, &id))
			empty_by_id(id);
	}
}

static void empty_by_id(uint32_t id)
{
	struct bpf_map_info info;
	int map = bpf_map_get_fd_by_id(id);

	if (map < 0)
		err(1, "map %u", id);
	info = info_of(map);
	if (info.key_size <= KEY_MAX && is_lru(&info))
		tables_empty(map);
	else if (info.key_size <= KEY_MAX && is_of_maps(&info))
		empty_inner(map);
	close(map);
}

void tables_empty_lru(int program)
{
	uint32_t ids[MAPS_MAX], i;
	struct bpf_prog_info info = {.nr_map_ids = MAPS_MAX, .map_ids = (uint64_t)(uintptr_t)ids};
	uint32_t bytes = sizeof(info);

	if (bpf_obj_get_info_by_fd(program, &info, &bytes))
		err(1, "a program says nothing of itself");
	for (i = 0; i < info.nr_map_ids && i < MAPS_MAX; i++)
		empty_by_id(ids[i]);
}
