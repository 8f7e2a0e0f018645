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
#include "offloads.h"

#define RETRY_MS 5000

/* ---- which ---- */

static void resolve(const char *ifname, struct neigh_ports *ports, void *arg)
{
	const struct control *control = arg;

	neigh_ports(control->neigh, ifname, ports);
}

static size_t list_ports(struct control *control, struct port ports[PORTS_MAX])
{
	const struct conf_node_settings *node = &control->settings->node;

	return ports_list((const char *const *)node->interfaces, node->interface_count, resolve,
			  control, ports);
}

static int refuse_none(struct control *control, struct err *err)
{
	const struct conf_node_settings *node = &control->settings->node;
	struct buf names = {0};

	for (size_t i = 0; i < node->interface_count; i++)
		buf_printf(&names, "%s'%s'", i ? ", " : "", node->interfaces[i]);
	err_set(err, -ENODEV,
		"%s: none of the interfaces %s exists: correct 'interfaces', or create them first",
		control->settings->path, names.data);
	buf_fini(&names);
	return -ENODEV;
}

static bool exists(const struct control *control, const char *ifname)
{
	struct neigh_link link;

	return neigh_link_by_name(control->neigh, ifname, &link);
}

int interfaces_init(struct control *control, struct err *err)
{
	const struct conf_node_settings *node = &control->settings->node;
	struct interfaces *interfaces = &control->interfaces;
	size_t present = 0;

	interfaces->list = calloc(PORTS_MAX, sizeof(*interfaces->list));
	if (!interfaces->list)
		abort();
	for (size_t i = 0; i < node->interface_count; i++)
		present += exists(control, node->interfaces[i]);
	return present ? 0 : refuse_none(control, err);
}

void interfaces_fini(struct control *control)
{
	free(control->interfaces.list);
	control->interfaces = (struct interfaces){0};
}

/* ---- states ---- */

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

static const char *why_missing(const struct control *control, const struct interface *interface)
{
	struct neigh_link link;

	if (!neigh_link_by_name(control->neigh, interface->port.of, &link))
		return "no such interface";
	return strcmp(link.kind, "bond") == 0
		       ? "the bond has no member"
		       : "what it lies on is not an interface of this network namespace";
}

static void set_missing(const struct control *control, struct interface *interface)
{
	const char *why = why_missing(control, interface);

	if (interface->state != INTERFACE_MISSING || strcmp(interface->reason, why) != 0)
		log_warn("interface: '%s' can't be attached yet: %s", interface->port.name, why);
	interface->state = INTERFACE_MISSING;
	interface->attached_ifindex = 0;
	snprintf(interface->reason, sizeof(interface->reason), "%s", why);
}

static void set_attached(struct interface *interface, enum nlb_mode mode)
{
	interface->state = INTERFACE_ATTACHED;
	interface->mode = mode;
	interface->reason[0] = '\0';
	if (mode == NLB_MODE_GENERIC)
		log_warn("interface: '%s' attached in generic mode: every packet is copied first, "
			 "expect a fraction of native speed",
			 interface->port.name);
}

static void set_error(struct interface *interface, const struct err *err)
{
	if (strcmp(interface->reason, err->text) != 0)
		log_error("interface: '%s': %s", interface->port.name, err->text);
	interface->state = INTERFACE_ERROR;
	snprintf(interface->reason, sizeof(interface->reason), "%s", err->text);
}

static void follow_carrier(struct interface *interface)
{
	bool is_down = !interface->port.is_up;

	if (interface->is_down != is_down)
		log_info("interface: '%s' is %s", interface->port.name, is_down ? "down" : "up");
	interface->is_down = is_down;
}

/* Nobody announces when a veth's other end gets or loses its XDP program: looked at now and then. */
static void look_at_transmit(struct control *control, struct interface *interface)
{
	bool is_mute = interface->state == INTERFACE_ATTACHED &&
		       interface->mode == NLB_MODE_NATIVE &&
		       !neigh_can_transmit(control->neigh, interface->port.ifindex);

	if (is_mute && !interface->is_mute)
		log_warn("interface: '%s' does not transmit what XDP redirects to it",
			 interface->port.name);
	interface->is_mute = is_mute;
}

static int attach(struct control *control, struct interface *interface, struct err *err)
{
	enum nlb_mode mode = NLB_MODE_AUTO;
	struct err own = {0};
	int ret;

	if (!interface->port.ifindex) {
		set_missing(control, interface);
		return 0;
	}
	interface->attached_ifindex = interface->port.ifindex;
	offloads_take(control->store, interface);
	ret = nlb_attach(control->nlb, interface->port.name, wanted_mode(control), &mode, &own);
	if (ret) {
		set_error(interface, &own);
		return err_set(err, ret, "%s", own.text);
	}
	set_attached(interface, mode);
	look_at_transmit(control, interface);
	follow_carrier(interface);
	return 0;
}

/* ---- the list ---- */

static struct interface *find(struct interfaces *interfaces, const char *name)
{
	for (size_t i = 0; i < interfaces->count; i++)
		if (strcmp(interfaces->list[i].port.name, name) == 0)
			return &interfaces->list[i];
	return NULL;
}

static void log_detour(const struct port *port)
{
	if (port->ifindex && strcmp(port->name, port->of) != 0)
		log_info("interface: '%s' carries the frames of '%s': attached there", port->name,
			 port->of);
}

/* A member that left its bond; its pin may be gone with it. */
static void let_go(struct control *control, const struct interface *interface)
{
	struct err err = {0};

	log_info("interface: '%s' does not carry the frames of '%s' any more: detached",
		 interface->port.name, interface->port.of);
	if (nlb_detach_interface(control->nlb, interface->port.name, &err))
		log_error("interface: '%s': %s", interface->port.name, err.text);
	offloads_give_back(control->store, interface->port.name);
}

static bool is_among(const struct port *ports, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(ports[i].name, name) == 0)
			return true;
	return false;
}

/* Brings the list to what the settings come to now: rows keep what is known of them. */
static void follow_ports(struct control *control)
{
	struct interfaces *interfaces = &control->interfaces;
	struct interface *next = calloc(PORTS_MAX, sizeof(*next));
	struct port *ports = calloc(PORTS_MAX, sizeof(*ports));
	const struct interface *old;
	size_t count;

	if (!next || !ports)
		abort();
	count = list_ports(control, ports);
	for (size_t i = 0; i < count; i++) {
		old = find(interfaces, ports[i].name);
		if (old)
			next[i] = *old;
		else
			log_detour(&ports[i]);
		next[i].port = ports[i];
	}
	for (size_t i = 0; i < interfaces->count; i++) {
		old = &interfaces->list[i];
		if (old->attached_ifindex && !is_among(ports, count, old->port.name))
			let_go(control, old);
	}
	free(interfaces->list);
	free(ports);
	interfaces->list = next;
	interfaces->count = count;
}

static bool is_listed(const char *ifname, const void *arg)
{
	return find((struct interfaces *)arg, ifname) != NULL;
}

static int detach_others(struct control *control, struct err *err)
{
	const char *names[PORTS_MAX];
	const struct interfaces *interfaces = &control->interfaces;

	for (size_t i = 0; i < interfaces->count; i++)
		names[i] = interfaces->list[i].port.name;
	offloads_give_back_others(control->store, is_listed, interfaces);
	return nlb_detach_others(control->nlb, names, interfaces->count, err);
}

int interfaces_attach(struct control *control, struct err *err)
{
	int ret;

	follow_ports(control);
	control->interfaces.is_ready = true;
	ret = detach_others(control, err);
	for (size_t i = 0; i < control->interfaces.count && !ret; i++)
		ret = attach(control, &control->interfaces.list[i], err);
	reconcile_want(control); /* now it is known what carries packets */
	return ret;
}

/* What failed is tried again when its own link changes; others wait for the tick. */
static bool is_due(const struct interface *interface, const char *ifname)
{
	if (interface->attached_ifindex != interface->port.ifindex)
		return true;
	return interface->state != INTERFACE_ATTACHED &&
	       strcmp(interface->port.name, ifname) == 0;
}

void interfaces_on_link(struct control *control, const char *ifname)
{
	struct interface *interface;

	if (!control->interfaces.is_ready)
		return;
	follow_ports(control);
	for (size_t i = 0; i < control->interfaces.count; i++) {
		interface = &control->interfaces.list[i];
		if (is_due(interface, ifname))
			(void)!attach(control, interface, NULL);
		if (interface->port.ifindex)
			follow_carrier(interface);
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
		else
			look_at_transmit(control, interface);
	}
}

bool interfaces_carry(const struct control *control, unsigned ifindex)
{
	for (size_t i = 0; i < control->interfaces.count; i++)
		if (control->interfaces.list[i].port.ifindex == ifindex)
			return true;
	return false;
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
