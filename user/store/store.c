/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Opening and closing the state file, and batches.
 *
 * The directory is locked with flock(2), not the file: SQLite's own locks on the file stay as they
 * are, so that a backup can be read while leatd runs, and only a second leatd is kept out.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "store_private.h"

#define BUSY_TIMEOUT_MS 2000 /* a backup in progress may hold us up this long */

static char *join(const char *dir, const char *name)
{
	char *path;

	if (asprintf(&path, "%s/%s", dir, name) < 0)
		abort();
	return path;
}

static int lock_dir(struct store *store, const char *dir, struct err *err)
{
	int ret = fd_make_dirs(dir, 0700, err);

	if (ret)
		return ret;
	store->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (store->dir_fd < 0)
		return err_set_errno(err, -errno, "can't open state directory '%s'", dir);
	if (flock(store->dir_fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno == EWOULDBLOCK)
		return err_set(err, -EBUSY,
			       "state directory '%s' is used by another leatd; stop it, or set "
			       "another state_dir",
			       dir);
	return err_set_errno(err, -errno, "can't lock state directory '%s'", dir);
}

/* Made here and not by SQLite, which knows no mode but 0644. An existing file keeps the mode its
 * owner gave it. */
static int create_file(struct store *store, struct err *err)
{
	int fd = openat(store->dir_fd, STORE_FILE_NAME, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC,
			0600);

	if (fd < 0)
		return err_set_errno(err, -errno, "can't open state file '%s'", store->path);
	fd_close(&fd);
	fsync(store->dir_fd); /* the new name; where a file system can't, the first commit's fsync
				 does it */
	return 0;
}

static int open_database(struct store *store, struct err *err)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
	int result = sqlite3_open_v2(store->path, &store->db, flags, NULL);

	if (!store->db)
		abort(); /* out of memory */
	if (result != SQLITE_OK)
		return store_sql_fail(store, err, "open it");
	sqlite3_busy_timeout(store->db, BUSY_TIMEOUT_MS);
	return 0;
}

static int configure(struct store *store, struct err *err)
{
	struct store_sql sql;
	int ret;

	store_sql_open(&sql, store, "PRAGMA journal_mode = WAL", "open it", err);
	if (store_sql_row(&sql) && strcmp(store_sql_text(&sql, 0), "wal") != 0)
		sql.ret = err_set(
			err, -EOPNOTSUPP,
			"state file '%s': its file system can't do write-ahead logging; set "
			"another state_dir",
			store->path);
	ret = store_sql_close(&sql);
	if (ret)
		return ret;
	return store_sql_exec(store, "PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF",
			      "open it", err);
}

int store_open(const char *dir, struct store **store, struct err *err)
{
	struct store *s = calloc(1, sizeof(*s));
	int64_t version;
	int ret;

	if (!s)
		abort();
	s->dir_fd = -1;
	s->path = join(dir, STORE_FILE_NAME);
	ret = lock_dir(s, dir, err);
	if (ret == 0)
		ret = create_file(s, err);
	if (ret == 0)
		ret = open_database(s, err);
	if (ret == 0) /* before anything is written: a file that isn't ours stays as it is */
		ret = store_schema_check(s, &version, err);
	if (ret == 0)
		ret = configure(s, err);
	if (ret == 0)
		ret = store_schema_update(s, version, err);
	if (ret) {
		store_close(s);
		s = NULL;
	}
	*store = s;
	return ret;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	store_abort(store);
	sqlite3_close(store->db);
	fd_close(&store->dir_fd);
	free(store->path);
	free(store);
}

const char *store_path(const struct store *store)
{
	return store->path;
}

int store_begin(struct store *store, struct err *err)
{
	int ret;

	if (store->in_batch)
		return err_set(err, -EALREADY,
			       "state file '%s': a batch of changes is open already", store->path);
	ret = store_sql_exec(store, "BEGIN IMMEDIATE", "begin a batch of changes", err);
	if (ret == 0)
		store->in_batch = true;
	return ret;
}

int store_finish(struct store *store, struct err *err)
{
	struct store_sql sql;
	int ret;

	if (!store->in_batch)
		return err_set(err, -ENOENT, "state file '%s': no batch of changes is open",
			       store->path);
	store_sql_open(&sql, store, "COMMIT", "finish a batch of changes", err);
	ret = store_sql_finish(&sql);
	if (ret)
		store_abort(store);
	store->in_batch = false;
	return ret;
}

void store_abort(struct store *store)
{
	if (!store->in_batch)
		return;
	if (!sqlite3_get_autocommit(store->db))
		sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	store->in_batch = false;
}
