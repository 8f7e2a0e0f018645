/* SPDX-License-Identifier: BSD-2-Clause */
/* File descriptors and small files. */
#ifndef LEAT_BASE_FD_H
#define LEAT_BASE_FD_H

#include <stddef.h>
#include <sys/types.h>

#include "err.h"

/* Closes *fd if it is >= 0 and sets it to -1. Keeps errno. */
void fd_close(int *fd);

int fd_set_nonblock(int fd); /* 0 or -errno */

/* Reads a whole file (at most max_bytes) into a heap string, zero-terminated; the caller frees
 * *text. *len may be NULL. path "-" is standard input. -ENOENT, -EACCES, -EISDIR, -EFBIG (longer
 * than max_bytes), -ENOMEM …; err names the path. */
__must_check int fd_read_file(const char *path, size_t max_bytes, char **text, size_t *len,
			      struct err *err);

/* Writes text to path, which exists (for /proc/sys and the like): 0 or -errno. */
__must_check int fd_write_file(const char *path, const char *text);

/* mkdir -p for path with mode for the parts that are created; 0 or -errno with err. */
__must_check int fd_make_dirs(const char *path, mode_t mode, struct err *err);

#endif
