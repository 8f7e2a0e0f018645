/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Documents that are refused, with the exact sentence; documents that are taken, with what they
 * mean. A case is text; "WEB" is the smallest target group.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/buf.h"
#include "conf/conf.h"
#include "model/model.h"

#define WEB	  "target_groups:\n  - name: web\n    protocol: TCP\n    port: 80\n"
#define EDGE	  "load_balancers:\n  - name: edge\n    addresses: [203.0.113.10]\n"
#define LISTENERS EDGE "    listeners:\n"
#define TG_KEYS	  "name, protocol, port, target_type, forwarding, health_check, attributes, targets"
#define HC_KEYS                                                                       \
	"enabled, protocol, port, path, matcher, interval_seconds, timeout_seconds, " \
	"healthy_threshold, unhealthy_threshold"

struct refusal {
	const char *text, *sentence;
};

static void check_refusals(const struct refusal *cases, size_t count, const char *source)
{
	for (size_t i = 0; i < count; i++) {
		struct model *model = (void *)1;
		struct err err = {0};
		int rc = conf_parse_state(cases[i].text, strlen(cases[i].text), source, &model,
					  &err);

		if (rc == 0 || model || strcmp(err.text, cases[i].sentence) != 0)
			fail_msg("%s\n  %d '%s', expected\n  '%s'", cases[i].text, rc, err.text,
				 cases[i].sentence);
	}
}

static void test_security_group_refusals(void **state)
{
	static const struct refusal cases[] = {
		{"security_groups:\n  - name: a\n    allow: [10.0.0.1/8]\n",
		 "f:3: security_groups['a'].allow[0]: '10.0.0.1/8' has bits set behind its prefix"},
		{"security_groups:\n  - name: a\n    deny: [10.0.0.0/33]\n",
		 "f:3: security_groups['a'].deny[0]: '10.0.0.0/33': a prefix length is 0 to 32"},
		{"security_groups:\n  - name: a\n    allow: [10.0.0.0/8, 10.0.0.0/8]\n",
		 "f:2: security group 'a': allow: 10.0.0.0/8 is listed twice"},
		{"security_groups:\n  - name: a\n    allow: [10.0.0.0/8]\n    deny: [10.0.0.0/8]\n",
		 "f:2: security group 'a': 10.0.0.0/8 is both allowed and denied"},
		{"security_groups:\n  - {name: a}\n  - {name: a}\n",
		 "f:3: security group 'a': the name is already used (line 2)"},
		{"security_groups:\n  - {name: -a}\n",
		 "f:2: security group '-a': a name is 1 to 32 letters, digits and hyphens, with no "
		 "hyphen at either end"},
		{"load_balancers:\n  - name: edge\n    addresses: [192.0.2.1]\n    listeners:\n"
		 "      - {protocol: TCP, port: 80, default_action: {forward: w}, security_groups: "
		 "[x]}\ntarget_groups: [{name: w, protocol: TCP, port: 80}]\n",
		 "f:5: listener 'edge/TCP:80': there is no security group 'x'"},
		{"load_balancers:\n  - name: edge\n    addresses: [192.0.2.1]\n    listeners:\n"
		 "      - {protocol: TCP, port: 80, default_action: {forward: w}, security_groups: "
		 "[x, x]}\n",
		 "f:5: load_balancers['edge'].listeners[0].security_groups[1]: 'x' is listed "
		 "twice"},
		{"load_balancers:\n  - name: edge\n    addresses: [192.0.2.1]\n    listeners:\n"
		 "      - {protocol: TCP, port: 80, default_action: {forward: w}, attributes: "
		 "{new_flows_per_source.per_second: 1000001}}\n",
		 "f:5: "
		 "load_balancers['edge'].listeners[0].attributes.new_flows_per_source.per_second: "
		 "1000001 is out of range (0..1000000)"},
	};

	check_refusals(cases, ARRAY_SIZE(cases), "f");
}

static void test_documents(void **state)
{
	static const struct refusal cases[] = {
		{"[]", "f:1: expected a map, found a list"},
		{"hello", "f:1: expected a map, found 'hello'"},
		{"\"\"", "f:1: expected a map, found '' in quotes"},
		{"nouns: []", "f:1: unknown key 'nouns' (known: load_balancers, target_groups, "
			      "security_groups)"},
		{"target_groups: []\nloadbalancers: []",
		 "f:2: unknown key 'loadbalancers' (known: load_balancers, target_groups, "
		 "security_groups)"},
		{"target_groups: []\ntarget_groups: []",
		 "f:2: target_groups: the key is written twice"},
		{"a: 1\nb: 2\nc: 3\n\"b\": 4\n", "f:4: b: the key is written twice"},
		{"target_groups: []\n---\ntarget_groups: []\n",
		 "f:2: a second document starts here, only one is allowed"},
		{"target_groups: &a []", "f:1: anchors are not supported (&a)"},
		{"target_groups:\n  - &a {name: x}", "f:2: anchors are not supported (&a)"},
		{"target_groups:\n  - name: &a x", "f:2: anchors are not supported (&a)"},
		{"target_groups: *a", "f:1: aliases are not supported (*a)"},
		{"target_groups: !!seq []", "f:1: tags are not supported (tag:yaml.org,2002:seq)"},
		{"{? [a] : b}", "f:1: a key must be a word"},
		{"target_groups:\n\t- name: x\n",
		 "f:2: not YAML or JSON: found character that cannot start any token"},
		{"target_groups: [\n\n",
		 "f:3: not YAML or JSON: did not find expected node content"},
		{"target_groups:\n- name: x\n port: 1\n",
		 "f:3: not YAML or JSON: did not find expected key"},
		{"a: b\n\x01", "f:2: not YAML or JSON: control characters are not allowed"},
		{"a: \"\\0\"", "f:1: a zero byte in a text"},
		{"{a: [[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]}", "f:1: nested deeper than 16 levels"},
		{"{a: [[[[[[[[[[[[[[[]]]]]]]]]]]]]]]}",
		 "f:1: unknown key 'a' (known: load_balancers, target_groups, "
		 "security_groups)"},
		{"? a\n: b\n", "f:1: unknown key 'a' (known: load_balancers, target_groups, "
			       "security_groups)"},
		{"<<: {}", "f:1: unknown key '<<' (known: load_balancers, target_groups, "
			   "security_groups)"},
		{"\"a\\x1bb\": 1", "f:1: unknown key 'a?b' (known: load_balancers, target_groups, "
				   "security_groups)"},
	};

	check_refusals(cases, ARRAY_SIZE(cases), "f");
}

static void test_kinds(void **state)
{
	static const struct refusal cases[] = {
		{"target_groups: 1", "f:1: target_groups: expected a list, found '1'"},
		{"target_groups: {}", "f:1: target_groups: expected a list, found a map"},
		{"target_groups: [web]", "f:1: target_groups[0]: expected a map, found 'web'"},
		{"target_groups: [{}]", "f:1: target_groups[0]: 'name' is missing"},
		{"target_groups: [~]", "f:1: target_groups[0]: expected a map, found nothing"},
		{"target_groups:\n- {name: web, port: 1}",
		 "f:2: target_groups['web']: 'protocol' is missing"},
		{"target_groups:\n- {name: web, protocol: TCP}",
		 "f:2: target_groups['web']: 'port' is missing"},
		{"target_groups: [{name: [], port: 1}]",
		 "f:1: target_groups[0].name: expected a text, found a list"},
		{"target_groups: [{name: , port: 1}]",
		 "f:1: target_groups[''].name: expected a text, found nothing"},
		{"target_groups: [{name: ~, port: 1}]",
		 "f:1: target_groups['~'].name: expected a text, found nothing"},
		{WEB "    prot: TCP",
		 "f:5: target_groups['web']: unknown key 'prot' (known: " TG_KEYS ")"},
		{WEB "    forwarding: ipvs",
		 "f:5: target_groups['web'].forwarding: expected nat, l2, dnat, ipip or gue, found 'ipvs'"},
		{WEB "    forwarding: [nat]",
		 "f:5: target_groups['web'].forwarding: expected nat, l2, dnat, ipip or gue, found a list"},
		{"target_groups:\n- {name: web, protocol: TLS, port: 1}",
		 "f:2: target_groups['web'].protocol: expected TCP, UDP or TCP_UDP, found 'TLS'"},
		{WEB "    targets: 10.0.0.1",
		 "f:5: target_groups['web'].targets: expected a list, found '10.0.0.1'"},
	};

	check_refusals(cases, ARRAY_SIZE(cases), "f");
}

static void test_numbers(void **state)
{
	static const struct {
		const char *number, *rest;
	} cases[] = {
		{"abc", "expected a number, found 'abc'"},
		{"'80'", "expected a number, found '80' in quotes"},
		{"\"80\"", "expected a number, found '80' in quotes"},
		{"", "expected a number, found nothing"},
		{"[80]", "expected a number, found a list"},
		{"{}", "expected a number, found a map"},
		{"080", "expected a number, found '080'"},
		{"0x50", "expected a number, found '0x50'"},
		{"8_0", "expected a number, found '8_0'"},
		{"80.0", "expected a number, found '80.0'"},
		{"8e1", "expected a number, found '8e1'"},
		{"+80", "expected a number, found '+80'"},
		{"-x", "expected a number, found '-x'"},
		{"0", "0 is out of range (1..65535)"},
		{"-0", "-0 is out of range (1..65535)"},
		{"-1", "-1 is out of range (1..65535)"},
		{"65536", "65536 is out of range (1..65535)"},
		{"70000", "70000 is out of range (1..65535)"},
		{"4294967376", "4294967376 is out of range (1..65535)"},
		{"18446744073709551696", "18446744073709551696 is out of range (1..65535)"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct buf text = {0}, sentence = {0};
		struct refusal refusal;

		buf_printf(&text, "target_groups:\n- name: web\n  protocol: TCP\n  port: %s\n",
			   cases[i].number);
		buf_printf(&sentence, "f:4: target_groups['web'].port: %s", cases[i].rest);
		refusal = (struct refusal){text.data, sentence.data};
		check_refusals(&refusal, 1, "f");
		buf_fini(&text);
		buf_fini(&sentence);
	}
}

static void test_load_balancer_refusals(void **state)
{
	static const struct refusal cases[] = {
		{"load_balancers: [{name: a}]", "f:1: load_balancers['a']: 'addresses' is missing"},
		{"load_balancers: [{name: a, addresses: []}]",
		 "f:1: load balancer 'a': it has no address"},
		{"load_balancers: [{name: a, addresses: 10.0.0.1}]",
		 "f:1: load_balancers['a'].addresses: expected a list, found '10.0.0.1'"},
		{"load_balancers: [{name: a, addresses: [b]}]",
		 "f:1: load_balancers['a'].addresses[0]: 'b' is not an IP address"},
		{"load_balancers: [{name: a, addresses: [[]]}]",
		 "f:1: load_balancers['a'].addresses[0]: expected an IP address, found a list"},
		{"load_balancers: [{name: a, addresses: [10.0.0.1, ff02::1]}]",
		 "f:1: load_balancers['a'].addresses[1]: ff02::1 is a multicast address and cannot "
		 "be used"},
		{"load_balancers:\n- name: shop\n  type: application\n  rules: []\n",
		 "f:4: load_balancers['shop']: unknown key 'rules' (known: name, type, addresses, "
		 "announce, interfaces, listeners)"},
		{"load_balancers:\n- name: shop\n  type: application\n  listeners: [{rules: []}]\n",
		 "f:3: load_balancers['shop'].type: type application isn't available yet, only "
		 "network is"},
		{EDGE "    type: gateway\n", "f:4: load_balancers['edge'].type: expected network "
					     "or application, found 'gateway'"},
		{EDGE "    announce: route\n",
		 "f:4: load_balancers['edge'].announce: expected address or none, found 'route'"},
		{EDGE "    interfaces: [eth0, a/b]\n", "f:4: load_balancers['edge'].interfaces[1]: "
						       "'a/b' is not the name of an interface"},
		{EDGE "    interfaces: [eth0, eth1, eth0]\n",
		 "f:4: load_balancers['edge'].interfaces[2]: 'eth0' is listed twice"},
		{EDGE "    interfaces: [{}]\n",
		 "f:4: load_balancers['edge'].interfaces[0]: expected "
		 "the name of an interface, found a map"},
		{LISTENERS "    - {prot: TCP}\n", "f:5: load_balancers['edge'].listeners[0]: "
						  "unknown key 'prot' (known: protocol, port, "
						  "rules, default_action, security_groups, attributes)"},
		{LISTENERS "    - {port: 80, default_action: {forward: web}}\n",
		 "f:5: load_balancers['edge'].listeners[0]: 'protocol' is missing"},
		{LISTENERS "    - {protocol: TCP, port: 80}\n",
		 "f:5: load_balancers['edge'].listeners[0]: 'default_action' is missing"},
		{LISTENERS "    - {protocol: TCP, port: 80, default_action: web}\n",
		 "f:5: load_balancers['edge'].listeners[0].default_action: expected a map, found "
		 "'web'"},
		{LISTENERS "    - {protocol: TCP, port: 80, default_action: {}}\n",
		 "f:5: load_balancers['edge'].listeners[0].default_action: 'forward' is missing"},
		{LISTENERS "    - {protocol: TCP, port: 80, default_action: }\n",
		 "f:5: load_balancers['edge'].listeners[0].default_action: 'forward' is missing"},
		{LISTENERS "    - {protocol: TCP, port: 80, default_action: {forward: web}}\n",
		 "f:5: listener 'edge/TCP:80': target group 'web' does not exist"},
		{LISTENERS "    - {protocol: TCP, port: 80, default_action: {forward: web},\n"
			   "       attributes: {tcp.idle_timeout.seconds: 6001}}\n" WEB,
		 "f:6: load_balancers['edge'].listeners[0].attributes.tcp.idle_timeout.seconds: "
		 "6001 "
		 "is out of range (1..6000)"},
		{LISTENERS "    - {protocol: TCP, port: 80, default_action: {forward: web},\n"
			   "       attributes: {idle: 1}}\n" WEB,
		 "f:6: load_balancers['edge'].listeners[0].attributes: unknown key 'idle' (known: "
		 "tcp.idle_timeout.seconds, udp.idle_timeout.seconds, "
		 "new_flows_per_source.per_second, new_flows_per_source.burst)"},
	};

	check_refusals(cases, ARRAY_SIZE(cases), "f");
}

static void test_target_group_refusals(void **state)
{
	static const struct refusal cases[] = {
		{WEB "    health_check: {path: x, protocol: HTTP}\n",
		 "f:2: target group 'web': health_check.path must start with '/' and hold at most "
		 "1024 "
		 "printable characters and no space"},
		{WEB "    health_check: {protocols: HTTP}\n",
		 "f:5: target_groups['web'].health_check: unknown key 'protocols' (known: " HC_KEYS
		 ")"},
		{WEB "    health_check: {enabled: yes}\n",
		 "f:5: target_groups['web'].health_check.enabled: expected true or false, found "
		 "'yes'"},
		{WEB "    health_check: {enabled: 'true'}\n",
		 "f:5: target_groups['web'].health_check.enabled: expected true or false, found "
		 "'true' "
		 "in quotes"},
		{WEB "    health_check: {enabled: }\n",
		 "f:5: target_groups['web'].health_check.enabled: expected true or false, found "
		 "nothing"},
		{WEB "    health_check: {enabled: []}\n",
		 "f:5: target_groups['web'].health_check.enabled: expected true or false, found a "
		 "list"},
		{WEB "    health_check: {port: traffic}\n",
		 "f:5: target_groups['web'].health_check.port: expected a number or traffic-port, "
		 "found "
		 "'traffic'"},
		{WEB "    health_check: {port: '80'}\n",
		 "f:5: target_groups['web'].health_check.port: expected a number or traffic-port, "
		 "found "
		 "'80' in quotes"},
		{WEB "    health_check: {port: 0}\n",
		 "f:5: target_groups['web'].health_check.port: 0 is out of range (1..65535)"},
		{WEB "    health_check: {protocol: HTTP, matcher: 20}\n",
		 "f:5: target_groups['web'].health_check.matcher: expected at most 64 status codes "
		 "like "
		 "200-399 or 200,204, found '20'"},
		{WEB "    health_check: {protocol: HTTP, matcher: '200,'}\n",
		 "f:5: target_groups['web'].health_check.matcher: expected at most 64 status codes "
		 "like "
		 "200-399 or 200,204, found '200,'"},
		{WEB "    health_check: {protocol: HTTP, matcher: '200-'}\n",
		 "f:5: target_groups['web'].health_check.matcher: expected at most 64 status codes "
		 "like "
		 "200-399 or 200,204, found '200-'"},
		{WEB "    health_check: {protocol: HTTP, matcher: '200 204'}\n",
		 "f:5: target_groups['web'].health_check.matcher: expected at most 64 status codes "
		 "like "
		 "200-399 or 200,204, found '200 204'"},
		{WEB "    health_check: {protocol: HTTP, matcher: '2000'}\n",
		 "f:5: target_groups['web'].health_check.matcher: expected at most 64 status codes "
		 "like "
		 "200-399 or 200,204, found '2000'"},
		{WEB "    health_check: {protocol: HTTP, matcher: []}\n",
		 "f:5: target_groups['web'].health_check.matcher: expected status codes like "
		 "200-399 or "
		 "200,204, found a list"},
		{WEB "    health_check: {protocol: HTTP, matcher: '199'}\n",
		 "f:2: target group 'web': health_check.matcher: 199-199 is out of range "
		 "(200..599)"},
		{WEB "    health_check: {interval_seconds: 301}\n",
		 "f:5: target_groups['web'].health_check.interval_seconds: 301 is out of range "
		 "(1..300)"},
		{WEB "    health_check: {timeout_seconds: 121}\n",
		 "f:5: target_groups['web'].health_check.timeout_seconds: 121 is out of range "
		 "(1..120)"},
		{WEB "    health_check: {timeout_seconds: 31}\n",
		 "f:2: target group 'web': health_check.timeout_seconds: 31 is longer than the "
		 "interval "
		 "of 30 seconds"},
		{WEB "    health_check: {healthy_threshold: 11}\n",
		 "f:5: target_groups['web'].health_check.healthy_threshold: 11 is out of range "
		 "(1..10)"},
		{WEB "    health_check: {unhealthy_threshold: 0}\n",
		 "f:5: target_groups['web'].health_check.unhealthy_threshold: 0 is out of range "
		 "(1..10)"},
		{WEB "    attributes: {deregistration_delay.timeout_seconds: 3601}\n",
		 "f:5: target_groups['web'].attributes.deregistration_delay.timeout_seconds: 3601 "
		 "is out "
		 "of range (0..3600)"},
		{WEB "    attributes: {stickiness.type: lb_cookie}\n",
		 "f:5: target_groups['web'].attributes.stickiness.type: expected source_ip, found "
		 "'lb_cookie'"},
		{WEB "    attributes: {target_group_health.unhealthy_state_routing."
		     "minimum_healthy_targets.percentage: 0}\n",
		 "f:5: target_groups['web'].attributes.target_group_health.unhealthy_state_routing."
		 "minimum_healthy_targets.percentage: 0 is out of range (1..100)"},
		{WEB "    attributes: {target_group_health.unhealthy_state_routing."
		     "minimum_healthy_targets.percentage: on}\n",
		 "f:5: target_groups['web'].attributes.target_group_health.unhealthy_state_routing."
		 "minimum_healthy_targets.percentage: expected a number or off, found 'on'"},
		{"target_groups:\n- {name: dns, protocol: UDP, port: 53, attributes: "
		 "{target_health_state.unhealthy.connection_termination.enabled: true}}",
		 "f:2: target group 'dns': "
		 "attributes.target_health_state.unhealthy.connection_termination.enabled cannot "
		 "be "
		 "true with protocol UDP"},
	};

	check_refusals(cases, ARRAY_SIZE(cases), "f");
}

static void test_target_refusals(void **state)
{
	static const struct refusal cases[] = {
		{WEB "    targets: [{}]",
		 "f:5: target_groups['web'].targets[0]: 'address' is missing"},
		{WEB "    targets: [[]]",
		 "f:5: target_groups['web'].targets[0]: expected a map, found a list"},
		{WEB "    targets:\n    -\n",
		 "f:6: target_groups['web'].targets[0]: expected ADDRESS, "
		 "ADDRESS:PORT or a map, found nothing"},
		{WEB "    targets: [{address: '10.0.0.1:80'}]",
		 "f:5: target_groups['web'].targets[0].address: '10.0.0.1:80' is not an IP "
		 "address"},
		{WEB "    targets: [{address: 10.0.0.1}, {address: {}}]",
		 "f:5: target_groups['web'].targets[1].address: expected an IP address, found a "
		 "map"},
		{WEB "    targets: [{address: 10.0.0.1, weight: 1000}]",
		 "f:5: target_groups['web'].targets[0].weight: 1000 is out of range (0..999)"},
		{WEB "    targets: [{address: 10.0.0.1, zone: a}]",
		 "f:5: target_groups['web'].targets[0]: unknown key 'zone' (known: address, port, "
		 "weight, drain)"},
		{WEB "    targets: [10.0.0.1,\n 10.0.0.1:80]",
		 "f:6: target 'web/10.0.0.1:80': the target is listed twice (line 5)"},
		{WEB "    targets: [127.0.0.1]", "f:5: target 'web/127.0.0.1:80': 127.0.0.1 is a "
						 "loopback address and cannot be used"},
	};

	check_refusals(cases, ARRAY_SIZE(cases), "f");
}

/* What endpoint_parse() says is passed on with the path. */
static void test_bad_endpoints(void **state)
{
	static const char *const texts[] = {"web1",	   "10.0.0.1:0",     "10.0.0.1:65536",
					    "'10.0.0.1:'", "'[2001:db8::1'", "10.0.0.1:80:80"};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		static const char path[] = "f:5: target_groups['web'].targets[0]: ";
		struct buf text = {0};
		struct model *model;
		struct err err = {0};

		buf_printf(&text, WEB "    targets: [%s]\n", texts[i]);
		assert_int_equal(conf_parse_state(text.data, text.len, "f", &model, &err), -EINVAL);
		assert_int_equal(strncmp(err.text, path, sizeof(path) - 1), 0);
		assert_true(strlen(err.text) > sizeof(path));
		buf_fini(&text);
	}
}

/* JSON that came by API: paths, no lines. */
static void test_json(void **state)
{
	static const struct refusal cases[] = {
		{"{\"target_groups\":[{\"name\":\"web\",\"protocol\":\"TCP\",\"port\":\"80\"}]}",
		 "target_groups['web'].port: expected a number, found '80' in quotes"},
		{"{\"target_groups\":[{\"name\":\"web\",\"protocol\":\"TCP\",\"port\":null}]}",
		 "target_groups['web'].port: expected a number, found nothing"},
		{"{\"target_groups\":[{\"name\":\"web\",\"protocol\":\"TCP\",\"port\":80,"
		 "\"targets\":[{\"address\":\"10.0.0.1\"},{\"address\":\"10.0.0.2\","
		 "\"weight\":-1}]}]}",
		 "target_groups['web'].targets[1].weight: -1 is out of range (0..999)"},
		{"{\"load_balancers\":[{\"name\":\"edge\",\"addresses\":[\"203.0.113.10\"],"
		 "\"listeners\":[{\"protocol\":\"TCP\",\"port\":80,\"default_action\":"
		 "{\"forward\":\"web\"}}]}]}",
		 "listener 'edge/TCP:80': target group 'web' does not exist"},
		{"{\"a\":1,\"a\":2}", "a: the key is written twice"},
		{"{\"a\":", "not YAML or JSON: did not find expected node content (line 2)"},
	};

	check_refusals(cases, ARRAY_SIZE(cases), NULL);
}

static struct model *must_parse(const char *text)
{
	struct model *model;
	struct err err = {0};

	if (conf_parse_state(text, strlen(text), "f", &model, &err))
		fail_msg("%s", err.text);
	return model;
}

static void test_empty(void **state)
{
	static const char *const texts[] = {
		"",   "\n", "# nothing\n", "---\n",
		"{}", "~",  "null\n",	   "load_balancers:\ntarget_groups: []\n"};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct model *model = must_parse(texts[i]);

		assert_int_equal(model->load_balancer_count, 0);
		assert_int_equal(model->target_group_count, 0);
		model_free(model);
	}
}

static const char full[] =
	"load_balancers:\n"
	"  - name: edge\n"
	"    type: network\n"
	"    addresses: [203.0.113.10, \"2001:db8::10\"]\n"
	"    announce: none\n"
	"    interfaces: [eth0, \"eth1\"]\n"
	"    listeners:\n"
	"      - protocol: TCP_UDP\n"
	"        port: 53\n"
	"        default_action: {forward: dns}\n"
	"        attributes: {tcp.idle_timeout.seconds: 60, udp.idle_timeout.seconds: 5}\n"
	"target_groups:\n"
	"  - name: dns\n"
	"    protocol: TCP_UDP\n"
	"    port: 53\n"
	"    forwarding: l2\n"
	"    health_check:\n"
	"      enabled: false\n"
	"      protocol: HTTP\n"
	"      port: 8080\n"
	"      path: /healthz?full=1\n"
	"      matcher: 200,204-299\n"
	"      interval_seconds: 5\n"
	"      timeout_seconds: 2\n"
	"      healthy_threshold: 3\n"
	"      unhealthy_threshold: 4\n"
	"    attributes:\n"
	"      deregistration_delay.timeout_seconds: 0\n"
	"      stickiness.enabled: true\n"
	"      stickiness.type: source_ip\n"
	"      target_group_health.unhealthy_state_routing.minimum_healthy_targets.count: 2\n"
	"      target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage: 50\n"
	"      target_health_state.unhealthy.connection_termination.enabled: false\n"
	"      proxy_protocol_v2.enabled: false\n"
	"      proxy_protocol_v2.client_to_server.header_placement: on_first_ack_with_payload\n"
	"      proxy_protocol_v2.health_checks.enabled: false\n"
	"      tcp.mss.maximum: 0\n"
	"    targets:\n"
	"      - 10.0.0.1\n"
	"      - \"10.0.0.2:53\"\n"
	"      - {address: 10.0.0.3, port: 53, weight: 0, drain: true}\n"
	"      - \"[2001:db8::1]:53\"\n"
	"      - 2001:db8::2\n";

static void test_full_load_balancer(void **state)
{
	struct model *model = must_parse(full);
	const struct load_balancer *lb = &model->load_balancers[0];
	const struct listener *listener = &lb->listeners[0];

	assert_string_equal(lb->name, "edge");
	assert_int_equal(lb->line, 2);
	assert_int_equal(lb->address_count, 2);
	assert_int_equal(lb->addresses[1].family, AF_INET6);
	assert_int_equal(lb->announce, ANNOUNCE_NONE);
	assert_int_equal(lb->interface_count, 2);
	assert_string_equal(lb->interfaces[1], "eth1");
	assert_int_equal(listener->protocol, PROTOCOL_TCP_UDP);
	assert_int_equal(listener->port, 53);
	assert_int_equal(listener->tcp_idle_s, 60);
	assert_int_equal(listener->udp_idle_s, 5);
	assert_int_equal(listener->line, 8);
	assert_ptr_equal(listener->default_action.groups[0].target_group, &model->target_groups[0]);
	model_free(model);
}

static void test_full_target_group(void **state)
{
	struct model *model = must_parse(full);
	const struct target_group *tg = &model->target_groups[0];
	const struct health_check *hc = &tg->health_check;

	assert_int_equal(tg->line, 13);
	assert_int_equal(tg->forwarding, FORWARDING_L2);
	assert_false(hc->enabled);
	assert_int_equal(hc->protocol, HC_HTTP);
	assert_int_equal(hc->port, 8080);
	assert_string_equal(hc->path, "/healthz?full=1");
	assert_int_equal(hc->matcher_count, 2);
	assert_int_equal(hc->matcher[1].first, 204);
	assert_int_equal(hc->matcher[1].last, 299);
	assert_int_equal(hc->interval_s, 5);
	assert_int_equal(hc->timeout_s, 2);
	assert_int_equal(hc->healthy_threshold, 3);
	assert_int_equal(hc->unhealthy_threshold, 4);
	assert_int_equal(tg->deregistration_delay_s, 0);
	assert_true(tg->source_ip_stickiness);
	assert_int_equal(tg->min_healthy_count, 2);
	assert_int_equal(tg->min_healthy_pct, 50);
	assert_false(tg->unhealthy_connection_termination);
	assert_false(tg->proxy_protocol);
	assert_int_equal(tg->proxy_placement, PROXY_ON_FIRST_PAYLOAD);
	assert_false(tg->proxy_health_checks);
	assert_int_equal(tg->mss_max, 0);
	model_free(model);
}

static void test_full_targets(void **state)
{
	struct model *model = must_parse(full);
	const struct target_group *tg = &model->target_groups[0];

	assert_int_equal(tg->target_count, 5);
	for (size_t i = 0; i < tg->target_count; i++)
		assert_int_equal(tg->targets[i].port, 53);
	assert_int_equal(tg->targets[0].weight, 1);
	assert_int_equal(tg->targets[2].weight, 0);
	assert_true(tg->targets[2].drain);
	assert_int_equal(tg->targets[2].line, 41);
	assert_int_equal(tg->targets[4].address.family, AF_INET6);
	model_free(model);
}

/* Plain numbers are text where text is asked for. */
static void test_numbers_as_text(void **state)
{
	struct model *model = must_parse("target_groups: [{name: 80, protocol: TCP, port: 80, "
					 "health_check: {protocol: HTTP, matcher: 204}}]");

	assert_string_equal(model->target_groups[0].name, "80");
	assert_int_equal(model->target_groups[0].health_check.matcher[0].first, 204);
	model_free(model);
}

static void test_text_limit(void **state)
{
	size_t len = CONF_TEXT_MAX + 1;
	char *text = malloc(len);
	struct model *model;
	struct err err = {0};

	memset(text, ' ', len);
	assert_int_equal(conf_parse_state(text, len - 1, "f", &model, &err), 0);
	model_free(model);
	assert_int_equal(conf_parse_state(text, len, "f", &model, &err), -E2BIG);
	assert_string_equal(err.text, "f:1: 16777217 bytes, at most 16777216 are allowed");
	free(text);
}

/* A list of lists, so that each "[]," is a node; the map and its list are two more. */
static void test_node_limit(void **state)
{
	static const char *const sentences[] = {
		"unknown key 'a' (known: load_balancers, target_groups, "
		"security_groups)",
		"more than 2000000 values",
	};

	for (unsigned extra = 0; extra < 2; extra++) {
		struct buf text = {0};
		struct model *model;
		struct err err = {0};

		buf_append_text(&text, "{a: [");
		for (unsigned i = 0; i < CONF_NODES_MAX - 2 + extra; i++)
			buf_append_text(&text, "1,");
		buf_append_text(&text, "]}");
		assert_int_equal(conf_parse_state(text.data, text.len, NULL, &model, &err),
				 extra ? -E2BIG : -EINVAL);
		assert_string_equal(err.text, sentences[extra]);
		buf_fini(&text);
	}
}

static void test_list_limits(void **state)
{
	struct buf text = {0};
	struct model *model;
	struct err err = {0};

	buf_append_text(&text, WEB "    targets: [");
	for (unsigned i = 0; i < MODEL_TARGETS_MAX + 1; i++)
		buf_append_text(&text, "x,");
	buf_append_text(&text, "]");
	assert_int_equal(conf_parse_state(text.data, text.len, "f", &model, &err), -EINVAL);
	assert_string_equal(err.text, "f:5: target_groups['web'].targets: 10001 elements, at most "
				      "10000 are allowed");
	buf_fini(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_documents),
		cmocka_unit_test(test_security_group_refusals),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_load_balancer_refusals),
		cmocka_unit_test(test_target_group_refusals),
		cmocka_unit_test(test_target_refusals),
		cmocka_unit_test(test_bad_endpoints),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_full_load_balancer),
		cmocka_unit_test(test_full_target_group),
		cmocka_unit_test(test_full_targets),
		cmocka_unit_test(test_numbers_as_text),
		cmocka_unit_test(test_text_limit),
		cmocka_unit_test(test_node_limit),
		cmocka_unit_test(test_list_limits),
	};

	return cmocka_run_group_tests_name("conf/state", tests, NULL, NULL);
}
