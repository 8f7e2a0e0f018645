/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Life cycle of a model and look-ups in it. Everything lives in the model's arena. What a model
 * must hold to be valid is validate.c's business; defaults that depend on other fields are
 * resolve.c's.
 */
#include "model.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"

struct model *model_new(const char *source)
{
	struct arena *arena = arena_new();
	struct model *model = arena_alloc(arena, sizeof(*model));

	model->arena = arena;
	model->source = arena_strdup(arena, source);
	return model;
}

void model_free(struct model *model)
{
	if (model)
		arena_free(model->arena); /* the model itself lives there too */
}

/* Makes room for one more element behind *array and hands it out zeroed. */
#define APPEND(model, array, count)                                          \
	(array = arena_grow((model)->arena, array, count, sizeof(*(array))), \
	 memset(&(array)[count], 0, sizeof(*(array))), &(array)[(count)++])

struct load_balancer *model_add_load_balancer(struct model *model, const char *name)
{
	struct load_balancer *lb = APPEND(model, model->load_balancers, model->load_balancer_count);

	lb->name = arena_strdup(model->arena, name);
	lb->type = LB_NETWORK;
	lb->announce = ANNOUNCE_ADDRESS;
	return lb;
}

void model_add_address(struct model *model, struct load_balancer *lb, const struct addr *address)
{
	*APPEND(model, lb->addresses, lb->address_count) = *address;
}

void model_add_prefix(struct model *model, struct load_balancer *lb, const struct prefix *prefix)
{
	*APPEND(model, lb->prefixes, lb->prefix_count) = *prefix;
}

struct listener *model_add_listener(struct model *model, struct load_balancer *lb)
{
	struct listener *listener = APPEND(model, lb->listeners, lb->listener_count);

	listener->tcp_idle_s = MODEL_TCP_IDLE_DEFAULT_S;
	listener->udp_idle_s = MODEL_UDP_IDLE_DEFAULT_S;
	return listener;
}

struct rule *model_add_rule(struct model *model, struct listener *listener)
{
	return APPEND(model, listener->rules, listener->rule_count);
}

struct forward_group *model_add_forward(struct model *model, struct action *action,
					const char *name)
{
	struct forward_group *group = APPEND(model, action->groups, action->group_count);

	group->name = arena_strdup(model->arena, name);
	group->weight = MODEL_WEIGHT_DEFAULT;
	return group;
}

struct target_group *model_add_target_group(struct model *model, const char *name)
{
	struct target_group *tg = APPEND(model, model->target_groups, model->target_group_count);

	tg->name = arena_strdup(model->arena, name);
	tg->forwarding = FORWARDING_NAT;
	tg->target_type = TARGET_TYPE_IP;
	tg->health_check = (struct health_check){
		.enabled = true,
		.protocol = HC_TCP,
		.interval_s = MODEL_HC_INTERVAL_DEFAULT_S,
		.healthy_threshold = MODEL_HC_HEALTHY_DEFAULT,
		.unhealthy_threshold = MODEL_HC_UNHEALTHY_DEFAULT,
	};
	tg->deregistration_delay_s = MODEL_DEREGISTRATION_DEFAULT_S;
	tg->min_healthy_count = 1;
	tg->proxy_placement = PROXY_ON_FIRST_ACK;
	tg->proxy_health_checks = true;
	return tg;
}

struct target *model_add_target(struct model *model, struct target_group *tg)
{
	struct target *target = APPEND(model, tg->targets, tg->target_count);

	target->weight = MODEL_WEIGHT_DEFAULT;
	return target;
}

struct security_group *model_add_security_group(struct model *model, const char *name)
{
	struct security_group *sg =
		APPEND(model, model->security_groups, model->security_group_count);

	sg->name = arena_strdup(model->arena, name);
	return sg;
}

const struct load_balancer *model_find_load_balancer(const struct model *model, const char *name)
{
	for (size_t i = 0; i < model->load_balancer_count; i++)
		if (strcmp(model->load_balancers[i].name, name) == 0)
			return &model->load_balancers[i];
	return NULL;
}

const struct target_group *model_find_target_group(const struct model *model, const char *name)
{
	for (size_t i = 0; i < model->target_group_count; i++)
		if (strcmp(model->target_groups[i].name, name) == 0)
			return &model->target_groups[i];
	return NULL;
}

const struct security_group *model_find_security_group(const struct model *model, const char *name)
{
	for (size_t i = 0; i < model->security_group_count; i++)
		if (strcmp(model->security_groups[i].name, name) == 0)
			return &model->security_groups[i];
	return NULL;
}

const struct target *model_find_target(const struct target_group *tg, const struct addr *address,
				       uint16_t port)
{
	for (size_t i = 0; i < tg->target_count; i++)
		if (tg->targets[i].port == port && addr_equal(&tg->targets[i].address, address))
			return &tg->targets[i];
	return NULL;
}

bool model_is_in_use(const struct model *model, const struct target_group *tg)
{
	return tg->in_use;
}

bool model_has_family(const struct load_balancer *lb, int family)
{
	for (size_t i = 0; i < lb->address_count; i++)
		if (lb->addresses[i].family == family)
			return true;
	for (size_t i = 0; i < lb->prefix_count; i++)
		if (lb->prefixes[i].address.family == family)
			return true;
	return false;
}

bool model_has_target_family(const struct target_group *tg, int family)
{
	for (size_t i = 0; i < tg->target_count; i++)
		if (tg->targets[i].address.family == family)
			return true;
	return false;
}

unsigned target_group_delay_s(const struct target_group *tg)
{
	return tg->target_type == TARGET_TYPE_ALB ? 0 : tg->deregistration_delay_s;
}

int model_ring_family(const struct target_group *tg, int vip_family)
{
	int other = vip_family == AF_INET ? AF_INET6 : AF_INET;

	if (!forwarding_can_cross(tg->forwarding) || model_has_target_family(tg, vip_family))
		return vip_family;
	return model_has_target_family(tg, other) ? other : vip_family;
}

bool protocol_has(enum protocol protocol, int ipproto)
{
	switch (protocol) {
	case PROTOCOL_TCP:
		return ipproto == IPPROTO_TCP;
	case PROTOCOL_UDP:
		return ipproto == IPPROTO_UDP;
	case PROTOCOL_TCP_UDP:
		return ipproto == IPPROTO_TCP || ipproto == IPPROTO_UDP;
	}
	return false;
}

char *matcher_format(const struct status_range *ranges, size_t count, char text[MATCHER_TEXT_MAX])
{
	size_t len = 0;

	text[0] = '\0';
	for (size_t i = 0; i < count && i < MODEL_MATCHER_RANGES_MAX; i++) {
		const struct status_range *r = &ranges[i];
		char last[8] = "";

		if (r->last != r->first)
			snprintf(last, sizeof(last), "-%u", r->last);
		len += (size_t)snprintf(text + len, MATCHER_TEXT_MAX - len, "%s%u%s", i ? "," : "",
					r->first, last);
	}
	return text;
}

/* What the kernel's dev_valid_name() takes, in printable ASCII. */
bool interface_name_is_valid(const char *name)
{
	size_t len = strlen(name);

	if (len < 1 || len > MODEL_INTERFACE_NAME_MAX || strpbrk(name, "/:"))
		return false;
	for (const char *c = name; *c; c++)
		if (*c <= ' ' || *c > '~')
			return false;
	return strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static bool is_v4_mapped(const struct addr *address)
{
	static const uint8_t prefix[12] = {[10] = 0xff, [11] = 0xff};

	return address->family == AF_INET6 && memcmp(address->bytes, prefix, sizeof(prefix)) == 0;
}

/* A v6 link-local address means nothing without an interface. */
static bool is_v6_link_local(const struct addr *address)
{
	return address->family == AF_INET6 && addr_is_link_local(address);
}

const char *address_is_unusable(const struct addr *address)
{
	static const struct {
		bool (*is)(const struct addr *address);
		const char *what;
	} kinds[] = {
		{addr_is_unspecified, "the unspecified address"},
		{addr_is_multicast, "a multicast address"},
		{addr_is_loopback, "a loopback address"},
		{addr_is_broadcast, "the broadcast address"},
		{is_v6_link_local, "a link-local address"},
		{is_v4_mapped, "an IPv4-mapped address"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (kinds[i].is(address))
			return kinds[i].what;
	return NULL;
}

bool matcher_has(const struct status_range *ranges, size_t count, unsigned status)
{
	for (size_t i = 0; i < count; i++)
		if (status >= ranges[i].first && status <= ranges[i].last)
			return true;
	return false;
}
