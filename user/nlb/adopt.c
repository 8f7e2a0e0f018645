// SPDX-License-Identifier: BSD-2-Clause
/*
 * Does what is pinned fit this object? Maps by their shapes and the ABI number in `settings`, the
 * program by the digest of the object it came from and by the maps it works on. A pin is untrusted:
 * whatever does not fit is left alone and made anew (object.c).
 */
#include "nlb/adopt.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/fd.h"
#include "base/log.h"
#include "nlb/object_bytes.h"

/* ---- maps ---- */

/* The kernel adds this flag to device maps by itself. */
static uint32_t comparable_flags(uint32_t type, uint32_t flags)
{
	if (type == BPF_MAP_TYPE_DEVMAP || type == BPF_MAP_TYPE_DEVMAP_HASH)
		flags &= ~(uint32_t)BPF_F_RDONLY_PROG;
	return flags;
}

/* NULL, or how the pinned map differs. */
static const char *difference(const struct bpf_map *wanted, const struct bpf_map_info *pinned)
{
	static char entries[64];

	if (bpf_map__type(wanted) != pinned->type)
		return "is of another type";
	if (bpf_map__key_size(wanted) != pinned->key_size)
		return "has keys of another size";
	if (bpf_map__value_size(wanted) != pinned->value_size)
		return "has values of another size";
	if (comparable_flags(pinned->type, bpf_map__map_flags(wanted)) !=
	    comparable_flags(pinned->type, pinned->map_flags))
		return "has other flags";
	if (bpf_map__max_entries(wanted) == pinned->max_entries)
		return NULL;
	snprintf(entries, sizeof(entries), "has %u entries, %u are wanted", pinned->max_entries,
		 bpf_map__max_entries(wanted));
	return entries;
}

static const char *adopt_map(struct nlb *nlb, struct bpf_object *object, enum nlb_map_id id)
{
	struct bpf_map *wanted = bpf_object__find_map_by_name(object, nlb_map_name(id));
	struct bpf_map_info info = {0};
	__u32 len = sizeof(info);
	int fd = nlb_pins_get(&nlb->pins, nlb_map_name(id));

	if (fd == -ENOENT)
		return "is missing";
	if (fd < 0)
		return "is no map of ours";
	nlb->maps.fd[id] = fd;
	if (!wanted || bpf_obj_get_info_by_fd(fd, &info, &len))
		return "is no map";
	return difference(wanted, &info);
}

static const char *check_abi(const struct nlb *nlb)
{
	struct nlb_settings settings = {0};
	uint32_t zero = 0;

	if (bpf_map_lookup_elem(nlb->maps.fd[NLB_MAP_SETTINGS], &zero, &settings))
		return "can't be read";
	return settings.abi == NLB_ABI ? NULL : "is of another version of Leat";
}

static bool has_any_map(const struct nlb *nlb)
{
	int id, fd;

	for (id = 0; id < NLB_MAP_COUNT; id++) {
		fd = nlb_pins_get(&nlb->pins, nlb_map_name(id));
		if (fd != -ENOENT) {
			fd_close(&fd);
			return true;
		}
	}
	return false;
}

static void log_new_maps(const struct nlb *nlb, enum nlb_map_id id, const char *why)
{
	if (has_any_map(nlb))
		log_warn("nlb: pinned map '%s' %s: starting with new maps, known flows are lost",
			 nlb_map_name(id), why);
}

bool nlb_adopt_maps(struct nlb *nlb, struct bpf_object *object)
{
	enum nlb_map_id id = NLB_MAP_SETTINGS;
	const char *why = NULL;
	int i;

	for (i = 0; i < NLB_MAP_COUNT && !why; i++) {
		id = (enum nlb_map_id)i;
		why = adopt_map(nlb, object, id);
	}
	if (!why) {
		id = NLB_MAP_SETTINGS;
		why = check_abi(nlb);
	}
	if (!why)
		return true;
	log_new_maps(nlb, id, why);
	nlb_maps_fini(&nlb->maps);
	return false;
}

/* ---- the program ---- */

#define PROGRAM_MAPS_MAX 64

struct program_info {
	struct bpf_prog_info info;
	uint32_t map_ids[PROGRAM_MAPS_MAX];
};

static int get_program_info(int fd, struct program_info *program)
{
	__u32 len = sizeof(program->info);

	memset(program, 0, sizeof(*program));
	program->info.map_ids = (uintptr_t)program->map_ids;
	program->info.nr_map_ids = PROGRAM_MAPS_MAX;
	return bpf_obj_get_info_by_fd(fd, &program->info, &len) ? -errno : 0;
}

static bool is_map_of_ours(const struct nlb *nlb, uint32_t map_id)
{
	struct bpf_map_info info;
	__u32 len;
	int id;

	for (id = 0; id < NLB_MAP_COUNT; id++) {
		memset(&info, 0, sizeof(info));
		len = sizeof(info);
		if (!bpf_obj_get_info_by_fd(nlb->maps.fd[id], &info, &len) && info.id == map_id)
			return true;
	}
	return false;
}

static bool is_pinned(const struct bpf_map *map)
{
	for (int id = 0; id < NLB_MAP_COUNT; id++)
		if (!strcmp(bpf_map__name(map), nlb_map_name((enum nlb_map_id)id)))
			return true;
	return false;
}

/* The program's own: what the compiler makes for constants, and what only it reads (token
 * buckets). Pinned nowhere, new with every program. */
static unsigned count_unpinned_maps(const struct bpf_object *object)
{
	const struct bpf_map *map;
	unsigned count = 0;

	bpf_object__for_each_map(map, object) count += !is_pinned(map);
	return count;
}

/* The pin says it is our program; does it also work on the pinned maps? */
static bool uses_our_maps(const struct nlb *nlb, const struct bpf_object *object,
			  const struct program_info *program)
{
	uint32_t i, strangers = 0;

	if (program->info.nr_map_ids > PROGRAM_MAPS_MAX)
		return false;
	for (i = 0; i < program->info.nr_map_ids; i++)
		strangers += !is_map_of_ours(nlb, program->map_ids[i]);
	return strangers <= count_unpinned_maps(object);
}

bool nlb_adopt_program(struct nlb *nlb, const struct bpf_object *object)
{
	struct program_info program;
	int fd;

	if (nlb->maps.settings->object_digest != nlb_object_digest())
		return false;
	fd = nlb_pins_get(&nlb->pins, NLB_PIN_PROGRAM);
	if (fd < 0)
		return false;
	if (get_program_info(fd, &program) || program.info.type != BPF_PROG_TYPE_XDP ||
	    !uses_our_maps(nlb, object, &program)) {
		fd_close(&fd);
		return false;
	}
	nlb->prog_fd = fd;
	nlb->prog_id = program.info.id;
	return true;
}
