/* SPDX-License-Identifier: BSD-2-Clause */
/* Life cycle, defaults, look-ups, the words of the enums, matchers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "base/base.h"
#include "model/model.h"

static struct addr address(const char *text)
{
	struct addr parsed;

	assert_int_equal(addr_parse(text, &parsed, NULL), 0);
	return parsed;
}

static void test_defaults(void **state)
{
	struct model *model = model_new("demo.yaml");
	struct load_balancer *lb = model_add_load_balancer(model, "edge");
	struct listener *listener = model_add_listener(model, lb);
	struct target_group *tg = model_add_target_group(model, "web");
	struct target *target = model_add_target(model, tg);

	assert_string_equal(model->source, "demo.yaml");
	assert_int_equal(lb->type, LB_NETWORK);
	assert_int_equal(lb->announce, ANNOUNCE_ADDRESS);
	assert_int_equal(listener->tcp_idle_s, 350);
	assert_int_equal(listener->udp_idle_s, 120);
	assert_int_equal(tg->forwarding, FORWARDING_NAT);
	assert_true(tg->health_check.enabled);
	assert_int_equal(tg->health_check.protocol, HC_TCP);
	assert_int_equal(tg->health_check.port, 0);
	assert_int_equal(tg->health_check.interval_s, 30);
	assert_int_equal(tg->health_check.healthy_threshold, 5);
	assert_int_equal(tg->health_check.unhealthy_threshold, 2);
	assert_int_equal(tg->deregistration_delay_s, 300);
	assert_int_equal(tg->min_healthy_count, 1);
	assert_int_equal(tg->min_healthy_pct, 0);
	assert_false(tg->source_ip_stickiness);
	assert_int_equal(target->weight, 1);
	assert_false(target->drain);
	model_free(model);
	model_free(NULL);
}

static void test_fill_defaults(void **state)
{
	static const struct {
		enum hc_protocol protocol;
		unsigned interval_s, timeout_s, filled_s;
	} timeouts[] = {
		{HC_TCP, 30, 0, 10}, {HC_HTTP, 30, 0, 6}, {HC_TCP, 10, 0, 10}, {HC_TCP, 9, 0, 9},
		{HC_HTTP, 6, 0, 6},  {HC_HTTP, 5, 0, 5},  {HC_TCP, 30, 7, 7},
	};

	for (size_t i = 0; i < ARRAY_SIZE(timeouts); i++) {
		struct model *model = model_new(NULL);
		struct target_group *tg = model_add_target_group(model, "web");

		tg->health_check.protocol = timeouts[i].protocol;
		tg->health_check.interval_s = timeouts[i].interval_s;
		tg->health_check.timeout_s = timeouts[i].timeout_s;
		model_fill_defaults(tg, model->arena);
		assert_int_equal(tg->health_check.timeout_s, timeouts[i].filled_s);
		if (timeouts[i].protocol == HC_HTTP) {
			assert_string_equal(tg->health_check.path, "/");
			assert_true(matcher_has(tg->health_check.matcher,
						tg->health_check.matcher_count, 399));
		} else {
			assert_null(tg->health_check.path);
			assert_int_equal(tg->health_check.matcher_count, 0);
		}
		model_free(model);
	}
}

/* What was written stays; what was not depends on the protocol. */
static void test_connection_termination(void **state)
{
	static const struct {
		enum protocol protocol;
		bool written, value, filled;
	} cases[] = {
		{PROTOCOL_TCP, false, false, true},	 {PROTOCOL_UDP, false, false, false},
		{PROTOCOL_TCP_UDP, false, false, false}, {PROTOCOL_TCP, true, false, false},
		{PROTOCOL_TCP, true, true, true},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct target_group tg = {.protocol = cases[i].protocol};
		struct arena *arena = arena_new();

		tg.has_unhealthy_connection_termination = cases[i].written;
		tg.unhealthy_connection_termination = cases[i].value;
		model_fill_defaults(&tg, arena);
		assert_int_equal(tg.unhealthy_connection_termination, cases[i].filled);
		arena_free(arena);
	}
}

static void test_find(void **state)
{
	struct model *model = model_new(NULL);
	struct addr a = address("10.0.0.1"), b = address("10.0.0.2");
	struct target_group *tg;
	struct target *target;

	model_add_load_balancer(model, "edge");
	model_add_target_group(model, "other");
	tg = model_add_target_group(model, "web");
	target = model_add_target(model, tg);
	target->address = a;
	target->port = 80;
	assert_string_equal(model_find_load_balancer(model, "edge")->name, "edge");
	assert_null(model_find_load_balancer(model, "web"));
	assert_ptr_equal(model_find_target_group(model, "web"), tg);
	assert_null(model_find_target_group(model, "edge"));
	assert_ptr_equal(model_find_target(tg, &a, 80), target);
	assert_null(model_find_target(tg, &a, 81));
	assert_null(model_find_target(tg, &b, 80));
	assert_false(model_is_in_use(model, tg));
	model_free(model);
}

static void test_words(void **state)
{
	enum protocol protocol;
	enum lb_announce announce;
	enum forwarding forwarding;
	enum hc_protocol check;
	enum lb_type type;

	assert_string_equal(protocol_name(PROTOCOL_TCP_UDP), "TCP_UDP");
	assert_string_equal(lb_type_name(LB_APPLICATION), "application");
	assert_string_equal(forwarding_name(FORWARDING_L2), "l2");
	assert_string_equal(hc_protocol_name(HC_HTTP), "HTTP");
	assert_string_equal(lb_announce_name(ANNOUNCE_NONE), "none");
	assert_string_equal(protocol_name(0), "?");
	assert_string_equal(protocol_name(99), "?");
	assert_int_equal(protocol_parse("UDP", &protocol), 0);
	assert_int_equal(protocol, PROTOCOL_UDP);
	assert_int_equal(protocol_parse("udp", &protocol), -EINVAL);
	assert_int_equal(protocol_parse("", &protocol), -EINVAL);
	assert_int_equal(lb_type_parse("network", &type), 0);
	assert_int_equal(type, LB_NETWORK);
	assert_int_equal(forwarding_parse("nat", &forwarding), 0);
	assert_int_equal(forwarding, FORWARDING_NAT);
	assert_int_equal(hc_protocol_parse("TCP", &check), 0);
	assert_int_equal(check, HC_TCP);
	assert_int_equal(lb_announce_parse("address", &announce), 0);
	assert_int_equal(announce, ANNOUNCE_ADDRESS);
	assert_int_equal(lb_announce_parse("route", &announce), -EINVAL);
}

static void test_protocol_has(void **state)
{
	assert_true(protocol_has(PROTOCOL_TCP, IPPROTO_TCP));
	assert_false(protocol_has(PROTOCOL_TCP, IPPROTO_UDP));
	assert_false(protocol_has(PROTOCOL_UDP, IPPROTO_TCP));
	assert_true(protocol_has(PROTOCOL_UDP, IPPROTO_UDP));
	assert_true(protocol_has(PROTOCOL_TCP_UDP, IPPROTO_TCP));
	assert_true(protocol_has(PROTOCOL_TCP_UDP, IPPROTO_UDP));
	assert_false(protocol_has(PROTOCOL_TCP_UDP, IPPROTO_ICMP));
	assert_false(protocol_has(0, IPPROTO_TCP));
}

static void test_matcher(void **state)
{
	static const struct status_range ranges[] = {{200, 299}, {304, 304}};
	char text[MATCHER_TEXT_MAX];

	assert_false(matcher_has(ranges, 2, 199));
	assert_true(matcher_has(ranges, 2, 200));
	assert_true(matcher_has(ranges, 2, 299));
	assert_false(matcher_has(ranges, 2, 300));
	assert_true(matcher_has(ranges, 2, 304));
	assert_false(matcher_has(ranges, 0, 200));
	assert_string_equal(matcher_format(ranges, 2, text), "200-299,304");
	assert_string_equal(matcher_format(ranges, 0, text), "");
}

/* The longest text fits. */
static void test_matcher_format_limit(void **state)
{
	struct status_range ranges[MODEL_MATCHER_RANGES_MAX];
	char text[MATCHER_TEXT_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++)
		ranges[i] = (struct status_range){65534, 65535};
	matcher_format(ranges, ARRAY_SIZE(ranges), text);
	assert_int_equal(strlen(text), MODEL_MATCHER_RANGES_MAX * 12 - 1);
}

static void test_interface_names(void **state)
{
	assert_true(interface_name_is_valid("eth0"));
	assert_true(interface_name_is_valid("123456789012345"));
	assert_false(interface_name_is_valid("1234567890123456"));
	assert_false(interface_name_is_valid(""));
	assert_false(interface_name_is_valid("."));
	assert_false(interface_name_is_valid(".."));
	assert_false(interface_name_is_valid("a/b"));
	assert_false(interface_name_is_valid("eth0:1"));
	assert_false(interface_name_is_valid("a b"));
	assert_false(interface_name_is_valid("a\x7f"));
	assert_false(interface_name_is_valid("\xc3\xa4"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_fill_defaults),
		cmocka_unit_test(test_connection_termination),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_protocol_has),
		cmocka_unit_test(test_matcher),
		cmocka_unit_test(test_matcher_format_limit),
		cmocka_unit_test(test_interface_names),
	};

	return cmocka_run_group_tests_name("model/model", tests, NULL, NULL);
}
