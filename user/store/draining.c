/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Draining targets: they left the desired state, their flows did not. A restarted leatd finds them
 * here.
 */
#include <errno.h>

#include "store_private.h"

static int check(const struct store_draining *draining, struct err *err)
{
	if (!draining->target_group || !draining->target_group[0] ||
	    !addr_is_set(&draining->address))
		return err_set(err, -EINVAL,
			       "a draining target needs a target group and an address");
	return 0;
}

static void bind_key(struct store_sql *sql, const struct store_draining *draining)
{
	store_sql_bind_text(sql, 1, draining->target_group);
	store_sql_bind_addr(sql, 2, &draining->address);
	store_sql_bind_int(sql, 3, draining->port);
}

int store_draining_put(struct store *store, const struct store_draining *draining, struct err *err)
{
	struct store_sql sql;
	int ret = check(draining, err);

	if (ret)
		return ret;
	store_sql_open(
		&sql, store,
		"INSERT OR REPLACE INTO draining (target_group, address, port, until_wall_ms)"
		" VALUES (?1, ?2, ?3, ?4)",
		"write a draining target", err);
	bind_key(&sql, draining);
	store_sql_bind_int(&sql, 4, draining->until_wall_ms);
	return store_sql_finish(&sql);
}

int store_draining_remove(struct store *store, const struct store_draining *draining,
			  struct err *err)
{
	struct store_sql sql;
	int ret = check(draining, err);

	if (ret)
		return ret;
	store_sql_open(
		&sql, store,
		"DELETE FROM draining WHERE target_group = ?1 AND address = ?2 AND port = ?3",
		"remove a draining target", err);
	bind_key(&sql, draining);
	return store_sql_finish(&sql);
}

int store_draining_list(struct store *store,
			int (*on_draining)(const struct store_draining *draining, void *arg),
			void *arg, struct err *err)
{
	struct store_draining draining;
	struct store_sql sql;

	store_sql_open(
		&sql, store,
		"SELECT target_group, address, port, until_wall_ms FROM draining ORDER BY 1, 2, 3",
		"read the draining targets", err);
	while (store_sql_row(&sql)) {
		draining = (struct store_draining){
			.target_group = store_sql_text(&sql, 0),
			.port = (uint16_t)sqlite3_column_int(sql.stmt, 2),
			.until_wall_ms = sqlite3_column_int64(sql.stmt, 3),
		};
		if (store_sql_addr(&sql, 1, &draining.address))
			sql.ret = on_draining(&draining, arg);
	}
	return store_sql_close(&sql);
}
