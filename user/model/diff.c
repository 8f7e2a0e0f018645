/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two models compared, noun by noun. What identifies a noun: its name; a listener's protocol and
 * port; a target's address and port. The tables of fields say what else is compared and how it
 * reads.
 */
#include "diff.h"

#include <string.h>

#include "base/base.h"
#include "base/buf.h"
#include "base/hash.h"
#include "index.h"
#include "model.h"

#define PREFIXES_SHOWN_MAX 16

/* One field: where it is in the noun, and how it is written. */
struct field {
	const char *key;
	size_t offset;
	const char *(*show)(const void *value, struct arena *arena);
};

struct differ {
	struct arena *arena;
	struct diff diff;
};

/* ---- values as text ------------------------------------------------------------------------ */

static const char *show_number(const void *value, struct arena *arena)
{
	return arena_printf(arena, "%u", *(const unsigned *)value);
}

static const char *show_port(const void *value, struct arena *arena)
{
	return arena_printf(arena, "%u", *(const uint16_t *)value);
}

static const char *show_check_port(const void *value, struct arena *arena)
{
	return *(const uint16_t *)value ? show_port(value, arena) : "traffic-port";
}

static const char *show_bool(const void *value, struct arena *arena)
{
	return *(const bool *)value ? "true" : "false";
}

static const char *show_text(const void *value, struct arena *arena)
{
	const char *text = *(const char *const *)value;

	return text ? arena_strdup(arena, text) : "";
}

#define SHOW_WORD(noun)                                                        \
	static const char *show_##noun(const void *value, struct arena *arena) \
	{                                                                      \
		return noun##_name(*(const enum noun *)value);                 \
	}

SHOW_WORD(lb_type)
SHOW_WORD(lb_announce)
SHOW_WORD(protocol)
SHOW_WORD(forwarding)
SHOW_WORD(hc_protocol)
SHOW_WORD(proxy_placement)
SHOW_WORD(target_type)

/* The list's text, moved to the arena. */
static const char *take_text(struct buf *buf, struct arena *arena)
{
	const char *text = arena_strdup(arena, buf->data ? buf->data : "");

	buf_fini(buf);
	return text;
}

static const char *show_action(const void *value, struct arena *arena)
{
	char text[ACTION_TEXT_MAX];

	return arena_strdup(arena, action_format(value, text));
}

/* "10: ipv4 -> web; 20: …" */
static const char *show_rules(const void *value, struct arena *arena)
{
	const struct listener *listener = value;
	char text[ACTION_TEXT_MAX];
	struct buf buf = {0};

	for (size_t i = 0; i < listener->rule_count; i++) {
		const struct rule *rule = &listener->rules[i];

		buf_printf(&buf, "%s%u: source_ip %s -> %s%s", i ? "; " : "", rule->priority,
			   source_ip_name(rule->source_ip), action_format(&rule->action, text),
			   rule->action.sticky ? " sticky" : "");
	}
	return take_text(&buf, arena);
}

static const char *show_addresses(const void *value, struct arena *arena)
{
	const struct load_balancer *lb = value;
	char text[PREFIX_TEXT_MAX];
	struct buf buf = {0};

	for (size_t i = 0; i < lb->address_count; i++)
		buf_printf(&buf, "%s%s", i ? ", " : "", addr_format(&lb->addresses[i], text));
	for (size_t i = 0; i < lb->prefix_count; i++)
		buf_printf(&buf, "%s%s", i || lb->address_count ? ", " : "",
			   prefix_format(&lb->prefixes[i], text));
	return take_text(&buf, arena);
}

static const char *show_interfaces(const void *value, struct arena *arena)
{
	const struct load_balancer *lb = value;
	struct buf buf = {0};

	for (size_t i = 0; i < lb->interface_count; i++)
		buf_printf(&buf, "%s%s", i ? ", " : "", lb->interfaces[i]);
	return take_text(&buf, arena);
}

static const char *show_security_groups(const void *value, struct arena *arena)
{
	const struct listener *listener = value;
	struct buf buf = {0};

	for (size_t i = 0; i < listener->security_group_count; i++)
		buf_printf(&buf, "%s%s", i ? ", " : "", listener->security_groups[i]);
	return take_text(&buf, arena);
}

/* Lists of thousands are told apart by a digest. */
static const char *show_prefixes(const struct prefix *prefixes, size_t count, struct arena *arena)
{
	char text[PREFIX_TEXT_MAX];
	struct buf buf = {0};

	if (count > PREFIXES_SHOWN_MAX)
		return arena_printf(arena, "%zu prefixes (%08x)", count,
				    (unsigned)hash_fnv1a(0, prefixes, count * sizeof(*prefixes)));
	for (size_t i = 0; i < count; i++)
		buf_printf(&buf, "%s%s", i ? ", " : "", prefix_format(&prefixes[i], text));
	return take_text(&buf, arena);
}

static const char *show_allow(const void *value, struct arena *arena)
{
	const struct security_group *sg = value;

	return show_prefixes(sg->allow, sg->allow_count, arena);
}

static const char *show_deny(const void *value, struct arena *arena)
{
	const struct security_group *sg = value;

	return show_prefixes(sg->deny, sg->deny_count, arena);
}

static const char *show_matcher(const void *value, struct arena *arena)
{
	const struct health_check *hc = value;
	char text[MATCHER_TEXT_MAX];

	return arena_strdup(arena, matcher_format(hc->matcher, hc->matcher_count, text));
}

/* ---- what is compared ---------------------------------------------------------------------- */

#define LB(member)	 offsetof(struct load_balancer, member)
#define LISTENER(member) offsetof(struct listener, member)
#define GROUP(member)	 offsetof(struct target_group, member)
#define TARGET(member)	 offsetof(struct target, member)

static const struct field lb_fields[] = {
	{"type", LB(type), show_lb_type},
	{"announce", LB(announce), show_lb_announce},
	{"addresses", 0, show_addresses},
	{"interfaces", 0, show_interfaces},
};

static const struct field listener_fields[] = {
	{"rules", 0, show_rules},
	{"default_action.forward", LISTENER(default_action), show_action},
	{"default_action.stickiness.enabled", LISTENER(default_action.sticky), show_bool},
	{"attributes.tcp.idle_timeout.seconds", LISTENER(tcp_idle_s), show_number},
	{"attributes.udp.idle_timeout.seconds", LISTENER(udp_idle_s), show_number},
	{"security_groups", 0, show_security_groups},
	{"attributes.new_flows_per_source.per_second", LISTENER(flows_per_source), show_number},
	{"attributes.new_flows_per_source.burst", LISTENER(flows_per_source_burst), show_number},
};

static const struct field group_fields[] = {
	{"protocol", GROUP(protocol), show_protocol},
	{"port", GROUP(port), show_port},
	{"target_type", GROUP(target_type), show_target_type},
	{"forwarding", GROUP(forwarding), show_forwarding},
	{"health_check.enabled", GROUP(health_check.enabled), show_bool},
	{"health_check.protocol", GROUP(health_check.protocol), show_hc_protocol},
	{"health_check.port", GROUP(health_check.port), show_check_port},
	{"health_check.path", GROUP(health_check.path), show_text},
	{"health_check.matcher", GROUP(health_check), show_matcher},
	{"health_check.interval_seconds", GROUP(health_check.interval_s), show_number},
	{"health_check.timeout_seconds", GROUP(health_check.timeout_s), show_number},
	{"health_check.healthy_threshold", GROUP(health_check.healthy_threshold), show_number},
	{"health_check.unhealthy_threshold", GROUP(health_check.unhealthy_threshold), show_number},
	{"attributes.deregistration_delay.timeout_seconds", GROUP(deregistration_delay_s),
	 show_number},
	{"attributes.stickiness.enabled", GROUP(source_ip_stickiness), show_bool},
	{"attributes.preserve_port.enabled", GROUP(preserve_port), show_bool},
	{"attributes.target_group_health.unhealthy_state_routing.minimum_healthy_targets.count",
	 GROUP(min_healthy_count), show_number},
	{"attributes.target_group_health.unhealthy_state_routing.minimum_healthy_targets."
	 "percentage",
	 GROUP(min_healthy_pct), show_number},
	{"attributes.target_health_state.unhealthy.connection_termination.enabled",
	 GROUP(unhealthy_connection_termination), show_bool},
	{"attributes.proxy_protocol_v2.enabled", GROUP(proxy_protocol), show_bool},
	{"attributes.proxy_protocol_v2.client_to_server.header_placement", GROUP(proxy_placement),
	 show_proxy_placement},
	{"attributes.proxy_protocol_v2.health_checks.enabled", GROUP(proxy_health_checks),
	 show_bool},
	{"attributes.tcp.mss.maximum", GROUP(mss_max), show_number},
};

static const struct field target_fields[] = {
	{"weight", TARGET(weight), show_number},
	{"drain", TARGET(drain), show_bool},
};

static const struct field sg_fields[] = {
	{"allow", 0, show_allow},
	{"deny", 0, show_deny},
};

/* ---- entries ------------------------------------------------------------------------------- */

static struct diff_entry *add(struct differ *d, enum diff_action action, const char *noun,
			      const char *name)
{
	struct diff *diff = &d->diff;

	diff->entries = arena_grow(d->arena, diff->entries, diff->count, sizeof(*diff->entries));
	diff->entries[diff->count] = (struct diff_entry){.action = action, .noun = noun};
	diff->entries[diff->count].name = arena_strdup(d->arena, name);
	return &diff->entries[diff->count++];
}

static void compare(struct differ *d, const struct field *fields, size_t count, const char *noun,
		    const char *name, const void *from, const void *to)
{
	for (const struct field *f = fields; f < fields + count; f++) {
		const char *before = f->show((const char *)from + f->offset, d->arena);
		const char *after = f->show((const char *)to + f->offset, d->arena);
		struct diff_entry *entry;

		if (strcmp(before, after) == 0)
			continue;
		entry = add(d, DIFF_MODIFY, noun, name);
		entry->field = f->key;
		entry->from = before;
		entry->to = after;
	}
}

/* ---- listeners ----------------------------------------------------------------------------- */

static struct index index_listeners(struct differ *d, const struct load_balancer *lb)
{
	return index_build(d->arena, lb->listeners, lb->listener_count, sizeof(*lb->listeners),
			   index_by_protocol_port);
}

static const char *listener_name(struct differ *d, const struct load_balancer *lb,
				 const struct listener *listener)
{
	char text[LISTENER_TEXT_MAX];

	return arena_printf(d->arena, "%s/%s", lb->name, listener_format(listener, text));
}

static void diff_listeners(struct differ *d, const struct load_balancer *from,
			   const struct load_balancer *to)
{
	struct index before = index_listeners(d, from), after = index_listeners(d, to);

	for (size_t i = 0; i < to->listener_count; i++) {
		const struct listener *new = &to->listeners[i];
		const struct listener *old = index_find(&before, new);
		const char *name = listener_name(d, to, new);

		if (old)
			compare(d, listener_fields, ARRAY_SIZE(listener_fields), "listener", name,
				old, new);
		else
			add(d, DIFF_CREATE, "listener", name);
	}
	for (size_t i = 0; i < from->listener_count; i++)
		if (!index_find(&after, &from->listeners[i]))
			add(d, DIFF_DELETE, "listener",
			    listener_name(d, from, &from->listeners[i]));
}

/* ---- targets ------------------------------------------------------------------------------- */

static struct index index_targets(struct differ *d, const struct target_group *tg)
{
	return index_build(d->arena, tg->targets, tg->target_count, sizeof(*tg->targets),
			   index_by_endpoint);
}

static const char *target_name(struct differ *d, const struct target_group *tg,
			       const struct target *target)
{
	char endpoint[ENDPOINT_TEXT_MAX];

	return arena_printf(d->arena, "%s/%s", tg->name,
			    endpoint_format(&target->address, target->port, endpoint));
}

static void diff_targets(struct differ *d, const struct target_group *from,
			 const struct target_group *to)
{
	struct index before = index_targets(d, from), after = index_targets(d, to);

	for (size_t i = 0; i < to->target_count; i++) {
		const struct target *new = &to->targets[i];
		const struct target *old = index_find(&before, new);
		const char *name = target_name(d, to, new);

		if (old)
			compare(d, target_fields, ARRAY_SIZE(target_fields), "target", name, old,
				new);
		else
			add(d, DIFF_CREATE, "target", name);
	}
	for (size_t i = 0; i < from->target_count; i++)
		if (!index_find(&after, &from->targets[i]))
			add(d, DIFF_DELETE, "target", target_name(d, from, &from->targets[i]));
}

/* ---- load balancers and target groups ------------------------------------------------------ */

static void diff_load_balancer(struct differ *d, const struct load_balancer *from,
			       const struct load_balancer *to)
{
	static const struct load_balancer nothing;

	if (!from)
		add(d, DIFF_CREATE, "load balancer", to->name);
	else if (!to)
		add(d, DIFF_DELETE, "load balancer", from->name);
	else
		compare(d, lb_fields, ARRAY_SIZE(lb_fields), "load balancer", to->name, from, to);
	diff_listeners(d, from ? from : &nothing, to ? to : &nothing);
}

static void diff_target_group(struct differ *d, const struct target_group *from,
			      const struct target_group *to)
{
	static const struct target_group nothing;

	if (!from)
		add(d, DIFF_CREATE, "target group", to->name);
	else if (!to)
		add(d, DIFF_DELETE, "target group", from->name);
	else
		compare(d, group_fields, ARRAY_SIZE(group_fields), "target group", to->name, from,
			to);
	diff_targets(d, from ? from : &nothing, to ? to : &nothing);
}

static struct index index_security_groups(struct differ *d, const struct model *model)
{
	return index_build(d->arena, model->security_groups, model->security_group_count,
			   sizeof(*model->security_groups), index_by_sg_name);
}

static struct index index_load_balancers(struct differ *d, const struct model *model)
{
	return index_build(d->arena, model->load_balancers, model->load_balancer_count,
			   sizeof(*model->load_balancers), index_by_lb_name);
}

static struct index index_target_groups(struct differ *d, const struct model *model)
{
	return index_build(d->arena, model->target_groups, model->target_group_count,
			   sizeof(*model->target_groups), index_by_tg_name);
}

static void diff_load_balancers(struct differ *d, const struct model *from, const struct model *to)
{
	struct index before = index_load_balancers(d, from), after = index_load_balancers(d, to);

	for (size_t i = 0; i < to->load_balancer_count; i++)
		diff_load_balancer(d, index_find(&before, &to->load_balancers[i]),
				   &to->load_balancers[i]);
	for (size_t i = 0; i < from->load_balancer_count; i++)
		if (!index_find(&after, &from->load_balancers[i]))
			diff_load_balancer(d, &from->load_balancers[i], NULL);
}

static void diff_target_groups(struct differ *d, const struct model *from, const struct model *to)
{
	struct index before = index_target_groups(d, from), after = index_target_groups(d, to);

	for (size_t i = 0; i < to->target_group_count; i++)
		diff_target_group(d, index_find(&before, &to->target_groups[i]),
				  &to->target_groups[i]);
	for (size_t i = 0; i < from->target_group_count; i++)
		if (!index_find(&after, &from->target_groups[i]))
			diff_target_group(d, &from->target_groups[i], NULL);
}

static void diff_security_groups(struct differ *d, const struct model *from, const struct model *to)
{
	struct index before = index_security_groups(d, from), after = index_security_groups(d, to);

	for (size_t i = 0; i < to->security_group_count; i++) {
		const struct security_group *new = &to->security_groups[i];
		const struct security_group *old = index_find(&before, new);

		if (old)
			compare(d, sg_fields, ARRAY_SIZE(sg_fields), "security group", new->name,
				old, new);
		else
			add(d, DIFF_CREATE, "security group", new->name);
	}
	for (size_t i = 0; i < from->security_group_count; i++)
		if (!index_find(&after, &from->security_groups[i]))
			add(d, DIFF_DELETE, "security group", from->security_groups[i].name);
}

struct diff model_diff(const struct model *from, const struct model *to, struct arena *arena)
{
	struct differ d = {.arena = arena};

	diff_load_balancers(&d, from, to);
	diff_target_groups(&d, from, to);
	diff_security_groups(&d, from, to);
	return d.diff;
}

const char *diff_action_name(enum diff_action action)
{
	static const char *const names[] = {"create", "modify", "delete"};

	return (size_t)action < ARRAY_SIZE(names) ? names[action] : "?";
}
