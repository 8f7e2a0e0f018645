/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Settings: small values by key. What they mean is known to those who set them.
 */
#include <errno.h>
#include <string.h>

#include "store_private.h"

int store_set_blob(struct store *store, const char *key, const void *bytes, size_t len,
		   struct err *err)
{
	struct store_sql sql;

	if (key[0] == '\0' || strlen(key) > STORE_KEY_MAX)
		return err_set(err, -EINVAL, "setting '%s': the key must have 1 to %d bytes", key,
			       STORE_KEY_MAX);
	store_sql_open(&sql, store, "INSERT OR REPLACE INTO settings (key, value) VALUES (?1, ?2)",
		       "write a setting", err);
	store_sql_bind_text(&sql, 1, key);
	store_sql_bind_blob(&sql, 2, bytes, len);
	return store_sql_finish(&sql);
}

static int copy_out(struct store_sql *sql, const char *key, void *bytes, size_t max, size_t *len)
{
	const void *value = sqlite3_column_blob(sql->stmt, 0);

	*len = (size_t)sqlite3_column_bytes(sql->stmt, 0);
	if (*len > max)
		return err_set(sql->err, -EMSGSIZE,
			       "setting '%s' has %zu bytes, expected at most %zu", key, *len, max);
	if (*len)
		memcpy(bytes, value, *len);
	return 0;
}

int store_get_blob(struct store *store, const char *key, void *bytes, size_t max, size_t *len,
		   struct err *err)
{
	struct store_sql sql;

	store_sql_open(&sql, store, "SELECT value FROM settings WHERE key = ?1", "read a setting",
		       err);
	store_sql_bind_text(&sql, 1, key);
	if (store_sql_row(&sql))
		sql.ret = copy_out(&sql, key, bytes, max, len);
	else if (sql.ret == 0)
		sql.ret = err_set(err, -ENOENT, "setting '%s' was never set", key);
	return store_sql_close(&sql);
}
