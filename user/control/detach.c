/* SPDX-License-Identifier: BSD-2-Clause */
/* Detaching, by a running leatd (DetachDataPath) or without one (leatd --detach). */
#include "detach.h"

#include "base/log.h"
#include <errno.h>

#include "controller.h"
#include "offloads.h"
#include "privileges.h"

struct drains {
	struct arena *arena;
	struct store_draining *list;
	size_t count;
};

static int collect(const struct store_draining *row, void *arg)
{
	struct drains *drains = arg;

	drains->list =
		arena_grow(drains->arena, drains->list, drains->count, sizeof(*drains->list));
	drains->list[drains->count] = *row;
	drains->list[drains->count++].target_group = arena_strdup(drains->arena, row->target_group);
	return 0;
}

/* Without flows there is nothing to wait for. */
static int clear_drains(struct store *store, struct err *err)
{
	struct drains drains = {.arena = arena_new()};
	int ret = store_draining_list(store, collect, &drains, err);

	for (size_t i = 0; i < drains.count && !ret; i++)
		ret = store_draining_remove(store, &drains.list[i], err);
	arena_free(drains.arena);
	return ret;
}

int detach_data_path(struct store *store, struct neigh *neigh, const char *bpffs, struct err *err)
{
	int ret;

	ret = vips_remove_all(store, neigh, err);
	if (!ret)
		ret = nlb_remove_all(bpffs, err);
	if (!ret)
		offloads_give_back_others(store, NULL, NULL);
	if (!ret)
		ret = clear_drains(store, err);
	if (!ret)
		log_info("leatd: the data path under '%s' was taken down; the state is kept",
			 bpffs);
	return ret;
}

static void ignore_path(const struct addr *address, const struct neigh_path *path, void *arg)
{
}

static void ignore_link(const char *ifname, const struct neigh_link *link, void *arg)
{
}

static int detach(struct control *control, struct err *err)
{
	struct neigh_events events = {.on_path = ignore_path, .on_link = ignore_link};
	int ret;

	ret = loop_new(&control->loop, err);
	if (!ret)
		ret = neigh_new(control->loop, &events, &control->neigh, err);
	/* A lock on the directory is no obstacle to removing it, but a lock of another leatd is:
	 * control_new() has seen to that. */
	if (!ret)
		ret = detach_data_path(control->store, control->neigh,
				       control->settings->node.bpffs, err);
	return ret;
}

int control_detach(const char *config, struct err *err)
{
	struct control *control = NULL;
	int ret = control_new(config, &control, err);

	if (ret == -EBUSY)
		err_prefix(err, "leatd is running, use 'leatctl detach': ");
	if (ret)
		return ret;
	ret = detach(control, err);
	control_free(control);
	return ret;
}

int control_check(const char *config, struct err *err)
{
	struct settings *settings = NULL;
	int ret = settings_read(config, &settings, err);

	settings_free(settings);
	return ret;
}
