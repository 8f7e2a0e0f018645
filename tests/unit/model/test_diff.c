/* SPDX-License-Identifier: BSD-2-Clause */
/* Differences of two models as lines of text, in the promised order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/buf.h"
#include "model/model.h"

static struct addr address(const char *text)
{
	struct addr parsed;

	assert_int_equal(addr_parse(text, &parsed, NULL), 0);
	return parsed;
}

static void add_load_balancer(struct model *m, const char *name, const char *vip)
{
	struct load_balancer *lb = model_add_load_balancer(m, name);

	lb->addresses = arena_grow(m->arena, NULL, 0, sizeof(*lb->addresses));
	lb->addresses[lb->address_count++] = address(vip);
}

static void add_listener(struct model *m, struct load_balancer *lb, enum protocol protocol,
			 unsigned port, const char *forward)
{
	struct listener *listener = model_add_listener(m, lb);

	listener->protocol = protocol;
	listener->port = (uint16_t)port;
	model_add_forward(m, &listener->default_action, forward);
}

static struct target_group *add_group(struct model *m, const char *name)
{
	struct target_group *tg = model_add_target_group(m, name);

	tg->protocol = PROTOCOL_TCP_UDP;
	tg->port = 8080;
	return tg;
}

static void add_target(struct model *m, struct target_group *tg, const char *text, unsigned port)
{
	struct target *target = model_add_target(m, tg);

	target->address = address(text);
	target->port = (uint16_t)port;
}

static struct model *usual_model(void)
{
	struct model *m = model_new(NULL);
	struct target_group *tg;

	add_load_balancer(m, "edge", "203.0.113.10");
	add_listener(m, &m->load_balancers[0], PROTOCOL_TCP, 80, "web");
	tg = add_group(m, "web");
	add_target(m, tg, "10.0.0.1", 0);
	add_target(m, tg, "10.0.0.2", 0);
	return m;
}

static char *lines_of(const struct model *from, const struct model *to)
{
	struct arena *arena = arena_new();
	struct diff diff = model_diff(from, to, arena);
	struct buf buf = {0};

	buf_append_text(&buf, "");
	for (size_t i = 0; i < diff.count; i++) {
		const struct diff_entry *e = &diff.entries[i];

		buf_printf(&buf, "%s %s '%s'", diff_action_name(e->action), e->noun, e->name);
		if (e->action == DIFF_MODIFY)
			buf_printf(&buf, " %s: '%s' -> '%s'", e->field, e->from, e->to);
		buf_append_text(&buf, "\n");
	}
	arena_free(arena);
	return buf_take(&buf);
}

#define LB  (&m->load_balancers[0])
#define WEB (&m->target_groups[0])

static void change_lb(struct model *m)
{
	static const char *interfaces[] = {"eth0", "eth1"};

	LB->announce = ANNOUNCE_NONE;
	LB->interfaces = interfaces;
	LB->interface_count = 2;
	LB->addresses = arena_grow(m->arena, LB->addresses, 1, sizeof(*LB->addresses));
	LB->addresses[LB->address_count++] = address("203.0.113.11");
}

static void change_listeners(struct model *m)
{
	LB->listeners[0].tcp_idle_s = 60;
	LB->listeners[0].udp_idle_s = 61;
	add_listener(m, LB, PROTOCOL_UDP, 80, "web");
}

static void move_listener(struct model *m)
{
	LB->listeners[0].port = 81;
}

static void replace_lb(struct model *m)
{
	LB->name = "shop";
}

static void replace_group(struct model *m)
{
	WEB->name = "api";
	LB->listeners[0].default_action.groups[0].name = "api";
}

static void change_targets(struct model *m)
{
	WEB->targets[0].weight = 5;
	WEB->targets[0].drain = true;
	WEB->targets[1].address = address("2001:db8::1");
}

static void change_group_port(struct model *m)
{
	WEB->port = 8081; /* the targets take it over: they are others now */
}

static void change_group(struct model *m)
{
	static struct status_range ranges[] = {{200, 200}, {204, 299}};

	WEB->protocol = PROTOCOL_TCP;
	WEB->forwarding = FORWARDING_L2;
	WEB->health_check = (struct health_check){.protocol = HC_HTTP,
						  .port = 9000,
						  .path = "/x",
						  .matcher = ranges,
						  .matcher_count = 2,
						  .interval_s = 5,
						  .timeout_s = 3,
						  .healthy_threshold = 3,
						  .unhealthy_threshold = 4};
	WEB->deregistration_delay_s = 10;
	WEB->source_ip_stickiness = true;
	WEB->min_healthy_count = 2;
	WEB->min_healthy_pct = 50;
	WEB->proxy_placement = PROXY_ON_FIRST_PAYLOAD;
	WEB->proxy_health_checks = false;
	WEB->mss_max = 1200;
	for (size_t i = 0; i < 2; i++)
		WEB->targets[i].port = 8080;
	LB->listeners[0].port = 80;
}

static void change_order(struct model *m)
{
	struct target first = WEB->targets[0];

	WEB->targets[0] = WEB->targets[1];
	WEB->targets[1] = first;
}

static void nothing(struct model *m)
{
}

#define ROUTING "attributes.target_group_health.unhealthy_state_routing.minimum_healthy_targets"

static const struct {
	const char *name;
	void (*edit)(struct model *m);
	const char *lines;
} cases[] = {
	{"nothing", nothing, ""},
	{"order does not count", change_order, ""},
	{"load balancer", change_lb,
	 "modify load balancer 'edge' announce: 'address' -> 'none'\n"
	 "modify load balancer 'edge' addresses: '203.0.113.10' -> '203.0.113.10, 203.0.113.11'\n"
	 "modify load balancer 'edge' interfaces: '' -> 'eth0, eth1'\n"},
	{"listeners", change_listeners,
	 "modify listener 'edge/TCP:80' attributes.tcp.idle_timeout.seconds: '350' -> '60'\n"
	 "modify listener 'edge/TCP:80' attributes.udp.idle_timeout.seconds: '120' -> '61'\n"
	 "create listener 'edge/UDP:80'\n"},
	{"a listener moves", move_listener,
	 "create listener 'edge/TCP:81'\n"
	 "delete listener 'edge/TCP:80'\n"},
	{"a load balancer goes, another comes", replace_lb,
	 "create load balancer 'shop'\n"
	 "create listener 'shop/TCP:80'\n"
	 "delete load balancer 'edge'\n"
	 "delete listener 'edge/TCP:80'\n"},
	{"a target group goes, another comes", replace_group,
	 "modify listener 'edge/TCP:80' default_action.forward: 'web' -> 'api'\n"
	 "create target group 'api'\n"
	 "create target 'api/10.0.0.1:8080'\n"
	 "create target 'api/10.0.0.2:8080'\n"
	 "delete target group 'web'\n"
	 "delete target 'web/10.0.0.1:8080'\n"
	 "delete target 'web/10.0.0.2:8080'\n"},
	{"targets", change_targets,
	 "modify target 'web/10.0.0.1:8080' weight: '1' -> '5'\n"
	 "modify target 'web/10.0.0.1:8080' drain: 'false' -> 'true'\n"
	 "create target 'web/[2001:db8::1]:8080'\n"
	 "delete target 'web/10.0.0.2:8080'\n"},
	{"port of a group", change_group_port,
	 "modify target group 'web' port: '8080' -> '8081'\n"
	 "create target 'web/10.0.0.1:8081'\n"
	 "create target 'web/10.0.0.2:8081'\n"
	 "delete target 'web/10.0.0.1:8080'\n"
	 "delete target 'web/10.0.0.2:8080'\n"},
	{"fields of a group", change_group,
	 "modify target group 'web' protocol: 'TCP_UDP' -> 'TCP'\n"
	 "modify target group 'web' forwarding: 'nat' -> 'l2'\n"
	 "modify target group 'web' health_check.enabled: 'true' -> 'false'\n"
	 "modify target group 'web' health_check.protocol: 'TCP' -> 'HTTP'\n"
	 "modify target group 'web' health_check.port: 'traffic-port' -> '9000'\n"
	 "modify target group 'web' health_check.path: '' -> '/x'\n"
	 "modify target group 'web' health_check.matcher: '' -> '200,204-299'\n"
	 "modify target group 'web' health_check.interval_seconds: '30' -> '5'\n"
	 "modify target group 'web' health_check.timeout_seconds: '10' -> '3'\n"
	 "modify target group 'web' health_check.healthy_threshold: '5' -> '3'\n"
	 "modify target group 'web' health_check.unhealthy_threshold: '2' -> '4'\n"
	 "modify target group 'web' attributes.deregistration_delay.timeout_seconds: '300' -> "
	 "'10'\n"
	 "modify target group 'web' attributes.stickiness.enabled: 'false' -> 'true'\n"
	 "modify target group 'web' " ROUTING ".count: '1' -> '2'\n"
	 "modify target group 'web' " ROUTING ".percentage: '0' -> '50'\n"
	 "modify target group 'web' "
	 "attributes.target_health_state.unhealthy.connection_termination.enabled: 'false' -> "
	 "'true'\n"
	 "modify target group 'web' "
	 "attributes.proxy_protocol_v2.client_to_server.header_placement: 'on_first_ack' -> "
	 "'on_first_ack_with_payload'\n"
	 "modify target group 'web' attributes.proxy_protocol_v2.health_checks.enabled: 'true' -> "
	 "'false'\n"
	 "modify target group 'web' attributes.tcp.mss.maximum: '0' -> '1200'\n"},
};

static void test_diffs(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct model *from = usual_model(), *to = usual_model();
		char *lines;

		cases[i].edit(to);
		for (size_t g = 0; g < from->target_group_count; g++)
			model_fill_defaults(&from->target_groups[g], from->arena);
		for (size_t g = 0; g < to->target_group_count; g++)
			model_fill_defaults(&to->target_groups[g], to->arena);
		lines = lines_of(from, to);
		if (strcmp(lines, cases[i].lines) != 0)
			fail_msg("%s:\n%sexpected\n%s", cases[i].name, lines, cases[i].lines);
		free(lines);
		model_free(from);
		model_free(to);
	}
}

static void test_from_nothing(void **state)
{
	struct model *none = model_new(NULL), *some = usual_model();
	char *lines;

	model_fill_defaults(&some->target_groups[0], some->arena);
	lines = lines_of(none, some);
	assert_string_equal(lines, "create load balancer 'edge'\n"
				   "create listener 'edge/TCP:80'\n"
				   "create target group 'web'\n"
				   "create target 'web/10.0.0.1:8080'\n"
				   "create target 'web/10.0.0.2:8080'\n");
	free(lines);
	model_free(none);
	model_free(some);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_diffs),
		cmocka_unit_test(test_from_nothing),
	};

	return cmocka_run_group_tests_name("model/diff", tests, NULL, NULL);
}
