/* SPDX-License-Identifier: BSD-2-Clause */
/* The state file. */
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/fd.h"

#define STATE_FILE    "state.json"
#define LOCK_FILE     "lock"
#define STATE_VERSION 1

static char *path_of(const char *dir, const char *name, char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s/%s", dir, name);
	return path;
}

/* ---- out ---- */

static json_t *vips_to_json(const struct vips *vips)
{
	json_t *list = json_array();
	char text[VIP_TEXT_MAX];
	size_t i;

	for (i = 0; i < vips->count; i++)
		json_array_append_new(list, json_string(vip_format(&vips->at[i], text)));
	return list;
}

static json_t *sysctls_to_json(const struct state *state)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < state->sysctl_count; i++)
		json_array_append_new(list, json_pack("{ssssss}", "name", state->sysctls[i].name,
						      "before", state->sysctls[i].before, "after",
						      state->sysctls[i].after));
	return list;
}

static json_t *interfaces_to_json(const struct state *state)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < state->interface_count; i++)
		json_array_append_new(list,
				      json_pack("{sssssb}", "name", state->interfaces[i].name,
						"mode", target_mode_name(state->interfaces[i].mode),
						"made_clsact", state->interfaces[i].made_clsact));
	return list;
}

static json_t *to_json(const struct state *state)
{
	return json_pack("{si sb sb ss si si si si ss so so so so}", "version", STATE_VERSION, "l2",
			 state->l2, "second_hop", state->second_hop, "mode",
			 target_mode_name(state->mode), "gue_port", (int)state->gue_port, "mss",
			 state->mss, "mss4", (int)state->mss4, "mss6", (int)state->mss6, "bpffs",
			 state->bpffs, "vips", vips_to_json(&state->vips), "added",
			 vips_to_json(&state->added), "sysctls", sysctls_to_json(state),
			 "interfaces", interfaces_to_json(state));
}

int state_write(const char *dir, const struct state *state, struct err *err)
{
	char path[PATH_MAX], next[PATH_MAX];
	json_t *json = to_json(state);
	int rc;

	path_of(dir, STATE_FILE, path);
	path_of(dir, STATE_FILE ".next", next);
	rc = !json || json_dump_file(json, next, JSON_INDENT(1)) || rename(next, path) ? -EIO : 0;
	if (rc)
		err_set(err, rc, "writing '%s' failed: %s", path, strerror(errno));
	json_decref(json);
	return rc;
}

void state_remove(const char *dir)
{
	char path[PATH_MAX];

	unlink(path_of(dir, STATE_FILE, path));
}

/* ---- in ---- */

static int vips_from_json(const json_t *list, struct vips *vips)
{
	struct vip vip;
	json_t *item;
	size_t i;

	if (!json_is_array(list))
		return -EINVAL;
	json_array_foreach(list, i, item)
	{
		const char *text = json_string_value(item);

		if (!text || vip_parse(text, &vip, NULL) || vips_add(vips, &vip, NULL))
			return -EINVAL;
	}
	return 0;
}

static int take_text(const json_t *object, const char *key, char *text, size_t size)
{
	const char *value = json_string_value(json_object_get(object, key));

	if (!value || strlen(value) >= size)
		return -EINVAL;
	memcpy(text, value, strlen(value) + 1);
	return 0;
}

/* A name goes into a path below /proc/sys: nothing leads out of there. */
static int sysctls_from_json(const json_t *list, struct state *state)
{
	json_t *item;
	size_t i;

	if (!json_is_array(list) || json_array_size(list) > SYSCTLS_MAX)
		return -EINVAL;
	json_array_foreach(list, i, item)
	{
		struct sysctl_change *change = &state->sysctls[state->sysctl_count++];

		if (take_text(item, "name", change->name, sizeof(change->name)) ||
		    take_text(item, "before", change->before, sizeof(change->before)) ||
		    take_text(item, "after", change->after, sizeof(change->after)) ||
		    strncmp(change->name, "net/", 4) || strstr(change->name, "/../"))
			return -EINVAL;
	}
	return 0;
}

static int interfaces_from_json(const json_t *list, struct state *state)
{
	json_t *item;
	size_t i;

	if (!json_is_array(list) || json_array_size(list) > INTERFACES_MAX)
		return -EINVAL;
	json_array_foreach(list, i, item)
	{
		struct state_interface *interface = &state->interfaces[state->interface_count++];
		const char *mode = json_string_value(json_object_get(item, "mode"));

		if (take_text(item, "name", interface->name, sizeof(interface->name)) || !mode ||
		    target_mode_find(mode) < 0)
			return -EINVAL;
		interface->mode = (enum target_mode)target_mode_find(mode);
		interface->made_clsact = json_is_true(json_object_get(item, "made_clsact"));
	}
	return 0;
}

static int from_json(json_t *json, struct state *state)
{
	int version = 0, l2 = 0, second_hop = 0, gue_port = 0, mss4 = 0, mss6 = 0;
	const char *mode = "";

	if (json_unpack(json, "{si sb sb ss si si si si}", "version", &version, "l2", &l2,
			"second_hop", &second_hop, "mode", &mode, "gue_port", &gue_port, "mss",
			&state->mss, "mss4", &mss4, "mss6", &mss6) ||
	    version != STATE_VERSION || target_mode_find(mode) < 0)
		return -EINVAL;
	state->l2 = l2;
	state->second_hop = second_hop;
	state->mode = (enum target_mode)target_mode_find(mode);
	state->gue_port = (uint16_t)gue_port;
	state->mss4 = (uint16_t)mss4;
	state->mss6 = (uint16_t)mss6;
	if (take_text(json, "bpffs", state->bpffs, sizeof(state->bpffs)) ||
	    vips_from_json(json_object_get(json, "vips"), &state->vips) ||
	    vips_from_json(json_object_get(json, "added"), &state->added) ||
	    sysctls_from_json(json_object_get(json, "sysctls"), state) ||
	    interfaces_from_json(json_object_get(json, "interfaces"), state))
		return -EINVAL;
	state->is_up = true;
	return 0;
}

int state_read(const char *dir, struct state *state, struct err *err)
{
	char path[PATH_MAX];
	json_t *json;
	int rc;

	memset(state, 0, sizeof(*state));
	path_of(dir, STATE_FILE, path);
	if (access(path, F_OK))
		return errno == ENOENT ? 0 : err_set_errno(err, -errno, "can't read '%s'", path);
	json = json_load_file(path, 0, NULL);
	rc = json ? from_json(json, state) : -EINVAL;
	json_decref(json);
	if (!rc)
		return 0;
	memset(state, 0, sizeof(*state));
	return err_set(
		err, rc,
		"'%s' is damaged: remove it, run 'leat-target up' again, and look after what "
		"was set up before by hand",
		path);
}

int state_lock(const char *dir, int *lock_fd, struct err *err)
{
	char path[PATH_MAX];
	int rc = fd_make_dirs(dir, 0700, err);

	if (rc)
		return rc;
	path_of(dir, LOCK_FILE, path);
	*lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (*lock_fd < 0)
		return err_set_errno(err, -errno, "can't open the lock file '%s'", path);
	if (!flock(*lock_fd, LOCK_EX | LOCK_NB))
		return 0;
	fd_close(lock_fd);
	return err_set(err, -EBUSY, "another leat-target is at work (lock file '%s')", path);
}

/* ---- looking up ---- */

struct state_interface *state_find_interface(struct state *state, const char *name)
{
	size_t i;

	for (i = 0; i < state->interface_count; i++)
		if (!strcmp(state->interfaces[i].name, name))
			return &state->interfaces[i];
	return NULL;
}

struct sysctl_change *state_find_sysctl(struct state *state, const char *name)
{
	size_t i;

	for (i = 0; i < state->sysctl_count; i++)
		if (!strcmp(state->sysctls[i].name, name))
			return &state->sysctls[i];
	return NULL;
}
