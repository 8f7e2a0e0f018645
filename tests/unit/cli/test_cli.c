/* SPDX-License-Identifier: BSD-2-Clause */
/* leatctl as a whole: what it prints where, and its exit status. */
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
#include "cli/cli.h"
#include "server.h"

#define ARGS_MAX 16

struct run {
	enum cli_exit status;
	char *out, *err; /* to be freed */
};

/* Words are parted at blanks. */
static void run(struct run *run, const char *socket, const char *words)
{
	char line[512], *argv[ARGS_MAX] = {(char *)"leatctl"}, *rest = NULL;
	size_t out_len, err_len;
	struct cli_io io = {
		.out = open_memstream(&run->out, &out_len),
		.err = open_memstream(&run->err, &err_len),
		.socket = socket,
		.timeout_ms = 2000,
	};
	int argc = 1;

	snprintf(line, sizeof(line), "%s", words);
	for (char *word = strtok_r(line, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		argv[argc++] = word;
	run->status = cli_run(argc, argv, &io);
	fclose(io.out);
	fclose(io.err);
}

static void run_fini(struct run *run)
{
	free(run->out);
	free(run->err);
}

/* The sentence with the socket's path in it. */
static void check_err(const struct run *run, const char *format, const char *socket)
{
	char expected[1024];
	const char *rest = strstr(format, "%s");

	assert_non_null(rest);
	snprintf(expected, sizeof(expected), "%.*s%s%s", (int)(rest - format), format, socket,
		 rest + 2);
	assert_string_equal(run->err, expected);
}

static void test_listing(void **state)
{
	struct server server;
	struct run r;

	server_start(&server,
		     ANSWER("200 OK", "{\"changes\":[{\"change\":7,\"when\":\"now\",\"who\":"
				      "\"root\",\"operation\":\"ApplyState\",\"summary\":"
				      "\"gr\xc3\xbc\xc3\x9f\"}]}"));
	run(&r, server.path, "history --limit 1");
	server_stop(&server);
	assert_string_equal(r.err, "");
	assert_string_equal(r.out, "CHANGE  WHEN  WHO   OPERATION   SUMMARY\n"
				   "     7  now   root  ApplyState  gr\xc3\xbc\xc3\x9f\n");
	assert_int_equal(r.status, CLI_DONE);
	assert_string_equal(server_body(&server), "{\"limit\":1}");
	run_fini(&r);
}

static void test_the_option_beats_the_environment(void **state)
{
	struct server server;
	char line[256];
	struct run r;

	server_start(&server, ANSWER("200 OK", "{\"changes\":[]}"));
	snprintf(line, sizeof(line), "--socket %s -o json history", server.path);
	run(&r, "/nonexistent/leatd.sock", line);
	server_stop(&server);
	assert_string_equal(r.out, "{\n  \"changes\": []\n}\n");
	assert_int_equal(r.status, CLI_DONE);
	run_fini(&r);
}

static void test_refusal(void **state)
{
	struct server server;
	struct run r;

	server_start(&server,
		     ANSWER("404 Not Found",
			    "{\"error\":{\"code\":\"TargetGroupNotFound\",\"message\":\"there "
			    "is no target group '\\u001b[31mweb'\"}}"));
	run(&r, server.path, "tg show web");
	server_stop(&server);
	assert_string_equal(r.out, "");
	assert_string_equal(r.err, "leatctl: there is no target group '?[31mweb'\n");
	assert_int_equal(r.status, CLI_REFUSED);
	run_fini(&r);
}

static void test_usage(void **state)
{
	struct run r;

	run(&r, "/nonexistent/leatd.sock", "tg create");
	assert_string_equal(r.out, "");
	assert_string_equal(r.err,
			    "leatctl: tg create: TG is missing\ntry: leatctl tg create --help\n");
	assert_int_equal(r.status, CLI_USAGE);
	run_fini(&r);
}

static void test_nobody_there(void **state)
{
	struct run r;

	run(&r, "/nonexistent/leatd.sock", "status");
	assert_string_equal(r.out, "");
	assert_string_equal(r.err,
			    "leatctl: no answer from leatd at /nonexistent/leatd.sock: is it "
			    "running? (systemctl status leatd)\n");
	assert_int_equal(r.status, CLI_NO_ANSWER);
	run_fini(&r);
}

static void test_socket_path_is_bounded(void **state)
{
	char path[128];
	char line[512];
	struct run r;

	memset(path, 'x', sizeof(path));
	path[0] = '/';
	path[108] = '\0';
	run(&r, path, "status");
	assert_string_equal(r.err, "leatctl: LEAT_SOCKET: a socket's path has at most 107 bytes\n"
				   "try: leatctl status --help\n");
	assert_int_equal(r.status, CLI_USAGE);
	run_fini(&r);
	snprintf(line, sizeof(line), "status --socket %s", path);
	run(&r, NULL, line);
	assert_string_equal(r.err, "leatctl: --socket: a socket's path has at most 107 bytes\n"
				   "try: leatctl status --help\n");
	assert_int_equal(r.status, CLI_USAGE);
	run_fini(&r);
	path[107] = '\0';
	run(&r, path, "status");
	assert_int_equal(r.status, CLI_NO_ANSWER);
	run_fini(&r);
}

/* A read that is lost is just lost; a write may have been carried out. */
static void test_lost_answers(void **state)
{
	static const char cut[] = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{";
	struct server server;
	struct run r;

	server_start(&server, cut);
	run(&r, server.path, "tg list");
	server_stop(&server);
	check_err(&r,
		  "leatctl: no complete answer from leatd at %s: the connection ended too early\n",
		  server.path);
	assert_string_equal(r.out, "");
	assert_int_equal(r.status, CLI_NO_ANSWER);
	run_fini(&r);

	server_start(&server, cut);
	run(&r, server.path, "tg delete web");
	server_stop(&server);
	check_err(&r,
		  "leatctl: no complete answer from leatd at %s: the connection ended too early\n"
		  "leatctl: it may have been carried out all the same: see leatctl history\n",
		  server.path);
	assert_int_equal(r.status, CLI_NO_ANSWER);
	run_fini(&r);
}

static void test_incomplete_answer(void **state)
{
	struct server server;
	struct run r;

	server_start(&server, ANSWER("200 OK", "{\"change\":7}"));
	run(&r, server.path, "tg delete web");
	server_stop(&server);
	check_err(&r,
		  "leatctl: no complete answer from leatd at %s: 'plan' is missing\n"
		  "leatctl: it may have been carried out all the same: see leatctl history\n",
		  server.path);
	assert_string_equal(r.out, "");
	assert_int_equal(r.status, CLI_NO_ANSWER);
	run_fini(&r);
}

static void test_warning(void **state)
{
	struct server server;
	struct run r;

	server_start(&server,
		     ANSWER("200 OK", "{\"change\":7,\"dry_run\":false,\"plan\":{\"entries\":[]}"
				      ",\"warning\":\"not in the data path yet\"}"));
	run(&r, server.path, "tg delete web");
	server_stop(&server);
	assert_string_equal(r.out, "nothing to change\n");
	assert_string_equal(r.err, "leatctl: warning: not in the data path yet\n");
	assert_int_equal(r.status, CLI_DONE);
	run_fini(&r);
}

static void test_file(void **state)
{
	struct run r;

	run(&r, "/nonexistent/leatd.sock", "apply -f /nonexistent/web.yaml");
	assert_string_equal(r.err,
			    "leatctl: can't read file '/nonexistent/web.yaml': No such file or "
			    "directory\n");
	assert_int_equal(r.status, CLI_REFUSED);
	run_fini(&r);
}

static void test_version(void **state)
{
	struct server server;
	struct run r;

	server_start(&server, ANSWER("200 OK", "{\"version\":\"9.9\"}"));
	run(&r, server.path, "version");
	server_stop(&server);
	assert_string_equal(r.out, "leatctl " LEAT_VERSION "\nleatd   9.9\n");
	assert_string_equal(r.err, "");
	assert_int_equal(r.status, CLI_DONE);
	run_fini(&r);

	run(&r, "/nonexistent/leatd.sock", "version");
	assert_string_equal(r.out, "leatctl " LEAT_VERSION "\nleatd:  no answer\n");
	assert_int_equal(r.status, CLI_NO_ANSWER);
	run_fini(&r);

	run(&r, "/nonexistent/leatd.sock", "version -o json");
	assert_string_equal(r.out,
			    "{\n  \"leatctl\": \"" LEAT_VERSION "\",\n  \"leatd\": null\n}\n");
	assert_int_equal(r.status, CLI_NO_ANSWER);
	run_fini(&r);
}

static void test_without_leatd(void **state)
{
	static const struct {
		const char *words, *start;
	} cases[] = {
		{"--version", "leatctl " LEAT_VERSION "\n"},
		{"--help", "usage: leatctl COMMAND"},
		{"tg --help", "usage: leatctl tg COMMAND"},
		{"tg create --help", "usage: leatctl tg create TG"},
		{"completion bash", "# bash completion for leatctl"},
		{"manual", ".SH COMMANDS\n"},
	};
	struct run r;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		run(&r, "/nonexistent/leatd.sock", cases[i].words);
		assert_memory_equal(r.out, cases[i].start, strlen(cases[i].start));
		assert_string_equal(r.err, "");
		assert_int_equal(r.status, CLI_DONE);
		run_fini(&r);
	}
}

static void test_full_disk(void **state)
{
	char *argv[] = {(char *)"leatctl", (char *)"--help", NULL}, *text;
	size_t len;
	struct cli_io io = {
		.out = fopen("/dev/full", "w"),
		.err = open_memstream(&text, &len),
	};
	enum cli_exit status;

	assert_non_null(io.out);
	status = cli_run(2, argv, &io);
	fclose(io.out);
	fclose(io.err);
	assert_int_equal(status, CLI_REFUSED);
	assert_string_equal(text, "leatctl: can't write the answer: No space left on device\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_listing),
		cmocka_unit_test(test_the_option_beats_the_environment),
		cmocka_unit_test(test_refusal),
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_nobody_there),
		cmocka_unit_test(test_socket_path_is_bounded),
		cmocka_unit_test(test_lost_answers),
		cmocka_unit_test(test_incomplete_answer),
		cmocka_unit_test(test_warning),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_version),
		cmocka_unit_test(test_without_leatd),
		cmocka_unit_test(test_full_disk),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
