/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Changes of the desired state. Append and prune are one transaction: the file never holds more
 * than STORE_CHANGES_MAX and never a change that was not acknowledged as a whole.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "store_private.h"

static int append(struct store *store, const struct store_change *change, struct err *err)
{
	struct store_sql sql;

	store_sql_open(&sql, store,
		       "INSERT INTO changes (wall_ms, user, operation, summary, text)"
		       " VALUES (?1, ?2, ?3, ?4, ?5)",
		       "write the change", err);
	store_sql_bind_int(&sql, 1, change->wall_ms);
	store_sql_bind_text(&sql, 2, change->user);
	store_sql_bind_text(&sql, 3, change->operation);
	store_sql_bind_text(&sql, 4, change->summary);
	store_sql_bind_text(&sql, 5, change->text);
	return store_sql_finish(&sql);
}

static int prune(struct store *store, int64_t newest, struct err *err)
{
	struct store_sql sql;

	store_sql_open(&sql, store, "DELETE FROM changes WHERE number <= ?1", "prune old changes",
		       err);
	store_sql_bind_int(&sql, 1, newest - STORE_CHANGES_MAX);
	return store_sql_finish(&sql);
}

/* A savepoint is a transaction of its own, or a part of the batch that is open. */
int store_commit(struct store *store, const struct store_change *change, uint64_t *number,
		 struct err *err)
{
	int64_t added = 0;
	int ret;

	if (!change->user || !change->operation || !change->summary || !change->text)
		return err_set(err, -EINVAL, "a change needs user, operation, summary and text");
	ret = store_sql_exec(store, "SAVEPOINT adding", "write the change", err);
	if (ret)
		return ret;
	ret = append(store, change, err);
	if (ret == 0) {
		added = sqlite3_last_insert_rowid(store->db);
		ret = prune(store, added, err);
	}
	if (ret == 0)
		ret = store_sql_exec(store, "RELEASE adding", "write the change", err);
	if (ret) /* fails only where SQLite has undone it already */
		sqlite3_exec(store->db, "ROLLBACK TO adding; RELEASE adding", NULL, NULL, NULL);
	else if (number)
		*number = (uint64_t)added;
	return ret;
}

static struct store_change read_change(struct store_sql *sql)
{
	return (struct store_change){
		.number = (uint64_t)sqlite3_column_int64(sql->stmt, 0),
		.wall_ms = sqlite3_column_int64(sql->stmt, 1),
		.user = store_sql_text(sql, 2),
		.operation = store_sql_text(sql, 3),
		.summary = store_sql_text(sql, 4),
	};
}

static void keep(struct arena *arena, struct store_change *change)
{
	change->user = arena_strdup(arena, change->user);
	change->operation = arena_strdup(arena, change->operation);
	change->summary = arena_strdup(arena, change->summary);
	change->text = arena_strdup(arena, change->text);
}

int store_latest(struct store *store, struct arena *arena, struct store_change *change,
		 struct err *err)
{
	struct store_sql sql;

	store_sql_open(&sql, store,
		       "SELECT number, wall_ms, user, operation, summary, text FROM changes"
		       " ORDER BY number DESC LIMIT 1",
		       "read the newest change", err);
	if (store_sql_row(&sql)) {
		*change = read_change(&sql);
		change->text = store_sql_text(&sql, 5);
		keep(arena, change);
	} else if (sql.ret == 0) {
		sql.ret = err_set(err, -ENOENT, "state file '%s' has no change yet", store->path);
	}
	return store_sql_close(&sql);
}

static int refuse_number(struct store *store, uint64_t number, struct err *err)
{
	int64_t newest, oldest;
	int ret;

	ret = store_sql_int(store, "SELECT max(number) FROM changes", &newest, err);
	if (ret == 0)
		ret = store_sql_int(store, "SELECT min(number) FROM changes", &oldest, err);
	if (ret)
		return ret;
	if (newest == 0)
		return err_set(err, -ENOENT,
			       "there is no change %" PRIu64 ": nothing was changed yet", number);
	return err_set(err, -ENOENT,
		       "there is no change %" PRIu64 ": kept are %" PRId64 " to %" PRId64, number,
		       oldest, newest);
}

int store_change_text(struct store *store, uint64_t number, char **text, struct err *err)
{
	struct store_sql sql;
	bool is_found = false;
	int ret;

	*text = NULL;
	store_sql_open(&sql, store, "SELECT text FROM changes WHERE number = ?1", "read a change",
		       err);
	store_sql_bind_int(&sql, 1, number > INT64_MAX ? -1 : (int64_t)number);
	if (store_sql_row(&sql)) {
		is_found = true;
		*text = strdup(store_sql_text(&sql, 0));
		if (!*text)
			abort();
	}
	ret = store_sql_close(&sql);
	return ret || is_found ? ret : refuse_number(store, number, err);
}

int store_history(struct store *store, unsigned limit,
		  int (*on_change)(const struct store_change *change, void *arg), void *arg,
		  struct err *err)
{
	struct store_change change;
	struct store_sql sql;

	store_sql_open(&sql, store,
		       "SELECT number, wall_ms, user, operation, summary FROM changes"
		       " ORDER BY number DESC LIMIT ?1",
		       "read the history", err);
	store_sql_bind_int(&sql, 1, limit ? (int64_t)limit : -1);
	while (store_sql_row(&sql)) {
		change = read_change(&sql);
		sql.ret = on_change(&change, arg);
	}
	return store_sql_close(&sql);
}
