/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Export: what a dump looks like, and that it applies to itself: random models go through YAML and
 * JSON, with and without defaults, and come back without a difference and as the same text.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/buf.h"
#include "conf/conf.h"
#include "model/model.h"

static struct model *must_parse(const char *text)
{
	struct model *model;
	struct err err = {0};

	if (conf_parse_state(text, strlen(text), NULL, &model, &err))
		fail_msg("%s\n%s", err.text, text);
	return model;
}

static const char usual[] =
	"load_balancers:\n"
	"  - name: edge\n"
	"    addresses: [203.0.113.10, \"2001:db8::10\"]\n"
	"    listeners:\n"
	"      - {protocol: TCP, port: 80, default_action: {forward: web}}\n"
	"      - protocol: TCP\n"
	"        port: 443\n"
	"        default_action: {forward: \"443\"}\n"
	"        attributes: {tcp.idle_timeout.seconds: 6000, udp.idle_timeout.seconds: 6000}\n"
	"target_groups:\n"
	"  - name: web\n"
	"    protocol: TCP\n"
	"    port: 8080\n"
	"    health_check: {protocol: HTTP, path: /healthz, interval_seconds: 5}\n"
	"    targets:\n"
	"      - 10.0.1.11\n"
	"      - {address: 10.0.1.12, port: 8081, weight: 2}\n"
	"      - \"10.0.1.13:8081\"\n"
	"      - \"2001:db8::1\"\n"
	"      - \"[2001:db8::1]:81\"\n"
	"  - name: \"443\"\n"
	"    protocol: TCP_UDP\n"
	"    port: 443\n"
	"  - name: \"yes\"\n"
	"    protocol: UDP\n"
	"    port: 53\n";

static void test_yaml(void **state)
{
	struct model *model = must_parse(usual);
	char *text = conf_dump_yaml(model, false);

	assert_string_equal(text, usual);
	free(text);
	model_free(model);
}

static void test_yaml_all(void **state)
{
	struct model *model =
		must_parse("load_balancers: [{name: edge, addresses: [203.0.113.10]}]\n"
			   "target_groups: [{name: web, protocol: TCP, port: 80, targets: "
			   "[10.0.0.1]}]\n");
	char *text = conf_dump_yaml(model, true);

	assert_string_equal(
		text,
		"load_balancers:\n"
		"  - name: edge\n"
		"    type: network\n"
		"    addresses: [203.0.113.10]\n"
		"    announce: address\n"
		"    interfaces: []\n"
		"    listeners: []\n"
		"target_groups:\n"
		"  - name: web\n"
		"    protocol: TCP\n"
		"    port: 80\n"
		"    target_type: ip\n"
		"    forwarding: nat\n"
		"    health_check:\n"
		"      enabled: true\n"
		"      protocol: TCP\n"
		"      port: traffic-port\n"
		"      interval_seconds: 30\n"
		"      timeout_seconds: 10\n"
		"      healthy_threshold: 5\n"
		"      unhealthy_threshold: 2\n"
		"    attributes:\n"
		"      deregistration_delay.timeout_seconds: 300\n"
		"      stickiness.enabled: false\n"
		"      stickiness.type: source_ip\n"
		"      preserve_port.enabled: false\n"
		"      "
		"target_group_health.unhealthy_state_routing.minimum_healthy_targets.count: 1\n"
		"      target_group_health.unhealthy_state_routing.minimum_healthy_targets."
		"percentage: \"off\"\n"
		"      target_health_state.unhealthy.connection_termination.enabled: true\n"
		"      proxy_protocol_v2.enabled: false\n"
		"      proxy_protocol_v2.client_to_server.header_placement: on_first_ack\n"
		"      proxy_protocol_v2.health_checks.enabled: true\n"
		"      tcp.mss.maximum: 0\n"
		"    targets:\n"
		"      - {address: 10.0.0.1, port: 80, weight: 1, drain: false}\n"
		"security_groups: []\n");
	free(text);
	model_free(model);
}

static void test_security_groups(void **state)
{
	static const char text[] = "load_balancers:\n"
				   "  - name: edge\n"
				   "    addresses: [203.0.113.10]\n"
				   "    listeners:\n"
				   "      - protocol: TCP\n"
				   "        port: 80\n"
				   "        default_action: {forward: web}\n"
				   "        security_groups: [office, partners]\n"
				   "        attributes: {new_flows_per_source.per_second: 100}\n"
				   "target_groups:\n"
				   "  - {name: web, protocol: TCP, port: 80}\n"
				   "security_groups:\n"
				   "  - name: office\n"
				   "    allow: [10.0.0.0/8, 192.0.2.1, \"2001:db8::/32\"]\n"
				   "    deny: [10.66.0.0/16]\n"
				   "  - {name: partners}\n";
	struct model *model = must_parse(text), *again;
	char *dump = conf_dump_yaml(model, false), *second;

	assert_int_equal(model->security_groups[0].allow_count, 3);
	assert_int_equal(model->security_groups[0].allow[2].bits, 32);
	assert_int_equal(model->load_balancers[0].listeners[0].flows_per_source, 100);
	again = must_parse(dump);
	second = conf_dump_yaml(again, false);
	assert_string_equal(dump, second);
	assert_non_null(strstr(dump, "security_groups: [office, partners]"));
	assert_non_null(strstr(dump, "10.0.0.0/8"));
	assert_non_null(strstr(dump, "2001:db8::/32"));
	free(dump);
	free(second);
	model_free(model);
	model_free(again);
}

static void test_json(void **state)
{
	struct model *model = must_parse(usual);
	char *text = conf_dump_json(model, false);

	assert_string_equal(
		text,
		"{\"load_balancers\":[{\"name\":\"edge\",\"addresses\":[\"203.0.113.10\","
		"\"2001:db8::10\"],\"listeners\":[{\"protocol\":\"TCP\",\"port\":80,"
		"\"default_action\":{\"forward\":\"web\"}},{\"protocol\":\"TCP\",\"port\":443,"
		"\"default_action\":{\"forward\":\"443\"},\"attributes\":"
		"{\"tcp.idle_timeout.seconds\":6000,\"udp.idle_timeout.seconds\":6000}}]}],"
		"\"target_groups\":[{\"name\":\"web\",\"protocol\":\"TCP\",\"port\":8080,"
		"\"health_check\":{\"protocol\":\"HTTP\",\"path\":\"/healthz\","
		"\"interval_seconds\":5},\"targets\":[{\"address\":\"10.0.1.11\"},"
		"{\"address\":\"10.0.1.12\",\"port\":8081,\"weight\":2},"
		"{\"address\":\"10.0.1.13\",\"port\":8081},{\"address\":\"2001:db8::1\"},"
		"{\"address\":\"2001:db8::1\",\"port\":81}]},{\"name\":\"443\","
		"\"protocol\":\"TCP_UDP\",\"port\":443},{\"name\":\"yes\",\"protocol\":\"UDP\","
		"\"port\":53}]}");
	free(text);
	model_free(model);
}

static void test_empty(void **state)
{
	struct model *model = must_parse("");
	char *yaml = conf_dump_yaml(model, false), *json = conf_dump_json(model, false);
	char *all = conf_dump_json(model, true);

	assert_string_equal(yaml, "{}\n");
	assert_string_equal(json, "{}");
	assert_string_equal(all,
			    "{\"load_balancers\":[],\"target_groups\":[],\"security_groups\":[]}");
	free(yaml);
	free(json);
	free(all);
	model_free(model);
}

/* Paths with everything that YAML and JSON must escape. */
static void test_odd_paths(void **state)
{
	struct model *model =
		must_parse("target_groups: [{name: web, protocol: TCP, port: 80, health_check: "
			   "{protocol: HTTP, path: \"/a\\\"b\\\\c'd:#{}[],&*!|>%@`~?x=1\"}}]");
	char *yaml = conf_dump_yaml(model, false);
	struct model *again = must_parse(yaml);

	assert_string_equal(again->target_groups[0].health_check.path,
			    "/a\"b\\c'd:#{}[],&*!|>%@`~?x=1");
	free(yaml);
	model_free(model);
	model_free(again);
}

/* ---- random models -------------------------------------------------------------------------- */

static uint32_t seed;

static unsigned pick(unsigned below)
{
	seed = seed * 1664525u + 1013904223u;
	return (unsigned)(((uint64_t)seed * below) >> 32);
}

/* Half of the time the default, else something in first..last. */
static void maybe_number(unsigned *field, unsigned first, unsigned last)
{
	if (pick(2))
		*field = first + pick(last - first + 1);
}

static struct addr random_address(unsigned net, unsigned host, bool v6)
{
	struct addr address;
	char text[ADDR_TEXT_MAX];

	snprintf(text, sizeof(text), v6 ? "2001:db8:%u::%x" : "10.%u.0.%u", net, host);
	assert_int_equal(addr_parse(text, &address, NULL), 0);
	return address;
}

static void random_targets(struct model *m, struct target_group *tg, bool v6)
{
	unsigned count = pick(6);

	for (unsigned i = 1; i <= count; i++) {
		struct target *target = model_add_target(m, tg);

		target->address = random_address(1, i, v6);
		if (tg->forwarding == FORWARDING_NAT && pick(2))
			target->port = (uint16_t)(1 + pick(65535));
		maybe_number(&target->weight, 0, 999);
		target->drain = pick(4) == 0;
	}
}

static void random_matcher(struct model *m, struct health_check *hc)
{
	for (unsigned i = pick(4); i > 0; i--) {
		uint16_t first = (uint16_t)(200 + pick(400));

		hc->matcher =
			arena_grow(m->arena, hc->matcher, hc->matcher_count, sizeof(*hc->matcher));
		hc->matcher[hc->matcher_count++] = (struct status_range){
			first, (uint16_t)(pick(2) ? first : first + pick(600u - first))};
	}
}

static void random_check(struct model *m, struct health_check *hc)
{
	hc->enabled = pick(4) != 0;
	hc->protocol = pick(2) ? HC_TCP : HC_HTTP;
	hc->port = pick(2) ? 0 : (uint16_t)(1 + pick(65535));
	if (hc->protocol == HC_HTTP && pick(2))
		hc->path = "/ready?x=1";
	if (hc->protocol == HC_HTTP)
		random_matcher(m, hc);
	maybe_number(&hc->interval_s, 1, 300);
	if (pick(2))
		hc->timeout_s = 1 + pick(hc->interval_s < 120 ? hc->interval_s : 120);
	maybe_number(&hc->healthy_threshold, 1, 10);
	maybe_number(&hc->unhealthy_threshold, 1, 10);
}

static void random_group(struct model *m, const char *name, bool v6)
{
	struct target_group *tg = model_add_target_group(m, name);

	tg->protocol = PROTOCOL_TCP_UDP;
	tg->port = 80;
	tg->forwarding = (enum forwarding)(FORWARDING_NAT + pick(FORWARDING_GUE));
	random_check(m, &tg->health_check);
	maybe_number(&tg->deregistration_delay_s, 0, 3600);
	tg->source_ip_stickiness = pick(2);
	maybe_number(&tg->min_healthy_count, 1, 10000);
	maybe_number(&tg->min_healthy_pct, 0, 100);
	tg->proxy_placement = pick(2) ? PROXY_ON_FIRST_ACK : PROXY_ON_FIRST_PAYLOAD;
	tg->proxy_health_checks = pick(2);
	if (tg->forwarding == FORWARDING_NAT)
		maybe_number(&tg->mss_max, 88, 65535);
	random_targets(m, tg, v6);
}

static void random_listener(struct model *m, struct load_balancer *lb, const char *forward)
{
	struct listener *listener = model_add_listener(m, lb);

	listener->protocol = (enum protocol)(PROTOCOL_TCP + pick(2));
	listener->port = 80;
	model_add_forward(m, &listener->default_action, forward);
	maybe_number(&listener->tcp_idle_s, 1, 6000);
	maybe_number(&listener->udp_idle_s, 1, 6000);
	if (listener->protocol == PROTOCOL_TCP)
		m->target_groups[m->target_group_count - 1].protocol = PROTOCOL_TCP;
}

static void random_load_balancer(struct model *m, unsigned number)
{
	char name[16];
	bool v6 = pick(2);
	struct load_balancer *lb;

	snprintf(name, sizeof(name), "n%u", number);
	random_group(m, name, v6);
	lb = model_add_load_balancer(m, name);
	lb->announce = pick(2) ? ANNOUNCE_ADDRESS : ANNOUNCE_NONE;
	lb->addresses = arena_alloc(m->arena, 2 * sizeof(*lb->addresses));
	lb->address_count = 1 + pick(2);
	for (unsigned i = 0; i < lb->address_count; i++)
		lb->addresses[i] = random_address(100 + number, i + 1, v6);
	if (pick(2)) {
		lb->interfaces = arena_alloc(m->arena, sizeof(*lb->interfaces));
		lb->interfaces[lb->interface_count++] = pick(2) ? "eth0" : "bond0.100@x";
	}
	if (pick(4))
		random_listener(m, lb, lb->name);
}

static struct model *random_model(uint32_t start)
{
	struct model *m = model_new(NULL);
	struct err err = {0};

	seed = start;
	for (unsigned i = pick(5); i > 0; i--)
		random_load_balancer(m, i);
	if (model_validate(m, &err))
		fail_msg("seed %u: %s", start, err.text);
	return m;
}

static void check_same(const struct model *a, const struct model *b, const char *text)
{
	struct arena *arena = arena_new();
	struct diff diff = model_diff(a, b, arena);

	if (diff.count)
		fail_msg("%s '%s' %s: '%s' -> '%s'\n%s", diff.entries[0].noun, diff.entries[0].name,
			 diff.entries[0].field, diff.entries[0].from, diff.entries[0].to, text);
	arena_free(arena);
}

static void check_round_trip(const struct model *model, char *(*dump)(const struct model *, bool),
			     bool all)
{
	char *text = dump(model, all), *again;
	struct model *parsed = must_parse(text);

	check_same(model, parsed, text);
	again = dump(parsed, all);
	assert_string_equal(text, again);
	free(text);
	free(again);
	model_free(parsed);
}

static void test_round_trips(void **state)
{
	for (uint32_t start = 1; start <= 500; start++) {
		struct model *model = random_model(start);

		check_round_trip(model, conf_dump_yaml, false);
		check_round_trip(model, conf_dump_yaml, true);
		check_round_trip(model, conf_dump_json, false);
		check_round_trip(model, conf_dump_json, true);
		model_free(model);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_yaml),
		cmocka_unit_test(test_yaml_all),
		cmocka_unit_test(test_security_groups),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_odd_paths),
		cmocka_unit_test(test_round_trips),
	};

	return cmocka_run_group_tests_name("conf/dump", tests, NULL, NULL);
}
