/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A leatd of one answer for the tests: a process that listens on a unix socket in a folder of its
 * own, takes one request, says the bytes it was told, and hangs up. What it was asked can be read
 * afterwards.
 */
#ifndef TEST_CLI_SERVER_H
#define TEST_CLI_SERVER_H

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define SERVER_REQUEST_MAX 65536

#define ANSWER(status, body) \
	"HTTP/1.1 " status "\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n" body

struct server {
	char folder[64];
	char path[96];
	char request[SERVER_REQUEST_MAX]; /* after server_stop() */
	pid_t pid;
	int pipe[2]; /* the request's bytes */
};

static inline void server_must(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	abort();
}

/* Has the request its announced length? */
static inline int server_is_whole(const char *request)
{
	const char *end = strstr(request, "\r\n\r\n"),
		   *length = strstr(request, "Content-Length: ");

	return end && length && strlen(end + 4) >= strtoul(length + 16, NULL, 10);
}

static inline void server_serve(int listener, int request_pipe, const char *answer)
{
	static char request[SERVER_REQUEST_MAX];
	int fd = accept(listener, NULL, NULL);
	size_t len = 0;
	ssize_t n;

	while (!server_is_whole(request)) {
		n = read(fd, request + len, sizeof(request) - 1 - len);
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	n = write(request_pipe, request, len);
	if (!answer)
		pause(); /* never answers */
	n = write(fd, answer, strlen(answer));
	(void)n;
	_exit(0);
}

static inline int server_listen(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	server_must(fd >= 0, "socket");
	server_must(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0, "bind");
	server_must(listen(fd, 1) == 0, "listen");
	return fd;
}

static inline void server_kill(struct server *server)
{
	if (server->pid <= 0)
		return;
	kill(server->pid, SIGKILL);
	waitpid(server->pid, NULL, 0);
	server->pid = 0;
}

/* answer: all bytes of the response; NULL: it takes the request and is silent. */
static inline void server_start(struct server *server, const char *answer)
{
	int listener;

	memset(server, 0, sizeof(*server));
	snprintf(server->folder, sizeof(server->folder), "/tmp/leat-cli-XXXXXX");
	server_must(mkdtemp(server->folder) != NULL, "mkdtemp");
	snprintf(server->path, sizeof(server->path), "%s/leatd.sock", server->folder);
	server_must(pipe(server->pipe) == 0, "pipe");
	listener = server_listen(server->path);
	fflush(NULL);
	server->pid = fork();
	server_must(server->pid >= 0, "fork");
	if (server->pid == 0)
		server_serve(listener, server->pipe[1], answer);
	close(listener);
	close(server->pipe[1]);
}

static inline void server_stop(struct server *server)
{
	size_t len = 0;
	ssize_t n = 1;

	server_kill(server);
	while (n > 0 && len < sizeof(server->request) - 1) {
		n = read(server->pipe[0], server->request + len, sizeof(server->request) - 1 - len);
		len += n > 0 ? (size_t)n : 0;
	}
	close(server->pipe[0]);
	unlink(server->path);
	rmdir(server->folder);
}

/* The body of the request that came in. */
static inline const char *server_body(const struct server *server)
{
	const char *end = strstr(server->request, "\r\n\r\n");

	return end ? end + 4 : "";
}

#endif
