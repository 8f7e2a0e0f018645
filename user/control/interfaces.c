/* SPDX-License-Identifier: BSD-2-Clause */
/* Attaching, and following interfaces that come and go. */
#include "interfaces.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "controller.h"

#define RETRY_MS 5000

static struct neigh_link link_of(const struct control *control, const struct interface *interface)
{
	struct neigh_link link = {0};

	if (!neigh_link_by_name(control->neigh, interface->name, &link))
		link.ifindex = 0;
	return link;
}

static int refuse_none(struct control *control, struct err *err)
{
	struct buf names = {0};

	for (size_t i = 0; i < control->interfaces.count; i++)
		buf_printf(&names, "%s'%s'", i ? ", " : "", control->interfaces.list[i].name);
	err_set(err, -ENODEV,
		"%s: none of the interfaces %s exists: correct 'interfaces', or create them first",
		control->settings->path, names.data);
	buf_fini(&names);
	return -ENODEV;
}

int interfaces_init(struct control *control, struct err *err)
{
	const struct conf_node_settings *node = &control->settings->node;
	struct interfaces *interfaces = &control->interfaces;
	size_t present = 0;

	interfaces->list = calloc(node->interface_count, sizeof(*interfaces->list));
	if (!interfaces->list)
		abort();
	interfaces->count = node->interface_count;
	for (size_t i = 0; i < interfaces->count; i++) {
		interfaces->list[i].name = node->interfaces[i];
		present += link_of(control, &interfaces->list[i]).ifindex != 0;
	}
	return present ? 0 : refuse_none(control, err);
}

void interfaces_fini(struct control *control)
{
	free(control->interfaces.list);
	control->interfaces = (struct interfaces){0};
}

static enum nlb_mode wanted_mode(const struct control *control)
{
	switch (control->settings->node.xdp_mode) {
	case CONF_XDP_NATIVE:
		return NLB_MODE_NATIVE;
	case CONF_XDP_GENERIC:
		return NLB_MODE_GENERIC;
	case CONF_XDP_AUTO:
		break;
	}
	return NLB_MODE_AUTO;
}

static void set_missing(struct interface *interface)
{
	if (interface->state != INTERFACE_MISSING || !interface->reason[0])
		log_warn("interface: '%s' does not exist; it is attached when it appears",
			 interface->name);
	interface->state = INTERFACE_MISSING;
	interface->ifindex = 0;
	snprintf(interface->reason, sizeof(interface->reason), "no such interface");
}

static void set_attached(struct interface *interface, unsigned ifindex, enum nlb_mode mode)
{
	interface->state = INTERFACE_ATTACHED;
	interface->ifindex = ifindex;
	interface->mode = mode;
	interface->reason[0] = '\0';
	if (mode == NLB_MODE_GENERIC)
		log_warn("interface: '%s' attached in generic mode: every packet is copied first, "
			 "expect a fraction of native speed",
			 interface->name);
}

static void set_error(struct interface *interface, unsigned ifindex, const struct err *err)
{
	if (strcmp(interface->reason, err->text) != 0)
		log_error("interface: '%s': %s", interface->name, err->text);
	interface->state = INTERFACE_ERROR;
	interface->ifindex = ifindex;
	snprintf(interface->reason, sizeof(interface->reason), "%s", err->text);
}

static void follow_carrier(struct interface *interface, bool is_down)
{
	if (interface->is_down != is_down)
		log_info("interface: '%s' is %s", interface->name, is_down ? "down" : "up");
	interface->is_down = is_down;
}

static int attach(struct control *control, struct interface *interface, struct err *err)
{
	struct neigh_link link = link_of(control, interface);
	enum nlb_mode mode = NLB_MODE_AUTO;
	struct err own = {0};
	int ret;

	if (!link.ifindex) {
		set_missing(interface);
		return 0;
	}
	ret = nlb_attach(control->nlb, interface->name, wanted_mode(control), &mode, &own);
	if (ret) {
		set_error(interface, link.ifindex, &own);
		return err_set(err, ret, "%s", own.text);
	}
	set_attached(interface, link.ifindex, mode);
	follow_carrier(interface, !link.is_up);
	return 0;
}

int interfaces_attach(struct control *control, struct err *err)
{
	const struct conf_node_settings *node = &control->settings->node;
	int ret;

	control->interfaces.is_ready = true;
	ret = nlb_detach_others(control->nlb, node->interfaces, node->interface_count, err);
	for (size_t i = 0; i < control->interfaces.count && !ret; i++)
		ret = attach(control, &control->interfaces.list[i], err);
	return ret;
}

void interfaces_on_link(struct control *control, const char *ifname, const struct neigh_link *link)
{
	struct interface *interface;

	for (size_t i = 0; i < control->interfaces.count && control->interfaces.is_ready; i++) {
		interface = &control->interfaces.list[i];
		if (strcmp(interface->name, ifname) != 0)
			continue;
		if (!link || !link->ifindex) {
			set_missing(interface);
			continue;
		}
		if (interface->state != INTERFACE_ATTACHED || interface->ifindex != link->ifindex)
			(void)!attach(control, interface, NULL);
		follow_carrier(interface, !link->is_up);
	}
}

void interfaces_tick(struct control *control)
{
	uint64_t now = clock_mono_ms();
	struct interface *interface;

	if (now < control->interfaces.retry_ms)
		return;
	control->interfaces.retry_ms = now + RETRY_MS;
	nlb_keep_pins(control->nlb);
	for (size_t i = 0; i < control->interfaces.count; i++) {
		interface = &control->interfaces.list[i];
		if (interface->state != INTERFACE_ATTACHED)
			(void)!attach(control, interface, NULL);
	}
}

const char *interface_state_name(enum interface_state state)
{
	static const char *const names[] = {
		[INTERFACE_MISSING] = "missing",
		[INTERFACE_ATTACHED] = "attached",
		[INTERFACE_ERROR] = "error",
	};

	return names[state];
}
