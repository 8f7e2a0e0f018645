/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The HTTP probe: one GET on a fresh connection, judged by its status. libcurl speaks, the loop
 * waits (multi socket interface): curl tells which descriptors and which timer it wants, we tell
 * it what happened.
 *
 * The verdict stands when the headers are complete. A short body is still read, so that a target
 * is not left with a broken pipe in its log for every check; a long or slow one is cut off.
 * Redirects are not followed, proxies from the environment are not used, the target is asked as it
 * is (elbv2.md 4.12).
 *
 * Timeouts are the probe's own timer, not curl's: it alone tells whether the connect or the answer
 * was late.
 */
#include <curl/curl.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/base.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/fd.h"
#include "probe.h"

#define USER_AGENT     "Leat-HealthChecker/0.1"
#define BUFFER_BYTES   4096L /* of each transfer under way; curl's default is four times that */
#define BODY_BYTES_MAX 65536
#define BODY_GRACE_MS  200 /* for the body, after the headers */
#define OVERTIME_MS    250 /* to read what had arrived when the timeout was over */

struct http_prober {
	struct loop *loop;
	CURLM *multi;
	struct curl_slist *headers; /* of every request */
	struct loop_timer timer;    /* curl's */
};

/* ---- the verdict ---- */

static const struct {
	CURLcode code;
	enum health_reason reason;
} code_reasons[] = {
	{CURLE_GOT_NOTHING, HEALTH_CONNECTION_CLOSED},
	{CURLE_SEND_ERROR, HEALTH_CONNECTION_CLOSED},
	{CURLE_RECV_ERROR, HEALTH_CONNECTION_CLOSED},
	{CURLE_ABORTED_BY_CALLBACK, HEALTH_CONNECTION_CLOSED}, /* on_connected() */
	{CURLE_OK, HEALTH_CONNECTION_CLOSED}, /* the end, and no complete headers */
	{CURLE_OPERATION_TIMEDOUT, HEALTH_CONNECT_TIMEOUT},
	{CURLE_FAILED_INIT, HEALTH_PROBE_ERROR},
	{CURLE_URL_MALFORMAT, HEALTH_PROBE_ERROR},
};

static bool is_connected(const struct http_attempt *attempt)
{
	curl_off_t connect_us = 0;

	curl_easy_getinfo(attempt->easy, CURLINFO_CONNECT_TIME_T, &connect_us);
	return connect_us > 0;
}

static enum health_reason reason_of_connect(const struct http_attempt *attempt, int *detail)
{
	long error = attempt->socket_errno;

	if (!error)
		curl_easy_getinfo(attempt->easy, CURLINFO_OS_ERRNO, &error);
	return probe_reason_of_errno((int)error, detail);
}

static enum health_reason reason_of_code(const struct http_attempt *attempt, CURLcode code,
					 int *detail)
{
	*detail = 0;
	if (code == CURLE_COULDNT_CONNECT)
		return reason_of_connect(attempt, detail);
	for (size_t i = 0; i < ARRAY_SIZE(code_reasons); i++)
		if (code_reasons[i].code == code)
			return code_reasons[i].reason;
	if (is_connected(attempt))
		return HEALTH_RESPONSE_BAD;
	return reason_of_connect(attempt, detail);
}

/* A status outweighs whatever became of the body. */
static void finish(struct health_probe *probe, CURLcode code)
{
	const struct http_attempt *attempt = &probe->attempt.http;
	enum health_reason reason;
	int detail = 0;

	if (!attempt->status) {
		reason = reason_of_code(attempt, code, &detail);
	} else if (matcher_has(probe->spec.matcher, probe->spec.matcher_count, attempt->status)) {
		reason = HEALTH_NONE;
	} else {
		reason = HEALTH_RESPONSE_MISMATCH;
		detail = (int)attempt->status;
	}
	probe_finish(probe, reason, detail);
}

/* Did the target act, and nobody looked yet? */
static bool is_event_pending(const struct http_attempt *attempt)
{
	struct pollfd pfd = {.fd = attempt->fd, .events = is_connected(attempt) ? POLLIN : POLLOUT};

	return poll(&pfd, 1, 0) > 0;
}

/* A loop that was busy elsewhere must not call a target slow: what has already arrived is read once
 * more. */
static void expire(struct health_probe *probe)
{
	struct http_attempt *attempt = &probe->attempt.http;

	if (attempt->status) {
		finish(probe, CURLE_OK);
		return;
	}
	if (!attempt->is_overtime && is_event_pending(attempt)) {
		attempt->is_overtime = true;
		loop_timer_set(probe->health->loop, &probe->timer, OVERTIME_MS);
		return;
	}
	if (is_connected(attempt))
		probe_finish(probe, HEALTH_RESPONSE_TIMEOUT, 0);
	else
		probe_finish(probe, HEALTH_CONNECT_TIMEOUT, 0);
}

/* ---- what curl asks of us during a transfer ---- */

static bool is_blank_line(const char *line, size_t len)
{
	return (len == 2 && line[0] == '\r' && line[1] == '\n') || (len == 1 && line[0] == '\n');
}

/* The probe's timer now bounds the body, still within the timeout. */
static void shorten_timeout(struct health_probe *probe)
{
	uint64_t end = probe->started_ms + probe->spec.timeout_ms;
	uint64_t now = clock_mono_ms();
	uint64_t left = end > now ? end - now : 0;

	loop_timer_set(probe->health->loop, &probe->timer,
		       left < BODY_GRACE_MS ? left : BODY_GRACE_MS);
}

/* One header line, also of the 1xx answers before the real one. */
static size_t on_header(char *line, size_t size, size_t count, void *arg)
{
	struct health_probe *probe = arg;
	struct http_attempt *attempt = &probe->attempt.http;
	long status = 0;

	if (!is_blank_line(line, size * count) || attempt->status)
		return size * count;
	curl_easy_getinfo(attempt->easy, CURLINFO_RESPONSE_CODE, &status);
	if (status >= 200 || status == 101) {
		attempt->status = (unsigned)status;
		probe->answered_ms = clock_mono_ms();
		shorten_timeout(probe);
	}
	return size * count;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *arg)
{
	struct http_attempt *attempt = arg;

	attempt->body_bytes += size * count;
	return attempt->body_bytes <= BODY_BYTES_MAX ? size * count : 0;
}

static curl_socket_t on_open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct http_attempt *attempt = arg;
	int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);

	attempt->socket_errno = fd < 0 ? errno : 0;
	attempt->fd = fd;
	return fd < 0 ? CURL_SOCKET_BAD : fd;
}

/* Connected, and nothing sent yet. */
static int on_connected(void *arg, char *remote, char *local, int remote_port, int local_port)
{
	struct health_probe *probe = arg;

	return probe_send_proxy_header(&probe->spec, probe->attempt.http.fd)
		       ? CURL_PREREQFUNC_ABORT
		       : CURL_PREREQFUNC_OK;
}

/* With RST, as probe_tcp.c does and for the same reason. May run after the attempt is gone. */
static int on_close_socket(void *arg, curl_socket_t fd)
{
	struct linger linger = {.l_onoff = 1, .l_linger = 0};

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	fd_close(&fd);
	return 0;
}

/* ---- the loop between curl and the kernel ---- */

/* Finishes the probes whose transfers are over. A probe's callback may stop any probe: nothing is
 * kept across it. */
static void reap(struct http_prober *prober)
{
	struct health_probe *probe;
	CURLMsg *message;
	CURLcode code;
	int left;

	while ((message = curl_multi_info_read(prober->multi, &left))) {
		code = message->data.result;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &probe);
		finish(probe, code);
	}
}

static void drive(struct http_prober *prober, curl_socket_t fd, int what)
{
	int running;

	curl_multi_socket_action(prober->multi, fd, what, &running);
	reap(prober);
}

static void on_curl_timer(struct loop_timer *timer)
{
	drive(timer->owner, CURL_SOCKET_TIMEOUT, 0);
}

static int on_timer_wanted(CURLM *multi, long timeout_ms, void *arg)
{
	struct http_prober *prober = arg;

	if (timeout_ms < 0)
		loop_timer_clear(&prober->timer);
	else
		loop_timer_set(prober->loop, &prober->timer, (uint64_t)timeout_ms);
	return 0;
}

static void on_socket_event(struct loop_fd *watch, uint32_t events)
{
	int what = 0;

	if (events & EPOLLIN)
		what |= CURL_CSELECT_IN;
	if (events & EPOLLOUT)
		what |= CURL_CSELECT_OUT;
	if (events & (EPOLLERR | EPOLLHUP))
		what |= CURL_CSELECT_ERR;
	drive(watch->owner, watch->fd, what); /* the watch may be gone now */
}

static uint32_t events_of(int what)
{
	return (what & CURL_POLL_IN ? (uint32_t)EPOLLIN : 0) |
	       (what & CURL_POLL_OUT ? (uint32_t)EPOLLOUT : 0);
}

static void unwatch(struct http_prober *prober, struct loop_fd *watch)
{
	if (!watch)
		return;
	curl_multi_assign(prober->multi, watch->fd, NULL);
	loop_fd_remove(watch);
	free(watch);
}

static int watch_socket(struct http_prober *prober, curl_socket_t fd, uint32_t events)
{
	struct loop_fd *watch = malloc(sizeof(*watch));

	if (!watch)
		abort();
	*watch = (struct loop_fd){
		.fd = fd, .events = events, .on_event = on_socket_event, .owner = prober};
	if (loop_fd_add(prober->loop, watch)) {
		free(watch);
		return -1;
	}
	curl_multi_assign(prober->multi, fd, watch);
	return 0;
}

static int on_socket_wanted(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
	struct http_prober *prober = arg;
	struct loop_fd *watch = socket_arg;

	if (what == CURL_POLL_REMOVE)
		unwatch(prober, watch);
	else if (watch)
		loop_fd_change(watch, events_of(what));
	else
		return watch_socket(prober, fd, events_of(what));
	return 0;
}

/* ---- an attempt ---- */

static void set_url(CURL *easy, const struct health_spec *spec)
{
	char endpoint[ENDPOINT_TEXT_MAX];
	struct buf url = {0};

	buf_printf(&url, "http://%s/", endpoint_format(&spec->address, spec->port, endpoint));
	curl_easy_setopt(easy, CURLOPT_URL, url.data);
	/* Apart from the URL: curl would normalise it. */
	curl_easy_setopt(easy, CURLOPT_REQUEST_TARGET, spec->path);
	buf_fini(&url);
}

static void set_request(CURL *easy, const struct http_prober *prober)
{
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, USER_AGENT);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, prober->headers);
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, BUFFER_BYTES);
	curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
	curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
}

static void set_callbacks(CURL *easy, struct health_probe *probe)
{
	curl_easy_setopt(easy, CURLOPT_PRIVATE, probe);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, probe);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, &probe->attempt.http);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, &probe->attempt.http);
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close_socket);
	curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_connected);
	curl_easy_setopt(easy, CURLOPT_PREREQDATA, probe);
}

/* curl begins on its timer, which it sets in here: nothing is finished before the next turn. */
static void begin(struct health_probe *probe)
{
	struct http_prober *prober = probe->health->http;
	CURL *easy = curl_easy_init();

	probe->attempt.http = (struct http_attempt){.easy = easy, .fd = -1};
	if (!easy) {
		probe_finish(probe, HEALTH_PROBE_ERROR, ENOMEM);
		return;
	}
	set_url(easy, &probe->spec);
	set_request(easy, prober);
	set_callbacks(easy, probe);
	if (curl_multi_add_handle(prober->multi, easy) != CURLM_OK)
		probe_finish(probe, HEALTH_PROBE_ERROR, ENOMEM);
}

static void cancel(struct health_probe *probe)
{
	struct http_attempt *attempt = &probe->attempt.http;

	if (!attempt->easy)
		return;
	curl_multi_remove_handle(probe->health->http->multi, attempt->easy);
	curl_easy_cleanup(attempt->easy);
	attempt->easy = NULL;
}

const struct probe_kind probe_http = {begin, expire, cancel};

/* ---- shared by all HTTP probes ---- */

int http_prober_open(struct loop *loop, struct http_prober **prober, struct err *err)
{
	struct http_prober *p = calloc(1, sizeof(*p));

	if (!p)
		abort();
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		free(p);
		return err_set(err, -ENOMEM, "libcurl can't be initialised");
	}
	p->loop = loop;
	p->timer = (struct loop_timer){.on_expire = on_curl_timer, .owner = p};
	p->multi = curl_multi_init();
	p->headers = curl_slist_append(NULL, "Connection: close");
	if (!p->multi || !p->headers) {
		http_prober_close(p);
		return err_set(err, -ENOMEM, "libcurl can't be initialised");
	}
	curl_multi_setopt(p->multi, CURLMOPT_SOCKETFUNCTION, on_socket_wanted);
	curl_multi_setopt(p->multi, CURLMOPT_SOCKETDATA, p);
	curl_multi_setopt(p->multi, CURLMOPT_TIMERFUNCTION, on_timer_wanted);
	curl_multi_setopt(p->multi, CURLMOPT_TIMERDATA, p);
	*prober = p;
	return 0;
}

void http_prober_close(struct http_prober *prober)
{
	if (!prober)
		return;
	curl_multi_cleanup(prober->multi);
	curl_slist_free_all(prober->headers);
	loop_timer_clear(&prober->timer);
	curl_global_cleanup();
	free(prober);
}
