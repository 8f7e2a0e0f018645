/* SPDX-License-Identifier: BSD-2-Clause */
/* VIPs on interfaces. */
#include "vips.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "controller.h"

#define RETRY_MS	  5000
#define PUT_BACK_EVERY_MS 1000 /* somebody else may take it away again at once */
#define TAKEN_LOG_MS	  60000

void vips_init(struct control *control)
{
	list_init(&control->vips.list);
}

void vips_fini(struct control *control)
{
	struct vip *vip, *next;

	if (!control->vips.list.next)
		return;
	list_for_each_safe(vip, next, &control->vips.list, node) free(vip);
	list_init(&control->vips.list);
}

static struct vip *find(const struct control *control, const char *interface,
			const struct addr *address)
{
	struct vip *vip;

	list_for_each(vip, &control->vips.list,
		      node) if (addr_equal(&vip->address, address) &&
				strcmp(vip->interface, interface) == 0) return vip;
	return NULL;
}

static bool is_down(const struct control *control, const char *interface)
{
	struct neigh_link link;

	return !neigh_link_by_name(control->neigh, interface, &link) || !link.is_up;
}

static struct vip *add(struct control *control, const char *interface, const struct addr *address)
{
	struct vip *vip = calloc(1, sizeof(*vip));

	if (!vip)
		abort();
	snprintf(vip->interface, sizeof(vip->interface), "%s", interface);
	vip->address = *address;
	vip->was_down = is_down(control, interface);
	list_append(&control->vips.list, &vip->node);
	return vip;
}

static struct store_announced row_of(const struct vip *vip)
{
	return (struct store_announced){.interface = vip->interface, .address = vip->address};
}

/* ---- one address ---- */

static void fail(struct vip *vip, const struct err *err)
{
	char text[ADDR_TEXT_MAX];

	if (vip->state != VIP_FAILED || strcmp(vip->reason, err->text) != 0)
		log_error("vip: %s can't be announced on '%s': %s",
			  addr_format(&vip->address, text), vip->interface, err->text);
	vip->state = VIP_FAILED;
	vip->is_taken = false; /* tried again like any other */
	snprintf(vip->reason, sizeof(vip->reason), "%s", err->text);
}

/* Remembered first, so that a crash in between leaves no address that nobody takes away. */
static int remember(struct control *control, struct vip *vip, struct err *err)
{
	struct store_announced row = row_of(vip);

	return vip->is_ours ? 0 : store_announced_put(control->store, &row, err);
}

static void forget(struct control *control, struct vip *vip)
{
	struct store_announced row = row_of(vip);
	struct err err = {0};

	if (store_announced_remove(control->store, &row, &err))
		log_error("store: %s", err.text);
	vip->is_ours = false;
}

/* On the interface, and announced. False: it failed, and the log says why. */
static bool put(struct control *control, struct vip *vip)
{
	bool was_there = false;
	struct err err = {0};

	if (remember(control, vip, &err) ||
	    neigh_address_add(control->neigh, vip->interface, &vip->address, &was_there, &err)) {
		if (!vip->is_ours)
			forget(control, vip);
		fail(vip, &err);
		return false;
	}
	if (was_there && !vip->is_ours)
		forget(control, vip); /* somebody else's: not ours to take away */
	else
		vip->is_ours = true;
	vip->state = VIP_ANNOUNCED;
	vip->is_taken = false;
	vip->reason[0] = '\0';
	return true;
}

static void announce(struct control *control, struct vip *vip)
{
	char text[ADDR_TEXT_MAX];

	if (!put(control, vip))
		return;
	log_info("vip: %s announced on '%s'%s", addr_format(&vip->address, text), vip->interface,
		 vip->is_ours ? "" : ", where it was before");
}

static void log_put_back(struct vip *vip)
{
	unsigned long long swallowed;
	char text[ADDR_TEXT_MAX], again[48] = "";

	if (!log_limit_pass(&vip->limit, TAKEN_LOG_MS, &swallowed))
		return;
	if (swallowed)
		snprintf(again, sizeof(again), " (and %llu times before)", swallowed);
	log_warn("vip: %s was taken off '%s' by someone else: put back%s",
		 addr_format(&vip->address, text), vip->interface, again);
}

/* Once a second at most: a fight with somebody who takes it away each time shall not fill log and
 * wire. */
static void put_back_if_due(struct control *control, struct vip *vip)
{
	uint64_t now = clock_mono_ms();

	if (vip->put_back_ms && now - vip->put_back_ms < PUT_BACK_EVERY_MS)
		return;
	vip->put_back_ms = now;
	if (put(control, vip))
		log_put_back(vip);
}

static void on_gone(const char *ifname, const struct addr *address, void *arg)
{
	struct control *control = arg;
	struct vip *vip = find(control, ifname, address);

	if (!vip || vip->state != VIP_ANNOUNCED || !control->vips.is_ready)
		return;
	vip->state = VIP_PROVISIONING;
	vip->is_taken = true;
	put_back_if_due(control, vip);
}

static void withdraw(struct control *control, struct vip *vip)
{
	char text[ADDR_TEXT_MAX];
	struct err err = {0};

	if (vip->is_ours &&
	    neigh_address_remove(control->neigh, vip->interface, &vip->address, &err))
		log_error("vip: %s can't be taken from '%s': %s", addr_format(&vip->address, text),
			  vip->interface, err.text);
	else if (vip->is_ours)
		log_info("vip: %s taken from '%s'", addr_format(&vip->address, text),
			 vip->interface);
	if (vip->is_ours)
		forget(control, vip);
	list_remove(&vip->node);
	free(vip);
}

/* ---- following the model ---- */

static void want(struct control *control, const char *interface, const struct addr *address)
{
	struct vip *vip = find(control, interface, address);

	if (!vip)
		vip = add(control, interface, address);
	vip->is_wanted = true;
}

static size_t interface_count(const struct load_balancer *lb)
{
	return lb->interface_count ? lb->interface_count : 1;
}

static const char *interface_at(const struct control *control, const struct load_balancer *lb,
				size_t i)
{
	return lb->interface_count ? lb->interfaces[i] : control->settings->node.interfaces[0];
}

static void want_load_balancer(struct control *control, const struct load_balancer *lb)
{
	if (lb->announce != ANNOUNCE_ADDRESS)
		return;
	for (size_t a = 0; a < lb->address_count; a++)
		for (size_t i = 0; i < interface_count(lb); i++)
			want(control, interface_at(control, lb, i), &lb->addresses[a]);
}

static void announce_pending(struct control *control, bool again)
{
	struct vip *vip;

	if (!control->vips.is_ready)
		return;
	list_for_each(vip, &control->vips.list,
		      node) if ((vip->state == VIP_PROVISIONING && !vip->is_taken) ||
				(again && vip->state == VIP_FAILED)) announce(control, vip);
}

void vips_follow(struct control *control)
{
	struct vip *vip, *next;

	list_for_each(vip, &control->vips.list, node) vip->is_wanted = false;
	for (size_t i = 0; i < control->model->load_balancer_count; i++)
		want_load_balancer(control, &control->model->load_balancers[i]);
	list_for_each_safe(vip, next, &control->vips.list, node) if (!vip->is_wanted)
		withdraw(control, vip);
	announce_pending(control, false);
}

void vips_start(struct control *control)
{
	control->vips.is_ready = true;
	neigh_on_address_gone(control->neigh, on_gone, control);
	announce_pending(control, false);
}

void vips_tick(struct control *control)
{
	uint64_t now = clock_mono_ms();
	struct vip *vip;

	list_for_each(vip, &control->vips.list,
		      node) if (vip->is_taken) put_back_if_due(control, vip);
	if (now < control->vips.retry_ms)
		return;
	control->vips.retry_ms = now + RETRY_MS;
	announce_pending(control, true);
}

static void need_anew(struct vip *vip)
{
	vip->state = VIP_PROVISIONING;
	vip->is_taken = false;
}

/* An interface that vanishes takes its addresses along; one that comes up again needs them
 * announced anew. */
static void follow_link(struct vip *vip, const struct neigh_link *link)
{
	if (!link || !link->ifindex)
		fail(vip, &(struct err){"the interface has vanished"});
	else if (link->is_up && (vip->was_down || vip->state == VIP_FAILED))
		need_anew(vip);
	vip->was_down = !link || !link->is_up;
}

void vips_on_link(struct control *control, const char *ifname, const struct neigh_link *link)
{
	struct vip *vip;

	list_for_each(vip, &control->vips.list, node) if (strcmp(vip->interface, ifname) == 0)
		follow_link(vip, link);
	announce_pending(control, false);
}

enum vip_state vips_state(const struct control *control, const struct load_balancer *lb,
			  const char **reason)
{
	enum vip_state state = VIP_ANNOUNCED;
	const struct vip *vip;

	*reason = "";
	if (lb->announce != ANNOUNCE_ADDRESS)
		return VIP_ANNOUNCED;
	for (size_t a = 0; a < lb->address_count; a++)
		for (size_t i = 0; i < interface_count(lb); i++) {
			vip = find(control, interface_at(control, lb, i), &lb->addresses[a]);
			if (vip && vip->state == VIP_FAILED) {
				*reason = vip->reason;
				return VIP_FAILED;
			}
			if (!vip || vip->state == VIP_PROVISIONING)
				state = VIP_PROVISIONING;
		}
	return state;
}

bool vips_find_foreign(const struct control *control, const struct load_balancer *lb,
		       struct addr *address)
{
	const struct vip *vip;

	for (size_t a = 0; lb->announce == ANNOUNCE_ADDRESS && a < lb->address_count; a++)
		for (size_t i = 0; i < interface_count(lb); i++) {
			vip = find(control, interface_at(control, lb, i), &lb->addresses[a]);
			if (!vip || vip->state != VIP_ANNOUNCED || vip->is_ours)
				continue;
			*address = vip->address;
			return true;
		}
	return false;
}

/* ---- what earlier runs left ---- */

static int on_announced(const struct store_announced *row, void *arg)
{
	add(arg, row->interface, &row->address)->is_ours = true;
	return 0;
}

int vips_restore(struct control *control, struct err *err)
{
	return store_announced_list(control->store, on_announced, control, err);
}

struct rows {
	struct arena *arena;
	struct store_announced *list;
	size_t count;
};

static int collect(const struct store_announced *row, void *arg)
{
	struct rows *rows = arg;

	rows->list = arena_grow(rows->arena, rows->list, rows->count, sizeof(*rows->list));
	rows->list[rows->count] = *row;
	rows->list[rows->count++].interface = arena_strdup(rows->arena, row->interface);
	return 0;
}

static int remove_row(struct store *store, struct neigh *neigh, const struct store_announced *row,
		      struct err *err)
{
	char text[ADDR_TEXT_MAX];
	int ret = neigh_address_remove(neigh, row->interface, &row->address, err);

	if (ret == -ENODEV) /* gone with its interface */
		ret = 0;
	if (!ret)
		ret = store_announced_remove(store, row, err);
	if (!ret)
		log_info("vip: %s taken from '%s'", addr_format(&row->address, text),
			 row->interface);
	return ret;
}

int vips_remove_all(struct store *store, struct neigh *neigh, struct err *err)
{
	struct rows rows = {.arena = arena_new()};
	int ret = store_announced_list(store, collect, &rows, err), one;
	struct err own;

	for (size_t i = 0; i < rows.count; i++) {
		own = (struct err){0};
		one = remove_row(store, neigh, &rows.list[i], &own);
		if (one && !ret)
			ret = err_set(err, one, "%s", own.text);
	}
	arena_free(rows.arena);
	return ret;
}
