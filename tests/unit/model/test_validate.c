/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The rules of model_validate(): one good model, and a table of edits, each with the exact sentence
 * it gets, or NULL where it is still good. Limits are tested at the limit and one past it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "model/model.h"

static struct addr address(const char *text)
{
	struct addr parsed;

	assert_int_equal(addr_parse(text, &parsed, NULL), 0);
	return parsed;
}

static void add_address(struct model *model, struct load_balancer *lb, const char *text)
{
	lb->addresses =
		arena_grow(model->arena, lb->addresses, lb->address_count, sizeof(*lb->addresses));
	lb->addresses[lb->address_count++] = address(text);
}

static void add_interface(struct model *model, struct load_balancer *lb, const char *name)
{
	lb->interfaces = arena_grow(model->arena, lb->interfaces, lb->interface_count,
				    sizeof(*lb->interfaces));
	lb->interfaces[lb->interface_count++] = name;
}

static struct listener *add_listener(struct model *model, struct load_balancer *lb,
				     enum protocol protocol, unsigned port, const char *forward)
{
	struct listener *listener = model_add_listener(model, lb);

	listener->protocol = protocol;
	listener->port = (uint16_t)port;
	model_add_forward(model, &listener->default_action, forward);
	return listener;
}

static struct target_group *add_group(struct model *model, const char *name, enum protocol protocol,
				      unsigned port)
{
	struct target_group *tg = model_add_target_group(model, name);

	tg->protocol = protocol;
	tg->port = (uint16_t)port;
	return tg;
}

static struct target *add_target(struct model *model, struct target_group *tg, const char *text)
{
	struct target *target = model_add_target(model, tg);

	target->address = address(text);
	return target;
}

/* edge has 203.0.113.10, TCP:80 (line 5) goes to web (line 10) with the target 10.0.0.1:8080 (line
 * 12). */
static struct model *good_model(const char *source)
{
	struct model *model = model_new(source);
	struct load_balancer *lb = model_add_load_balancer(model, "edge");
	struct target_group *tg;

	lb->line = 2;
	add_address(model, lb, "203.0.113.10");
	add_listener(model, lb, PROTOCOL_TCP, 80, "web")->line = 5;
	tg = add_group(model, "web", PROTOCOL_TCP, 8080);
	tg->line = 10;
	add_target(model, tg, "10.0.0.1")->line = 12;
	return model;
}

#define EDGE   (&m->load_balancers[0])
#define TCP_80 (&m->load_balancers[0].listeners[0])
#define WEB    (&m->target_groups[0])
#define FIRST  (&m->target_groups[0].targets[0])

#define TEXT_1024 "/" TEXT_255 TEXT_256 TEXT_256 TEXT_256
#define TEXT_256  TEXT_64 TEXT_64 TEXT_64 TEXT_64
#define TEXT_255  TEXT_64 TEXT_64 TEXT_64 TEXT_63
#define TEXT_64	  TEXT_63 "x"
#define TEXT_63	  "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz01234567890"
#define NAME_32	  "abcdefghijklmnopqrstuvwxyz-01234"

#define NAME_RULE "a name is 1 to 32 letters, digits and hyphens, with no hyphen at either end"
#define PATH_RULE                                                                          \
	"target group 'web': health_check.path must start with '/' and hold at most 1024 " \
	"printable characters and no space"
#define ROUTING "attributes.target_group_health.unhealthy_state_routing.minimum_healthy_targets"

static const struct status_range one_status[] = {{200, 200}}, widest[] = {{200, 599}},
				 low[] = {{199, 200}}, high[] = {{200, 600}},
				 backwards[] = {{300, 299}};

static void set_matcher(struct model *m, const struct status_range *range)
{
	WEB->health_check.matcher = (struct status_range *)range;
	WEB->health_check.matcher_count = 1;
}

static void set_l2(struct model *m, unsigned target_port)
{
	WEB->forwarding = FORWARDING_L2;
	FIRST->port = (uint16_t)target_port;
}

/* The only target, or one of two, at an IPv6 address. */
static void set_crossing(struct model *m, enum forwarding forwarding)
{
	set_l2(m, 80);
	WEB->forwarding = forwarding;
	FIRST->address = address("2001:db8::1");
}

static void add_second_lb(struct model *m, const char *name, const char *vip,
			  enum protocol protocol, unsigned port)
{
	struct load_balancer *lb = model_add_load_balancer(m, name);

	lb->line = 7;
	add_address(m, lb, vip);
	add_listener(m, lb, protocol, port, "web")->line = 8;
}

static void add_addresses(struct model *m, unsigned count)
{
	char text[ADDR_TEXT_MAX];

	for (unsigned i = 0; i < count; i++) {
		snprintf(text, sizeof(text), "198.51.100.%u", i);
		add_address(m, EDGE, text);
	}
}

static void add_listeners(struct model *m, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		add_listener(m, EDGE, PROTOCOL_TCP, 1000 + i, "web");
}

static void add_groups(struct model *m, unsigned count)
{
	char name[16];

	for (unsigned i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "g%u", i);
		add_group(m, arena_strdup(m->arena, name), PROTOCOL_TCP, 80);
	}
}

static void add_load_balancers(struct model *m, unsigned count)
{
	char name[16];

	for (unsigned i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "lb%u", i);
		add_address(m, model_add_load_balancer(m, arena_strdup(m->arena, name)),
			    "203.0.113.10");
	}
}

static void add_targets(struct model *m, struct target_group *tg, unsigned count)
{
	char text[ADDR_TEXT_MAX];

	for (unsigned i = 0; i < count; i++) {
		snprintf(text, sizeof(text), "10.1.%u.%u", i / 256, i % 256);
		add_target(m, tg, text);
	}
}

/* Groups that together have so many targets; web has one of them. */
static void add_targets_everywhere(struct model *m, unsigned count)
{
	char name[16];

	for (unsigned i = 0; count > 1; i++) {
		unsigned part = count - 1 > 10000 ? 10000 : count - 1;

		snprintf(name, sizeof(name), "g%u", i);
		add_targets(m, add_group(m, name, PROTOCOL_TCP, 80), part);
		count -= part;
	}
}

/* So many (address, port, protocol) triples: 16 addresses times so many TCP listeners, one is there
 * already. */
static void add_vips(struct model *m, unsigned listeners)
{
	struct load_balancer *lb = model_add_load_balancer(m, "more");

	for (unsigned a = 0; a < 16; a++) {
		char text[ADDR_TEXT_MAX];

		snprintf(text, sizeof(text), "198.51.100.%u", a);
		add_address(m, EDGE, text);
		add_address(m, lb, text);
	}
	EDGE->addresses++; /* leave 203.0.113.10 out: 16 are left */
	EDGE->address_count--;
	for (unsigned i = 1; i < listeners; i++)
		add_listener(m, i < 1000 ? EDGE : lb, PROTOCOL_TCP, 1000 + i, "web");
}

static void add_interfaces(struct model *m, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		add_interface(m, EDGE, "eth0");
}

static void add_ranges(struct model *m, unsigned count)
{
	struct status_range *ranges = arena_alloc(m->arena, count * sizeof(*ranges));

	for (unsigned i = 0; i < count; i++)
		ranges[i] = one_status[0];
	WEB->health_check.protocol = HC_HTTP;
	WEB->health_check.matcher = ranges;
	WEB->health_check.matcher_count = count;
}

/* X(edit, sentence without "demo.yaml:"; NULL: still good) */
#define CASES(X)                                                                                   \
	X((void)m, NULL)                                                                           \
	/* names */                                                                                \
	X(EDGE->name = "", "2: load balancer '': " NAME_RULE)                                      \
	X(EDGE->name = NULL, "2: load balancer '': " NAME_RULE)                                    \
	X(EDGE->name = "-a", "2: load balancer '-a': " NAME_RULE)                                  \
	X(EDGE->name = "a-", "2: load balancer 'a-': " NAME_RULE)                                  \
	X(EDGE->name = "a_b", "2: load balancer 'a_b': " NAME_RULE)                                \
	X(EDGE->name = "a\x1b[1m", "2: load balancer 'a?[1m': " NAME_RULE)                         \
	X(EDGE->name = "a", NULL)                                                                  \
	X(EDGE->name = NAME_32, NULL)                                                              \
	X(EDGE->name = NAME_32 "5", "2: load balancer '" NAME_32 "5': " NAME_RULE)                 \
	X(WEB->name = "we b", "10: target group 'we b': " NAME_RULE)                               \
	X(add_second_lb(m, "edge", "203.0.113.11", PROTOCOL_TCP, 80),                              \
	  "7: load balancer 'edge': the name is already used (line 2)")                            \
	X(add_group(m, "web", PROTOCOL_TCP, 80)->line = 20,                                        \
	  "20: target group 'web': the name is already used (line 10)")                            \
	X((WEB->line = 0, add_group(m, "web", PROTOCOL_TCP, 80)->line = 20),                       \
	  "20: target group 'web': the name is already used")                                      \
	/* load balancer */                                                                        \
	X(EDGE->type = LB_APPLICATION,                                                             \
	  "2: load balancer 'edge': type application isn't available yet, only network is")        \
	X(EDGE->announce = ANNOUNCE_NONE, NULL)                                                    \
	X(EDGE->address_count = 0, "2: load balancer 'edge': it has no address")                   \
	X(EDGE->addresses[0].family = 0, "2: load balancer 'edge': the address is missing")        \
	X(EDGE->addresses[0] = address("0.0.0.0"),                                                 \
	  "2: load balancer 'edge': 0.0.0.0 is the unspecified address and cannot be used")        \
	X(EDGE->addresses[0] = address("224.0.0.1"),                                               \
	  "2: load balancer 'edge': 224.0.0.1 is a multicast address and cannot be used")          \
	X(EDGE->addresses[0] = address("127.0.0.1"),                                               \
	  "2: load balancer 'edge': 127.0.0.1 is a loopback address and cannot be used")           \
	X(EDGE->addresses[0] = address("255.255.255.255"),                                         \
	  "2: load balancer 'edge': 255.255.255.255 is the broadcast address and cannot be used")  \
	X(EDGE->addresses[0] = address("fe80::1"),                                                 \
	  "2: load balancer 'edge': fe80::1 is a link-local address and cannot be used")           \
	X(EDGE->addresses[0] = address("::ffff:1.2.3.4"),                                          \
	  "2: load balancer 'edge': ::ffff:1.2.3.4 is an IPv4-mapped address and cannot be used")  \
	X(EDGE->addresses[0] = address("169.254.1.1"), NULL)                                       \
	X(add_address(m, EDGE, "203.0.113.10"),                                                    \
	  "2: load balancer 'edge': address 203.0.113.10 is listed twice")                         \
	X(add_addresses(m, 63), NULL)                                                              \
	X(add_addresses(m, 64), "2: load balancer 'edge': 65 addresses, at most 64 are allowed")   \
	X(add_interface(m, EDGE, "eth0"), NULL)                                                    \
	X(add_interface(m, EDGE, "a/b"),                                                           \
	  "2: load balancer 'edge': 'a/b' is not the name of an interface")                        \
	X(add_interfaces(m, 64), NULL)                                                             \
	X(add_interfaces(m, 65), "2: load balancer 'edge': 65 interfaces, at most 64 are allowed") \
	X(add_load_balancers(m, 999), NULL)                                                        \
	X(add_load_balancers(m, 1000), " 1001 load balancers, at most 1000 are allowed")           \
	/* listener */                                                                             \
	X(TCP_80->protocol = 0, "5: listener 'edge/?:80': the protocol is missing")                \
	X(TCP_80->port = 0, "5: listener 'edge/TCP:0': port: 0 is out of range (1..65535)")        \
	X(TCP_80->port = 1, NULL)                                                                  \
	X(TCP_80->port = 65535, NULL)                                                              \
	X(TCP_80->default_action.group_count = 0, "5: listener 'edge/TCP:80': default_action.forward is missing")  \
	X(TCP_80->default_action.groups[0].name = "wev", "5: listener 'edge/TCP:80': target group 'wev' does not exist") \
	X(TCP_80->tcp_idle_s = 1, NULL)                                                            \
	X(TCP_80->tcp_idle_s = 6000, NULL)                                                         \
	X(TCP_80->tcp_idle_s = 0, "5: listener 'edge/TCP:80': "                                    \
				  "attributes.tcp.idle_timeout.seconds: 0 is out of range "        \
				  "(1..6000)")                                                     \
	X(TCP_80->tcp_idle_s = 6001, "5: listener 'edge/TCP:80': "                                 \
				     "attributes.tcp.idle_timeout.seconds: 6001 is out of range "  \
				     "(1..6000)")                                                  \
	X(TCP_80->udp_idle_s = 6001, "5: listener 'edge/TCP:80': "                                 \
				     "attributes.udp.idle_timeout.seconds: 6001 is out of range "  \
				     "(1..6000)")                                                  \
	X(add_listeners(m, 999), NULL)                                                             \
	X(add_listeners(m, 1000),                                                                  \
	  "2: load balancer 'edge': 1001 listeners, at most 1000 are allowed")                     \
	X(add_listener(m, EDGE, PROTOCOL_TCP, 80, "web")->line = 6,                                \
	  "6: listener 'edge/TCP:80': 203.0.113.10 port 80 TCP is already used by listener "       \
	  "'edge/TCP:80' (line 5)")                                                                \
	/* protocols */                                                                            \
	X(WEB->protocol = PROTOCOL_TCP_UDP, NULL)                                                  \
	X(WEB->protocol = PROTOCOL_UDP, "5: listener 'edge/TCP:80': target group 'web' has "       \
					"protocol UDP, but TCP or TCP_UDP is needed")              \
	X(TCP_80->protocol = PROTOCOL_UDP, "5: listener 'edge/UDP:80': target group 'web' has "    \
					   "protocol TCP, but UDP or TCP_UDP is needed")           \
	X((TCP_80->protocol = PROTOCOL_UDP, WEB->protocol = PROTOCOL_UDP), NULL)                   \
	X((TCP_80->protocol = PROTOCOL_UDP, WEB->protocol = PROTOCOL_TCP_UDP), NULL)               \
	X(TCP_80->protocol = PROTOCOL_TCP_UDP, "5: listener 'edge/TCP_UDP:80': target group "      \
					       "'web' has protocol TCP, but TCP_UDP is needed")    \
	X((TCP_80->protocol = PROTOCOL_TCP_UDP, WEB->protocol = PROTOCOL_UDP),                     \
	  "5: listener 'edge/TCP_UDP:80': target group 'web' has protocol UDP, but TCP_UDP is "    \
	  "needed")                                                                                \
	X((TCP_80->protocol = PROTOCOL_TCP_UDP, WEB->protocol = PROTOCOL_TCP_UDP), NULL)           \
	/* VIPs */                                                                                 \
	X(add_second_lb(m, "shop", "203.0.113.10", PROTOCOL_TCP, 81), NULL)                        \
	X(add_second_lb(m, "shop", "203.0.113.10", PROTOCOL_TCP, 80),                              \
	  "8: listener 'shop/TCP:80': 203.0.113.10 port 80 TCP is already used by listener "       \
	  "'edge/TCP:80' (line 5)")                                                                \
	X((WEB->protocol = PROTOCOL_TCP_UDP,                                                       \
	   add_second_lb(m, "shop", "203.0.113.10", PROTOCOL_UDP, 80)),                            \
	  NULL)                                                                                    \
	X((WEB->protocol = PROTOCOL_TCP_UDP, TCP_80->protocol = PROTOCOL_TCP_UDP,                  \
	   add_second_lb(m, "shop", "203.0.113.10", PROTOCOL_UDP, 80)),                            \
	  "8: listener 'shop/UDP:80': 203.0.113.10 port 80 UDP is already used by listener "       \
	  "'edge/TCP_UDP:80' (line 5)")                                                            \
	X(add_vips(m, 1024), NULL)                                                                 \
	X(add_vips(m, 1025), " more than 16384 addresses times listeners in all load balancers")   \
	/* target group */                                                                         \
	X(WEB->protocol = 0, "10: target group 'web': the protocol is missing")                    \
	X(WEB->port = 0, "10: target group 'web': port: 0 is out of range (1..65535)")             \
	X(WEB->health_check.interval_s = 0,                                                        \
	  "10: target group 'web': health_check.interval_seconds: 0 is out of range (1..300)")     \
	X(WEB->health_check.interval_s = 1, NULL)                                                  \
	X(WEB->health_check.interval_s = 300, NULL)                                                \
	X(WEB->health_check.interval_s = 301,                                                      \
	  "10: target group 'web': health_check.interval_seconds: 301 is out of range (1..300)")   \
	X(WEB->health_check.timeout_s = 30, NULL)                                                  \
	X(WEB->health_check.timeout_s = 31, "10: target group 'web': "                             \
					    "health_check.timeout_seconds: 31 is longer than the " \
					    "interval of 30 seconds")                              \
	X((WEB->health_check.interval_s = 300, WEB->health_check.timeout_s = 120), NULL)           \
	X((WEB->health_check.interval_s = 300, WEB->health_check.timeout_s = 121),                 \
	  "10: target group 'web': health_check.timeout_seconds: 121 is out of range (1..120)")    \
	X(WEB->health_check.healthy_threshold = 0,                                                 \
	  "10: target group 'web': health_check.healthy_threshold: 0 is out of range (1..10)")     \
	X(WEB->health_check.healthy_threshold = 1, NULL)                                           \
	X(WEB->health_check.healthy_threshold = 10, NULL)                                          \
	X(WEB->health_check.healthy_threshold = 11,                                                \
	  "10: target group 'web': health_check.healthy_threshold: 11 is out of range (1..10)")    \
	X(WEB->health_check.unhealthy_threshold = 1, NULL)                                         \
	X(WEB->health_check.unhealthy_threshold = 10, NULL)                                        \
	X(WEB->health_check.unhealthy_threshold = 11,                                              \
	  "10: target group 'web': health_check.unhealthy_threshold: 11 is out of range (1..10)")  \
	X(WEB->deregistration_delay_s = 0, NULL)                                                   \
	X(WEB->deregistration_delay_s = 3600, NULL)                                                \
	X(WEB->deregistration_delay_s = 3601,                                                      \
	  "10: target group 'web': attributes.deregistration_delay.timeout_seconds: 3601 is out "  \
	  "of range (0..3600)")                                                                    \
	X(WEB->min_healthy_count = 10000, NULL)                                                    \
	X(WEB->min_healthy_count = 0,                                                              \
	  "10: target group 'web': " ROUTING ".count: 0 is out of range (1..10000)")               \
	X(WEB->min_healthy_count = 10001,                                                          \
	  "10: target group 'web': " ROUTING ".count: 10001 is out of range (1..10000)")           \
	X(WEB->min_healthy_pct = 100, NULL)                                                        \
	X(WEB->min_healthy_pct = 101,                                                              \
	  "10: target group 'web': " ROUTING ".percentage: 101 is out of range (0..100)")          \
	X((WEB->has_unhealthy_connection_termination = true,                                       \
	   WEB->unhealthy_connection_termination = true),                                          \
	  NULL)                                                                                    \
	X((WEB->protocol = PROTOCOL_TCP_UDP, WEB->has_unhealthy_connection_termination = true,     \
	   WEB->unhealthy_connection_termination = true),                                          \
	  "10: target group 'web': "                                                               \
	  "attributes.target_health_state.unhealthy.connection_termination.enabled cannot be "     \
	  "true "                                                                                  \
	  "with protocol TCP_UDP")                                                                 \
	X(WEB->proxy_protocol = true, NULL)                                                        \
	X((WEB->proxy_protocol = true, WEB->protocol = PROTOCOL_TCP_UDP),                          \
	  "10: target group 'web': attributes.proxy_protocol_v2.enabled needs protocol TCP, not "  \
	  "TCP_UDP")                                                                               \
	X((WEB->proxy_protocol = true, WEB->forwarding = FORWARDING_L2),                           \
	  "10: target group 'web': attributes.proxy_protocol_v2.enabled needs forwarding nat: "    \
	  "with l2 targets see the client's address as it is")                                     \
	X(WEB->mss_max = 88, NULL)                                                                 \
	X(WEB->mss_max = 65535, NULL)                                                              \
	X(WEB->mss_max = 87,                                                                       \
	  "10: target group 'web': attributes.tcp.mss.maximum: 87 is out of range (88..65535, or " \
	  "0: what the path carries)")                                                             \
	X(WEB->mss_max = 65536,                                                                    \
	  "10: target group 'web': attributes.tcp.mss.maximum: 65536 is out of range (0..65535)")  \
	X((WEB->mss_max = 1200, WEB->forwarding = FORWARDING_L2),                                  \
	  "10: target group 'web': attributes.tcp.mss.maximum needs TCP and forwarding nat: the "  \
	  "answers of other targets don't pass here")                                              \
	X(add_groups(m, 2999), NULL)                                                               \
	X(add_groups(m, 3000), " 3001 target groups, at most 3000 are allowed")                    \
	/* health check */                                                                         \
	X(WEB->health_check.path = "/", "10: target group 'web': health_check.path needs "         \
					"health_check.protocol HTTP")                              \
	X(set_matcher(m, one_status), "10: target group 'web': health_check.matcher needs "        \
				      "health_check.protocol HTTP")                                \
	X(WEB->health_check.protocol = HC_HTTP, NULL)                                              \
	X((WEB->health_check.protocol = HC_HTTP, WEB->health_check.path = "x"), "10: " PATH_RULE)  \
	X((WEB->health_check.protocol = HC_HTTP, WEB->health_check.path = ""), "10: " PATH_RULE)   \
	X((WEB->health_check.protocol = HC_HTTP, WEB->health_check.path = "/a b"),                 \
	  "10: " PATH_RULE)                                                                        \
	X((WEB->health_check.protocol = HC_HTTP, WEB->health_check.path = "/a\r\nb"),              \
	  "10: " PATH_RULE)                                                                        \
	X((WEB->health_check.protocol = HC_HTTP, WEB->health_check.path = "/\xc3\xa4"),            \
	  "10: " PATH_RULE)                                                                        \
	X((WEB->health_check.protocol = HC_HTTP, WEB->health_check.path = TEXT_1024), NULL)        \
	X((WEB->health_check.protocol = HC_HTTP, WEB->health_check.path = TEXT_1024 "x"),          \
	  "10: " PATH_RULE)                                                                        \
	X((WEB->health_check.protocol = HC_HTTP, set_matcher(m, widest)), NULL)                    \
	X((WEB->health_check.protocol = HC_HTTP, set_matcher(m, low)),                             \
	  "10: target group 'web': health_check.matcher: 199-200 is out of range (200..599)")      \
	X((WEB->health_check.protocol = HC_HTTP, set_matcher(m, high)),                            \
	  "10: target group 'web': health_check.matcher: 200-600 is out of range (200..599)")      \
	X((WEB->health_check.protocol = HC_HTTP, set_matcher(m, backwards)),                       \
	  "10: target group 'web': health_check.matcher: 300-299 is out of range (200..599)")      \
	X(add_ranges(m, 64), NULL)                                                                 \
	X(add_ranges(m, 65), "10: target group 'web': 65 ranges in health_check.matcher, at most " \
			     "64 are allowed")                                                     \
	X((TCP_80->protocol = WEB->protocol = PROTOCOL_UDP, WEB->health_check.port = 53), NULL)    \
	/* targets */                                                                              \
	X(WEB->target_count = 0, NULL)                                                             \
	X(FIRST->weight = 0, NULL)                                                                 \
	X(FIRST->weight = 999, NULL)                                                               \
	X(FIRST->weight = 1000,                                                                    \
	  "12: target 'web/10.0.0.1:8080': weight: 1000 is out of range (0..999)")                 \
	X(FIRST->address = address("0.0.0.0"),                                                     \
	  "12: target 'web/0.0.0.0:8080': 0.0.0.0 is the unspecified address and cannot be used")  \
	X(FIRST->address.family = 0, "12: target 'web/-:8080': the address is missing")            \
	X(add_target(m, WEB, "10.0.0.1")->line = 13,                                               \
	  "13: target 'web/10.0.0.1:8080': the target is listed twice (line 12)")                  \
	X((add_target(m, WEB, "10.0.0.1")->port = 8080), " target 'web/10.0.0.1:8080': the "       \
							 "target is listed twice (line 12)")       \
	X((add_target(m, WEB, "10.0.0.1")->port = 8081), NULL)                                     \
	X(add_targets(m, WEB, 9999), NULL)                                                         \
	X(add_targets(m, WEB, 10000),                                                              \
	  "10: target group 'web': 10001 targets, at most 10000 are allowed")                      \
	X(add_targets_everywhere(m, 65536), NULL)                                                  \
	X(add_targets_everywhere(m, 65537),                                                        \
	  " 65537 targets in all target groups, at most 65536 are allowed")                        \
	X(FIRST->address = address("203.0.113.10"),                                                \
	  "12: target 'web/203.0.113.10:8080': its address is an address of load balancer 'edge'") \
	/* l2 */                                                                                   \
	X(set_l2(m, 80), NULL)                                                                     \
	X(set_l2(m, 0),                                                                            \
	  "5: listener 'edge/TCP:80': target 'web/10.0.0.1:8080' must have port 80: "              \
	  "l2 does not change ports")                                                              \
	X((set_l2(m, 80), add_target(m, WEB, "10.0.0.2")->port = 79),                              \
	  "5: listener 'edge/TCP:80': target 'web/10.0.0.2:79' must have port 80: l2 does not "    \
	  "change ports")                                                                          \
	X((set_l2(m, 80), add_target(m, WEB, "10.0.0.2")->port = 81),                              \
	  "5: listener 'edge/TCP:80': target 'web/10.0.0.2:81' must have port 80: l2 does not "    \
	  "change ports")                                                                          \
	X((set_l2(m, 80), WEB->target_count = 0), NULL)                                            \
	/* ipip, gue */                                                                             \
	X((set_l2(m, 81), WEB->forwarding = FORWARDING_IPIP),                                      \
	  "5: listener 'edge/TCP:80': target 'web/10.0.0.1:81' must have port 80: "                \
	  "ipip does not change ports")                                                            \
	X((set_l2(m, 0), WEB->forwarding = FORWARDING_GUE),                                        \
	  "5: listener 'edge/TCP:80': target 'web/10.0.0.1:8080' must have port 80: "              \
	  "gue does not change ports")                                                             \
	X(set_crossing(m, FORWARDING_IPIP), NULL)                                                  \
	X(set_crossing(m, FORWARDING_GUE), NULL)                                                   \
	X((set_crossing(m, FORWARDING_IPIP), add_target(m, WEB, "10.0.0.2")->port = 80),           \
	  "12: target 'web/[2001:db8::1]:80': no load balancer that forwards to target group "     \
	  "'web' has an IPv6 address (ipip prefers the same family, and the group has targets of " \
	  "the other)")                                                                            \
	X((set_crossing(m, FORWARDING_GUE), add_target(m, WEB, "10.0.0.2")->port = 80,             \
	   add_address(m, EDGE, "2001:db8::10")),                                                  \
	  NULL)                                                                                    \
	/* families */                                                                             \
	X(add_address(m, EDGE, "2001:db8::10"), NULL)                                              \
	X((set_l2(m, 80), add_address(m, EDGE, "2001:db8::10")), NULL)                             \
	X(FIRST->address = address("2001:db8::1"), NULL)                                           \
	X((FIRST->address = address("2001:db8::1"), WEB->forwarding = FORWARDING_DNAT),            \
	  "12: target 'web/[2001:db8::1]:8080': no load balancer that forwards to target group "   \
	  "'web' has an IPv6 address (dnat needs the same family)")                                \
	X((set_l2(m, 80), FIRST->address = address("2001:db8::1")),                                \
	  "12: target 'web/[2001:db8::1]:80': no load balancer that forwards to target group "     \
	  "'web' has an IPv6 address (l2 needs the same family)")                                  \
	X((add_address(m, EDGE, "2001:db8::10"), add_target(m, WEB, "2001:db8::1")), NULL)         \
	X((add_address(m, EDGE, "2001:db8::10"), WEB->target_count = 0), NULL)                     \
	X(add_target(m, WEB, "2001:db8::1")->line = 13,                                            \
	  "13: target 'web/[2001:db8::1]:8080': no load balancer that forwards to target group "   \
	  "'web' has an IPv6 address (nat prefers the same family, and the group has targets of "  \
	  "the other)")                                                                            \
	X((add_target(m, WEB, "2001:db8::1"),                                                      \
	   add_second_lb(m, "six", "2001:db8::10", PROTOCOL_TCP, 80)),                             \
	  NULL)                                                                                    \
	X((EDGE->listener_count = 0, add_target(m, WEB, "2001:db8::1")), NULL)

#define X(edit, sentence) {#edit, sentence},
static const struct {
	const char *edit, *sentence;
} cases[] = {CASES(X)};
#undef X

static void apply(struct model *m, unsigned number)
{
	unsigned at = 0;

#define X(edit, sentence)     \
	if (at++ == number) { \
		edit;         \
		return;       \
	}
	CASES(X)
#undef X
}

static void test_rules(void **state)
{
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		struct model *model = good_model("demo.yaml");
		struct err err = {0};
		char expected[ERR_TEXT_MAX] = "";
		int rc;

		apply(model, i);
		rc = model_validate(model, &err);
		if (cases[i].sentence)
			snprintf(expected, sizeof(expected), "demo.yaml:%s", cases[i].sentence);
		if (rc != (cases[i].sentence ? -EINVAL : 0) || strcmp(err.text, expected) != 0)
			fail_msg("%s: %d\n  '%s', expected\n  '%s'", cases[i].edit, rc, err.text,
				 expected);
		model_free(model);
	}
}

static void test_sentence_without_source(void **state)
{
	struct model *model = good_model(NULL);
	struct err err = {0};

	model->target_groups[0].targets[0].weight = 1000;
	assert_int_equal(model_validate(model, &err), -EINVAL);
	assert_string_equal(err.text,
			    "target 'web/10.0.0.1:8080': weight: 1000 is out of range (0..999)");
	assert_int_equal(model_validate(model, NULL), -EINVAL);
	model_free(model);
}

static void test_links(void **state)
{
	struct model *m = good_model(NULL);

	add_group(m, "idle", PROTOCOL_TCP, 80);
	assert_int_equal(model_validate(m, NULL), 0);
	assert_ptr_equal(TCP_80->default_action.groups[0].target_group, WEB);
	assert_true(model_is_in_use(m, WEB));
	assert_false(model_is_in_use(m, &m->target_groups[1]));
	assert_int_equal(FIRST->port, 8080);
	assert_int_equal(WEB->health_check.timeout_s, 10);
	assert_int_equal(model_validate(m, NULL), 0);
	model_free(m);
}

static void test_empty_model(void **state)
{
	struct model *model = model_new(NULL);

	assert_int_equal(model_validate(model, NULL), 0);
	model_free(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_sentence_without_source),
		cmocka_unit_test(test_links),
		cmocka_unit_test(test_empty_model),
	};

	return cmocka_run_group_tests_name("model/validate", tests, NULL, NULL);
}
