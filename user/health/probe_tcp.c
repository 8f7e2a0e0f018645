/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The TCP probe: a connection that is accepted by the target's kernel has passed. Nothing is sent,
 * but for a PROXY header to targets that expect one.
 *
 * A connection that was established is closed with RST (SO_LINGER 0, as HAProxy does): with
 * thousands of checks a second, TIME_WAIT would fill the connection table and the ephemeral ports.
 */
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "probe.h"

static void close_with_reset(int *fd)
{
	struct linger linger = {.l_onoff = 1, .l_linger = 0};

	setsockopt(*fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	fd_close(fd);
}

static void finish(struct health_probe *probe, int error)
{
	enum health_reason reason = HEALTH_NONE;
	int detail = 0;

	if (error) {
		reason = probe_reason_of_errno(error, &detail);
	} else {
		loop_fd_remove(&probe->attempt.tcp.watch);
		close_with_reset(&probe->attempt.tcp.watch.fd);
	}
	probe_finish(probe, reason, detail);
}

static void on_connected(struct loop_fd *watch, uint32_t events)
{
	struct health_probe *probe = watch->owner;
	int error = 0;
	socklen_t len = sizeof(error);

	if (getsockopt(watch->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		error = errno;
	if (!error)
		error = probe_send_proxy_header(&probe->spec, watch->fd);
	finish(probe, error);
}

/* 0: connected already; EINPROGRESS: wait for the loop; else why not. */
static int try_connect(struct health_probe *probe)
{
	struct loop_fd *watch = &probe->attempt.tcp.watch;
	struct sockaddr_storage ss;
	socklen_t len = addr_to_sockaddr(&probe->spec.address, probe->spec.port, &ss);

	watch->fd = socket(ss.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (watch->fd < 0)
		return errno;
	if (connect(watch->fd, (struct sockaddr *)&ss, len) == 0)
		return 0;
	if (errno != EINPROGRESS)
		return errno;
	return loop_fd_add(probe->health->loop, watch) ? ENOMEM : EINPROGRESS;
}

static void begin(struct health_probe *probe)
{
	int error;

	probe->attempt.tcp = (struct tcp_attempt){
		.watch = {.fd = -1, .events = EPOLLOUT, .on_event = on_connected, .owner = probe}};
	error = try_connect(probe);
	if (!error)
		error = probe_send_proxy_header(&probe->spec, probe->attempt.tcp.watch.fd);
	if (error != EINPROGRESS)
		finish(probe, error);
}

/* A loop that was busy elsewhere must not call a target slow: look once more. */
static void expire(struct health_probe *probe)
{
	struct pollfd pfd = {.fd = probe->attempt.tcp.watch.fd, .events = POLLOUT};

	if (poll(&pfd, 1, 0) > 0)
		on_connected(&probe->attempt.tcp.watch, EPOLLOUT);
	else
		finish(probe, ETIMEDOUT);
}

static void cancel(struct health_probe *probe)
{
	loop_fd_remove(&probe->attempt.tcp.watch);
	fd_close(&probe->attempt.tcp.watch.fd);
}

const struct probe_kind probe_tcp = {begin, expire, cancel};
