/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of store/ share: the handle, and statements whose errors become one sentence. */
#ifndef LEAT_STORE_PRIVATE_H
#define LEAT_STORE_PRIVATE_H

#include <sqlite3.h>
#include <stdbool.h>

#include "store.h"

struct store {
	sqlite3 *db;
	char *path; /* of the file */
	int dir_fd; /* holds the lock on the state directory */
	bool in_batch;
};

/* ---- sql.c ---- */

/* -errno of what SQLite said last, with err: "state file '/…/leat.db': can't WHAT: reason". */
int store_sql_fail(struct store *store, struct err *err, const char *what);

/* Runs statements that return no rows. */
__must_check int store_sql_exec(struct store *store, const char *sql, const char *what,
				struct err *err);

/* The first column of the first row of a statement without parameters. */
__must_check int store_sql_int(struct store *store, const char *sql, int64_t *value,
			       struct err *err);

/* One statement from prepare to finalize. A failing step is remembered, later ones do nothing, so
 * that callers check once, at the end. */
struct store_sql {
	struct store *store;
	sqlite3_stmt *stmt; /* NULL: prepare failed */
	const char *what;   /* "write the change": for the sentence */
	struct err *err;
	int ret; /* 0 or the first -errno */
};

void store_sql_open(struct store_sql *sql, struct store *store, const char *text, const char *what,
		    struct err *err);
void store_sql_bind_int(struct store_sql *sql, int column, int64_t value);
/* Borrowed until store_sql_close(). */
void store_sql_bind_text(struct store_sql *sql, int column, const char *text);
void store_sql_bind_blob(struct store_sql *sql, int column, const void *bytes, size_t len);
void store_sql_bind_addr(struct store_sql *sql, int column, const struct addr *addr);
bool store_sql_row(struct store_sql *sql);		       /* true: there is a row to read */
const char *store_sql_text(struct store_sql *sql, int column); /* "" for NULL; until the next row */
/* A text that is not an address is damage: false, and sql->ret set. */
bool store_sql_addr(struct store_sql *sql, int column, struct addr *addr);
__must_check int store_sql_close(struct store_sql *sql); /* sql->ret */

/* Runs a statement that changes rows to its end and closes it. */
__must_check int store_sql_finish(struct store_sql *sql);

/* ---- schema.c ---- */

/* Refuses damage, other programs' databases and newer schemas; writes nothing. version: the file's,
 * 0 for a new one. */
__must_check int store_schema_check(struct store *store, int64_t *version, struct err *err);
/* Creates the tables, or brings those of an older version up to date. */
__must_check int store_schema_update(struct store *store, int64_t version, struct err *err);

#endif
