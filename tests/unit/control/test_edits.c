/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every write operation's edit of the state. A row: operation, request, and either the error code
 * it must be refused with, or the places of the tree that must read so afterwards (and the whole
 * must be a valid state).
 */
#include "model_of.h"

#include <jansson.h>
#include <stdlib.h>

#include "control/edits.h"
#include "control/request.h"

static const char before[] =
	"load_balancers:\n"
	"  - name: edge\n"
	"    addresses: [192.0.2.1]\n"
	"    listeners:\n"
	"      - {protocol: TCP, port: 80, default_action: {forward: web}, attributes: "
	"{tcp.idle_timeout.seconds: 60}, security_groups: [office]}\n"
	"target_groups:\n"
	"  - name: web\n"
	"    protocol: TCP\n"
	"    port: 8080\n"
	"    health_check: {protocol: HTTP, path: /h, matcher: \"200\", interval_seconds: 5}\n"
	"    targets: [10.0.0.11, {address: 10.0.0.12, port: 81, weight: 2}, {address: 10.0.0.13, "
	"drain: true}]\n"
	"  - {name: idle, protocol: TCP, port: 80}\n"
	"security_groups:\n"
	"  - {name: office, allow: [10.0.0.0/8, 192.0.2.0/24], deny: [10.66.0.0/16]}\n"
	"  - {name: spare}\n";

#define LB "\"name\":\"edge\""
#define TG "\"target_group\":\"web\""

enum { FINE = -1, REPEATS = -2 };

/* clang-format off */
static const struct row {
	const char *name;
	edit_fn *edit;
	const char *request;
	int result; /* FINE, REPEATS or a refusal */
	const char *expect; /* an object whose members the edited tree must have; arrays are compared as a whole */
} rows[] = {
	{"a new load balancer", edit_create_load_balancer, "{\"name\":\"b\",\"addresses\":[\"192.0.2.2\"],\"dry_run\":true}", FINE,
	 "{\"load_balancers\":[{" LB "},{\"name\":\"b\",\"addresses\":[\"192.0.2.2\"],\"dry_run\":null}]}"},
	{"the same again keeps its listeners", edit_create_load_balancer, "{" LB ",\"addresses\":[\"192.0.2.1\"]}", REPEATS,
	 "{\"load_balancers\":[{" LB ",\"listeners\":[{\"port\":80}]}]}"},
	{"addresses are replaced as a whole", edit_modify_load_balancer, "{" LB ",\"addresses\":[\"192.0.2.9\"]}", FINE,
	 "{\"load_balancers\":[{\"addresses\":[\"192.0.2.9\"],\"listeners\":[{\"port\":80}]}]}"},
	{"no such load balancer", edit_modify_load_balancer, "{\"name\":\"x\"}", REFUSED_NO_LOAD_BALANCER, NULL},
	{"deleted with its listeners", edit_delete_load_balancer, "{" LB "}", FINE, "{\"load_balancers\":[]}"},
	{"nothing to delete", edit_delete_load_balancer, "{\"name\":\"x\"}", REFUSED_NO_LOAD_BALANCER, NULL},

	{"a new listener", edit_create_listener,
	 "{\"load_balancer\":\"edge\",\"protocol\":\"TCP\",\"port\":81,\"default_action\":{\"forward\":\"web\"}}", FINE,
	 "{\"load_balancers\":[{\"listeners\":[{\"port\":80},{\"port\":81,\"load_balancer\":null,\"default_action\":{\"forward\":\"web\"}}]}]}"},
	{"listener of no load balancer", edit_create_listener,
	 "{\"load_balancer\":\"x\",\"protocol\":\"TCP\",\"port\":81,\"default_action\":{\"forward\":\"web\"}}", REFUSED_NO_LOAD_BALANCER, NULL},
	{"listener to no target group", edit_create_listener,
	 "{\"load_balancer\":\"edge\",\"protocol\":\"TCP\",\"port\":81,\"default_action\":{\"forward\":\"x\"}}", REFUSED_NO_TARGET_GROUP, NULL},
	{"the same listener again", edit_create_listener,
	 "{\"load_balancer\":\"edge\",\"protocol\":\"TCP\",\"port\":80,\"default_action\":{\"forward\":\"web\"}}", REPEATS,
	 "{\"load_balancers\":[{\"listeners\":[{\"port\":80,\"attributes\":null}]}]}"},
	{"a listener's attribute", edit_modify_listener, "{\"name\":\"edge/TCP:80\",\"attributes\":{\"udp.idle_timeout.seconds\":9}}", FINE,
	 "{\"load_balancers\":[{\"listeners\":[{\"name\":null,\"attributes\":{\"tcp.idle_timeout.seconds\":60,\"udp.idle_timeout.seconds\":9}}]}]}"},
	{"a listener's port", edit_modify_listener, "{\"name\":\"edge/TCP:80\",\"port\":88}", FINE,
	 "{\"load_balancers\":[{\"listeners\":[{\"port\":88,\"protocol\":\"TCP\"}]}]}"},
	{"forward to nowhere", edit_modify_listener, "{\"name\":\"edge/TCP:80\",\"default_action\":{\"forward\":\"x\"}}",
	 REFUSED_NO_TARGET_GROUP, NULL},
	{"no such port", edit_modify_listener, "{\"name\":\"edge/TCP:81\"}", REFUSED_NO_LISTENER, NULL},
	{"no such protocol", edit_modify_listener, "{\"name\":\"edge/UDP:80\"}", REFUSED_NO_LISTENER, NULL},
	{"listener of an unknown load balancer", edit_modify_listener, "{\"name\":\"x/TCP:80\"}", REFUSED_NO_LOAD_BALANCER, NULL},
	{"no listener's name", edit_delete_listener, "{\"name\":\"edge\"}", REFUSED_NO_LISTENER, NULL},
	{"no listener's name either", edit_delete_listener, "{\"name\":\"edge/TCP:8o\"}", REFUSED_NO_LISTENER, NULL},
	{"a listener deleted", edit_delete_listener, "{\"name\":\"edge/TCP:80\"}", FINE, "{\"load_balancers\":[{\"listeners\":[]}]}"},

	{"a new target group", edit_create_target_group,
	 "{\"name\":\"api\",\"protocol\":\"UDP\",\"port\":53,\"health_check\":{\"port\":\"80\"},\"attributes\":{\"target_group_health."
	 "unhealthy_state_routing.minimum_healthy_targets.percentage\":\"50\"}}", FINE,
	 "{\"target_groups\":[{},{},{\"name\":\"api\",\"health_check\":{\"port\":80},\"attributes\":{\"target_group_health."
	 "unhealthy_state_routing.minimum_healthy_targets.percentage\":50}}]}"},
	{"words stay words", edit_modify_target_group,
	 "{\"name\":\"idle\",\"health_check\":{\"port\":\"traffic-port\"},\"attributes\":{\"target_group_health."
	 "unhealthy_state_routing.minimum_healthy_targets.percentage\":\"off\"}}", FINE,
	 "{\"target_groups\":[{},{\"health_check\":{\"port\":\"traffic-port\"}}]}"},
	{"the same group keeps its targets", edit_create_target_group, "{\"name\":\"web\",\"protocol\":\"TCP\",\"port\":8080}", REPEATS,
	 "{\"target_groups\":[{\"targets\":[{},{},{}],\"health_check\":null},{}]}"},
	{"one field of a check", edit_modify_target_group, "{\"name\":\"web\",\"health_check\":{\"interval_seconds\":9}}", FINE,
	 "{\"target_groups\":[{\"health_check\":{\"interval_seconds\":9,\"path\":\"/h\"}},{}]}"},
	{"from HTTP to TCP", edit_modify_target_group, "{\"name\":\"web\",\"health_check\":{\"protocol\":\"TCP\"}}", FINE,
	 "{\"target_groups\":[{\"health_check\":{\"protocol\":\"TCP\",\"path\":null,\"matcher\":null,\"interval_seconds\":5}},{}]}"},
	{"no such group", edit_modify_target_group, "{\"name\":\"x\"}", REFUSED_NO_TARGET_GROUP, NULL},
	{"a group in use", edit_delete_target_group, "{\"name\":\"web\"}", REFUSED_IN_USE, NULL},
	{"a group that is not", edit_delete_target_group, "{\"name\":\"idle\"}", FINE, "{\"target_groups\":[{\"name\":\"web\"}]}"},
	{"no group to delete", edit_delete_target_group, "{\"name\":\"x\"}", REFUSED_NO_TARGET_GROUP, NULL},

	{"a new target", edit_register_targets, "{" TG ",\"targets\":[\"10.0.0.14\",\"10.0.0.11:99\"]}", FINE,
	 "{\"target_groups\":[{\"targets\":[{},{},{},{\"address\":\"10.0.0.14\",\"port\":null,\"weight\":null},{\"port\":99}]},{}]}"},
	{"the group's own port is not written", edit_register_targets, "{" TG ",\"targets\":[\"10.0.0.14:8080\"]}", FINE,
	 "{\"target_groups\":[{\"targets\":[{},{},{},{\"port\":null}]},{}]}"},
	{"with a weight", edit_register_targets, "{" TG ",\"targets\":[\"10.0.0.12:81\"],\"weight\":7}", FINE,
	 "{\"target_groups\":[{\"targets\":[{},{\"weight\":7},{}]},{}]}"},
	{"again, without: the weight stays", edit_register_targets, "{" TG ",\"targets\":[\"10.0.0.12:81\"]}", FINE,
	 "{\"target_groups\":[{\"targets\":[{},{\"weight\":2},{}]},{}]}"},
	{"a drained one is taken back", edit_register_targets, "{" TG ",\"targets\":[\"10.0.0.13\"]}", FINE,
	 "{\"target_groups\":[{\"targets\":[{},{},{\"drain\":null}]},{}]}"},
	{"no target at all", edit_register_targets, "{" TG ",\"targets\":[]}", REFUSED_VALIDATION, NULL},
	{"not an address", edit_register_targets, "{" TG ",\"targets\":[\"web1\"]}", REFUSED_INVALID_TARGET, NULL},
	{"port 0", edit_register_targets, "{" TG ",\"targets\":[\"10.0.0.1:0\"]}", REFUSED_INVALID_TARGET, NULL},
	{"to no group", edit_register_targets, "{\"target_group\":\"x\",\"targets\":[\"10.0.0.1\"]}", REFUSED_NO_TARGET_GROUP, NULL},
	{"removed", edit_deregister_targets, "{" TG ",\"targets\":[\"10.0.0.11\",\"10.0.0.13\"]}", FINE,
	 "{\"target_groups\":[{\"targets\":[{\"address\":\"10.0.0.12\"}]},{}]}"},
	{"the port counts", edit_deregister_targets, "{" TG ",\"targets\":[\"10.0.0.12\"]}", REFUSED_INVALID_TARGET, NULL},
	{"removed twice", edit_deregister_targets, "{" TG ",\"targets\":[\"10.0.0.11\",\"10.0.0.11\"]}", REFUSED_INVALID_TARGET, NULL},
	{"drained", edit_drain_targets, "{" TG ",\"targets\":[\"10.0.0.11\"]}", FINE, "{\"target_groups\":[{\"targets\":[{\"drain\":true},{},{}]},{}]}"},
	{"nothing to drain", edit_drain_targets, "{" TG ",\"targets\":[\"10.0.0.99\"]}", REFUSED_INVALID_TARGET, NULL},
	{"another weight", edit_modify_targets, "{" TG ",\"targets\":[\"10.0.0.11\"],\"weight\":0}", FINE,
	 "{\"target_groups\":[{\"targets\":[{\"weight\":0},{},{}]},{}]}"},
	{"a new security group", edit_create_security_group, "{\"name\":\"b\",\"allow\":[\"192.0.2.7/32\"],\"dry_run\":true}", FINE,
	 "{\"security_groups\":[{},{},{\"name\":\"b\",\"allow\":[\"192.0.2.7\"],\"dry_run\":null}]}"},
	{"a security group again", edit_create_security_group, "{\"name\":\"spare\",\"deny\":[\"10.0.0.0/8\"]}", REPEATS,
	 "{\"security_groups\":[{},{\"deny\":[\"10.0.0.0/8\"]}]}"},
	{"not a prefix", edit_create_security_group, "{\"name\":\"b\",\"allow\":[\"10.0.0.1/8\"]}", REFUSED_VALIDATION, NULL},
	{"prefixes are replaced as a whole", edit_modify_security_group, "{\"name\":\"office\",\"allow\":[\"10.1.0.0/16\"]}", FINE,
	 "{\"security_groups\":[{\"allow\":[\"10.1.0.0/16\"],\"deny\":[\"10.66.0.0/16\"]},{}]}"},
	{"or taken away", edit_modify_security_group, "{\"name\":\"office\",\"deny\":[\"\"]}", FINE,
	 "{\"security_groups\":[{\"deny\":[]},{}]}"},
	{"no such security group", edit_modify_security_group, "{\"name\":\"x\"}", REFUSED_NO_SECURITY_GROUP, NULL},
	{"sources allowed", edit_allow_sources, "{\"name\":\"office\",\"sources\":[\"10.66.0.0/16\",\"2001:db8::/32\"]}", FINE,
	 "{\"security_groups\":[{\"allow\":[\"10.0.0.0/8\",\"192.0.2.0/24\",\"10.66.0.0/16\",\"2001:db8::/32\"],\"deny\":[]},{}]}"},
	{"sources denied", edit_deny_sources, "{\"name\":\"office\",\"sources\":[\"192.0.2.0/24\"]}", FINE,
	 "{\"security_groups\":[{\"allow\":[\"10.0.0.0/8\"],\"deny\":[\"10.66.0.0/16\",\"192.0.2.0/24\"]},{}]}"},
	{"sources taken out", edit_revoke_sources, "{\"name\":\"office\",\"sources\":[\"10.66.0.0/16\",\"10.0.0.0/8\"]}", FINE,
	 "{\"security_groups\":[{\"allow\":[\"192.0.2.0/24\"],\"deny\":[]},{}]}"},
	{"a source that is not there", edit_revoke_sources, "{\"name\":\"office\",\"sources\":[\"10.9.0.0/16\"]}", REFUSED_VALIDATION, NULL},
	{"a security group in use", edit_delete_security_group, "{\"name\":\"office\"}", REFUSED_IN_USE, NULL},
	{"an unused one", edit_delete_security_group, "{\"name\":\"spare\"}", FINE, "{\"security_groups\":[{}]}"},
	{"a listener without security groups", edit_modify_listener, "{\"name\":\"edge/TCP:80\",\"security_groups\":[\"\"]}", FINE,
	 "{\"load_balancers\":[{\"listeners\":[{\"security_groups\":[]}]}]}"},
	{"weight of nobody", edit_modify_targets, "{" TG ",\"targets\":[\"10.0.0.99\"],\"weight\":0}", REFUSED_INVALID_TARGET, NULL},
};
/* clang-format on */

/* Has `tree` what `expect` names? null: must be absent. */
static bool matches(const json_t *tree, const json_t *expect)
{
	const char *key;
	json_t *value;
	size_t i;

	if (json_is_null(expect))
		return tree == NULL;
	if (json_is_array(expect)) {
		if (json_array_size(tree) != json_array_size(expect))
			return false;
		json_array_foreach((json_t *)expect, i, value) if (!matches(json_array_get(tree, i),
									    value)) return false;
		return true;
	}
	if (!json_is_object(expect))
		return tree && json_equal(tree, expect);
	json_object_foreach((json_t *)expect, key,
			    value) if (!matches(json_object_get(tree, key), value)) return false;
	return true;
}

static json_t *tree_before(void)
{
	struct model *model = model_of(before);
	char *text = conf_dump_json(model, false);
	json_t *tree = json_loads(text, 0, NULL);

	free(text);
	model_free(model);
	return tree;
}

static void check_valid(const struct row *row, const json_t *tree)
{
	char *text = json_dumps(tree, JSON_COMPACT);
	struct model *model = NULL;
	struct err err = {0};

	if (conf_parse_state(text, strlen(text), NULL, &model, &err))
		fail_msg("%s: %s", row->name, err.text);
	model_free(model);
	free(text);
}

static void check_row(const struct row *row)
{
	json_t *tree = tree_before(), *request = json_loads(row->request, 0, NULL), *expect;
	struct edit edit = {0};
	int ret = row->edit(tree, request, &edit);

	if (row->result >= 0 && (!ret || (int)edit.refusal.code != row->result))
		fail_msg("%s: not refused as it should (%s)", row->name, edit.refusal.err.text);
	if (row->result < 0 && ret)
		fail_msg("%s: %s", row->name, edit.refusal.err.text);
	if ((row->result == REPEATS) != edit.repeats)
		fail_msg("%s: repeats is %d", row->name, edit.repeats);
	if (row->result < 0) {
		expect = json_loads(row->expect, 0, NULL);
		assert_non_null(expect);
		if (!matches(tree, expect))
			fail_msg("%s: %s", row->name, json_dumps(tree, JSON_COMPACT));
		json_decref(expect);
		check_valid(row, tree);
	}
	json_decref(request);
	json_decref(tree);
}

static void edits(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_row(&rows[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(edits),
	};

	return cmocka_run_group_tests_name("control/edits", tests, NULL, NULL);
}
