/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tables, and how an older file becomes a newer one. The schema's number is SQLite's
 * user_version; each step runs in one transaction together with its number, so a crash in between
 * leaves the old file. A step that was released is never changed: a new one is added.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "store_private.h"

#define APPLICATION_ID 0x4c656174 /* "Leat": tells our files from other SQLite databases */

static const char *const steps[] = {
	/* 1: AUTOINCREMENT, so that a number that was pruned is not given out again. */
	"PRAGMA application_id = 0x4c656174;"
	"CREATE TABLE changes ("
	"	number INTEGER PRIMARY KEY AUTOINCREMENT,"
	"	wall_ms INTEGER NOT NULL,"
	"	user TEXT NOT NULL,"
	"	operation TEXT NOT NULL,"
	"	summary TEXT NOT NULL,"
	"	text TEXT NOT NULL"
	");"
	"CREATE TABLE settings ("
	"	key TEXT PRIMARY KEY,"
	"	value BLOB NOT NULL"
	") WITHOUT ROWID;"
	"CREATE TABLE draining ("
	"	target_group TEXT NOT NULL,"
	"	address TEXT NOT NULL,"
	"	port INTEGER NOT NULL,"
	"	until_wall_ms INTEGER NOT NULL,"
	"	PRIMARY KEY (target_group, address, port)"
	") WITHOUT ROWID;"
	"CREATE TABLE announced ("
	"	interface TEXT NOT NULL,"
	"	address TEXT NOT NULL,"
	"	PRIMARY KEY (interface, address)"
	") WITHOUT ROWID;",
};

static int refuse_foreign(struct store *store, struct err *err)
{
	return err_set(err, -EINVAL,
		       "state file '%s' is a database of another program; move it away or set "
		       "another state_dir",
		       store->path);
}

static int refuse_newer(struct store *store, int64_t version, struct err *err)
{
	return err_set(
		err, -EPROTO,
		"state file '%s' has schema %lld, this leatd knows up to %zu; start the newer "
		"leatd that wrote it, or move the file away and apply the configuration again",
		store->path, (long long)version, ARRAY_SIZE(steps));
}

static int check_owner(struct store *store, int64_t version, struct err *err)
{
	int64_t application_id, tables;
	int ret;

	ret = store_sql_int(store, "PRAGMA application_id", &application_id, err);
	if (ret)
		return ret;
	ret = store_sql_int(store, "SELECT count(*) FROM sqlite_master", &tables, err);
	if (ret)
		return ret;
	if (tables == 0 && version == 0)
		return 0; /* new */
	return application_id == APPLICATION_ID ? 0 : refuse_foreign(store, err);
}

/* The file's pages agree with each other. Found at start rather than at the rollback that needs an
 * old page. */
static int check_pages(struct store *store, struct err *err)
{
	struct store_sql sql;
	const char *said;

	store_sql_open(&sql, store, "PRAGMA quick_check(1)", "check it", err);
	if (store_sql_row(&sql)) {
		said = store_sql_text(&sql, 0);
		if (strcmp(said, "ok") != 0)
			sql.ret = err_set(
				err, -EUCLEAN,
				"state file '%s' is damaged: %.200s; restore it from a copy, or "
				"move it away and apply the configuration again",
				store->path, said);
	}
	return store_sql_close(&sql);
}

static int take_step(struct store *store, size_t version, struct err *err)
{
	char number[64];
	int ret;

	snprintf(number, sizeof(number), "PRAGMA user_version = %zu; COMMIT", version + 1);
	ret = store_sql_exec(store, "BEGIN IMMEDIATE", "update its schema", err);
	if (ret == 0)
		ret = store_sql_exec(store, steps[version], "update its schema", err);
	if (ret == 0)
		ret = store_sql_exec(store, number, "update its schema", err);
	if (ret && !sqlite3_get_autocommit(store->db))
		sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	return ret;
}

int store_schema_check(struct store *store, int64_t *version, struct err *err)
{
	int ret;

	ret = store_sql_int(store, "PRAGMA user_version", version, err);
	if (ret == 0)
		ret = check_owner(store, *version, err);
	if (ret)
		return ret;
	if (*version < 0 || *version > (int64_t)ARRAY_SIZE(steps))
		return refuse_newer(store, *version, err);
	return check_pages(store, err);
}

int store_schema_update(struct store *store, int64_t version, struct err *err)
{
	int ret = 0;

	for (size_t v = (size_t)version; ret == 0 && v < ARRAY_SIZE(steps); v++)
		ret = take_step(store, v, err);
	return ret;
}
