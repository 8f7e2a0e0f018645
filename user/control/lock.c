/* SPDX-License-Identifier: BSD-2-Clause */
/* The lock against a second leatd with the same state. */
#include "lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/fd.h"

#define LOCK_FILE "leatd.lock"

static void write_pid(int fd)
{
	char text[32];
	int len = snprintf(text, sizeof(text), "%d\n", (int)getpid());

	if (ftruncate(fd, 0) || pwrite(fd, text, (size_t)len, 0) != len)
		return; /* the lock holds all the same, only its message has no pid */
}

static int refuse_held(int fd, const char *path, struct err *err)
{
	char text[32] = "";

	if (pread(fd, text, sizeof(text) - 1, 0) > 0 && atoi(text) > 0)
		return err_set(
			err, -EBUSY,
			"another leatd (pid %d) is running with this state_dir (lock file '%s')",
			atoi(text), path);
	return err_set(err, -EBUSY, "another leatd is running with this state_dir (lock file '%s')",
		       path);
}

int lock_state_dir(int *fd, const char *state_dir, struct err *err)
{
	char path[4096];
	int ret;

	ret = fd_make_dirs(state_dir, 0700, err);
	if (ret)
		return ret;
	snprintf(path, sizeof(path), "%s/" LOCK_FILE, state_dir);
	*fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (*fd < 0)
		return err_set_errno(err, -errno, "can't open the lock file '%s'", path);
	if (flock(*fd, LOCK_EX | LOCK_NB)) {
		ret = refuse_held(*fd, path, err);
		fd_close(fd);
		return ret;
	}
	write_pid(*fd);
	return 0;
}
