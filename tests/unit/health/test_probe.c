/* SPDX-License-Identifier: BSD-2-Clause */
/* Probes against real sockets, in namespaces of the test's own: what each way of answering, or not
 * answering, is called. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "../neigh/netns.h"
#include "base/base.h"
#include "base/fd.h"
#include "base/list.h"
#include "health/health.h"
#include "health/probe.h"

/* ---- a server in the loop ---- */

#define FIRST_PORT 8000

/* What it does with a connection: reads until a blank line, answers, closes or not. */
struct manners {
	const char *answer;  /* NULL: none */
	bool closes;	     /* after the answer */
	bool is_deaf;	     /* never accepts */
	unsigned body_bytes; /* zeros after the answer */
	bool wants_proxy;    /* answers nothing that does not begin with a PROXY header */
};

struct server {
	struct manners manners;
	uint16_t port;
	struct loop_fd listener;
	struct list connections;
	unsigned accepted;
	bool was_reset; /* a connection ended with RST */
	char request[2048];
};

struct connection {
	struct list node;
	struct loop_fd watch;
	struct server *server;
	size_t received;
};

static struct world {
	struct netns ns;
	struct loop *loop;
	struct health *health;
	struct list results; /* unused probes */
	struct server server;
	uint16_t next_port;
} world;

static struct addr address(const char *text)
{
	struct addr addr;

	assert_int_equal(addr_parse(text, &addr, NULL), 0);
	return addr;
}

static void hang_up(struct connection *connection)
{
	list_remove(&connection->node);
	loop_fd_remove(&connection->watch);
	fd_close(&connection->watch.fd);
	free(connection);
}

static void answer(struct connection *connection)
{
	static const char zeros[4096];
	const struct manners *manners = &connection->server->manners;

	if (manners->answer)
		assert_true(send(connection->watch.fd, manners->answer, strlen(manners->answer),
				 MSG_NOSIGNAL) > 0);
	for (unsigned sent = 0; sent < manners->body_bytes; sent += sizeof(zeros))
		if (send(connection->watch.fd, zeros, sizeof(zeros), MSG_NOSIGNAL | MSG_DONTWAIT) <
		    0)
			break;
	if (manners->closes)
		hang_up(connection);
}

/* Version 2, command LOCAL, family UNSPEC, nothing behind. */
static const char proxy_header[16] = "\r\n\r\n\0\r\nQUIT\n\x20\0\0";

static bool has_request(const struct connection *connection)
{
	const struct server *server = connection->server;
	size_t skip = server->manners.wants_proxy ? sizeof(proxy_header) : 0;

	if (connection->received < skip || memcmp(server->request, proxy_header, skip) != 0)
		return false;
	return strstr(server->request + skip, "\r\n\r\n");
}

static void on_request(struct loop_fd *watch, uint32_t events)
{
	struct connection *connection = watch->owner;
	struct server *server = connection->server;
	char *at = server->request + connection->received;
	ssize_t got = recv(watch->fd, at, sizeof(server->request) - connection->received - 1, 0);

	if (got <= 0) {
		server->was_reset |= got < 0 && errno == ECONNRESET;
		hang_up(connection);
		return;
	}
	connection->received += (size_t)got;
	server->request[connection->received] = '\0';
	if (has_request(connection))
		answer(connection);
}

static void on_connection(struct loop_fd *listener, uint32_t events)
{
	struct server *server = listener->owner;
	int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct connection *connection;

	if (fd < 0)
		return;
	connection = calloc(1, sizeof(*connection));
	connection->server = server;
	connection->watch = (struct loop_fd){
		.fd = fd, .events = EPOLLIN, .on_event = on_request, .owner = connection};
	list_append(&server->connections, &connection->node);
	assert_int_equal(loop_fd_add(world.loop, &connection->watch), 0);
	server->accepted++;
}

static void serve(const char *text, struct manners manners)
{
	struct server *server = &world.server;
	struct addr addr = address(text);
	struct sockaddr_storage ss;
	socklen_t len = addr_to_sockaddr(&addr, world.next_port, &ss);
	int fd = socket(addr.family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	list_init(&server->connections);
	server->manners = manners;
	server->port = world.next_port++;
	assert_int_equal(bind(fd, (struct sockaddr *)&ss, len), 0);
	assert_int_equal(listen(fd, manners.is_deaf ? 0 : 4096), 0);
	server->listener = (struct loop_fd){
		.fd = fd, .events = EPOLLIN, .on_event = on_connection, .owner = server};
	if (!manners.is_deaf)
		assert_int_equal(loop_fd_add(world.loop, &server->listener), 0);
}

static void stop_serving(void)
{
	struct connection *connection, *tmp;

	if (!world.server.port)
		return;
	list_for_each_safe(connection, tmp, &world.server.connections, node)
		hang_up(connection);
	loop_fd_remove(&world.server.listener);
	fd_close(&world.server.listener.fd);
	world.server = (struct server){0};
}

/* ---- a test's world ---- */

static int setup(void **state)
{
	struct err err = {0};

	world = (struct world){.next_port = FIRST_PORT};
	if (!netns_open(&world.ns))
		return 0;
	netns_join(&world.ns);
	if (loop_new(&world.loop, &err) || health_new(world.loop, &world.health, &err))
		return -1;
	return 0;
}

static int teardown(void **state)
{
	if (!world.loop)
		return 0;
	stop_serving();
	health_free(world.health);
	loop_free(world.loop);
	netns_close(&world.ns);
	return 0;
}

static void need_world(void)
{
	if (!world.loop)
		skip();
}

/* ---- a probe's results ---- */

struct record {
	unsigned count;
	unsigned passed;
	struct health_result last;
	uint64_t at_ms[16];
};

static void on_result(struct health_probe *probe, const struct health_result *result, void *arg)
{
	struct record *record = arg;

	record->at_ms[record->count % 16] = clock_mono_ms();
	record->count++;
	record->passed += result->passed;
	record->last = *result;
}

static const struct status_range ok[] = {{200, 399}};

static struct health_spec spec_of(enum hc_protocol protocol, const char *text, uint16_t port)
{
	return (struct health_spec){
		.protocol = protocol,
		.address = address(text),
		.port = port,
		.path = "/healthz?a=b",
		.matcher = ok,
		.matcher_count = 1,
		.interval_ms = 60000,
		.timeout_ms = 10000,
	};
}

static struct health_probe *start(const struct health_spec *spec, struct record *record)
{
	struct err err = {0};
	struct health_probe *probe =
		health_probe_start(world.health, spec, on_result, record, &err);

	assert_string_equal(err.text, "");
	assert_non_null(probe);
	assert_int_equal(record->count, 0);
	return probe;
}

/* One probe, its first result. */
static struct health_result ask(const struct health_spec *spec)
{
	struct record record = {0};
	struct health_probe *probe = start(spec, &record);

	wait_until(world.loop, record.count > 0);
	health_probe_stop(probe);
	return record.last;
}

static void assert_result(struct health_result got, enum health_reason reason, int detail)
{
	assert_string_equal(health_reason_text(got.reason), health_reason_text(reason));
	assert_int_equal(got.passed, reason == HEALTH_NONE);
	assert_int_equal(got.detail, detail);
}

static void expect_http(struct manners manners, enum health_reason reason, int detail)
{
	struct health_spec spec;

	serve("10.9.0.1", manners);
	spec = spec_of(HC_HTTP, "10.9.0.1", world.server.port);
	spec.timeout_ms = 1500;
	assert_result(ask(&spec), reason, detail);
	stop_serving();
}

/* ---- TCP ---- */

static void tcp_passes(const char *text)
{
	struct health_spec spec;

	serve(text, (struct manners){0});
	spec = spec_of(HC_TCP, text, world.server.port);
	assert_result(ask(&spec), HEALTH_NONE, 0);
	wait_until(world.loop, world.server.was_reset); /* and so no TIME_WAIT */
	stop_serving();
}

static void test_tcp_passes(void **state)
{
	need_world();
	tcp_passes("10.9.0.1");
	tcp_passes("fd09::1");
	tcp_passes("127.0.0.1");
	tcp_passes("::1");
}

static void each_protocol(const char *text, uint16_t port, unsigned timeout_ms,
			  enum health_reason reason)
{
	static const enum hc_protocol protocols[] = {HC_TCP, HC_HTTP};
	struct health_spec spec;

	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++) {
		spec = spec_of(protocols[i], text, port);
		spec.timeout_ms = timeout_ms;
		assert_result(ask(&spec), reason, 0);
	}
}

static void test_refused(void **state)
{
	need_world();
	each_protocol("10.9.0.1", 9, 10000, HEALTH_CONNECT_REFUSED);
	each_protocol("10.9.0.2", 9, 10000, HEALTH_CONNECT_REFUSED);
	each_protocol("fd09::2", 9, 10000, HEALTH_CONNECT_REFUSED);
}

static void test_unreachable(void **state)
{
	need_world();
	each_protocol("192.0.2.1", 80, 10000, HEALTH_CONNECT_UNREACHABLE);
	each_protocol("2001:db8::1", 80, 10000, HEALTH_CONNECT_UNREACHABLE);
	each_protocol("10.9.0.77", 80, 15000, HEALTH_CONNECT_UNREACHABLE); /* nobody answers ARP */
}

static void test_connect_timeout(void **state)
{
	struct health_spec spec;
	struct health_result result;

	need_world();
	spec = spec_of(HC_TCP, "10.9.0.77", 80);
	spec.timeout_ms = 300;
	result = ask(&spec);
	assert_result(result, HEALTH_CONNECT_TIMEOUT, 0);
	assert_in_range(result.took_ms, 300, 2000);
	each_protocol("10.9.0.78", 80, 300, HEALTH_CONNECT_TIMEOUT);
}

/* A target that is alive but accepts nothing. */
static void test_full_backlog(void **state)
{
	struct sockaddr_storage ss;
	struct addr addr;
	socklen_t len;
	int fillers[8];

	need_world();
	addr = address("10.9.0.1");
	serve("10.9.0.1", (struct manners){.is_deaf = true});
	len = addr_to_sockaddr(&addr, world.server.port, &ss);
	for (int i = 0; i < 8; i++) {
		fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		(void)!connect(fillers[i], (struct sockaddr *)&ss, len);
	}
	each_protocol("10.9.0.1", world.server.port, 400, HEALTH_CONNECT_TIMEOUT);
	for (int i = 0; i < 8; i++)
		close(fillers[i]);
}

/* ---- HTTP ---- */

static void test_http_passes(void **state)
{
	need_world();
	expect_http((struct manners){.answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"},
		    HEALTH_NONE, 0);
	expect_http((struct manners){.answer = "HTTP/1.1 204 No Content\r\n\r\n"}, HEALTH_NONE, 0);
	expect_http((struct manners){.answer = "HTTP/1.0 200 OK\r\n\r\nold", .closes = true},
		    HEALTH_NONE, 0);
	expect_http((struct manners){.answer = "HTTP/1.1 302 Found\r\nLocation: "
					       "http://192.0.2.1/\r\nContent-Length: 0\r\n\r\n"},
		    HEALTH_NONE, 0);
	expect_http((struct manners){.answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: "
					       "chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"},
		    HEALTH_NONE, 0);
	expect_http((struct manners){.answer = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 "
					       "OK\r\nContent-Length: 0\r\n\r\n"},
		    HEALTH_NONE, 0);
}

static void test_http_request(void **state)
{
	struct health_spec spec;
	char host[64];

	need_world();
	setenv("http_proxy", "http://192.0.2.1:3128", 1);
	serve("fd09::1",
	      (struct manners){.answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"});
	spec = spec_of(HC_HTTP, "fd09::1", world.server.port);
	assert_result(ask(&spec), HEALTH_NONE, 0);
	unsetenv("http_proxy");
	snprintf(host, sizeof(host), "\r\nHost: [fd09::1]:%u\r\n", world.server.port);
	assert_ptr_equal(strstr(world.server.request, "GET /healthz?a=b HTTP/1.1\r\n"),
			 world.server.request);
	assert_non_null(strstr(world.server.request, host));
	assert_non_null(strstr(world.server.request, "\r\nUser-Agent: Leat-HealthChecker/0.1\r\n"));
	assert_non_null(strstr(world.server.request, "\r\nConnection: close\r\n"));
}

static void test_http_path_is_sent_as_it_is(void **state)
{
	struct health_spec spec;

	need_world();
	serve("10.9.0.1",
	      (struct manners){.answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"});
	spec = spec_of(HC_HTTP, "10.9.0.1", world.server.port);
	spec.path = "/a/../b//c#d?e{f}";
	assert_result(ask(&spec), HEALTH_NONE, 0);
	assert_ptr_equal(strstr(world.server.request, "GET /a/../b//c#d?e{f} HTTP/1.1\r\n"),
			 world.server.request);
}

static void test_http_mismatch(void **state)
{
	need_world();
	expect_http(
		(struct manners){
			.answer = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"},
		HEALTH_RESPONSE_MISMATCH, 503);
	expect_http((struct manners){.answer = "HTTP/1.1 400 Bad\r\n\r\n", .closes = true},
		    HEALTH_RESPONSE_MISMATCH, 400);
	expect_http((struct manners){.answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: "
					       "x\r\nConnection: upgrade\r\n\r\n"},
		    HEALTH_RESPONSE_MISMATCH, 101);
}

static void test_http_silent(void **state)
{
	need_world();
	expect_http((struct manners){0}, HEALTH_RESPONSE_TIMEOUT, 0);
	expect_http((struct manners){.answer = "HTTP/1.1 200 OK\r\nContent-"},
		    HEALTH_RESPONSE_TIMEOUT, 0);
	expect_http((struct manners){.answer = "HTTP/1.1 100 Continue\r\n\r\n"},
		    HEALTH_RESPONSE_TIMEOUT, 0);
}

static void test_http_closed(void **state)
{
	need_world();
	expect_http((struct manners){.closes = true}, HEALTH_CONNECTION_CLOSED, 0);
	expect_http((struct manners){.answer = "HTTP/1.1 200 OK\r\nServer: x\r\n", .closes = true},
		    HEALTH_CONNECTION_CLOSED, 0);
}

static void test_http_garbage(void **state)
{
	need_world();
	expect_http((struct manners){.answer = "SSH-2.0-OpenSSH_9.2\r\n"}, HEALTH_RESPONSE_BAD, 0);
	expect_http((struct manners){.answer = "220 mail ESMTP\r\n", .closes = true},
		    HEALTH_RESPONSE_BAD, 0);
	expect_http((struct manners){.answer = "HTTP/1.1 banana\r\n\r\n", .closes = true},
		    HEALTH_RESPONSE_BAD, 0);
	expect_http((struct manners){.answer = "\x15\x03\x01", .closes = true}, HEALTH_RESPONSE_BAD,
		    0);
}

/* The verdict does not wait for a body that is long, slow or never comes. */
static void test_http_body_is_not_waited_for(void **state)
{
	struct health_spec spec;
	struct health_result result;
	uint64_t begin;

	need_world();
	expect_http(
		(struct manners){.answer = "HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n",
				 .body_bytes = 4 << 20},
		HEALTH_NONE, 0);
	expect_http(
		(struct manners){
			.answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"},
		HEALTH_NONE, 0);
	serve("10.9.0.1",
	      (struct manners){.answer = "HTTP/1.1 500 Oh\r\nContent-Length: 10\r\n\r\n"});
	spec = spec_of(HC_HTTP, "10.9.0.1", world.server.port);
	begin = clock_mono_ms();
	result = ask(&spec);
	assert_result(result, HEALTH_RESPONSE_MISMATCH, 500);
	begin = clock_mono_ms() - begin;
	assert_true(begin < spec.timeout_ms / 2);
	assert_true(result.took_ms + 150 < begin); /* until the headers, without the grace */
}

/* ---- schedule ---- */

/* ---- a PROXY header first ---- */

static void test_http_begins_with_a_proxy_header(void **state)
{
	static const char *const addresses[] = {"10.9.0.1", "fd09::1"};
	struct manners manners = {.answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
				  .wants_proxy = true};
	struct health_spec spec;

	need_world();
	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
		serve(addresses[i], manners);
		spec = spec_of(HC_HTTP, addresses[i], world.server.port);
		spec.proxy_header = true;
		assert_result(ask(&spec), HEALTH_NONE, 0);
		assert_memory_equal(world.server.request + sizeof(proxy_header),
				    "GET /healthz?a=b HTTP/1.1\r\n", 27);
		stop_serving();
	}
}

static void test_http_without_a_proxy_header(void **state)
{
	need_world();
	expect_http((struct manners){.answer = "HTTP/1.1 200 OK\r\n\r\n", .wants_proxy = true},
		    HEALTH_RESPONSE_TIMEOUT, 0);
}

static void test_tcp_sends_a_proxy_header_and_nothing_else(void **state)
{
	struct health_spec spec;

	need_world();
	serve("10.9.0.1", (struct manners){.wants_proxy = true});
	spec = spec_of(HC_TCP, "10.9.0.1", world.server.port);
	spec.proxy_header = true;
	assert_result(ask(&spec), HEALTH_NONE, 0);
	wait_until(world.loop, world.server.was_reset);
	assert_memory_equal(world.server.request, proxy_header, sizeof(proxy_header));
	assert_int_equal(world.server.request[sizeof(proxy_header)], '\0');
	stop_serving();
}

static void test_a_changed_header_is_another_question(void **state)
{
	struct health_spec one = spec_of(HC_TCP, "10.9.0.1", 80), other = one;

	assert_true(health_spec_equal(&one, &other));
	other.proxy_header = true;
	assert_false(health_spec_equal(&one, &other));
}

static void test_interval(void **state)
{
	struct record record = {0};
	struct health_spec spec;
	struct health_probe *probe;

	need_world();
	serve("10.9.0.1",
	      (struct manners){.answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"});
	spec = spec_of(HC_HTTP, "10.9.0.1", world.server.port);
	spec.interval_ms = 200;
	probe = start(&spec, &record);
	wait_until(world.loop, record.count == 6);
	assert_int_equal(record.passed, 6);
	assert_in_range(record.at_ms[5] - record.at_ms[0], 5 * 190 - 50, 10000);
	assert_int_equal(world.server.accepted, 6); /* a fresh connection each */
	health_probe_stop(probe);
}

/* The timeout is as long as the interval: the next one begins when this one has failed, never both.
 */
static void test_slow_probes_do_not_overlap(void **state)
{
	struct record record = {0};
	struct health_spec spec;
	struct health_probe *probe;

	need_world();
	spec = spec_of(HC_TCP, "10.9.0.77", 80);
	spec.interval_ms = spec.timeout_ms = 200;
	probe = start(&spec, &record);
	wait_until(world.loop, record.count == 4);
	assert_int_equal(record.passed, 0);
	assert_in_range(record.at_ms[3] - record.at_ms[0], 3 * 190, 10000);
	assert_int_equal(world.health->asking <= 1, 1);
	health_probe_stop(probe);
	assert_int_equal(world.health->asking, 0);
}

static void test_target_dies_and_comes_back(void **state)
{
	struct record record = {0};
	struct health_spec spec;
	struct health_probe *probe;

	need_world();
	serve("10.9.0.1", (struct manners){0});
	spec = spec_of(HC_TCP, "10.9.0.1", world.server.port);
	spec.interval_ms = 50;
	probe = start(&spec, &record);
	wait_until(world.loop, record.passed == 2);
	stop_serving();
	wait_until(world.loop, record.last.reason == HEALTH_CONNECT_REFUSED);
	world.next_port--;
	serve("10.9.0.1", (struct manners){0});
	wait_until(world.loop, record.last.passed);
	health_probe_stop(probe);
}

/* A server that does not depend on our loop. */
static pid_t fork_server(int fd)
{
	static const char reply[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
	char request[1024];
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	for (;;) {
		int connection = accept(fd, NULL, NULL);

		if (connection < 0)
			_exit(1);
		if (recv(connection, request, sizeof(request), 0) > 0)
			(void)!send(connection, reply, sizeof(reply) - 1, MSG_NOSIGNAL);
		close(connection);
	}
}

#define BUSY 100 /* more than a turn of the loop delivers */

/* Whoever runs the loop was busy for longer than the timeout: answers that lie waiting are answers.
 */
static void busy_loop(enum hc_protocol protocol)
{
	struct record records[BUSY] = {0};
	struct health_probe *probes[BUSY];
	struct health_spec spec;
	unsigned passed = 0;
	pid_t pid;

	serve("10.9.0.1", (struct manners){.is_deaf = true});
	assert_int_equal(listen(world.server.listener.fd, 4096), 0);
	fcntl(world.server.listener.fd, F_SETFL, 0);
	pid = fork_server(world.server.listener.fd);
	spec = spec_of(protocol, "10.9.0.1", world.server.port);
	spec.timeout_ms = 1000;
	for (int i = 0; i < BUSY; i++)
		probes[i] = start(&spec, &records[i]);
	usleep(400000); /* all are due */
	loop_turn(world.loop, 0);
	assert_int_equal(world.health->asking, BUSY);
	usleep(1200000); /* all are late */
	for (int i = 0; i < BUSY; i++)
		wait_until(world.loop, records[i].count > 0);
	for (int i = 0; i < BUSY; i++) {
		passed += records[i].last.passed;
		health_probe_stop(probes[i]);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_int_equal(passed, BUSY);
	stop_serving();
}

static void test_busy_loop(void **state)
{
	need_world();
	busy_loop(HC_TCP);
	busy_loop(HC_HTTP);
}

/* ---- stopping and changing ---- */

struct stopper {
	struct health_probe *self, *other;
	unsigned count;
};

static void on_result_stop(struct health_probe *probe, const struct health_result *result,
			   void *arg)
{
	struct stopper *stopper = arg;

	stopper->count++;
	assert_ptr_equal(probe, stopper->self);
	health_probe_stop(stopper->other);
	health_probe_stop(probe);
}

/* Two probes end in the same turn; whoever is told first stops both. */
static void stop_in_callback(enum hc_protocol protocol, uint16_t port)
{
	struct health_spec spec = spec_of(protocol, "10.9.0.1", port);
	struct stopper a = {0}, b = {0};

	a.self = b.other = health_probe_start(world.health, &spec, on_result_stop, &a, NULL);
	b.self = a.other = health_probe_start(world.health, &spec, on_result_stop, &b, NULL);
	wait_until(world.loop, a.count + b.count > 0);
	wait_ms(world.loop, 300);
	assert_int_equal(a.count + b.count, 1);
	assert_int_equal(world.health->asking, 0);
}

static void test_stop_in_callback(void **state)
{
	need_world();
	serve("10.9.0.1",
	      (struct manners){.answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"});
	stop_in_callback(HC_TCP, world.server.port);
	stop_in_callback(HC_TCP, 9);
	for (int i = 0; i < 5; i++) {
		stop_in_callback(HC_HTTP, world.server.port);
		stop_in_callback(HC_HTTP, 9);
	}
}

static void test_stop_under_way(void **state)
{
	static const enum hc_protocol protocols[] = {HC_TCP, HC_HTTP};
	struct record record = {0};
	struct health_spec spec;
	struct health_probe *probe;

	need_world();
	health_probe_stop(NULL);
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++) {
		spec = spec_of(protocols[i], "10.9.0.77", 80);
		probe = start(&spec, &record);
		health_probe_stop(probe);
		probe = start(&spec, &record);
		wait_until(world.loop, world.health->asking == 1);
		wait_ms(world.loop, 50);
		health_probe_stop(probe);
		assert_int_equal(world.health->asking, 0);
	}
	/* And what is not stopped ends with the scheduler. */
	start(&spec, &record);
	wait_until(world.loop, world.health->asking == 1);
	assert_int_equal(record.count, 0);
}

static void test_change(void **state)
{
	struct record record = {0};
	struct health_spec spec;
	struct health_probe *probe;

	need_world();
	serve("10.9.0.1",
	      (struct manners){.answer = "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"});
	spec = spec_of(HC_HTTP, "10.9.0.1", world.server.port);
	probe = start(&spec, &record);
	wait_until(world.loop, record.last.reason == HEALTH_RESPONSE_MISMATCH);
	spec.matcher = (const struct status_range[]){{404, 404}};
	spec.interval_ms = 100;
	assert_int_equal(health_probe_change(probe, &spec, NULL), 0);
	wait_until(world.loop, record.passed >= 2); /* the shorter interval counts at once */
	spec.protocol = HC_TCP;
	spec.port = 9;
	assert_int_equal(health_probe_change(probe, &spec, NULL), 0);
	wait_until(world.loop, record.last.reason == HEALTH_CONNECT_REFUSED);
	health_probe_stop(probe);
}

/* The old question is dropped, its answer is never told. */
static void test_change_under_way(void **state)
{
	struct record record = {0};
	struct health_spec spec;
	struct health_probe *probe;
	struct err err = {0};

	need_world();
	serve("10.9.0.1", (struct manners){0});
	spec = spec_of(HC_HTTP, "10.9.0.1", world.server.port);
	probe = start(&spec, &record);
	wait_until(world.loop, world.server.accepted == 1);
	spec.path = "bad";
	assert_int_equal(health_probe_change(probe, &spec, &err), -EINVAL);
	assert_string_not_equal(err.text, "");
	spec.protocol = HC_TCP;
	assert_int_equal(health_probe_change(probe, &spec, NULL), 0);
	wait_until(world.loop, record.count == 1);
	assert_true(record.last.passed);
	health_probe_stop(probe);
}

/* ---- many ---- */

static void many(enum hc_protocol protocol, unsigned count)
{
	struct record *records = calloc(count, sizeof(*records));
	struct health_spec spec;
	unsigned done = 0, passed = 0;

	serve("10.9.0.1",
	      (struct manners){.answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"});
	spec = spec_of(protocol, "10.9.0.1", world.server.port);
	for (unsigned i = 0; i < count; i++)
		start(&spec, &records[i]);
	for (uint64_t end = clock_mono_ms() + 3 * WAIT_MS; done < count && clock_mono_ms() < end;) {
		loop_turn(world.loop, 20);
		while (done < count && records[done].count > 0)
			passed += records[done++].passed;
	}
	assert_int_equal(done, count);
	assert_int_equal(passed, count);
	health_free(world.health);
	assert_int_equal(health_new(world.loop, &world.health, NULL), 0);
	stop_serving();
	free(records);
}

static void test_a_thousand(void **state)
{
	need_world();
	many(HC_TCP, 1000);
	many(HC_HTTP, 1000);
}

static void test_ten_thousand_registered(void **state)
{
	struct record record = {0};
	struct health_spec spec;
	unsigned most = 0;

	need_world();
	spec = spec_of(HC_TCP, "10.9.0.77", 80);
	spec.interval_ms = spec.timeout_ms = 1000;
	for (unsigned i = 0; i < 10000; i++)
		assert_non_null(health_probe_start(world.health, &spec, on_result, &record, NULL));
	while (record.count < 10000) {
		loop_turn(world.loop, 20);
		most = world.health->asking > most ? world.health->asking : most;
	}
	assert_true(most <= world.health->asking_max);
	assert_true(most > 0);
}

/* More want to ask than there are places: they come one after the other, and nobody is called dead
 * for it. */
static void test_places(void **state)
{
	struct record records[40] = {0};
	struct health_spec spec;
	struct health_probe *probes[40];

	need_world();
	world.health->asking_max = 3;
	serve("10.9.0.1",
	      (struct manners){.answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"});
	for (int i = 0; i < 40; i++) {
		spec = spec_of(i % 2 ? HC_TCP : HC_HTTP, "10.9.0.1", world.server.port);
		probes[i] = start(&spec, &records[i]);
	}
	for (int i = 0; i < 40; i++) {
		wait_until(world.loop, records[i].count > 0 && world.health->asking <= 3);
		assert_true(records[i].last.passed);
	}
	assert_int_equal(world.health->asking, 0);
	assert_true(list_is_empty(&world.health->waiting));
	for (int i = 0; i < 40; i++)
		health_probe_stop(probes[i]);
}

/* Those who stop give their place to the next in line. */
static void test_stopping_gives_the_place_away(void **state)
{
	struct record record = {0}, waiting = {0};
	struct health_probe *first, *second;
	struct health_spec spec;

	need_world();
	world.health->asking_max = 1;
	spec = spec_of(HC_TCP, "10.9.0.77", 80);
	first = start(&spec, &record);
	wait_until(world.loop, world.health->asking == 1);
	spec = spec_of(HC_TCP, "10.9.0.1", 9);
	second = start(&spec, &waiting);
	wait_until(world.loop, !list_is_empty(&world.health->waiting));
	health_probe_stop(first);
	wait_until(world.loop, waiting.count == 1);
	assert_int_equal(record.count, 0);
	health_probe_stop(second);
}

#define netns_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		netns_test(test_tcp_passes),
		netns_test(test_refused),
		netns_test(test_unreachable),
		netns_test(test_connect_timeout),
		netns_test(test_full_backlog),
		netns_test(test_http_passes),
		netns_test(test_http_request),
		netns_test(test_http_path_is_sent_as_it_is),
		netns_test(test_http_mismatch),
		netns_test(test_http_silent),
		netns_test(test_http_closed),
		netns_test(test_http_garbage),
		netns_test(test_http_body_is_not_waited_for),
		netns_test(test_http_begins_with_a_proxy_header),
		netns_test(test_http_without_a_proxy_header),
		netns_test(test_tcp_sends_a_proxy_header_and_nothing_else),
		cmocka_unit_test(test_a_changed_header_is_another_question),
		netns_test(test_interval),
		netns_test(test_slow_probes_do_not_overlap),
		netns_test(test_target_dies_and_comes_back),
		netns_test(test_busy_loop),
		netns_test(test_stop_in_callback),
		netns_test(test_stop_under_way),
		netns_test(test_change),
		netns_test(test_change_under_way),
		netns_test(test_a_thousand),
		netns_test(test_ten_thousand_registered),
		netns_test(test_places),
		netns_test(test_stopping_gives_the_place_away),
	};

	return cmocka_run_group_tests_name("health/probe", tests, NULL, NULL);
}
