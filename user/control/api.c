/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The API's transport: libmicrohttpd, without a thread, its epoll descriptor in our loop. What is
 * asked and answered is api_route.c's. The only file that knows microhttpd.
 */
#include "api.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api_route.h"
#include "api_socket.h"
#include "base/fd.h"
#include "base/log.h"
#include "controller.h"

#define CONNECTIONS_MAX	  128
#define PER_IP_MAX	  32u /* of those, on TCP: one client can't lock the others out */
#define FIRST_TIMEOUT_S	  5u  /* until the first request is complete */
#define IDLE_TIMEOUT_S	  30u
#define WATCH_MS	  1000 /* is the socket file still ours? do we listen? */
#define CONNECTION_MEMORY (64u * 1024)
#define DETACH_GRACE_MS	  2000 /* for the answer to reach a client that is slow to read */

struct endpoint { /* a socket, its daemon, and its place in the loop */
	struct list node; /* of the retired ones */
	struct api *api;
	int fd; /* until the daemon owns it */
	struct MHD_Daemon *daemon;
	struct loop_fd watch;
	struct loop_timer timer;
	bool may_write;
	unsigned per_ip_max; /* 0: no limit */
};

struct count {
	struct list node;
	const char *operation;
	unsigned status;
	unsigned long long count;
};

struct api {
	struct control *control;
	struct endpoint *local, *tcp;
	struct list retired; /* nobody finds their socket any more, but connections go on */
	struct api_socket_file file; /* ours, while it has an inode */
	struct loop_timer watch;
	char complaint[ERR_TEXT_MAX]; /* why the socket can't be bound again */
	struct list counts;
	struct loop_timer detach; /* ends the loop when nobody fetches the answer */
};

struct exchange { /* one request, while it is read */
	struct buf body;
	bool is_too_large;
};

/* ---- counting ---- */

static void count_request(struct api *api, const char *operation, unsigned status)
{
	struct count *count;

	list_for_each(count, &api->counts, node)
	{
		if (count->status != status || strcmp(count->operation, operation) != 0)
			continue;
		count->count++;
		return;
	}
	count = calloc(1, sizeof(*count));
	if (!count)
		abort();
	*count = (struct count){.operation = operation, .status = status, .count = 1};
	list_append(&api->counts, &count->node);
}

void api_for_each_count(const struct api *api,
			void (*fn)(const char *operation, unsigned status, unsigned long long count,
				   void *arg),
			void *arg)
{
	const struct count *count;

	list_for_each(count, &api->counts, node)
		fn(count->operation, count->status, count->count, arg);
}

/* ---- requests ---- */

static enum MHD_Result send_response(struct MHD_Connection *connection,
				     struct api_response *response)
{
	size_t len = response->body.len;
	struct MHD_Response *reply;
	enum MHD_Result result;

	reply = MHD_create_response_from_buffer(len, buf_take(&response->body),
						MHD_RESPMEM_MUST_FREE);
	if (!reply)
		return MHD_NO;
	MHD_add_response_header(reply, "Content-Type", response->content_type);
	if (response->allow)
		MHD_add_response_header(reply, "Allow", response->allow);
	result = MHD_queue_response(connection, response->status, reply);
	MHD_destroy_response(reply);
	return result;
}

static enum MHD_Result answer(struct endpoint *endpoint, struct MHD_Connection *connection,
			      const char *method, const char *path, const struct exchange *exchange)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	char who[API_WHO_MAX] = "?";
	struct api_response response;
	struct api_request request = {
		.method = method,
		.path = path,
		.body = exchange->body.data,
		.len = exchange->body.len,
		.is_too_large = exchange->is_too_large,
		.may_write = endpoint->may_write,
		.who = who,
	};

	MHD_set_connection_option(connection, MHD_CONNECTION_OPTION_TIMEOUT, IDLE_TIMEOUT_S);
	if (endpoint->may_write && info)
		api_socket_who(info->connect_fd, who);
	api_route(endpoint->api->control, &request, &response);
	count_request(endpoint->api, response.operation, response.status);
	return send_response(connection, &response);
}

static bool announces_too_much(struct MHD_Connection *connection)
{
	const char *text =
		MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Content-Length");

	return text && strtoull(text, NULL, 10) > API_BODY_MAX;
}

static void take_body(struct exchange *exchange, const char *data, size_t len)
{
	if (exchange->body.len + len > API_BODY_MAX)
		exchange->is_too_large = true;
	if (exchange->is_too_large)
		buf_fini(&exchange->body);
	else
		buf_append(&exchange->body, data, len);
}

static enum MHD_Result begin(struct endpoint *endpoint, struct MHD_Connection *connection,
			     const char *method, const char *path, void **state)
{
	struct exchange *exchange = calloc(1, sizeof(*exchange));

	if (!exchange)
		abort();
	*state = exchange;
	exchange->is_too_large = announces_too_much(connection);
	if (!exchange->is_too_large)
		return MHD_YES;
	return answer(endpoint, connection, method, path, exchange); /* unread: MHD closes */
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *path,
				  const char *method, const char *version, const char *data,
				  size_t *len, void **state)
{
	struct exchange *exchange = *state;

	if (!exchange)
		return begin(arg, connection, method, path, state);
	if (!*len)
		return answer(arg, connection, method, path, exchange);
	take_body(exchange, data, *len);
	*len = 0;
	return MHD_YES;
}

static void on_completed(void *arg, struct MHD_Connection *connection, void **state,
			 enum MHD_RequestTerminationCode code)
{
	struct endpoint *endpoint = arg;
	struct exchange *exchange = *state;

	if (exchange)
		buf_fini(&exchange->body);
	free(exchange);
	*state = NULL;
	if (endpoint->api->control->is_detached)
		loop_stop(endpoint->api->control->loop, 0);
}

/* ---- the loop ---- */

static void run(struct endpoint *endpoint)
{
	struct control *control = endpoint->api->control;
	MHD_UNSIGNED_LONG_LONG timeout_ms;

	MHD_run(endpoint->daemon);
	if (MHD_get_timeout(endpoint->daemon, &timeout_ms) == MHD_YES)
		loop_timer_set(control->loop, &endpoint->timer, timeout_ms);
	else
		loop_timer_clear(&endpoint->timer);
	if (control->is_detached && !endpoint->api->detach.loop)
		loop_timer_set(control->loop, &endpoint->api->detach, DETACH_GRACE_MS);
}

static void on_event(struct loop_fd *watch, uint32_t events)
{
	run(watch->owner);
}

static void on_timer(struct loop_timer *timer)
{
	run(timer->owner);
}

static void on_detach_timeout(struct loop_timer *timer)
{
	loop_stop(timer->owner, 0);
}

static void log_mhd(void *arg, const char *fmt, va_list args) __attribute__((format(printf, 2, 0)));
static void log_mhd(void *arg, const char *fmt, va_list args)
{
	char text[256];
	int len = vsnprintf(text, sizeof(text), fmt, args);

	while (len > 0 && len < (int)sizeof(text) && text[len - 1] == '\n')
		text[--len] = '\0';
	log_debug("api: %s", text);
}

static int start(struct endpoint *endpoint, struct err *err)
{
	const union MHD_DaemonInfo *info;
	int ret;

	endpoint->daemon = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_USE_ERROR_LOG, 0, NULL, NULL, on_request, endpoint,
		MHD_OPTION_EXTERNAL_LOGGER, log_mhd, NULL, MHD_OPTION_LISTEN_SOCKET, endpoint->fd,
		MHD_OPTION_NOTIFY_COMPLETED, on_completed, endpoint, MHD_OPTION_CONNECTION_LIMIT,
		CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT, FIRST_TIMEOUT_S,
		MHD_OPTION_PER_IP_CONNECTION_LIMIT, endpoint->per_ip_max,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY, MHD_OPTION_END);
	if (!endpoint->daemon)
		return err_set(err, -EIO, "libmicrohttpd can't start");
	endpoint->fd = -1;
	info = MHD_get_daemon_info(endpoint->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	endpoint->watch = (struct loop_fd){
		.fd = info->epoll_fd, .events = EPOLLIN, .on_event = on_event, .owner = endpoint};
	ret = loop_fd_add(endpoint->api->control->loop, &endpoint->watch);
	if (ret)
		return err_set_errno(err, ret, "can't watch the API's sockets");
	return 0;
}

static void stop(struct endpoint *endpoint)
{
	loop_fd_remove(&endpoint->watch);
	loop_timer_clear(&endpoint->timer);
	if (endpoint->daemon)
		MHD_stop_daemon(endpoint->daemon);
	fd_close(&endpoint->fd);
	free(endpoint);
}

/* ---- the socket file ---- */

static struct endpoint *new_endpoint(struct api *api, bool is_local)
{
	struct endpoint *endpoint = calloc(1, sizeof(*endpoint));

	if (!endpoint)
		abort();
	endpoint->api = api;
	endpoint->fd = -1;
	endpoint->may_write = is_local;
	endpoint->per_ip_max = is_local ? 0 : PER_IP_MAX;
	endpoint->timer = (struct loop_timer){.on_expire = on_timer, .owner = endpoint};
	return endpoint;
}

static void end_idle_retired(struct api *api)
{
	const union MHD_DaemonInfo *info;
	struct endpoint *endpoint, *next;

	list_for_each_safe(endpoint, next, &api->retired, node)
	{
		info = MHD_get_daemon_info(endpoint->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);
		if (info && info->num_connections)
			continue;
		list_remove(&endpoint->node);
		stop(endpoint);
	}
}

/* The daemon that has connections keeps them; a second one gets the new socket. */
static int bind_again(struct api *api, struct err *err)
{
	const struct conf_node_settings *node = &api->control->settings->node;
	struct endpoint *endpoint = new_endpoint(api, true);
	int ret;

	ret = api_socket_open_unix(node->socket, node->socket_group, &endpoint->fd, err);
	if (!ret)
		api->file = api_socket_file(node->socket);
	if (!ret)
		ret = start(endpoint, err);
	if (ret) {
		stop(endpoint);
		return ret;
	}
	list_append(&api->retired, &api->local->node);
	api->local = endpoint;
	return 0;
}

static void watch_file(struct api *api)
{
	const char *path = api->control->settings->node.socket;
	struct err err = {0};

	if (api_socket_is_file(path, &api->file))
		return;
	if (!bind_again(api, &err)) {
		log_warn("api: somebody removed the socket '%s': bound again", path);
		err_clear(&err);
	} else if (strcmp(api->complaint, err.text) != 0) {
		log_error("api: the socket '%s' is not ours any more: %s", path, err.text);
	}
	snprintf(api->complaint, sizeof(api->complaint), "%s", err.text);
}

/* A daemon that was full takes up listening again when it runs next, and with nobody connected
 * nothing else would make it run. */
static void nudge(struct endpoint *endpoint)
{
	if (endpoint->daemon)
		run(endpoint);
}

static void on_watch(struct loop_timer *timer)
{
	struct api *api = timer->owner;

	loop_timer_set(api->control->loop, timer, WATCH_MS);
	if (api->control->is_detached)
		return;
	nudge(api->local);
	nudge(api->tcp);
	end_idle_retired(api);
	watch_file(api);
}

/* ---- the door ---- */

static struct api *new_api(struct control *control)
{
	struct api *api = calloc(1, sizeof(*api));

	if (!api)
		abort();
	api->control = control;
	list_init(&api->counts);
	list_init(&api->retired);
	api->local = new_endpoint(api, true);
	api->tcp = new_endpoint(api, false);
	api->watch = (struct loop_timer){.on_expire = on_watch, .owner = api};
	api->detach = (struct loop_timer){.on_expire = on_detach_timeout, .owner = control->loop};
	return api;
}

int api_open(struct control *control, struct api **api, struct err *err)
{
	const struct settings *settings = control->settings;
	struct api *a = new_api(control);
	int ret;

	*api = a;
	ret = api_socket_open_unix(settings->node.socket, settings->node.socket_group, &a->local->fd,
				   err);
	if (ret)
		return ret;
	a->file = api_socket_file(settings->node.socket);
	if (settings->has_http)
		ret = api_socket_open_tcp(settings->http_host, settings->http_port, &a->tcp->fd,
					  err);
	return ret;
}

int api_start(struct api *api, struct err *err)
{
	int ret = start(api->local, err);

	if (!ret && api->tcp->fd >= 0)
		ret = start(api->tcp, err);
	if (!ret)
		loop_timer_set(api->control->loop, &api->watch, WATCH_MS);
	return ret;
}

void api_close(struct api *api)
{
	const char *path;
	struct count *count, *next;
	struct endpoint *endpoint, *following;

	if (!api)
		return;
	loop_timer_clear(&api->detach);
	loop_timer_clear(&api->watch);
	list_for_each_safe(endpoint, following, &api->retired, node) stop(endpoint);
	stop(api->tcp);
	stop(api->local);
	path = api->control->settings->node.socket;
	if (api_socket_is_file(path, &api->file))
		unlink(path);
	list_for_each_safe(count, next, &api->counts, node) free(count);
	free(api);
}
