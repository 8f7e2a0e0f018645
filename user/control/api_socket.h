/* SPDX-License-Identifier: BSD-2-Clause */
/* The sockets that the API listens on. */
#ifndef LEAT_CONTROL_API_SOCKET_H
#define LEAT_CONTROL_API_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* A listening unix socket at path, mode 0660, owned by the group (NULL or unknown: root's). Its
 * directory is made when missing. A stale socket is replaced; -EADDRINUSE names the pid of who
 * answers there. */
__must_check int api_socket_open_unix(const char *path, const char *group, int *fd,
				      struct err *err);
/* Which file that is: by it one sees whether somebody has removed or replaced it. */
struct api_socket_file {
	uint64_t device, inode; /* 0: none */
};
struct api_socket_file api_socket_file(const char *path);
bool api_socket_is_file(const char *path, const struct api_socket_file *file);

/* A listening TCP socket. */
__must_check int api_socket_open_tcp(const char *host, uint16_t port, int *fd, struct err *err);

#define API_WHO_MAX 96
/* Who is at the other end of a unix socket's connection, "root (uid 0)", into text; returns text.
 */
char *api_socket_who(int fd, char text[API_WHO_MAX]);

#endif
