/* SPDX-License-Identifier: BSD-2-Clause */
/* Loading, filling, pinning and reading the programs' maps. */
#include "program.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/magic.h>

#include "base/base.h"
#include "base/fd.h"
#include "decap.skel.h"

static const char *const map_names[] = {"decap_settings", "decap_vips", "decap_own", "decap_stats"};
static const char *const program_names[] = {"decap_xdp", "decap_tc", "decap_mss"};

/* ---- what libbpf says ---- */

static char last_warning[256];

static int on_print(enum libbpf_print_level level, const char *fmt, va_list args)
{
	char text[sizeof(last_warning)];

	if (level != LIBBPF_WARN)
		return 0;
	vsnprintf(text, sizeof(text), fmt, args);
	text[strcspn(text, "\n")] = '\0';
	if (strstr(text, "failed"))
		memcpy(last_warning, text, sizeof(text));
	return 0;
}

void program_quiet(void)
{
	last_warning[0] = '\0';
	libbpf_set_print(on_print);
}

static int refuse_load(int rc, struct err *err)
{
	if (rc == -EPERM || rc == -EACCES)
		return err_set(err, rc, "loading the programs is not permitted: run as root");
	return err_set(err, rc,
		       "the kernel refuses the programs (Linux 6.1 or newer is needed): %s",
		       last_warning[0] ? last_warning : strerror(-rc));
}

/* ---- the directory ---- */

char *program_path(const char *dir, const char *name, char *path)
{
	snprintf(path, PATH_MAX, "%s/%s", dir, name);
	return path;
}

static int make_dir(const char *dir, struct err *err)
{
	struct statfs fs;
	int rc = fd_make_dirs(dir, 0700, err);

	if (rc)
		return rc;
	if (!statfs(dir, &fs) && (unsigned long)fs.f_type == BPF_FS_MAGIC)
		return 0;
	rmdir(dir);
	return err_set(err, -ENODEV,
		       "'%s' is not on a bpf file system: mount one with 'mount -t bpf bpf "
		       "/sys/fs/bpf', or name another with --bpffs",
		       dir);
}

/* ---- load ---- */

static int set_pin_paths(struct decap *skeleton, const char *dir)
{
	char path[PATH_MAX];
	struct bpf_map *map;
	size_t i;
	int rc = 0;

	for (i = 0; !rc && i < ARRAY_SIZE(map_names); i++) {
		map = bpf_object__find_map_by_name(skeleton->obj, map_names[i]);
		rc = bpf_map__set_pin_path(map, program_path(dir, map_names[i], path));
	}
	return rc;
}

static int try_load(struct program *program)
{
	int rc;

	program->skeleton = decap__open();
	if (!program->skeleton)
		return -errno;
	rc = set_pin_paths(program->skeleton, program->dir);
	if (!rc)
		rc = decap__load(program->skeleton);
	if (rc)
		program_close(program);
	return rc;
}

static void unpin_all(const char *dir, const char *const names[], size_t count)
{
	char path[PATH_MAX];
	size_t i;

	for (i = 0; i < count; i++)
		unlink(program_path(dir, names[i], path));
}

/* A pin is replaced by a name that stands ready. */
static int pin_program(const struct program *program, const char *name, struct err *err)
{
	char path[PATH_MAX], next[PATH_MAX];
	int rc;

	program_path(program->dir, name, path);
	program_path(program->dir, "next_program", next);
	unlink(next);
	rc = bpf_obj_pin(program_fd(program, name), next) || rename(next, path) ? -errno : 0;
	return rc ? err_set_errno(err, rc, "pinning '%s' failed", path) : 0;
}

/* Maps of another layout (another version's) can't be taken over: they go, and their counts. */
int program_load(struct program *program, const char *dir, struct err *err)
{
	size_t i;
	int rc;

	*program = (struct program){.dir = dir};
	rc = make_dir(dir, err);
	if (rc)
		return rc;
	program_quiet();
	rc = try_load(program);
	if (rc == -EINVAL) {
		unpin_all(dir, map_names, ARRAY_SIZE(map_names));
		rc = try_load(program);
	}
	if (rc)
		return refuse_load(rc, err);
	for (i = 0; !rc && i < ARRAY_SIZE(program_names); i++)
		rc = pin_program(program, program_names[i], err);
	if (rc)
		program_close(program);
	return rc;
}

void program_close(struct program *program)
{
	decap__destroy(program->skeleton);
	program->skeleton = NULL;
}

int program_fd(const struct program *program, const char *name)
{
	return bpf_program__fd(bpf_object__find_program_by_name(program->skeleton->obj, name));
}

/* ---- fill ---- */

static int refuse_map(const char *name, struct err *err)
{
	return err_set_errno(err, -errno, "map '%s': update failed", name);
}

static int fill_settings(const struct program *program, const struct state *state,
			 const struct own_addresses *own, struct err *err)
{
	struct decap_settings settings = {
		.flags = state->second_hop ? DECAP_SECOND_HOP : 0,
		.gue_port = htons(state->gue_port),
		.mss4 = state->mss4,
		.mss6 = state->mss6,
	};
	uint32_t zero = 0;

	memcpy(&settings.source4, own->source4.bytes, 4);
	memcpy(settings.source6.bytes, own->source6.bytes, 16);
	if (bpf_map_update_elem(bpf_map__fd(program->skeleton->maps.decap_settings), &zero,
				&settings, BPF_ANY))
		return refuse_map("decap_settings", err);
	return 0;
}

/* Removes from a map what `is_kept` does not know. Keys are collected first: deleting while walking
 * starts the walk anew. */
static void remove_others(int fd, size_t key_bytes, size_t most,
			  bool (*is_kept)(const void *key, const void *arg), const void *arg)
{
	char *keys = calloc(most, key_bytes), *last = NULL;
	size_t count = 0, i;

	if (!keys)
		return;
	while (count < most && !bpf_map_get_next_key(fd, last, keys + count * key_bytes))
		last = keys + count++ * key_bytes;
	for (i = 0; i < count; i++)
		if (!is_kept(keys + i * key_bytes, arg))
			bpf_map_delete_elem(fd, keys + i * key_bytes);
	free(keys);
}

static bool is_vip_kept(const void *key, const void *arg)
{
	const struct vips *vips = arg;
	struct decap_vip vip;
	size_t i;

	for (i = 0; i < vips->count; i++) {
		vip_to_key(&vips->at[i], &vip);
		if (!memcmp(&vip, key, sizeof(vip)))
			return true;
	}
	return false;
}

static int fill_vips(const struct program *program, const struct vips *vips, struct err *err)
{
	int fd = bpf_map__fd(program->skeleton->maps.decap_vips);
	struct decap_vip key;
	uint32_t nothing = 0;
	size_t i;

	for (i = 0; i < vips->count; i++) {
		vip_to_key(&vips->at[i], &key);
		if (bpf_map_update_elem(fd, &key, &nothing, BPF_ANY))
			return refuse_map("decap_vips", err);
	}
	remove_others(fd, sizeof(key), DECAP_MAX_VIPS, is_vip_kept, vips);
	return 0;
}

static bool is_own_kept(const void *key, const void *arg)
{
	const struct own_addresses *own = arg;
	struct decap_address address;
	size_t i;

	for (i = 0; i < own->count; i++) {
		addr_to_key(&own->at[i], &address);
		if (!memcmp(&address, key, sizeof(address)))
			return true;
	}
	return false;
}

static int fill_own(const struct program *program, const struct own_addresses *own, struct err *err)
{
	int fd = bpf_map__fd(program->skeleton->maps.decap_own);
	struct decap_address key;
	uint32_t nothing = 0;
	size_t i;

	remove_others(fd, sizeof(key), DECAP_MAX_ADDRESSES, is_own_kept, own);
	for (i = 0; i < own->count; i++) {
		addr_to_key(&own->at[i], &key);
		if (bpf_map_update_elem(fd, &key, &nothing, BPF_ANY))
			return refuse_map("decap_own", err);
	}
	return 0;
}

int program_fill(const struct program *program, const struct state *state,
		 const struct own_addresses *own, struct err *err)
{
	int rc = fill_settings(program, state, own, err);

	if (!rc)
		rc = fill_own(program, own, err);
	return rc ? rc : fill_vips(program, &state->vips, err);
}

/* ---- what is pinned ---- */

static int open_pin(const char *dir, const char *name)
{
	char path[PATH_MAX];
	int fd = bpf_obj_get(program_path(dir, name, path));

	return fd < 0 ? -errno : fd;
}

uint32_t program_pinned_id(const char *dir, const char *name)
{
	struct bpf_prog_info info = {0};
	uint32_t len = sizeof(info);
	int fd = open_pin(dir, name);

	if (fd < 0)
		return 0;
	if (bpf_obj_get_info_by_fd(fd, &info, &len))
		info.id = 0;
	fd_close(&fd);
	return info.id;
}

int program_read_stats(const char *dir, struct decap_count counts[DECAP_MAX_VERDICTS])
{
	int cpus = libbpf_num_possible_cpus(), fd = open_pin(dir, "decap_stats"), cpu, rc = 0;
	struct decap_count *of_cpu;
	uint32_t i;

	memset(counts, 0, DECAP_MAX_VERDICTS * sizeof(*counts));
	if (fd < 0 || cpus < 1)
		return fd < 0 ? fd : cpus;
	of_cpu = calloc((size_t)cpus, sizeof(*of_cpu));
	if (!of_cpu)
		rc = -ENOMEM;
	for (i = 0; !rc && i < DECAP_VERDICT_COUNT; i++) {
		if (bpf_map_lookup_elem(fd, &i, of_cpu))
			rc = -errno;
		for (cpu = 0; !rc && cpu < cpus; cpu++) {
			counts[i].packets += of_cpu[cpu].packets;
			counts[i].bytes += of_cpu[cpu].bytes;
		}
	}
	free(of_cpu);
	fd_close(&fd);
	return rc;
}

int program_has_own(const char *dir, const struct addr *addr)
{
	int fd = open_pin(dir, "decap_own"), rc;
	struct decap_address key;
	uint32_t nothing;

	if (fd < 0)
		return fd;
	addr_to_key(addr, &key);
	rc = bpf_map_lookup_elem(fd, &key, &nothing) ? -errno : 1;
	fd_close(&fd);
	return rc == -ENOENT ? 0 : rc;
}

void program_unpin(const char *dir)
{
	unpin_all(dir, program_names, ARRAY_SIZE(program_names));
	unpin_all(dir, map_names, ARRAY_SIZE(map_names));
	rmdir(dir);
}
