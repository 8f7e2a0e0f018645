// SPDX-License-Identifier: BSD-2-Clause
/*
 * Listeners in files: ports and ranges, prefixes, weighted actions, rules, target type alb. What is
 * accepted comes out of the dump as it is to be written, and the dump applies to itself; what is
 * refused has its sentence.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/base.h"
#include "conf/conf.h"
#include "model/model.h"

#define STATE(addresses, listener)                                                  \
	"load_balancers:\n- name: edge\n  announce: none\n  addresses: [" addresses \
	"]\n  listeners:\n  - " listener "\n" GROUPS
#define GROUPS                                                          \
	"target_groups:\n"                                              \
	"- {name: web, protocol: TCP, port: 80, targets: [10.0.0.1]}\n" \
	"- {name: api, protocol: TCP, port: 80}\n"                      \
	"- {name: six, protocol: TCP, port: 80}\n"                      \
	"- {name: dns, protocol: UDP, port: 53}\n"                      \
	"- {name: own, protocol: TCP, port: 443, target_type: alb}\n"   \
	"- {name: near, protocol: TCP, port: 80, forwarding: l2, targets: [10.0.0.2]}\n"
#define LISTENER(rest) STATE("203.0.113.10", "{protocol: TCP, " rest "}")
#define PORT(port)     LISTENER("port: " port ", default_action: {forward: web}")
#define ACTION(action) LISTENER("port: 80, default_action: {" action "}")
#define RULES(rules)   LISTENER("port: 80, rules: [" rules "], default_action: {forward: web}")
#define ADDRESSES(a)   STATE(a, "{protocol: TCP, port: 80, default_action: {forward: web}}")

/* Part of the dump */
static const struct {
	const char *text, *dump;
} good[] = {
	{PORT("80"), "port: 80,"},
	{PORT("5000-5999"), "port: \"5000-5999\","},
	{PORT("\"5000-5999\""), "port: \"5000-5999\","},
	{PORT("5000-5000"), "port: 5000,"},
	{PORT("all"), "port: all,"},
	{PORT("1-65535"), "port: all,"},
	{PORT("65534-65535"), "port: \"65534-65535\","},
	{ACTION("forward: web"), "default_action: {forward: web}"},
	{ACTION("forward: [{target_group: web}]"), "default_action: {forward: web}"},
	{ACTION("forward: \"web=3,api=1\""), "{target_group: web, weight: 3}"},
	{ACTION("forward: [{target_group: web, weight: 0}, {target_group: api, weight: 999}]"),
	 "{target_group: api, weight: 999}"},
	{ACTION("forward: \"web,api\", stickiness: {enabled: true}"), "enabled: true"},
	{RULES("{priority: 10, if: {source_ip: ipv6}, then: {forward: six}}"), "source_ip: ipv6"},
	{RULES("{priority: 50000, if: {source_ip: ipv4}, then: {forward: \"web=1,api=2\"}}"),
	 "priority: 50000"},
	{ADDRESSES("203.0.113.0/28"), "addresses: [\"203.0.113.0/28\"]"},
	{ADDRESSES("203.0.113.10/32"), "addresses: [203.0.113.10]"},
	{ADDRESSES("203.0.113.10, \"2001:db8:10::/64\", 198.51.100.0/24"),
	 "addresses: [203.0.113.10, \"2001:db8:10::/64\", \"198.51.100.0/24\"]"},
	{LISTENER("port: 443, default_action: {forward: own}"), "target_type: alb"},
	{LISTENER("port: 70-90, default_action: {forward: near}"), "port: \"70-90\""},
};

static struct model *parse(const char *text, struct err *err)
{
	struct model *model;

	*err = (struct err){0};
	return conf_parse_state(text, strlen(text), "f", &model, err) ? NULL : model;
}

static void test_good(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct err err;
		struct model *model = parse(good[i].text, &err), *again;
		char *dump, *second;

		if (!model)
			fail_msg("%s\n%s", good[i].text, err.text);
		dump = conf_dump_yaml(model, false);
		if (!strstr(dump, good[i].dump))
			fail_msg("'%s' is not in\n%s", good[i].dump, dump);
		again = parse(dump, &err);
		if (!again)
			fail_msg("%s\n%s", dump, err.text);
		second = conf_dump_yaml(again, false);
		assert_string_equal(dump, second);
		free(dump);
		free(second);
		model_free(model);
		model_free(again);
	}
}

#define EDGE_80 "f:6: listener 'edge/TCP:80': "

static const struct {
	const char *text, *sentence;
} bad[] = {
	{PORT("0"), "f:6: load_balancers['edge'].listeners[0].port: 0 is out of range (1..65535)"},
	{PORT("5999-5000"), "f:6: load_balancers['edge'].listeners[0].port: range 5999-5000 ends "
			    "before it begins"},
	{PORT("0-80"), "f:6: load_balancers['edge'].listeners[0].port: '0-80' is neither a port "
		       "(1..65535) nor FIRST-LAST nor all"},
	{PORT("any"), "f:6: load_balancers['edge'].listeners[0].port: 'any' is neither a port "
		      "(1..65535) nor FIRST-LAST nor all"},
	{ACTION("forward: []"), EDGE_80 "default_action.forward is missing"},
	{ACTION("forward: \"web=3,wev=1\""), EDGE_80 "target group 'wev' does not exist"},
	{ACTION("forward: \"web=3,web=1\""),
	 EDGE_80 "default_action.forward: target group 'web' is listed twice"},
	{ACTION("forward: \"web=0,api=0\""),
	 EDGE_80 "default_action.forward: one target group must have a weight above 0"},
	{ACTION("forward: \"web=1000\""),
	 "f:6: load_balancers['edge'].listeners[0].default_action.forward: 'web=1000' is neither a "
	 "target group nor GROUP=WEIGHT,… (weights 0..999)"},
	{ACTION("forward: \"web=3,dns=1\""),
	 EDGE_80 "target group 'dns' has protocol UDP, but TCP or TCP_UDP is needed"},
	{ACTION("forward: \"web=3,own=1\""), EDGE_80 "target group 'own' has target_type alb and "
						     "can't share an action with others"},
	{ACTION("forward: own"), EDGE_80 "target group 'own' has target_type alb: listener and "
					 "target group must have the same port, one"},
	{RULES("{priority: 0, if: {source_ip: ipv4}, then: {forward: web}}"),
	 "f:6: load_balancers['edge'].listeners[0].rules[0].priority: 0 is out of range "
	 "(1..50000)"},
	{RULES("{priority: 1, then: {forward: web}}"),
	 "f:6: load_balancers['edge'].listeners[0].rules[0]: 'if' is missing"},
	{RULES("{priority: 1, if: {source_ip: ipv4}, then: {forward: web}}, "
	       "{priority: 1, if: {source_ip: ipv6}, then: {forward: web}}"),
	 EDGE_80 "two rules have priority 1"},
	{ADDRESSES("203.0.113.1/28"), "f:4: load_balancers['edge'].addresses[0]: '203.0.113.1/28' "
				      "has bits set behind its prefix"},
	{ADDRESSES("203.0.113.0/33"), "f:4: load_balancers['edge'].addresses[0]: "
				      "'203.0.113.0/33': a prefix length is 0 to 32"},
	{ADDRESSES("64.0.0.0/7"), "f:2: load balancer 'edge': prefix 64.0.0.0/7 is too short, at "
				  "least /8 is needed"},
	{ADDRESSES("203.0.113.0/28, 203.0.113.0/28"),
	 "f:2: load balancer 'edge': prefix 203.0.113.0/28 is listed twice"},
	{ADDRESSES("10.0.0.0/24"),
	 "f:8: target 'web/10.0.0.1:80': its address is in prefix 10.0.0.0/24 of load balancer "
	 "'edge'"},
	{STATE("203.0.113.0/28", "{protocol: TCP, port: 443, default_action: {forward: own}}"),
	 "f:6: listener 'edge/TCP:443': target group 'own' has target_type alb: the load balancer "
	 "must have no prefix, only addresses"},
	{"target_groups:\n- {name: web, protocol: TCP, port: 80, forwarding: l2, "
	 "attributes: {preserve_port.enabled: true}}\n",
	 "f:2: target group 'web': attributes.preserve_port.enabled needs forwarding nat or dnat: "
	 "the "
	 "port is kept without it"},
	{"target_groups:\n- {name: web, protocol: TCP, port: 80, target_type: alb, "
	 "targets: [10.0.0.1]}\n",
	 "f:2: target group 'web': target_type alb has no targets of its own: what listens on this "
	 "host at the load balancer's address is the target"},
	{"target_groups:\n- {name: web, protocol: UDP, port: 80, target_type: alb}\n",
	 "f:2: target group 'web': target_type alb needs protocol TCP"},
	{LISTENER("port: 81-90, default_action: {forward: near}"),
	 "f:6: listener 'edge/TCP:81-90': target 'near/10.0.0.2:80' must have a port of 81-90: l2 "
	 "does not change ports"},
};

static void test_bad(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct err err;
		struct model *model = parse(bad[i].text, &err);

		if (model)
			fail_msg("accepted:\n%s", bad[i].text);
		assert_string_equal(err.text, bad[i].sentence);
	}
}

/* Two listeners of one load balancer with an address and a prefix: ports of the second. */
static const struct {
	const char *first, *second;
	bool is_refused;
} pairs[] = {
	{"5000-5999", "5000-5999", true},
	{"5000-5999", "5999-6000", true},
	{"5000-5999", "4000-5000", true},
	{"5000-5999", "4000-6500", false},
	{"5000-5999", "5000-5998", false},
	{"5000-5999", "5000", false},
	{"5000-5999", "6000-6999", false},
	{"all", "all", true},
	{"all", "80", false},
	{"all", "1-65534", false},
	{"80", "80", true},
	{"80", "81", false},
};

static void test_overlaps(void **state)
{
	char text[2048];

	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++)
		for (int swap = 0; swap < 2; swap++) {
			struct err err;
			struct model *model;

			snprintf(text, sizeof(text),
				 "load_balancers:\n- name: edge\n  announce: none\n"
				 "  addresses: [203.0.113.10, 203.0.113.0/28]\n  listeners:\n"
				 "  - {protocol: TCP, port: %s, default_action: {forward: web}}\n"
				 "  - {protocol: TCP, port: %s, default_action: {forward: "
				 "web}}\n" GROUPS,
				 swap ? pairs[i].second : pairs[i].first,
				 swap ? pairs[i].first : pairs[i].second);
			model = parse(text, &err);
			if (!model != pairs[i].is_refused)
				fail_msg("%s and %s: '%s'", pairs[i].first, pairs[i].second,
					 err.text);
			model_free(model);
		}
}

static void test_prefix_is_not_announced(void **state)
{
	struct err err;
	struct model *model =
		parse("load_balancers:\n- {name: edge, addresses: [203.0.113.0/28]}\n", &err);

	assert_null(model);
	assert_string_equal(err.text,
			    "f:2: load balancer 'edge': prefix 203.0.113.0/28 can't be put on "
			    "an interface: announce: none is needed, and a route to this host");
}

static void test_alb_has_targets_of_its_own(void **state)
{
	struct err err;
	struct model *model =
		parse(STATE("203.0.113.10, \"2001:db8::1\"",
			    "{protocol: TCP, port: 443, default_action: {forward: own}}"),
		      &err);
	const struct target_group *own;
	char *dump;

	assert_non_null(model);
	own = model_find_target_group(model, "own");
	assert_int_equal(own->target_count, 2);
	assert_int_equal(own->targets[0].port, 443);
	assert_int_equal(model_validate(model, &err), 0); /* again: not twice as many */
	assert_int_equal(model_find_target_group(model, "own")->target_count, 2);
	dump = conf_dump_json(model, false);
	assert_null(strstr(dump, "\"address\":\"203.0.113.10\""));
	free(dump);
	model_free(model);
}

static void test_rules_by_family(void **state)
{
	struct err err;
	struct model *model =
		parse(RULES("{priority: 20, if: {source_ip: ipv4}, then: {forward: api}}, "
			    "{priority: 10, if: {source_ip: ipv4}, then: {forward: web}}"),
		      &err);
	const struct listener *listener;

	assert_non_null(model);
	listener = &model->load_balancers[0].listeners[0];
	assert_string_equal(listener_action(listener, AF_INET)->groups[0].name, "web");
	assert_ptr_equal(listener_action(listener, AF_INET6), &listener->default_action);
	assert_true(listener_forwards_to(listener, "api"));
	assert_false(listener_forwards_to(listener, "six"));
	model_free(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_overlaps),
		cmocka_unit_test(test_prefix_is_not_announced),
		cmocka_unit_test(test_alb_has_targets_of_its_own),
		cmocka_unit_test(test_rules_by_family),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
