/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the desired state lives: numbered changes, each with a full snapshot of the state, and the
 * few facts a controller must remember across a restart. One SQLite file, DIR/leat.db.
 *
 * The store gives no meaning to what it keeps: a snapshot is text that others write and read. Every
 * function that returns 0 has made its change durable (fsync) before it returns; inside
 * store_begin() … store_finish() that holds for store_finish(). A function that fails has changed
 * nothing, neither on disk nor in memory, and says why in one sentence.
 *
 * Errors that every function may return, besides those it names: -ENOSPC (disk full), -EROFS (file
 * or file system is read-only), -EIO, -EUCLEAN (the file is damaged), -EBUSY (another program holds
 * the file locked), -ENOMEM.
 *
 * Callbacks get borrowed strings that live until they return, and must not call the store. A
 * callback that returns other than 0 ends the listing, and the listing returns that value.
 */
#ifndef LEAT_STORE_H
#define LEAT_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/arena.h"
#include "base/err.h"

#define STORE_FILE_NAME	  "leat.db"
#define STORE_CHANGES_MAX 1000 /* older changes are pruned with every commit */
#define STORE_KEY_MAX	  64   /* bytes of a setting's key, terminating zero not counted */

struct store;

/*
 * Opens (and creates, mode 0600; missing directories 0700) dir/leat.db and brings its schema up to
 * date. One process at a time has a state directory open.
 *
 * -EBUSY: another leatd uses dir. -EUCLEAN: the file is damaged. -EPROTO: the file was written by a
 * newer leatd. -EINVAL: the file is an SQLite database, but not Leat's. In each case err names the
 * file and what to do.
 */
__must_check int store_open(const char *dir, struct store **store, struct err *err);
void store_close(struct store *store); /* NULL is fine; an open batch is undone */

/* The file, for messages: "/var/lib/leat/leat.db". Lives as long as the store. */
const char *store_path(const struct store *store);

/* ---- batches: several changes that become durable together, with one fsync ---- */

__must_check int store_begin(struct store *store, struct err *err); /* -EALREADY inside a batch */
/* Makes the batch durable, all of it or nothing: after an error the batch is undone. -ENOENT
 * outside a batch. */
__must_check int store_finish(struct store *store, struct err *err);
void store_abort(struct store *store); /* undoes the batch; harmless outside one */

/* ---- changes of the desired state ---- */

struct store_change {
	uint64_t number;       /* from 1, never used twice; ignored by store_commit() */
	int64_t wall_ms;       /* milliseconds since 1970 */
	const char *user;      /* who: "root (uid 0)" */
	const char *operation; /* "ApplyConfig" */
	const char *summary;   /* one line for leatctl history */
	const char *text;      /* the whole desired state after the change; NULL in listings */
};

/* Appends a change, all strings set, gives it the next number (number may be NULL), prunes all but
 * the newest STORE_CHANGES_MAX. -EINVAL: a string is missing. */
__must_check int store_commit(struct store *store, const struct store_change *change,
			      uint64_t *number, struct err *err);

/* The newest change, with its text; strings live in arena. -ENOENT, with err: there is none yet. */
__must_check int store_latest(struct store *store, struct arena *arena, struct store_change *change,
			      struct err *err);

/* The text of change number; the caller frees *text. -ENOENT: never existed or pruned; err says
 * which. */
__must_check int store_change_text(struct store *store, uint64_t number, char **text,
				   struct err *err);

/* Calls on_change for the newest `limit` changes (0: all), newest first, text NULL. */
__must_check int store_history(struct store *store, unsigned limit,
			       int (*on_change)(const struct store_change *change, void *arg),
			       void *arg, struct err *err);

/* ---- settings: small values by key, such as the flow hash's key ---- */

/* Writes or replaces. -EINVAL: empty key or longer than STORE_KEY_MAX. */
__must_check int store_set_blob(struct store *store, const char *key, const void *bytes, size_t len,
				struct err *err);

/* Copies the value into bytes[max] and its length into *len. -ENOENT: no such key; -EMSGSIZE:
 * longer than max, *len tells how long. Both leave bytes alone; both fill err. */
__must_check int store_get_blob(struct store *store, const char *key, void *bytes, size_t max,
				size_t *len, struct err *err);

/* ---- targets that were deregistered and still have their old flows ---- */

struct store_draining {
	const char *target_group;
	struct addr address;
	uint16_t port;	       /* host order */
	int64_t until_wall_ms; /* when draining ends, milliseconds since 1970 */
};

/* Writes or replaces the row of (target_group, address, port). -EINVAL: no name or no address. */
__must_check int store_draining_put(struct store *store, const struct store_draining *draining,
				    struct err *err);
/* That there is no such row is fine. until_wall_ms is ignored. */
__must_check int store_draining_remove(struct store *store, const struct store_draining *draining,
				       struct err *err);
/* By target group, address, port. */
__must_check int store_draining_list(struct store *store,
				     int (*on_draining)(const struct store_draining *draining,
							void *arg),
				     void *arg, struct err *err);

/* ---- addresses that leatd put on an interface, and must take away again when they are no longer
 * wanted ---- */

struct store_announced {
	const char *interface;
	struct addr address;
};

/* Written before the address is put on the interface, so that no crash leaves an address nobody
 * knows of. Twice is fine. -EINVAL: no interface or no address. */
__must_check int store_announced_put(struct store *store, const struct store_announced *announced,
				     struct err *err);
/* That there is no such row is fine. */
__must_check int store_announced_remove(struct store *store,
					const struct store_announced *announced, struct err *err);
/* By interface, then address. */
__must_check int store_announced_list(struct store *store,
				      int (*on_announced)(const struct store_announced *announced,
							  void *arg),
				      void *arg, struct err *err);

#endif
