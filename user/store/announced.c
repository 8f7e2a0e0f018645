/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Announced addresses: what leatd itself put on interfaces. Only these may it ever take away again;
 * an address that an operator configured is not in here.
 */
#include <errno.h>

#include "store_private.h"

/* Put and remove differ in one statement only. */
static int change_row(struct store *store, const struct store_announced *announced,
		      const char *text, const char *what, struct err *err)
{
	struct store_sql sql;

	if (!announced->interface || !announced->interface[0] || !addr_is_set(&announced->address))
		return err_set(err, -EINVAL,
			       "an announced address needs an interface and an address");
	store_sql_open(&sql, store, text, what, err);
	store_sql_bind_text(&sql, 1, announced->interface);
	store_sql_bind_addr(&sql, 2, &announced->address);
	return store_sql_finish(&sql);
}

int store_announced_put(struct store *store, const struct store_announced *announced,
			struct err *err)
{
	return change_row(store, announced,
			  "INSERT OR REPLACE INTO announced (interface, address) VALUES (?1, ?2)",
			  "write an announced address", err);
}

int store_announced_remove(struct store *store, const struct store_announced *announced,
			   struct err *err)
{
	return change_row(store, announced,
			  "DELETE FROM announced WHERE interface = ?1 AND address = ?2",
			  "remove an announced address", err);
}

int store_announced_list(struct store *store,
			 int (*on_announced)(const struct store_announced *announced, void *arg),
			 void *arg, struct err *err)
{
	struct store_announced announced;
	struct store_sql sql;

	store_sql_open(&sql, store, "SELECT interface, address FROM announced ORDER BY 1, 2",
		       "read the announced addresses", err);
	while (store_sql_row(&sql)) {
		announced = (struct store_announced){.interface = store_sql_text(&sql, 0)};
		if (store_sql_addr(&sql, 1, &announced.address))
			sql.ret = on_announced(&announced, arg);
	}
	return store_sql_close(&sql);
}
