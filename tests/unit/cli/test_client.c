/* SPDX-License-Identifier: BSD-2-Clause */
/* The client against servers that answer, refuse, hang, hang up and talk rubbish. */
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
#include <sys/stat.h>

#include "base/base.h"
#include "base/clock.h"
#include "cli/client.h"
#include "server.h"

#define TIMEOUT_MS 2000

struct reply {
	enum client_outcome outcome;
	json_t *answer;
	struct err err;
};

static void call(const char *socket, unsigned timeout_ms, struct reply *reply)
{
	struct client client = {.socket = socket, .timeout_ms = timeout_ms};
	json_t *request = json_pack("{ss s[s]}", "target_group", "web", "targets", "10.0.1.11");

	memset(reply, 0, sizeof(*reply));
	reply->outcome =
		client_call(&client, "RegisterTargets", request, &reply->answer, &reply->err);
	json_decref(request);
}

static void test_answer(void **state)
{
	struct server server;
	struct reply reply;

	server_start(&server, ANSWER("200 OK", "{\"change\":7}"));
	call(server.path, TIMEOUT_MS, &reply);
	server_stop(&server);
	assert_int_equal(reply.outcome, CLIENT_DONE);
	assert_int_equal(json_integer_value(json_object_get(reply.answer, "change")), 7);
	assert_string_equal(reply.err.text, "");
	json_decref(reply.answer);
	assert_memory_equal(server.request, "POST /v1/RegisterTargets HTTP/1.1\r\n", 35);
	assert_non_null(strstr(server.request, "\r\nContent-Type: application/json\r\n"));
	assert_null(strstr(server.request, "Expect:"));
	assert_string_equal(server_body(&server),
			    "{\"target_group\":\"web\",\"targets\":[\"10.0.1.11\"]}");
}

static void test_proxy_in_the_environment_is_not_asked(void **state)
{
	struct server server;
	struct reply reply;

	setenv("http_proxy", "http://127.0.0.1:1", 1);
	setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
	server_start(&server, ANSWER("200 OK", "{}"));
	call(server.path, TIMEOUT_MS, &reply);
	server_stop(&server);
	unsetenv("http_proxy");
	unsetenv("ALL_PROXY");
	assert_int_equal(reply.outcome, CLIENT_DONE);
	assert_memory_equal(server.request, "POST /v1/", 9);
	json_decref(reply.answer);
}

/* What comes back, and what is made of it; %s is the socket's path. */
static const struct {
	const char *answer;
	enum client_outcome outcome;
	const char *sentence;
} answers[] = {
	{ANSWER("404 Not Found",
		"{\"error\":{\"code\":\"TargetGroupNotFound\",\"message\":\"there is "
		"no target group 'web'\"}}"),
	 CLIENT_REFUSED, "there is no target group 'web'"},
	{ANSWER("500 Internal Server Error", "{\"error\":{\"message\":\"no\"}}"), CLIENT_REFUSED,
	 "no"},
	/* refusals without a sentence */
	{ANSWER("400 Bad Request", "{\"error\":{\"message\":\"\"}}"), CLIENT_LOST,
	 "no complete answer from leatd at %s: it refuses without a reason"},
	{ANSWER("400 Bad Request", "{\"error\":\"no\"}"), CLIENT_LOST,
	 "no complete answer from leatd at %s: it refuses without a reason"},
	{ANSWER("302 Found", "{}"), CLIENT_LOST,
	 "no complete answer from leatd at %s: it refuses without a reason"},
	{ANSWER("404 Not Found", "<html>not here</html>"), CLIENT_LOST,
	 "no complete answer from leatd at %s: it is not a JSON object"},
	/* not what was agreed on */
	{ANSWER("200 OK", ""), CLIENT_LOST,
	 "no complete answer from leatd at %s: it is not a JSON object"},
	{ANSWER("200 OK", "[1]"), CLIENT_LOST,
	 "no complete answer from leatd at %s: it is not a JSON object"},
	{ANSWER("200 OK", "{} {}"), CLIENT_LOST,
	 "no complete answer from leatd at %s: it is not a JSON object"},
	/* cut off: in the body, the head, at once */
	{"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"change\":7}", CLIENT_LOST,
	 "no complete answer from leatd at %s: the connection ended too early"},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nc\r\n{\"change\":7}\r\n",
	 CLIENT_LOST, "no complete answer from leatd at %s: the connection ended too early"},
	{ANSWER("200 OK", "{\"change\":"), CLIENT_LOST,
	 "no complete answer from leatd at %s: it is not a JSON object"},
	{"HTTP/1.1 200 OK\r\nContent-", CLIENT_LOST, NULL},
	{"", CLIENT_LOST, "no complete answer from leatd at %s: the connection ended too early"},
	/* rubbish */
	{"SSH-2.0-OpenSSH_9.2\r\n", CLIENT_LOST, NULL},
	{"{\"change\":7}", CLIENT_LOST, NULL},
	{"HTTP/9.9 200 OK\r\n\r\n{}", CLIENT_LOST, NULL},
};

static void check_answer(size_t i)
{
	char sentence[512];
	struct server server;
	struct reply reply;

	server_start(&server, answers[i].answer);
	call(server.path, TIMEOUT_MS, &reply);
	server_stop(&server);
	assert_int_equal(reply.outcome, answers[i].outcome);
	assert_null(reply.answer);
	snprintf(sentence, sizeof(sentence), "no complete answer from leatd at %s: ", server.path);
	if (!answers[i].sentence)
		assert_memory_equal(reply.err.text, sentence, strlen(sentence));
	else if (strchr(answers[i].sentence, '%')) {
		snprintf(sentence, sizeof(sentence), "no complete answer from leatd at %s: %s",
			 server.path, strstr(answers[i].sentence, "%s: ") + 4);
		assert_string_equal(reply.err.text, sentence);
	} else {
		assert_string_equal(reply.err.text, answers[i].sentence);
	}
}

static void test_answers(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++)
		check_answer(i);
}

static void test_chunks(void **state)
{
	struct server server;
	struct reply reply;

	server_start(&server, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
			      "4\r\n{\"a\"\r\n3\r\n:1}\r\n0\r\n\r\n");
	call(server.path, TIMEOUT_MS, &reply);
	server_stop(&server);
	assert_int_equal(reply.outcome, CLIENT_DONE);
	json_decref(reply.answer);
}

static void check_slow(const char *answer)
{
	uint64_t start_ms = clock_mono_ms();
	char sentence[256];
	struct server server;
	struct reply reply;

	server_start(&server, answer);
	call(server.path, 200, &reply);
	assert_true(clock_mono_ms() - start_ms >= 200);
	assert_true(clock_mono_ms() - start_ms < 5000);
	server_stop(&server);
	assert_int_equal(reply.outcome, CLIENT_LOST);
	assert_null(reply.answer);
	snprintf(sentence, sizeof(sentence), "no answer from leatd at %s within 0.2 s",
		 server.path);
	assert_string_equal(reply.err.text, sentence);
}

static void test_silence(void **state)
{
	check_slow(NULL);
}

static void check_absent(const char *socket)
{
	char sentence[512];
	struct reply reply;

	call(socket, TIMEOUT_MS, &reply);
	assert_int_equal(reply.outcome, CLIENT_ABSENT);
	assert_null(reply.answer);
	snprintf(sentence, sizeof(sentence),
		 "no answer from leatd at %s: is it running? (systemctl status leatd)", socket);
	assert_string_equal(reply.err.text, sentence);
}

static void test_nobody_there(void **state)
{
	struct server server;

	check_absent("/nonexistent/leatd.sock");
	check_absent("/etc/passwd"); /* no socket */
	server_start(&server, NULL);
	server_kill(&server);
	check_absent(server.path); /* left behind */
	server_stop(&server);
}

/* A socket whose queue nobody empties. */
static void test_busy(void **state)
{
	char path[64], sentence[256];
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	uint64_t start_ms = clock_mono_ms();
	struct reply reply;
	int waiting[2], listener;

	snprintf(path, sizeof(path), "/tmp/leat-cli-busy-%d", (int)getpid());
	listener = server_listen(path);
	strcpy(address.sun_path, path);
	for (int i = 0; i < 2; i++) { /* a queue of 1 has room for 2 */
		waiting[i] = socket(AF_UNIX, SOCK_STREAM, 0);
		assert_int_equal(connect(waiting[i], (struct sockaddr *)&address, sizeof(address)),
				 0);
	}
	call(path, TIMEOUT_MS, &reply);
	assert_true(clock_mono_ms() - start_ms >= 1900);
	assert_true(clock_mono_ms() - start_ms < 6000);
	assert_int_equal(reply.outcome, CLIENT_ABSENT);
	snprintf(sentence, sizeof(sentence), "leatd at %s is busy: too many connections", path);
	assert_string_equal(reply.err.text, sentence);
	close(waiting[0]);
	close(waiting[1]);
	close(listener);
	unlink(path);
}

/* In a child, because it gives root up. */
static void call_as_nobody(const char *socket)
{
	struct reply reply;
	bool is_right;

	if (setgid(65534) || setuid(65534))
		_exit(2);
	call(socket, TIMEOUT_MS, &reply);
	is_right = reply.outcome == CLIENT_ABSENT &&
		   strstr(reply.err.text, "you may not use this socket (join the group 'leat', or "
					  "use root)");
	_exit(is_right ? 0 : 1);
}

static void test_not_allowed(void **state)
{
	struct server server;
	int status = 0;
	pid_t pid;

	if (geteuid() != 0)
		skip(); /* without root there is nobody to become */
	server_start(&server, NULL);
	chmod(server.folder, 0755);
	chmod(server.path, 0660);
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		call_as_nobody(server.path);
	waitpid(pid, &status, 0);
	server_stop(&server);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answer),
		cmocka_unit_test(test_proxy_in_the_environment_is_not_asked),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_chunks),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_nobody_there),
		cmocka_unit_test(test_not_allowed),
		cmocka_unit_test(test_busy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
