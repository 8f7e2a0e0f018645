/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libcurl does the HTTP. An answer counts only when it is whole: as long as it announced, a JSON
 * object, with status 200; a refusal only when it brings its sentence. Everything else is "no
 * answer", with what is known about why.
 */
#include "client.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"

#define BUSY_WAIT_MS  2000 /* for a place in the queue of a leatd that is busy */
#define BUSY_PAUSE_US 50000

#define URL_PREFIX                                                                    \
	"http://leatd/v1/" /* the host is only the Host header: the way is the socket \
			    */

struct exchange {
	const struct client *client;
	CURL *curl;
	struct curl_slist *headers;
	char *body; /* of the request */
	struct buf url;
	struct buf answer;
	bool never_connected, is_busy; /* the last try */
};

/* ---- connecting ---- */

/* connect() says EAGAIN while leatd's queue is full; curl takes that for "under way" and fails later,
 * with another error or with none. A socket that was connected once still knows its peer. */
static int on_close(void *arg, curl_socket_t fd)
{
	struct exchange *exchange = arg;
	struct sockaddr_un peer;
	socklen_t len = sizeof(peer);

	exchange->never_connected = getpeername(fd, (struct sockaddr *)&peer, &len) != 0;
	return close(fd);
}

static bool is_busy(const struct exchange *exchange, CURLcode code)
{
	long reason = 0;

	if (code == CURLE_OK || !exchange->never_connected)
		return false;
	curl_easy_getinfo(exchange->curl, CURLINFO_OS_ERRNO, &reason);
	return code != CURLE_COULDNT_CONNECT || reason == 0 || reason == EAGAIN;
}

/* Nothing was sent: asking again is safe. */
static CURLcode perform(struct exchange *exchange)
{
	uint64_t until_ms = clock_mono_ms() + BUSY_WAIT_MS;
	CURLcode code;

	for (;;) {
		exchange->never_connected = false;
		code = curl_easy_perform(exchange->curl);
		exchange->is_busy = is_busy(exchange, code);
		if (!exchange->is_busy || clock_mono_ms() >= until_ms)
			return code;
		usleep(BUSY_PAUSE_US);
	}
}

/* ---- asking ---- */

static size_t on_bytes(char *bytes, size_t one, size_t len, void *arg)
{
	struct exchange *exchange = arg;

	if (len > CLIENT_ANSWER_MAX - exchange->answer.len)
		return 0; /* curl ends with CURLE_WRITE_ERROR */
	buf_append(&exchange->answer, bytes, len);
	return len;
}

static void set_up(struct exchange *exchange, const char *operation)
{
	CURL *curl = exchange->curl;

	buf_printf(&exchange->url, URL_PREFIX "%s", operation);
	exchange->headers = curl_slist_append(NULL, "Content-Type: application/json");
	exchange->headers = curl_slist_append(exchange->headers, "Expect:"); /* no 100-continue */
	curl_easy_setopt(curl, CURLOPT_URL, exchange->url.data);
	curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, exchange->client->socket);
	curl_easy_setopt(curl, CURLOPT_CLOSESOCKETFUNCTION, on_close);
	curl_easy_setopt(curl, CURLOPT_CLOSESOCKETDATA, exchange);
	curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, 1L); /* closed, so that on_close() is called */
	curl_easy_setopt(curl, CURLOPT_PROXY, ""); /* whatever http_proxy says */
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, exchange->headers);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(exchange->body));
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, exchange->body);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)exchange->client->timeout_ms);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_bytes);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, exchange);
}

static void exchange_fini(struct exchange *exchange)
{
	curl_slist_free_all(exchange->headers);
	if (exchange->curl)
		curl_easy_cleanup(exchange->curl);
	free(exchange->body);
	buf_fini(&exchange->url);
	buf_fini(&exchange->answer);
}

/* ---- why there is no answer ---- */

static enum client_outcome explain_absent(const struct exchange *exchange, struct err *err)
{
	const char *socket = exchange->client->socket;
	long reason = 0;

	curl_easy_getinfo(exchange->curl, CURLINFO_OS_ERRNO, &reason);
	if (reason == EACCES || reason == EPERM)
		err_set(err, -EACCES,
			"no answer from leatd at %s: you may not use this socket (join the group "
			"'leat', or use root)",
			socket);
	else
		err_set(err, -ENOENT,
			"no answer from leatd at %s: is it running? (systemctl status leatd)",
			socket);
	return CLIENT_ABSENT;
}

static enum client_outcome explain_busy(const struct exchange *exchange, struct err *err)
{
	err_set(err, -EBUSY, "leatd at %s is busy: too many connections",
		exchange->client->socket);
	return CLIENT_ABSENT;
}

static enum client_outcome explain_lost(const struct exchange *exchange, const char *why,
					struct err *err)
{
	err_set(err, -EPROTO, "no complete answer from leatd at %s: %s", exchange->client->socket,
		why);
	return CLIENT_LOST;
}

static enum client_outcome explain_slow(const struct exchange *exchange, struct err *err)
{
	err_set(err, -ETIMEDOUT, "no answer from leatd at %s within %u.%u s",
		exchange->client->socket, exchange->client->timeout_ms / 1000,
		exchange->client->timeout_ms % 1000 / 100);
	return CLIENT_LOST;
}

static enum client_outcome explain(const struct exchange *exchange, CURLcode code, struct err *err)
{
	if (exchange->is_busy)
		return explain_busy(exchange, err);
	switch (code) {
	case CURLE_COULDNT_CONNECT:
		return explain_absent(exchange, err);
	case CURLE_OPERATION_TIMEDOUT:
		return explain_slow(exchange, err);
	case CURLE_PARTIAL_FILE:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
	case CURLE_GOT_NOTHING:
		return explain_lost(exchange, "the connection ended too early", err);
	case CURLE_WRITE_ERROR:
		return explain_lost(exchange, "it is too long", err);
	default:
		return explain_lost(exchange, curl_easy_strerror(code), err);
	}
}

/* ---- reading the answer ---- */

static enum client_outcome read_refusal(const struct exchange *exchange, const json_t *answer,
					struct err *err)
{
	const json_t *error = json_object_get(answer, "error");
	const char *message = json_string_value(json_object_get(error, "message"));

	if (!message || !*message)
		return explain_lost(exchange, "it refuses without a reason", err);
	err_set(err, -EREMOTEIO, "%s", message);
	return CLIENT_REFUSED;
}

static enum client_outcome read_answer(const struct exchange *exchange, json_t **answer,
				       struct err *err)
{
	enum client_outcome outcome;
	long status = 0;
	json_t *object;

	curl_easy_getinfo(exchange->curl, CURLINFO_RESPONSE_CODE, &status);
	object = json_loadb(exchange->answer.data ? exchange->answer.data : "",
			    exchange->answer.len, 0, NULL);
	if (!json_is_object(object))
		outcome = explain_lost(exchange, "it is not a JSON object", err);
	else if (status == 200)
		outcome = CLIENT_DONE;
	else
		outcome = read_refusal(exchange, object, err);
	if (outcome == CLIENT_DONE)
		*answer = object;
	else
		json_decref(object);
	return outcome;
}

enum client_outcome client_call(const struct client *client, const char *operation,
				const json_t *request, json_t **answer, struct err *err)
{
	struct exchange exchange = {.client = client};
	enum client_outcome outcome;
	CURLcode code = CURLE_FAILED_INIT;

	*answer = NULL;
	exchange.curl = curl_easy_init();
	exchange.body = json_dumps(request, JSON_COMPACT);
	if (exchange.curl && exchange.body) {
		set_up(&exchange, operation);
		code = perform(&exchange);
	}
	if (code == CURLE_OK)
		outcome = read_answer(&exchange, answer, err);
	else
		outcome = explain(&exchange, code, err);
	exchange_fini(&exchange);
	return outcome;
}
