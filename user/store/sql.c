/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Statements: prepare, bind, step, finalize, and SQLite's result codes as -errno with a sentence
 * that names the file.
 */
#include <errno.h>
#include <stdio.h>

#include "store_private.h"

static int errno_of(sqlite3 *db)
{
	switch (sqlite3_errcode(db)) {
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_READONLY:
		return -EROFS;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return -EUCLEAN;
	case SQLITE_TOOBIG:
		return -EFBIG;
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return -EACCES;
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
		return sqlite3_system_errno(db) ? -sqlite3_system_errno(db) : -EIO;
	default:
		return -EIO;
	}
}

static const char *advice(int ret)
{
	switch (ret) {
	case -EUCLEAN:
		return "; restore it from a copy, or move it away and apply the configuration "
		       "again";
	case -ENOSPC:
		return "; make room on its file system";
	case -EBUSY:
		return "; end the program that holds it open";
	default:
		return "";
	}
}

int store_sql_fail(struct store *store, struct err *err, const char *what)
{
	int ret = errno_of(store->db);

	return err_set(err, ret, "state file '%s': can't %s: %s%s", store->path, what,
		       sqlite3_errmsg(store->db), advice(ret));
}

/* When a full disk made SQLite undo a batch by itself, what follows must not become durable one by
 * one. */
static int check_batch(struct store *store, struct err *err)
{
	if (!store->in_batch || !sqlite3_get_autocommit(store->db))
		return 0;
	return err_set(err, -ECANCELED,
		       "state file '%s': the batch of changes was undone after an error",
		       store->path);
}

int store_sql_exec(struct store *store, const char *text, const char *what, struct err *err)
{
	int ret = check_batch(store, err);

	if (ret == 0 && sqlite3_exec(store->db, text, NULL, NULL, NULL) != SQLITE_OK)
		ret = store_sql_fail(store, err, what);
	return ret;
}

int store_sql_int(struct store *store, const char *text, int64_t *value, struct err *err)
{
	struct store_sql sql;

	store_sql_open(&sql, store, text, "read it", err);
	*value = store_sql_row(&sql) ? sqlite3_column_int64(sql.stmt, 0) : 0;
	return store_sql_close(&sql);
}

static void note(struct store_sql *sql, int result)
{
	if (result != SQLITE_OK && sql->ret == 0)
		sql->ret = store_sql_fail(sql->store, sql->err, sql->what);
}

void store_sql_open(struct store_sql *sql, struct store *store, const char *text, const char *what,
		    struct err *err)
{
	*sql = (struct store_sql){.store = store, .what = what, .err = err};
	sql->ret = check_batch(store, err);
	if (sql->ret == 0)
		note(sql, sqlite3_prepare_v2(store->db, text, -1, &sql->stmt, NULL));
}

void store_sql_bind_int(struct store_sql *sql, int column, int64_t value)
{
	if (sql->ret == 0)
		note(sql, sqlite3_bind_int64(sql->stmt, column, value));
}

void store_sql_bind_text(struct store_sql *sql, int column, const char *text)
{
	if (sql->ret == 0)
		note(sql, sqlite3_bind_text(sql->stmt, column, text, -1, SQLITE_STATIC));
}

void store_sql_bind_blob(struct store_sql *sql, int column, const void *bytes, size_t len)
{
	/* A NULL pointer would be stored as NULL, not as the empty value. */
	if (sql->ret == 0)
		note(sql,
		     sqlite3_bind_blob64(sql->stmt, column, len ? bytes : "", len, SQLITE_STATIC));
}

void store_sql_bind_addr(struct store_sql *sql, int column, const struct addr *addr)
{
	char text[ADDR_TEXT_MAX];

	if (sql->ret == 0)
		note(sql, sqlite3_bind_text(sql->stmt, column, addr_format(addr, text), -1,
					    SQLITE_TRANSIENT));
}

bool store_sql_row(struct store_sql *sql)
{
	int result;

	if (sql->ret)
		return false;
	result = sqlite3_step(sql->stmt);
	if (result == SQLITE_ROW)
		return true;
	note(sql, result == SQLITE_DONE ? SQLITE_OK : result);
	return false;
}

const char *store_sql_text(struct store_sql *sql, int column)
{
	const unsigned char *text = sqlite3_column_text(sql->stmt, column);

	return text ? (const char *)text : "";
}

bool store_sql_addr(struct store_sql *sql, int column, struct addr *addr)
{
	struct err why = {""};

	if (addr_parse(store_sql_text(sql, column), addr, &why) == 0)
		return true;
	sql->ret = err_set(sql->err, -EUCLEAN, "state file '%s': can't %s: %s%s", sql->store->path,
			   sql->what, why.text, advice(-EUCLEAN));
	return false;
}

int store_sql_close(struct store_sql *sql)
{
	sqlite3_finalize(
		sql->stmt); /* repeats the error of the last step, which is known already */
	sql->stmt = NULL;
	return sql->ret;
}

int store_sql_finish(struct store_sql *sql)
{
	while (store_sql_row(sql))
		;
	return store_sql_close(sql);
}
