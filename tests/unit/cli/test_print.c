/* SPDX-License-Identifier: BSD-2-Clause */
/* Whole answers as they are printed, and answers that lack something. */
#include <errno.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/base.h"
#include "cli/commands.h"
#include "cli/writer.h"

/* Prints the answer (JSON) of a command ("tg list"); the text is to be freed. */
static int print(const char *first, const char *second, const char *form, bool headers,
		 const char *answer, char **text, struct err *err)
{
	struct view view = {
		.command = commands_find(first, second),
		.answer = json_loads(answer, 0, NULL),
		.headers = headers,
	};
	struct buf out = {0};
	int ret;

	memset(err, 0, sizeof(*err));
	assert_non_null(view.command);
	assert_non_null(view.answer);
	ret = writer_find(form)->write(&view, &out, err);
	json_decref((json_t *)view.answer);
	*text = buf_take(&out);
	return ret;
}

static void check(const char *first, const char *second, const char *form, const char *answer,
		  const char *expected)
{
	struct err err;
	char *text;

	if (print(first, second, form, true, answer, &text, &err))
		fail_msg("%s", err.text);
	assert_string_equal(text, expected);
	free(text);
}

/* ---- plans ---- */

#define ENTRIES                                                                                 \
	"{\"action\":\"create\",\"noun\":\"target group\",\"name\":\"web\",\"field\":null},"    \
	"{\"action\":\"modify\",\"noun\":\"target\",\"name\":\"web/10.0.1.12:8080\",\"field\":" \
	"\"weight\",\"from\":\"1\",\"to\":\"2\"},"                                              \
	"{\"action\":\"modify\",\"noun\":\"target\",\"name\":\"web/10.0.1.12:8080\",\"field\":" \
	"\"drain\",\"from\":null,\"to\":\"true\"},"                                             \
	"{\"action\":\"modify\",\"noun\":\"target\",\"name\":\"web/10.0.1.13:8080\",\"field\":" \
	"\"weight\",\"from\":\"1\",\"to\":\"3\"},"                                              \
	"{\"action\":\"delete\",\"noun\":\"listener\",\"name\":\"edge/TCP:80\"}"
#define LINES                                              \
	"+ target group 'web'\n"                           \
	"~ target 'web/10.0.1.12:8080': weight 1 -> 2\n"   \
	"~ target 'web/10.0.1.12:8080': drain - -> true\n" \
	"~ target 'web/10.0.1.13:8080': weight 1 -> 3\n"   \
	"- listener 'edge/TCP:80'\n"
#define PLAN(change, dry, entries, total, moved, flows)                              \
	"{\"change\":" change ",\"dry_run\":" dry ",\"plan\":{\"entries\":[" entries \
	"],\"slots_total\":" total ",\"slots_moved\":" moved ",\"flows_ended\":" flows "}}"

static void test_plan_of_apply(void **state)
{
	check("apply", NULL, "table", PLAN("7", "false", ENTRIES, "4099", "1009", "12"),
	      LINES "1 created, 2 changed, 1 deleted; 1009 of 4099 slots moved (24.6 %), 12 live "
		    "flows will end\n"
		    "change 7 applied\n");
}

static void test_plan_of_dry_run(void **state)
{
	check("apply", NULL, "table", PLAN("6", "true", ENTRIES, "4099", "1009", "12"),
	      LINES "1 to create, 2 to change, 1 to delete; 1009 of 4099 slots would move (24.6 "
		    "%), 12 live flows would end\n"
		    "dry run: nothing was changed\n");
}

static void test_plan_of_diff(void **state)
{
	check("diff", NULL, "table", PLAN("6", "true", ENTRIES, "4099", "0", "0"),
	      LINES "1 to create, 2 to change, 1 to delete; 0 of 4099 slots would move (0.0 %), 0 "
		    "live flows would end\n");
}

static void test_plan_without_slots(void **state)
{
	check("tg", "create", "table",
	      PLAN("1", "false", "{\"action\":\"create\",\"noun\":\"target group\",\"name\":\"a\"}",
		   "0", "0", "0"),
	      "+ target group 'a'\n1 created, 0 changed, 0 deleted\nchange 1 applied\n");
	check("tg", "delete", "table",
	      PLAN("2", "true", "{\"action\":\"delete\",\"noun\":\"target group\",\"name\":\"a\"}",
		   "0", "0", "1"),
	      "- target group 'a'\n0 to create, 0 to change, 1 to delete; 1 live flow would end\n"
	      "dry run: nothing was changed\n");
}

static void test_plan_of_nothing(void **state)
{
	check("apply", NULL, "table", PLAN("7", "false", "", "4099", "0", "0"),
	      "nothing to change\n");
	check("target", "add", "table", PLAN("7", "true", "", "0", "0", "0"),
	      "nothing to change\n");
	check("diff", NULL, "table", PLAN("7", "true", "", "0", "0", "0"), "nothing to change\n");
}

/* ---- tables ---- */

static void test_target_list(void **state)
{
	check("target", "list", "table",
	      "{\"targets\":[{\"target_group\":\"web\",\"target\":\"10.0.1.11:8080\",\"weight\":1,"
	      "\"share_pct\":25.0,\"state\":\"healthy\",\"since_s\":192,\"flows\":120,"
	      "\"new_flows_per_s\":12.34,\"next_hop\":\"10.0.1.11 dev eth1\",\"description\":null},"
	      "{\"target_group\":\"web\",\"target\":\"[2001:db8::12]:8080\",\"weight\":2,"
	      "\"share_pct\":0,\"state\":\"unhealthy\",\"since_s\":5,\"flows\":0,"
	      "\"new_flows_per_s\":0,\"next_hop\":null,\"description\":\"connect timeout\"}]}",
	      "TARGET GROUP  TARGET               WEIGHT   SHARE  STATE       SINCE  FLOWS   NEW/S "
	      " "
	      "NEXT HOP            REASON\n"
	      "web           10.0.1.11:8080            1  25.0 %  healthy    3m 12s    120  12.3/s "
	      " "
	      "10.0.1.11 dev eth1  -\n"
	      "web           [2001:db8::12]:8080       2   0.0 %  unhealthy      5s      0   0.0/s "
	      " "
	      "-                   connect timeout\n");
}

static void test_empty_list(void **state)
{
	check("history", NULL, "table", "{\"changes\":[]}",
	      "CHANGE  WHEN  WHO  OPERATION  SUMMARY\n");
}

static void test_show(void **state)
{
	check("lb", "show", "table",
	      "{\"load_balancers\":[{\"name\":\"edge\",\"type\":\"network\",\"addresses\":[\"203.0."
	      "113.10\",\"2001:db8::10\"],\"announce\":\"address\",\"interfaces\":[\"eth0\"],"
	      "\"listeners\":[\"TCP:80\"],\"state\":\"active\",\"created\":{\"by\":\"root\"}}]}",
	      "NAME:        edge\n"
	      "TYPE:        network\n"
	      "ADDRESSES:   203.0.113.10, 2001:db8::10\n"
	      "ANNOUNCE:    address\n"
	      "INTERFACES:  eth0\n"
	      "LISTENERS:   TCP:80\n"
	      "STATE:       active\n"
	      "created.by:  root\n");
}

#define STATS                                                                                      \
	"{\"verdicts\":[{\"verdict\":\"forwarded\",\"action\":\"tx\",\"packets\":10,\"bytes\":"    \
	"2048,\"packets_per_s\":1.5,\"help\":\"sent to a target\"}],\"listeners\":[],\"targets\":" \
	"[],\"tables\":[{\"table\":\"flows\",\"used\":1,\"size\":4,\"used_pct\":25}]}"

static void test_stats(void **state)
{
	check("stats", NULL, "table", STATS,
	      "Packets by verdict\n"
	      "VERDICT    ACTION  PACKETS    BYTES  PACKETS/S  MEANING\n"
	      "forwarded  tx           10  2.0 KiB      1.5/s  sent to a target\n"
	      "\n"
	      "Listeners\n"
	      "LISTENER  PACKETS  BYTES  NEW FLOWS  NEW/S  DROPPED\n"
	      "\n"
	      "Targets\n"
	      "TARGET GROUP  TARGET  PACKETS  BYTES  REPLIES  REPLY BYTES  NEW FLOWS  PORTS "
	      "EXHAUSTED\n"
	      "\n"
	      "Tables\n"
	      "TABLE  USED  SIZE  USED %\n"
	      "flows     1     4  25.0 %\n");
}

static void test_no_headers(void **state)
{
	struct err err;
	char *text;

	assert_int_equal(print("stats", NULL, "table", false, STATS, &text, &err), 0);
	assert_string_equal(text, "forwarded  tx  10  2.0 KiB  1.5/s  sent to a target\n\n\n\n"
				  "flows  1  4  25.0 %\n");
	free(text);
}

/* ---- status and facts ---- */

#define NODE                                                                               \
	"\"version\":\"0.1.0\",\"controller\":\"running\",\"pid\":12,\"started\":"         \
	"\"2026-11-23T08:45:05.123Z\",\"uptime_s\":3700,\"change\":7,\"digest\":\"00ff\"," \
	"\"flows\":{\"used\":5,\"size\":1000}"

static void test_status(void **state)
{
	check("status", NULL, "table",
	      "{" NODE
	      ",\"interfaces\":[{\"name\":\"eth0\",\"mode\":\"native\",\"state\":\"attached\","
	      "\"reason\":null,\"mac\":\"02:00:00:00:00:01\",\"mtu\":1500,\"up\":true},{\"name\":"
	      "\"eth1\",\"of\":\"bond0\",\"mode\":null,\"state\":\"missing\",\"reason\":\"no such device\",\"mac\":"
	      "null,\"mtu\":null,\"up\":false}],"
	      "\"load_balancers\":[{\"name\":\"edge\",\"addresses\":[\"203.0.113.10\"],"
	      "\"listeners\":2,\"announce\":\"address\",\"state\":\"active\"}],"
	      "\"target_groups\":[{\"name\":\"web\",\"state\":\"degraded\",\"healthy\":2,"
	      "\"targets\":3}],"
	      "\"problems\":[{\"severity\":\"error\",\"text\":\"interface 'eth1' does not exist\","
	      "\"cure\":\"create it\"},{\"severity\":\"warning\",\"text\":\"it rains\"}]}",
	      "leatd 0.1.0 running, pid 12, up 1h 1m since 2026-11-23T08:45:05.123Z\n"
	      "change 7, tables 00ff\n"
	      "\n"
	      "Interfaces\n"
	      "NAME  OF     MODE    STATE     MAC                 MTU  LINK  REASON\n"
	      "eth0  -      native  attached  02:00:00:00:00:01  1500  up    -\n"
	      "eth1  bond0  -       missing   -                     -  down  no such device\n"
	      "\n"
	      "Load balancers\n"
	      "NAME  ADDRESSES     LISTENERS  ANNOUNCE  STATE\n"
	      "edge  203.0.113.10          2  address   active\n"
	      "\n"
	      "Target groups\n"
	      "NAME  HEALTHY  TARGETS  STATE\n"
	      "web         2        3  degraded\n"
	      "\n"
	      "Flows: 5 of 1000 (0.5 %)\n"
	      "\n"
	      "Problems\n"
	      "error: interface 'eth1' does not exist\n"
	      "    cure: create it\n"
	      "warning: it rains\n");
}

static void test_status_of_an_empty_node(void **state)
{
	check("status", NULL, "table",
	      "{" NODE ",\"interfaces\":[],\"load_balancers\":[],\"target_groups\":[],"
	      "\"problems\":[]}",
	      "leatd 0.1.0 running, pid 12, up 1h 1m since 2026-11-23T08:45:05.123Z\n"
	      "change 7, tables 00ff\n"
	      "\n"
	      "Interfaces: none\n"
	      "\n"
	      "Load balancers: none\n"
	      "\n"
	      "Target groups: none\n"
	      "\n"
	      "Flows: 5 of 1000 (0.5 %)\n"
	      "\n"
	      "no problems\n");
}

static void test_export(void **state)
{
	static const char answer[] =
		"{\"change\":7,\"text\":\"a: 1\\n# b\\n\",\"state\":{\"a\":1}}";

	check("export", NULL, "table", answer, "a: 1\n# b\n");
	check("export", NULL, "yaml", answer, "a: 1\n# b\n");
	check("export", NULL, "json", answer, "{\n  \"a\": 1\n}\n");
}

static void test_version(void **state)
{
	check("version", NULL, "table", "{\"leatctl\":\"0.1.0\",\"leatd\":{\"version\":\"0.2.0\"}}",
	      "leatctl 0.1.0\nleatd   0.2.0\n");
	check("version", NULL, "table", "{\"leatctl\":\"0.1.0\",\"leatd\":null}",
	      "leatctl 0.1.0\nleatd:  no answer\n");
}

static void test_detach(void **state)
{
	check("detach", NULL, "table", "{\"detached\":true,\"change\":7}",
	      "the data path is down and leatd ends; the state is kept\n");
}

static void test_json_and_yaml(void **state)
{
	static const char answer[] =
		"{\"targets\":[{\"target\":\"10.0.1.11:80\",\"share_pct\":33.3,"
		"\"next_hop\":null}]}";

	check("target", "list", "json", answer,
	      "{\n  \"targets\": [\n    {\n      \"target\": \"10.0.1.11:80\",\n      "
	      "\"share_pct\": 33.3,\n      \"next_hop\": null\n    }\n  ]\n}\n");
	check("target", "list", "yaml", answer,
	      "targets:\n  - target: \"10.0.1.11:80\"\n    share_pct: 33.3\n    next_hop: null\n");
}

/* ---- answers that lack something: nothing is printed ---- */

static void test_incomplete_answers(void **state)
{
	static const struct {
		const char *first, *second, *form, *answer, *sentence;
	} cases[] = {
		{"tg", "list", "table", "{}", "'target_groups' is missing"},
		{"tg", "list", "table", "{\"target_groups\":{}}",
		 "'target_groups' has the wrong type"},
		{"tg", "list", "table", "{\"target_groups\":[{},7]}",
		 "'target_groups' has a row that is not an object"},
		{"stats", NULL, "table", "{\"verdicts\":[],\"listeners\":[],\"targets\":[]}",
		 "'tables' is missing"},
		{"apply", NULL, "table", "{}", "'plan' is missing"},
		{"apply", NULL, "table", "{\"plan\":{}}", "'entries' is missing"},
		{"apply", NULL, "table", "{\"plan\":{\"entries\":[{\"action\":\"rename\"}]}}",
		 "the plan has an entry with no known action"},
		{"export", NULL, "table", "{\"state\":{}}", "'text' is missing"},
		{"export", NULL, "json", "{\"text\":\"\"}", "'state' is missing"},
		{"status", NULL, "table", "{" NODE "}", "'interfaces' is missing"},
		{"status", NULL, "table",
		 "{" NODE ",\"interfaces\":[],\"load_balancers\":[],\"target_groups\":[]}",
		 "'problems' is missing"},
		{"version", NULL, "table", "{\"leatd\":{}}", "'version' is missing"},
		{"detach", NULL, "table", "{}", "'detached' is missing"},
	};
	struct err err;
	char *text;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(print(cases[i].first, cases[i].second, cases[i].form, true,
				       cases[i].answer, &text, &err),
				 -EPROTO);
		assert_string_equal(err.text, cases[i].sentence);
		assert_string_equal(text, "");
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plan_of_apply),
		cmocka_unit_test(test_plan_of_dry_run),
		cmocka_unit_test(test_plan_of_diff),
		cmocka_unit_test(test_plan_without_slots),
		cmocka_unit_test(test_plan_of_nothing),
		cmocka_unit_test(test_target_list),
		cmocka_unit_test(test_empty_list),
		cmocka_unit_test(test_show),
		cmocka_unit_test(test_stats),
		cmocka_unit_test(test_no_headers),
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_status_of_an_empty_node),
		cmocka_unit_test(test_export),
		cmocka_unit_test(test_version),
		cmocka_unit_test(test_detach),
		cmocka_unit_test(test_json_and_yaml),
		cmocka_unit_test(test_incomplete_answers),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
