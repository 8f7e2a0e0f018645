// SPDX-License-Identifier: BSD-2-Clause
/*
 * Descriptors and shared memory of the program's maps. Knows their shapes, not their meaning: the
 * order of writes is apply.c's, the checks of what a pin holds are readback.c's, who opens the
 * descriptors is object.c.
 */
#include "nlb/maps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/fd.h"

/* The widest element of a per-CPU map. */
#define PERCPU_VALUE_BYTES sizeof(struct nlb_target_count)
_Static_assert(PERCPU_VALUE_BYTES >= sizeof(struct nlb_listener_count),
	       "percpu_values is too small");
_Static_assert(PERCPU_VALUE_BYTES >= sizeof(struct nlb_count), "percpu_values is too small");

const char *nlb_map_name(enum nlb_map_id id)
{
	static const char *const names[] = {
#define X(id, name) [NLB_MAP_##id] = #name,
		NLB_MAPS(X)
#undef X
	};

	return names[id];
}

void nlb_maps_init(struct nlb_maps *maps)
{
	size_t i;

	memset(maps, 0, sizeof(*maps));
	for (i = 0; i < NLB_MAP_COUNT; i++)
		maps->fd[i] = -1;
}

static void unshare_one(struct nlb_maps *maps, enum nlb_map_id id, void *memory)
{
	if (memory)
		munmap(memory, maps->mapped_bytes[id]);
}

void nlb_maps_fini(struct nlb_maps *maps)
{
	size_t i;

	unshare_one(maps, NLB_MAP_SETTINGS, maps->settings);
	unshare_one(maps, NLB_MAP_ACTIONS, maps->actions);
	unshare_one(maps, NLB_MAP_TARGET_GROUPS, maps->target_groups);
	unshare_one(maps, NLB_MAP_SLOTS, maps->slots);
	unshare_one(maps, NLB_MAP_TARGETS, maps->targets);
	unshare_one(maps, NLB_MAP_HEALTH, maps->health);
	unshare_one(maps, NLB_MAP_NEXTHOPS, maps->nexthops);
	unshare_one(maps, NLB_MAP_SNATS, maps->snats);
	for (i = 0; i < NLB_MAP_COUNT; i++)
		fd_close(&maps->fd[i]);
	free(maps->percpu_values);
	nlb_maps_init(maps);
}

static int learn_entries(struct nlb_maps *maps, enum nlb_map_id id)
{
	struct bpf_map_info info = {0};
	__u32 len = sizeof(info);

	if (bpf_obj_get_info_by_fd(maps->fd[id], &info, &len))
		return -errno;
	maps->entries[id] = info.max_entries;
	return 0;
}

static int share_one(struct nlb_maps *maps, enum nlb_map_id id, size_t value_bytes, void **memory)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t bytes = maps->entries[id] * value_bytes;
	void *at;

	bytes = (bytes + page - 1) / page * page;
	at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, maps->fd[id], 0);
	if (at == MAP_FAILED)
		return -errno;
	maps->mapped_bytes[id] = bytes;
	*memory = at;
	return 0;
}

#define SHARE(id, member) share_one(maps, id, sizeof(*maps->member), (void **)&maps->member)

static int share_all(struct nlb_maps *maps)
{
	int rc = SHARE(NLB_MAP_SETTINGS, settings);

	if (!rc)
		rc = SHARE(NLB_MAP_ACTIONS, actions);
	if (!rc)
		rc = SHARE(NLB_MAP_TARGET_GROUPS, target_groups);
	if (!rc)
		rc = SHARE(NLB_MAP_SLOTS, slots);
	if (!rc)
		rc = SHARE(NLB_MAP_TARGETS, targets);
	if (!rc)
		rc = SHARE(NLB_MAP_HEALTH, health);
	if (!rc)
		rc = SHARE(NLB_MAP_NEXTHOPS, nexthops);
	if (!rc)
		rc = SHARE(NLB_MAP_SNATS, snats);
	return rc;
}

static int make_percpu_room(struct nlb_maps *maps)
{
	maps->cpus = libbpf_num_possible_cpus();
	if (maps->cpus < 0)
		return maps->cpus;
	maps->percpu_values = calloc((size_t)maps->cpus, PERCPU_VALUE_BYTES);
	return maps->percpu_values ? 0 : -ENOMEM;
}

int nlb_maps_share(struct nlb_maps *maps, struct err *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < NLB_MAP_COUNT && !rc; i++)
		rc = learn_entries(maps, i);
	if (!rc)
		rc = share_all(maps);
	if (!rc)
		rc = make_percpu_room(maps);
	if (rc)
		return err_set_errno(err, rc, "mapping the BPF maps into memory failed");
	return 0;
}

int nlb_maps_put_listener(const struct nlb_maps *maps, const struct nlb_listener_key *key,
			  const struct nlb_listener *value)
{
	int fd = maps->fd[NLB_MAP_LISTENERS];

	return bpf_map_update_elem(fd, key, value, BPF_ANY) ? -errno : 0;
}

int nlb_maps_delete_listener(const struct nlb_maps *maps, const struct nlb_listener_key *key)
{
	return bpf_map_delete_elem(maps->fd[NLB_MAP_LISTENERS], key) ? -errno : 0;
}

int nlb_maps_put_number(const struct nlb_maps *maps, enum nlb_map_id id, const void *key,
			uint32_t value)
{
	return bpf_map_update_elem(maps->fd[id], key, &value, BPF_ANY) ? -errno : 0;
}

int nlb_maps_delete(const struct nlb_maps *maps, enum nlb_map_id id, const void *key)
{
	return bpf_map_delete_elem(maps->fd[id], key) ? -errno : 0;
}

int nlb_maps_each_source(const struct nlb_maps *maps, nlb_maps_source_fn *fn, void *arg)
{
	struct nlb_source_key key, next, *last = NULL;
	int fd = maps->fd[NLB_MAP_SOURCES];
	uint32_t answer;

	while (!bpf_map_get_next_key(fd, last, &next)) {
		key = next;
		last = &key;
		if (!bpf_map_lookup_elem(fd, &key, &answer))
			fn(&key, answer, arg);
	}
	return errno == ENOENT ? 0 : -errno;
}

int nlb_maps_put_source(const struct nlb_maps *maps, const struct nlb_source_key *key,
			uint32_t answer)
{
	return bpf_map_update_elem(maps->fd[NLB_MAP_SOURCES], key, &answer, BPF_ANY) ? -errno : 0;
}

int nlb_maps_delete_source(const struct nlb_maps *maps, const struct nlb_source_key *key)
{
	return bpf_map_delete_elem(maps->fd[NLB_MAP_SOURCES], key) ? -errno : 0;
}

int nlb_maps_sum(const struct nlb_maps *maps, enum nlb_map_id id, uint32_t index, uint64_t *words,
		 size_t count)
{
	const uint64_t *values = maps->percpu_values;
	size_t i;
	int cpu;

	if (bpf_map_lookup_elem(maps->fd[id], &index, maps->percpu_values))
		return -errno;
	memset(words, 0, count * sizeof(*words));
	for (cpu = 0; cpu < maps->cpus; cpu++)
		for (i = 0; i < count; i++)
			words[i] += values[(size_t)cpu * count + i];
	return 0;
}

int nlb_maps_zero(const struct nlb_maps *maps, enum nlb_map_id id, uint32_t index, size_t count)
{
	memset(maps->percpu_values, 0, (size_t)maps->cpus * count * sizeof(uint64_t));
	return bpf_map_update_elem(maps->fd[id], &index, maps->percpu_values, BPF_ANY) ? -errno : 0;
}
