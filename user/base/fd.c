/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * File descriptors and small files. Everything opened here is close-on-exec.
 */
#include "fd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void fd_close(int *fd)
{
	int saved_errno = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved_errno;
}

int fd_set_nonblock(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return -errno;
	return 0;
}

static ssize_t read_some(int fd, char *into, size_t len)
{
	ssize_t n;

	do {
		n = read(fd, into, len);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

/* Pipes and /proc don't know their length, so the buffer doubles. One byte past max_bytes tells
 * "just fits" from "too long". */
static int read_up_to(int fd, size_t max_bytes, char **text, size_t *len)
{
	size_t cap = 4096;
	char *grown;
	ssize_t n;

	*text = malloc(cap);
	for (*len = 0; *text; *len += (size_t)n) {
		if (*len > max_bytes)
			return -EFBIG;
		if (cap - *len < 2) {
			cap *= 2;
			grown = realloc(*text, cap);
			if (!grown)
				return -ENOMEM;
			*text = grown;
		}
		n = read_some(fd, *text + *len, cap - *len - 1);
		if (n <= 0) {
			(*text)[*len] = '\0';
			return (int)n;
		}
	}
	return -ENOMEM;
}

int fd_read_file(const char *path, size_t max_bytes, char **text, size_t *len, struct err *err)
{
	bool is_stdin = strcmp(path, "-") == 0;
	int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	size_t got = 0;
	int ret;

	*text = NULL;
	ret = fd < 0 ? -errno : read_up_to(fd, max_bytes, text, &got);
	if (!is_stdin)
		fd_close(&fd);
	if (ret < 0) {
		free(*text);
		*text = NULL;
		if (ret == -EFBIG)
			return err_set(err, ret, "file '%s' is longer than %zu bytes", path,
				       max_bytes);
		return err_set_errno(err, ret, "can't read file '%s'", path);
	}
	if (len)
		*len = got;
	return 0;
}

int fd_write_file(const char *path, const char *text)
{
	size_t len = strlen(text);
	int fd, ret = 0;
	ssize_t n;

	fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = write(fd, text, len); /* one write: the kernel's control files want the value whole */
	if (n < 0)
		ret = -errno;
	else if ((size_t)n != len)
		ret = -EIO;
	fd_close(&fd);
	return ret;
}

/* mkdir of one part: that it exists already is fine if it is a directory. */
static int make_dir(const char *path, mode_t mode)
{
	struct stat st;
	int ret;

	if (mkdir(path, mode) == 0)
		return 0;
	ret = -errno;
	if (stat(path, &st) != 0)
		return ret;
	return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

int fd_make_dirs(const char *path, mode_t mode, struct err *err)
{
	char part[PATH_MAX];
	size_t len = strlen(path);
	int ret;

	if (len == 0 || len >= sizeof(part))
		return err_set_errno(err, len ? -ENAMETOOLONG : -ENOENT,
				     "can't make directory '%s'", path);
	for (size_t i = 1; i <= len; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		ret = make_dir(part, mode);
		if (ret)
			return err_set_errno(err, ret, "can't make directory '%s'", part);
	}
	return 0;
}
