/* SPDX-License-Identifier: BSD-2-Clause */
/* Listening sockets, and who connected. */
#include "api_socket.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/addr.h"
#include "base/fd.h"
#include "base/log.h"

#define BACKLOG 64

/* ---- unix ---- */

static int make_parent(const char *path, struct err *err)
{
	char *parent = strdup(path), *slash;
	int ret = 0;

	if (!parent)
		abort();
	slash = strrchr(parent, '/');
	if (slash && slash != parent) {
		*slash = '\0';
		ret = fd_make_dirs(parent, 0755, err);
	}
	free(parent);
	return ret;
}

static int fill_address(const char *path, struct sockaddr_un *address, struct err *err)
{
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(address->sun_path))
		return err_set(err, -ENAMETOOLONG,
			       "socket '%s': the path is longer than the kernel's %zu bytes", path,
			       sizeof(address->sun_path) - 1);
	memcpy(address->sun_path, path, strlen(path) + 1);
	return 0;
}

static int refuse_live(int fd, const char *path, struct err *err)
{
	struct ucred peer = {0};
	socklen_t len = sizeof(peer);

	getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len);
	return err_set(err, -EADDRINUSE, "another leatd (pid %d) answers at '%s'", (int)peer.pid,
		       path);
}

/* Removes what a leatd that was killed left behind. */
static int clear_path(const struct sockaddr_un *address, struct err *err)
{
	const char *path = address->sun_path;
	struct stat st;
	int fd, ret = 0;

	if (lstat(path, &st))
		return 0;
	if (!S_ISSOCK(st.st_mode))
		return err_set(err, -EEXIST,
			       "'%s' exists and is not a socket: remove it, or set another "
			       "'socket'",
			       path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_set_errno(err, -errno, "can't make a unix socket");
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0)
		ret = refuse_live(fd, path, err);
	else if (unlink(path) && errno != ENOENT)
		ret = err_set_errno(err, -errno, "can't remove the stale socket '%s'", path);
	fd_close(&fd);
	return ret;
}

static void give_to_group(const char *path, const char *name)
{
	const struct group *group = name ? getgrnam(name) : NULL;

	if (!group)
		log_warn("api: there is no group '%s': only root can use '%s'", name ? name : "",
			 path);
	else if (chown(path, (uid_t)-1, group->gr_gid))
		log_warn("api: can't give '%s' to group '%s': %s", path, name, strerror(errno));
}

static int bind_unix(int fd, const struct sockaddr_un *address, const char *group, struct err *err)
{
	mode_t mask = umask(0117);
	int ret = bind(fd, (const struct sockaddr *)address, sizeof(*address)) ? -errno : 0;

	umask(mask);
	if (ret)
		return err_set_errno(err, ret, "can't bind to socket '%s'", address->sun_path);
	give_to_group(address->sun_path, group);
	if (listen(fd, BACKLOG))
		return err_set_errno(err, -errno, "can't listen at '%s'", address->sun_path);
	return 0;
}

int api_socket_open_unix(const char *path, const char *group, int *fd, struct err *err)
{
	struct sockaddr_un address;
	int ret;

	ret = fill_address(path, &address, err);
	if (!ret)
		ret = make_parent(path, err);
	if (!ret)
		ret = clear_path(&address, err);
	if (ret)
		return ret;
	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (*fd < 0)
		return err_set_errno(err, -errno, "can't make a unix socket");
	ret = bind_unix(*fd, &address, group, err);
	if (ret)
		fd_close(fd);
	return ret;
}

struct api_socket_file api_socket_file(const char *path)
{
	struct stat st;

	if (lstat(path, &st))
		return (struct api_socket_file){0};
	return (struct api_socket_file){.device = st.st_dev, .inode = st.st_ino};
}

bool api_socket_is_file(const char *path, const struct api_socket_file *file)
{
	struct api_socket_file now = api_socket_file(path);

	return now.inode && now.inode == file->inode && now.device == file->device;
}

/* ---- TCP ---- */

int api_socket_open_tcp(const char *host, uint16_t port, int *fd, struct err *err)
{
	char text[ENDPOINT_TEXT_MAX];
	struct sockaddr_storage ss;
	struct addr address;
	socklen_t len;
	int ret, one = 1;

	ret = addr_parse(host, &address, err);
	if (ret)
		return ret;
	len = addr_to_sockaddr(&address, port, &ss);
	*fd = socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (*fd < 0)
		return err_set_errno(err, -errno, "can't make a TCP socket");
	setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(*fd, (struct sockaddr *)&ss, len) || listen(*fd, BACKLOG)) {
		ret = err_set_errno(err, -errno,
				    "can't listen at http %s (set another 'http', or 'http: off')",
				    endpoint_format(&address, port, text));
		fd_close(fd);
	}
	return ret;
}

/* ---- who ---- */

char *api_socket_who(int fd, char text[API_WHO_MAX])
{
	struct ucred peer = {.uid = (uid_t)-1};
	socklen_t len = sizeof(peer);
	const struct passwd *user = NULL;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0)
		user = getpwuid(peer.uid);
	snprintf(text, API_WHO_MAX, "%.48s (uid %u)", user ? user->pw_name : "?", peer.uid);
	return text;
}
