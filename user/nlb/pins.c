// SPDX-License-Identifier: BSD-2-Clause
/*
 * The pin directory as a directory: paths, lock, what stands there, and replacing it without a
 * moment at which a crash leaves half of it. Knows nothing of what the maps hold. bpffs has
 * rename(2), also onto an existing pin and of directories; the new set of maps relies on both.
 */
#include "nlb/pins.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <linux/magic.h>

#include "base/fd.h"

#define LINK_PREFIX  "link_"
#define PART	     "next_part" /* being filled: worthless after a crash */
#define NEXT	     "next"	 /* complete: to be moved into place */
#define PROGRAM_TEMP "nlb_ingress_next"

const char *nlb_reason(int code)
{
	if (code == -EPERM || code == -EACCES)
		return "run leatd as root (needs CAP_BPF and CAP_NET_ADMIN)";
	return strerror(-code);
}

char *nlb_pins_path(const struct nlb_pins *pins, const char *name, char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s/%s", pins->dir, name);
	return path;
}

char *nlb_pins_link_path(const struct nlb_pins *pins, const char *ifname, char path[PATH_MAX])
{
	size_t start = strlen(pins->dir);
	char *dot;

	snprintf(path, PATH_MAX, "%s/" LINK_PREFIX "%s", pins->dir, ifname);
	for (dot = path + start; (dot = strchr(dot, '.'));)
		*dot = ':';
	return path;
}

/* ---- the directory ---- */

static bool is_on_bpffs(const char *path)
{
	struct statfs fs;

	return statfs(path, &fs) == 0 && (unsigned long)fs.f_type == BPF_FS_MAGIC;
}

static void parent_of(const char *path, char parent[PATH_MAX])
{
	size_t len = strlen(path);

	while (len > 1 && path[len - 1] == '/')
		len--;
	while (len > 0 && path[len - 1] != '/')
		len--;
	while (len > 1 && path[len - 1] == '/')
		len--;
	snprintf(parent, PATH_MAX, "%.*s", (int)len, len ? path : ".");
	if (!len)
		strcpy(parent, ".");
}

static int refuse_not_bpffs(const char *dir, struct err *err)
{
	char parent[PATH_MAX];

	parent_of(dir, parent);
	return err_set(err, -ENODEV,
		       "'%s' is not on a bpf file system: mount one with 'mount -t bpf bpf %s'",
		       dir, parent);
}

/* The nearest ancestor that exists decides where dir would be made. */
static int check_would_be_on_bpffs(const char *dir, struct err *err)
{
	char path[PATH_MAX], parent[PATH_MAX];
	struct stat st;

	snprintf(path, sizeof(path), "%s", dir);
	while (stat(path, &st)) {
		if (errno != ENOENT || !strcmp(path, "/") || !strcmp(path, "."))
			return err_set(err, -errno, "looking at '%s' failed: %s", dir,
				       nlb_reason(-errno));
		parent_of(path, parent);
		strcpy(path, parent);
	}
	return is_on_bpffs(path) ? 0 : refuse_not_bpffs(dir, err);
}

static int lock(struct nlb_pins *pins, struct err *err)
{
	int rc;

	pins->lock_fd = open(pins->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (pins->lock_fd < 0) {
		rc = -errno;
		return err_set(err, rc, "opening '%s' failed: %s", pins->dir, nlb_reason(rc));
	}
	if (flock(pins->lock_fd, LOCK_EX | LOCK_NB))
		return err_set(err, -EBUSY, "'%s' is in use by another leatd", pins->dir);
	return 0;
}

static int open_and_lock(struct nlb_pins *pins, const char *dir, struct err *err)
{
	int rc;

	pins->dir = strdup(dir);
	if (!pins->dir)
		return -ENOMEM;
	rc = lock(pins, err);
	if (rc)
		nlb_pins_close(pins);
	return rc;
}

int nlb_pins_open(struct nlb_pins *pins, const char *dir, struct err *err)
{
	int rc;

	pins->dir = NULL;
	pins->lock_fd = -1;
	if (strlen(dir) > PATH_MAX / 2)
		return err_set(err, -ENAMETOOLONG, "the bpffs path is too long");
	rc = check_would_be_on_bpffs(dir, err);
	if (rc)
		return rc;
	rc = fd_make_dirs(dir, 0700, NULL);
	if (rc)
		return err_set(err, rc, "making directory '%s' failed: %s", dir, nlb_reason(rc));
	return open_and_lock(pins, dir, err);
}

int nlb_pins_open_existing(struct nlb_pins *pins, const char *dir, struct err *err)
{
	struct stat st;

	pins->dir = NULL;
	pins->lock_fd = -1;
	if (strlen(dir) > PATH_MAX / 2 || stat(dir, &st))
		return -ENOENT;
	if (!is_on_bpffs(dir))
		return refuse_not_bpffs(dir, err);
	return open_and_lock(pins, dir, err);
}

void nlb_pins_close(struct nlb_pins *pins)
{
	fd_close(&pins->lock_fd);
	free(pins->dir);
	pins->dir = NULL;
}

int nlb_pins_get(const struct nlb_pins *pins, const char *name)
{
	char path[PATH_MAX];
	int fd = bpf_obj_get(nlb_pins_path(pins, name, path));

	return fd < 0 ? -errno : fd;
}

/* ---- links ---- */

static void ifname_of(const char *pin, char *ifname, size_t size)
{
	char *colon;

	snprintf(ifname, size, "%s", pin + strlen(LINK_PREFIX));
	for (colon = ifname; (colon = strchr(colon, ':'));)
		*colon = '.';
}

int nlb_pins_each_link(const struct nlb_pins *pins, nlb_pins_link_fn *fn, void *arg,
		       struct err *err)
{
	char ifname[NAME_MAX + 1];
	struct dirent *entry;
	DIR *dir = opendir(pins->dir);
	int rc = 0;

	if (!dir)
		return -errno;
	while (!rc && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, LINK_PREFIX, strlen(LINK_PREFIX)))
			continue;
		ifname_of(entry->d_name, ifname, sizeof(ifname));
		rc = fn(pins, ifname, arg, err);
	}
	closedir(dir);
	return rc;
}

static int stop_at_first(const struct nlb_pins *pins, const char *ifname, void *arg,
			 struct err *err)
{
	return 1;
}

bool nlb_pins_has_links(const struct nlb_pins *pins)
{
	return nlb_pins_each_link(pins, stop_at_first, NULL, NULL) > 0;
}

/* ---- program and sets of maps ---- */

static int pin(int fd, const char *path, struct err *err)
{
	int rc;

	if (bpf_obj_pin(fd, path) == 0)
		return 0;
	rc = -errno;
	return err_set(err, rc, "pinning '%s' failed: %s", path, nlb_reason(rc));
}

static int move(const char *from, const char *to, struct err *err)
{
	int rc;

	if (rename(from, to) == 0)
		return 0;
	rc = -errno;
	return err_set_errno(err, rc, "renaming '%s' to '%s' failed", from, to);
}

int nlb_pins_replace_program(const struct nlb_pins *pins, int prog_fd, struct err *err)
{
	char temp[PATH_MAX], place[PATH_MAX];
	int rc;

	unlink(nlb_pins_path(pins, PROGRAM_TEMP, temp)); /* of a crash */
	rc = pin(prog_fd, temp, err);
	if (rc)
		return rc;
	return move(temp, nlb_pins_path(pins, NLB_PIN_PROGRAM, place), err);
}

static void forget_set(const struct nlb_pins *pins, const char *set)
{
	char name[NAME_MAX + 1], path[PATH_MAX];
	int id;

	for (id = 0; id < NLB_MAP_COUNT; id++) {
		snprintf(name, sizeof(name), "%s/%s", set, nlb_map_name(id));
		unlink(nlb_pins_path(pins, name, path));
	}
	snprintf(name, sizeof(name), "%s/" NLB_PIN_PROGRAM, set);
	unlink(nlb_pins_path(pins, name, path));
	rmdir(nlb_pins_path(pins, set, path));
}

static int pin_into(const struct nlb_pins *pins, const char *set, const char *what, int fd,
		    struct err *err)
{
	char name[NAME_MAX + 1], path[PATH_MAX];

	snprintf(name, sizeof(name), "%s/%s", set, what);
	return pin(fd, nlb_pins_path(pins, name, path), err);
}

static int pin_set(const struct nlb_pins *pins, const char *set, const struct nlb_maps *maps,
		   int prog_fd, struct err *err)
{
	char path[PATH_MAX];
	int id, rc = 0;

	if (mkdir(nlb_pins_path(pins, set, path), 0700)) {
		rc = -errno;
		return err_set(err, rc, "making directory '%s' failed: %s", path, nlb_reason(rc));
	}
	for (id = 0; id < NLB_MAP_COUNT && !rc; id++)
		rc = pin_into(pins, set, nlb_map_name(id), maps->fd[id], err);
	if (!rc)
		rc = pin_into(pins, set, NLB_PIN_PROGRAM, prog_fd, err);
	return rc;
}

/* Moving what has been moved already is fine: a crash may have come between any two. */
static int move_up(const struct nlb_pins *pins, const char *what, struct err *err)
{
	char name[NAME_MAX + 1], from[PATH_MAX], to[PATH_MAX];

	snprintf(name, sizeof(name), NEXT "/%s", what);
	if (access(nlb_pins_path(pins, name, from), F_OK))
		return 0;
	return move(from, nlb_pins_path(pins, what, to), err);
}

static int move_next_up(const struct nlb_pins *pins, struct err *err)
{
	char path[PATH_MAX];
	int id, rc = 0;

	for (id = 0; id < NLB_MAP_COUNT && !rc; id++)
		rc = move_up(pins, nlb_map_name(id), err);
	if (!rc)
		rc = move_up(pins, NLB_PIN_PROGRAM, err);
	if (!rc)
		rmdir(nlb_pins_path(pins, NEXT, path));
	return rc;
}

int nlb_pins_publish(const struct nlb_pins *pins, const struct nlb_maps *maps, int prog_fd,
		     struct err *err)
{
	char part[PATH_MAX], next[PATH_MAX];
	int rc = pin_set(pins, PART, maps, prog_fd, err);

	if (!rc)
		rc = move(nlb_pins_path(pins, PART, part), nlb_pins_path(pins, NEXT, next), err);
	if (!rc)
		rc = move_next_up(pins, err);
	if (rc)
		forget_set(pins, PART);
	return rc;
}

int nlb_pins_recover(const struct nlb_pins *pins, struct err *err)
{
	char path[PATH_MAX];

	forget_set(pins, PART);
	unlink(nlb_pins_path(pins, PROGRAM_TEMP, path));
	return move_next_up(pins, err);
}

int nlb_pins_remove(const struct nlb_pins *pins, struct err *err)
{
	char path[PATH_MAX];
	int id, rc;

	forget_set(pins, PART);
	forget_set(pins, NEXT);
	unlink(nlb_pins_path(pins, PROGRAM_TEMP, path));
	unlink(nlb_pins_path(pins, NLB_PIN_PROGRAM, path));
	for (id = 0; id < NLB_MAP_COUNT; id++)
		unlink(nlb_pins_path(pins, nlb_map_name(id), path));
	if (rmdir(pins->dir) == 0 || errno == EBUSY) /* EBUSY: a mount point */
		return 0;
	rc = -errno;
	return err_set_errno(err, rc, "removing directory '%s' failed", pins->dir);
}
