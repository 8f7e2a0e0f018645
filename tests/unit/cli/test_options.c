/* SPDX-License-Identifier: BSD-2-Clause */
/* Command lines: the request they make, or the sentence that refuses them. Data, one line a case.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/base.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/request.h"
#include "cli/value.h"

#define ARGS_MAX 32

/* Words of a line, split at blanks; "" is an empty word. */
static int split(char *line, char *argv[ARGS_MAX])
{
	int argc = 0;
	char *rest = NULL;

	argv[argc++] = (char *)"leatctl";
	for (char *word = strtok_r(line, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		if (argc == ARGS_MAX - 1)
			abort();
		argv[argc++] = strcmp(word, "\"\"") == 0 ? word + 2 : word;
	}
	argv[argc] = NULL;
	return argc;
}

static int parse(char *line, struct invocation *invocation, struct err *err)
{
	char *argv[ARGS_MAX];

	memset(err, 0, sizeof(*err));
	return options_parse(split(line, argv), argv, invocation, err);
}

/* ---- accepted ---- */

struct good {
	const char *line;
	const char *operation;
	const char *request; /* JSON, compact, keys in the order of the line */
};

static const struct good good[] = {
	{"apply -f web.yaml", "ApplyState", "{\"text\":\"web.yaml\"}"},
	{"apply -fweb.yaml --dry-run", "ApplyState", "{\"text\":\"web.yaml\",\"dry_run\":true}"},
	{"apply --dry-run -f -", "ApplyState", "{\"dry_run\":true,\"text\":\"-\"}"},
	{"apply --dry-run=false -f -", "ApplyState", "{\"dry_run\":false,\"text\":\"-\"}"},
	{"diff -f web.yaml", "DiffState", "{\"text\":\"web.yaml\"}"},
	{"export", "ExportState", "{}"},
	{"export --all", "ExportState", "{\"all\":true}"},
	{"lb list", "DescribeLoadBalancers", "{}"},
	{"lb show edge", "DescribeLoadBalancers", "{\"name\":\"edge\"}"},
	{"lb create edge --address 203.0.113.10 --address 2001:db8::10", "CreateLoadBalancer",
	 "{\"name\":\"edge\",\"addresses\":[\"203.0.113.10\",\"2001:db8::10\"]}"},
	{"lb create edge --type network --address 192.0.2.1 --announce none --interface eth0 "
	 "--interface eth1",
	 "CreateLoadBalancer",
	 "{\"name\":\"edge\",\"type\":\"network\",\"addresses\":[\"192.0.2.1\"],\"announce\":"
	 "\"none\",\"interfaces\":[\"eth0\","
	 "\"eth1\"]}"},
	{"lb create --address 203.0.113.10 edge", "CreateLoadBalancer",
	 "{\"addresses\":[\"203.0.113.10\"],\"name\":\"edge\"}"},
	{"lb modify edge --announce address", "ModifyLoadBalancer",
	 "{\"name\":\"edge\",\"announce\":\"address\"}"},
	{"lb delete edge --dry-run", "DeleteLoadBalancer", "{\"name\":\"edge\",\"dry_run\":true}"},
	{"lb delete --dry-run true", "DeleteLoadBalancer", /* a flag takes no word */
	 "{\"dry_run\":true,\"name\":\"true\"}"},
	{"listener list", "DescribeListeners", "{}"},
	{"listener list edge", "DescribeListeners", "{\"load_balancer\":\"edge\"}"},
	{"listener show edge/TCP:80", "DescribeListeners", "{\"name\":\"edge/TCP:80\"}"},
	{"listener create edge --protocol TCP --port 80 --forward web", "CreateListener",
	 "{\"load_balancer\":\"edge\",\"protocol\":\"TCP\",\"port\":80,\"default_action\":{"
	 "\"forward\":\"web\"}}"},
	{"listener modify edge/TCP:80 --tcp-idle-timeout 60 --udp-idle-timeout=30",
	 "ModifyListener",
	 "{\"name\":\"edge/TCP:80\",\"attributes\":{\"tcp.idle_timeout.seconds\":60,"
	 "\"udp.idle_timeout.seconds\":30}}"},
	{"listener delete edge/UDP:53", "DeleteListener", "{\"name\":\"edge/UDP:53\"}"},
	{"listener create edge --protocol TCP --port 5000-5999 --forward blue=3,green=1 "
	 "--group-stickiness true",
	 "CreateListener",
	 "{\"load_balancer\":\"edge\",\"protocol\":\"TCP\",\"port\":\"5000-5999\","
	 "\"default_action\":{\"forward\":\"blue=3,green=1\",\"stickiness\":{\"enabled\":true}}}"},
	{"rule list", "DescribeRules", "{}"},
	{"rule list edge/TCP:80", "DescribeRules", "{\"listener\":\"edge/TCP:80\"}"},
	{"rule create edge/TCP:80 10 --source-ip ipv4 --forward v4", "CreateRule",
	 "{\"listener\":\"edge/TCP:80\",\"priority\":10,\"if\":{\"source_ip\":\"ipv4\"},"
	 "\"then\":{\"forward\":\"v4\"}}"},
	{"rule modify edge/TCP:80 10 --forward v4b", "ModifyRule",
	 "{\"listener\":\"edge/TCP:80\",\"priority\":10,\"then\":{\"forward\":\"v4b\"}}"},
	{"rule delete edge/TCP:80 10", "DeleteRule",
	 "{\"listener\":\"edge/TCP:80\",\"priority\":10}"},
	{"tg list", "DescribeTargetGroups", "{}"},
	{"tg show web", "DescribeTargetGroups", "{\"name\":\"web\"}"},
	{"tg create web --protocol TCP --port 8080 --forwarding l2", "CreateTargetGroup",
	 "{\"name\":\"web\",\"protocol\":\"TCP\",\"port\":8080,\"forwarding\":\"l2\"}"},
	{"tg create web --protocol=UDP --port=53 --health-check-protocol HTTP --health-check-path "
	 "/healthz --health-check-interval 5",
	 "CreateTargetGroup",
	 "{\"name\":\"web\",\"protocol\":\"UDP\",\"port\":53,\"health_check\":{\"protocol\":"
	 "\"HTTP\",\"path\":\"/healthz\",\"interval_seconds\":5}}"},
	{"tg modify web --stickiness true --deregistration-delay 0", "ModifyTargetGroup",
	 "{\"name\":\"web\",\"attributes\":{\"stickiness.enabled\":true,"
	 "\"deregistration_delay.timeout_seconds\":0}}"},
	{"tg modify web --proxy-protocol true --proxy-protocol-placement on_first_ack_with_payload "
	 "--proxy-protocol-health-checks false",
	 "ModifyTargetGroup",
	 "{\"name\":\"web\",\"attributes\":{\"proxy_protocol_v2.enabled\":true,"
	 "\"proxy_protocol_v2.client_to_server.header_placement\":\"on_first_ack_with_payload\","
	 "\"proxy_protocol_v2.health_checks.enabled\":false}}"},
	{"tg modify --stickiness web", "ModifyTargetGroup",
	 "{\"attributes\":{\"stickiness.enabled\":true},\"name\":\"web\"}"},
	{"tg modify --stickiness=false web", "ModifyTargetGroup",
	 "{\"attributes\":{\"stickiness.enabled\":false},\"name\":\"web\"}"},
	{"tg modify web --health-check-enabled false --health-check-port 8081 "
	 "--min-healthy-percentage off",
	 "ModifyTargetGroup",
	 "{\"name\":\"web\",\"health_check\":{\"enabled\":false,\"port\":\"8081\"},\"attributes\":{"
	 "\"target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage\":"
	 "\"off\"}}"},
	{"tg delete web", "DeleteTargetGroup", "{\"name\":\"web\"}"},
	{"sg list", "DescribeSecurityGroups", "{}"},
	{"sg show office", "DescribeSecurityGroups", "{\"name\":\"office\"}"},
	{"sg rules office", "DescribeSecurityGroups", "{\"name\":\"office\"}"},
	{"sg create office --allow 10.0.0.0/8 --allow 2001:db8::/32 --deny 10.66.0.0/16",
	 "CreateSecurityGroup",
	 "{\"name\":\"office\",\"allow\":[\"10.0.0.0/8\",\"2001:db8::/32\"],\"deny\":[\"10.66.0.0/"
	 "16\"]}"},
	{"sg modify office --deny 10.0.0.0/8", "ModifySecurityGroup",
	 "{\"name\":\"office\",\"deny\":[\"10.0.0.0/8\"]}"},
	{"sg allow office 10.0.0.0/8 192.0.2.1", "AuthorizeSecurityGroupIngress",
	 "{\"name\":\"office\",\"sources\":[\"10.0.0.0/8\",\"192.0.2.1\"]}"},
	{"sg deny office 10.0.0.0/8 --dry-run", "DenySecurityGroupIngress",
	 "{\"name\":\"office\",\"sources\":[\"10.0.0.0/8\"],\"dry_run\":true}"},
	{"sg revoke office 10.0.0.0/8", "RevokeSecurityGroupIngress",
	 "{\"name\":\"office\",\"sources\":[\"10.0.0.0/8\"]}"},
	{"sg delete office", "DeleteSecurityGroup", "{\"name\":\"office\"}"},
	{"target list", "DescribeTargetHealth", "{}"},
	{"target list web", "DescribeTargetHealth", "{\"target_group\":\"web\"}"},
	{"target add web 10.0.1.11", "RegisterTargets",
	 "{\"target_group\":\"web\",\"targets\":[\"10.0.1.11\"]}"},
	{"target add web 10.0.1.11 10.0.1.12:81 --weight 2 [2001:db8::1]:80", "RegisterTargets",
	 "{\"target_group\":\"web\",\"targets\":[\"10.0.1.11\",\"10.0.1.12:81\",\"[2001:db8::1]:"
	 "80\"],\"weight\":2}"},
	{"target remove web 10.0.1.11 --now", "DeregisterTargets",
	 "{\"target_group\":\"web\",\"targets\":[\"10.0.1.11\"],\"now\":true}"},
	{"target drain web 10.0.1.11", "DrainTargets",
	 "{\"target_group\":\"web\",\"targets\":[\"10.0.1.11\"]}"},
	{"target weight web 10.0.1.11 --weight 0", "ModifyTargets",
	 "{\"target_group\":\"web\",\"targets\":[\"10.0.1.11\"],\"weight\":0}"},
	{"target weight web 10.0.1.11 --weight -1", "ModifyTargets", /* the range is leatd's */
	 "{\"target_group\":\"web\",\"targets\":[\"10.0.1.11\"],\"weight\":-1}"},
	{"status", "GetStatus", "{}"},
	{"stats --all", "DescribeStats", "{\"all\":true}"},
	{"stats --drops", "DescribeStats", "{\"drops\":true}"},
	{"flows --client 198.51.100.1:4000 --protocol TCP --limit 9223372036854775807",
	 "DescribeFlows",
	 "{\"client\":\"198.51.100.1:4000\",\"protocol\":\"TCP\",\"limit\":9223372036854775807}"},
	{"flows --vip 203.0.113.10 --target-group web --target 10.0.1.11", "DescribeFlows",
	 "{\"vip\":\"203.0.113.10\",\"target_group\":\"web\",\"target\":\"10.0.1.11\"}"},
	{"history --limit 5", "DescribeHistory", "{\"limit\":5}"},
	{"detach", "DetachDataPath", "{}"},
	{"version", "GetVersion", "{}"},
	{"completion bash", "completion", "{\"shell\":\"bash\"}"},
	{"manual", "manual", "{}"},
	/* global options stand anywhere and are no part of the request */
	{"-o json tg list", "DescribeTargetGroups", "{}"},
	{"tg -ojson list", "DescribeTargetGroups", "{}"},
	{"--socket /x tg --no-headers show web -o yaml", "DescribeTargetGroups",
	 "{\"name\":\"web\"}"},
	/* after "--" everything is a word */
	{"tg delete -- --web", "DeleteTargetGroup", "{\"name\":\"--web\"}"},
	{"tg delete -- --help", "DeleteTargetGroup", "{\"name\":\"--help\"}"},
	{"-- tg delete -h", "DeleteTargetGroup", "{\"name\":\"-h\"}"},
	{"listener create edge --protocol=TCP --port=1 --forward=--web", "CreateListener",
	 "{\"load_balancer\":\"edge\",\"protocol\":\"TCP\",\"port\":1,\"default_action\":{"
	 "\"forward\":\"--web\"}}"},
};

static void check_good(const struct good *expected)
{
	struct invocation invocation;
	struct err err;
	char *line = strdup(expected->line), *request;

	if (parse(line, &invocation, &err))
		fail_msg("%s: %s", expected->line, err.text);
	assert_string_equal(invocation.command->name, expected->operation);
	request = json_dumps(invocation.request, JSON_COMPACT);
	assert_string_equal(request, expected->request);
	assert_string_equal(err.text, "");
	free(request);
	free(line);
	options_fini(&invocation);
}

static void test_good_lines(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		check_good(&good[i]);
}

static bool is_tried(const struct operation *command)
{
	size_t len = strlen(command->command);

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		if (strncmp(good[i].line, command->command, len) == 0 &&
		    (good[i].line[len] == ' ' || !good[i].line[len]))
			return true;
	return false;
}

static void test_every_command_is_tried(void **state)
{
	const struct operation *command = NULL;

	while ((command = commands_next(command)))
		if (!is_tried(command))
			fail_msg("no line in good[] has the command '%s'", command->command);
}

/* ---- refused ---- */

#define NOUNS                                                                                      \
	"apply, diff, export, lb, listener, rule, tg, target, sg, status, stats, flows, history, " \
	"detach, "                                                                                 \
	"version, completion"

struct bad {
	const char *line;
	const char *sentence;
	const char *hint;
};

static const struct bad bad[] = {
	{"", "the command is missing (one of: " NOUNS ")", "leatctl --help"},
	{"-o json", "the command is missing (one of: " NOUNS ")", "leatctl --help"},
	{"frobnicate", "there is no command 'frobnicate' (there are: " NOUNS ")", "leatctl --help"},
	{"stat", "there is no command 'stat' (there are: " NOUNS ")", "leatctl --help"},
	{"\"\"", "there is no command '' (there are: " NOUNS ")", "leatctl --help"},
	{"frobnicate --help", "there is no command 'frobnicate' (there are: " NOUNS ")",
	 "leatctl --help"},
	{"tg", "tg: what to do is missing (one of: list, show, create, modify, delete)",
	 "leatctl tg --help"},
	{"tg lis", "there is no command 'tg lis' (there are: list, show, create, modify, delete)",
	 "leatctl tg --help"},
	{"target lst web",
	 "there is no command 'target lst' (there are: list, add, remove, drain, weight)",
	 "leatctl target --help"},
	{"status now", "status: unexpected argument 'now'", "leatctl status --help"},
	{"tg list web", "tg list: unexpected argument 'web'", "leatctl tg list --help"},
	{"apply web.yaml", "apply: unexpected argument 'web.yaml'", "leatctl apply --help"},
	{"apply", "apply: -f is missing", "leatctl apply --help"},
	{"apply -f", "apply: -f needs a value", "leatctl apply --help"},
	{"apply -f --dry-run", "apply: -f needs a value", "leatctl apply --help"},
	{"apply -f a -f b", "apply: -f is given twice", "leatctl apply --help"},
	{"diff -f a --dry-run", "diff: there is no option '--dry-run'", "leatctl diff --help"},
	{"apply -f a --source b", "apply: there is no option '--source'", "leatctl apply --help"},
	{"export --all --all", "export: --all is given twice", "leatctl export --help"},
	{"export --all=perhaps", "export: --all: 'perhaps' is neither true nor false",
	 "leatctl export --help"},
	{"lb show", "lb show: NAME is missing", "leatctl lb show --help"},
	{"lb show \"\"", "lb show: NAME: the value is empty", "leatctl lb show --help"},
	{"lb create --type network", "lb create: NAME is missing", "leatctl lb create --help"},
	{"lb create edge --type gateway", "lb create: --type: 'gateway' is not one of network",
	 "leatctl lb create --help"},
	{"lb create edge --type net", "lb create: --type: 'net' is not one of network",
	 "leatctl lb create --help"},
	{"lb create edge --type network|application",
	 "lb create: --type: 'network|application' is not one of network",
	 "leatctl lb create --help"},
	{"lb create edge --addr 1.2.3.4", "lb create: there is no option '--addr'",
	 "leatctl lb create --help"},
	{"listener create edge --port 80", "listener create: --protocol is missing",
	 "leatctl listener create --help"},
	{"lb create edge", "lb create: --address is missing", "leatctl lb create --help"},
	{"listener create edge --protocol TCP --port 80", "listener create: --forward is missing",
	 "leatctl listener create --help"},
	{"listener create edge --protocol TCP", "listener create: --port is missing",
	 "leatctl listener create --help"},
	{"listener create edge --protocol tcp --port 80",
	 "listener create: --protocol: 'tcp' is not one of TCP, UDP, TCP_UDP",
	 "leatctl listener create --help"},
	{"listener create edge --protocol TCP --port 80x",
	 "listener create: --port: '80x' is neither a port nor FIRST-LAST nor all",
	 "leatctl listener create --help"},
	{"rule delete edge/TCP:80 ten", "rule delete: PRIORITY: 'ten' is not a whole number",
	 "leatctl rule delete --help"},
	{"listener create edge --protocol TCP --port 8.5",
	 "listener create: --port: '8.5' is neither a port nor FIRST-LAST nor all",
	 "leatctl listener create --help"},
	{"listener create edge --protocol TCP --port 0x50",
	 "listener create: --port: '0x50' is neither a port nor FIRST-LAST nor all",
	 "leatctl listener create --help"},
	{"listener create edge --protocol TCP --port -",
	 "listener create: --port: '-' is neither a port nor FIRST-LAST nor all",
	 "leatctl listener create --help"},
	{"listener create edge --protocol TCP --port=",
	 "listener create: --port: the value is empty", "leatctl listener create --help"},
	{"flows --limit 9223372036854775808",
	 "flows: --limit: '9223372036854775808' is not a whole number", "leatctl flows --help"},
	{"tg modify web --stickiness=maybe",
	 "tg modify: --stickiness: 'maybe' is neither true nor false", "leatctl tg modify --help"},
	{"tg modify web --stickiness maybe", "tg modify: unexpected argument 'maybe'",
	 "leatctl tg modify --help"},
	{"target add", "target add: TG is missing", "leatctl target add --help"},
	{"target add web", "target add: ADDR[:PORT] is missing", "leatctl target add --help"},
	{"target add web 10.0.0.1 --weight", "target add: --weight needs a value",
	 "leatctl target add --help"},
	{"target add web 10.0.0.1 --weight --dry-run", "target add: --weight needs a value",
	 "leatctl target add --help"},
	{"target add web 10.0.0.1 --weight 1 --weight 2", "target add: --weight is given twice",
	 "leatctl target add --help"},
	{"target add web 10.0.0.1 \"\"", "target add: ADDR[:PORT]: the value is empty",
	 "leatctl target add --help"},
	{"target weight web 10.0.0.1", "target weight: --weight is missing",
	 "leatctl target weight --help"},
	{"target list -x", "target list: there is no option '-x'", "leatctl target list --help"},
	{"--weight 3 target list", "there is no option '--weight' before the command",
	 "leatctl --help"},
	{"tg --dry-run delete web", "tg: there is no option '--dry-run' before the command",
	 "leatctl tg --help"},
	{"status -o xml", "status: -o: 'xml' is not one of table, json, yaml",
	 "leatctl status --help"},
	{"status -o", "status: -o needs a value", "leatctl status --help"},
	{"status --socket", "status: --socket needs a value", "leatctl status --help"},
	{"status --socket=", "status: --socket: the value is empty", "leatctl status --help"},
	{"completion zsh", "completion: SHELL: 'zsh' is not one of bash",
	 "leatctl completion --help"},
	{"completion", "completion: SHELL is missing", "leatctl completion --help"},
	{"lb show \xff", "lb show: NAME: the value is not UTF-8 text", "leatctl lb show --help"},
};

static void test_bad_lines(void **state)
{
	struct invocation invocation;
	char hint[OPTIONS_HINT_MAX];
	struct err err;
	char *line;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		line = strdup(bad[i].line);
		assert_int_equal(parse(line, &invocation, &err), -EINVAL);
		assert_string_equal(err.text, bad[i].sentence);
		assert_string_equal(options_hint(&invocation, hint), bad[i].hint);
		options_fini(&invocation);
		free(line);
	}
}

/* Every option of every command that needs a value says so, and every required field is asked for.
 */
static void test_every_option_needs_its_value(void **state)
{
	const struct operation *command = NULL;
	const struct operation_field *field;
	char line[256], expected[256];
	struct invocation invocation;
	struct err err;

	while ((command = commands_next(command))) {
		for (field = command->fields; field->name; field++) {
			if (!field_is_option(field) || field->kind == OP_BOOL)
				continue;
			snprintf(line, sizeof(line), "%s %s", command->command, field->option);
			snprintf(expected, sizeof(expected), "%s: %s needs a value",
				 command->command, field->option);
			assert_int_equal(parse(line, &invocation, &err), -EINVAL);
			assert_string_equal(err.text, expected);
			options_fini(&invocation);
		}
	}
}

/* ---- globals ---- */

static void test_globals(void **state)
{
	char line[] = "--socket /tmp/x tg --no-headers list -o yaml";
	struct invocation invocation;
	struct err err;

	assert_int_equal(parse(line, &invocation, &err), 0);
	assert_string_equal(options_output(&invocation), "yaml");
	assert_string_equal(options_socket(&invocation), "/tmp/x");
	assert_true(options_has(&invocation, "no_headers"));
	assert_false(options_has(&invocation, "help"));
	options_fini(&invocation);
}

static void test_defaults(void **state)
{
	char line[] = "tg list";
	struct invocation invocation;
	struct err err;

	assert_int_equal(parse(line, &invocation, &err), 0);
	assert_string_equal(options_output(&invocation), "table");
	assert_null(options_socket(&invocation));
	assert_false(options_has(&invocation, "no_headers"));
	options_fini(&invocation);
}

/* Help is given about what was understood, whatever else is on the line. */
static void test_help_wins(void **state)
{
	static const struct {
		const char *line, *hint;
	} lines[] = {
		{"--help", "leatctl --help"},
		{"-h", "leatctl --help"},
		{"--help --help -h", "leatctl --help"},
		{"tg --help", "leatctl tg --help"},
		{"--help tg", "leatctl tg --help"},
		{"tg create --help", "leatctl tg create --help"},
		{"tg create --port x --frob --help", "leatctl tg create --help"},
		{"tg create web --port --help", "leatctl tg create --help"},
	};
	struct invocation invocation;
	char hint[OPTIONS_HINT_MAX];
	struct err err;
	char *line;

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		line = strdup(lines[i].line);
		assert_int_equal(parse(line, &invocation, &err), 0);
		assert_true(options_has(&invocation, "help"));
		assert_string_equal(options_hint(&invocation, hint), lines[i].hint);
		assert_string_equal(err.text, "");
		options_fini(&invocation);
		free(line);
	}
}

static void test_version_needs_no_command(void **state)
{
	char line[] = "--version";
	struct invocation invocation;
	struct err err;

	assert_int_equal(parse(line, &invocation, &err), 0);
	assert_true(options_has(&invocation, "version"));
	options_fini(&invocation);
}

/* ---- the table itself ---- */

static void check_unambiguous(const struct operation *command)
{
	const struct operation_field *field, *other;

	for (field = command->fields; field->name; field++) {
		if (!field_is_option(field))
			continue;
		assert_null(field_find_option(commands_globals(), field->option));
		other = field_find_option(command->fields, field->option);
		assert_ptr_equal(field, other);
	}
}

static void test_table_is_unambiguous(void **state)
{
	const struct operation *command = NULL;
	char noun[64];

	while ((command = commands_next(command))) {
		check_unambiguous(command);
		snprintf(noun, sizeof(noun), "%.*s", (int)strcspn(command->command, " "),
			 command->command);
		/* a word is a command or a noun, never both */
		assert_true(commands_has_noun(noun) != (commands_find(noun, NULL) != NULL));
	}
}

/* Nothing follows a list of words, or it could not be told apart. */
static void test_lists_stand_last(void **state)
{
	const struct operation *command = NULL;
	const struct operation_field *field;
	bool has_list;

	while ((command = commands_next(command))) {
		has_list = false;
		for (field = command->fields; field->name; field++) {
			if (!field_is_positional(field))
				continue;
			assert_false(has_list);
			has_list = field->kind == OP_STRINGS;
		}
	}
}

/* ---- files ---- */

struct file {
	char path[64];
	struct invocation invocation;
	struct err err;
};

static void make_file(struct file *file, const void *bytes, size_t len)
{
	int fd;

	snprintf(file->path, sizeof(file->path), "/tmp/leat-cli-XXXXXX");
	fd = mkstemp(file->path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), (ssize_t)len);
	close(fd);
}

/* The result of loading `apply -f PATH`. */
static int load(struct file *file, const char *path)
{
	char line[128];

	snprintf(line, sizeof(line), "apply -f %s", path);
	assert_int_equal(parse(line, &file->invocation, &file->err), 0);
	return request_load_files(file->invocation.command, file->invocation.request, &file->err);
}

static void test_file_becomes_text(void **state)
{
	static const char text[] = "target_groups:\n  - name: gr\xc3\xbc\xc3\x9f\n";
	struct file file = {0};
	const json_t *request;

	make_file(&file, text, strlen(text));
	assert_int_equal(load(&file, file.path), 0);
	request = file.invocation.request;
	assert_string_equal(json_string_value(json_object_get(request, "text")), text);
	assert_string_equal(json_string_value(json_object_get(request, "source")), file.path);
	options_fini(&file.invocation);
	unlink(file.path);
}

static void test_empty_file(void **state)
{
	struct file file = {0};

	make_file(&file, "", 0);
	assert_int_equal(load(&file, file.path), 0);
	assert_string_equal(json_string_value(json_object_get(file.invocation.request, "text")),
			    "");
	options_fini(&file.invocation);
	unlink(file.path);
}

static void test_standard_input(void **state)
{
	struct file file = {0};
	int saved = dup(STDIN_FILENO);

	make_file(&file, "{}", 2);
	assert_non_null(freopen(file.path, "r", stdin));
	assert_int_equal(load(&file, "-"), 0);
	assert_string_equal(json_string_value(json_object_get(file.invocation.request, "text")),
			    "{}");
	assert_string_equal(json_string_value(json_object_get(file.invocation.request, "source")),
			    "standard input");
	options_fini(&file.invocation);
	dup2(saved, STDIN_FILENO);
	close(saved);
	unlink(file.path);
}

static void check_refused_file(const void *bytes, size_t len, const char *why)
{
	struct file file = {0};
	char expected[256];

	make_file(&file, bytes, len);
	assert_true(load(&file, file.path) < 0);
	snprintf(expected, sizeof(expected), why, file.path);
	assert_string_equal(file.err.text, expected);
	options_fini(&file.invocation);
	unlink(file.path);
}

static void test_files_that_are_no_text(void **state)
{
	check_refused_file("a\0b", 3, "file '%s' is not UTF-8 text");
	check_refused_file("\xff\xfe", 2, "file '%s' is not UTF-8 text");
}

static void test_file_that_is_too_long(void **state)
{
	char *bytes = malloc(REQUEST_FILE_MAX + 1);
	struct file file = {0};

	memset(bytes, '#', REQUEST_FILE_MAX + 1);
	make_file(&file, bytes, REQUEST_FILE_MAX);
	assert_int_equal(load(&file, file.path), 0);
	options_fini(&file.invocation);
	unlink(file.path);
	check_refused_file(bytes, REQUEST_FILE_MAX + 1, "file '%s' is longer than 16777216 bytes");
	free(bytes);
}

static void test_file_that_is_not_there(void **state)
{
	struct file file = {0};

	assert_int_equal(load(&file, "/nonexistent/web.yaml"), -ENOENT);
	assert_string_equal(file.err.text, "can't read file '/nonexistent/web.yaml': No such file "
					   "or directory");
	options_fini(&file.invocation);
	assert_int_equal(load(&file, "/tmp"), -EISDIR);
	options_fini(&file.invocation);
}

static void test_words(void **state)
{
	assert_true(value_is_word("a|bc", "a"));
	assert_true(value_is_word("a|bc", "bc"));
	assert_false(value_is_word("a|bc", "b"));
	assert_false(value_is_word("a|bc", "bcd"));
	assert_false(value_is_word("a|bc", ""));
	assert_false(value_is_word("a|bc", "a|bc"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_lines),
		cmocka_unit_test(test_every_command_is_tried),
		cmocka_unit_test(test_bad_lines),
		cmocka_unit_test(test_every_option_needs_its_value),
		cmocka_unit_test(test_globals),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_help_wins),
		cmocka_unit_test(test_version_needs_no_command),
		cmocka_unit_test(test_table_is_unambiguous),
		cmocka_unit_test(test_lists_stand_last),
		cmocka_unit_test(test_file_becomes_text),
		cmocka_unit_test(test_empty_file),
		cmocka_unit_test(test_standard_input),
		cmocka_unit_test(test_files_that_are_no_text),
		cmocka_unit_test(test_file_that_is_too_long),
		cmocka_unit_test(test_file_that_is_not_there),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
